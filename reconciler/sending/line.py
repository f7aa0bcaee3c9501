"""One connection's line of attempts: it takes contacts as long as there are any, and hands each its message.

Premise: a fault of one contact is that contact's; a fault that every contact would meet stops the run before the
list is spent on it.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import field
from typing import TYPE_CHECKING

from reconciler.classes import dataclass
from reconciler.errors import InvalidInput
from reconciler.model.text.domains import address_domain
from reconciler.sending.course import CalledOff, Stopped
from reconciler.sending.entries import Verdict, line_of
from reconciler.sending.submission import CannotCarry, Letter, Submission
from reconciler.smtp.faults import SmtpFault

if TYPE_CHECKING:
    from reconciler.model.mail.resolution import Resolution
    from reconciler.sending.course import Course

_CONCERNS_ALL = frozenset({
    "accountSuspended", "authenticationRequired", "blockListed", "domainAuthenticationFailed", "encryptionRequired",
    "helloRefused", "recipientNotVerified", "reverseDnsMissing", "senderNotVerified", "senderRefused",
    "senderUnverifiable", "serverRefused", "spfRefused",
})  # fmt: skip
"""Refusals of the account, its domain or this machine: every contact would meet them."""

_QUEUE_ID = re.compile(
    r"\bqueued as <?([\w.-]{4,128})|\bid=([\w.-]{4,128})|^2\.\d\.\d ([\w.-]{6,128}) Message accepted", re.ASCII
)

_ALONE, _MOST_CLAIMED = 32, 64
"""So many contacts of a connection are taken one by one; then up to so many at once."""
_SOON_SECONDS, _LATE_SECONDS = 0.25, 1.0
"""Claims grow as long as they are soon sent to, and shrink where that takes long: few are in doubt if the power fails."""


@dataclass
class Line:
    """One connection and what it attempts."""

    course: Course
    submission: Submission = field(init=False)
    lost: int = 0
    """How many connections in a row came to nothing."""
    last_fault: SmtpFault | None = None
    _taken: int = 0
    _claimed: int = 1
    _domain: str = field(init=False)
    """What stands after the @ of a Message-ID, and tells which contacts are of another domain."""

    def __post_init__(self) -> None:
        """Keep the way to the server; nothing is contacted yet."""
        sending = self.course.sending
        self.submission = Submission(sending.access, sending.patience)
        self._domain = address_domain(sending.identity.mailbox.email)

    def go(self) -> None:
        """Attempt contact after contact until there is none left; whatever ends that early ends the run."""
        try:
            while taken := self.course.take(self._claimed):
                began = self.course.waiting.clock()
                for entry in taken:
                    self._attempt(entry)
                self._taken += len(taken)
                self._claimed = self._next_claim(self.course.waiting.clock() - began)
        except BaseException as cause:
            self.course.end(cause)
            raise

    def _next_claim(self, seconds: float) -> int:
        """Return how many to take next, after the last ones took so long."""
        if self._taken < _ALONE or seconds > _LATE_SECONDS:
            return max(1, self._claimed // 2)
        return min(2 * self._claimed, _MOST_CLAIMED) if seconds < _SOON_SECONDS else self._claimed

    def close(self) -> None:
        """End the connection, if there is one."""
        self.submission.close()

    def _attempt(self, entry: Resolution) -> None:
        self.course.spacing.wait()
        self.course.watch()
        try:
            letter = self._letter(entry)
        except ValueError as refusal:
            self.course.record(entry, Verdict("invalid", code="unfaithfulHeader", words=str(refusal)))
            return
        try:
            verdict = self._deliver(entry, letter)
        except BaseException as ending:
            # Ctrl-C: say at once what the next run would find out.
            is_broken_off = self.course.is_broken_off or not isinstance(ending, Exception)
            if is_broken_off and self.course.is_handed_over(entry):
                with suppress(InvalidInput):
                    self.course.record(entry, Verdict("unknown", code="runEnded", words="the run was broken off"))
            raise
        self.course.record(entry, verdict)
        self.course.judge(verdict)

    def _letter(self, resolution: Resolution) -> Letter:
        """Return the message for a contact; raise ``ValueError`` where its headers would not say what was meant."""
        assert resolution.to is not None  # noqa: S101 - skipped ones are known beforehand
        message_id = f"{self.course.results.header.id}.{line_of(resolution)}@{self._domain}"
        return Letter(
            envelope_from=resolution.envelope_from,
            recipient=resolution.to.email,
            content=self.course.sending.template.write(resolution, at=self.course.sending.now(), message_id=message_id),
            is_8bit=self.course.sending.template.is_8bit,
            needs_utf8=resolution.needs_smtputf8,
        )

    def _deliver(self, resolution: Resolution, letter: Letter) -> Verdict:
        """Hand over one message and return what became of it.

        A connection that has served before may be ended by the server at any time, so a message over which such a
        one is lost is tried on a new one at once. Connecting and a slow server take minutes, so ``watch`` is asked
        again before the end of the message goes out.
        """

        def before_end() -> None:
            self.course.watch()
            self.course.put(resolution, "attempting")

        while True:
            self._require_connection()
            was_used = self.submission.is_used
            try:
                words = self.submission.submit(letter, before_end)
            except CannotCarry as refusal:
                raise Stopped(words=str(refusal)) from None
            except SmtpFault as fault:
                if self.course.is_broken_off:
                    raise CalledOff from None
                # A loss after the message's end leaves its fate unknown: trying again could send it twice.
                if not (fault.ends_connection and was_used) or fault.code == "unknownDelivery":
                    return self._failed(resolution, fault)
                if self.course.is_handed_over(
                    resolution
                ):  # and refused for now: its fate is known, whatever comes next
                    self.course.put(resolution, "deferred", _verdict_on(fault))
                continue
            self.lost = 0
            if not self.course.has_relayed:
                self.course.has_relayed = address_domain(letter.recipient) != self._domain
            return Verdict("accepted", words=words or None, queue_id=queue_id(words))

    def _failed(self, resolution: Resolution, fault: SmtpFault) -> Verdict:
        # What was handed over must get its own record first, or its ``attempting`` would read as unknown.
        if self._concerns_all(fault) and not self.course.is_handed_over(resolution):
            raise Stopped(fault=fault)
        if fault.ends_connection:
            self.lost, self.last_fault = self.lost + 1, fault
        else:
            self.lost = 0
        if fault.code == "recipientRefused" and fault.facts.get("variant") == "noLogin" and not self.course.has_relayed:
            return Verdict("deferred", code=fault.code, words=str(fault.reply))
        return _verdict_on(fault)

    def _concerns_all(self, fault: SmtpFault) -> bool:
        """Tell whether every contact would meet a fault.

        A refused sender is every contact's. A server that passes mail on only after a login says so at the first
        contact of another domain, and means the run; one that has passed mail on in this run means the contact.
        """
        if fault.code == "relayingDenied":
            return not self.course.has_relayed
        if fault.step == "sender" and fault.reply is not None and fault.failure_class == "permanent":
            return True
        return fault.code in _CONCERNS_ALL and (fault.failure_class == "permanent" or fault.code == "helloRefused")

    def _require_connection(self) -> None:
        """Connect, unless there is a connection; pause first where the last one came to nothing.

        Raises ``Stopped`` for a fault that lasts, and after the last pause.
        """
        pauses = self.course.sending.pacing.reconnect_pauses
        while not self.submission.is_open:
            if self.lost > len(pauses):
                raise Stopped(fault=self.last_fault)
            if self.lost:
                waiting = self.course.waiting
                waiting.wait_until(waiting.clock() + pauses[self.lost - 1])
            try:
                self.submission.open()
            except SmtpFault as fault:
                if fault.failure_class == "permanent":
                    raise Stopped(fault=fault) from None
                self.lost, self.last_fault = self.lost + 1, fault


def queue_id(words: str) -> str | None:
    """Return the queue id in a server's words on accepting a message (Postfix, Exim, Sendmail); else None."""
    matched = _QUEUE_ID.search(words)
    return next((group for group in matched.groups() if group), None) if matched else None


def _verdict_on(fault: SmtpFault) -> Verdict:
    words = str(fault.reply) if fault.reply is not None else None
    if fault.code == "unknownDelivery":
        return Verdict("unknown", code=fault.code, words=words)
    passes = fault.ends_connection or fault.failure_class == "transient"
    return Verdict("deferred" if passes else "refused", code=fault.code, words=words)
