"""Killed, out of room, or eight at once: state is always what some prefix of the successful applies left.

The moments are random; their seed is printed, and ``CRASH_SEED=N`` repeats them.
"""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import subprocess
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from reconciler.cli.edge import run
from tests.cli.project import own_account
from tests.kept import FIRST
from tests.system.support.applying import (
    APPLY,
    replace,
    reported_revision,
    require_prefix,
    require_revisions_of_all,
    seconds_to_the_end,
    start_apply,
    wait,
    write_round,
)
from tests.system.support.forked import Forked
from tests.system.support.processes import missing

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator
    from pathlib import Path

KILLS = 100
AMPLE_ROOM = 1024 * 1024
FULL_DISKS = 50
CARE_KILLS = 25
ROUNDS = 40
STATE = "sqlite:///state/state.db"
VERSION_1 = FIRST / "state-1.sql"


@pytest.fixture
def folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """Return a project with a state, whose accounts need no server."""
    place = tmp_path / "mail"
    (place / "accounts.d").mkdir(parents=True)
    project_file = f"apiVersion: reconciler/v1\nkind: Project\nmetadata: {{name: mail}}\nstate: {STATE}\n"
    (place / "reconciler.yaml").write_text(project_file + "verification: {domainChecks: off}\n", encoding="utf-8")
    assert run(["--project-dir", str(place), "state", "init"]) == 0
    capsys.readouterr()
    return place


@pytest.mark.parametrize("part", ["first", "second", "third"])
def test_kills_at_random_moments(folder: Path, moments: random.Random, part: str) -> None:
    """After each of 300 kills state is the old one or the new one, and what was reported as applied is there.

    Half the kills fall anywhere in the run; the others once the commit has begun, where most can go wrong. Each
    hundred has a state of its own: all that it holds is looked through after each kill.
    """
    hot = folder / "state" / "state.db-journal"
    write_round(folder, 0)
    usual_seconds = seconds_to_the_end(Forked(folder, *APPLY))
    serial, found = require_prefix(folder)
    assert (serial, found) == (1, "Round 0")
    killed = during_commit = 0
    for round_ in range(1, KILLS + 1):
        write_round(folder, round_)
        seen = written_at(hot)
        applying = Forked(folder, *APPLY)
        if round_ % 2:
            wait(applying, moments.uniform(0.0, usual_seconds))
        else:
            wait_for_change(applying, hot, seen, limit_seconds=10 * usual_seconds)
            wait(applying, moments.uniform(0.0, 0.01))
        is_running = applying.kill()
        reported = reported_revision(applying.output())
        during_commit += is_running and written_at(hot) not in {None, seen}
        killed += is_running
        now, round_found = require_prefix(folder)
        assert (now, round_found) in {(serial, found), (serial + 1, f"Round {round_}")}
        assert reported in {None, now}
        serial, found = now, round_found
    print(f"{killed} killed, {during_commit} of them with a hot journal, {serial} applied")  # noqa: T201 - the record
    assert killed > KILLS // 4
    assert during_commit > 0
    write_round(folder, KILLS + 1)
    assert reported_revision(start_apply(folder).communicate()[0]) is not None


def written_at(file: Path) -> int | None:
    """Return when a file was last written; None where there is none. A killed process may have left an old one."""
    try:
        return file.stat().st_mtime_ns
    except FileNotFoundError:
        return None


def wait_for_change(process: Forked, file: Path, seen: int | None, *, limit_seconds: float) -> None:
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
        Forked(folder, *APPLY).wait()
        serial, found = require_prefix(folder)
        for round_, room in enumerate(rooms, 1):
            write_round(folder, round_)
            with filled(place, room) if kind == "tmpfs" else nothing():
                size = (place / "state.db").stat().st_size
                limits = [size + room] if room == AMPLE_ROOM else [size, size + room, room]
                most_octets = None if kind == "tmpfs" else moments.choice(limits)
                applying = Forked(folder, *APPLY, most_octets=most_octets)
                assert applying.wait() in {0, 1}
                reported = reported_revision(applying.output())
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


def test_eight_at_once(folder: Path) -> None:
    """Each of eight processes applies to its own account and to one that all share, forty times.

    Every apply is recorded as a revision of its own or ends with 5; replaying the revisions gives the state.
    """
    require_revisions_of_all(folder, ROUNDS)


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
        is_early = is_killed(folder, variables, moments.uniform(0.4, 1.0) * usual_seconds, *words)
        killed += is_early
        usual_seconds *= 1.0 if is_early else 0.8  # the first run may have been slow
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
        is_early = is_killed(folder, {}, moments.uniform(0.4, 1.0) * usual_seconds, "migrate")
        killed += is_early
        usual_seconds *= 1.0 if is_early else 0.8
        run_well(folder, {}, "state", "migrate")
        run_well(folder, {}, "journal", "check")
    print(f"{killed} of {CARE_KILLS} killed")  # noqa: T201 - the record
    assert killed > 0


def is_killed(folder: Path, variables: dict[str, str], seconds: float, *words: str) -> bool:
    """Run a command of the state's care, kill it after so long, and tell whether it was still running."""
    working = Forked(folder, "state", *words, variables=variables)
    wait(working, seconds)
    return working.kill()


def timed(folder: Path, variables: dict[str, str], *words: str) -> float:
    """Run a command of the state's care, and return how many seconds it took."""
    working = Forked(folder, "state", *words, variables=variables)
    seconds = seconds_to_the_end(working)
    assert working.returncode == 0
    return seconds


def run_well(folder: Path, variables: dict[str, str], *words: str) -> str:
    """Run a command that must end with 0, and return what it printed."""
    done = Forked(folder, *words, variables=variables)
    assert done.wait() == 0, (words, done.output())
    return done.output()


def make_older(file: Path) -> None:
    """Put a state in place as version 1 wrote it."""
    for part in (file, file.with_name(file.name + "-journal")):
        part.unlink(missing_ok=True)
    with contextlib.closing(sqlite3.connect(file)) as database:
        database.executescript(VERSION_1.read_text(encoding="utf-8"))
