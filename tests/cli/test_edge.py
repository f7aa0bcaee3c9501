"""What holds for every command: exit codes, one JSON document, no colour in a pipe, Ctrl-C, readers that hang up."""

from __future__ import annotations

import contextlib
import errno
import io
import json
import os
import pty
import re
import signal
import socket
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from reconciler.cli.edge import run
from tests.cli.project import OPERATOR, Project, command, environment, marketing_account, own_account

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.mailserver import MailServer

SET_COLOUR = re.compile(rb"\x1b\[[0-9;]*[1-9][0-9;]*m")
NEED_STATE = (
    ("plan",),
    ("apply", "--auto-approve"),
    ("verify",),
    ("accounts", "list"),
    ("accounts", "show", "news"),
    ("history",),
    ("journal", "check"),
)


def test_state_is_made_once(bare: Project) -> None:
    """Making the state twice leaves the first one and its key as they are, and says so."""
    first = bare.run("state", "init")
    kept = bare.state_file.read_bytes(), bare.key_file.read_bytes()
    second = bare.run("state", "init")
    assert 0 == first.code
    assert 0 == second.code
    assert "" == first.err
    assert "" == second.err
    assert first.out.startswith("Made the state ")
    assert "is there already" in second.out
    assert kept == (bare.state_file.read_bytes(), bare.key_file.read_bytes())


def test_state_and_key_are_for_their_owner_alone(project: Project) -> None:
    """Nobody but the owner may read the state or the key of fingerprints."""
    modes = [path.stat().st_mode & 0o777 for path in (project.state_file, project.key_file)]
    assert [0o600, 0o600] == modes
    assert 0o700 == project.state_file.parent.stat().st_mode & 0o777


@pytest.mark.parametrize("words", NEED_STATE, ids=" ".join)
def test_a_missing_state_is_an_error(bare: Project, words: tuple[str, ...]) -> None:
    """Without a state every command but validate ends with 1, names the cure, and makes none."""
    bare.write_account("news", marketing_account("news"))
    told = bare.run(*words)
    assert (1, "") == (told.code, told.out)
    assert "reconciler state init" in told.err
    document = bare.run(*words, "--format", "json")
    assert 1 == document.code
    assert ["stateMissing"] == document.codes
    assert "" == document.err
    assert "invalid" == document.document["status"]
    assert not bare.state_file.parent.exists()


def test_journal_head_needs_a_state(bare: Project) -> None:
    """Without a state there is no head to print."""
    told = bare.run("journal", "head")
    assert (1, "") == (told.code, told.out)
    assert "reconciler state init" in told.err


def test_validate_needs_no_state(bare: Project) -> None:
    """Manifests are validated without a state."""
    bare.write_account("news", marketing_account("news"))
    assert "Valid: 1 account.\n" == bare.run_well("validate").out
    assert not bare.state_file.parent.exists()


@pytest.mark.parametrize(
    "words",
    [
        ("plan", "--nope"),
        ("plan", "--depth", "abyss"),
        ("plan", "--allow-deletes", "-1"),
        ("plna",),
        ("apply", "--auto-approve", "--override-verification", "sales"),
        ("apply", "--auto-approve", "--override-verification", "sales= "),
        ("apply", "plan.json", "--target", "sales"),
        ("accounts", "show"),
        ("--nope", "plan"),
    ],
    ids=" ".join,
)
def test_bad_usage_is_exit_code_1(bare: Project, words: tuple[str, ...]) -> None:
    """A wrong command line ends with 1, as text on stderr or as the one JSON document that was asked for."""
    told = bare.run(*words)
    assert (1, "") == (told.code, told.out)
    assert "--help" in told.err
    document = bare.run(*words, "--format", "json")
    assert 1 == document.code
    assert ["badUsage"] == document.codes
    assert "" == document.err
    assert "invalid" == document.document["status"]


def test_apply_without_a_terminal_wants_approval(project: Project) -> None:
    """Where nobody can be asked, apply refuses unless it is told not to ask."""
    project.write_account("news", marketing_account("news"))
    told = project.run_process("apply")
    assert (1, "") == (told.code, told.out)
    assert "--auto-approve" in told.err
    assert {} == project.statuses()


@pytest.mark.parametrize(
    "words",
    [("plan",), ("validate",), ("apply", "--auto-approve"), ("verify",), ("accounts", "list"), ("show", "no.json")],
    ids=" ".join,
)
def test_json_on_error_is_one_document(bare: Project, words: tuple[str, ...]) -> None:
    """Whatever goes wrong, stdout holds exactly one JSON document and stderr nothing."""
    bare.init()
    (bare.folder / "reconciler.yaml").write_text("kind: [", encoding="utf-8")
    wrong = bare.run(*words, "--format", "json")
    assert (1, "") == (wrong.code, wrong.err)
    assert wrong.codes
    assert all(problem["detail"] for problem in wrong.document["diagnostics"])


def test_an_invalid_manifest_makes_an_invalid_plan(project: Project) -> None:
    """A wrong manifest is exit code 1 with its place, for plan, validate, verify and apply."""
    project.write_account("news", marketing_account("news").replace("email: news", "mail: news"))
    plan = project.run("plan", "--format", "json")
    assert (1, "invalid") == (plan.code, plan.document["status"])
    assert {"missingField", "unknownField"} <= set(plan.codes)
    assert {"accounts.d/news.yaml"} == {each["location"]["file"] for each in plan.document["diagnostics"]}
    applied = project.run("apply", "--auto-approve", "--format", "json")
    assert 1 == applied.code
    assert "invalid" == applied.document["status"]
    assert plan.codes == applied.codes
    assert 1 == project.run("verify").code
    validated = project.run("validate", "--format", "json")
    assert 1 == validated.code
    assert validated.document["valid"] is False
    assert plan.codes == validated.codes


def test_an_invalid_plan_is_not_saved(project: Project) -> None:
    """Nothing is written where the manifests are wrong."""
    project.write_account("news", "kind: Nothing\n")
    assert 1 == project.run("plan", "--out", "plan.json").code
    assert not (project.folder / "plan.json").exists()


def test_a_blocked_plan_is_saved_without_the_advice_to_apply_it(project: Project, server: MailServer) -> None:
    """Whoever saves a plan that apply would refuse is told so, and not how to apply it."""
    project.set_variable("SMTP_SALES_PASSWORD", "not-the-password")
    project.write_account("sales", own_account("sales", server))
    blocked = project.run("plan", "--out", "x.plan")
    assert (3, True) == (blocked.code, (project.folder / "x.plan").exists())
    assert "Saved as x.plan. It is blocked" in blocked.err
    assert "reconciler apply x.plan" not in blocked.err


def test_problems_are_told_once_by_apply(project: Project, server: MailServer) -> None:
    """Apply shows the plan on stdout and each problem once on stderr."""
    project.set_variable("SMTP_SALES_PASSWORD", "not-the-password")
    project.write_account("sales", own_account("sales", server))
    refused = project.run("apply", "--auto-approve")
    assert 3 == refused.code
    assert 1 == refused.err.count("Verification failed")


def test_no_colour_in_a_pipe(project: Project, server: MailServer) -> None:
    """What is not written to a terminal holds no control sequences, on stdout or on stderr."""
    project.write_account("sales", own_account("sales", server))
    project.write_account("broken", own_account("broken", 1))
    for words in (("plan",), ("verify",), ("apply", "--auto-approve"), ("accounts", "list"), ("plan", "--nope")):
        outcome = project.run_process(*words)
        assert "\x1b" not in outcome.out + outcome.err


def test_colour_on_a_terminal_unless_unwanted(project: Project) -> None:
    """A terminal gets colour; with NO_COLOR it gets none."""
    project.write_account("news", marketing_account("news"))
    assert SET_COLOUR.search(run_on_terminal(project.folder, {"TERM": "xterm"}))
    assert not SET_COLOUR.search(run_on_terminal(project.folder, {"TERM": "xterm", "NO_COLOR": "1"}))


def run_on_terminal(folder: Path, variables: dict[str, str]) -> bytes:
    """Return what ``plan`` writes to a terminal."""
    ours, theirs = pty.openpty()
    finished = subprocess.Popen(command("plan"), cwd=folder, env=environment(variables), stdout=theirs, stderr=theirs)
    os.close(theirs)
    written = b""
    with contextlib.suppress(OSError):  # Linux ends a terminal whose other side has closed with EIO
        while octets := os.read(ours, 65536):
            written += octets
    os.close(ours)
    assert 0 == finished.wait(30)
    return written


def test_a_reader_that_hangs_up_causes_no_traceback(project: Project) -> None:
    """When the reader of stdout has gone, the command ends quietly."""
    for number in range(30):
        project.write_account(f"news-{number}", marketing_account(f"news-{number}"))
    ours, theirs = os.pipe()
    os.close(ours)
    ended = subprocess.run(
        command("plan"), cwd=project.folder, env=environment(), stdout=theirs, stderr=subprocess.PIPE, check=False
    )
    os.close(theirs)
    assert (1, b"") == (ended.returncode, ended.stderr)


@pytest.mark.parametrize("gone", ["stderr", "stdout and stderr"])
@pytest.mark.parametrize(
    ("words", "exit_code"),
    [
        (("validate",), 1),
        (("nonsense",), 1),
        (("plan", "--out", ""), 1),
        (("plan", "nowhere"), 1),
        (("accounts",), 1),
        (("verify",), 1),
        (("state", "init"), 0),
    ],
    ids=str,
)
def test_a_reader_of_problems_that_hangs_up_changes_no_exit_code(
    project: Project, words: tuple[str, ...], exit_code: int, gone: str
) -> None:
    """When the reader of stderr has gone too, the exit code is still the program's own; of a lost result it is 1."""
    both = gone != "stderr"
    project.write_account("news", "kind: Nothing\n")
    ours, theirs = os.pipe()
    os.close(ours)
    ended = subprocess.run(
        command(*words),
        cwd=project.folder,
        env=environment(),
        stdout=theirs if both else subprocess.DEVNULL,
        stderr=theirs,
        check=False,
    )
    os.close(theirs)
    assert (exit_code or int(both)) == ended.returncode


def test_text_that_the_encoding_lacks_is_written_in_escapes(project: Project) -> None:
    """A terminal of an old encoding gets every result, what it cannot show as escapes."""
    project.write_account("news", marketing_account("news", metadata="title: Sprzedaż"))
    project.run_well("apply", "--auto-approve")
    shown = project.run_process("accounts", "show", "news", variables={"PYTHONIOENCODING": "ascii"})
    assert (0, "") == (shown.code, shown.err)
    assert "Sprzeda\\u017c" in shown.out


@pytest.mark.parametrize(
    "words", [("plan", "--out", "plan.json"), ("apply", "--auto-approve"), ("verify",)], ids=" ".join
)
@pytest.mark.parametrize("format_", ["text", "json"])
@pytest.mark.parametrize(
    ("number", "told"),
    [(signal.SIGINT, "Ctrl-C stopped"), (signal.SIGTERM, "(SIGTERM)"), (signal.SIGHUP, "(SIGHUP)")],
    ids=["SIGINT", "SIGTERM", "SIGHUP"],
)
def test_a_signal_ends_at_once(
    project: Project, words: tuple[str, ...], format_: str, number: signal.Signals, told: str
) -> None:
    """A signal while a silent server is waited for ends the command with 128 and its number, long before the server's time is up."""
    project.write_project("verification: {domainChecks: off, timeoutSeconds: 600}\n")
    before = project.state_file.read_bytes()
    with socket.create_server(("127.0.0.1", 0)) as silent:
        project.write_account("sales", own_account("sales", silent.getsockname()[1]))
        running = subprocess.Popen(
            command(*words, "--format", format_),
            cwd=project.folder,
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )
        silent.settimeout(30)
        connected, _ = silent.accept()
        running.send_signal(number)
        out, err = running.communicate(timeout=60)
        connected.close()
    assert 128 + number == running.returncode
    assert "Traceback" not in err
    if format_ == "json":
        problems = json.loads(out)["diagnostics"]
        assert [("interrupted", True)] == [(problem["code"], told in problem["detail"]) for problem in problems]
    else:
        assert (True, True, "") == ("nterrupted" in err, told in err, out)
    assert before == project.state_file.read_bytes()
    assert ["accounts.d", "reconciler.yaml", ".reconciler"] == [
        path.name
        for path in sorted(project.folder.iterdir(), key=lambda path: path.name[0] == ".")
        if not path.name.startswith("__")
    ]


def test_the_operator_is_taken_from_flag_variable_and_file(project: Project, server: MailServer) -> None:
    """The flag goes before the variable, and the variable before the project file."""
    project.write_account("sales", own_account("sales", server))
    project.run_well("verify", "--depth", "message")
    project.set_variable("RECONCILER_OPERATOR", "second@example.com")
    project.run_well("verify", "--depth", "message")
    project.run_well("verify", "--depth", "message", "--operator", "third@example.com")
    received = [message.recipients[0] for message in server.messages]
    assert [OPERATOR, "second@example.com", "third@example.com"] == received


def test_the_state_is_taken_from_flag_variable_and_file(project: Project) -> None:
    """The flag goes before the variable, and the variable before the project file."""
    project.set_variable("RECONCILER_STATE", "sqlite:///elsewhere/state.db")
    assert 1 == project.run("accounts", "list").code
    assert 0 == project.run("--state", "sqlite:///.reconciler/state.db", "accounts", "list").code


def test_the_project_folder_may_be_elsewhere(project: Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Manifests, state and keys are found from the project folder, wherever the command runs."""
    project.write_account("news", marketing_account("news"))
    monkeypatch.chdir(tmp_path)
    project.run_well("--project-dir", "mail", "apply", "--auto-approve")
    listed = project.run_well("--project-file", "mail/reconciler.yaml", "--project-dir", "mail", "accounts", "list")
    assert "news" in listed.out


@pytest.mark.parametrize("words", [("validate",), ("init",), ("state", "init"), ("check", "localhost")])
def test_a_working_folder_that_was_removed_is_explained(
    bare: Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, words: tuple[str, ...]
) -> None:
    """It is no fault of the program's; one that needs no folder there runs all the same."""
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    ended = bare.run(*words)
    assert "internalError" not in ended.err
    assert 0 == bare.run("--project-dir", str(bare.folder), "validate").code
    if words == ("validate",):
        assert (1, True) == (ended.code, "The folder that this command runs in was removed" in ended.err)


def test_a_state_folder_that_cannot_be_made_is_explained(bare: Project) -> None:
    """A file where the state's folder should be is an error in plain words."""
    (bare.folder / ".reconciler").write_text("", encoding="utf-8")
    told = bare.run("state", "init")
    assert (1, "") == (told.code, told.out)
    assert "fault in reconciler" not in told.err


def test_a_broken_fingerprint_key_is_explained(bare: Project) -> None:
    """A key file that holds no key is an error in plain words, and is not replaced."""
    bare.key_file.parent.mkdir()
    bare.key_file.write_text("no key\n", encoding="utf-8")
    told = bare.run("state", "init")
    assert (1, "") == (told.code, told.out)
    assert "fault in reconciler" not in told.err
    assert "no key\n" == bare.key_file.read_text(encoding="utf-8")


def test_a_lost_key_is_not_replaced_in_silence(project: Project) -> None:
    """Where state is there and its key is not, state init makes no other key."""
    project.key_file.unlink()
    told = project.run("state", "init")
    assert 1 == told.code
    assert not project.key_file.exists()


def test_a_path_that_is_not_even_looked_at_is_told(project: Project) -> None:
    """A name that is too long, as a folder that may not be entered, is no fault of ours: the path is told, and the reason."""
    path = "x" * 300
    for words in (
        ("state", "restore", path), ("state", "backup", path), ("import", path), ("import", f"msmtp:{path}"), ("init", path),
        ("check", "--from", path), ("state", "export", "--public", path), ("plan", "--out", path), ("report", "--out", path),
    ):  # fmt: skip
        told = project.run(*words)
        assert (1, False, True) == (
            told.code,
            "internalError" in told.err,
            "name too long" in " ".join(told.err.lower().split()),
        ), told


@pytest.mark.parametrize("end", ["\n", "\r", "\x85", "\u2028"])
def test_names_and_paths_stand_on_one_line(project: Project, end: str) -> None:
    """A line break in a name or a path is bad usage, told on one line; text such as a message's body may have some."""
    for words in (("accounts", "show", f"a{end}b"), ("plan", f"--out=x{end}y"), (f"a{end}b",)):
        refused = project.run(*words)
        assert (1, True) == (refused.code, "badUsage" in refused.err)
        assert "here is a line break: " in refused.err
        assert [] == [line for line in refused.err.splitlines() if line.strip() in {"b", "y"}]
    text = ("send", "x", "--contacts", "c.csv", "--subject", "S", "--body", "Hello,\nthere.")
    assert "badUsage" not in project.run(*text).err
    assert "badUsage" not in project.run("suspend", "x", "--reason=a\nb").err


@contextlib.contextmanager
def taking_nothing(monkeypatch: pytest.MonkeyPatch, name: str, stream: str, buffering: int = -1) -> Iterator[None]:
    """Have a standard stream be full, or closed by whoever starts the command."""
    octets: Any = open("/dev/full", "wb", buffering=buffering)  # noqa: PTH123, SIM115 - closed by what it becomes
    with (
        io.TextIOWrapper(octets, encoding="utf-8", write_through=not buffering) as full,
        monkeypatch.context() as patched,
    ):
        patched.setattr(f"sys.{name}", full if stream == "full" else None)
        yield


WRITERS = (
    ("--version",), ("plan", "--help"), ("accounts", "list"), ("accounts", "list", "--format", "json"), ("state", "backup", "-"),
    ("resolve", "news", "--contacts", "c.csv"), ("resolve", "news", "--contacts", "c.csv", "--format", "jsonl"),
)  # fmt: skip
"""Every way by which something is written to stdout: by click, as text, as JSON, as octets, and piece by piece."""


@pytest.mark.parametrize("is_buffered", [True, False])
@pytest.mark.parametrize("stream", ["full", "closed"])
def test_whatever_is_written_to_a_stdout_that_takes_nothing_is_told_as_lost(
    project: Project, monkeypatch: pytest.MonkeyPatch, stream: str, *, is_buffered: bool
) -> None:
    """By whichever way: the disk, or whoever closed the stream, is told as the cause, and never a fault of ours."""
    project.write_account("news", marketing_account("news"))
    project.run_well("apply", "--auto-approve", "--depth", "offline")
    (project.folder / "c.csv").write_text("email\n" + "anna@example.com\n" * 2000, encoding="utf-8")
    for words in WRITERS:
        with taking_nothing(monkeypatch, "stdout", stream, buffering=-1 if is_buffered else 0):
            told = project.run(*words)
        assert (1, ["outputNotWritten"]) == (told.code, re.findall(r"\[(\w+)\]", told.err)), words


@pytest.mark.parametrize("stream", ["full", "closed"])
def test_a_stderr_that_takes_nothing_changes_no_result(
    project: Project, monkeypatch: pytest.MonkeyPatch, stream: str
) -> None:
    """A remark that nobody can be told is lost; the result and the exit code stand."""
    project.write_account("news", marketing_account("news"))
    project.run_well("apply", "--auto-approve", "--depth", "offline")
    for words in (("plan", "--depth", "offline"), ("accounts", "show", "nobody"), ("nonsense",)):
        usual = project.run(*words)
        assert usual.err
        with taking_nothing(monkeypatch, "stderr", stream):
            told = project.run(*words)
        assert (usual.code, usual.out, "") == (told.code, told.out, told.err)


@pytest.mark.parametrize(
    "words",
    [
        ("resolve", "news", "--contacts", "-"), ("import", "msmtp:-"), ("apply",), ("show", "-"), ("check", "--host", "mail.invalid"),
    ],
    ids=" ".join,
)  # fmt: skip
def test_a_closed_stdin_is_one_that_gives_nothing(
    project: Project, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    """Whoever starts a command without any input is told what is missing."""
    project.write_account("news", marketing_account("news"))
    project.run_well("apply", "--auto-approve", "--depth", "offline")
    project.write_account("more", marketing_account("more"))
    monkeypatch.setattr("sys.stdin", None)
    told = project.run(*words)
    assert told.code
    assert "[internalError]" not in told.err


EMPTY = (
    *(("--state", "", "accounts", "list"), ("--state=", "accounts", "list"), ("--project-dir", "", "validate")),
    *(
        ("show", ""),
        ("apply", ""),
        ("apply", "--reviewed", ""),
        ("suspend", "", "--reason", "x"),
        ("plan", "--out", ""),
    ),
    *(("plan", "--target="), ("report", "--out", ""), ("state", "backup", ""), ("journal", "check", "--head", "")),
    *(("check", ""), ("plan", "--operator", ""), ("resolve", "x", "--contacts", ""), ("--", "")),
)


@pytest.mark.parametrize("words", EMPTY, ids=" ".join)
def test_an_empty_word_is_told_as_a_variable_that_is_not_set(project: Project, words: tuple[str, ...]) -> None:
    """Nothing is taken in its place: neither the folder that the script is in, nor another state, nor an account called nothing."""
    told = project.run(*words)
    assert (1, "") == (told.code, told.out)
    assert "An empty word was given" in told.err
    assert "If it comes from a variable" in " ".join(told.err.split())
    way = told.err.splitlines()[-1].split()
    known = [word for word in words if word and not word.startswith("-") and word not in {"x", "a.json"}]
    assert ["reconciler", *known[: len(way) - 2], "--help"] == way, "the help of the command that was called"
    assert 0 == project.run(*way[1:]).code


@pytest.mark.parametrize(
    ("words", "path"),
    [
        (("suspend", ""), "suspend"),
        (("--project-dir", "plan", "suspend", ""), "suspend"),
        (("--project-dir=plan", "accounts", "show", ""), "accounts show"),
        (("accounts", "", "show"), "accounts"),
        (("consumers", "show", ""), "consumers show"),
        (("--state", "", "plan"), "plan"),
        (("", "plan"), ""),
    ],
)
def test_an_empty_word_names_the_help_of_its_own_command(bare: Project, words: tuple[str, ...], path: str) -> None:
    """The help that is named is that of the command that was called, whatever general options stand before it."""
    assert f"    reconciler {path} --help".replace("  --help", " --help") in bare.run(*words).err.splitlines()[-1]


@pytest.mark.parametrize(
    "words",
    [
        ("show",), ("apply",), ("state", "restore"), ("state", "backup"), ("resolve", "x", "--contacts"), ("suspend", "--reason", "x"),
        ("--project-file",), ("--project-dir",), ("accounts", "show"), ("import",), ("check", "--from"), ("report", "--out"),
        ("plan", "--env-file"), ("--state",),
    ],
    ids=" ".join,
)  # fmt: skip
@pytest.mark.parametrize("scheme", ["smtp", "postgresql", "HTTPS"])
def test_a_password_in_an_address_is_never_repeated(project: Project, words: tuple[str, ...], scheme: str) -> None:
    """Whatever takes something else there, and whichever command: it is refused without a word of it."""
    last = () if words[-1] not in {"--project-file", "--project-dir", "--state"} else ("accounts", "list")
    told = project.run(*words, f"{scheme}://anna:correct-horse-battery@db.invalid/x", *last)
    assert 1 == told.code
    assert "correct" not in told.out + told.err


def test_text_and_what_is_searched_for_may_be_empty(project: Project) -> None:
    """Text is looked at by those who take it, and everything has nothing in it."""
    project.write_account("news", marketing_account("news"))
    project.run_well("apply", "--auto-approve", "--depth", "offline", "--actor", "")
    assert "news" in project.run_well("accounts", "list", "--search", "").out
    assert "[reasonInvalid]" in project.run("suspend", "news", "--reason", "").err
    assert "not an empty text" in project.run("apply", "--auto-approve", "--override-verification=").err


@pytest.mark.parametrize("words", [(), ("accounts",), ("accounts", "add"), ("state",), ("journal",)], ids=" ".join)
def test_a_group_without_a_command_shows_its_help(bare: Project, words: tuple[str, ...]) -> None:
    """Somebody who types no command reads the help as it is laid out, and a script gets 1."""
    told = bare.run(*words)
    assert (1, "") == (told.code, told.out)
    assert bare.run_well(*words, "--help").out == told.err


@pytest.mark.parametrize("words", [("completion",), ("schema",)], ids=" ".join)
def test_choices_of_a_missing_argument_are_a_sentence(bare: Project, words: tuple[str, ...]) -> None:
    """What may be chosen is told on one line, without a line break of click's written out."""
    told = bare.run(*words)
    assert (1, "") == (told.code, told.out)
    assert re.search(r"Choose from: \w+, \w+", told.err)
    assert "\\n" not in told.err


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_full_disk_is_told_and_what_was_done_stands(project: Project, form: str) -> None:
    """Where stdout takes nothing, no fault of ours is claimed and no change is denied: it says where to look."""
    project.write_account("news", marketing_account("news"))
    with open("/dev/full", "wb") as full:  # noqa: PTH123 - a device
        told = subprocess.run(
            command("apply", "--auto-approve", "--format", form),
            cwd=project.folder,
            env=environment(),
            stdout=full,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            timeout=60,
            check=False,
        )
    assert 1 == told.returncode
    assert "[outputNotWritten]" in told.stderr
    assert "no space left on device" in told.stderr
    assert "    reconciler history\n" in told.stderr
    assert "Traceback" not in told.stderr
    assert ("news" in project.statuses()) == (form == "json")


def test_a_stream_that_nobody_else_holds_stays_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever runs the program in a process of his own may have put a file in the place of an output."""
    out, err = tmp_path / "out", tmp_path / "err"
    with monkeypatch.context() as replaced:
        replaced.setattr("sys.stdout", out.open("w", encoding="utf-8"))
        replaced.setattr("sys.stderr", err.open("w", encoding="utf-8"))
        for _ in range(2):
            assert 0 == run(["explain", "--help"])
            assert 1 == run(["explain", "--wrong"])
        for stream in (sys.stdout, sys.stderr):
            stream.close()
            stream.buffer.raw.in_place_of.close()  # type: ignore[union-attr]
    assert 2 == out.read_text(encoding="utf-8").count("Usage:")
    assert 2 == err.read_text(encoding="utf-8").count("[badUsage]")


EXHAUSTED = {
    "memory": MemoryError(),
    "threads": RuntimeError("can't start new thread"),
    "open files": OSError(errno.EMFILE, "Too many open files"),
}


@pytest.mark.parametrize("lacking", EXHAUSTED)
@pytest.mark.parametrize("is_reason", [False, True], ids=["itself", "the reason"])
def test_what_the_system_gives_no_more_of_is_told(
    project: Project, monkeypatch: pytest.MonkeyPatch, lacking: str, *, is_reason: bool
) -> None:
    """It is no fault in reconciler, whether it comes as it is or as the reason of something else."""

    def fail(*_: object) -> None:
        if is_reason:
            raise ImportError from EXHAUSTED[lacking]
        raise EXHAUSTED[lacking]

    monkeypatch.setattr("reconciler.operations.validation.validate", fail)
    told = project.run("validate", "--format", "json")
    assert (1, ["resourcesExhausted"]) == (told.code, told.codes)
    assert f"The system gave no more {lacking}:" in told.document["diagnostics"][0]["detail"]


def test_a_limit_on_memory_is_told(project: Project) -> None:
    """Where a process may have hardly more memory than it has, not even a thread can be begun."""
    project.write_account("news", marketing_account("news"))
    program = (
        "import resource, sys\n"
        "from pathlib import Path\n"
        "from reconciler.cli.edge import run\n"
        "run(['validate'])\n"
        "has = int(Path('/proc/self/statm').read_text().split()[0]) * resource.getpagesize()\n"
        "resource.setrlimit(resource.RLIMIT_AS, (has + (6 << 20), has + (6 << 20)))\n"
        "raise SystemExit(run(['plan']))\n"
    )
    told = subprocess.run(
        [sys.executable, "-c", program],
        cwd=project.folder,
        env=environment(),
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert 1 == told.returncode
    assert "[resourcesExhausted]" in told.stderr
