"""The first hour of a new user: from an empty folder to an applied account, with only what the program prints.

Each command is taken from the lines that the program indented for copying in what it said before; the user adds what
only a user knows: the name and address of the account, the mail server, the password. A real terminal, a real server.
"""

from __future__ import annotations

import re
import shlex
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.cli.commandtree import parse
from tests.cli.project import PASSWORD, USER, command, environment
from tests.support.terminal import Shown, run_on_terminal

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.mailserver import MailServer

_TO_COPY = re.compile(r"^ {4,8}(\S.*)$", re.MULTILINE)
_FROM_OUTSIDE = ("RECONCILER_", "SMTP_", "CI", "GITHUB_", "GITLAB_", "NO_COLOR", "FORCE_COLOR", "CLICOLOR", "COLUMNS")


class NewUser:
    """Somebody at a terminal who types what the program showed last, and nothing else."""

    def __init__(self, folder: Path, columns: int) -> None:
        """Begin in a folder, in a shell without variables of ours."""
        self.folder = folder
        self.columns = columns
        kept = {name: value for name, value in environment().items() if not name.startswith(_FROM_OUTSIDE)}
        self.variables = kept | {"TERM": "xterm", "LANG": "C.UTF-8"}
        self.seen = ""
        self.code = 0

    def read_lines(self) -> list[str]:
        """Return the lines to copy that stand in what was shown last."""
        return _TO_COPY.findall(self.seen)

    def copy(self, start: str, *, known: str = "") -> str:
        """Return the first shown line that begins so, with what the user knows at its end, or for its ellipsis."""
        starts = tuple(start + end for end in " =:")
        line = next((line for line in self.read_lines() if f"{line} ".startswith(starts)), None)
        assert line is not None, (start, self.seen)
        return line.replace("…", known) if "…" in line else f"{line} {known}".rstrip()

    def run(self, line: str, *answers: tuple[str, str]) -> Shown:
        """Type a command line, and answers to what it asks."""
        parse(line)
        shown = run_on_terminal(
            command(*shlex.split(line)[1:]),
            folder=self.folder,
            environ=self.variables,
            columns=self.columns,
            answers=answers,
        )
        self.seen, self.code = shown.text, shown.code
        return shown

    def follow(self, start: str, *answers: tuple[str, str], known: str = "") -> Shown:
        """Run the shown command that begins so."""
        return self.run(self.copy(start, known=known), *answers)

    def export(self, start: str, *, value: str) -> None:
        """Set the variable of a shown ``export`` line, as a shell does."""
        assert start.startswith("export ")
        words = shlex.split(self.copy(start, known=value))
        name, _, given = words[1].partition("=")
        self.variables[name] = given

    def append(self, path: str, line: str) -> None:
        """Write a line to the end of a file."""
        with (self.folder / path).open("a", encoding="utf-8") as file:
            file.write(f"{line}\n")

    def edit(self, path: str, old: str, new: str) -> None:
        """Change one place of a file."""
        text = (self.folder / path).read_text(encoding="utf-8")
        assert 1 == text.count(old), (old, text)
        (self.folder / path).write_text(text.replace(old, new), encoding="utf-8")


@pytest.fixture
def user(tmp_path: Path) -> NewUser:
    """Return a new user in an empty folder, at a terminal of the usual width."""
    folder = tmp_path / "mail"
    folder.mkdir()
    return NewUser(folder, 80)


def begin(user: NewUser) -> None:
    """Go from an empty folder to a project that says who receives test messages."""
    user.run("reconciler plan")  # what the tool is for, tried first; the rest of the story is its own words
    assert 1 == user.code
    user.follow("reconciler init")
    assert 0 == user.code
    user.append("reconciler.yaml", user.copy("operator").replace("you@example.com", "ops@example.com"))
    # Circumstances, not part of the story: no test asks a name server beyond this machine.
    user.append("reconciler.yaml", "verification: {domainChecks: off}")


def add_account(user: NewUser, server: MailServer) -> str:
    """Add the account by the questions that are asked; return the file that was made."""
    questions = (
        *(("Name", "sales"), ("E-mail", USER), ("Display name", "Example Sales"), ("host name", "localhost")),
        ("Owner", ""),
    )
    user.follow("reconciler accounts add own", *questions, known=f"--port {server.port} --encryption none --shared")
    assert 0 == user.code
    made = re.search(r"new file\s+(\S+\.yaml)\.", user.seen)
    assert made is not None
    return made[1]


@pytest.mark.parametrize("columns", [60, 132])
def test_from_an_empty_folder_to_an_applied_account(user: NewUser, server: MailServer, columns: int) -> None:
    """Init, an account, a plan blocked by a wrong password, mended as the plan says, applied, and looked at."""
    user.columns = columns
    begin(user)
    add_account(user, server)
    user.export("export SMTP_SALES_PASSWORD", value="not-it")
    user.follow("reconciler plan")
    assert 3 == user.code
    assert "This plan is blocked" in user.seen

    user.export("export SMTP_SALES_PASSWORD", value=PASSWORD)
    user.follow("reconciler plan")
    assert 0 == user.code
    user.follow("reconciler apply", ("Record these changes?", "y"))
    assert 0 == user.code
    assert "Recorded as revision 1" in user.seen
    assert ["ops@example.com"] == [each for message in server.messages for each in message.recipients]

    user.follow("reconciler accounts list")
    assert re.search(r"^sales +(own +)?\S+ +active ", user.seen, re.MULTILINE)
    user.run("reconciler plan")
    assert "No changes." in user.seen


def test_nothing_set_up_leads_to_the_same_end(user: NewUser, server: MailServer) -> None:
    """Who passes over what init and add say is told again by validate and plan: account, variable, operator."""
    user.run("reconciler init")
    user.append("reconciler.yaml", "verification: {domainChecks: off}")
    for looking in ("accounts list", "history"):
        user.run(f"reconciler {looking}")
        assert "reconciler plan" in user.read_lines()
    user.run("reconciler validate")
    assert 0 == user.code
    add_account(user, server)
    user.follow("reconciler plan")
    assert 3 == user.code
    user.export("export SMTP_SALES_PASSWORD", value=PASSWORD)
    user.append("reconciler.yaml", user.copy("operator").replace("you@example.com", "ops@example.com"))
    user.run("reconciler validate")
    user.follow("reconciler plan")
    assert 0 == user.code
    assert "operatorUnknown" not in user.seen
    user.follow("reconciler apply", ("Record these changes?", "y"))
    assert "Recorded as revision 1" in user.seen


def test_an_unknown_setting_is_mended_as_the_message_says(user: NewUser, server: MailServer) -> None:
    """A misspelt field is told with its line and the right word; with that word the plan is ready."""
    begin(user)
    path = add_account(user, server)
    user.export("export SMTP_SALES_PASSWORD", value=PASSWORD)
    planning = user.copy("reconciler plan")
    user.edit(path, "encryption:", "encription:")
    user.run(planning)
    assert 1 == user.code
    place = re.search(rf"--> {re.escape(path)}:(\d+):\d+", user.seen)
    assert place is not None
    assert "encription" in (user.folder / path).read_text(encoding="utf-8").splitlines()[int(place[1]) - 1]
    suggestion = re.search(r"Did you\s+mean\s+(\w+)\?", user.seen)
    assert suggestion is not None, user.seen
    user.edit(path, "encription:", f"{suggestion[1]}:")
    user.run(planning)
    assert 0 == user.code
    user.follow("reconciler apply", ("Record these changes?", "y"))
    assert 0 == user.code


def test_a_marketing_account_is_brought_to_the_platforms_decision(user: NewUser) -> None:
    """After apply of a marketing account the next commands lead to its approval, and it may send."""
    begin(user)
    user.run("reconciler accounts add marketing", ("Name", "news"), ("E-mail", "news@example.com"), ("name", "News"))
    user.follow("reconciler plan")
    assert 0 == user.code
    user.follow("reconciler apply", ("Record these changes?", "y"))
    user.follow("reconciler accounts list")
    user.follow("reconciler approve news")
    assert "it may send" in user.seen


def test_hints_are_for_those_who_look(tmp_path: Path) -> None:
    """In a pipe no next step is printed: what a program reads or a log keeps is the result alone."""
    user = NewUser(tmp_path, 80)
    user.run("reconciler init")
    assert "To see what would change" not in user.seen
    add = (
        'reconciler accounts add marketing news --email news@example.com --display-name "News" --reply-to a@example.com'
    )
    user.run(add)
    user.append("reconciler.yaml", "verification: {domainChecks: off}")
    user.run("reconciler validate")
    assert "To see what would change" in user.seen
    piped = subprocess.run(
        command("validate"),
        cwd=tmp_path,
        env=user.variables,
        capture_output=True,
        encoding="utf-8",
        check=True,
        timeout=60,
    )
    assert ("Valid: 1 account.\n", False) == (piped.stdout, "To see what would change" in piped.stderr)
