"""A run through the contacts: who is due, what comes of each message, and when the whole run has to stop.

Premise: a fault of one contact is that contact's; a fault that every contact would meet stops the run before the list
is spent on it. Terms: a *turn* is one pass over the contacts; the first takes those that nothing final is known of,
each later one those that the turns before it deferred. So nothing is held in memory but a mark for each line.
"""

from __future__ import annotations

import re
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from reconciler.errors import InvalidInput
from reconciler.model.mail.contacts import BrokenLine
from reconciler.model.mail.sending import SendRecord
from reconciler.model.text.domains import address_domain
from reconciler.sending.entries import Verdict, contact_of, entry_of, line_of, verdict_without_message
from reconciler.sending.pacing import Spacing
from reconciler.sending.submission import CannotCarry, Letter, Submission
from reconciler.smtp.faults import SmtpFault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from reconciler.envelope import Identity
    from reconciler.model.mail.resolution import Resolution
    from reconciler.model.mail.sending import Stage
    from reconciler.sending.entries import Card, Entry
    from reconciler.sending.pacing import Pacing, Waiting
    from reconciler.sending.results import Results
    from reconciler.sending.submission import Outlet, Patience
    from reconciler.sending.template import Template

    Cards = Callable[[], AbstractContextManager[Iterator[Card]]]
    """Opens the contacts from the beginning; is called for each turn, and gives the same each time."""

_CONCERNS_ALL = frozenset(
    {"senderRefused", "senderNotVerified", "authenticationRequired", "helloRefused", "serverRefused"}
)
"""Refusals of the account or of this machine, at whichever contact they are said."""

_QUEUE_ID = re.compile(
    r"\bqueued as <?([\w.-]{4,128})|\bid=([\w.-]{4,128})|^2\.\d\.\d ([\w.-]{6,128}) Message accepted", re.ASCII
)


class Stopped(Exception):
    """Something that concerns every contact: ``fault`` where a server said it, else ``words`` as a sentence's end."""

    def __init__(self, *, fault: SmtpFault | None = None, words: str = "") -> None:
        """Keep what stopped the run."""
        super().__init__(str(fault or words))
        self.fault = fault
        self.words = words


@dataclass(frozen=True, kw_only=True)
class Sending:
    """What one run is made with."""

    template: Template
    outlet: Outlet
    identity: Identity
    """What of the account decides who each contact sees."""
    now: Callable[[], datetime]
    waiting: Waiting
    pacing: Pacing
    patience: Patience
    limit: int | None = None
    """So many messages are attempted at most; None: all."""
    told: Callable[[int, str], None] = lambda done, contact: None  # noqa: ARG005 - nobody is told
    """Is told how many contacts are done with, and the last one."""


@dataclass(frozen=True, kw_only=True)
class RunEnd:
    """How a run ended; the counts are the results file's."""

    ending: Literal["complete", "limited", "stopped"]
    stopped: Stopped | None = None


def send_to_all(cards: Cards, results: Results, sending: Sending) -> RunEnd:
    """Send to every contact that the results file knows nothing final of, and record what became of each.

    Raises ``InvalidInput`` where contacts or results can no longer be read or written, and whatever ``waiting.watch``
    raises. Whatever ends it, the results file says how far it got.
    """
    run = _Run(results, sending)
    try:
        ending = run.make(cards)
    except Stopped as stopped:
        return RunEnd(ending="stopped", stopped=stopped)
    finally:
        run.submission.close()
    return RunEnd(ending=ending)


@dataclass
class _Run:
    results: Results
    sending: Sending
    submission: Submission = field(init=False)
    spacing: Spacing = field(init=False)
    attempted: int = 0
    done: int = 0
    in_a_row: int = 0
    """Contacts not accepted since the last one that was."""
    lost: int = 0
    """Connections in a row that came to nothing."""
    last_fault: SmtpFault | None = None
    deferred_at: float = 0.0

    def __post_init__(self) -> None:
        self.submission = Submission(self.sending.outlet, self.sending.patience)
        self.spacing = Spacing(self.sending.pacing.rate, self.sending.waiting)

    def make(self, cards: Cards) -> Literal["complete", "limited"]:
        """Make the turns."""
        is_whole = self._first_turn(cards)
        for pause in self.sending.pacing.retry_pauses:
            if not self.results.this_run().deferred:
                break
            self.submission.close()
            self.sending.waiting.wait_until(self.deferred_at + pause)
            self._later_turn(cards)
        return "complete" if is_whole else "limited"

    def _first_turn(self, cards: Cards) -> bool:
        """Go through all that nothing final is known of; return whether the limit allowed that."""
        with cards() as opened:
            for card in opened:
                if self.results.stage(line_of(card)) not in {None, "deferred"}:
                    continue
                entry = entry_of(card, self.sending.identity)
                known = verdict_without_message(entry)
                if known is not None:
                    self._record(entry, known)
                elif self.attempted == self.sending.limit:
                    return False
                else:
                    self.attempted += 1
                    self._attempt(entry)
        return True

    def _later_turn(self, cards: Cards) -> None:
        with cards() as opened:
            for card in opened:
                if self.results.is_deferred_now(line_of(card)):
                    self._attempt(entry_of(card, self.sending.identity))

    def _attempt(self, entry: Entry) -> None:
        assert not isinstance(entry, BrokenLine)  # noqa: S101 - those are known beforehand
        self.spacing.wait()
        self.sending.waiting.watch()
        try:
            letter = self._letter(entry)
        except ValueError as refusal:
            self._record(entry, Verdict("invalid", code="unfaithfulHeader", words=str(refusal)))
            return
        try:
            verdict = self._deliver(entry, letter)
        except Exception:
            raise
        except BaseException:  # Ctrl-C: say at once what the next run would find out
            if self._is_handed_over(entry):
                with suppress(InvalidInput):
                    self._record(entry, Verdict("unknown", code="runEnded", words="the run was broken off"))
            raise
        self._record(entry, verdict)
        self._judge(verdict)

    def _letter(self, resolution: Resolution) -> Letter:
        """Return the message for a contact; raise ``ValueError`` where it would not say what was meant."""
        assert resolution.to is not None  # noqa: S101 - skipped ones are known beforehand
        domain = address_domain(self.sending.identity.mailbox.email)
        message_id = f"{self.results.header.id}.{line_of(resolution)}@{domain}"
        return Letter(
            envelope_from=resolution.envelope_from,
            recipient=resolution.to.email,
            content=self.sending.template.write(resolution, at=self.sending.now(), message_id=message_id),
            is_8bit=self.sending.template.is_8bit,
            needs_utf8=resolution.needs_smtputf8,
        )

    def _deliver(self, resolution: Resolution, letter: Letter) -> Verdict:
        """Return what became of a message; one that an old connection was lost over is tried on a new one at once.

        Connecting and a slow server take minutes, so whether to go on is asked again before the end of the message.
        """

        def before_end() -> None:
            self.sending.waiting.watch()
            self._put(resolution, "attempting")

        while True:
            self._require_connection()
            was_used = self.submission.is_used
            try:
                words = self.submission.submit(letter, before_end)
            except CannotCarry as refusal:
                raise Stopped(words=str(refusal)) from None
            except SmtpFault as fault:
                if not (fault.ends_connection and was_used) or fault.code == "unknownDelivery":
                    return self._failed(resolution, fault)
                if self._is_handed_over(resolution):  # and refused for now: its fate is known, whatever comes next
                    self._put(resolution, "deferred", _verdict_on(fault))
                continue
            self.lost = 0
            return Verdict("accepted", words=words or None, queue_id=queue_id(words))

    def _failed(self, resolution: Resolution, fault: SmtpFault) -> Verdict:
        if fault.code in _CONCERNS_ALL and not self._is_handed_over(resolution):
            raise Stopped(fault=fault)
        if fault.ends_connection:
            self.lost, self.last_fault = self.lost + 1, fault
        else:
            self.lost = 0
        return _verdict_on(fault)

    def _require_connection(self) -> None:
        """Connect, after a pause where the last connection came to nothing; raise ``Stopped`` where it cannot be."""
        pauses = self.sending.pacing.reconnect_pauses
        while not self.submission.is_open:
            if self.lost > len(pauses):
                raise Stopped(fault=self.last_fault)
            if self.lost:
                waiting = self.sending.waiting
                waiting.wait_until(waiting.clock() + pauses[self.lost - 1])
            try:
                self.submission.open()
            except SmtpFault as fault:
                if fault.failure_class == "permanent":
                    raise Stopped(fault=fault) from None
                self.lost, self.last_fault = self.lost + 1, fault

    def _judge(self, verdict: Verdict) -> None:
        if verdict.outcome == "deferred":
            self.deferred_at = self.sending.waiting.clock()
        self.in_a_row = 0 if verdict.outcome == "accepted" else self.in_a_row + 1
        if self.in_a_row >= self.sending.pacing.stop_after:
            last = f"{verdict.code}" + (f" ({verdict.words})" if verdict.words else "")
            raise Stopped(words=f"{self.in_a_row} messages in a row were not accepted, the last one with {last}")

    def _is_handed_over(self, entry: Entry) -> bool:
        return self.results.stage(line_of(entry)) == "attempting"

    def _record(self, entry: Entry, verdict: Verdict) -> None:
        self._put(entry, verdict.outcome, verdict)
        self.done += 1
        self.sending.told(self.done, contact_of(entry))

    def _put(self, entry: Entry, stage: Stage, verdict: Verdict | None = None) -> None:
        record = SendRecord(
            line=line_of(entry),
            contact=contact_of(entry),
            outcome=stage,
            queue_id=verdict.queue_id if verdict else None,
            code=verdict.code if verdict else None,
            words=verdict.words if verdict else None,
            at=self.sending.now(),
        )
        self.results.record(record)


def queue_id(words: str) -> str | None:
    """Return the server's name for a message that it took, where its words hold one as Postfix, Exim or Sendmail do."""
    found = _QUEUE_ID.search(words)
    return next((group for group in found.groups() if group), None) if found else None


def _verdict_on(fault: SmtpFault) -> Verdict:
    words = str(fault.reply) if fault.reply is not None else None
    if fault.code == "unknownDelivery":
        return Verdict("unknown", code=fault.code, words=words)
    passes = fault.ends_connection or fault.failure_class == "transient"
    return Verdict("deferred" if passes else "refused", code=fault.code, words=words)
