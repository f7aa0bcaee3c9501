"""Many conversations at once: limits for each server and for the run, and an end to what cannot be reached."""

from __future__ import annotations

import contextlib
import resource
import socket
import threading
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from reconciler.model.verification.context import TestContext
from reconciler.operations.conversations import queue
from reconciler.operations.conversations.queue import Limits, converse
from reconciler.verification import Retries, Sender, Target
from tests.support.access import access_to
from tests.support.scripted import CLOSE, SILENCE, ScriptedServer, Wire, polite
from tests.verification.targets import QUICK

AT = datetime(2026, 1, 1, tzinfo=UTC)


def target(name: str, port: int) -> Target:
    """Return a conversation without login, as far as the greeting and EHLO."""
    sender = Sender(name=name, kind="OwnAccount", email="sales@example.com", display_name="Sales")
    return Target(
        access=access_to(host="127.0.0.1", port=port, encryption="none"),
        depth="connect",
        operator=None,
        senders=(sender,),
        timeout_seconds=10,
        context=TestContext(project="mail"),
    )


def limits(*, concurrency: int = 8, per_server: int = 2, stop_after: int = 3, deadline_seconds: float = 60) -> Limits:
    """Return limits, those that a test is not about being ample."""
    return Limits(
        concurrency=concurrency,
        per_server=per_server,
        stop_server_after=stop_after,
        deadline_seconds=deadline_seconds,
    )


def run(targets: list[Target], within: Limits) -> tuple[dict[str, str], dict[str, str | None], list[tuple[int, int]]]:
    """Return status and first check's code by account, and what progress was told."""
    told: list[tuple[int, int]] = []

    def note(done: int, total: int, name: str) -> None:
        told.append((done, total))

    found = converse(targets, within, now=lambda: AT, progress=note, retries=QUICK)
    statuses: dict[str, str] = {name: finding.verification.status for name, finding in found.items()}
    return statuses, {name: finding.verification.checks[0].code for name, finding in found.items()}, told


def test_nothing_to_verify_is_nothing_found() -> None:
    """Without targets no thread is started and nothing is told."""
    assert ({}, {}, []) == run([], limits())


def test_every_account_has_a_finding_and_progress_counts_them() -> None:
    """Each account is verified once, and progress counts from nothing to the total."""
    with ScriptedServer(polite({})) as server:
        statuses, _, told = run([target(f"n{number}", server.port) for number in range(7)], limits())
        assert 7 == server.connections
    assert {f"n{number}": "passed" for number in range(7)} == statuses
    assert [(done, 7) for done in range(8)] == told


def test_a_server_gets_no_more_connections_at_once_than_allowed() -> None:
    """However many threads there are, one server has at most per_server conversations at a time."""
    lock = threading.Lock()
    open_now: list[int] = [0, 0]

    def slow(wire: Wire) -> None:
        with lock:
            open_now[0] += 1
            open_now[1] = max(open_now)
        wire.wait_for_stop(0.05)
        with lock:
            open_now[0] -= 1
        polite({})(wire)

    with ScriptedServer(slow) as server:
        run([target(f"n{number}", server.port) for number in range(8)], limits(per_server=1))
    assert 1 == open_now[1]


def test_a_server_that_cannot_be_reached_is_given_up() -> None:
    """After so many accounts in a row the server's others are skipped and count as failed; other servers go on."""
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with ScriptedServer(polite({})) as server:
        targets = [target(f"n{number}", port) for number in range(5)] + [target("other", server.port)]
        statuses, codes, _ = run(targets, limits(per_server=1, stop_after=2))
    assert {**{f"n{number}": "failed" for number in range(5)}, "other": "passed"} == statuses
    assert ["n2", "n3", "n4"] == sorted(name for name, code in codes.items() if code == "serverDown")


@pytest.mark.parametrize(
    "replies",
    [
        pytest.param({"GREETING": SILENCE}, id="silent"),
        pytest.param({"GREETING": "421 4.7.0 too many connections"}, id="busy"),
        pytest.param({"EHLO": CLOSE}, id="closing"),
    ],
)
def test_a_server_that_takes_connections_and_serves_nobody_is_given_up(replies: dict[str, str]) -> None:
    """A server that is silent, busy or hanging up is given up too: eighty accounts do not wait for it in turn."""
    with ScriptedServer(polite(replies)) as server:
        targets = [replace(target(f"n{number}", server.port), timeout_seconds=1) for number in range(4)]
        statuses, codes, _ = run(targets, limits(per_server=1, stop_after=2))
    assert {f"n{number}": "failed" for number in range(4)} == statuses
    assert ["n2", "n3"] == sorted(name for name, code in codes.items() if code == "serverDown")


def test_refusing_one_account_does_not_give_up_the_server() -> None:
    """What a server says of an account counts for that account alone, however often."""
    with ScriptedServer(polite({"EHLO": "550 5.7.1 not with that name", "HELO": "550 5.7.1 no"})) as server:
        targets = [target(f"n{number}", server.port) for number in range(4)]
        _, codes, _ = run(targets, limits(per_server=1, stop_after=2))
    assert "serverDown" not in codes.values()


def test_what_the_deadline_cuts_off_has_failed() -> None:
    """Accounts that the run has no time for are told as such, and are not connected to."""
    with ScriptedServer(polite({})) as server:
        statuses, codes, _ = run([target("late", server.port)], limits(deadline_seconds=0))
        assert 0 == server.connections
    assert ({"late": "failed"}, {"late": "deadline"}) == (statuses, codes)


def test_a_server_in_a_pause_holds_up_nobody_else() -> None:
    """While one server's lane waits to try again, the other servers' accounts are verified to the last."""
    others_done = threading.Event()
    order: list[str] = []

    def wait(_seconds: float) -> None:
        others_done.wait(10)

    def note(done: int, total: int, name: str) -> None:
        order.extend([name] if name else [])
        if sum(name.startswith("fine") for name in order) == 4:
            others_done.set()

    with ScriptedServer(polite({"GREETING": "421 busy"})) as busy, ScriptedServer(polite()) as fine:
        targets = [target(f"busy{number}", busy.port) for number in range(2)]
        targets += [target(f"fine{number}", fine.port) for number in range(4)]
        within = limits(concurrency=2, per_server=1)
        found = converse(targets, within, now=lambda: AT, progress=note, retries=Retries(least_seconds=0.0, pause=wait))
    assert {f"fine{number}" for number in range(4)} == set(order[:4])
    assert "It was tried 3 times." in found["busy0"].verification.model_dump_json()


def test_a_hostile_server_holds_up_nobody_else() -> None:
    """A server that says nothing costs its own accounts their time, and no other account anything."""
    order: list[str] = []

    def note(done: int, total: int, name: str) -> None:
        order.extend([name] if name else [])

    with ScriptedServer(polite({"GREETING": SILENCE})) as silent, ScriptedServer(polite()) as fine:
        targets = [replace(target(f"silent{number}", silent.port), timeout_seconds=1) for number in range(2)]
        targets += [target(f"fine{number}", fine.port) for number in range(6)]
        found = converse(targets, limits(concurrency=3), now=lambda: AT, progress=note, retries=QUICK)
    statuses = {name: finding.verification.status for name, finding in found.items()}
    assert {"failed"} == {status for name, status in statuses.items() if name.startswith("silent")}
    assert {f"fine{number}" for number in range(6)} == set(order[:6])


def test_the_threads_of_a_run_end_with_it() -> None:
    """After the last finding no thread goes on."""
    before = set(threading.enumerate())
    with ScriptedServer(polite({"GREETING": ["421 busy", "220 hello"]})) as server:
        run([target(f"n{number}", server.port) for number in range(6)], limits(per_server=4))
        for thread in set(threading.enumerate()) - before:
            if thread.name == "verification":
                thread.join(5)
    assert [] == [thread.name for thread in set(threading.enumerate()) - before]


def threads_to_be_had(wanted: int) -> int:
    """Return how many threads the machine gives at once, of so many at most; all of them have ended."""
    go_on, started = threading.Event(), []
    with contextlib.suppress(RuntimeError):
        for _ in range(wanted):
            thread = threading.Thread(target=go_on.wait)
            thread.start()
            started.append(thread)
    go_on.set()
    for thread in started:
        thread.join()
    return len(started)


def test_few_threads_do_all_of_the_work() -> None:
    """Where the machine gives fewer threads than may run, those that it gave verify every account."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    usual = threading.stack_size(256 << 20)
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    try:
        resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + (1000 << 20), hard))
        assert 1 <= threads_to_be_had(8) < 8
        statuses, _, _ = run([target(f"n{number}", port) for number in range(20)], limits(per_server=8, stop_after=99))
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
        threading.stack_size(usual)
    assert dict.fromkeys((f"n{number}" for number in range(20)), "failed") == statuses


def test_a_conversation_that_no_limit_reaches_does_not_hold_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where one conversation never ends, the run ends all the same, and its account counts as failed."""
    monkeypatch.setattr(queue, "_GRACE_SECONDS", 0.5)
    ended = threading.Event()

    def hang(_seconds: float) -> None:
        ended.wait(60)

    with ScriptedServer(polite({})) as good, ScriptedServer(polite({"GREETING": "421 4.3.2 later"})) as bad:
        targets = [target("good", good.port), target("bad", bad.port)]
        within = limits(deadline_seconds=3)
        retries = Retries(first_pause_seconds=0.01, pause=hang)
        found = converse(targets, within, now=lambda: AT, progress=lambda *_: None, retries=retries)
        ended.set()
    first = {name: (each.verification.status, each.verification.checks[0].code) for name, each in found.items()}
    assert {"good": ("passed", "ok"), "bad": ("failed", "deadline")} == first
