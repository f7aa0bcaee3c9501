"""What doctor has found, as a page to paste into a report, and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.model.formats import FORMAT_VERSION
from reconciler.render.text.parts.layout import cells, finish, hang, pad

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reconciler.model.canonical import JsonObject
    from reconciler.model.verification.examined import Examined, Standing
    from reconciler.render.text.parts.style import Role, Style, Symbol

_SYMBOLS: dict[Standing, tuple[Symbol, Role]] = {
    "ok": ("passed", "good"),
    "warning": ("warned", "warning"),
    "bad": ("failed", "bad"),
}


def examined_text(examined: Sequence[Examined], *, style: Style) -> str:
    """Return a line for each thing that was looked at, with what is wrong marked."""
    widest = max(cells(style.show(each.topic)) for each in examined)
    lines: list[str] = []
    for each in examined:
        symbol, role = _SYMBOLS[each.standing]
        start = f"{style.paint(style.symbol(symbol), role)} {pad(style.show(each.topic), widest)}  "
        first, *rest = hang(" " * (widest + 4), style.show(each.told), width=style.width)
        lines += [start + first[widest + 4 :], *rest]
    return finish(lines)


def examined_document(examined: Sequence[Examined]) -> JsonObject:
    """Return what was looked at as ``doctor --format json`` prints it."""
    found = [{"topic": each.topic, "standing": each.standing, "message": each.told} for each in examined]
    return {"formatVersion": FORMAT_VERSION, "examined": found, "diagnostics": []}
