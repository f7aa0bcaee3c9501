"""``verify``: one conversation from beginning to end, and a finding for each sender."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.events import concerning
from reconciler.model.verification.evidence import Observed, Verification, all_skipped, status_of
from reconciler.rules.verification.hosts import why_forbidden
from reconciler.smtp.deadline import Deadline
from reconciler.verification.attempts import Attempts
from reconciler.verification.conversation import Conversation
from reconciler.verification.retries import USUAL_RETRIES
from reconciler.verification.target import Finding

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from reconciler.model.verification.evidence import Check
    from reconciler.smtp.dial import Dialer
    from reconciler.verification.retries import Retries
    from reconciler.verification.target import Target


def _declared_way(target: Target) -> Dialer:
    return target.access.dialer()


def verify(
    target: Target,
    *,
    now: Callable[[], datetime],
    make_dialer: Callable[[Target], Dialer] = _declared_way,
    retries: Retries = USUAL_RETRIES,
) -> dict[str, Finding]:
    """Hold one conversation and return what was found, by sender name; never raise for what a server does.

    The conversation ends within ``target.timeout_seconds``, retries and their pauses included; a test message has a
    longer limit of its own, ``target.message_seconds``, and nothing is waited for beyond ``target.most_seconds``. At
    most one login is tried, and a test message that the server took, or may have taken, is never sent again.
    ``now`` gives the time in UTC, ``make_dialer`` the way to a target's server.
    """
    checked_at = now()
    forbidden = why_forbidden(target.server.hosts, target.allowed_hosts)
    if forbidden is not None:
        unknown = _finding(target, all_skipped("unknownDestination", forbidden), Observed(), at=checked_at)
        return {sender.name: unknown for sender in target.senders}
    deadline = Deadline(target.timeout_seconds)
    conversation = Conversation(target, dialer=make_dialer(target), deadline=deadline, now=now)
    attempts = Attempts(target, conversation, deadline=deadline, retries=retries)
    with concerning(*(sender.name for sender in target.senders)):
        try:
            attempts.make(target.senders)
        finally:
            conversation.close()
    return {
        name: _finding(target, ledger.checks(), conversation.observed(attempts.queue_ids.get(name)), at=checked_at)
        for name, ledger in attempts.ledgers.items()
    }


def _finding(target: Target, checks: tuple[Check, ...], observed: Observed, *, at: datetime) -> Finding:
    verification = Verification(status=status_of(checks), depth=target.depth, checked_at=at, checks=checks)
    return Finding(verification, observed)
