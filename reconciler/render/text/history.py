"""Revisions and the journal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reconciler.model.plan import ACTIONS, FieldChange
from reconciler.render.documents import instant
from reconciler.render.text.applied import counted
from reconciler.render.text.fields import field_lines
from reconciler.render.text.layout import finish, hang

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from reconciler.model.recorded import Revision
    from reconciler.render.text.style import Style

_COMMIT_DIGITS = 12
_MOST_CHANGES = 50


def history_text(revisions: Iterable[Revision], *, style: Style) -> str:
    """Return the revisions in the order given: number, time, who, from where, and what changed.

    Of one revision the first 50 changes are told, then how many more there are.
    """
    blocks = [_revision_lines(revision, style) for revision in revisions]
    lines = [line for block in blocks for line in (*block, "")]
    return finish(lines[:-1] if lines else ["Nothing has been applied yet."])


def journal_text(entries: int, head: str, *, problems: Sequence[str] = (), style: Style) -> str:
    """Return whether the journal holds, its last hash, which is what to note down, and what is wrong if it does not."""
    count = f"{entries} entr{'y' if entries == 1 else 'ies'}"
    if not problems:
        return finish([style.paint(f"The journal holds: {count}.", "good"), f"head  {style.show(head)}"])
    lines = [style.paint(f"The journal does not hold ({count}).", "bad")]
    for problem in problems:
        lines += hang(f"  {style.symbol('failed')} ", style.show(problem), width=style.width)
    return finish([*lines, f"head  {style.show(head)}"])


def _revision_lines(revision: Revision, style: Style) -> list[str]:
    lines = [style.paint(f"revision {revision.revision}", "strong") + f"  {instant(revision.at)}"]
    commit = revision.commit and f"commit {revision.commit[:_COMMIT_DIGITS]}"
    facts = [f"by {revision.actor} ({revision.actor_source})", commit, revision.reference]
    lines += hang("  ", style.show("  ".join(fact for fact in facts if fact)), width=style.width)
    lines += hang("  ", style.show(counted(revision.summary)), width=style.width)
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
