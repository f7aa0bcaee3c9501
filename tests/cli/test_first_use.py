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


class NewUser:
    """Somebody at a terminal who types what the program showed last, and nothing else."""

    def __init__(self, folder: Path, columns: int) -> None:
        """Begin in a folder, in a shell without variables of ours."""
        self.folder = folder
        self.columns = columns
        self.variables = environment() | {"TERM": "xterm", "LANG": "C.UTF-8"}
        self.program = command()
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
            [*self.program, *shlex.split(line)[1:]],
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
    user.follow("reconciler init", ("e-mail address", "ops@example.com"))
    assert 0 == user.code
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
    """A wrong password blocks the plan of the first account; mended as the plan says, it is applied and shown."""
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
    user.follow("reconciler apply", ("ecord these changes?", "y"))
    assert 0 == user.code
    assert "Recorded as revision 1" in user.seen
    assert ["ops@example.com"] == [each for message in server.messages for each in message.recipients]

    user.follow("reconciler accounts list")
    assert re.search(r"^sales +(own +)?\S+ +\S+ +active ", user.seen, re.MULTILINE)
    user.run("reconciler plan")
    assert "No changes." in user.seen


def test_nothing_set_up_leads_to_the_same_end(user: NewUser, server: MailServer) -> None:
    """Who passes over what init and add say is told again by validate and plan: account, variable, operator."""
    user.run("reconciler init", ("e-mail address", ""))
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
    user.follow("reconciler apply", ("ecord these changes?", "y"))
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
    user.follow("reconciler apply", ("ecord these changes?", "y"))
    assert 0 == user.code


@pytest.mark.parametrize("is_known", [True, False])
def test_a_marketing_account_is_brought_to_the_platforms_decision(
    user: NewUser, server: MailServer, *, is_known: bool
) -> None:
    """The platform's server is asked for first; approved is only said to send where it can."""
    begin(user)
    answers = [("platform's mail server", f"localhost:{server.port}"), ("User name there", USER)]
    user.run(
        "reconciler accounts add marketing",
        *(answers if is_known else [("platform's mail server", "")]),
        ("Name", "news"), ("E-mail", "news@example.com"), ("name", "News"),
    )  # fmt: skip
    if is_known:
        user.export("export SMTP_PLATFORM_PASSWORD", value=PASSWORD)
        user.edit("reconciler.yaml", "  smtp:\n", "  smtp:\n    encryption: none\n")  # as the test's server has it
    user.follow("reconciler plan")
    assert 0 == user.code, user.seen
    user.follow("reconciler apply", ("ecord these changes?", "y"))
    user.follow("reconciler accounts list")
    user.follow("reconciler approve news")
    assert is_known == ("it may send" in user.seen)
    assert is_known != ("cannot send yet" in user.seen)


CONCEPTS = (
    "project", "manifest", "state", "plan", "apply", "revision", "verified",
    "operator", "envelope", "evidence", "fingerprint", "lineage", "route", "grant", "journal", "digest", "seal", "depth",
    "scope", "selector", "guard", "diagnostic", "desired", "desire", "provenance",
)  # fmt: skip
"""Words of the tool that somebody has to learn; those that a newcomer meets must be few, and told where they are met."""


def test_a_newcomer_meets_few_concepts(user: NewUser, server: MailServer) -> None:
    """From an empty folder to an applied account in four commands, each taken from what was shown before."""
    walk(user, server)


def walk(user: NewUser, server: MailServer) -> None:
    """Go from an empty folder to an applied account in four commands; fail where more than seven concepts are met."""
    told = user.run("reconciler init", ("e-mail address", "ops@example.com")).text
    user.append("reconciler.yaml", "verification: {domainChecks: off}")
    answers = (
        *(("Name", "sales"), ("E-mail", USER), ("Display name", "Example Sales")),
        *(("host name", f"localhost:{server.port}"), ("Owner", "")),
    )
    told += user.follow("reconciler accounts add own", *answers, known="--encryption none").text
    user.export("export SMTP_SALES_PASSWORD", value=PASSWORD)
    told += user.follow("reconciler plan").text
    told += user.follow("reconciler apply", ("ecord these changes?", "y")).text
    assert 0 == user.code
    assert "Recorded as revision 1" in user.seen
    assert "reconciler accounts list" == user.seen.split("\n    ")[-1].strip()
    words = set(re.findall(r"[a-z]+", told.lower()))
    met = [concept for concept in CONCEPTS if words & {concept, f"{concept}s"}]
    assert len(met) <= 7, " ".join(met)
    assert not {"envelope", "evidence", "fingerprint"} & set(met)
    for explained in (
        "a project file, reconciler.yaml",
        "the files below accounts.d that describe",
        "remembers what was",
    ):
        assert explained in " ".join(told.split())


@pytest.mark.parametrize("pasted", ["localhost:{port}", "smtp://localhost:{port}", " [127.0.0.1]:{port} "])
def test_a_pasted_server_is_understood(user: NewUser, server: MailServer, pasted: str) -> None:
    """Host and port in one, as people copy them from their provider's page, become the two settings."""
    begin(user)
    where = pasted.format(port=server.port)
    answers = (("Name", "sales"), ("E-mail", USER), ("Display name", "Sales"), ("host name", where), ("Owner", ""))
    user.run("reconciler accounts add own", *answers)
    assert 0 == user.code, user.seen
    text = (user.folder / "accounts.d" / "sales.yaml").read_text(encoding="utf-8")
    assert re.search(rf'host: "?(localhost|127\.0\.0\.1)"?\n\s+port: {server.port}\n', text)


def test_a_name_of_one_label_is_asked_about(user: NewUser) -> None:
    """A name without a dot is taken only from somebody who says that it is meant."""
    begin(user)
    answers = (("Name", "sales"), ("E-mail", USER), ("Display name", "Sales"), ("host name", "relay"))
    more = (("whole name?", "n"), ("host name", "relay.example.com"), ("Owner", ""))
    user.run("reconciler accounts add own", *answers, *more)
    assert "host: relay.example.com" in (user.folder / "accounts.d" / "sales.yaml").read_text(encoding="utf-8")


def test_outside_a_project_nothing_is_asked(user: NewUser) -> None:
    """Whoever adds an account where there is no project learns it before the first question, and what to do."""
    user.run("reconciler accounts add own")
    assert 1 == user.code
    assert "Name" not in user.seen
    assert "reconciler init" in user.read_lines()


def test_hints_are_for_those_who_look(tmp_path: Path) -> None:
    """In a pipe no next step is printed: what a program reads or a log keeps is the result alone."""
    user = NewUser(tmp_path, 80)
    user.run("reconciler init", ("e-mail address", ""))
    assert "To see what would change" not in user.seen
    add = (
        'reconciler accounts add marketing news --email news@example.com --display-name "News" --reply-to a@example.com'
    )
    user.run(add, ("platform's mail server", ""))
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
