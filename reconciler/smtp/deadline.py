"""One limit for a whole conversation, however its server spreads its answers."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Deadline:
    """A moment of a monotonic clock that nothing may wait beyond."""

    __slots__ = ("_clock", "_ends_at")

    def __init__(self, seconds: float, *, clock: Callable[[], float] = time.monotonic) -> None:
        """Set the moment ``seconds`` from now."""
        self._clock = clock
        self._ends_at = clock() + seconds

    def remaining_seconds(self) -> float:
        """Return how long may still be waited, above zero; raise ``TimeoutError`` where nothing is left."""
        seconds = self._ends_at - self._clock()
        if seconds <= 0:
            raise TimeoutError
        return seconds

    @property
    def is_over(self) -> bool:
        """Whether nothing is left."""
        return self._ends_at <= self._clock()

    def sooner(self, seconds: float) -> Deadline:
        """Return a deadline ``seconds`` from now, or this one where it comes first."""
        return Deadline(min(seconds, self._ends_at - self._clock()), clock=self._clock)
