"""Whom apply contacts, told before it does: how many accounts it verifies, and how many test messages go to whom."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from reconciler.diagnostics import several
from reconciler.model.plan import Announcement, Messages
from reconciler.model.step import Delete
from reconciler.rules.verification.evidence import depth_needed, standing_in
from reconciler.rules.verification.messages import alike_for_messages

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from reconciler.model.step import Changed, Wanted
    from reconciler.model.verification.depths import Depth
    from reconciler.model.verification.evidence import Evidence, Verification
    from reconciler.rules.plan.policy import Policy


def announcement(
    steps: Iterable[Changed], policy: Policy, *, depth: Depth | None, operator: str | None, at: datetime
) -> Announcement:
    """Return whom apply will contact for these steps, as far as what the plan found does not spare it.

    What failed counts: it is verified again once it is mended. An account whose test message would go to nobody is
    verified, and fails; no message is counted for it. Of those that one message stands for, one is counted.
    """
    verification = policy.project.verification
    contacted = list(_contacted(steps, policy, depth or verification.depth.apply, at))
    sending = [step for step, reached in contacted if reached == "message"]
    count = len(alike_for_messages(sending, verification.message))
    return Announcement.of_fields(accounts=len(contacted), messages=messages_to(operator, count))


def messages_to(operator: str | None, count: int) -> tuple[Messages, ...]:
    """Return so many test messages to the operator; nothing where there are none, or nobody to send them to.

    >>> [(each.to, each.count) for each in messages_to("ops@example.com", 2)], messages_to(None, 2)
    ([('ops@example.com', 2)], ())
    """
    return (Messages.of_fields(to=operator, count=count),) if count and operator is not None else ()


def added(messages: Iterable[Messages]) -> tuple[Messages, ...]:
    """Return test messages with those to one addressee counted together.

    >>> both = added([Messages(to="ops@example.com", count=2), Messages(to="ops@example.com", count=1)])
    >>> [(each.to, each.count) for each in both]
    [('ops@example.com', 3)]
    """
    counts: Counter[str] = Counter()
    for each in messages:
        counts[each.to] += each.count
    return tuple(Messages(to=addressee, count=count) for addressee, count in counts.items())


def messages_taken(evidence: Iterable[Evidence]) -> int:
    """Return how many of these verifications sent a test message that the server took.

    >>> from reconciler.model.verification.evidence import Check, Evidence, Verification
    >>> taken = Check(check="message", status="passed", code="ok", message="It took the message.")
    >>> messages_taken([Evidence(settings_digest="a", verification=Verification(status="passed", checks=(taken,)))])
    1
    >>> messages_taken([Evidence(settings_digest="a", verification=Verification(status="passed"))])
    0
    """
    # One value may be that of thousands, so each is looked into once; it is held here, so that its identity stays its own.
    counted: dict[int, tuple[Verification, int]] = {}
    for found in evidence:
        verification = found.verification
        _, count = counted.get(id(verification), (verification, 0))
        counted[id(verification)] = verification, count + 1
    return sum(
        count
        for verification, count in counted.values()
        if any(check.check == "message" and check.status == "passed" for check in verification.checks)
    )


def messages_in_words(messages: Iterable[Messages]) -> str:
    """Return test messages by addressee: ``6 test messages to ops@example.com``; empty for none.

    >>> messages_in_words([Messages(to="ops@example.com", count=6)])
    '6 test messages to ops@example.com'
    """
    return " and ".join(f"{several(each.count, 'test message')} to {each.to}" for each in messages)


def _contacted(steps: Iterable[Changed], policy: Policy, wanted: Depth, at: datetime) -> Iterator[tuple[Wanted, Depth]]:
    """Yield the accounts that apply holds a conversation for, each with how far it is verified."""
    for step in steps:
        if isinstance(step, Delete) or step.held or not step.needs_evidence:
            continue
        depth = depth_needed(step.name, wanted, policy.project, policy.today)
        if depth == "offline" or (step.sends_through_platform and step.platform is None):
            continue
        if standing_in(step, policy.project, depth=depth, now=at) != "sufficient":
            yield step, depth
