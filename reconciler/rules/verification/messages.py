"""How many test messages a run sends, and which accounts each of them stands for.

``each``: one for each account. ``sample``: one for each server. ``digest``: one for each server and domain of senders,
with a list of the accounts that it stands for. Every account is verified up to the envelope all the same; an account
that a message stands for is one that passed so far, through the same server.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.model.text.domains import NotAnAddress, address_domain, host_to_ascii
from reconciler.model.verification.evidence import Check, Verification, status_of

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable

    from reconciler.model.project import MessageMode
    from reconciler.model.step import Wanted
    from reconciler.model.verification.evidence import Evidence


def alike_for_messages(steps: Iterable[Wanted], mode: MessageMode) -> list[list[Wanted]]:
    """Return the accounts in groups, in their order; in each group one account sends a message that stands for all.

    >>> from reconciler.model.accounts.desired import DesiredAccount
    >>> from reconciler.model.step import Create
    >>> document = {"spec": {"email": "news@example.com", "displayName": "News"}}
    >>> accounts = [DesiredAccount(kind="MarketingAccount", name=name, document=document) for name in ("news", "press")]
    >>> steps = [Create(after=account) for account in accounts]
    >>> len(alike_for_messages(steps, "each")), len(alike_for_messages(steps, "sample"))
    (2, 1)
    """
    groups: dict[Hashable, list[Wanted]] = {}
    for step in steps:
        groups.setdefault(_group_of(step, mode), []).append(step)
    return list(groups.values())


def _group_of(step: Wanted, mode: MessageMode) -> Hashable:
    if mode == "each":
        return step.name
    server = step.after.settings.server
    endpoint: Hashable = None  # through the platform's server
    if server is not None:
        endpoint = (host_to_ascii(server.host), server.port, server.proxy.way if server.proxy is not None else None)
    return (endpoint, _domain_of(step)) if mode == "digest" else endpoint


def _domain_of(step: Wanted) -> str:
    try:
        return address_domain(step.after.settings.email)
    except NotAnAddress:
        return step.after.settings.email


def represented(evidence: Evidence, by: str) -> Evidence:
    """Return an account's evidence up to the envelope, with another's message standing for its own.

    >>> from reconciler.model.verification.evidence import Evidence, all_skipped
    >>> checks = all_skipped("beyondDepth", "Not made.")
    >>> own = Evidence(settings_digest="a", verification=Verification(status="passed", checks=checks))
    >>> [each.message for each in represented(own, by="sales").verification.checks if each.code == "represented"]
    ['Not sent: the test message of sales, through the same server, stands for this account too (verification.message).']
    """
    message = (
        f"Not sent: the test message of {by}, through the same server, stands for this account too "
        "(verification.message)."
    )
    return _with(evidence, Check(check="message", status="skipped", code="represented", message=message))


def unrepresented(evidence: Evidence, by: str, failed: Verification) -> Evidence:
    """Return an account's evidence where the message that was to stand for it was not taken: that fails it too.

    >>> from reconciler.model.verification.evidence import Evidence, all_skipped
    >>> checks = all_skipped("beyondDepth", "Not made.")
    >>> own = Evidence(settings_digest="a", verification=Verification(status="passed", checks=checks))
    >>> found = unrepresented(own, by="sales", failed=Verification(status="failed"))
    >>> found.verification.status, found.verification.checks[-1].code
    ('failed', 'representativeFailed')
    """
    found = next((check for check in failed.checks if check.status == "failed"), None)
    told = f" {found.message}" if found is not None else ""
    message = f"The test message of {by}, which was to stand for this account too, was not sent.{told}"
    check = Check(
        check="message",
        status="failed",
        class_=found.class_ if found is not None else "transient",
        code="representativeFailed",
        message=message,
    )
    return _with(evidence, check)


def _with(evidence: Evidence, message: Check) -> Evidence:
    before = evidence.verification
    checks = tuple(message if check.check == "message" else check for check in before.checks)
    after = before.model_copy(update={"depth": "message", "checks": checks, "status": status_of(checks)})
    return evidence.model_copy(update={"verification": after})
