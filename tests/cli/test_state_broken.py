"""A state that cannot be used is told in one sentence by every command that needs it, and is left as it is."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.cli.project import Project, command, environment, marketing_account, own_account

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.support.mailserver import MailServer

READING: tuple[tuple[str, ...], ...] = (
    ("plan",),
    ("accounts", "list"),
    ("accounts", "show", "sales"),
    ("history",),
    ("journal", "check"),
    ("journal", "head"),
    ("verify",),
    ("resolve", "sales", "--contacts", "contacts.csv"),
)
WRITING: tuple[tuple[str, ...], ...] = (
    ("apply", "--auto-approve"),
    ("verify", "--recorded"),
    ("approve", "news"),
    ("suspend", "sales", "--reason", "why"),
    ("state", "rekey"),
    ("state", "revoke", "env:*"),
    ("send", "sales", "--contacts", "contacts.csv", "--subject", "June", "--body", "Hello."),
)


@pytest.fixture
def lived(project: Project, server: MailServer) -> Project:
    """Return a project with accounts of both kinds applied, another change to apply, and a contact."""
    project.write_account("sales", own_account("sales", server))
    project.write_account("news", marketing_account("news"))
    project.run_well("apply", "--auto-approve")
    project.write_account("news", marketing_account("news", metadata="title: News"))
    (project.folder / "contacts.csv").write_text("email\none@example.net\n", encoding="utf-8")
    return project


def garble(file: Path) -> None:
    """Write over the file's first pages."""
    file.write_bytes(b"noise " * 2000)


def cut(file: Path) -> None:
    """Keep the first half of the file."""
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def empty(file: Path) -> None:
    """Keep nothing of the file."""
    file.write_bytes(b"")


@pytest.mark.parametrize("break_it", [garble, cut, empty], ids=lambda each: each.__name__)
@pytest.mark.parametrize("words", READING + WRITING, ids=" ".join)
def test_a_broken_state_is_told(lived: Project, words: tuple[str, ...], break_it: Callable[[Path], None]) -> None:
    """Whatever is asked for, the answer is exit code 1 and what is wrong with which file, and the file is not repaired."""
    break_it(lived.state_file)
    before = lived.state_file.read_bytes()
    text = lived.run(*words)
    assert (1, False) == (text.code, "Traceback" in text.out + text.err)
    assert "state.db" in text.out + text.err
    assert "stateUnavailable" in text.err
    assert before == lived.state_file.read_bytes()


def test_a_place_that_cannot_be_looked_into_is_told(lived: Project) -> None:
    """Where not even the files' names can be asked for, as in a folder of somebody else's, every command says which place.

    A name that is too long stands for it: root may look into every folder, and there is no system that takes such a name.
    """
    backup = lived.folder / "backup.db"
    lived.run_well("state", "backup", str(backup))
    state = f"sqlite:///{'x' * 300}/.reconciler/state.db"
    for words in (*READING, *WRITING, ("doctor",), ("status",), ("state", "init"), ("state", "restore", str(backup))):
        told = lived.run("--state", state, *words)
        assert (1, False) == (told.code, "internalError" in told.out + told.err), (words, told)
        assert "x" * 40 in told.out + told.err or words == ("doctor",), (words, told)


@pytest.mark.parametrize("words", WRITING, ids=" ".join)
def test_a_read_only_state_is_told(lived: Project, words: tuple[str, ...]) -> None:
    """What would write says that the file may only be read here; what reads goes on."""
    lived.state_file.chmod(0o400)
    drop = ["setpriv", "--inh-caps=-all", "--bounding-set=-all"] if os.geteuid() == 0 else []
    for asked, code in ((words, 1), (("accounts", "list"), 0)):
        finished = subprocess.run(
            [*drop, *command(*asked)],
            cwd=lived.folder,
            env=environment(),
            capture_output=True,
            encoding="utf-8",
            stdin=subprocess.DEVNULL,
            check=False,
        )
        assert code == finished.returncode, (asked, finished)
    assert {"sales": "active", "news": "pending"} == lived.statuses()


NO_ACCOUNTS = (
    "json_remove(document, '$.spec.email')",
    "json_remove(document, '$.spec.displayName')",
    "json_set(document, '$.spec.email', 7)",
    "json_set(document, '$.spec.smtp', 'smtp.example.com')",
    "json_set(document, '$.spec.replyTo', 'sales')",
    "json_set(document, '$.metadata.labels', json('[1]'))",
    "json_set(document, '$.metadata.labels', null)",
    "json_set(document, '$.metadata.title', 7)",
    "json_set(document, '$.metadata.title', null)",
)
"""Alterations of an account's document that leave JSON, and no account."""
NO_ROUTES = (
    "json_set(document, '$.spec.smtp.authentication', 'sales')",
    "json_set(document, '$.spec.smtp.host', 7)",
    "json_set(document, '$.spec.proxy', json('{\"password\": \"env:SMTP_SALES\"}'))",
)
"""Alterations that leave an account, and nothing that could tell where its secrets travel."""


def alter(project: Project, alteration: str) -> None:
    """Alter the document of an account behind the program's back."""
    project.execute_sql(f"UPDATE accounts SET document={alteration} WHERE name='sales'")  # noqa: S608 - of this file


def require_told(project: Project, *words: str) -> None:
    """Run a command, and require that it names the account and the command that shows what was altered."""
    text = project.run(*words)
    told = text.out + text.err
    assert (1, True) == (text.code, "stateUnavailable" in told), (words, text)
    assert "of sales in the state's database" in told
    assert "    reconciler journal check" in told


@pytest.mark.parametrize("alteration", NO_ACCOUNTS)
def test_an_altered_account_is_told(lived: Project, alteration: str) -> None:
    """A recorded account that is none any more is told by whatever shows it, with the command that finds such changes."""
    alter(lived, alteration)
    for words in (("list", "--search", "sales"), ("list", "--format", "json"), ("show", "sales")):
        require_told(lived, "accounts", *words)
    require_told(lived, "report", "--out", "report")
    assert not (lived.folder / "report").exists()


@pytest.mark.parametrize("alteration", NO_ROUTES)
def test_altered_routes_are_told(lived: Project, alteration: str) -> None:
    """A recorded account whose secrets travel nowhere that can be told is told where its routes are shown."""
    alter(lived, alteration)
    require_told(lived, "report", "--out", "report")
    assert not (lived.folder / "report").exists()


def test_texts_that_are_none_are_told(lived: Project) -> None:
    """What an account was written as is text by field, and told where it is anything else."""
    lived.execute_sql("UPDATE accounts SET written='{\"spec.email\": 7}' WHERE name='sales'")
    require_told(lived, "accounts", "list", "--search", "sales")


_FULL = (
    "import resource, sys; sys.dont_write_bytecode = True;"  # what is cut off there would be read by the next process
    "resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), resource.RLIM_INFINITY));"
    "from reconciler.cli.edge import run; sys.exit(run(sys.argv[2:]))"
)


def test_a_full_disk_is_told(lived: Project) -> None:
    """An apply that no longer fits is undone whole, and says that nothing was changed."""
    for number in range(60):
        lived.write_account(f"n{number}", marketing_account(f"n{number}"))
    size = lived.state_file.stat().st_size
    finished = subprocess.run(
        [sys.executable, "-c", _FULL, str(size), "apply", "--auto-approve"],
        cwd=lived.folder,
        env=environment(),
        capture_output=True,
        encoding="utf-8",
        stdin=subprocess.DEVNULL,
        check=False,
    )
    assert (1, True) == (finished.returncode, "Nothing was changed." in finished.stderr), finished
    assert {"sales": "active", "news": "pending"} == lived.statuses()
    lived.run_well("journal", "check")
    lived.run_well("apply", "--auto-approve")
