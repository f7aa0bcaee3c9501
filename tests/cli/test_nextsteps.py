"""The last line of every command is what to do next: one command, after failures too."""

from __future__ import annotations

import io
import sys
from typing import TYPE_CHECKING

import click
import pytest

from reconciler.cli.edge import run
from reconciler.cli.nextsteps import NEXT_STEPS, is_command
from tests.cli.commandtree import commands, parse
from tests.cli.project import Project, marketing_account, own_account

if TYPE_CHECKING:
    from tests.support.mailserver import MailServer


class Terminal(io.StringIO):
    """What somebody sees of both streams, in the order of writing."""

    def isatty(self) -> bool:
        """Say that somebody looks."""
        return True


PATHS = [known.path.partition(" ")[2] for known in commands() if not isinstance(known.command, click.Group)]


def test_every_command_has_a_next_step() -> None:
    """A command without a row would leave its user before a bare prompt; what is for programs says so by None."""
    assert sorted(PATHS) == sorted(NEXT_STEPS)
    assert {"help", "completion", "schema"} == {path for path, step in NEXT_STEPS.items() if step is None}


@pytest.mark.parametrize("path", [path for path, step in NEXT_STEPS.items() if step is not None])
def test_a_next_step_is_a_command(path: str) -> None:
    """It is a command line that the program takes, and not the one that has just run."""
    step = NEXT_STEPS[path]
    assert step is not None
    assert step.sentence.endswith(":")
    assert is_command(f"    {step.command}")
    parse(step.command)
    assert step.command != f"reconciler {path}" or path == "explain"


def last_line(monkeypatch: pytest.MonkeyPatch, *words: str) -> tuple[int, str]:
    """Return the exit code and the last line that somebody sees."""
    seen = Terminal()
    with monkeypatch.context() as streams:
        streams.setattr(sys, "stdout", seen)
        streams.setattr(sys, "stderr", seen)
        code = run(list(words))
    assert "[internalError]" not in seen.getvalue()
    return code, [line for line in seen.getvalue().splitlines() if line.strip()][-1]


def test_the_last_line_is_a_command(project: Project, server: MailServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever was done, and whether it went well: the last line that is seen is a command to copy."""
    project.write_account("sales", own_account("sales", server))
    project.write_account("news", marketing_account("news"))
    monkeypatch.setenv("PAGER", "cat")
    wrong = []
    for words in (
        ("accounts", "list"), ("validate",), ("plan",), ("plan", "--out", "first.plan"), ("show", "first.plan"),
        ("show", "first.plan", "--compact"), ("show", "first.plan", "--full"), ("diff", "first.plan", "first.plan"),
        ("apply", "first.plan"), ("apply", "first.plan"), ("apply", "--auto-approve"), ("plan",), ("plan", "--depth", "offline"),
        ("verify",), ("verify", "--recorded"), ("verify", "sales"), ("status",), ("accounts", "list"),
        ("accounts", "list", "--search", "zzz"), ("accounts", "list", "--status", "pending"), ("accounts", "show", "sales"),
        ("accounts", "show", "sales", "--full"), ("accounts", "show", "sales", "--revision", "1"), ("accounts", "show", "nobody"),
        ("approve", "news"), ("approve", "news"), ("reject", "news", "--reason", "x"), ("suspend", "sales", "--reason", "x"),
        ("suspend", "sales", "--reason", "x"), ("resume", "sales"), ("resume", "sales"), ("history",), ("history", "sales"),
        ("diff", "1", "1"), ("journal", "head"), ("journal", "check"), ("journal", "check", "--head", "sha256:" + "0" * 64),
        ("explain",), ("explain", "4"), ("explain", "qqq"), ("export",), ("doctor",), ("consumers", "list"), ("publish",),
        ("report", "--out", "site"), ("state", "backup", "--out", "backup.json"), ("state", "init"), ("domains", "records"),
        ("accounts", "rename", "sales", "sales-de"), ("plan",), ("accounts", "delete", "news"), ("validate", "--nope"), ("plam",),
        ("verify", "nobody"), ("send", "sales", "--message", "nothing.eml", "--contacts", "nobody.csv"),
        ("history", "restore", "1", "--to", "then"), ("accounts", "add", "own"), ("check", "--host", "localhost"),
    ):  # fmt: skip
        code, line = last_line(monkeypatch, *words)
        if not is_command(line):
            wrong.append((words, code, line))
    assert [] == wrong


def test_documents_and_pipes_are_left_alone(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """A document stands alone on a terminal too, and where nobody looks nothing is added."""
    assert (0, "}") == last_line(monkeypatch, "status", "--format", "json")
    assert "" == project.run_well("status").err
