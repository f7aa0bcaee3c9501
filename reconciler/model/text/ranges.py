"""Names in order, numbered ones as ranges."""

from __future__ import annotations

import re
from heapq import nsmallest
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

_NUMBERED = re.compile(r"(.*?)([0-9]{1,9})\Z", re.DOTALL)
_LEAST_RANGE = 3
_MANY = 20
"""So many times as many names as ranges are wanted mostly have these ranges."""


def ranges_of(names: Iterable[str]) -> list[list[str]]:
    """Return the names in order, each range a list of its own, like each name that is in none.

    Three or more names are a range whose numbers follow each other; they differ in the number at their end only, written
    with as many digits.

    >>> ranges_of(["a-08", "b", "a-10", "a-09"])
    [['a-08', 'a-09', 'a-10'], ['b']]
    """
    runs: list[list[str]] = []
    stem, digits, number = "", 0, -1
    for its_stem, its_number, name in sorted(map(_key, names)):
        its_digits = len(name) - len(its_stem)
        if its_digits and (its_stem, its_digits, its_number) == (stem, digits, number + 1):
            runs[-1].append(name)
        else:
            runs.append([name])
        stem, digits, number = its_stem, its_digits, its_number
    return [part for run in runs for part in ([run] if len(run) >= _LEAST_RANGE else [[name] for name in run])]


def first_ranges_of(names: Collection[str], most: int) -> tuple[list[list[str]], int]:
    """Return the first of these ranges, at most so many, and how many names are in none of them.

    Of very many names the first ones are sorted alone, where these are enough.

    >>> first_ranges_of(["c", "a-08", "b", "a-10", "a-09"], 2)
    ([['a-08', 'a-09', 'a-10'], ['b']], 1)
    """
    first = ranges_of(nsmallest(most * _MANY, names, key=_key)) if len(names) > most * _MANY else []
    # With the names behind them the last two may be one range.
    ranges = (first if len(first) >= most + 2 else ranges_of(names))[:most]
    return ranges, len(names) - sum(map(len, ranges))


def _key(name: str) -> tuple[str, int, str]:
    """Return what comes before the number at a name's end, the number, -1 where there is none, and the name."""
    found = _NUMBERED.match(name)
    return (found[1], int(found[2]), name) if found else (name, -1, name)
