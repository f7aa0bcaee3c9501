"""When an attempt is made again, after what pause, and what the checks tell of it.

What may pass by itself is tried again, within the account's time limit. What may not, whatever the limits here say:
after a login was begun the connection is never opened again, and a message whose fate is unknown is never sent again;
``attempts`` sees to both.
"""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING

from reconciler.classes import Frozen, FrozenByName

if TYPE_CHECKING:
    from collections.abc import Callable

    from reconciler.smtp.deadline import Deadline
    from reconciler.smtp.faults import SmtpFault

_HARDLY_PASSING = frozenset({"connectionRefused", "unreachable", "proxyConnectionRefused", "proxyUnreachable"})
"""Transient at times, yet mostly a wrong port or host: nobody should wait long to be told."""


class Retries(FrozenByName):
    """How often and after which pauses; times in seconds. ``pause`` waits, ``draw`` gives a number from 0 to 1."""

    attempts: int = 3
    """The first one included."""
    attempts_where_refused: int = 2
    """The same, where nothing listens on the port or no network leads there."""
    first_pause_seconds: float = 1.0
    growth: float = 3.0
    """How much longer each pause is than the one before."""
    jitter: float = 0.25
    """The share of a pause by which it is made longer or shorter, so that accounts do not return all at once."""
    least_seconds: float = 1.0
    """An attempt that would have less time than this is not begun."""
    pause: Callable[[float], None] = time.sleep
    draw: Callable[[], float] = random.random

    def allow(self, fault: SmtpFault, *, attempts_made: int) -> bool:
        """Tell whether a fault may be followed by another attempt."""
        limit = self.attempts_where_refused if fault.code in _HARDLY_PASSING else self.attempts
        return fault.failure_class == "transient" and fault.code != "unknownDelivery" and attempts_made < limit

    def wait(self, deadline: Deadline, *, attempts_made: int) -> bool:
        """Pause and return True; return False at once where the next attempt would not fit before the deadline."""
        shift = 1 + self.jitter * (2 * self.draw() - 1)
        seconds = self.first_pause_seconds * self.growth ** (attempts_made - 1) * shift
        try:
            fits = seconds + self.least_seconds <= deadline.remaining_seconds()
        except TimeoutError:
            return False
        if fits:
            self.pause(seconds)
        return fits


USUAL_RETRIES = Retries()
"""Three attempts, about one second and about three seconds apart."""


class Earlier(Frozen):
    """The attempts at one check that failed before the one at work."""

    attempts: int
    began_at: float
    """When the first of them began, by the ledger's clock."""
    last: SmtpFault
    """How the last of them ended."""
    told: SmtpFault
    """How the first of them ended in which the server said something; the first of all where it never did."""

    @classmethod
    def after(cls, known: Earlier | None, began_at: float, fault: SmtpFault) -> Earlier:
        """Return what is known once another attempt has failed."""
        if known is None:
            return cls(1, began_at, fault, fault)
        told = fault if fault.reply and not known.told.reply else known.told
        return cls(known.attempts + 1, began_at, fault, told)

    def on_success(self) -> str:
        """Return what a check says that passed in the end."""
        words = f" ({self.last.reply})" if self.last.reply else ""
        return f" It took {self.attempts + 1} attempts; the one before ended with {self.last.code}{words}."

    def on_failure(self, fault: SmtpFault) -> str:
        """Return what a check says that failed in the end; a login, after attempts to get a token, counts once."""
        if fault.step == "auth" and fault.code != self.last.code:
            return ""
        is_known = (self.told.code, str(self.told.reply)) == (fault.code, str(fault.reply)) or not self.told.reply
        before = "" if is_known else f", and an attempt before ended with {self.told.code} ({self.told.reply})"
        return f" It was tried {self.attempts + 1} times{before}."

    def on_failure_before(self, check: str) -> str:
        """Return what is said where an attempt before had come to a later check, and the server had said something."""
        if not self.told.reply:
            return ""
        return f" An attempt before had come to {check}, which ended with {self.told.code} ({self.told.reply})."
