"""Tables: on a terminal within its width, elsewhere a line a row with every value whole.

The premise: a person wants columns that fit, and reads a long cell on below itself; a program, ``grep`` first of
all, wants a row on one line, the same however wide somebody's window is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from reconciler.render.text.parts.layout import BETWEEN_COLUMNS, cells, fitted_widths, natural_widths, wrap

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from reconciler.render.text.parts.style import Role, Style


class Cell(NamedTuple):
    """One value of a row: safe text, see ``Style.show``, and its look."""

    text: str
    role: Role | None = None


def table_lines(
    titles: Sequence[str],
    rows: Sequence[Sequence[Cell]],
    *,
    style: Style,
    unbroken: int = 16,
    whole: Collection[str] = (),
) -> list[str] | None:
    """Return heading and rows as lines; None where the table does not fit the terminal.

    On a terminal long cells go on below themselves: broken between words, or within words of more than ``unbroken``
    columns where that is not enough. Cells of columns whose titles are in ``whole`` are never broken. Without a
    terminal each row is one line.
    """
    heading = [Cell(title, "strong") for title in titles]
    texts = [[cell.text for cell in row] for row in (heading, *rows)]
    if not style.is_terminal:
        return _laid_out([heading, *rows], natural_widths(texts), style)
    widths = fitted_widths(texts, width=style.width, unbroken=unbroken, whole=whole)
    if widths is None:
        return None
    rule = style.symbol("rule") * (sum(widths) + BETWEEN_COLUMNS * (len(widths) - 1))
    return [*_laid_out([heading], widths, style), rule, *_laid_out(rows, widths, style)]


def _laid_out(rows: Sequence[Sequence[Cell]], widths: Sequence[int], style: Style) -> list[str]:
    return [line for row in rows for line in _row_lines(row, widths, style)]


def _row_lines(row: Sequence[Cell], widths: Sequence[int], style: Style) -> Iterator[str]:
    wrapped = [wrap(cell.text, width) for cell, width in zip(row, widths, strict=True)]
    for number in range(max(map(len, wrapped))):
        line, gap = "", ""
        for cell, parts, width in zip(row, wrapped, widths, strict=True):
            part = parts[number] if number < len(parts) else ""
            if part:
                line += gap + (style.paint(part, cell.role) if cell.role else part)
                gap = ""
            gap += " " * (width - cells(part) + BETWEEN_COLUMNS)
        yield line
