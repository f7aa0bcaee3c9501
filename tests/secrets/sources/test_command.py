"""Source commands: what they get, what they may give, and that nothing they do goes on for ever or gets out."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from reconciler.diagnostics import Diagnostic
from reconciler.programs import BASE_ENVIRONMENT
from reconciler.secrets.reader import COMMANDS_AT_ONCE
from tests.secrets.scripts import read, reader_of, script, source, why

CANARY = "canary-Command-9f3e"
PRINT = "sys.stdout.write(sys.argv[1])\n"


def test_the_key_is_an_argument(tmp_path: Path) -> None:
    """The key takes the place of {key}, in the middle of an argument too, and no shell looks at it."""
    show = script(tmp_path, "show", "print(sys.argv[1:])\n")
    reader = reader_of(tmp_path / "mail", {"vault": source(show, "-field=x", "kv/{key}", "{key}")})
    assert "['-field=x', 'kv/mail/sales@x:1', 'mail/sales@x:1']" == read(reader, "vault:mail/sales@x:1")


def test_a_value_is_output_without_one_newline(tmp_path: Path) -> None:
    """One final newline is not part of the value; spaces and letters beyond ASCII are."""
    show = script(tmp_path, "show", "sys.stdout.buffer.write(bytes.fromhex(sys.argv[1]))\n")
    reader = reader_of(tmp_path / "mail", {"vault": source(show, "{key}")})
    expected = {
        " gęślą ": " gęślą ",
        "one\n": "one",
        "two\r\n": "two",
        "\n": "[secretInvalid]",
        "two\nlines": "[secretInvalid]",
        "bell\a": "[secretInvalid]",
    }
    assert expected == {text: read(reader, f"vault:{text.encode().hex()}") for text in expected}
    assert "[secretInvalid]" == read(reader, "vault:ff00fe")


def test_nothing_is_an_empty_secret(tmp_path: Path) -> None:
    """A command that writes nothing gives no secret, though it ends well."""
    reader = reader_of(tmp_path / "mail", {"vault": source(script(tmp_path, "quiet", ""), "{key}")})
    assert "[secretInvalid]" == read(reader, "vault:a")


def test_little_of_the_environment_is_passed(tmp_path: Path) -> None:
    """The command gets the declared variables and what its source names, never the other secrets."""
    show = script(tmp_path, "show", "print(','.join(sorted(os.environ)))\n")
    given = {"PATH": "/usr/bin", "HOME": "/h", "LC_ALL": "C.UTF-8", "VAULT_ADDR": "x", "VAULT_TOKEN": "t"}
    withheld = {"SMTP_SALES_PASSWORD": CANARY, "RECONCILER_PLAN_KEY": CANARY, "AWS_SECRET": "a", "PYTHONPATH": "/evil"}
    sources = {"plain": source(show, "{key}"), "more": source(show, "{key}", environment=["AWS_*"])}
    reader = reader_of(tmp_path / "mail", sources, {**given, **withheld})
    assert ",".join(sorted(given)) == read(reader, "plain:a")
    assert ",".join(sorted([*given, "AWS_SECRET"])) == read(reader, "more:a")
    assert {"PATH", "HOME", "LANG", "VAULT_*"} <= set(BASE_ENVIRONMENT)


def test_it_runs_outside_the_project_without_input_or_terminal(tmp_path: Path) -> None:
    """The command's folder is the root, its standard input is empty, and it has a session of its own."""
    body = "print(os.getcwd(), repr(sys.stdin.read()), os.getsid(0) == os.getpid())\n"
    reader = reader_of(tmp_path / "mail", {"vault": source(script(tmp_path, "where", body), "{key}")})
    assert "/ '' True" == read(reader, "vault:a")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("sys.exit(3)", "exit code 3"),
        ("os.kill(os.getpid(), signal.SIGTERM)", "signal 15"),
        ("time.sleep(60)", "had not ended after 1 s"),
        ("signal.signal(signal.SIGTERM, signal.SIG_IGN)\ntime.sleep(60)", "had not ended after 1 s"),
        ("os.close(1)\nos.close(2)\ntime.sleep(60)", "had not ended after 1 s"),
        ("while True: sys.stdout.write('x' * 65536)", "more than 64 KiB"),
        ("while True: print('x', flush=True); time.sleep(0.01)", "had not ended after 1 s"),
    ],
    ids=["fails", "is killed", "hangs", "ignores SIGTERM", "closes its output", "floods", "drips"],
)
def test_a_command_that_misbehaves_is_a_problem(tmp_path: Path, body: str, expected: str) -> None:
    """It ends in time with the reason and the command to try, and nothing that it wrote is told."""
    noise = f"sys.stderr.write('{CANARY}')\nsys.stdout.write('{CANARY}')\nsys.stdout.flush()\n"
    reader = reader_of(tmp_path / "mail", {"vault": source(script(tmp_path, "bad", noise + body), "{key}")})
    assert "[secretSourceFailed]" == read(reader, "vault:a")
    detail = why(reader, "vault:a")
    assert (True, False) == (expected in detail, CANARY in detail)
    assert f"\n    {tmp_path}/bad a" in detail


@pytest.mark.parametrize("ending", ["time.sleep(60)", "print('value', flush=True)"], ids=["hangs", "ends"])
def test_what_a_command_has_started_ends_with_it(tmp_path: Path, ending: str) -> None:
    """Children in the command's process group are killed with it, whether it was stopped or has ended."""
    pids = tmp_path / "pids"
    body = (
        "child = os.fork()\n"
        "if child == 0:\n"
        "    os.close(1)\n"
        f"    open({str(pids)!r}, 'w').write(str(os.getpid()))\n"
        "    time.sleep(60)\n"
        f"while not os.path.exists({str(pids)!r}) or not open({str(pids)!r}).read(): time.sleep(0.005)\n"
    )
    forking = source(script(tmp_path, "fork", body + ending), "{key}", timeoutSeconds=3)
    read(reader_of(tmp_path / "mail", {"vault": forking}), "vault:a")
    child = int(pids.read_text(encoding="ascii"))
    if psutil.pid_exists(child):
        psutil.wait_procs([psutil.Process(child)], timeout=10)
    assert not psutil.pid_exists(child) or psutil.Process(child).status() == psutil.STATUS_ZOMBIE


def test_a_child_that_holds_the_output_is_not_waited_for(tmp_path: Path) -> None:
    """A child that left the group and keeps the output open ends the reading when the time is up."""
    pids = tmp_path / "pids"
    body = (
        "child = os.fork()\n"
        "if child == 0:\n"
        "    os.setsid()\n"
        "    time.sleep(60)\n"
        "else:\n"
        f"    open({str(pids)!r}, 'w').write(str(child))\n"
        "    print('value')\n"
    )
    reader = reader_of(tmp_path / "mail", {"vault": source(script(tmp_path, "escape", body), "{key}")})
    assert "[secretSourceFailed]" == read(reader, "vault:a")
    child = psutil.Process(int(pids.read_text(encoding="ascii")))
    is_left = child.is_running() and child.status() != psutil.STATUS_ZOMBIE
    child.kill()
    assert is_left


@pytest.mark.parametrize(
    ("program", "expected"),
    [
        ("no-such-program", "no such program"),
        ("/etc", "no such program"),
        ("./tool", "bare name or by an absolute path"),
        ("bin/tool", "bare name or by an absolute path"),
    ],
)
def test_a_program_that_cannot_be_run_is_a_problem(tmp_path: Path, program: str, expected: str) -> None:
    """What is no program, or would be found only from the project folder, is told."""
    reader = reader_of(tmp_path / "mail", {"vault": source(program, "{key}")}, {"PATH": "/usr/bin:."})
    assert expected in why(reader, "vault:a")


def test_a_program_in_the_project_is_not_run(tmp_path: Path) -> None:
    """A pull request could replace it, whether it is named outright, found on the path, or linked from outside."""
    folder = tmp_path / "mail"
    folder.mkdir()
    inside = script(folder, "tool", "print('taken')\n")
    (tmp_path / "linked").symlink_to(inside)
    sources = {
        "outright": source(inside, "{key}"),
        "found": source("tool", "{key}"),
        "linked": source(str(tmp_path / "linked"), "{key}"),
    }
    reader = reader_of(folder, sources, {"PATH": str(folder)})
    assert ["checkout"] * 3 == [
        "checkout" if "lies in the checkout" in why(reader, f"{name}:a") else "-" for name in sources
    ]


def test_each_key_is_read_once_a_run(tmp_path: Path) -> None:
    """A second reading runs nothing, after a failure either."""
    log = tmp_path / "log"
    body = f"open({str(log)!r}, 'a').write(sys.argv[1] + ' ')\nsys.exit(sys.argv[1] == 'bad')\n"
    reader = reader_of(tmp_path / "mail", {"vault": source(script(tmp_path, "count", "print('v')\n" + body), "{key}")})
    for _ in range(2):
        reader.read(["vault:a", "vault:bad"])
    assert ["a", "bad"] == sorted(log.read_text(encoding="ascii").split())


def test_commands_run_side_by_side_within_a_limit(tmp_path: Path) -> None:
    """As many commands as are allowed at once run at once, and no more."""
    gate = tmp_path / "gate"
    gate.mkdir()
    body = (
        f"gate = {str(gate)!r}\n"
        "open(os.path.join(gate, sys.argv[1]), 'w').close()\n"
        f"while len(os.listdir(gate)) < {COMMANDS_AT_ONCE}: time.sleep(0.01)\n"
        "print('value')\n"
    )
    waiting = source(script(tmp_path, "wait", body), "{key}", timeoutSeconds=30)
    reader = reader_of(tmp_path / "mail", {"vault": waiting})
    reading = reader.read([f"vault:k{number}" for number in range(COMMANDS_AT_ONCE)])
    assert (COMMANDS_AT_ONCE, {}) == (len(reading.values), reading.problems)


def test_an_interrupt_ends_what_runs(tmp_path: Path) -> None:
    """Ctrl-C while commands run ends the program at once and leaves none of them behind."""
    pids = tmp_path / "pid"
    hanging = script(tmp_path, "hang", f"open({str(pids)!r}, 'w').write(str(os.getpid()))\ntime.sleep(60)\n")
    program = (
        "import sys; from pathlib import Path\n"
        "from tests.secrets.scripts import reader_of, source\n"
        f"reader = reader_of(Path({str(tmp_path / 'mail')!r}), "
        f"{{'vault': source({hanging!r}, '{{key}}', timeoutSeconds=60)}})\n"
        "try:\n    reader.read(['vault:a'])\nexcept KeyboardInterrupt:\n    sys.exit(130)\n"
    )
    running = subprocess.Popen([sys.executable, "-c", program], start_new_session=True)
    while not (pids.exists() and pids.read_text(encoding="ascii")):
        assert running.poll() is None
        time.sleep(0.01)
    running.send_signal(signal.SIGINT)
    assert 130 == running.wait(timeout=10)
    assert not psutil.pid_exists(int(pids.read_text(encoding="ascii")))


def test_no_descriptor_is_left_open(tmp_path: Path) -> None:
    """After many readings there are as many open files and threads as before."""
    reader = reader_of(tmp_path / "mail", {"vault": source(script(tmp_path, "show", PRINT), "{key}")})
    reader.read(["vault:first"])
    before = len(list(Path("/dev/fd").iterdir())), threading.active_count()
    reader.read([f"vault:k{number}" for number in range(10)])
    assert before == (len(list(Path("/dev/fd").iterdir())), threading.active_count())


@pytest.mark.parametrize("program", ["no-such-program", "/no/such/program", "bin/vault"])
def test_of_a_command_that_never_ran_no_output_is_spoken_of(tmp_path: Path, program: str) -> None:
    """It wrote nothing that could be hidden; the command is shown as it would be run."""
    reader = reader_of(tmp_path / "mail", {"vault": source(program, "{key}")})
    detail = why(reader, "vault:a")
    assert "standard error" not in detail
    assert detail.endswith(f"It reads\n    {program} a")


def test_what_was_typed_takes_the_place_of_a_failure(tmp_path: Path) -> None:
    """A value that a person gives stands for a source that failed, under the rules for every value."""
    reader = reader_of(tmp_path / "mail", {"vault": source("no-such-program", "{key}")})
    assert "[secretSourceFailed]" == read(reader, "vault:a")
    reader.take("vault:a", "typed\n")
    assert "typed" == read(reader, "vault:a")
    reader.take("vault:b", "two\nlines")
    assert isinstance(reader.read(["vault:b"]).problems["vault:b"], Diagnostic)


def test_an_interrupt_within_this_process_ends_what_runs(tmp_path: Path) -> None:
    """The reading thread's Ctrl-C stops the commands of the other threads, and is raised."""
    pids = tmp_path / "pid"
    hanging = script(tmp_path, "hang", f"open({str(pids)!r}, 'w').write(str(os.getpid()))\ntime.sleep(60)\n")
    reader = reader_of(tmp_path / "mail", {"vault": source(hanging, "{key}", timeoutSeconds=60)})
    me = threading.get_ident()

    def interrupt() -> None:
        while not (pids.exists() and pids.read_text(encoding="ascii")):
            time.sleep(0.01)
        signal.pthread_kill(me, signal.SIGINT)

    other = threading.Thread(target=interrupt)
    other.start()
    with pytest.raises(KeyboardInterrupt):
        reader.read(["vault:a"])
    other.join()
    assert not psutil.pid_exists(int(pids.read_text(encoding="ascii")))


def test_what_cannot_be_started_is_a_problem(tmp_path: Path) -> None:
    """An executable file that is no program is told with the system's reason."""
    broken = tmp_path / "broken"
    broken.write_bytes(b"\x7fELF nothing")
    broken.chmod(0o755)
    reader = reader_of(tmp_path / "mail", {"vault": source(str(broken), "{key}")})
    assert "cannot be started" in why(reader, "vault:a")
