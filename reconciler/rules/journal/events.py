"""From the journal's entries to what history tells of them. Pure.

A payload that somebody altered is told as far as it can be; ``journal check`` says what does not hold.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reconciler.model.journal.events import EventAccount, JournalEvent

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from reconciler.model.journal.entries import JournalEntry
    from reconciler.rules.journal.erasure import Erasure

_SOURCES = frozenset({"flag", "ci", "login"})
_TOLD_APART = frozenset({"actor", "actorSource", "reason", "revision", "accounts"})
_OF_THE_CHAIN = frozenset(
    {
        "accountDigests",
        "accountsBefore",
        "accountParts",
        "projectRow",
        "revisionDigests",
        "routeDigests",
        "forgottenRoutes",
        "redactedPayloads",
        "salt",
    }
)


def events_of(
    journal: Iterable[tuple[JournalEntry, Mapping[str, Any]]], names: Erasure | None = None
) -> tuple[JournalEvent, ...]:
    """Return the entries as events, newest first; with ``names`` those that concern the account.

    The beginning of a sending whose end is told too says so, as ``hasEnded``; the others were killed, or still run.
    """
    events: list[JournalEvent] = []
    begun: dict[str, int] = {}
    serial = 0
    for entry, payload in journal:
        event = _event(entry, payload)
        serial = event.revision if event.revision is not None else serial
        if names is None or _concerns(event, payload, names, serial):
            events.append(event)
            _match_sending(events, begun)
    return tuple(reversed(events))


def _match_sending(events: list[JournalEvent], begun: dict[str, int]) -> None:
    """Note where the last event begins a sending; where it ends one, mark its beginning."""
    event = events[-1]
    run = event.details.get("run")
    if event.event != "send" or not isinstance(run, str):
        return
    if event.details.get("ending") == "begun":
        begun[run] = len(events) - 1
    elif (place := begun.pop(run, None)) is not None:
        beginning = events[place]
        events[place] = beginning.model_copy(update={"details": {**beginning.details, "hasEnded": True}})


def _event(entry: JournalEntry, payload: Mapping[str, Any]) -> JournalEvent:
    revision = payload.get("revision")
    made = revision if isinstance(revision, dict) else {}
    number = made.get("revision")
    details = {key: value for key, value in payload.items() if key not in _TOLD_APART | _OF_THE_CHAIN}
    source = payload.get("actorSource", made.get("actorSource"))
    return JournalEvent(
        sequence=entry.sequence,
        at=entry.at,
        event=entry.event,
        actor=_text(payload.get("actor", made.get("actor"))),
        actor_source=source if source in _SOURCES else None,
        reason=_text(payload.get("reason")),
        revision=number if isinstance(number, int) else None,
        accounts=_accounts(payload.get("accounts")),
        details=details,
    )


def _accounts(told: Any) -> tuple[EventAccount, ...]:
    if not isinstance(told, dict):
        return ()
    return tuple(
        EventAccount(
            name=name,
            before=_text(_at(part, "before", "status")),
            after=_text(_at(part, "after", "status")),
            reason=_text(_at(part, "after", "reason")),
        )
        for name, part in sorted(told.items())
    )


def _concerns(event: JournalEvent, payload: Mapping[str, Any], names: Erasure, serial: int) -> bool:
    if any(names.concerns(account.name, serial) for account in event.accounts):
        return True
    name = event.details.get("name")
    if isinstance(name, str) and name in names.names:
        return True
    changes = _at(payload, "revision", "changes")
    changed = changes if isinstance(changes, list) else []
    # Of a rename both names are told, so that the history of either has it.
    told = {_at(change, key) for change in changed for key in ("name", "previousName")}
    return any(_was_named(each, names, serial) for each in told)


def _was_named(name: str, names: Erasure, serial: int) -> bool:
    if name not in names.names:
        return False
    until = names.names[name]
    return until is None or serial <= until


def _at(place: Any, *steps: str) -> Any:
    for step in steps:
        place = place.get(step) if isinstance(place, dict) else None
    return place


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None
