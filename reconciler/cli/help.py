"""Help that reads well on narrow terminals too."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Iterable

_LEAST_WIDTH = 38
_WIDE_ENOUGH = 70
"""Columns from which on options and their descriptions stand side by side."""

_SHORT_TERM = 12
_NARROW_COLUMN = 6
_USUAL_COLUMN = 30


class HelpFormatter(click.HelpFormatter):
    """Wraps help at the terminal's width, below click's least of 50 columns as well."""

    def __init__(self, indent_increment: int = 2, width: int | None = None, max_width: int | None = None) -> None:
        """Take the width given, or that of the terminal, up to ``max_width``."""
        import shutil

        columns = shutil.get_terminal_size().columns
        fitting = max(min(columns, max_width or columns) - 2, _LEAST_WIDTH)
        super().__init__(indent_increment, width or fitting, max_width)

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = _USUAL_COLUMN, col_spacing: int = 2) -> None:
        """Write options or commands with their descriptions; on a narrow terminal below them."""
        listed = list(rows)
        if self.width < _WIDE_ENOUGH:
            widest = max((len(term) for term, _ in listed), default=0)
            col_max = _SHORT_TERM if widest <= _SHORT_TERM else _NARROW_COLUMN
        super().write_dl(listed, col_max, col_spacing)


class HelpContext(click.Context):
    """A context whose help is written so."""

    formatter_class = HelpFormatter


def with_narrow_help(command: click.Command) -> click.Command:
    """Have a command, and what is below it, write its help so; return it."""
    command.context_class = HelpContext
    for below in getattr(command, "commands", {}).values():
        with_narrow_help(below)
    return command
