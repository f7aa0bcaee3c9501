"""``verify``: one conversation from beginning to end, and a finding for each sender."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.model.domains import NotADomain, domain_to_ascii, host_to_ascii
from reconciler.model.evidence import Observed, Verification, all_skipped, status_of
from reconciler.model.globs import matches_any
from reconciler.smtp.deadline import Deadline
from reconciler.smtp.dial import DirectDialer
from reconciler.smtp.faults import SmtpFault
from reconciler.verification.conversation import Conversation
from reconciler.verification.ledger import Ledger, Stopped
from reconciler.verification.target import Finding

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from reconciler.smtp.dial import Dialer
    from reconciler.verification.target import Sender, Target


def verify(
    target: Target, *, now: Callable[[], datetime], make_dialer: Callable[[str, int], Dialer] = DirectDialer
) -> dict[str, Finding]:
    """Hold one conversation and return what was found, by sender name; never raise for what a server does.

    The conversation ends within ``target.timeout_seconds``. ``now`` gives the time in UTC; ``make_dialer`` the way
    to a host and port. At most one login is tried, and one test message is sent for each sender, never twice.
    """
    checked_at = now()
    if not _may_contact(target):
        return {sender.name: _unknown_destination(target, checked_at) for sender in target.senders}
    ledger = Ledger(target)
    conversation = Conversation(
        target,
        dialer=make_dialer(target.server.host, target.server.port),
        deadline=Deadline(target.timeout_seconds),
        now=now,
    )
    try:
        is_open, _ = _made(ledger, lambda: conversation.open(ledger))
        return {
            sender.name: _finding(sender, target, conversation, ledger.fork(), at=checked_at, is_open=is_open)
            for sender in target.senders
        }
    finally:
        conversation.close()


def _finding(
    sender: Sender, target: Target, conversation: Conversation, ledger: Ledger, *, at: datetime, is_open: bool
) -> Finding:
    queue_id = None
    if is_open:
        _, queue_id = _made(ledger, lambda: conversation.try_sender(sender, ledger))
    checks = ledger.checks()
    verification = Verification(status=status_of(checks), depth=target.depth, checked_at=at, checks=checks)
    return Finding(verification, conversation.observed(queue_id))


def _made(ledger: Ledger, step: Callable[[], str | None]) -> tuple[bool, str | None]:
    """Run a step; a fault becomes the failed check, and so does whatever unexpected comes up in one account."""
    try:
        return True, step()
    except Stopped:
        pass
    except SmtpFault as fault:
        ledger.failed(fault)
    except Exception as fault:  # noqa: BLE001 - one account's fault must not end the run; its text may hold secrets
        facts = {"sample": type(fault).__name__}
        ledger.failed(SmtpFault("internalFault", step=ledger.current, facts=facts))
    return False, None


def _may_contact(target: Target) -> bool:
    globs = [_lowered(glob) for glob in target.allowed_hosts]
    return matches_any(globs, host_to_ascii(target.server.host))


def _lowered(glob: str) -> str:
    try:
        return domain_to_ascii(glob)
    except NotADomain:
        return glob.lower()  # it holds a wildcard, or is an address


def _unknown_destination(target: Target, at: datetime) -> Finding:
    message = (
        f"{target.server.host} is not among the hosts that verification.servers in the project file allows, so "
        "nothing was contacted. Correct smtp.host, or have the host added there."
    )
    checks = all_skipped("unknownDestination", message)
    return Finding(Verification(status=status_of(checks), depth=target.depth, checked_at=at, checks=checks), Observed())
