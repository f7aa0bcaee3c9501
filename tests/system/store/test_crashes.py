"""Killed, or eight at once, on PostgreSQL: state is always what some prefix of the successful applies left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from reconciler.cli.edge import run
from tests.cli.project import command, environment
from tests.system import test_crashes as crashes
from tests.system.test_crashes import (
    after,
    moments,
    opened,
    replayed,
    reported_revision,
    require_prefix,
    start_apply,
    wait,
    write_one,
    write_round,
)

if TYPE_CHECKING:
    import random
    from collections.abc import Callable
    from pathlib import Path

    import psycopg

    from tests.system.support.postgres import PostgresServer

__all__ = ["moments"]

KILLS = 40
ENDED_SESSIONS = 12
PROCESSES = 8
ROUNDS = 6
STOPPED_KEY = "k" * 40


@pytest.fixture
def folder(tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Path:
    """Return a project with a state in PostgreSQL, whose accounts need no server."""
    monkeypatch.setattr(crashes, "STATE", url)
    place = tmp_path / "mail"
    (place / "accounts.d").mkdir(parents=True)
    lines = (
        "apiVersion: reconciler/v1", "kind: Project", "metadata: {name: mail}", f"state: {url}",
        "secrets: {fingerprintKey: {env: RECONCILER_FINGERPRINT_KEY}}", "verification: {domainChecks: off}",
    )  # fmt: skip
    (place / "reconciler.yaml").write_text("\n".join([*lines, ""]), encoding="utf-8")
    for name in [each for each in os.environ if each.startswith(("RECONCILER_", "CI"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("RECONCILER_FINGERPRINT_KEY", STOPPED_KEY)
    assert run(["--project-dir", str(place), "state", "init"]) == 0
    capsys.readouterr()
    return place


@pytest.fixture
def is_writing(server: PostgresServer, schema: str) -> Callable[[psycopg.Connection[Any]], list[int]]:
    """Return a function that tells which sessions hold the write lock."""
    query = f"SELECT pid FROM pg_locks WHERE relation = '{schema}.state_format'::regclass AND mode = 'ExclusiveLock'"  # noqa: S608 - of this test

    def look(connection: psycopg.Connection[Any]) -> list[int]:
        return [row[0] for row in connection.execute(query + " AND granted")]

    return look


def wait_for_a_write(
    process: subprocess.Popen[str], look: Callable[[], list[int]], *, limit_seconds: float
) -> list[int]:
    """Wait until somebody holds the write lock, or the process has ended; return who does."""
    end = time.monotonic() + limit_seconds
    while process.poll() is None and time.monotonic() < end:
        if found := look():
            return found
    return []


def test_kills_at_random_moments(
    folder: Path,
    server: PostgresServer,
    moments: random.Random,
    is_writing: Callable[[psycopg.Connection[Any]], list[int]],
) -> None:
    """After each of 40 kills state is the old one or the new one, no lock is left, and what was reported is there.

    Half the kills fall anywhere in the run; the others while the process holds the write lock.
    """
    write_round(folder, 0)
    began = time.monotonic()
    start_apply(folder).communicate()
    usual_seconds = time.monotonic() - began
    serial, found = require_prefix(folder)
    assert (serial, found) == (1, "Round 0")
    killed = during_write = 0
    with server.connection() as connection:
        for round_ in range(1, KILLS + 1):
            write_round(folder, round_)
            applying = start_apply(folder)
            if round_ % 2:
                wait(applying, moments.uniform(0.3, 1.5) * usual_seconds)
            else:
                writers = wait_for_a_write(applying, lambda: is_writing(connection), limit_seconds=10 * usual_seconds)
                during_write += bool(writers)
                wait(applying, moments.uniform(0.0, 0.2))
            killed += applying.poll() is None
            applying.send_signal(signal.SIGKILL)
            reported = reported_revision(applying.communicate()[0])
            with opened(folder) as store, store.write():
                pass  # the lock is to be had
            now, round_found = require_prefix(folder)
            assert (now, round_found) in {(serial, found), (serial + 1, f"Round {round_}")}
            assert reported in {None, now}
            serial, found = now, round_found
    print(f"{killed} killed, {during_write} of them in a write, {serial} applied")  # noqa: T201 - the record
    assert killed > KILLS // 4
    assert during_write > 0
    assert serial > 1
    write_round(folder, KILLS + 1)
    assert reported_revision(start_apply(folder).communicate()[0]) is not None


def test_sessions_that_the_server_ends(
    folder: Path,
    server: PostgresServer,
    moments: random.Random,
    is_writing: Callable[[psycopg.Connection[Any]], list[int]],
) -> None:
    """Where the server ends the session in a write, the apply ends with 1 and an error, or it was applied."""
    write_round(folder, 0)
    start_apply(folder).communicate()
    serial, found = require_prefix(folder)
    codes = []
    with server.connection() as connection:
        for round_ in range(1, ENDED_SESSIONS + 1):
            write_round(folder, round_)
            applying = start_apply(folder)
            writers = wait_for_a_write(applying, lambda: is_writing(connection), limit_seconds=60)
            wait(applying, moments.uniform(0.0, 0.1))
            for each in writers:
                connection.execute("SELECT pg_terminate_backend(%s)", (each,))
            reported = reported_revision(applying.communicate()[0])
            codes.append(applying.returncode)
            now, round_found = require_prefix(folder)
            assert (now, round_found) in {(serial, found), (serial + 1, f"Round {round_}")}
            assert reported == (now if applying.returncode == 0 else None)
            serial, found = now, round_found
    print(f"codes {codes}")  # noqa: T201 - the record
    assert set(codes) <= {0, 1}
    assert 1 in codes


def test_eight_at_once(folder: Path) -> None:
    """Each of eight processes applies to its own account and to one that all share, some rounds each.

    Every apply is recorded as a revision of its own or ends with 5; replaying the revisions gives the state.
    """
    for number in range(PROCESSES):
        write_one(folder, f"own-{number}", "Round 0")
    write_one(folder, "shared", "Round 0")
    assert reported_revision(start_apply(folder).communicate()[0]) is not None
    workers = [_Worker(folder, number) for number in range(PROCESSES)]
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


class _Worker(threading.Thread):
    """One who applies again and again, each time as a process of its own."""

    def __init__(self, folder: Path, number: int) -> None:
        """Work on the account of a number."""
        super().__init__()
        self.number = number
        self.revisions: dict[int, str] = {}
        self.codes: list[int] = []
        self._folder = folder

    def run(self) -> None:
        """Declare another display name and apply it, every third time together with the shared account."""
        for round_ in range(1, ROUNDS + 1):
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


def test_a_stopped_writer_does_not_hold_the_lock_for_ever(
    folder: Path,
    url: str,
    server: PostgresServer,
    is_writing: Callable[[psycopg.Connection[Any]], list[int]],
) -> None:
    """The server ends the session of a process that stands still within a write; the others then go on."""
    program = (
        "import sys, os, signal, pathlib; from reconciler.store import open_store, postgres\n"
        "postgres.IDLE_SECONDS = 1\n"
        "with open_store(sys.argv[1], base=pathlib.Path('.'), project='mail') as store, store.write():\n"
        "    os.kill(os.getpid(), signal.SIGSTOP)\n"
    )
    environ = environment()
    stopped = subprocess.Popen([sys.executable, "-c", program, url], cwd=folder, env=environ, text=True)
    try:
        with server.connection() as connection:
            assert wait_for_a_write(stopped, lambda: is_writing(connection), limit_seconds=60)
            finished = subprocess.run(
                command("suspend", "nobody", "--reason", "x"), cwd=folder, env=environ, check=False
            )
            assert finished.returncode == 1
            with opened(folder) as store, store.write():
                pass  # the lock is to be had
    finally:
        stopped.kill()
        stopped.wait()
