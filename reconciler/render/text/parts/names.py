"""Many names in few words: numbered ones as ranges, ``desk-01 to desk-36``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.diagnostics import several
from reconciler.model.text.ranges import ranges_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def listed(names: Iterable[str], *, most: int) -> str:
    """Return the names in order, three or more whose numbers follow each other as one range; at most so many words.

    Names belong to a range that differ in the number at their end only, written with as many digits. What is left out
    is counted.

    >>> listed(["a-08", "b", "a-10", "a-09"], most=9)
    'a-08 to a-10, b'
    >>> listed(["a-8", "a-9", "a-10", "b"], most=2)
    'a-8, a-9 and 2 more'
    """
    ranges = ranges_of(names)
    return listed_ranges(ranges[:most], more=sum(map(len, ranges[most:])))


def listed_ranges(ranges: Iterable[Sequence[str]], *, more: int) -> str:
    """Return ranges of names, of which the first and the last are told, and how many more names there are."""
    told = [f"{each[0]} to {each[-1]}" if len(each) > 1 else each[0] for each in ranges]
    return ", ".join(told) + (f" and {several(more, 'more', 'more')}" if more else "")
