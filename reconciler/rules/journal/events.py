"""From the journal's entries to what history tells of them. Pure.

A payload that somebody altered is told as far as it can be; ``journal check`` says what does not hold.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.model.journal.events import EventAccount, JournalEvent
from reconciler.model.journal.keys import ABRIDGED, OF_THE_CHAIN
from reconciler.model.journal.payloads import BEGUN, ApplyPayload, RevisionTold, SendPayload, Standing, read_payload

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from reconciler.model.journal.entries import JournalEntry
    from reconciler.model.journal.payloads import AccountTold, Payload
    from reconciler.rules.journal.erasure import Erasure

_TOLD_APART = frozenset({"actor", "actorSource", "reason", "revision", "accounts"}) | OF_THE_CHAIN - {ABRIDGED}


def events_of(
    journal: Iterable[tuple[JournalEntry, Mapping[str, object]]], lives: Sequence[Erasure] = ()
) -> tuple[JournalEvent, ...]:
    """Return the entries as events, newest first; where ``lives`` are given, only those that concern one of them.

    Of what such an event did to accounts it has then what it did to these alone.

    The beginning of a sending whose end is told too says so, as ``hasEnded``; the others were killed, or still run.
    """
    events: list[JournalEvent] = []
    begun: dict[str, int] = {}
    serial = 0
    for entry, told in journal:
        payload = read_payload(entry.event, told)
        actor, source = payload.acted
        event = JournalEvent(
            sequence=entry.sequence,
            at=entry.at,
            event=entry.event,
            actor=actor,
            actor_source=source,
            reason=payload.reason,
            revision=_made(payload).revision,
            accounts=tuple(
                _account(name, each)
                for name, each in sorted(payload.accounts.items())
                if not lives or any(names.concerns(name, serial) for names in lives)
            ),
            details={key: value for key, value in told.items() if key not in _TOLD_APART},
        )
        serial = event.revision if event.revision is not None else serial
        if not lives or any(_concerns(payload, names, serial) for names in lives):
            events.append(event)
            _match_sending(payload, events, begun)
    return tuple(reversed(events))


def _match_sending(payload: Payload, events: list[JournalEvent], begun: dict[str, int]) -> None:
    """Note where the last event begins a sending; where it ends one, mark its beginning."""
    if not isinstance(payload, SendPayload) or payload.run is None:
        return
    if payload.ending == BEGUN:
        begun[payload.run] = len(events) - 1
    elif (place := begun.pop(payload.run, None)) is not None:
        beginning = events[place]
        events[place] = beginning.model_copy(update={"details": {**beginning.details, "hasEnded": True}})


def _made(payload: Payload) -> RevisionTold:
    """Return the revision that an apply made; an empty one for other events."""
    return (payload.revision if isinstance(payload, ApplyPayload) else None) or RevisionTold()


def _account(name: str, told: AccountTold) -> EventAccount:
    before, after = told.before or Standing(), told.after or Standing()
    return EventAccount(name=name, before=before.status, after=after.status, reason=after.reason, rotated=told.rotated)


def _concerns(payload: Payload, names: Erasure, serial: int) -> bool:
    told = (*payload.accounts, *filter(None, [payload.name]))
    if any(names.concerns(name, serial) for name in told):
        return True
    # Of a rename both names are told, so that the history of either has it.
    return any(names.reaches(name, serial) for name in _made(payload).names)
