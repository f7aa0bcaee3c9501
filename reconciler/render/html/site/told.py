"""Facts of the journal beside its changes, as keys of the catalog with values, so that either language can say them."""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING, Any, TypeVar

from reconciler.classes import dataclass
from reconciler.model.journal.payloads import (
    PAYLOADS,
    ApplyPayload,
    MigratePayload,
    PublishPayload,
    RedactPayload,
    RekeyPayload,
    RestorePayload,
    RevokePayload,
    SendPayload,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from reconciler.model.journal.events import JournalEvent
    from reconciler.model.journal.payloads import ApprovalChange, Payload

Told = TypeVar("Told")

EVENTS = PAYLOADS.keys()
"""The events that the catalog has a name for; any other is shown under the journal's own name."""
_MOST_ACCOUNTS = 50
_DECISIONS = frozenset({"approved", "rejected"})


@dataclass(frozen=True, slots=True)
class Fact:
    """A sentence of the catalog, and the values for its places."""

    key: str
    values: Mapping[str, Any]


def facts_of(event: JournalEvent) -> tuple[Fact, ...]:
    """Return the facts of an entry beside who, when, why and which accounts."""
    told = event.told
    rounds = _ways_round(told) if isinstance(told, ApplyPayload) else ()
    return (*_care(told), *rounds, *_of_accounts(told, None), *_by_whose_word(told), *_accepted(told, None))


def facts_about(event: JournalEvent, names: frozenset[str]) -> tuple[Fact, ...]:
    """Return the facts of an entry that are of the accounts of these names.

    An entry may tell of ten thousand accounts, and each of them has its page: only what is asked for is looked at.
    """
    told = event.told
    of_one = (fact for fact in _care(told) if fact.values.get("name") in names)
    return (*of_one, *_of_accounts(told, names), *_accepted(told, names))


def _care(told: Payload) -> Iterator[Fact]:
    """Yield the numbers that an event tells, where it has a value for each place of its sentence."""
    match told:
        case RedactPayload(name=str(name), payloads=int(payloads), revisions=int(revisions)):
            yield Fact("fact.redact", {"name": name, "payloads": payloads, "revisions": revisions})
        case RevokePayload(routes=int(routes), secret=str(secret)):
            yield Fact("fact.revoke", {"routes": routes, "secret": secret})
        case RekeyPayload(fingerprint_key_id=str(key_id)):
            yield Fact("fact.rekey", {"fingerprintkeyid": key_id})
            yield from _listed("fact.unread", told.unread)
            yield from _listed("fact.rotated", told.accepted_rotated)
        case RestorePayload(serial=int(serial), lost_entries=int(lost)):
            yield Fact("fact.restore", {"serial": serial, "lostentries": lost})
        case MigratePayload(made_anew=tuple(altered)) if altered:
            yield Fact("fact.anew", {"list": " ".join(altered)})
        case MigratePayload(before=int(before), after=int(after)):
            yield Fact("fact.migrate", {"before": before, "after": after})
        case PublishPayload(consumer=str(consumer)):
            done = [f"{name} {drift}" for name, drift in sorted(told.published.items())]
            yield Fact("fact.publish", {"name": consumer, "list": ", ".join(done[:_MOST_ACCOUNTS]) or "0"})
            yield from _more(len(done))
        case SendPayload(this_run=dict(did)):
            counts = ", ".join(f"{count} {outcome}" for outcome, count in did.items() if count) or "0"
            yield Fact("fact.send", {"name": str(told.name), "counts": counts, "ending": str(told.ending)})
        case SendPayload(ending="begun"):
            yield Fact("fact.begun", {"name": str(told.name)})
        case _:
            pass


def _ways_round(told: ApplyPayload) -> Iterator[Fact]:
    yield from (Fact("fact.guard", {"code": guard.code, "by": guard.by}) for guard in told.lifted_guards)
    if told.reviewed is not None:
        yield Fact("fact.reviewed", {"digest": told.reviewed.plan_digest})
    yield from _listed("fact.targets", told.targets)
    yield from _listed("fact.excludes", told.excludes)
    if told.holds_failing:
        yield Fact("fact.holding", {})
    yield from _listed("fact.held", told.held[:_MOST_ACCOUNTS])
    yield from _more(len(told.held))


def _of_accounts(told: Payload, names: frozenset[str] | None) -> Iterator[Fact]:
    """Yield what an apply tells of single accounts: of all of them, or with ``names`` of these."""
    if not isinstance(told, ApplyPayload):
        return
    yield from _first(
        Fact("fact.override", {"name": name, "reason": why}) for name, why in _chosen(told.overrides, names)
    )
    yield from _first(
        Fact("fact.uncompared", {"name": name, "list": ", ".join(secrets)})
        for name, secrets in _chosen(told.secrets_not_compared, names)
        if secrets
    )
    yield from _first(_approval(name, approval) for name, approval in _chosen(told.approvals, names))


def _approval(name: str, approval: ApprovalChange) -> Fact:
    decision = approval.after.decision if approval.after is not None else None
    return Fact(f"fact.approval.{decision if decision in _DECISIONS else 'awaited'}", {"name": name})


def _accepted(told: Payload, names: frozenset[str] | None) -> Iterator[Fact]:
    chosen = _chosen(told.accepted_altered, names)
    yield from _first(Fact("fact.accepted", {"name": name, "reason": why}) for name, why in chosen)


def _first(facts: Iterable[Fact]) -> Iterator[Fact]:
    """Yield the facts of so many accounts as a page can be read with, then how many more accounts there are."""
    every = list(facts)
    yield from every[:_MOST_ACCOUNTS]
    yield from _more(len(every))


def _more(accounts: int) -> Iterator[Fact]:
    if accounts > _MOST_ACCOUNTS:
        yield Fact("accounts.more", {"n": accounts - _MOST_ACCOUNTS})


def _chosen(by_name: Mapping[str, Told], names: frozenset[str] | None) -> list[tuple[str, Told]]:
    if names is None:
        return sorted(by_name.items(), key=itemgetter(0))
    return [(name, by_name[name]) for name in sorted(names) if name in by_name]


def _by_whose_word(told: Payload) -> Iterator[Fact]:
    """Yield by whose word secrets travelled beyond the routes that state has."""
    yield from _listed("fact.grants", told.grants_used)
    if told.trusts_project:
        yield Fact("fact.trusted", {})


def _listed(key: str, names: Sequence[str], **places: str) -> Iterator[Fact]:
    if names:
        yield Fact(key, {**places, "list": ", ".join(names)})
