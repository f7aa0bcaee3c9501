"""What is made of a value, made once for a value that comes again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")
Made = TypeVar("Made")
_MOST = 64


class Once(Generic[Made]):
    """What was made of the values that came last: known by their identity, not by what they are equal to.

    Many accounts have one value of what was verified, and comparing two of those takes as long as writing one.
    """

    def __init__(self) -> None:
        """Begin with none."""
        self._made: dict[int, tuple[object, Made]] = {}

    def of(self, value: T, make: Callable[[T], Made]) -> Made:
        """Return what ``make`` makes of a value; of one that came before, what it made then.

        >>> once, value = Once[list[int]](), (3, 1, 2)
        >>> once.of(value, sorted) is once.of(value, sorted)
        True
        """
        known = self._made.get(id(value))
        if known is None:
            if len(self._made) >= _MOST:
                self._made.clear()
            # The value is held with it, or another could come to have its identity.
            known = self._made[id(value)] = (value, make(value))
        return known[1]
