"""Revisions, what else happened, and the journal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reconciler.model.plan import ACTIONS, FieldChange
from reconciler.render.documents import instant
from reconciler.render.text.applied import counted
from reconciler.render.text.events import apply_lines, event_lines, is_told
from reconciler.render.text.fields import field_lines
from reconciler.render.text.layout import finish, hang

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from reconciler.model.history import JournalEvent
    from reconciler.model.recorded import Revision
    from reconciler.render.text.style import Style

_COMMIT_DIGITS = 12
_MOST_CHANGES = 50


def history_text(revisions: Iterable[Revision], *, events: Sequence[JournalEvent] = (), style: Style) -> str:
    """Return the revisions, newest first: number, time, who, from where, what changed, and which ways round.

    Among them stands what else happened, by its ``events``. Of one revision the first 50 changes are told, then how
    many more there are.
    """
    applies = {event.revision: event for event in events if event.revision is not None}
    waiting = [event for event in events if is_told(event)]
    blocks: list[list[str]] = []
    for revision in revisions:
        applied = applies.get(revision.revision)
        while waiting and applied is not None and waiting[0].sequence > applied.sequence:
            blocks.append(event_lines(waiting.pop(0), style=style))
        blocks.append(_revision_lines(revision, applied, style))
    blocks += [event_lines(event, style=style) for event in waiting]
    lines = [line for block in blocks for line in (*block, "")]
    return finish(lines[:-1] if lines else ["Nothing has been applied yet."])


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
    return finish([*lines, *notes, f"head  {style.show(head)}"])


def _redacted_text(redacted: Mapping[int, int]) -> str:
    by = sorted(set(redacted.values()))
    payloads = f"{len(redacted)} payload{'' if len(redacted) == 1 else 's'}"
    return (
        f"Personal data was erased from {payloads}, as "
        f"entr{'y' if len(by) == 1 else 'ies'} {', '.join(map(str, by))} tell{'s' if len(by) == 1 else ''}."
    )


def _revision_lines(revision: Revision, applied: JournalEvent | None, style: Style) -> list[str]:
    lines = [style.paint(f"revision {revision.revision}", "strong") + f"  {instant(revision.at)}"]
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
