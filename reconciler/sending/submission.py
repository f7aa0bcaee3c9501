"""One connection to the server that messages are handed to: opened with one login, used for many, opened again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reconciler.model.text.domains import host_to_ascii
from reconciler.smtp import tls
from reconciler.smtp.channel import Channel
from reconciler.smtp.deadline import Deadline
from reconciler.smtp.faults import SmtpFault
from reconciler.smtp.login import Login
from reconciler.smtp.masking import CredentialMask
from reconciler.smtp.server import Server
from reconciler.smtp.session import Session

if TYPE_CHECKING:
    from collections.abc import Callable

    from reconciler.model.secrets.values import SecretValue
    from reconciler.smtp.login import TokenSource


class CannotCarry(Exception):
    """The server says beforehand that it cannot take such a message, whoever it is for; the text is a sentence's end."""


@dataclass(frozen=True, kw_only=True)
class Outlet(Server):
    """The server that an account sends through, and the credential; the caller has seen to it that it may travel."""

    password: SecretValue | None = None
    token: TokenSource | None = None
    proxy_password: SecretValue | None = None

    @property
    def declares_login(self) -> bool:
        """Whether the account wants to log in; a login that is declared in part counts, so that none is forgotten."""
        return any(part is not None for part in (self.mechanism, self.username, self.password, self.token))

    @property
    def login(self) -> Login:
        """What to log in with."""
        return Login(mechanism=self.mechanism, username=self.username, password=self.password, token=self.token)

    def __str__(self) -> str:
        """Return host and port."""
        return self.place


@dataclass(frozen=True, kw_only=True)
class Patience:
    """How long is waited for a server, in seconds; RFC 5321 section 4.5.3.2 asks for minutes."""

    opening_seconds: float = 30.0
    """From the name to the login."""
    message_seconds: float = 300.0
    """For the envelope and the message, and beyond that what a slow line needs."""
    octets_per_second: float = 8192.0
    """The slowest line that a message is sent over to its end."""
    answer_seconds: float = 600.0
    """For the answer to the end of a message: who gives up earlier does not know what became of it."""


@dataclass(frozen=True, kw_only=True)
class Letter:
    """One message and its envelope."""

    envelope_from: str
    recipient: str
    content: bytes
    is_8bit: bool = False
    needs_utf8: bool = False


class Submission:
    """The connection, opened when it is first needed. Every step raises ``SmtpFault`` where it ends."""

    def __init__(self, outlet: Outlet, patience: Patience) -> None:
        """Keep where to go; nothing is contacted yet."""
        self._outlet = outlet
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
        deadline = Deadline(self._patience.opening_seconds)
        dialer = self._outlet.dialer(self._outlet.proxy_password)
        if self._outlet.proxy is None or not self._outlet.proxy.resolves_remotely:
            dialer.resolve(deadline)
        connection = dialer.connect(deadline)
        channel = Channel(connection.socket, deadline)
        session = Session(channel, is_loopback=connection.is_loopback)
        try:
            self._mask(channel)
            self._greet(session)
            self._log_in(session, deadline)
        except BaseException:
            session.leave()
            raise
        self._channel, self._session, self._is_in_transaction, self.is_used = channel, session, False, False

    def submit(self, letter: Letter, before_end: Callable[[], None]) -> str:
        """Hand one message over and return the server's words; ``before_end`` is called before its end goes out.

        After a fault that ends the connection it is closed. Other faults leave it for the next message.
        """
        session, channel = self._session, self._channel
        if session is None or channel is None:
            raise ValueError("there is no connection")
        try:
            channel.renew(self._deadline_for(letter))
            self._name_envelope(session, letter)

            def end() -> None:
                before_end()
                channel.renew(Deadline(self._patience.answer_seconds))

            words = session.send_message(letter.content, before_end=end)
        except SmtpFault as fault:
            if fault.ends_connection:
                self.close()
            raise
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
        """Close the connection without another word: a word more could end a message that is half sent."""
        channel, self._session, self._channel = self._channel, None, None
        if channel is not None:
            channel.close()

    def _deadline_for(self, letter: Letter) -> Deadline:
        return Deadline(self._patience.message_seconds + len(letter.content) / self._patience.octets_per_second)

    def _name_envelope(self, session: Session, letter: Letter) -> None:
        if self._is_in_transaction:
            session.reset()
        self._require_room(session, letter)
        self._is_in_transaction = True
        session.mail(
            letter.envelope_from, size=len(letter.content), is_8bit=letter.is_8bit, needs_utf8=letter.needs_utf8
        )
        session.rcpt(letter.recipient)

    def _require_room(self, session: Session, letter: Letter) -> None:
        """Refuse what the server says beforehand that it cannot take."""
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

    def _mask(self, channel: Channel) -> None:
        """Mask what the server, or the proxy between, may know and say again."""
        outlet = self._outlet
        outlet.login.mask_in(channel)
        if outlet.proxy is not None and outlet.proxy.username is not None and outlet.proxy_password is not None:
            channel.mask(CredentialMask(outlet.proxy.username, outlet.proxy_password))

    def _greet(self, session: Session) -> None:
        outlet = self._outlet
        if outlet.encryption == "none":
            session.greet(outlet.helo_name)
            return
        context, server_name = tls.verifying_context(outlet.ca_pem), host_to_ascii(outlet.host)
        try:
            if outlet.encryption == "tls":
                session.encrypt_at_once(context, server_name)
                session.greet(outlet.helo_name)
            else:
                session.greet(outlet.helo_name)
                session.start_tls(context, server_name)
        except tls.NotTls:
            raise SmtpFault("plainPort", step="tls") from None
        except tls.CertificateRefused as refusal:
            raise SmtpFault(refusal.code, step="tls", facts={"reason": refusal.reason}) from None

    def _log_in(self, session: Session, deadline: Deadline) -> None:
        if self._outlet.declares_login:
            self._outlet.login.play(session, deadline)
