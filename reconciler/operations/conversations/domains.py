"""Domain checks for many accounts: each question about a domain is asked once in a run, several domains at once.

The questions run on daemon threads, so Ctrl-C ends the program at once; nothing is written meanwhile.
"""

from __future__ import annotations

import queue
import threading
import time
from typing import TYPE_CHECKING

from reconciler.model.verification.evidence import DOMAIN_CHECKS, status_of
from reconciler.verification.domains import (
    Examination,
    Lookups,
    Question,
    domain_checks,
    domains_asked,
    examine,
    skipped_domain_checks,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    from reconciler.model.verification.evidence import Check, CheckName, Evidence
    from reconciler.operations.conversations.targets import Subject
    from reconciler.operations.workspace import Workspace

_MOST_THREADS = 16
_OFF = "Not made: verification.domainChecks in reconciler.yaml is off."
_OFFLINE = "Not made: the verification goes to depth offline."


def with_domain_checks(
    subjects: Sequence[Subject], evidence: Mapping[str, Evidence], workspace: Workspace, *, since: datetime
) -> dict[str, Evidence]:
    """Return the evidence with the domain checks of every subject behind the conversation's, and the status anew.

    Domain checks that the evidence holds already are replaced: what the DNS says now counts. ``since`` is when the
    run began that ``verification.deadlineSeconds`` limits; questions left when it ends get no answer.
    """
    policy = workspace.project.verification
    is_off = policy.domain_checks == "off"
    asked = {each.name: {} if is_off or each.depth == "offline" else _asked(each, workspace) for each in subjects}
    used_seconds = max(0.0, (workspace.now() - since).total_seconds())
    lookups = Lookups(policy.nameservers)
    questions = {question for each in asked.values() for question in each.values()}
    examined = _examine_all(questions, lookups, seconds=policy.deadline_seconds - used_seconds)
    completed = dict(evidence)
    for each in subjects:
        if asked[each.name]:
            is_enforced = policy.domain_checks == "enforce"
            checks = domain_checks(each.kind, asked[each.name], examined, is_enforced=is_enforced)
        else:
            checks = skipped_domain_checks(*(("notDeclared", _OFF) if is_off else ("beyondDepth", _OFFLINE)))
        completed[each.name] = _completed(evidence[each.name], checks)
    return completed


def _asked(subject: Subject, workspace: Workspace) -> dict[CheckName, Question]:
    reply_to = subject.spec.get("replyTo", {}).get("email")
    return domains_asked(subject.spec["email"], reply_to, workspace.project.domains)


def _completed(evidence: Evidence, checks: tuple[Check, ...]) -> Evidence:
    found = evidence.verification
    all_checks = (*(check for check in found.checks if check.check not in DOMAIN_CHECKS), *checks)
    verification = found.model_copy(update={"checks": all_checks, "status": status_of(all_checks)})
    return evidence.model_copy(update={"verification": verification})


def _examine_all(questions: Collection[Question], lookups: Lookups, *, seconds: float) -> dict[Question, Examination]:
    """Return an examination for every question; what cannot be asked within ``seconds`` timed out."""
    waiting: queue.SimpleQueue[Question] = queue.SimpleQueue()
    done: queue.SimpleQueue[tuple[Question, Examination | BaseException]] = queue.SimpleQueue()
    for question in sorted(questions, key=lambda each: (each.domain, each.is_reply_to)):
        waiting.put(question)
    ends_at = time.monotonic() + seconds
    arguments = (waiting, done, lookups, ends_at)
    for _ in range(min(_MOST_THREADS, len(questions))):
        threading.Thread(target=_work, args=arguments, daemon=True, name="domain checks").start()
    examined: dict[Question, Examination] = {}
    for _ in questions:
        question, outcome = done.get()
        if isinstance(outcome, BaseException):
            raise outcome
        examined[question] = outcome
    return examined


def _work(
    waiting: queue.SimpleQueue[Question],
    done: queue.SimpleQueue[tuple[Question, Examination | BaseException]],
    lookups: Lookups,
    ends_at: float,
) -> None:
    while True:
        try:
            question = waiting.get_nowait()
        except queue.Empty:
            return
        try:
            done.put((question, examine(question, lookups, within_seconds=ends_at - time.monotonic())))
        except BaseException as fault:  # noqa: BLE001 - handed to the waiting thread, which raises it
            done.put((question, fault))
