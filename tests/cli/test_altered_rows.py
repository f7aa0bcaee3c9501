"""Rows that something else wrote: who only looks goes on with all others, and each command that is advised leads on."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

import pytest

from tests.cli.project import PASSWORD, VARIABLE, Project, own_account

if TYPE_CHECKING:
    from tests.support.mailserver import MailServer

NAMES = ("one", "three", "two")
UNREADABLE = {
    "a kind that there is not": "kind = 'Other'",
    "a document that is no JSON": "document = '[nonsense'",
    "settings of no account": 'document = \'{"metadata":{"name":"one"},"spec":{}}\'',
    "a stop that is no JSON": "suspension = '[nonsense'",
    "evidence that is no JSON": "evidence = '[nonsense'",
    "a number where text stands": "document = 7",
}
WRITES = {
    "suspend": ("suspend", "one", "--reason", "Leaked."),
    "verify": ("verify", "--recorded", "one", "--depth", "auth"),
    "plan": ("plan", "--depth", "offline"),
    "apply": ("apply", "--auto-approve"),
    "export": ("export",),
    "send": ("send", "one", "--message", "june.eml", "--contacts", "contacts.csv"),
    "publish": ("publish",),
}
_COMMAND = re.compile(r"^\s+(reconciler .*)$", re.MULTILINE)


@pytest.fixture
def three(project: Project, server: MailServer) -> Project:
    """Return a project with three accounts that were applied, and a consumer of them."""
    project.set_variable(VARIABLE, PASSWORD)
    project.write_project("consumers: {app: {type: files, format: json, path: out, accounts: ['*'], secrets: none}}\n")
    for name in NAMES:
        project.write_account(name, own_account(name, server))
    project.run_well("apply", "--auto-approve")
    (project.folder / "june.eml").write_text("Subject: June\n\nHello.\n", encoding="utf-8")
    (project.folder / "contacts.csv").write_text("email\nkim@example.com\n", encoding="utf-8")
    return project


def _alter(project: Project, change: str) -> None:
    project.execute_sql(f"UPDATE accounts SET {change} WHERE name = 'one'")  # noqa: S608 - of this file


@pytest.mark.parametrize("change", UNREADABLE)
def test_status_goes_on_with_all_others(three: Project, change: str) -> None:
    """One row that cannot be read is told, with 1 as for every alteration, and hides nothing of the other accounts."""
    three.run_well("suspend", "two", "--reason", "Leaked.")
    _alter(three, UNREADABLE[change])
    told = three.run("status")
    assert (1, "") == (told.code, told.err)
    words = " ".join(told.out.split())
    assert "3 accounts (1 suspended, 1 active)" in words
    assert "1 that cannot be read" in words
    assert "of one in the state's database cannot be read" in words
    assert "    reconciler journal check" in told.out.splitlines()
    read = three.run("status", "--format", "json")
    assert (1, ["stateUnavailable"], 3) == (read.code, read.codes, read.document["accounts"])
    assert ["two"] == [each["account"] for each in read.document["concerns"]]
    assert "cannot be read" in three.run("status", "--format", "markdown").out


@pytest.mark.parametrize("change", UNREADABLE)
@pytest.mark.parametrize("words", [("accounts", "list"), ("accounts", "show", "*")], ids=" ".join)
def test_who_looks_at_many_sees_all_others(three: Project, change: str, words: tuple[str, ...]) -> None:
    """A list and a screen have the accounts that can be read, and end with 1 and what is wrong with the other."""
    _alter(three, UNREADABLE[change])
    told = three.run(*words)
    assert 1 == told.code
    assert "of one in the state's database cannot be read" in " ".join(told.err.split())
    assert all(name in told.out for name in ("two", "three"))


@pytest.mark.parametrize("change", UNREADABLE)
@pytest.mark.parametrize(
    "words",
    [
        ("accounts", "show", "two"),
        ("history",),
        ("history", "one"),
        ("history", "two"),
        ("export", "two"),
        ("resolve", "two", "--contacts", "contacts.csv"),
    ],
    ids=" ".join,
)
def test_who_asks_for_another_is_not_concerned(three: Project, change: str, words: tuple[str, ...]) -> None:
    """What needs nothing of the row is told as ever."""
    _alter(three, UNREADABLE[change])
    three.run_well(*words)


def test_the_documents_of_programs_have_the_others_and_the_problem(three: Project) -> None:
    """One document on stdout, with what could be read and an error for what could not."""
    _alter(three, UNREADABLE["a kind that there is not"])
    for words in (("accounts", "list"), ("accounts", "show", "*"), ("accounts", "show", "one", "two")):
        told = three.run(*words, "--format", "json")
        assert (1, ["stateUnavailable"]) == (told.code, told.codes)
        assert "two" in [each["name"] for each in told.document["accounts"]]


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize("change", UNREADABLE)
def test_nobody_is_told_to_accept_what_cannot_be_read(three: Project, change: str, write: str) -> None:
    """The first refusal already has the backup alone as the way on: no command takes such a row as it is."""
    copy = three.folder.parent / "before.db"
    three.run_well("state", "backup", str(copy))
    _alter(three, UNREADABLE[change])
    if write in {"plan", "apply"}:
        path = three.folder / "accounts.d" / "one.yaml"
        path.write_text(path.read_text(encoding="utf-8").replace("Example Sales", "Sales"), encoding="utf-8")
    refused = three.run(*WRITES[write])
    assert refused.code in {1, 4}
    told = refused.out + refused.err
    assert "--accept-altered" not in told
    ways = set(_COMMAND.findall(told))
    assert {"reconciler journal check"} <= ways
    if "reconciler state restore FILE" in ways:
        three.run_well("state", "restore", str(copy))
        assert three.run(*WRITES[write]).code in {0, 1}, "the backup leads on"
        assert 0 == three.run("journal", "check").code


@pytest.mark.parametrize("write", ["plan", "export", "send", "publish"])
def test_the_command_that_takes_an_altered_account_leads_on(three: Project, write: str) -> None:
    """Who has no option to accept an account is told the whole command that has it, and can go on after that."""
    if write == "plan":
        path = three.folder / "accounts.d" / "one.yaml"
        path.write_text(path.read_text(encoding="utf-8").replace("Example Sales", "Sales"), encoding="utf-8")
    _alter(three, "updated_at = '2026-01-01T00:00:00+00:00'")
    refused = three.run(*WRITES[write])
    assert 4 == refused.code, refused
    told = refused.out + refused.err
    ways = [way for way in _COMMAND.findall(told) if "--accept-altered" in way]
    assert ways, told
    assert "    --accept-altered" not in told.splitlines()
    words = shlex.split(ways[0].replace("=REASON", "=mended"))[1:]
    three.run_well(*words, *(["--auto-approve"] if words[0] == "apply" else []))
    assert three.run(*WRITES[write]).code in {0, 1}
    assert 0 == three.run("journal", "check").code
