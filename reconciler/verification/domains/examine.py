"""One domain examined: every question about it, within one limit of time."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from reconciler.classes import dataclass
from reconciler.smtp.deadline import Deadline
from reconciler.verification.domains.answers import DnsTrouble
from reconciler.verification.domains.dane import SeenCertificate, check_dane
from reconciler.verification.domains.dkim import check_dkim
from reconciler.verification.domains.dmarc import check_dmarc
from reconciler.verification.domains.mta_sts import check_mta_sts
from reconciler.verification.domains.mx import check_mx
from reconciler.verification.domains.sentences import Remark, remark, trouble_remark
from reconciler.verification.domains.spf import check_spf
from reconciler.verification.domains.spf_server import check_spf_server
from reconciler.verification.domains.sts_fetch import PolicyFetcher
from reconciler.verification.domains.tls_rpt import check_tls_rpt

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from reconciler.model.verification.evidence import CheckName
    from reconciler.verification.domains.lookup import Lookups

_ANYWHERE = PolicyFetcher()
DOMAIN_SECONDS = 10.0
"""How long the questions about one domain may take together."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """What is wanted to be known about a domain; equal questions have the same answer for all accounts."""

    domain: str
    """As A-labels."""
    is_reply_to: bool = False
    """Whether mail is only answered there: then ``replyTo`` is checked, and otherwise all other checks."""
    further: tuple[str, ...] = ()
    """The other domains that replies go to, where they go to several."""
    selectors: tuple[str, ...] = ()
    """The DKIM selectors declared; without any ``dkim`` is not checked."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ServerQuestion:
    """What is wanted to be known about a server and the domain that an account sends from over it."""

    domain: str
    """As A-labels."""
    host: str
    """As A-labels, or an IP address."""
    port: int
    seen: SeenCertificate


@dataclass(frozen=True, slots=True)
class Examination:
    """What was found out, by check."""

    remarks: Mapping[CheckName, tuple[Remark, ...]]
    seconds: Mapping[CheckName, float]


AnyQuestion = Question | ServerQuestion
_Step = tuple["CheckName", "Callable[[], list[Remark]]"]


def examine(
    question: AnyQuestion, lookups: Lookups, *, within_seconds: float, fetcher: PolicyFetcher = _ANYWHERE
) -> Examination:
    """Return what the DNS says about a domain; never raise for what it says, and never wait much longer."""
    deadline = Deadline(min(DOMAIN_SECONDS, within_seconds))
    if isinstance(question, ServerQuestion):
        domain, host = question.domain, question.host
        steps: list[_Step] = [
            ("spfServer", lambda: check_spf_server(domain, host, lookups, deadline=deadline)),
            ("dane", lambda: check_dane(host, question.port, question.seen, lookups, deadline=deadline)),
        ]
    else:
        steps = _steps(question, lookups, fetcher, deadline)
    remarks: dict[CheckName, tuple[Remark, ...]] = {}
    seconds: dict[CheckName, float] = {}
    for number, (check, step) in enumerate(steps):
        began_at = time.monotonic()
        is_looked_at = number == 0 and check != "replyTo"  # which looks at several domains by itself
        stopped = _trouble_with(question.domain, lookups, deadline) if is_looked_at else None
        if stopped is not None:
            return Examination(dict.fromkeys((name for name, _ in steps), (stopped,)), {})
        remarks[check] = _made(step)
        seconds[check] = round(time.monotonic() - began_at, 3)
    return Examination(remarks, seconds)


def _steps(question: Question, lookups: Lookups, fetcher: PolicyFetcher, deadline: Deadline) -> list[_Step]:
    domain = question.domain
    if question.is_reply_to:
        return [("replyTo", lambda: _check_replies(question, lookups, deadline))]
    steps: list[_Step] = [("spf", lambda: check_spf(domain, lookups, deadline=deadline))]
    if question.selectors:
        steps.append(("dkim", lambda: check_dkim(domain, question.selectors, lookups, deadline=deadline)))
    steps.append(("dmarc", lambda: check_dmarc(domain, lookups, deadline=deadline)))
    steps.append(("mx", lambda: check_mx(domain, lookups, deadline=deadline, mail="bounces")))
    steps.append(("mtaSts", lambda: check_mta_sts(domain, lookups, fetcher, deadline=deadline)))
    steps.append(("tlsRpt", lambda: check_tls_rpt(domain, lookups, deadline=deadline)))
    return steps


def _check_replies(question: Question, lookups: Lookups, deadline: Deadline) -> list[Remark]:
    """Return the remarks on each domain that replies go to; trouble with one domain does not end the look at the others."""
    remarks: list[Remark] = []
    for domain in (question.domain, *question.further):
        stopped = _trouble_with(domain, lookups, deadline)
        try:
            remarks += [stopped] if stopped else check_mx(domain, lookups, deadline=deadline, mail="replies")
        except DnsTrouble as trouble:
            remarks.append(trouble_remark(trouble))
    return remarks


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
