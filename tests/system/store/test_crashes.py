"""Killed, or eight at once, on PostgreSQL: state is always what some prefix of the successful applies left."""

from __future__ import annotations

import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

from reconciler.cli.edge import run
from tests.cli.project import command, environment
from tests.system.support.applying import (
    APPLY,
    opened,
    reported_revision,
    require_prefix,
    require_revisions_of_all,
    seconds_to_the_end,
    start_apply,
    wait,
    write_round,
)
from tests.system.support.forked import Forked

if TYPE_CHECKING:
    import random
    from collections.abc import Callable
    from pathlib import Path

    import psycopg

    from tests.system.support.postgres import PostgresServer

KILLS = 40
UNDISTURBED = KILLS // 4
ENDED_SESSIONS = 12
ROUNDS = 6
STOPPED_KEY = "k" * 40


@pytest.fixture
def folder(tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Path:
    """Return a project with a state in PostgreSQL, whose accounts need no server."""
    place = tmp_path / "mail"
    (place / "accounts.d").mkdir(parents=True)
    lines = (
        "apiVersion: reconciler/v1", "kind: Project", "metadata: {name: mail}", f"state: {url}",
        "secrets: {fingerprintKey: {env: RECONCILER_FINGERPRINT_KEY}}", "verification: {domainChecks: off}",
    )  # fmt: skip
    (place / "reconciler.yaml").write_text("\n".join([*lines, ""]), encoding="utf-8")
    monkeypatch.setenv("RECONCILER_FINGERPRINT_KEY", STOPPED_KEY)
    assert run(["--project-dir", str(place), "state", "init"]) == 0
    capsys.readouterr()
    return place


@pytest.fixture
def is_writing(server: PostgresServer, schema: str) -> Callable[[psycopg.Connection[Any]], list[int]]:
    """Return a function that tells which sessions hold the write lock."""
    query = f"SELECT pid FROM pg_locks WHERE relation = '{schema}.state_lock'::regclass AND mode = 'ExclusiveLock'"  # noqa: S608 - of this test

    def look(connection: psycopg.Connection[Any]) -> list[int]:
        return [row[0] for row in connection.execute(query + " AND granted")]

    return look


def wait_for_a_write(
    process: subprocess.Popen[str] | Forked, look: Callable[[], list[int]], *, limit_seconds: float
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

    Half the kills fall anywhere in the run; the others while the process holds the write lock. After every fourth
    kill a run may come to its end, which must be an apply, and tells how long a run takes by now.
    """
    write_round(folder, 0)
    usual_seconds = seconds_to_the_end(Forked(folder, *APPLY))
    serial, found = require_prefix(folder)
    assert (serial, found) == (1, "Round 0")
    killed = during_write = 0
    with server.connection() as connection:
        for round_ in range(1, KILLS + UNDISTURBED + 1):
            write_round(folder, round_)
            applying = Forked(folder, *APPLY)
            if round_ % 5 == 0:
                usual_seconds = seconds_to_the_end(applying)
                assert applying.returncode == 0
            elif round_ % 2:
                wait(applying, moments.uniform(0.0, 1.0) * usual_seconds)
            else:
                writers = wait_for_a_write(applying, lambda: is_writing(connection), limit_seconds=10 * usual_seconds)
                during_write += bool(writers)
                wait(applying, moments.uniform(0.0, 0.05))
            killed += applying.kill()
            reported = reported_revision(applying.output())
            with opened(folder) as store, store.write():
                pass  # the lock is to be had
            now, round_found = require_prefix(folder)
            assert (now, round_found) in {(serial, found), (serial + 1, f"Round {round_}")}
            assert reported in {None, now}
            serial, found = now, round_found
    print(f"{killed} killed, {during_write} of them in a write, {serial} applied")  # noqa: T201 - the record
    assert killed > KILLS // 4
    assert during_write > 0
    assert serial > UNDISTURBED


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
            wait(applying, moments.uniform(0.0, 0.1) * (round_ - 1) / ENDED_SESSIONS)  # the first at once
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
    require_revisions_of_all(folder, ROUNDS)


def test_a_stopped_writer_does_not_hold_the_lock_for_ever(
    folder: Path,
    url: str,
    server: PostgresServer,
    is_writing: Callable[[psycopg.Connection[Any]], list[int]],
) -> None:
    """The server ends the session of a process that stands still within a write; the others then go on."""
    program = (
        "import sys, os, signal, pathlib; from reconciler.store import open_store\n"
        "from reconciler.store.postgres import database\n"
        "database.IDLE_SECONDS = 1\n"
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
