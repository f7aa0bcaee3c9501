"""Events as lines: for people as ``-v`` and ``-vv`` tell them, for a transcript as swaks marks them, for programs as JSON."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from reconciler.model.event import LoggedEvent
from reconciler.render.safe import guard_line_starts, safe, safe_json

if TYPE_CHECKING:
    from datetime import datetime

    from reconciler.model.event import Event

_REFUSAL = re.compile(r"[45][0-9][0-9](?:[ -]|\Z)")
_MARKS = {"client": ("->", "~>"), "server": ("<-", "<~"), "note": ("==", "==")}
_REFUSAL_MARKS = ("<*", "<*~")
_WORDS = {
    "checkBegan": "begins",
    "settled": "settled",
    "publicationBegan": "is being published",
    "publicationEnded": "publication ended",
}


def json_line(event: Event, at: datetime) -> str:
    """Return an event as one line of JSON, with its line end."""
    logged = LoggedEvent(at=at, **{name: getattr(event, name) for name in type(event).model_fields})
    return safe_json(logged.model_dump_json()) + "\n"


def log_line(event: Event, at: datetime) -> str:
    """Return an event as a line for people, with its line end: time, what it concerns, what happened."""
    if event.event == "said":
        return f"{_clock(at)} {_connection(event)}{said_line(event)}\n"
    whose = ", ".join(event.accounts) or event.consumer or event.contact or ""
    if len(event.accounts) > _MOST_ACCOUNTS:
        whose = f"{event.accounts[0]} and {len(event.accounts) - 1} more"
    parts = [whose, event.check or "", event.status or event.outcome or _WORDS.get(event.event, event.event)]
    if event.revision is not None:
        parts.append(f"revision {event.revision}")
    if event.seconds is not None:
        parts.append(f"({event.seconds:.3f} s)")
    if event.code not in {None, "ok"}:
        parts.append(f"[{event.code}]")
    if event.text:
        parts.append(event.text)
    return f"{_clock(at)} {guard_line_starts(safe(' '.join(part for part in parts if part)))}\n"


def said_line(event: Event) -> str:
    """Return what was said over a connection, marked by who said it: ``~`` by TLS, ``*`` for a refusal."""
    marks = _MARKS[event.speaker or "note"]
    if event.speaker == "server" and _REFUSAL.match(event.text or ""):
        marks = _REFUSAL_MARKS
    return f"{marks[bool(event.is_encrypted)]:<3} {safe(event.text or '')}".rstrip()


def transcript_line(event: Event, at: datetime) -> str:
    """Return a line of a transcript, with its time and line end; it stands under the head of its connection."""
    return f"{_clock(at)} {said_line(event)}\n"


def transcript_head(event: Event, at: datetime) -> str:
    """Return the head of a connection: its number, its place, the accounts that it is for, and when it began."""
    whose = f", for {', '.join(event.accounts)}" if event.accounts else ""
    return safe(f"#{event.connection} {event.server}{whose}, {at:%Y-%m-%d %H:%M:%S} UTC") + "\n"


_MOST_ACCOUNTS = 3


def _clock(at: datetime) -> str:
    return f"{at:%H:%M:%S}.{at.microsecond // 1000:03d}"


def _connection(event: Event) -> str:
    return "" if event.connection is None else f"#{event.connection} "
