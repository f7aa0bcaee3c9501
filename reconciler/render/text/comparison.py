"""Two sides compared, as text: the counts first, then each account that differs with its values."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.render.text.parts.fields import field_lines
from reconciler.render.text.parts.layout import hang

if TYPE_CHECKING:
    from reconciler.model.comparison import Comparison, DifferenceKind, Side
    from reconciler.model.plan import Action
    from reconciler.render.text.parts.style import Style

_MARKS: dict[DifferenceKind, Action] = {"added": "create", "removed": "delete", "changed": "update"}
_ORDER: tuple[DifferenceKind, ...] = ("removed", "added", "changed")


def comparison_text(compared: Comparison, *, style: Style) -> str:
    """Return what two sides differ in: what the first alone has, what the second alone has, what both have otherwise."""
    lines = [
        *hang("from  ", _side(compared.first, style), width=style.width),
        *hang("to    ", _side(compared.second, style), width=style.width),
        *(style.paint(line, "strong") for line in hang("", _counts(compared), width=style.width)),
    ]
    for kind in _ORDER:
        for each in (found for found in compared.differences if found.difference == kind):
            mark = style.paint(style.symbol(_MARKS[kind]), _MARKS[kind])
            lines += ["", f"  {mark} {style.paint(style.show(each.name), 'strong')}"]
            lines += field_lines(each.fields, style=style, indent=6)
    return "\n".join(lines) + "\n"


def _side(side: Side, style: Style) -> str:
    return style.show(f"{side.source} {side.name} ({side.told})")


def _counts(compared: Comparison) -> str:
    counts = {kind: sum(each.difference == kind for each in compared.differences) for kind in _ORDER}
    if not compared.differences:
        return f"No differences. {compared.same} the same."
    return (
        f"{counts['removed']} only in the first, {counts['added']} only in the second, {counts['changed']} otherwise, "
        f"{compared.same} the same."
    )
