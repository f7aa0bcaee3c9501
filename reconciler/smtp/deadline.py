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
    def left_seconds(self) -> float:
        """How long may still be waited; zero where nothing is left."""
        return max(0.0, self._ends_at - self._clock())

    @property
    def is_over(self) -> bool:
        """Whether nothing is left."""
        return self._ends_at <= self._clock()

    def postpone(self, seconds: float, *, last: Deadline) -> None:
        """Let the moment come so much later, but not after ``last``: for what was waited for within a limit of its own."""
        self._ends_at = max(self._ends_at, min(self._ends_at + seconds, last._ends_at))

    def sooner(self, seconds: float) -> Deadline:
        """Return a deadline ``seconds`` from now, or this one where it comes first."""
        return Deadline(min(seconds, self._ends_at - self._clock()), clock=self._clock)
