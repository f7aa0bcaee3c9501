"""Signals that ask a command to end: what it runs ends with it, what is recorded is told, and the next one goes on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from typing import TYPE_CHECKING

import pytest

from reconciler.cli.edge import run
from reconciler.cli.signals import heeding_signals
from tests.cli.mailing import wait_for
from tests.cli.project import VARIABLE, Project, command, environment, own_account

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.support.mailserver import MailServer

ASKING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
RECORDING = {
    ("apply", "--auto-approve"): "Recorded as revision 2",
    ("suspend", "sales", "--reason", "Leaked."): "Suspended sales",
}


def begin(project: Project, *words: str, stdout: int = subprocess.PIPE) -> subprocess.Popen[str]:
    """Start a command as a process of its own."""
    return subprocess.Popen(
        command(*words),
        cwd=project.folder,
        env=environment(),
        stdout=stdout,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )


def state_of(number: int) -> str:
    """Return the letter of a process's state, S where it waits; Z, of one that has ended, where there is none."""
    try:
        with open(f"/proc/{number}/stat", encoding="ascii") as file:  # noqa: PTH123 - no file of a disk
            return file.read().rpartition(") ")[2][0]
    except FileNotFoundError:
        return "Z"


def is_gone(number: int) -> bool:
    """Tell whether no process has a number, or only one that has ended and was not asked for yet."""
    return state_of(number) == "Z"


def wait_for_program(running: subprocess.Popen[str], number: Path) -> None:
    """Wait until a command has started the program, and waits for its end: not while it is about to start it."""
    wait_for(running, lambda: number.exists() and state_of(running.pid) == "S")


def ignores(process: subprocess.Popen[str], number: signal.Signals) -> bool:
    """Tell whether a process ignores a signal."""
    with open(f"/proc/{process.pid}/status", encoding="ascii") as file:  # noqa: PTH123 - no file of a disk
        mask = next(line.split()[1] for line in file if line.startswith("SigIgn:"))
    return bool(int(mask, 16) >> (number - 1) & 1)


@pytest.fixture
def waiting(tmp_path: Path) -> tuple[Path, Path]:
    """Return a program that waits where the file beside it is not there, and that file, into which it writes its number."""
    folder = tmp_path / "programs"
    folder.mkdir()
    program, number = folder / "restart", folder / "number"
    program.write_text(
        f"#!/bin/sh\n[ -e {number} ] && exit 0\necho $$ > {number}.new\nmv {number}.new {number}\nexec sleep 600\n"
    )
    program.chmod(0o755)
    return program, number


@pytest.fixture
def publishing(project: Project, server: MailServer, tmp_path: Path, waiting: tuple[Path, Path]) -> Project:
    """Return a project with an account that is applied and published, and changed since."""
    file, (program, number) = tmp_path / "accounts.json", waiting
    number.touch()
    project.write_project(
        f"consumers:\n  app: {{type: files, format: json, path: {file}, accounts: ['*'], after: [{program}], timeoutSeconds: 600}}\n"
        f"secrets:\n  grants: [{{secret: 'env:{VARIABLE}', consumer: {{name: app, path: {file}, after: [{program}]}}}}]\n"
    )
    project.write_account("sales", own_account("sales", server))
    project.run_well("apply", "--auto-approve")
    project.write_account("sales", own_account("sales", server, display_name="Another"))
    number.unlink()
    return project


@pytest.mark.parametrize("number", ASKING, ids=lambda each: each.name)
@pytest.mark.parametrize("words", RECORDING, ids=lambda each: each[0])
def test_what_is_recorded_is_told_where_publishing_is_stopped(
    publishing: Project, waiting: tuple[Path, Path], words: tuple[str, ...], number: signal.Signals
) -> None:
    """Stopped while it publishes, a command tells what it recorded and how to publish it, and ends with 6.

    The program that ran is ended with it, and is run again by the next publication.
    """
    running = begin(publishing, *words)
    wait_for_program(running, waiting[1])
    running.send_signal(number)
    out, err = running.communicate(timeout=60)
    assert 6 == running.returncode, err
    assert RECORDING[words] in out
    assert "while it published to app. What is recorded stands." in " ".join(err.split())
    assert "    reconciler publish\n" in err
    assert is_gone(int(waiting[1].read_text(encoding="ascii")))
    publishing.run_well("publish")
    assert "as applied" in publishing.run_well("consumers", "list").out
    publishing.run_well("journal", "check")


def test_programs_are_told_what_is_recorded(publishing: Project, waiting: tuple[Path, Path]) -> None:
    """The one document of an apply that was stopped while it published has its revision."""
    running = begin(publishing, "apply", "--auto-approve", "--format", "json")
    wait_for_program(running, waiting[1])
    running.send_signal(signal.SIGTERM)
    out, _ = running.communicate(timeout=60)
    told = json.loads(out)
    assert ("applied", 2) == (told["status"], told["revision"])
    assert ["interrupted"] == [each["code"] for each in told["diagnostics"]]


def test_a_program_that_reads_a_secret_ends_with_the_command(
    project: Project, server: MailServer, waiting: tuple[Path, Path]
) -> None:
    """A source's command is not left running by a command that was ended."""
    project.write_project(
        f"secrets:\n  sources: {{slow: {{command: [{waiting[0]}, '{{key}}'], timeoutSeconds: 600}}}}\n  allow: ['slow:*']\n"
    )
    project.write_account("sales", own_account("sales", server, secret="{slow: sales}"))
    running = begin(project, "plan")
    wait_for_program(running, waiting[1])
    running.send_signal(signal.SIGTERM)
    running.communicate(timeout=60)
    assert 143 == running.returncode
    assert is_gone(int(waiting[1].read_text(encoding="ascii")))


def test_a_second_signal_does_not_break_off_what_is_told_of_the_first(
    publishing: Project, waiting: tuple[Path, Path]
) -> None:
    """Whoever presses Ctrl-C twice is told as after one, however slowly it is read."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    while True:
        try:
            os.write(writer, b"." * 4096)
        except BlockingIOError:
            break
    os.set_blocking(writer, True)
    publishing.write_project(
        f"secrets:\n  sources: {{slow: {{command: [{waiting[0]}, '{{key}}'], timeoutSeconds: 600}}}}\n  allow: ['slow:*']\n"
    )
    publishing.write_account("sales", own_account("sales", 2525, secret="{slow: sales}"))
    running = begin(publishing, "plan", "--format", "json", stdout=writer)
    os.close(writer)
    wait_for_program(running, waiting[1])
    running.send_signal(signal.SIGINT)
    wait_for(running, lambda: ignores(running, signal.SIGINT))
    for each in ASKING:
        running.send_signal(each)
    with open(reader, encoding="utf-8") as file:  # noqa: PTH123 - a descriptor, not a path
        told = json.loads(file.read().lstrip("."))
    _, err = running.communicate(timeout=60)
    assert 130 == running.returncode
    assert ["interrupted"] == [each["code"] for each in told["diagnostics"]]
    assert "Traceback" not in err


@pytest.fixture
def handlers() -> Iterator[None]:
    """Have the handlers of signals afterwards as they were."""
    before = {each: signal.getsignal(each) for each in ASKING}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("handlers")
@pytest.mark.parametrize("number", ASKING, ids=lambda each: each.name)
@pytest.mark.parametrize("handler", [signal.SIG_IGN, lambda *_: None], ids=["ignored", "caller's"])
def test_what_a_caller_says_of_a_signal_stands(
    number: signal.Signals, handler: Callable[..., None] | signal.Handlers
) -> None:
    """A signal that is ignored, as under nohup, or that a program around it handles itself does not end a command."""
    signal.signal(number, handler)
    with heeding_signals():
        assert handler is signal.getsignal(number)
        signal.raise_signal(number)
    assert handler is signal.getsignal(number)


@pytest.mark.usefixtures("handlers")
def test_signals_are_as_before_once_a_command_has_ended(project: Project) -> None:
    """A program that runs the command line in its own process goes on hearing signals as it did."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    before = [signal.getsignal(each) for each in ASKING]
    assert 0 == run(["--project-dir", str(project.folder), "validate"])
    assert before == [signal.getsignal(each) for each in ASKING]
