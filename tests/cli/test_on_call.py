"""Nine nights with 150 accounts over four servers: each ends right with two commands at most, found from what was printed.

What somebody has at the beginning is the alarm, and ``reconciler status``. From there a command is typed only where the
output before it shows that command, or the selector in it.
"""

from __future__ import annotations

import re
import shlex
import shutil
from typing import TYPE_CHECKING

import pytest

from tests.cli.project import Project
from tests.support.fleet import COUNTS, SHARED_USER, Fleet, names_of, variable_of
from tests.support.repositories import git

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_COMMAND = re.compile(r"^\s+(reconciler .+?)\s*$", re.MULTILINE)
NEW_PASSWORD = "correct-horse-of-tonight"


@pytest.fixture(scope="module")
def fleet() -> Iterator[Fleet]:
    """Run the servers."""
    with Fleet() as running:
        yield running


@pytest.fixture(scope="module")
def applied(fleet: Fleet, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the fleet's project, applied and accepted, as every night begins."""
    folder = tmp_path_factory.mktemp("fleet") / "mail"
    folder.mkdir()
    fleet.write(folder)
    return folder


class Night:
    """A copy of the applied project, and what was printed last."""

    def __init__(self, project: Project, fleet: Fleet) -> None:
        """Begin with nothing printed."""
        self.project = project
        self.fleet = fleet
        self.backup = project.folder.parent / "mail.db"
        self.printed = ""
        self.typed = 0

    def alarm(self, *words: str, code: int) -> None:
        """Carry out what CI or a colleague did, and have what it printed; it is no command of who is on call."""
        self.keep(*words, code=code)

    def look(self, code: int = 0) -> str:
        """Look at ``status``, where everybody begins."""
        self.keep("status", code=code)
        return self.printed

    def keep(self, *words: str, code: int) -> None:
        """Run a command that must end with this code, and keep what it printed."""
        outcome = self.project.run(*words)
        assert code == outcome.code, (words, outcome.out, outcome.err)
        self.printed = outcome.out + outcome.err

    def follow(self, beginning: str, *more: str, code: int = 0) -> None:
        """Type the command that was printed and begins so, with what only a person can add."""
        shown = [" ".join(line.split()) for line in _COMMAND.findall(self.printed)]
        found = [line for line in shown if line.startswith(f"reconciler {beginning}")]
        assert found, (beginning, self.printed)
        self.typed += 1
        assert self.typed <= 2, "more than two commands"
        words = [word for word in shlex.split(found[0])[1:] if not (more and word == "FILE")]
        self.keep(*words, *more, code=code)

    def statuses(self, *names: str) -> set[str]:
        """Return the statuses of some accounts."""
        every = self.project.statuses()
        return {every[name] for name in names}


@pytest.fixture
def night(
    applied: Path, fleet: Fleet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Night]:
    """Return the night's beginning; the first that asks applies the fleet for all."""
    for name, value in fleet.variables.items():
        monkeypatch.setenv(name, value)
    project = Project(tmp_path / "mail", monkeypatch, capsys)
    if not (applied / ".reconciler").exists():
        shutil.copytree(applied, project.folder, dirs_exist_ok=True)
        project.init()
        project.run_well("apply", "--auto-approve")
        project.run_well("approve", "--all-pending")
        shutil.copytree(project.folder, applied, dirs_exist_ok=True)
    else:
        shutil.copytree(applied, project.folder, dirs_exist_ok=True)
    made = Night(project, fleet)
    project.run_well("state", "backup", str(made.backup))
    yield made
    fleet.restore()
    for server in fleet.servers.values():
        server.users.update({SHARED_USER: "correct-horse-campaigns"})


def test_the_provider_is_down(night: Night) -> None:
    """The 24 accounts of one server did not answer: seen in status, tried again as one when it is back."""
    night.fleet.servers["alerts"].stop()
    night.alarm("verify", "--recorded", code=3)
    assert "24 failing for now" in night.look()
    night.fleet.servers["alerts"].start()
    night.follow("verify --recorded server:alerts")
    assert "Verified 24 accounts (depth auth): 24 passed." in night.printed
    assert "for now" not in night.look()


def test_the_provider_stays_down(night: Night) -> None:
    """All of its accounts are stopped by the selector that status shows, and no others; resuming names them too."""
    night.fleet.servers["alerts"].stop()
    night.alarm("verify", "--recorded", code=3)
    selector = re.findall(r"server:\S+", night.look())[0]
    night.typed += 1
    night.keep("suspend", selector, "--reason", "The provider is down.", code=0)
    assert {"suspended"} == night.statuses(*names_of("alerts"))
    assert 24 == list(night.project.statuses().values()).count("suspended")
    night.look()
    night.follow(f"resume {selector}")
    assert {"active"} == night.statuses(*names_of("alerts"))


def test_a_password_was_changed(night: Night) -> None:
    """Thirty accounts share it: status says which, the account says where it comes from, and one command takes the new one."""
    night.fleet.servers["campaigns"].users[SHARED_USER] = NEW_PASSWORD
    night.alarm("verify", "--recorded", code=3)
    assert "30 failing" in night.look(code=3)
    verify = next(line for line in _COMMAND.findall(night.printed) if "verify --recorded" in line)
    night.follow("accounts show campaigns-00")
    variable = variable_of("campaigns")
    assert f"env:{variable}" in night.printed
    night.project.set_variable(variable, NEW_PASSWORD)
    night.printed += f"\n    {verify}\n"
    night.follow("verify --recorded")
    assert {"active"} == night.statuses(*names_of("campaigns"))
    assert "0 failing" not in night.look()


def test_a_credential_leaked(night: Night) -> None:
    """What is known is the variable; all that use it are stopped by it, and the way back is printed."""
    variable = variable_of("campaigns")
    night.typed += 1
    night.keep("suspend", f"secret:env:{variable}", "--reason", "It leaked.", code=0)
    assert {"suspended"} == night.statuses(*names_of("campaigns"))
    assert 30 == list(night.project.statuses().values()).count("suspended")
    night.fleet.servers["campaigns"].users[SHARED_USER] = NEW_PASSWORD
    night.project.set_variable(variable, NEW_PASSWORD)
    night.look()
    night.follow("resume")
    assert {"active"} == night.statuses(*names_of("campaigns"))
    night.keep("verify", "--recorded", "server:campaigns", code=0)
    assert "rotat" in night.printed.lower()


def test_the_state_is_lost(night: Night) -> None:
    """The message has the command that brings a backup back; then manifests and state agree."""
    night.project.state_file.unlink()
    night.alarm("status", code=1)
    night.follow("state restore", str(night.backup))
    night.keep("plan", "--depth", "offline", "--detailed-exitcode", code=0)


def test_the_state_was_altered(night: Night) -> None:
    """Status refuses to be well, the journal says which account, and a backup brings back what was."""
    night.project.execute_sql("UPDATE accounts SET manifest = 'elsewhere.yaml' WHERE name = 'office-07'")
    assert "office-07" in night.look(code=1)
    night.follow("journal check", code=1)
    night.follow("state restore", str(night.backup), "--allow-older")
    night.look()
    night.keep("plan", "--depth", "offline", "--detailed-exitcode", code=0)


def rewrite(project: Project, old: str, new: str, file: str = "office.yaml") -> None:
    """Change the manifests of a server."""
    path = project.folder / "accounts.d" / file
    path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")


def test_the_plan_is_stale(night: Night) -> None:
    """Apply says what was changed since, and how to plan again."""
    rewrite(night.project, "Example office-03", "Example Office Three")
    night.project.run_well("plan", "--out", "change.plan")
    rewrite(night.project, "Example Office Three", "Example Third")
    night.project.run_well("apply", "--auto-approve")
    rewrite(night.project, "Example Third", "Example Office Three")
    night.alarm("apply", "change.plan", code=5)
    night.follow("plan --out", "fresh.plan")
    night.follow("apply fresh.plan")
    assert "Example Office Three" in night.project.run_well("accounts", "show", "office-03").out


def test_apply_was_killed(night: Night) -> None:
    """Nothing is half done: status names the revision, and the plan has all that is left."""
    rewrite(night.project, "Example office-0", "Example Office ")
    assert "at revision 1:" in night.look()
    night.typed += 1
    night.keep("plan", "--out", "left.plan", "--detailed-exitcode", code=2)
    assert "10 update" in night.printed
    night.follow("apply left.plan")
    assert "at revision 2:" in night.look()


def test_back_to_tuesday(night: Night) -> None:
    """History has the revision, restore writes its manifests, and the plan undoes what came after for all accounts."""
    folder = night.project.folder
    git(folder, "init", "--quiet")
    rewrite(night.project, "Example partners-", "Exampel ", file="partners.yaml")
    night.project.run_well("apply", "--auto-approve")
    night.typed += 1
    night.keep("history", "restore", "1", "--to", "tuesday", code=0)
    shutil.rmtree(folder / "accounts.d")
    (folder / "tuesday").rename(folder / "accounts.d")
    night.typed += 1
    night.keep("apply", "--auto-approve", code=0)
    assert f"{COUNTS['partners']} update" in night.printed
    assert "Exampel" not in night.project.run_well("accounts", "list").out
