"""What a real terminal shows: inside its width, in the colours that are wanted, and nothing of a name obeyed."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import struct
import sys
import termios
from typing import TYPE_CHECKING

import pytest

from reconciler.cli.output import hint, tell_beside_checks
from reconciler.cli.session import style_for
from reconciler.diagnostics import error
from reconciler.render.text.parts.layout import cells
from tests.cli.project import Project, command, environment, marketing_account, own_account
from tests.support.terminal import Shown, run_on_terminal

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.support.mailserver import MailServer

COLOUR = re.compile(rb"\x1b\[[0-9;]*[1-9][0-9;]*m")
ABOUT_TERMINALS = ("NO_COLOR", "FORCE_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "COLUMNS", "TERM", "PYTHONIOENCODING")
TITLES = {"blog": "日本の営業チーム", "news": "[red]Loud[/red] :boom:", "shop": "Sprzedaż Polska 👩‍👩‍👧"}


def show(project: Project, *words: str, columns: int = 80, **variables: str) -> Shown:
    """Run a command on a terminal that only the given variables say something of."""
    environ = {name: value for name, value in environment().items() if name not in ABOUT_TERMINALS}
    environ |= {"TERM": "xterm", "LANG": "C.UTF-8", **variables}
    return run_on_terminal(command(*words), folder=project.folder, environ=environ, columns=columns)


@pytest.fixture
def recorded(project: Project, server: MailServer) -> Project:
    """Return a project with accounts of either kind recorded, whose titles are wide, joined, or like markup."""
    for name, title in TITLES.items():
        project.write_account(name, marketing_account(name, metadata=f'title: "{title}"'))
    project.write_account("sales", own_account("sales", server))
    project.run_well("apply", "--auto-approve", "--depth", "auth")
    return project


def too_wide(shown: Shown, columns: int) -> Sequence[str]:
    """Return the lines that a terminal would have to break, those to copy apart."""
    return [line for line in shown.text.splitlines() if cells(line) > columns and not line.startswith("    ")]


@pytest.mark.parametrize("columns", [40, 80, 200])
def test_tables_fit_any_terminal(recorded: Project, columns: int) -> None:
    """Accounts stay inside the terminal at each width, and every account is there."""
    shown = show(recorded, "accounts", "list", columns=columns, NO_COLOR="1")
    assert (0, []) == (shown.code, too_wide(shown, columns))
    assert [*TITLES, "sales"] == [
        name for name in (*TITLES, "sales") if re.search(rf"^{name}\b", shown.text, re.MULTILINE)
    ]
    if columns >= 120:
        assert all(title in shown.text for title in TITLES.values())
        starts = {cells(line[: line.index("@example.com")]) - len(line[: line.index("@")].split()[-1])
                  for line in shown.text.splitlines() if "@example.com" in line}  # fmt: skip
        assert 1 == len(starts)


@pytest.mark.parametrize("columns", [40, 120])
def test_verify_and_history_fit(recorded: Project, columns: int) -> None:
    """So do the results of verify with its progress gone, history as text and as a table, and a plan."""
    recorded.write_account("broken", own_account("broken", 1))
    for words in (
        ("verify",),
        ("history",),
        ("history", "--format", "table"),
        ("plan",),
        ("accounts", "show", "sales"),
    ):
        shown = show(recorded, *words, columns=columns, NO_COLOR="1")
        finished = [line for line in too_wide(shown, columns) if "Verifying" not in line]
        assert [] == finished, words
        assert "fault in reconciler" not in shown.text


def bare_environment(monkeypatch: pytest.MonkeyPatch, **variables: str) -> None:
    """Have this process's environment say of terminals what is given, and nothing else."""
    for name in ABOUT_TERMINALS:
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)


@pytest.mark.parametrize(
    ("variables", "coloured"),  # whether a terminal gets colour, and a pipe
    [
        ({}, (True, False)),
        ({"NO_COLOR": "1"}, (False, False)),
        ({"NO_COLOR": ""}, (True, False)),
        ({"CLICOLOR": "0"}, (False, False)),
        ({"CLICOLOR": "1"}, (True, False)),
        ({"TERM": "dumb"}, (False, False)),
        ({"FORCE_COLOR": "1"}, (True, True)),
        ({"FORCE_COLOR": "0"}, (True, False)),
        ({"FORCE_COLOR": "false"}, (True, False)),
        ({"CLICOLOR_FORCE": "1"}, (True, True)),
        ({"CLICOLOR_FORCE": "1", "TERM": "dumb", "CLICOLOR": "0"}, (True, True)),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, (False, False)),
    ],
)
def test_who_gets_colour(
    variables: dict[str, str], coloured: tuple[bool, bool], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A terminal gets colour unless it is dumb or unwanted; a pipe where it is forced; NO_COLOR has the last word."""
    bare_environment(monkeypatch, **variables)
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "w", encoding="utf-8") as terminal, (tmp_path / "piped").open("w", encoding="utf-8") as file:
        assert coloured == (style_for(terminal).colour, style_for(file).colour)
        assert (True, False) == (style_for(terminal).is_terminal, style_for(file).is_terminal)
    os.close(ours)


@pytest.mark.parametrize(
    ("columns", "variable", "expected"),
    [(80, None, 80), (0, None, 80), (30, None, 40), (500, None, 160), (80, "100", 100), (90, "x", 90), (90, "0", 90)],
)
def test_how_wide_a_terminal_is(
    columns: int, variable: str | None, expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The width is COLUMNS, else what the terminal says, within reason; one that says nothing is taken to have 80."""
    bare_environment(monkeypatch, **({"COLUMNS": variable} if variable is not None else {}))
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    with os.fdopen(theirs, "w", encoding="utf-8") as terminal:
        assert expected == style_for(terminal).width
    os.close(ours)


def test_a_pipe_is_as_wide_as_ever(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What is written to a file does not depend on the window that the command was typed in."""
    bare_environment(monkeypatch, COLUMNS="40")
    with (tmp_path / "piped").open("w", encoding="utf-8") as file:
        assert 100 == style_for(file).width


def test_hints_and_what_was_told_already(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Somebody who looks gets the next command and no failure twice; where nobody looks, which failed and where it says why."""
    failed = error("verificationFailed", "It failed.", subject="sales")
    hint("Next:", "reconciler plan")
    tell_beside_checks([failed, error("declined", "No.")])
    piped = capsys.readouterr().err
    assert "Next:" not in piped
    assert (
        "error: Verification failed: sales [verificationFailed]\n  What was written to standard output says why.\n"
        in piped
    )
    assert "It failed." not in piped
    assert "No." in piped

    bare_environment(monkeypatch, TERM="dumb")
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "w", encoding="utf-8") as terminal, monkeypatch.context() as streams:
        streams.setattr(sys, "stdout", terminal)
        streams.setattr(sys, "stderr", terminal)
        hint("Next:", "reconciler plan")
        tell_beside_checks([failed, error("declined", "No.")])
    written = b""
    with contextlib.suppress(OSError):  # the end of a terminal whose other side has closed
        while octets := os.read(ours, 65536):
            written += octets
    os.close(ours)
    seen = written.decode()
    assert seen.startswith("Next:\r\n    reconciler plan\r\n")
    assert (False, True) == ("It failed." in seen, "No." in seen)


def test_an_empty_list_tells_what_the_manifests_declare(project: Project) -> None:
    """Where nothing is recorded yet, the list says so and what is next, narrowed or not; in a pipe it is bare."""
    assert "To see what the manifests would record:\n    reconciler plan\n" in show(project, "accounts", "list").text
    project.write_account("news", marketing_account("news"))
    for words in ((), ("--kind", "own")):
        told = " ".join(show(project, "accounts", "list", *words).text.split())
        assert "The manifests declare 1 account, and nothing is applied yet." in told
        assert told.endswith("reconciler plan")
    assert "" == project.run_well("accounts", "list").err


def test_documents_have_no_colour_however_it_is_forced(recorded: Project) -> None:
    """FORCE_COLOR colours what people read, in a pipe too, and leaves a document alone."""
    forced = {"FORCE_COLOR": "1", "NO_COLOR": "", "TERM": "xterm"}
    assert COLOUR.search(recorded.run_process("accounts", "list", variables=forced).out.encode())
    told = recorded.run_process("accounts", "list", "--format", "json", variables=forced).document
    assert "sales" in [each["name"] for each in told["accounts"]]


def test_a_dumb_terminal_gets_no_control_sequence(recorded: Project) -> None:
    """Neither colours nor a progress that takes its line back reach a terminal that cannot do either."""
    assert COLOUR.search(show(recorded, "verify", "--recorded").raw)
    plain = show(recorded, "verify", "--recorded", CLICOLOR="0").raw
    assert (True, None) == (b"\x1b" in plain, COLOUR.search(plain))
    assert b"\x1b" not in show(recorded, "verify", "--recorded", TERM="dumb").raw


def test_a_pipe_gets_a_line_for_each_account(recorded: Project) -> None:
    """Without a terminal there is neither rule nor colour nor hint, and every value is whole, on its account's line."""
    heading, *rows = recorded.run_process("accounts", "list").out.splitlines()
    assert ["NAME", "KIND", "EMAIL", "SERVER", "STATUS", "VERIFIED", "CREATED", "TITLE"] == heading.split()
    assert [*sorted([*TITLES, "sales"]), "", "4"] == [row.split(" ")[0] for row in rows]
    assert all(title in recorded.run_process("accounts", "list").out for title in TITLES.values())


@pytest.mark.parametrize("encoding", ["ascii", "iso8859-2"])
def test_marks_are_in_the_terminals_own_encoding(recorded: Project, encoding: str) -> None:
    """Where a terminal cannot show a tick it gets a letter, and what it lacks of a title as escapes; nothing crashes."""
    for words in (("verify", "--recorded"), ("accounts", "list")):
        shown = show(recorded, *words, columns=120, PYTHONIOENCODING=encoding, NO_COLOR="1")
        assert 0 == shown.code
        assert b"".join(line for line in shown.raw.splitlines() if b"Verifying" not in line).isascii()


def test_a_failed_check_is_told_once_on_a_terminal(project: Project) -> None:
    """The reason stands once, in the text; where that goes to a file, the error says which account failed."""
    project.write_account("broken", own_account("broken", 1))
    sentence = "nothing listens on port 1"
    for words in (("verify",), ("plan",)):
        shown = show(project, *words, columns=200)
        assert (3, 1) == (shown.code, shown.text.count(sentence)), words
        piped = project.run_process(*words)
        assert (3, 1, 0) == (piped.code, *(" ".join(each.split()).count(sentence) for each in (piped.out, piped.err)))
        assert "error: Verification failed: broken [verificationFailed]" in piped.err


def test_names_that_steer_terminals_are_shown_not_obeyed(recorded: Project) -> None:
    """A title that somebody smuggled into state past the manifests' rules reaches no terminal as control characters."""
    attack = "\\u001b]0;owned\\u0007\\u001b[2J\\u202e[bold red]x[/]"
    recorded.execute_sql("UPDATE accounts SET document = replace(document, ?, ?)", TITLES["news"], attack)
    for words in (("accounts", "list"), ("accounts", "show", "news")):
        raw = show(recorded, *words, columns=200, NO_COLOR="1").raw
        assert b"\x1b" not in raw
        assert "\u202e".encode() not in raw
        assert b"[bold red]x[/]" in raw
        assert b"\\x1b]0;owned" in raw


PAGER = "awk '{print \"paged: \" $0}'"


@pytest.fixture
def long(project: Project) -> Project:
    """Return a project whose plan is longer than a screen of 24 lines."""
    for name in ("anna", "bert", "cleo", "dora", "emil", "fred", "gina", "hugo"):
        project.write_account(name, marketing_account(name, email=f"{name}@example.com"))
    return project


def test_a_long_plan_goes_through_the_pager(long: Project) -> None:
    """On a terminal that it does not fit, with all that is told of it; the exit code is the plan's."""
    for words in (("plan",), ("plan", "--full"), ("plan", "--out", "x.plan"), ("show", "x.plan")):
        shown = show(long, *words, PAGER=PAGER)
        assert 0 == shown.code, shown.text
        assert re.search(r"^paged: .*Plan for mail", shown.text, re.MULTILINE), shown.text
        assert re.search(r"^paged: .*noPlatformServer", shown.text, re.MULTILINE), shown.text


@pytest.mark.parametrize(
    ("words", "pager"),
    [
        (("plan", "--no-pager"), PAGER),
        (("plan", "--compact"), PAGER),
        (("plan",), "cat"),
        (("plan",), ""),
        (("plan",), "no-such-pager"),
        (("plan",), "'unclosed"),
        (("plan", "--format", "json"), PAGER),
        (("plan", "--format", "markdown"), PAGER),
    ],
)
def test_no_pager_is_used_without_need(long: Project, words: tuple[str, ...], pager: str) -> None:
    """Not where it is not wanted, what is shown fits, none can be started, or a program is to read it."""
    shown = show(long, *words, PAGER=pager)
    assert 0 == shown.code
    assert "paged:" not in shown.text
    assert "mail" in shown.text


def test_a_pipe_never_has_a_pager(long: Project) -> None:
    """What goes into a file is whole, whatever PAGER says."""
    piped = long.run_process("plan", "--full", variables={"PAGER": PAGER})
    assert (0, False) == (piped.code, "paged:" in piped.out)
    assert piped.out.count("@example.com") >= 8


def test_a_pager_that_is_left_early_is_no_error(long: Project) -> None:
    """Whoever has seen enough goes on, and the exit code is the plan's."""
    assert 0 == show(long, "plan", "--full", PAGER="head -n 1").code


def test_the_question_says_who_is_mailed(project: Project, server: MailServer) -> None:
    """After the pager the head stands there again, and the question names how many test messages go to whom."""
    for name in ("anna", "bert", "cleo", "dora", "emil", "fred"):
        project.write_account(name, own_account(name, server, email=f"{name}@example.com"))
    asked = "Apply sends 6 test messages to ops@example.com first. Record these changes? [y/N]:"
    environ = {name: value for name, value in environment().items() if name not in ABOUT_TERMINALS}
    shown = run_on_terminal(
        command("apply", "--full"), folder=project.folder, environ=environ | {"TERM": "xterm", "PAGER": PAGER},
        answers=[(asked, "y")],
    )  # fmt: skip
    assert 0 == shown.code, shown.text
    assert 2 == shown.text.count("apply verifies 6 accounts and sends 6 test messages to ops@example.com")
    assert "Sent 6 test messages to ops@example.com." in shown.text
    assert 6 == len(server.messages)
