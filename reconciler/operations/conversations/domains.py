"""Domain checks for many accounts: each question about a domain is asked once in a run, several domains at once.

The questions run on daemon threads, so Ctrl-C ends the program at once; nothing is written meanwhile.
"""

from __future__ import annotations

import queue
import threading
import time
from typing import TYPE_CHECKING

from reconciler.model.accounts.kinds import kind_of
from reconciler.model.text.domains import NotADomain, address_domain, host_to_ascii
from reconciler.model.verification.evidence import DOMAIN_CHECKS, status_of
from reconciler.rules.verification.unasked import skipped_domain_checks
from reconciler.verification.domains import (
    AnyQuestion,
    Examination,
    Lookups,
    PolicyFetcher,
    SeenCertificate,
    ServerQuestion,
    domain_checks,
    domains_asked,
    examine,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    from reconciler.model.accounts.platform import PlatformServer
    from reconciler.model.step import Wanted
    from reconciler.model.verification.evidence import Check, CheckName, Evidence
    from reconciler.operations.workspace import Workspace

_MOST_THREADS = 16


def with_domain_checks(
    steps: Sequence[Wanted],
    evidence: Mapping[str, Evidence],
    workspace: Workspace,
    *,
    since: datetime,
    platform: PlatformServer | None = None,
) -> dict[str, Evidence]:
    """Return the evidence with the domain checks of every account behind the conversation's, and the status anew.

    Domain checks that the evidence holds already are replaced: what the DNS says now counts. ``since`` is when the
    run began that ``verification.deadlineSeconds`` limits; questions left when it ends get no answer. ``platform`` is
    what marketing accounts send through.
    """
    policy = workspace.project.verification
    if policy.domain_checks == "off":
        skipped = skipped_domain_checks(is_off=True)
        return {**evidence, **{each.name: _completed(evidence[each.name], skipped) for each in steps}}
    asked = {
        each.name: _asked(each, workspace, _server_question(each, evidence[each.name], platform)) for each in steps
    }
    used_seconds = max(0.0, (workspace.now() - since).total_seconds())
    lookups = Lookups(policy.nameservers)
    questions = {question for each in asked.values() for question in each.values()}
    fetcher = PolicyFetcher(allowed_hosts=policy.servers)
    examined = _examine_all(questions, lookups, fetcher, seconds=policy.deadline_seconds - used_seconds)
    is_enforced = policy.domain_checks == "enforce"
    completed = dict(evidence)
    for each in steps:
        checks = domain_checks(each.kind, asked[each.name], examined, is_enforced=is_enforced)
        completed[each.name] = _completed(evidence[each.name], checks)
    return completed


def _asked(step: Wanted, workspace: Workspace, server: ServerQuestion | None) -> dict[CheckName, AnyQuestion]:
    settings = step.after.settings
    return domains_asked(settings.email, settings.reply_addresses, workspace.project.domains, server=server)


def _server_question(step: Wanted, evidence: Evidence, platform: PlatformServer | None) -> ServerQuestion | None:
    """Return what is asked of an account's server; None where there is none, or a proxy alone is to look it up."""
    through_platform = kind_of(step).sends_through_platform
    server = (platform.server if platform else None) if through_platform else step.after.settings.server
    if server is None or (server.proxy is not None and server.proxy.resolves_remotely):
        return None
    observed = evidence.observed
    seen = SeenCertificate(whole=observed.certificate_fingerprint, key=observed.certificate_key_fingerprint)
    domain = address_domain(step.after.settings.email)
    try:
        return ServerQuestion(domain=domain, host=host_to_ascii(server.host), port=server.port, seen=seen)
    except NotADomain:  # a name that only this network's resolver takes
        return None


def _completed(evidence: Evidence, checks: tuple[Check, ...]) -> Evidence:
    found = evidence.verification
    all_checks = (*(check for check in found.checks if check.check not in DOMAIN_CHECKS), *checks)
    verification = found.model_copy(update={"checks": all_checks, "status": status_of(all_checks)})
    return evidence.model_copy(update={"verification": verification})


def _examine_all(
    questions: Collection[AnyQuestion], lookups: Lookups, fetcher: PolicyFetcher, *, seconds: float
) -> dict[AnyQuestion, Examination]:
    """Return an examination for every question; what cannot be asked within ``seconds`` timed out."""
    waiting: queue.SimpleQueue[AnyQuestion] = queue.SimpleQueue()
    done: queue.SimpleQueue[tuple[AnyQuestion, Examination | BaseException]] = queue.SimpleQueue()
    for question in sorted(questions, key=lambda each: (each.domain, repr(each))):
        waiting.put(question)
    ends_at = time.monotonic() + seconds
    arguments = (waiting, done, lookups, fetcher, ends_at)
    for _ in range(min(_MOST_THREADS, len(questions))):
        threading.Thread(target=_work, args=arguments, daemon=True, name="domain checks").start()
    examined: dict[AnyQuestion, Examination] = {}
    for _ in questions:
        question, outcome = done.get()
        if isinstance(outcome, BaseException):
            raise outcome
        examined[question] = outcome
    return examined


def _work(
    waiting: queue.SimpleQueue[AnyQuestion],
    done: queue.SimpleQueue[tuple[AnyQuestion, Examination | BaseException]],
    lookups: Lookups,
    fetcher: PolicyFetcher,
    ends_at: float,
) -> None:
    while True:
        try:
            question = waiting.get_nowait()
        except queue.Empty:
            return
        try:
            left = ends_at - time.monotonic()
            done.put((question, examine(question, lookups, within_seconds=left, fetcher=fetcher)))
        except BaseException as fault:  # noqa: BLE001 - handed to the waiting thread, which raises it
            done.put((question, fault))
