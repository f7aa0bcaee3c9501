"""Killed, out of room, or eight at once: state is always what some prefix of the successful applies left.

The moments are random; their seed is printed, and ``CRASH_SEED=N`` repeats them.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import resource
import signal
import sqlite3
import subprocess
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from reconciler.cli.edge import run
from reconciler.store import open_store
from tests.cli.project import CHECKOUT, command, environment, marketing_account, own_account
from tests.system.support.processes import missing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from reconciler.model.recorded import Revision
    from reconciler.store import Store

KILLS = 300
AMPLE_ROOM = 1024 * 1024
FULL_DISKS = 50
CARE_KILLS = 25
PROCESSES = 8
TOGETHER_SECONDS = 60.0
ACCOUNTS = 40
STATE = "sqlite:///state/state.db"
VERSION_1 = CHECKOUT / "tests" / "store" / "version-1.sql"


@pytest.fixture
def moments() -> random.Random:
    """Return the source of moments."""
    seed = int(os.environ.get("CRASH_SEED") or random.SystemRandom().randrange(1_000_000))
    print(f"CRASH_SEED={seed}")  # noqa: T201 - shown with a failure
    return random.Random(seed)  # noqa: S311 - repeatable moments are wanted


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Path:
    """Return a project with a state, whose accounts need no server."""
    place = tmp_path / "mail"
    (place / "accounts.d").mkdir(parents=True)
    project_file = f"apiVersion: reconciler/v1\nkind: Project\nmetadata: {{name: mail}}\nstate: {STATE}\n"
    (place / "reconciler.yaml").write_text(project_file + "verification: {domainChecks: off}\n", encoding="utf-8")
    for name in [each for each in os.environ if each.startswith(("RECONCILER_", "CI"))]:
        monkeypatch.delenv(name)
    assert run(["--project-dir", str(place), "state", "init"]) == 0
    capsys.readouterr()
    return place


def names() -> list[str]:
    """Return the accounts' names."""
    return [f"news-{number:02}" for number in range(ACCOUNTS)]


def write_round(folder: Path, round_: int) -> None:
    """Declare every account with the display name of a round."""
    documents = (marketing_account(name).replace("Example News", f"Round {round_}") for name in names())
    replace(folder / "accounts.d" / "news.yaml", "---\n".join(documents))


def replace(path: Path, text: str) -> None:
    """Write a file whole, since others may be reading it."""
    draft = path.with_name(f".{path.name}.{threading.get_ident()}.draft")
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)


def start_apply(folder: Path, *words: str, before: Callable[[], None] | None = None) -> subprocess.Popen[str]:
    """Start an apply as a process of its own."""
    return subprocess.Popen(
        command("apply", "--auto-approve", "--format", "json", *words),
        cwd=folder,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        preexec_fn=before,  # noqa: PLW1509 - limits are set in the child, which has one thread
    )


def reported_revision(out: str) -> int | None:
    """Return the revision that an apply reported; None where it did not come to that."""
    try:
        document = json.loads(out)
    except ValueError:
        return None
    revision: int | None = document["revision"] if document.get("status") == "applied" else None
    return revision


@contextmanager
def opened(folder: Path) -> Iterator[Store]:
    """Open the state."""
    with open_store(STATE, base=folder, project="mail") as store:
        yield store


def require_prefix(folder: Path) -> tuple[int, str | None]:
    """Fail unless state is whole and its journal holds; return its serial and the round that all accounts are of."""
    with opened(folder) as store:
        state = store.read_state()
        assert store.check_journal().problems == ()
        revisions = store.revisions()
        assert [revision.revision for revision in revisions] == list(range(state.serial, 0, -1))
        assert len(store.journal()) == state.serial
    rounds = {(account.spec["displayName"], account.revision) for account in state.accounts.values()}
    if not state.serial:
        assert not rounds
        return 0, None
    assert sorted(state.accounts) == names()
    ((found, revision),) = rounds
    assert revision == state.serial
    return state.serial, found


def test_kills_at_random_moments(folder: Path, moments: random.Random) -> None:
    """After each of 300 kills state is the old one or the new one, and what was reported as applied is there.

    Half the kills fall anywhere in the run; the others once the commit has begun, where most can go wrong.
    """
    hot = folder / "state" / "state.db-journal"
    write_round(folder, 0)
    began = time.monotonic()
    start_apply(folder).communicate()
    usual_seconds = time.monotonic() - began
    serial, found = require_prefix(folder)
    assert (serial, found) == (1, "Round 0")
    killed = during_commit = 0
    for round_ in range(1, KILLS + 1):
        write_round(folder, round_)
        seen = written_at(hot)
        applying = start_apply(folder)
        if round_ % 2:
            wait(applying, moments.uniform(0.0, usual_seconds))
        else:
            wait_for_change(applying, hot, seen, limit_seconds=10 * usual_seconds)
            wait(applying, moments.uniform(0.0, 0.02))
        is_running = applying.poll() is None
        applying.send_signal(signal.SIGKILL)
        reported = reported_revision(applying.communicate()[0])
        during_commit += is_running and written_at(hot) not in {None, seen}
        killed += is_running
        now, round_found = require_prefix(folder)
        assert (now, round_found) in {(serial, found), (serial + 1, f"Round {round_}")}
        assert reported in {None, now}
        serial, found = now, round_found
    print(f"{killed} killed, {during_commit} of them with a hot journal, {serial} applied")  # noqa: T201 - the record
    assert killed > KILLS // 2
    assert during_commit > 0
    write_round(folder, KILLS + 1)
    assert reported_revision(start_apply(folder).communicate()[0]) is not None


def wait(process: subprocess.Popen[str], seconds: float) -> None:
    """Wait so long, or until the process has ended."""
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(seconds)


def written_at(file: Path) -> int | None:
    """Return when a file was last written; None where there is none. A killed process may have left an old one."""
    try:
        return file.stat().st_mtime_ns
    except FileNotFoundError:
        return None


def wait_for_change(process: subprocess.Popen[str], file: Path, seen: int | None, *, limit_seconds: float) -> None:
    """Wait until a file has been written since it was ``seen``, or until the process has ended."""
    end = time.monotonic() + limit_seconds
    while process.poll() is None and time.monotonic() < end and written_at(file) in {None, seen}:
        time.sleep(0.0002)


@pytest.mark.parametrize("kind", ["tmpfs", "limit"])
def test_a_full_disk(folder: Path, moments: random.Random, kind: str) -> None:
    """Of 25 applies each with another little room, every one is recorded whole or not at all, and says which."""
    place = folder / "state"
    outcomes = set()
    rooms = [0, AMPLE_ROOM, *(moments.randrange(0, 400) * 1024 for _ in range(FULL_DISKS // 2 - 2))]
    with small_disk(place) if kind == "tmpfs" else nothing():
        write_round(folder, 0)
        start_apply(folder).communicate()
        serial, found = require_prefix(folder)
        for round_, room in enumerate(rooms, 1):
            write_round(folder, round_)
            with filled(place, room) if kind == "tmpfs" else nothing():
                size = (place / "state.db").stat().st_size
                limits = [size + room] if room == AMPLE_ROOM else [size, size + room, room]
                limit = None if kind == "tmpfs" else limited(moments.choice(limits))
                applying = start_apply(folder, before=limit)
                reported = reported_revision(applying.communicate()[0])
                assert applying.returncode in {0, 1}
                outcomes.add(applying.returncode)
            now, round_found = require_prefix(folder)
            expected = (serial + 1, f"Round {round_}") if applying.returncode == 0 else (serial, found)
            assert (now, round_found) == expected
            assert reported == (now if applying.returncode == 0 else None)
            serial, found = now, round_found
    assert outcomes == {0, 1}


@contextmanager
def nothing() -> Iterator[None]:
    """Do nothing."""
    yield


@contextmanager
def small_disk(place: Path) -> Iterator[None]:
    """Put what the folder holds onto a disk of two megabytes; skip, or in CI fail, where that may not be done."""
    held = {path.name: path.read_bytes() for path in place.iterdir() if path.is_file()}
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(place)], capture_output=True, check=False
    )
    if mounted.returncode:
        missing("a file system may not be mounted here")
    try:
        for name, content in held.items():
            (place / name).write_bytes(content)
            (place / name).chmod(0o600)
        yield
    finally:
        subprocess.run(["umount", str(place)], check=True)


@contextmanager
def filled(place: Path, room: int) -> Iterator[None]:
    """Fill the disk but for so many bytes."""
    filler = place / "filler"
    free = os.statvfs(place)
    filler.write_bytes(b"\0" * max(0, free.f_bavail * free.f_bsize - room))
    try:
        yield
    finally:
        filler.unlink()


def limited(size: int) -> Callable[[], None]:
    """Return what keeps a process from writing files beyond a size."""

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    return limit


def test_eight_at_once(folder: Path) -> None:
    """Each of eight processes applies to its own account and to one that all share, for a minute.

    Every apply is recorded as a revision of its own or ends with 5; replaying the revisions gives the state.
    """
    for number in range(PROCESSES):
        write_one(folder, f"own-{number}", "Round 0")
    write_one(folder, "shared", "Round 0")
    assert reported_revision(start_apply(folder).communicate()[0]) is not None
    end = time.monotonic() + TOGETHER_SECONDS
    workers = [_Worker(folder, number, end) for number in range(PROCESSES)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    reported = sorted(number for worker in workers for number in worker.revisions)
    codes = {code for worker in workers for code in worker.codes}
    print(f"{len(reported)} applied, {sum(worker.codes.count(5) for worker in workers)} stale")  # noqa: T201 - the record
    with opened(folder) as store:
        state, revisions, problems = store.read_state(), store.revisions(), store.check_journal().problems
        entries = len(store.journal())
    assert problems == ()
    assert codes <= {0, 5}
    assert reported == list(range(2, state.serial + 1))
    assert entries == state.serial
    assert replayed(revisions) == {name: account.spec["displayName"] for name, account in state.accounts.items()}
    last = {revision.revision: revision for revision in revisions}
    for worker in workers:
        for number, display_name in worker.revisions.items():
            assert display_name in after(last[number], f"own-{worker.number}")
    assert all(worker.revisions for worker in workers)


def write_one(folder: Path, name: str, display_name: str) -> None:
    """Declare one account."""
    replace(folder / "accounts.d" / f"{name}.yaml", marketing_account(name).replace("Example News", display_name))


def after(revision: Revision, name: str) -> list[str]:
    """Return what a revision made an account's display name."""
    return [
        field["after"]
        for change in revision.changes
        if change["name"] == name
        for field in change["fields"]
        if field["path"] == "spec.displayName"
    ]


def replayed(revisions: tuple[Revision, ...]) -> dict[str, str]:
    """Return the display names that the revisions, from the first on, come to."""
    names: dict[str, str] = {}
    for revision in reversed(revisions):
        for change in revision.changes:
            name = change["name"]
            names[name] = [names.get(name, ""), *after(revision, name)][-1]
    return names


class _Worker(threading.Thread):
    """One who applies again and again, each time as a process of its own."""

    def __init__(self, folder: Path, number: int, end: float) -> None:
        """Work until ``end`` on a clock that does not go back."""
        super().__init__()
        self.number = number
        self.revisions: dict[int, str] = {}
        self.codes: list[int] = []
        self._folder = folder
        self._end = end

    def run(self) -> None:
        """Declare another display name and apply it, every third time together with the shared account."""
        round_ = 0
        while time.monotonic() < self._end:
            round_ += 1
            display_name = f"Round {round_} of {self.number}"
            write_one(self._folder, f"own-{self.number}", display_name)
            words = ["--target", f"own-{self.number}"]
            if round_ % 3 == 0:
                write_one(self._folder, "shared", display_name)
                words += ["--target", "shared"]
            applying = start_apply(self._folder, *words)
            reported = reported_revision(applying.communicate()[0])
            self.codes.append(applying.returncode)
            if reported is not None:
                self.revisions[reported] = display_name


@pytest.mark.parametrize("words", [("rekey",), ("restore", "backup.db", "--allow-older")], ids=lambda each: each[0])
def test_kills_of_the_state_s_care(folder: Path, moments: random.Random, words: tuple[str, ...]) -> None:
    """After each of 25 kills the journal holds, the key is the state's, and the next plan is empty."""
    variables = {"SMTP_SALES_PASSWORD": "correct-horse"}
    replace(folder / "accounts.d" / "sales.yaml", own_account("sales", 2525))
    override = ("--override-verification", "sales=there is no server here")
    run_well(folder, variables, "apply", "--auto-approve", *override)
    run_well(folder, variables, "state", "backup", "backup.db")
    usual_seconds = timed(folder, variables, *words)
    killed = 0
    for _ in range(CARE_KILLS):
        killed += is_killed(folder, variables, moments.uniform(0.4, 1.1) * usual_seconds, *words)
        run_well(folder, variables, "journal", "check")
        planned = json.loads(run_well(folder, variables, "plan", "--format", "json"))
        assert planned["status"] == "empty"
        codes = {each["code"] for each in planned["diagnostics"]}
        assert not codes & {"fingerprintKeyChanged", "fingerprintKeyMissing"}
    print(f"{killed} of {CARE_KILLS} killed")  # noqa: T201 - the record
    assert killed > 0


def test_kills_of_a_migration(folder: Path, moments: random.Random) -> None:
    """After each of 25 kills the state is of the old version or of the new one, and migrating it then works."""
    file = folder / "state" / "state.db"
    make_older(file)
    usual_seconds = timed(folder, {}, "migrate")
    killed = 0
    for _ in range(CARE_KILLS):
        make_older(file)
        killed += is_killed(folder, {}, moments.uniform(0.4, 1.1) * usual_seconds, "migrate")
        run_well(folder, {}, "state", "migrate")
        run_well(folder, {}, "journal", "check")
    print(f"{killed} of {CARE_KILLS} killed")  # noqa: T201 - the record
    assert killed > 0


def is_killed(folder: Path, variables: dict[str, str], seconds: float, *words: str) -> bool:
    """Run a command of the state's care, kill it after so long, and tell whether it was still running."""
    working = subprocess.Popen(
        command("state", *words),
        cwd=folder,
        env=environment(variables),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    with contextlib.suppress(subprocess.TimeoutExpired):
        working.wait(seconds)
    is_running = working.poll() is None
    working.send_signal(signal.SIGKILL)
    working.wait()
    return is_running


def timed(folder: Path, variables: dict[str, str], *words: str) -> float:
    """Run a command of the state's care, and return how many seconds it took."""
    began = time.monotonic()
    run_well(folder, variables, "state", *words)
    return time.monotonic() - began


def run_well(folder: Path, variables: dict[str, str], *words: str) -> str:
    """Run a command that must end with 0, and return what it printed."""
    done = subprocess.run(
        command(*words), cwd=folder, env=environment(variables), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, (words, done.stdout, done.stderr)
    return done.stdout


def make_older(file: Path) -> None:
    """Put a state in place as version 1 wrote it."""
    for part in (file, file.with_name(file.name + "-journal")):
        part.unlink(missing_ok=True)
    with contextlib.closing(sqlite3.connect(file)) as database:
        database.executescript(VERSION_1.read_text(encoding="utf-8"))
