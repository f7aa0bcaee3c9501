"""When the next message goes out: the rate, the pauses before trying again, and waiting that can be called off."""

from __future__ import annotations

import re
import threading
import time
from dataclasses import field
from typing import TYPE_CHECKING

from reconciler.classes import FrozenByName, dataclass

if TYPE_CHECKING:
    from collections.abc import Callable

_RATE = re.compile(r"([1-9][0-9]{0,6})/(second|minute|hour)\Z")
_SECONDS = {"second": 1.0, "minute": 60.0, "hour": 3600.0}


@dataclass(frozen=True, slots=True)
class Rate:
    """A number of messages in a number of seconds, evenly spaced."""

    messages: int
    seconds: float

    @classmethod
    def parse(cls, text: str) -> Rate:
        """Return the rate of text such as ``30/minute``; raise ``ValueError`` for anything else."""
        found = _RATE.match(text)
        if found is None:
            raise ValueError("write a number and second, minute or hour, such as 30/minute")
        return cls(int(found[1]), _SECONDS[found[2]])

    @property
    def spacing_seconds(self) -> float:
        """The time from one message to the next."""
        return self.seconds / self.messages


class Waiting(FrozenByName):
    """The clock, the pause, and the question whether to go on; times in seconds."""

    clock: Callable[[], float] = time.monotonic
    pause: Callable[[float], None] = time.sleep
    watch: Callable[[], None] = lambda: None
    """Asked before each message, before its end, and again and again while waiting; raises to stop the run."""
    watch_every_seconds: float = 2.0

    def wait_until(self, moment: float) -> None:
        """Wait for a moment of the clock, asking ``watch`` all the while."""
        while (left := moment - self.clock()) > 0:
            self.pause(min(left, self.watch_every_seconds))
            self.watch()


class Pacing(FrozenByName):
    """How fast, how often and after which pauses; times in seconds."""

    rate: Rate | None = None
    retry_pauses: tuple[float, ...] = (30.0, 300.0)
    """The pause before each further attempt at deferred messages; greylisting commonly wants five minutes."""
    reconnect_pauses: tuple[float, ...] = (1.0, 5.0, 30.0, 60.0)
    """The pause before each further connection in a row that came to nothing; after the last one the run stops."""
    stop_after: int = 100
    """After so many contacts in a row that were not accepted the run stops: one fault must not cost the whole list."""


@dataclass
class Spacing:
    """Keeps messages apart by a rate's spacing; the first goes at once."""

    rate: Rate | None
    waiting: Waiting
    _next_at: float | None = field(default=None, init=False)
    _reserving: threading.Lock = field(default_factory=threading.Lock, init=False)

    def wait(self) -> None:
        """Return when the next message may go out: each caller has a moment of its own."""
        if self.rate is None:
            return
        with self._reserving:
            moment = max(self._next_at or 0.0, self.waiting.clock())
            self._next_at = moment + self.rate.spacing_seconds
        self.waiting.wait_until(moment)
