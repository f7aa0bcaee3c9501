"""A run through the contacts: who is due, and how the connections take their turns.

Terms: a *turn* is one pass over the contacts. The first turn takes the contacts without a final outcome, each later
one those that an earlier turn deferred. So nothing is held in memory but a mark for each line.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, suppress
from typing import TYPE_CHECKING, Literal

from reconciler.classes import FrozenByName, dataclass
from reconciler.envelope import Resolver
from reconciler.model.mail.contacts import BrokenLine
from reconciler.sending.course import Course, Stopped
from reconciler.sending.entries import entry_of, line_of, verdict_without_message
from reconciler.sending.line import Line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from reconciler.model.mail.resolution import Resolution
    from reconciler.sending.course import Sending
    from reconciler.sending.entries import Card
    from reconciler.sending.results import Results

    Cards = Callable[[], AbstractContextManager[Iterator[Card]]]
    """Opens the contacts from the beginning; is called for each turn, and gives the same each time."""


class RunEnd(FrozenByName):
    """How a run ended; the counts are in the results file."""

    ending: Literal["complete", "limited", "stopped"]
    stopped: Stopped | None = None


def send_to_all(cards: Cards, results: Results, sending: Sending) -> RunEnd:
    """Send to every contact that has no final outcome in the results file, and record the outcome of each.

    Raises ``InvalidInput`` where contacts or results can no longer be read or written, and whatever
    ``waiting.watch`` raises. Whatever ends the run, the results file says how far it got.
    """
    course = Course(results, sending)
    lines = [Line(course) for _ in range(sending.connections)]
    try:
        ending = _Turns(course, lines, cards, Resolver(sending.identity)).make()
    except Stopped as stopped:
        return RunEnd(ending="stopped", stopped=stopped)
    finally:
        for line in lines:
            line.close()
    return RunEnd(ending=ending)


@dataclass
class _Turns:
    course: Course
    lines: Sequence[Line]
    cards: Cards
    resolver: Resolver
    is_whole: bool = True
    """Whether the first turn was not ended by the limit."""

    def make(self) -> Literal["complete", "limited"]:
        """Make the first turn, then the later ones while anything is deferred; tell whether the limit ended it."""
        results, waiting = self.course.results, self.course.waiting
        self._turn(self._due_first)
        for pause in self.course.sending.pacing.retry_pauses:
            if not results.this_run().deferred:
                break
            for line in self.lines:
                line.close()
            waiting.wait_until(self.course.deferred_at + pause)
            self._turn(self._due_again)
        return "complete" if self.is_whole else "limited"

    def _turn(self, due: Callable[[Iterator[Card]], Iterator[Resolution]]) -> None:
        with self.cards() as opened:
            self.course.begin_turn(due(opened))
            if len(self.lines) == 1:
                self.lines[0].go()
            else:
                go_together(self.course, self.lines)

    def _due_first(self, opened: Iterator[Card]) -> Iterator[Resolution]:
        """Yield all contacts without a final outcome, up to the limit; record those that get no message."""
        attempted = 0
        for card in opened:
            if self.course.results.stage(line_of(card)) not in {None, "deferred"}:
                continue
            entry = entry_of(card, self.resolver)
            known = verdict_without_message(entry)
            if known is not None:
                self.course.record(entry, known)
            elif attempted == self.course.sending.limit:
                self.is_whole = False
                return
            elif not isinstance(entry, BrokenLine):
                attempted += 1
                yield entry

    def _due_again(self, opened: Iterator[Card]) -> Iterator[Resolution]:
        for card in opened:
            if self.course.results.is_deferred_now(line_of(card)):
                entry = entry_of(card, self.resolver)
                if not isinstance(entry, BrokenLine):
                    yield entry


def go_together(course: Course, lines: Sequence[Line]) -> None:
    """Have every line go, each in a thread of its own, and return once all have ended; raise what ended the run.

    Ctrl-C ends the waiting for answers: what was handed over then is of unknown fate, and recorded so.
    """
    with ThreadPoolExecutor(len(lines), thread_name_prefix="line") as pool:
        going = [pool.submit(_go_quietly, line) for line in lines]
        try:
            wait(going)  # not by Thread.join, which takes a thread for ended once it was interrupted
        except BaseException as cause:
            course.is_broken_off = True
            course.end(cause)
            for line in lines:
                line.submission.interrupt()
            wait(going)
            raise
    if course.ended_by is not None:
        raise course.ended_by


def _go_quietly(line: Line) -> None:
    """Go; what ended it is kept in the course, for whoever waits for all lines."""
    with suppress(BaseException):
        line.go()
