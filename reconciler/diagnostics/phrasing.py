"""Phrases that many problems share: the nearest known word, lists that end in "and N more", counts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


_SEPARATORS = re.compile(r"[\s._-]+")
_LETTERS_A_SLIP = 4
"""A word may have one slip for each so many letters, and one in any case."""
_SHORTEST_BEGINNING = 3
_LONGEST_WORD = 100


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return `` Did you mean NAME?``, with a leading space; empty where no word is near."""
    near = nearest(word, known)
    return f" Did you mean {near}?" if near is not None else ""


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the known word that was probably meant, None where none is near; of equally near ones the first by name.

    Near is what few slips of the fingers lead to: a letter too many, missing, wrong, or two exchanged. Letters' case and
    separators do not count, and the beginning of one word alone is enough. A wrong suggestion misleads more than none.

    >>> nearest("valdiate", ["validate", "verify"]), nearest("import", ["report", "init"])
    ('validate', None)
    """
    sought = _plain(word)
    if not sought or len(sought) > _LONGEST_WORD:
        return None
    words = sorted(set(known))
    allowed = max(1, len(sought) // _LETTERS_A_SLIP)
    near = [(slips, each) for each in words if (slips := _slips(sought, _plain(each), allowed)) is not None]
    if near:
        return min(near)[1]
    begun = [each for each in words if _plain(each).startswith(sought)]
    return begun[0] if len(begun) == 1 and len(sought) >= _SHORTEST_BEGINNING else None


def _plain(word: str) -> str:
    return _SEPARATORS.sub("", word.casefold())


def _slips(word: str, other: str, allowed: int) -> int | None:
    """Return how many slips lead from one word to the other; None for more than ``allowed``, or for half the word."""
    if abs(len(word) - len(other)) > allowed:
        return None
    before: list[int] = []
    last = list(range(len(other) + 1))
    for row, letter in enumerate(word, start=1):
        current = [row]
        for column, meant in enumerate(other, start=1):
            cost = min(last[column] + 1, current[-1] + 1, last[column - 1] + (letter != meant))
            is_exchanged = row > 1 and column > 1 and (letter, word[row - 2]) == (other[column - 2], meant)
            current.append(min(cost, before[column - 2] + 1) if is_exchanged else cost)
        if min(current) > allowed:
            return None
        before, last = last, current
    slips = last[-1]
    return slips if slips <= allowed and 2 * slips < max(len(word), len(other)) else None


MOST_NAMES = 10
"""The most names that a sentence lists before it counts the rest."""

_ALL_NAMED = 5
_FIRST_NAMED = 3


def enumerated(names: Sequence[str], *, before_more: str = " and ", most: int = MOST_NAMES) -> str:
    """Return names with commas between; of more than ``most`` names the first ones, and how many more there are."""
    shown = ", ".join(names[:most])
    more = len(names) - most
    return f"{shown}{before_more}{more:,} more" if more > 0 else shown


def several(count: int, noun: str, plural: str | None = None) -> str:
    """Return a count with its noun: ``1 account``, ``2,000 accounts``; ``plural`` where it takes more than an s.

    >>> several(1, "entry", "entries"), several(0, "entry", "entries")
    ('1 entry', '0 entries')
    """
    return f"{count:,} {noun if count == 1 else plural or f'{noun}s'}"


def counted(names: Sequence[str], what: str = "accounts") -> str:
    """Return a problem's subjects: a few by name; of many the number, the first names, and how many more there are."""
    if len(names) <= _ALL_NAMED:
        return ", ".join(names)
    noun = "secrets" if all(":" in name for name in names) else what
    return f"{len(names)} {noun}: {', '.join(names[:_FIRST_NAMED])} and {len(names) - _FIRST_NAMED} more"
