"""What the connections of one run have in common: whose turn it is, the results, the pace, and whether to go on.

Several threads use it, each with a connection of its own. Whatever ends the run in one of them calls off the others,
which stop before the end of their next message.
"""

from __future__ import annotations

import threading
from dataclasses import field, replace
from itertools import islice
from typing import TYPE_CHECKING

from reconciler.classes import FrozenByName, dataclass
from reconciler.sending.entries import contact_of, line_of
from reconciler.sending.pacing import Spacing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from reconciler.envelope import Identity
    from reconciler.model.mail.resolution import Resolution
    from reconciler.model.mail.sending import Stage
    from reconciler.sending.entries import Entry, Verdict
    from reconciler.sending.pacing import Pacing, Waiting
    from reconciler.sending.results import Results
    from reconciler.sending.submission import Patience
    from reconciler.sending.template import Template
    from reconciler.smtp.access import Access
    from reconciler.smtp.faults import SmtpFault


class Stopped(Exception):
    """A fault that concerns every contact: ``fault`` where a server said it, else ``words``, the end of a sentence."""

    def __init__(self, *, fault: SmtpFault | None = None, words: str = "") -> None:
        """Keep what stopped the run."""
        super().__init__(str(fault or words))
        self.fault = fault
        self.words = words


class CalledOff(Exception):
    """Another connection of the run has ended it."""


class Sending(FrozenByName):
    """What one run is made with."""

    template: Template
    access: Access
    identity: Identity
    """The account's part in who each contact sees."""
    now: Callable[[], datetime]
    waiting: Waiting
    pacing: Pacing
    patience: Patience
    connections: int = 1
    """How many connections are open at once at most."""
    limit: int | None = None
    """The most messages that are attempted; None: all."""
    told: Callable[[int, str], None] = lambda done, contact: None  # noqa: ARG005 - nobody is told
    """Called with the number of contacts that are done with, and the last one's address."""


@dataclass
class Course:
    """One run on its way."""

    results: Results
    sending: Sending
    spacing: Spacing = field(init=False)
    waiting: Waiting = field(init=False)
    """The run's, whose ``watch`` tells a connection that another one has ended the run."""
    done: int = 0
    in_a_row: int = 0
    """How many contacts in a row were not accepted."""
    has_relayed: bool = False
    """Whether the server took a message for another domain in this run: then it does not mind a missing login."""
    deferred_at: float = 0.0
    ended_by: BaseException | None = None
    """What ended the run first."""
    is_broken_off: bool = False
    """Whether nobody waits for the server's answers any more."""
    _due: Iterator[Resolution] = field(init=False)
    _watching: threading.Lock = field(default_factory=threading.Lock)
    _counting: threading.Lock = field(default_factory=threading.Lock)
    _taking: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        """Have waiting ask this course whether to go on."""
        self.waiting = replace(self.sending.waiting, watch=self.watch)
        self.spacing = Spacing(self.sending.pacing.rate, self.waiting)

    def begin_turn(self, due: Iterator[Resolution]) -> None:
        """Hand out these contacts from now on."""
        self._due = due

    def take(self, count: int) -> list[Resolution]:
        """Return the next contacts, at most so many; several are claimed at once, see ``Results.claim``."""
        with self._taking:
            if self.ended_by is not None:
                raise CalledOff
            taken = list(islice(self._due, count))
        if len(taken) > 1:
            self.results.claim([(line_of(each), contact_of(each)) for each in taken], at=self.sending.now())
        return taken

    def watch(self) -> None:
        """Raise what keeps the run from going on."""
        if self.ended_by is not None:
            raise CalledOff
        with self._watching:
            self.sending.waiting.watch()

    def end(self, cause: BaseException) -> None:
        """Have every connection stop before the end of its next message; the first cause is kept."""
        with self._counting:
            if self.ended_by is None and not isinstance(cause, CalledOff):
                self.ended_by = cause

    def record(self, entry: Entry, verdict: Verdict) -> None:
        """Record what became of a contact, and judge whether the run may go on; raises ``Stopped``."""
        self.put(entry, verdict.outcome, verdict)
        with self._counting:
            self.done += 1
            self.sending.told(self.done, contact_of(entry))

    def judge(self, verdict: Verdict) -> None:
        """Raise ``Stopped`` where one more message that was not accepted is one too many in a row."""
        with self._counting:
            if verdict.outcome == "deferred":
                self.deferred_at = self.waiting.clock()
            self.in_a_row = 0 if verdict.outcome == "accepted" else self.in_a_row + 1
            if self.in_a_row >= self.sending.pacing.stop_after:
                last = f"{verdict.code}" + (f" ({verdict.words})" if verdict.words else "")
                raise Stopped(words=f"{self.in_a_row} messages in a row were not accepted, the last one with {last}")

    def is_handed_over(self, entry: Entry) -> bool:
        """Tell whether the end of the contact's message may have gone out without an answer."""
        return self.results.stage(line_of(entry)) == "attempting"

    def put(self, entry: Entry, stage: Stage, verdict: Verdict | None = None) -> None:
        """Record how far it has come with a contact."""
        self.results.put(line_of(entry), contact_of(entry), stage, at=self.sending.now(), verdict=verdict)
