"""What the journal tells beside the applied plans: decisions, stops, checks, ways round, care of the state."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reconciler.render.text.fields import moment
from reconciler.render.text.layout import hang

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reconciler.model.history import EventAccount, JournalEvent
    from reconciler.render.text.style import Style

_MOST_ACCOUNTS = 50
_QUIET = frozenset({"verify"})
"""Events that change nothing most of the time, and are told only where they changed something."""


def is_told(event: JournalEvent) -> bool:
    """Tell whether people are shown an event on its own; an apply is shown as its revision, a sending by its end."""
    is_quiet = event.event in _QUIET and not event.accounts and "acceptedAltered" not in event.details
    return event.revision is None and not is_quiet and not event.details.get("hasEnded")


def event_lines(event: JournalEvent, *, style: Style) -> list[str]:
    """Return an event: what and when, who and why, and what became of each account; of more than 50 the first."""
    lines = [style.paint(style.show(event.event), "strong") + f"  {moment(event.at)}"]
    facts = [_actor(event), event.reason and f"reason: {event.reason}", *_care(event), *_by_whose_word(event.details)]
    for fact in facts:
        if fact:
            lines += hang("  ", style.show(fact), width=style.width)
    for account in event.accounts[:_MOST_ACCOUNTS]:
        lines += hang("    ", style.show(_standing(account)), width=style.width, indent=8)
    more = len(event.accounts) - _MOST_ACCOUNTS
    return [*lines, f"    and {more} more"] if more > 0 else lines


def apply_lines(event: JournalEvent, *, style: Style) -> list[str]:
    """Return the ways round that an apply took, and what it did to approvals."""
    return [line for fact in _ways_round(event.details) for line in hang("  ", style.show(fact), width=style.width)]


def _actor(event: JournalEvent) -> str | None:
    if event.actor is None:
        return None
    return f"by {event.actor}" + (f" ({event.actor_source})" if event.actor_source else "")


def _standing(account: EventAccount) -> str:
    if account.before is None and account.after is None:
        return account.name
    if account.before == account.after:
        standing = f"{account.name} is still {account.after}"
    else:
        standing = f"{account.name}: {account.before or 'not recorded'} to {account.after or 'not recorded'}"
    return f"{standing} ({account.reason})" if account.reason else standing


def _care(event: JournalEvent) -> Iterator[str]:
    """Yield what events of the state's care tell in numbers."""
    told = event.details
    if event.event == "redact":
        yield f"personal data of {told.get('name')} erased: {told.get('payloads')} payloads, {told.get('revisions')} revisions"
    if event.event == "revoke":
        yield f"routes forgotten: {told.get('routes')} of {told.get('secret')}"
    if event.event == "rekey":
        yield f"fingerprints made with another key, {told.get('fingerprintKeyId')}"
        yield from _listed("kept without a fingerprint", told.get("unread"))
        yield from _listed("rotated and accepted", told.get("acceptedRotated"))
    if event.event == "restore":
        yield f"state restored as of revision {told.get('serial')}; entries given up: {told.get('lostEntries')}"
    if event.event == "send" and told.get("ending") == "begun":
        yield f"through {told.get('name')}: begun"
    if event.event == "send" and isinstance(did := told.get("thisRun"), dict):
        counts = ", ".join(f"{count} {outcome}" for outcome, count in did.items() if count) or "nothing sent"
        yield f"through {told.get('name')}: {counts}; {told.get('ending')}"
    if event.event == "migrate":
        yield f"tables of version {told.get('before')} brought to version {told.get('after')}"


def _ways_round(told: dict[str, Any]) -> Iterator[str]:
    overrides = told.get("overrides")
    if isinstance(overrides, dict):
        yield from (f"override of verification: {name} ({reason})" for name, reason in sorted(overrides.items()))
    guards = told.get("liftedGuards")
    if isinstance(guards, list):
        yield from (
            f"guard lifted: {each.get('code')}, by {each.get('by')}" for each in guards if isinstance(each, dict)
        )
    reviewed = told.get("reviewed")
    if isinstance(reviewed, dict):
        yield f"held to the reviewed plan {reviewed.get('planDigest')}"
    yield from _listed("limited to", told.get("targets"))
    yield from _listed("left out", told.get("excludes"))
    if told.get("holdsFailing"):
        yield "accounts that fail verification were to be held"
    yield from _listed("held", told.get("held"))
    yield from _by_whose_word(told)
    uncompared = told.get("secretsNotCompared")
    if isinstance(uncompared, dict):
        for name, secrets in sorted(uncompared.items()):
            yield from _listed(f"secrets of {name} not compared with those known", secrets)
    approvals = told.get("approvals")
    if isinstance(approvals, dict):
        yield from (f"approval of {name}: {_change_of(each)}" for name, each in sorted(approvals.items()))


def _by_whose_word(told: dict[str, Any]) -> Iterator[str]:
    """Yield what let secrets travel beside the routes that state has."""
    yield from _listed("grants used", told.get("grantsUsed"))
    if told.get("trustsProject"):
        yield "the project file was declared trusted"
    accepted = told.get("acceptedAltered")
    if isinstance(accepted, dict):
        yield from (f"taken as it was altered: {name} ({reason})" for name, reason in sorted(accepted.items()))


def _listed(what: str, told: Any) -> Iterator[str]:
    if isinstance(told, list) and told:
        yield f"{what}: {', '.join(str(each) for each in told)}"


def _change_of(approval: Any) -> str:
    decisions = (
        [
            part.get("decision") if isinstance(part, dict) else None
            for part in (approval.get("before"), approval.get("after"))
        ]
        if isinstance(approval, dict)
        else [None, None]
    )
    before, after = (decision or "awaited" for decision in decisions)
    return f"{before} to {after}"
