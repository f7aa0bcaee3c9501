"""Characters in a row of one text that are looked for in another."""

from __future__ import annotations

from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_PIECE = 4
"""So many characters of each run are looked for first, where a text is looked through once."""
_FEWEST_KEPT, _MOST_KEPT = 64, 4096
"""Texts that are longer are gone through anew each time: their runs would take a megabyte. So are shorter ones, quickly."""


class Runs(dict[int, set[str]]):
    """Runs that are looked for, by their length."""

    @cached_property
    def pieces(self) -> dict[int, frozenset[str]]:
        """All pieces of the runs of each length."""
        return {
            length: frozenset([run[at : at + _PIECE] for run in runs for at in range(length - _PIECE + 1)])
            for length, runs in self.items()
        }


def runs_of(text: str, length: int) -> list[str]:
    """Return all runs of a text that have a length.

    >>> runs_of("abcd", 3)
    ['abc', 'bcd']
    """
    return [text[at : at + length] for at in range(len(text) - length + 1)]


def has_run(text: str, known: Runs) -> bool:
    """Tell whether a text, which may come again, has one of the runs.

    >>> has_run("a word", Runs({4: {"word"}})), has_run("a sword", Runs({6: {"swords"}}))
    (True, False)
    """
    return any(len(text) >= length and not runs.isdisjoint(_looked_up(text, length)) for length, runs in known.items())


def has_run_anew(text: str, known: Runs) -> bool:
    """Tell the same of a text that will not come again.

    Pieces of it at such a distance that every run holds one of them whole are far fewer than its runs.
    """
    size = len(text)
    for length, pieces in known.pieces.items():
        distance = length - _PIECE + 1
        if size >= length and not pieces.isdisjoint(
            [text[at : at + _PIECE] for at in range(0, size - _PIECE + 1, distance)]
        ):
            return has_run(text, known)
    return False


def _looked_up(text: str, length: int) -> Iterable[str]:
    """Return all runs of a length; those of a text that is asked about again and again, and is no short one, are kept."""
    return _kept_runs(text, length) if _FEWEST_KEPT <= len(text) <= _MOST_KEPT else runs_of(text, length)


@lru_cache(maxsize=64)
def _kept_runs(text: str, length: int) -> frozenset[str]:
    return frozenset(runs_of(text, length))
