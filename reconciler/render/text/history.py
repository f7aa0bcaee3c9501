"""Revisions, what else happened, and the journal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reconciler.diagnostics import enumerated
from reconciler.model.history import JournalEvent
from reconciler.model.plan import ACTIONS, FieldChange
from reconciler.render.text.applied import counted
from reconciler.render.text.events import apply_lines, event_lines, is_told
from reconciler.render.text.fields import field_lines, moment
from reconciler.render.text.layout import finish, hang
from reconciler.render.text.tables import Cell, table_lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from reconciler.model.recorded import Revision
    from reconciler.render.text.style import Style

_COMMIT_DIGITS = 12
_MOST_CHANGES = 50
_TITLES = ("WHAT", "WHEN (UTC)", "BY", "CHANGES", "COMMIT", "REFERENCE")
_LEAST_COLUMNS = 4
"""Columns without which a table tells too little."""


def history_text(revisions: Iterable[Revision], *, events: Sequence[JournalEvent] = (), style: Style) -> str:
    """Return the revisions, newest first: number, time, who, from where, what changed, and which ways round.

    Among them stands what else happened, by its ``events``. Of one revision the first 50 changes are told, then how
    many more there are.
    """
    applies = {event.revision: event for event in events if event.revision is not None}
    blocks = [
        event_lines(what, style=style)
        if isinstance(what, JournalEvent)
        else _revision_lines(what, applies.get(what.revision), style)
        for what in _newest_first(revisions, events)
    ]
    lines = [line for block in blocks for line in (*block, "")]
    return finish(lines[:-1] if lines else ["Nothing has been applied yet."])


def history_table(revisions: Iterable[Revision], *, events: Sequence[JournalEvent] = (), style: Style) -> str:
    """Return the same as ``history_text`` in a row each: what and when, who, and what changed in a few words.

    A narrow terminal gets no reference and no commit; where even that does not fit, the text.
    """
    listed = list(revisions)
    rows = [_history_row(what, style) for what in _newest_first(listed, events)]
    if not rows:
        return finish(["Nothing has been applied yet."])
    used = [place for place in range(len(_TITLES)) if any(row[place].text for row in rows)]
    for most in range(len(_TITLES), _LEAST_COLUMNS - 1, -1):
        places = [place for place in used if place < most]
        kept = [[row[place] for place in places] for row in rows]
        titles = [_TITLES[place] for place in places]
        lines = table_lines(titles, kept, style=style, unbroken=style.width, whole=_TITLES[:2])
        if lines is not None:
            return finish(lines)
    return history_text(listed, events=events, style=style)


def _newest_first(revisions: Iterable[Revision], events: Sequence[JournalEvent]) -> Iterator[Revision | JournalEvent]:
    """Yield revisions and, among them, what else happened and is told; a revision stands where its apply does."""
    applies = {event.revision: event for event in events if event.revision is not None}
    waiting = [event for event in events if is_told(event)]
    for revision in revisions:
        applied = applies.get(revision.revision)
        while waiting and applied is not None and waiting[0].sequence > applied.sequence:
            yield waiting.pop(0)
        yield revision
    yield from waiting


def _history_row(what: Revision | JournalEvent, style: Style) -> list[Cell]:
    when = moment(what.at).removesuffix(" UTC")
    if isinstance(what, JournalEvent):
        facts = [what.event, when, what.actor or "", _event_in_short(what), "", ""]
    else:
        commit = (what.commit or "")[:_COMMIT_DIGITS]
        facts = [f"revision {what.revision}", when, what.actor, counted(what.summary), commit, what.reference or ""]
    return [Cell(style.show(fact)) for fact in facts]


def _event_in_short(event: JournalEvent) -> str:
    names = enumerated([account.name for account in event.accounts])
    return ": ".join(fact for fact in (names, event.reason) if fact)


_CURE = (
    "Something other than reconciler wrote to the state. Find out who did, and restore a backup from before:",
    "    reconciler state restore FILE",
    "Accounts in state that differ are refused by every write until then. To take one as it is, whatever writes it takes",
    "    --accept-altered NAME=REASON",
)
"""What to do where the journal does not hold."""


def journal_text(
    entries: int,
    head: str,
    *,
    problems: Sequence[str] = (),
    redacted: Mapping[int, int] | None = None,
    style: Style,
) -> str:
    """Return whether the journal holds, its last hash, which is what to note down, and what is wrong if it does not.

    ``redacted`` are the entries that personal data was erased from, each with the entry that tells so.
    """
    count = f"{entries} entr{'y' if entries == 1 else 'ies'}"
    notes = hang("", _redacted_text(redacted), width=style.width) if redacted else []
    if not problems:
        holds = style.paint(f"The journal holds: {count}.", "good")
        return finish([holds, *notes, f"head  {style.show(head)}"])
    lines = [style.paint(f"The journal does not hold ({count}).", "bad")]
    for problem in problems:
        lines += hang(f"  {style.symbol('failed')} ", style.show(problem), width=style.width)
    return finish([*lines, *notes, f"head  {style.show(head)}", *_CURE])


def _redacted_text(redacted: Mapping[int, int]) -> str:
    by = sorted(set(redacted.values()))
    payloads = f"{len(redacted)} payload{'' if len(redacted) == 1 else 's'}"
    return (
        f"Personal data was erased from {payloads}, as "
        f"entr{'y' if len(by) == 1 else 'ies'} {', '.join(map(str, by))} tell{'s' if len(by) == 1 else ''}."
    )


def _revision_lines(revision: Revision, applied: JournalEvent | None, style: Style) -> list[str]:
    lines = [style.paint(f"revision {revision.revision}", "strong") + f"  {moment(revision.at)}"]
    commit = revision.commit and f"commit {revision.commit[:_COMMIT_DIGITS]}"
    facts = [f"by {revision.actor} ({revision.actor_source})", commit, revision.reference]
    lines += hang("  ", style.show("  ".join(fact for fact in facts if fact)), width=style.width)
    lines += hang("  ", style.show(counted(revision.summary)), width=style.width)
    lines += apply_lines(applied, style=style) if applied is not None else []
    for change in revision.changes[:_MOST_CHANGES]:
        lines += _change_lines(change, style)
    more = len(revision.changes) - _MOST_CHANGES
    return [*lines, f"    and {more} more"] if more > 0 else lines


def _change_lines(change: dict[str, Any], style: Style) -> list[str]:
    action = next((known for known in ACTIONS if known == change["action"]), None)
    previous = change.get("previousName")
    subject = f"{previous} to {change['name']}" if previous else change["name"]
    said = style.show(f"{change['action']} {change['kind']} {subject}")
    mark = style.paint(style.symbol(action), action) if action else " "
    first, *rest = hang(" " * 6, said, width=style.width)
    lines = [f"    {mark} {first[6:]}", *rest]
    if action in {"create", "delete"}:
        return lines
    fields = [_field(field) for field in change.get("fields", ())]
    return [*lines, *field_lines(fields, style=style, indent=8)]


def _field(field: dict[str, Any]) -> FieldChange:
    rotated = bool(field.get("rotated", False))
    return FieldChange(path=field["path"], before=field.get("before"), after=field.get("after"), rotated=rotated)
