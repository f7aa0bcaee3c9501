"""Columns and line breaks, counted in terminal cells: wide characters take two, combining ones none.

The premise: the widths are those of Python's own table of Unicode, so that what is shown is the same whichever release
of a library is installed.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from reconciler.render.safe import guard_line_starts

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

_LEAST_ROOM = 12
_WIDEST_CHARACTER = 2
BETWEEN_COLUMNS = 2
_JOINER = "\u200d"
_AS_EMOJI = "\ufe0f"
_SKIN_TONE = re.compile("[\U0001f3fb-\U0001f3ff]")
_NO_WIDTH = frozenset({"Mn", "Me", "Cf"})
_HANGUL_WITHIN = re.compile("[\u1160-\u11ff\ud7b0-\ud7fb]")
"""Vowels and final consonants of a Korean syllable, which stand within the square of its first letter."""
_PIECE = re.compile(r"\S+\s*|\s+")


def finish(lines: Iterable[str]) -> str:
    """Return the lines as one text that ends with a newline; no line begins a command of a CI log."""
    return guard_line_starts("".join([f"{line.rstrip()}\n" for line in lines]))


def cells(text: str) -> int:
    """Return how many columns the text takes."""
    if text.isascii():
        return len(text)
    return sum(width for _, width in _clusters(text))


def pad(text: str, width: int) -> str:
    """Return the text filled with spaces to ``width`` columns."""
    return text + " " * (width - cells(text))


def wrap(text: str, width: int) -> list[str]:
    """Return the text as lines of at most ``width`` columns, broken at spaces, or within words longer than a line.

    There is always at least one line; spaces at the end of a line are left out.
    """
    room = max(width, _WIDEST_CHARACTER)
    if cells(text) <= room:
        return [text]
    lines, line, used = [], "", 0
    for piece in _PIECE.findall(text):
        if used and used + cells(piece.rstrip()) > room:
            lines.append(line.rstrip())
            line, used = "", 0
        *full, rest = _chop(piece, room)
        lines.extend(full)
        line, used = line + rest, used + cells(rest)
    return [*lines, line.rstrip()] if line.strip() else lines


def hang(first: str, text: str, *, width: int, indent: int | None = None) -> list[str]:
    """Return ``first`` followed by the wrapped text, whose later lines are indented to where it began.

    ``indent`` sets another indentation of the later lines. The text gets at least 12 columns.
    """
    start = cells(first)
    rest = start if indent is None else indent
    lines = wrap(text, max(width - max(start, rest), _LEAST_ROOM))
    return [first + lines[0], *(" " * rest + line for line in lines[1:])]


def natural_widths(table: Sequence[Sequence[str]]) -> list[int]:
    """Return the width of each column of a table in which nothing is broken; its first row are the titles."""
    return [max(map(cells, column)) for column in zip(*table, strict=True)]


def fitted_widths(
    table: Sequence[Sequence[str]], *, width: int, unbroken: int, whole: Collection[str] = ()
) -> list[int] | None:
    """Return the width of each column in a table of at most ``width`` columns, two of them between columns.

    The widest columns give room first, down to their longest word; where that is not enough, words of more than
    ``unbroken`` columns are broken. Columns whose titles (the first row) are in ``whole`` give none. None where the
    table does not fit under these rules.
    """
    widths = natural_widths(table)
    longest_words = [
        max((cells(word) for text in column for word in text.split()), default=0) for column in zip(*table, strict=True)
    ]
    kept = {number: widths[number] for number, title in enumerate(table[0]) if title in whole}
    longest_words = [kept.get(number, longest) for number, longest in enumerate(longest_words)]
    room = width - BETWEEN_COLUMNS * (len(widths) - 1)
    shortest = [kept.get(number, min(longest, unbroken)) for number, longest in enumerate(longest_words)]
    for least in (longest_words, shortest):
        while sum(widths) > room and widths != least:
            # The widest column that can give does, down to the next widest, and no more than is needed.
            givers = [column for column in range(len(widths)) if widths[column] > least[column]]
            widest = max(givers, key=lambda column: widths[column])
            others = [widths[column] for column in givers if widths[column] < widths[widest]]
            target = max([least[widest], *others, widths[widest] - (sum(widths) - room)])
            widths[widest] = min(target, widths[widest] - 1)
    return widths if sum(widths) <= room else None


def _chop(piece: str, room: int) -> list[str]:
    if cells(piece.rstrip()) <= room:
        return [piece]
    if piece.isascii():
        return [piece[at : at + room] for at in range(0, len(piece), room)]
    lines, used = [""], 0
    for cluster, width in _clusters(piece):
        if used + width > room:
            lines.append("")
            used = 0
        lines[-1] += cluster
        used += width
    return lines


def _clusters(text: str) -> Iterator[tuple[str, int]]:
    """Yield characters that take columns together, and how many: a letter with accents, an emoji with joiners."""
    cluster, taken = "", 0
    for character in text:
        width = _width(character)
        if cluster and _is_joined(cluster, character):
            width = 0
        if width:
            if cluster:
                yield cluster, taken
            cluster, taken = character, width
        else:
            cluster += character
            taken = 2 if character == _AS_EMOJI and taken else taken
    if cluster:
        yield cluster, taken


def _width(character: str) -> int:
    if character.isascii():
        return 1
    if unicodedata.category(character) in _NO_WIDTH or _HANGUL_WITHIN.match(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in {"W", "F"} else 1


def _is_joined(cluster: str, character: str) -> bool:
    """Tell whether a character becomes part of the emoji before it; a joiner between letters makes no emoji."""
    if _SKIN_TONE.match(character):
        return unicodedata.category(cluster[0]) == "So"
    return cluster.endswith(_JOINER) and unicodedata.category(character) == "So"
