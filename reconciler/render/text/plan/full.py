"""Everything in a plan: what would be deleted, changed, renamed and created, what was verified, and what blocks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.diagnostics import counted
from reconciler.render.text.parts.fields import field_lines
from reconciler.render.text.parts.grouping import grouped
from reconciler.render.text.parts.layout import hang
from reconciler.render.text.plan.blocked import blocked_lines
from reconciler.render.text.plan.head import lifted_lines, summary_line
from reconciler.render.text.verification import is_untried, likeness, verification_lines

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from reconciler.model.plan import Action, Change, SavedPlan
    from reconciler.model.verification.evidence import Verification
    from reconciler.render.text.parts.grouping import Group
    from reconciler.render.text.parts.style import Style

_ORDER: tuple[Action, ...] = ("delete", "rename", "update", "create")
_MANY = 15
"""In a group of more accounts, those that were not tried are only counted."""
_PENDING = "will be pending: no sending until the platform accepts"


def full_lines(plan: SavedPlan, *, style: Style) -> list[str]:
    """Return every change field by field (deletions first, held ones last), counts, and what blocks the plan."""
    lines: list[str] = []
    for group in sorted(grouped(plan.changes), key=_place):
        lines += [*_group_lines(group, style, frozenset(plan.would_be_pending)), ""]
    lines += [style.paint(line, "strong") for line in hang("", summary_line(plan), width=style.width)]
    lines += lifted_lines(plan, style=style)
    return [*lines, *(blocked_lines(plan, style=style) if plan.status == "blocked" else [])]


def _place(group: Group) -> tuple[bool, int, str]:
    first = group.changes[0]
    return first.held, _ORDER.index(first.action), first.name


def _group_lines(group: Group, style: Style, pending: Collection[str]) -> list[str]:
    first = group.changes[0]
    if len(group.changes) == 1:
        lines = _title(first, f"{first.kind} {_subject(first)}{_marks(first)}", style)
        lines += field_lines(group.common, style=style, indent=6)
        found = [] if first.action == "delete" else verification_lines(first.verification, style=style, indent=6)
        return [*lines, *_pending_lines(group, style, pending), *found]
    through = f" through {first.server}" if first.server else ""
    lines = _title(first, f"{len(group.changes)} {first.kind}s{through}{_marks(first)}", style)
    alike = [change.name for change in group.changes if not group.own_fields(change)]
    lines += hang(" " * 6, style.show(", ".join(alike)), width=style.width) if alike else []
    lines += field_lines(group.common, style=style, indent=6)
    rotated = {paths: names for paths, names in group.only_rotated().items() if len(names) > 1}
    for paths, names in rotated.items():
        lines += hang(" " * 6, style.show(", ".join(names)), width=style.width)
        lines += hang(
            " " * 8, style.show(f"{', '.join(_short(paths))}: each its own secret, rotated"), width=style.width
        )
    told = {name for names in rotated.values() for name in names}
    for change in group.changes:
        own = group.own_fields(change)
        if own and change.name not in told:
            lines += hang(" " * 6, style.show(change.name), width=style.width)
            lines += field_lines(own, style=style, indent=8)
    return [*lines, *_pending_lines(group, style, pending), *_verifications(group, style)]


def _short(paths: Iterable[str]) -> list[str]:
    return [path.removeprefix("spec.") for path in paths]


def _title(change: Change, subject: str, style: Style) -> list[str]:
    """Return the first line of a change: its symbol in the margin, the action, and what it is done to."""
    mark = style.paint(style.symbol(change.action), change.action)
    first, *rest = hang("    ", style.show(f"{change.action} {subject}"), width=style.width)
    return [f"  {mark} {style.paint(first[4:], 'strong')}", *(style.paint(line, "strong") for line in rest)]


def _subject(change: Change) -> str:
    through = f" through {change.server}" if change.server else ""
    renamed = f"{change.previous_name} to " if change.previous_name else ""
    return f"{renamed}{change.name}{through}"


def _marks(change: Change) -> str:
    rotation = " (secret rotated)" if change.cause == "rotation" else ""
    held = " (held: left out, its verification failed)" if change.held else ""
    return rotation + held


def _pending_lines(group: Group, style: Style, pending: Collection[str]) -> list[str]:
    names = [change.name for change in group.changes if change.name in pending]
    if not names:
        return []
    first, *rest = hang(" " * 8, style.show(_whose(names, group) + _PENDING), width=style.width)
    return [f"{' ' * 6}{style.paint(style.symbol('warned'), 'warning')} {first[8:]}", *rest]


def _verifications(group: Group, style: Style) -> list[str]:
    """Return the verifications of a group, once for all that ended alike; names only where that is not all of it."""
    if group.changes[0].action == "delete":
        return []
    ends: dict[object, list[Change]] = {}
    for change in group.changes:
        ends.setdefault(likeness(change.verification), []).append(change)
    lines: list[str] = []
    for alike in ends.values():
        found: list[Verification] = [change.verification for change in alike]
        whose = _whose([change.name for change in alike], group)
        if len(group.changes) > _MANY and is_untried(found[0]) and len(ends) > 1:
            lines += hang(
                f"      {style.symbol('failed')} ", style.show(f"{whose}not tried after that"), width=style.width
            )
            continue
        lines += verification_lines(found[0], style=style, indent=6, same=found[1:], whose=whose)
    return lines


def _whose(names: Sequence[str], group: Group) -> str:
    """Return the words before a remark on some changes of a group; empty in a group of one."""
    if len(group.changes) == 1:
        return ""
    return f"all {len(names)}: " if len(names) == len(group.changes) else f"{counted(names)}: "
