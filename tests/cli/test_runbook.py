"""Each page of the runbook, walked in the situation that it describes: its commands, in its order."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

import pytest

from demo.example import CHECKOUT
from tests.cli.project import USER, VARIABLE, own_account
from tests.support.repositories import git

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.cli.project import Project
    from tests.support.mailserver import MailServer

_PAGE = (CHECKOUT / "docs" / "runbook.md").read_text(encoding="utf-8")
_BLOCK = re.compile(r"```sh\n(.*?)```", re.DOTALL)


def commands_of(section: str) -> list[str]:
    """Return the lines to type of a section, by its heading."""
    body = _PAGE.partition(f"\n## {section}\n")[2].partition("\n## ")[0]
    return [line for block in _BLOCK.findall(body) for line in block.splitlines()]


class Night:
    """A project with an account that is applied and backed up, and a page that is walked line by line."""

    def __init__(self, project: Project, server: MailServer, section: str) -> None:
        """Begin at the first line of a section."""
        self.project = project
        self.server = server
        self.backup = project.folder.parent / "mail.db"
        self.commit = ""
        self._lines: Iterator[str] = iter(commands_of(section))

    def next(self, expected: int = 0) -> str:
        """Carry out the next line, which ends with this exit code, and return what it printed."""
        line = (
            next(self._lines).replace("smtp.example.com", "localhost").replace("/srv/backups/mail.db", str(self.backup))
        )
        words = shlex.split(line.replace("COMMIT", self.commit))
        if words[0] == "git":
            return git(self.project.folder, *words[1:])
        assert "reconciler" == words[0]
        outcome = self.project.run(*words[1:])
        assert expected == outcome.code, f"{line}\n{outcome.out}{outcome.err}"
        return outcome.out

    def change(self, display_name: str) -> None:
        """Change the account in its manifest."""
        self.project.write_account("sales", own_account("sales", self.server, display_name=display_name))


def provider_down(night: Night) -> None:
    """Stop a server's accounts while it is away."""
    assert "sales" in night.next()
    night.next()
    assert {"sales": "suspended"} == night.project.statuses()
    night.next()
    night.next()
    assert {"sales": "active"} == night.project.statuses()


def password_changed(night: Night) -> None:
    """Record the new value of a password that was changed at the provider."""
    night.server.users[USER] = "a-newer-password"
    assert 3 == night.project.run("verify", "--recorded").code
    assert f"env:{VARIABLE}" in night.next()
    night.project.set_variable(VARIABLE, "a-newer-password")
    night.next()
    assert {"sales": "active"} == night.project.statuses()
    assert "rotated" in night.next()


def leaked(night: Night) -> None:
    """Stop everything with one secret until it has a new value."""
    night.next()
    assert {"sales": "suspended"} == night.project.statuses()
    night.server.users[USER] = "a-newer-password"
    night.project.set_variable(VARIABLE, "a-newer-password")
    night.next()
    night.next()
    assert {"sales": "active"} == night.project.statuses()
    assert "rotated" in night.next()


def state_lost(night: Night) -> None:
    """Put a backup in the place of a database that is gone."""
    night.project.state_file.unlink()
    night.next()
    assert "The journal holds" in night.next()
    night.next()
    assert 0 == night.project.run("plan", "--detailed-exitcode").code


def journal_broken(night: Night) -> None:
    """Put a backup in the place of an altered state, and take a later alteration as it is."""
    night.change("Example Sales Team")
    night.project.run_well("apply", "--auto-approve")
    night.project.execute_sql("UPDATE accounts SET manifest = 'elsewhere.yaml'")
    assert "sales" in night.next(1)
    night.next()
    assert "The journal holds" in night.next()
    night.next()
    assert 2 == night.project.run("plan", "--detailed-exitcode").code
    night.project.execute_sql("UPDATE accounts SET manifest = 'elsewhere.yaml'")
    night.next()
    assert {"sales": "suspended"} == night.project.statuses()


def stale(night: Night) -> None:
    """Plan anew where another apply came first."""
    night.change("Example One")
    night.project.run_well("plan", "--out", "first.plan")
    night.change("Example Two")
    night.project.run_well("apply", "--auto-approve")
    night.change("Example One")
    assert 5 == night.project.run("apply", "first.plan").code
    night.next()
    night.next()
    assert "Example One" in night.project.run_well("accounts", "show", "sales", "--format", "json").out


def killed(night: Night) -> None:
    """See what was recorded; nothing of it is planned again."""
    assert "revision 1" in night.next()
    night.next()
    assert 0 == night.project.run("plan", "--detailed-exitcode").code


def roll_back(night: Night) -> None:
    """Plan and apply the manifests of an earlier commit."""
    git(night.project.folder, "init", "--quiet")
    git(night.project.folder, "add", "accounts.d")
    git(night.project.folder, "commit", "--quiet", "--message", "Tuesday")
    night.commit = git(night.project.folder, "rev-parse", "HEAD")
    night.change("Example Sales Team")
    night.project.run_well("apply", "--auto-approve")
    for _ in range(3):
        night.next()
    night.next()
    assert "Example Sales Team" not in night.project.run_well("accounts", "show", "sales").out


NIGHTS: dict[str, Callable[[Night], None]] = {
    "The provider is down": provider_down,
    "The password has changed": password_changed,
    "A credential has leaked": leaked,
    "The state is lost": state_lost,
    "The journal does not hold": journal_broken,
    "The plan is stale": stale,
    "Apply was killed": killed,
    "Roll back to Tuesday": roll_back,
}


def test_every_section_is_walked() -> None:
    """No section of the runbook is without its test."""
    assert list(NIGHTS) == re.findall(r"^## (.+)$", _PAGE, re.MULTILINE)


@pytest.mark.parametrize("section", NIGHTS)
def test_the_page_is_right(section: str, project: Project, server: MailServer) -> None:
    """Each line of the section does in its situation what the section says, and none is left over."""
    project.write_account("sales", own_account("sales", server))
    project.run_well("apply", "--auto-approve")
    night = Night(project, server, section)
    project.run_well("state", "backup", str(night.backup))
    NIGHTS[section](night)
    with pytest.raises(StopIteration):
        night.next()


def test_the_first_command_says_how_it_stands(project: Project, server: MailServer) -> None:
    """The page begins with the command that works before anything is known."""
    project.write_account("sales", own_account("sales", server))
    project.run_well("apply", "--auto-approve")
    assert ["reconciler status"] == _BLOCK.findall(_PAGE)[0].splitlines()
    assert "1 active" in project.run_well("status").out
