"""The head of a plan as text: counts and verdict, a row for each thing that matters, whom apply contacts, what next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.diagnostics import several
from reconciler.render.text.nochanges import no_changes
from reconciler.render.text.parts.fields import field_action, field_labels, field_value
from reconciler.render.text.parts.layout import cells, hang, pad
from reconciler.rules.plan.alike import is_rotated_only
from reconciler.rules.plan.announce import messages_in_words

if TYPE_CHECKING:
    from reconciler.model.plan import FieldChange, Plan
    from reconciler.render.text.parts.style import Role, Style, Symbol
    from reconciler.rules.plan.summary import PlanSummary, RowKind, SummaryRow

_LOOKS: dict[RowKind, tuple[Symbol, Role]] = {
    "refused": ("failed", "bad"),
    "held": ("skipped", "faint"),
    "delete": ("delete", "delete"),
    "pending": ("warned", "warning"),
    "update": ("update", "update"),
}
_VERDICTS = {"blocked": "BLOCKED", "invalid": "INVALID"}
_WIDEST_NAMES = 26
_MOST_NAMES = 3
_MOST_FIELDS = 2
_MOST_LINES = 2
"""The lines of a row; the details tell the rest."""


def head_lines(summary: PlanSummary, *, style: Style, details: str = "", follow: str = "") -> list[str]:
    """Return the head; ``details`` is the command that shows more, ``follow`` what comes next where nothing refuses."""
    lines = _title(summary, style)
    names = [_named(row, style) for row in summary.rows]
    widest = max(map(cells, names), default=0)
    for row, name in zip(summary.rows, names, strict=True):
        symbol, role = _LOOKS[row.kind]
        first = f"    {pad(name, widest)}  " if widest else "    "
        told = hang(first, row_text(row, style), width=style.width)[:_MOST_LINES]
        lines += [f"  {style.paint(style.symbol(symbol), role)} {told[0][4:]}", *told[1:]]
    said = announced(summary)
    lines += [line for text in said for line in hang("  ", style.show(text), width=style.width)]
    return [*lines, *_last(summary, style, details, follow)]


def lifted_lines(plan: Plan, *, style: Style) -> list[str]:
    """Return a line for each guard that was lifted on purpose."""
    told = [style.show(f"{lifted.code}, by {lifted.by}") for lifted in plan.lifted_guards]
    return [line for text in told for line in hang("Guard lifted: ", text, width=style.width, indent=2)]


def summary_line(plan: Plan) -> str:
    """Return the counts in one sentence; where nothing changes, a sentence that says so."""
    if plan.status == "empty" and not plan.changes:
        return no_changes(plan.summary.unchanged)
    counts = plan.summary
    held = f" {counts.held} held." if counts.held else ""
    return (
        f"Plan: {counts.create} to create, {counts.update} to update, {counts.rename} to rename, "
        f"{counts.delete} to delete. {counts.unchanged} unchanged.{held}"
    )


def announced(summary: PlanSummary) -> list[str]:
    """Return the sentences on test messages and logins: what the plan's making sent, and whom apply contacts."""
    told = [f"making this plan sent {messages_in_words(summary.sent)}"] if summary.sent else []
    verifies = summary.verifies
    if verifies is not None and verifies.accounts:
        sends = messages_in_words(verifies.messages) or "no test message"
        told.append(f"apply verifies {several(verifies.accounts, 'account')} and sends {sends}")
    elif verifies is not None:
        told.append("apply verifies no account and sends no test message")
    return told


def title(summary: PlanSummary) -> str:
    """Return the first sentence: whose plan, against what, and the counts."""
    state = "a state without revisions" if summary.serial == 0 else f"revision {summary.serial}"
    against = "" if summary.serial is None else f", against {state}"
    counts = ", ".join(f"{count:,} {word}" for word, count in summary.counts) or "no account"
    return f"Plan for {summary.project}{against}: {counts}."


def row_text(row: SummaryRow, style: Style) -> str:
    """Return what a row says of its accounts, as safe text."""
    if not row.fields:
        return style.show(row.text)
    told = zip(row.fields, field_labels(row.fields), strict=True)
    # What a server sees goes before titles and labels.
    shown = sorted(told, key=lambda pair: pair[0].path.startswith("metadata."))[:_MOST_FIELDS]
    told_shortly = ", ".join(_in_short(field, style.show(label), style) for field, label in shown)
    more = len(row.fields) - len(shown)
    through = f" (through {style.show(row.server)})" if row.server and len(row.names) > 1 else ""
    return f"{told_shortly}{f' and {more} more' if more else ''}{through}"


def _in_short(field: FieldChange, label: str, style: Style) -> str:
    if is_rotated_only(field):
        return f"{label} rotated"
    action = field_action(field)
    if action == "delete":
        return f"{style.symbol(action)} {label}"
    mark = f"{style.symbol(action)} " if action == "create" else ""
    return f"{mark}{label} {field_value(field, style)}"


def _title(summary: PlanSummary, style: Style) -> list[str]:
    verdict = _VERDICTS.get(summary.status, "")
    room = style.width
    lines = hang("", style.show(title(summary)), width=room)
    painted = [style.paint(line, "strong") for line in lines]
    if verdict:
        fits = cells(lines[-1]) + 3 + len(verdict) <= room
        shown = style.paint(verdict, "bad")
        painted = [*painted[:-1], f"{painted[-1]}   {shown}"] if fits else [*painted, shown]
    return painted


def _named(row: SummaryRow, style: Style) -> str:
    if not row.names:
        return "the plan"
    together = style.show(", ".join(row.names))
    if len(row.names) <= _MOST_NAMES and cells(together) <= _WIDEST_NAMES:
        return together
    return style.show(row.names[0]) if len(row.names) == 1 else several(len(row.names), "account")


def _last(summary: PlanSummary, style: Style, details: str, follow: str) -> list[str]:
    """Return the line with what shows more and what comes next, on two lines where one has no room."""
    mend = summary.mend or (f"see {summary.mend_code} below" if summary.mend_code else "")
    next_step = f"mend: {mend}" if mend else follow
    parts = [style.show(part) for part in (f"details: {details}" if details else "", next_step) if part]
    together = f"  {(' ' * 8).join(parts)}"
    if cells(together) <= style.width:
        return [together] if parts else []
    return [line for part in parts for line in hang("  ", part, width=style.width, indent=4)]
