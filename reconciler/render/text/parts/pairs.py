"""Facts by name, aligned: a line each, or where there is no room for two columns the value below its name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.render.text.parts.fields import scalar
from reconciler.render.text.parts.layout import cells, hang, pad

if TYPE_CHECKING:
    from reconciler.model.canonical import JsonView
    from reconciler.render.text.parts.style import Style

_LEAST_VALUE_ROOM = 24


def pair_lines(facts: JsonView, style: Style, *, indent: int) -> list[str]:
    """Return the lines of facts in their order."""
    labels = {key: style.show(key) for key in facts}
    widest = max(map(cells, labels.values()), default=0)
    has_columns = style.width - (indent + widest + 2) >= _LEAST_VALUE_ROOM
    lines: list[str] = []
    for key, value in facts.items():
        text = style.show(scalar(value))
        if has_columns:
            lines += hang(" " * indent + pad(labels[key], widest) + "  ", text, width=style.width)
        else:
            lines += hang(" " * indent, labels[key], width=style.width)
            lines += hang(" " * (indent + 2), text, width=style.width)
    return lines
