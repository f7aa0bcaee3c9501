"""One connection to the server that messages are handed to: opened with one login, used for many, opened again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.classes import FrozenByName
from reconciler.rules.verification.refusals import Circumstances, meaning_of_fault
from reconciler.smtp.deadline import Deadline
from reconciler.smtp.faults import SmtpFault
from reconciler.smtp.opening import Opening

if TYPE_CHECKING:
    from collections.abc import Callable

    from reconciler.smtp.access import Access
    from reconciler.smtp.channel import Channel
    from reconciler.smtp.session import Session


class CannotCarry(Exception):
    """The server said beforehand that it takes no such message, whoever it is for; the text ends a sentence."""


class Patience(FrozenByName):
    """How long a server is waited for, in seconds; RFC 5321 section 4.5.3.2 asks for minutes."""

    opening_seconds: float = 30.0
    """For the opening: from the name to the login."""
    message_seconds: float = 300.0
    """For the envelope and the message, with more for a slow line: see ``octets_per_second``."""
    octets_per_second: float = 8192.0
    """The slowest line that a message is sent over to its end."""
    answer_seconds: float = 600.0
    """For the answer to the end of a message: giving up earlier leaves its fate unknown."""


class Letter(FrozenByName):
    """One message and its envelope."""

    envelope_from: str
    recipient: str
    content: bytes
    is_8bit: bool = False
    needs_utf8: bool = False


class Submission:
    """One connection to the server, used for many messages. Every step raises ``SmtpFault`` where it fails."""

    def __init__(self, access: Access, patience: Patience) -> None:
        """Keep the way to the server; nothing is contacted yet. The caller knows that each credential may travel."""
        self._access = access
        self._patience = patience
        self._channel: Channel | None = None
        self._session: Session | None = None
        self._is_in_transaction = False
        self.is_used = False
        """Whether the connection has served before: then its loss may be the server's way to end a long one."""

    @property
    def is_open(self) -> bool:
        """Whether there is a connection."""
        return self._session is not None

    def open(self) -> None:
        """Connect, greet, encrypt and log in, once; there must be no connection."""
        opening = Opening(self._access, self._access.dialer(), Deadline(self._patience.opening_seconds))
        try:
            opening.open()
        except SmtpFault as fault:
            raise self._understood(fault) from None
        self._channel, self._session = opening.channel, opening.session
        self._is_in_transaction = self.is_used = False

    def submit(self, letter: Letter, before_end: Callable[[], None]) -> str:
        """Hand one message over and return the server's words; ``before_end`` is called before its end goes out.

        A fault that ends the connection closes it. After other faults the connection serves for the next message.
        """
        session, channel = self._session, self._channel
        if session is None or channel is None:
            raise ValueError("there is no connection")
        try:
            seconds = self._patience.message_seconds + len(letter.content) / self._patience.octets_per_second
            channel.renew(Deadline(seconds))
            self._begin(session, letter)

            def end() -> None:
                before_end()
                channel.renew(Deadline(self._patience.answer_seconds))

            words = session.send_content(letter.content, before_end=end)
        except SmtpFault as fault:
            if fault.ends_connection:
                self.close()
            raise self._understood(fault, letter) from None
        except BaseException:
            self.abandon()
            raise
        finally:
            self.is_used = True
        self._is_in_transaction = False
        return words

    def close(self) -> None:
        """End the session without waiting for the server."""
        session, self._session, self._channel = self._session, None, None
        if session is not None:
            session.leave()

    def abandon(self) -> None:
        """Close the connection without another word: QUIT could end a message that is half sent."""
        channel, self._session, self._channel = self._channel, None, None
        if channel is not None:
            channel.close()

    def interrupt(self) -> None:
        """Have whoever waits for the server, in another thread, find the connection lost."""
        channel = self._channel
        if channel is not None:
            channel.interrupt()

    def _understood(self, fault: SmtpFault, letter: Letter | None = None) -> SmtpFault:
        """Return a fault under the code that the server's words stand for."""
        circumstances = Circumstances(
            is_logged_in=self._access.declares_login,
            sender=letter.envelope_from if letter else None,
            recipient=letter.recipient if letter else None,
        )
        meaning = meaning_of_fault(fault, circumstances)
        return fault if meaning is None else fault.known_as(meaning.code, meaning.variant)

    def _begin(self, session: Session, letter: Letter) -> None:
        self._require_room(session, letter)
        was_left, self._is_in_transaction = self._is_in_transaction, True  # by a message that was refused half way
        session.begin(
            letter.envelope_from,
            letter.recipient,
            size=len(letter.content),
            is_8bit=letter.is_8bit,
            needs_utf8=letter.needs_utf8,
            resets=was_left,
        )

    def _require_room(self, session: Session, letter: Letter) -> None:
        """Raise ``CannotCarry`` for a message that the server's EHLO reply rules out."""
        limit = session.max_message_octets
        if limit is not None and len(letter.content) > limit:
            raise CannotCarry(
                f"the message has {len(letter.content):,} octets, and the server takes {limit:,} at most (SIZE, RFC 1870). "
                "Link to what is attached"
            )
        if letter.is_8bit and not session.offers("8BITMIME"):
            raise CannotCarry(
                "the message's body holds octets beyond ASCII, and the server does not offer 8BITMIME (RFC 6152). Have the "
                "parts encoded, as quoted-printable or base64"
            )
