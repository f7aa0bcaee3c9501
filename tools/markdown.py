"""Pages and tables in Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_MADE_FROM = "<!-- Made from the code by `make generate`; do not edit. -->"


def page(title: str, lead: str, *parts: str) -> str:
    """Return a page: its title, a paragraph that says what it is, and its parts."""
    return "\n\n".join([f"# {title}", _MADE_FROM, lead, *parts]) + "\n"


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; line breaks inside a cell become spaces."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(_cell(cell) for cell in line) + " |" for line in lines)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
