"""What the journal tells beside the changes, as keys of the catalog with their values: sayable in either language."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from reconciler.model.journal.events import JournalEvent

EVENTS = frozenset(
    {"apply", "approve", "reject", "suspend", "resume", "verify", "send", "redact", "revoke", "rekey", "restore",
     "migrate"}
)  # fmt: skip
"""The events that the catalog has a name for; another is shown as the journal writes it."""
_DECISIONS = frozenset({"approved", "rejected"})


@dataclass(frozen=True, slots=True)
class Fact:
    """A sentence of the catalog and what stands in its places."""

    key: str
    values: Mapping[str, Any]


def facts_of(event: JournalEvent) -> tuple[Fact, ...]:
    """Return what an entry tells beside who, when, why and which accounts."""
    return (*_care(event), *_ways_round(event.details), *_accepted(event.details))


def _care(event: JournalEvent) -> Iterator[Fact]:
    told = event.details
    places = _CARE.get(event.event)
    if places is not None and all(place in told for place in places):
        yield Fact(f"fact.{event.event}", {key.lower(): _plain(told[key]) for key in places})
    if event.event == "send" and isinstance(did := told.get("thisRun"), dict):
        counts = ", ".join(f"{count} {outcome}" for outcome, count in did.items() if count) or "0"
        yield Fact(
            "fact.send", {"name": _plain(told.get("name")), "counts": counts, "ending": _plain(told.get("ending"))}
        )
    elif event.event == "send" and told.get("ending") == "begun":
        yield Fact("fact.begun", {"name": _plain(told.get("name"))})
    yield from _listed("fact.unread", told.get("unread"))
    yield from _listed("fact.rotated", told.get("acceptedRotated"))


_CARE = {
    "redact": ("name", "payloads", "revisions"),
    "revoke": ("routes", "secret"),
    "rekey": ("fingerprintKeyId",),
    "restore": ("serial", "lostEntries"),
    "migrate": ("before", "after"),
}
"""By event, the details that its sentence has places for."""


def _ways_round(told: Mapping[str, Any]) -> Iterator[Fact]:
    overrides = told.get("overrides")
    if isinstance(overrides, dict):
        yield from (Fact("fact.override", {"name": name, "reason": why}) for name, why in sorted(overrides.items()))
    guards = told.get("liftedGuards")
    for each in guards if isinstance(guards, list) else ():
        if isinstance(each, dict):
            yield Fact("fact.guard", {"code": each.get("code"), "by": each.get("by")})
    reviewed = told.get("reviewed")
    if isinstance(reviewed, dict):
        yield Fact("fact.reviewed", {"digest": reviewed.get("planDigest")})
    yield from _listed("fact.targets", told.get("targets"))
    yield from _listed("fact.excludes", told.get("excludes"))
    yield from _listed("fact.grants", told.get("grantsUsed"))
    if told.get("holdsFailing"):
        yield Fact("fact.holding", {})
    yield from _listed("fact.held", told.get("held"))
    if told.get("trustsProject"):
        yield Fact("fact.trusted", {})
    uncompared = told.get("secretsNotCompared")
    if isinstance(uncompared, dict):
        for name, secrets in sorted(uncompared.items()):
            yield from _listed("fact.uncompared", secrets, name=name)
    approvals = told.get("approvals")
    if isinstance(approvals, dict):
        yield from (Fact(f"fact.approval.{_decided(each)}", {"name": name}) for name, each in sorted(approvals.items()))


def _accepted(told: Mapping[str, Any]) -> Iterator[Fact]:
    accepted = told.get("acceptedAltered")
    if isinstance(accepted, dict):
        yield from (Fact("fact.accepted", {"name": name, "reason": why}) for name, why in sorted(accepted.items()))


def _decided(approval: Any) -> str:
    after = approval.get("after") if isinstance(approval, dict) else None
    decision = after.get("decision") if isinstance(after, dict) else None
    return decision if decision in _DECISIONS else "awaited"


def _listed(key: str, told: Any, **places: str) -> Iterator[Fact]:
    if isinstance(told, list) and told:
        yield Fact(key, {**places, "list": ", ".join(str(each) for each in told)})


def _plain(value: Any) -> int | str:
    return value if isinstance(value, int) else str(value)
