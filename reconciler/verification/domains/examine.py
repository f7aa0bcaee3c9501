"""One domain examined: every question about it, within one limit of time."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reconciler.smtp.deadline import Deadline
from reconciler.verification.domains.dkim import check_dkim
from reconciler.verification.domains.dmarc import check_dmarc
from reconciler.verification.domains.lookup import DnsTrouble
from reconciler.verification.domains.mx import check_mx
from reconciler.verification.domains.sentences import Remark, remark, trouble_remark
from reconciler.verification.domains.spf import check_spf

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from reconciler.model.verification.evidence import CheckName
    from reconciler.verification.domains.lookup import Lookups

DOMAIN_SECONDS = 10.0
"""How long the questions about one domain may take together."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """What is wanted to be known about a domain; equal questions have the same answer for all accounts."""

    domain: str
    """As A-labels."""
    is_reply_to: bool = False
    """Whether mail is only answered there: then ``replyTo`` is checked, and otherwise the four other checks."""
    selectors: tuple[str, ...] = ()
    """The DKIM selectors declared; without any ``dkim`` is not checked."""


@dataclass(frozen=True, slots=True)
class Examination:
    """What was found out, by check."""

    remarks: Mapping[CheckName, tuple[Remark, ...]]
    seconds: Mapping[CheckName, float]


_Step = tuple["CheckName", "Callable[[], list[Remark]]"]


def examine(question: Question, lookups: Lookups, *, within_seconds: float) -> Examination:
    """Return what the DNS says about a domain; never raise for what it says, and never wait much longer."""
    deadline = Deadline(min(DOMAIN_SECONDS, within_seconds))
    steps = _steps(question, lookups, deadline)
    remarks: dict[CheckName, tuple[Remark, ...]] = {}
    seconds: dict[CheckName, float] = {}
    for number, (check, step) in enumerate(steps):
        began_at = time.monotonic()
        stopped = _trouble_with(question.domain, lookups, deadline) if number == 0 else None
        if stopped is not None:
            return Examination(dict.fromkeys((name for name, _ in steps), (stopped,)), {})
        remarks[check] = _made(step)
        seconds[check] = round(time.monotonic() - began_at, 3)
    return Examination(remarks, seconds)


def _steps(question: Question, lookups: Lookups, deadline: Deadline) -> list[_Step]:
    domain = question.domain
    if question.is_reply_to:
        return [("replyTo", lambda: check_mx(domain, lookups, deadline=deadline, mail="replies"))]
    steps: list[_Step] = [("spf", lambda: check_spf(domain, lookups, deadline=deadline))]
    if question.selectors:
        steps.append(("dkim", lambda: check_dkim(domain, question.selectors, lookups, deadline=deadline)))
    steps.append(("dmarc", lambda: check_dmarc(domain, lookups, deadline=deadline)))
    steps.append(("mx", lambda: check_mx(domain, lookups, deadline=deadline, mail="bounces")))
    return steps


def _trouble_with(domain: str, lookups: Lookups, deadline: Deadline) -> Remark | None:
    """Return why no question about a domain makes sense: it does not exist, or nobody answers."""
    try:
        exists = lookups.ask(domain, "MX", deadline=deadline).exists
    except DnsTrouble as trouble:
        return None if trouble.code == "dnsFailed" else trouble_remark(trouble)
    return None if exists else remark("domainNotFound", domain=domain)


def _made(step: Callable[[], list[Remark]]) -> tuple[Remark, ...]:
    try:
        return tuple(step())
    except DnsTrouble as trouble:
        return (trouble_remark(trouble),)
    except Exception as fault:  # noqa: BLE001 - a strange record of one domain must not end the run
        return (remark("internalFault", fault=type(fault).__name__),)
