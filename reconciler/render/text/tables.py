"""Tables: on a terminal within its width and drawn by rich, elsewhere a line a row with every value whole.

The premise: somebody who looks wants columns that fit, and goes on reading a long cell below itself; a program that
reads, ``grep`` first of all, wants a row on one line, the same however wide somebody's window is.
"""

from __future__ import annotations

from io import StringIO
from typing import TYPE_CHECKING, NamedTuple

from reconciler.render.text.layout import BETWEEN_COLUMNS, cells, fitted_widths, natural_widths, wrap
from reconciler.render.text.style import ROLE_LOOKS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from rich.text import Text

    from reconciler.render.text.style import Role, Style

_MOST_DRAWN = 1_000
"""Rows that rich draws: a quarter of a second's work. More are laid out here, which takes a tenth of the time."""

_ASCII_RULE = "    \n    \n -- \n    \n    \n    \n    \n    \n"
"""A rule below the heading and nothing else, written as rich writes its boxes."""


class Cell(NamedTuple):
    """One value of a row: safe text, see ``Style.show``, and how it looks."""

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

    On a terminal, cells that are too long go on below themselves, broken between words where that is enough, and
    never within a word of up to ``unbroken`` columns; those of columns whose titles are in ``whole`` stay as they are.
    Where there is no terminal, each row is one line.
    """
    heading = [Cell(title, "strong") for title in titles]
    texts = [[cell.text for cell in row] for row in (heading, *rows)]
    if not style.is_terminal:
        return _laid_out([heading, *rows], natural_widths(texts), style)
    widths = fitted_widths(texts, width=style.width, unbroken=unbroken, whole=whole)
    if widths is None:
        return None
    if len(rows) <= _MOST_DRAWN:
        return _drawn(heading, rows, widths, style)
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


def _drawn(heading: Sequence[Cell], rows: Sequence[Sequence[Cell]], widths: Sequence[int], style: Style) -> list[str]:
    from rich.box import SIMPLE_HEAD, Box
    from rich.console import Console
    from rich.table import Table

    box = SIMPLE_HEAD if style.unicode else Box(_ASCII_RULE, ascii=True)
    table = Table(box=box, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0), header_style="")
    for cell, width in zip(heading, widths, strict=True):
        table.add_column(_text(cell, width), width=width)
    for row in rows:
        table.add_row(*(_text(cell, width) for cell, width in zip(row, widths, strict=True)))
    console = Console(
        file=StringIO(),
        width=sum(widths) + BETWEEN_COLUMNS * len(widths),
        color_system="standard" if style.colour else None,
        force_terminal=style.colour,
        legacy_windows=False,
        _environ={},
    )
    with console.capture() as drawn:
        console.print(table)
    return [line.rstrip() for line in drawn.get().splitlines()]


def _text(cell: Cell, width: int) -> Text:
    """Return a cell as rich's text, its lines broken here; made of values, so that nothing in it is rich's markup."""
    from rich.text import Text

    looks = ROLE_LOOKS[cell.role] if cell.role else {}
    words = [str(looks["fg"])] if "fg" in looks else []
    words += [each for each in ("bold", "dim") if looks.get(each)]
    text = Text("\n".join(wrap(cell.text, width)), no_wrap=True, overflow="ignore")
    text.stylize(" ".join(words))  # the words alone: as the text's own style it would colour the padding too
    return text
