"""Many conversations at once, within limits: overall, for each server, and for the whole run.

Each server has a queue of its targets and up to ``per_server`` lanes that work through it, so that one slow server
holds up nobody else. The lanes run on daemon threads: Ctrl-C ends the program at once, and since nothing is written
before all conversations are over, nothing is left half-written.

A conversation that is tried again waits in its lane and keeps its thread, one of ``concurrency``, meanwhile. One
server's pauses can take ``per_server`` threads at most, each for some seconds and never beyond the account's limit;
the other servers' lanes go on with the rest. So ``concurrency`` should be well above ``per_server``, as it is unless
the project file says otherwise.
"""

from __future__ import annotations

import queue
import threading
import time
from collections import defaultdict, deque
from dataclasses import field, replace
from typing import TYPE_CHECKING, Protocol

from reconciler.classes import Frozen, FrozenByName, dataclass
from reconciler.events import tell
from reconciler.model.text.domains import host_to_ascii
from reconciler.model.verification.evidence import CheckName, Observed, SkipCode, Verification, all_skipped
from reconciler.verification import USUAL_RETRIES, Finding, verify

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime

    from reconciler.model.verification.evidence import Check
    from reconciler.verification import Retries, Target

_CONNECTING: frozenset[CheckName] = frozenset({"dns", "proxy", "connect"})
_BEFORE_LOGIN: frozenset[CheckName] = frozenset({"greeting", "tls"})


_GRACE_SECONDS = 10.0
"""How much longer than the run's deadline conversations may take to end by themselves, farewells included."""


class Progress(Protocol):
    """Is told how far a run has come."""

    def __call__(self, done: int, total: int, name: str) -> None:
        """Take note: ``done`` of ``total`` accounts are verified, the last one is ``name``; empty at the beginning."""
        ...


class Limits(FrozenByName):
    """How much at once and how long; times in seconds."""

    concurrency: int
    per_server: int
    stop_server_after: int
    deadline_seconds: float


@dataclass
class _Lane:
    """One server's queue, shared by its lanes, and how many accounts in a row it did not serve."""

    waiting: deque[Target]
    failures: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)


class _Run(Frozen):
    lanes: queue.SimpleQueue[_Lane]
    done: queue.SimpleQueue[dict[str, Finding] | BaseException]
    limits: Limits
    ends_at: float
    now: Callable[[], datetime]
    retries: Retries


def converse(
    targets: Sequence[Target],
    limits: Limits,
    *,
    now: Callable[[], datetime],
    progress: Progress,
    retries: Retries = USUAL_RETRIES,
    take: Callable[[Mapping[str, Finding]], None] | None = None,
) -> dict[str, Finding]:
    """Return what was found, by account; every account of every target has a finding.

    ``take`` is handed each conversation's findings as soon as it is over, in the thread of the caller, so that they
    outlive an interruption.

    Once ``stop_server_after`` targets in a row could not connect to a server or had no answer, its others are skipped as
    ``serverDown``; once the run's deadline has passed, all others are skipped as ``deadline``.
    """
    if not targets:
        return {}
    ends_at = time.monotonic() + limits.deadline_seconds
    run = _Run(_lanes(targets, limits), queue.SimpleQueue(), limits, ends_at, now, retries)
    for started in range(min(limits.concurrency, run.lanes.qsize())):
        try:
            threading.Thread(target=_work, args=(run,), daemon=True, name="verification").start()
        except RuntimeError:  # the machine gives no more threads: those that it gave do all of the work
            if not started:
                raise
            break
    total = sum(len(target.senders) for target in targets)
    findings: dict[str, Finding] = {}
    progress(0, total, "")
    for _ in targets:
        try:
            found = run.done.get(timeout=max(0.0, ends_at + _GRACE_SECONDS - time.monotonic()))
        except queue.Empty:
            return findings | _left_over(targets, findings, now())
        if isinstance(found, BaseException):
            raise found
        findings.update(found)
        for name, finding in found.items():
            tell("verified", accounts=(name,), status=finding.verification.status)
        if take is not None:
            take(found)
        progress(len(findings), total, next(iter(found), ""))
    return findings


def _left_over(targets: Iterable[Target], findings: Mapping[str, Finding], at: datetime) -> dict[str, Finding]:
    """Return a finding for each account whose conversation did not end though its own limit should have ended it.

    Every wait has a limit; this is for what hangs where no limit reaches, such as inside the TLS library.
    """
    return {
        sender.name: _skipped(target, "deadline", at)
        for target in targets
        for sender in target.senders
        if sender.name not in findings
    }


def _lanes(targets: Iterable[Target], limits: Limits) -> queue.SimpleQueue[_Lane]:
    """Return the lanes, the first of every server before the second of any."""
    by_server: dict[tuple[str, int, str], deque[Target]] = defaultdict(deque)
    for target in targets:
        server = target.server
        way = server.proxy.way if server.proxy is not None else ""
        by_server[host_to_ascii(server.host), server.port, way].append(target)
    servers = [_Lane(waiting) for waiting in by_server.values()]
    lanes: queue.SimpleQueue[_Lane] = queue.SimpleQueue()
    for nth in range(limits.per_server):
        for lane in servers:
            if nth < len(lane.waiting):
                lanes.put(lane)
    return lanes


def _work(run: _Run) -> None:
    while True:
        try:
            lane = run.lanes.get_nowait()
        except queue.Empty:
            return
        _drive(lane, run)


def _drive(lane: _Lane, run: _Run) -> None:
    while True:
        with lane.lock:
            if not lane.waiting:
                return
            target = lane.waiting.popleft()
            is_down = lane.failures >= run.limits.stop_server_after
        try:
            skip: SkipCode | None = "serverDown" if is_down else "deadline" if time.monotonic() >= run.ends_at else None
            run.done.put(_verify_one(target, lane, run, skip))
        except BaseException as fault:  # noqa: BLE001 - handed to the waiting thread, which raises it
            run.done.put(fault)


def _verify_one(target: Target, lane: _Lane, run: _Run, skip: SkipCode | None) -> dict[str, Finding]:
    if skip is not None:
        return {sender.name: _skipped(target, skip, run.now()) for sender in target.senders}
    remaining = max(1, int(run.ends_at - time.monotonic()))
    limited = replace(target, timeout_seconds=min(target.timeout_seconds, remaining), most_seconds=remaining)
    findings = verify(limited, now=run.now, retries=run.retries)
    was_not_served = all(any(map(_speaks_of_the_server, found.verification.checks)) for found in findings.values())
    with lane.lock:
        lane.failures = lane.failures + 1 if was_not_served else 0
    return findings


def _speaks_of_the_server(check: Check) -> bool:
    """Tell whether a check failed as it would for any account of a server that is down, overloaded or hanging.

    A server may take connections and say nothing: each of its accounts would then cost its whole time limit.
    """
    if check.status != "failed":
        return False
    is_unwell = check.check in _BEFORE_LOGIN and check.class_ == "transient"
    return check.check in _CONNECTING or is_unwell or check.code == "timedOut"


def _skipped(target: Target, code: SkipCode, at: datetime) -> Finding:
    server = target.server.place
    message = {
        "serverDown": f"{server} could not be reached or gave no answer for several accounts in a row, so it was not tried "
        "for this one. See what was found for those, and verify again.",
        "deadline": "The run's time was up (verification.deadlineSeconds), so this account was not verified.",
    }[code]
    checks = all_skipped(code, message)
    return Finding(Verification(status="failed", depth=target.depth, checked_at=at, checks=checks), Observed())
