"""The checks of a conversation in their order, each on what the one before it left."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from reconciler.model.text.domains import host_to_ascii
from reconciler.model.verification.evidence import Observed
from reconciler.smtp import tls
from reconciler.smtp.channel import Channel
from reconciler.smtp.faults import SmtpFault
from reconciler.smtp.login import Login
from reconciler.smtp.masking import CredentialMask
from reconciler.smtp.probes import clear_text_offer, presented_certificate, speaks_tls_at_once
from reconciler.smtp.session import Session
from reconciler.verification.testmail import make_test_message

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from reconciler.smtp.certificate import Certificate
    from reconciler.smtp.deadline import Deadline
    from reconciler.smtp.dial import Connection, Dialer
    from reconciler.smtp.proxies import Proxy
    from reconciler.smtp.tls import TlsFacts
    from reconciler.verification.ledger import Ledger
    from reconciler.verification.target import Sender, Target

_PATIENCE_SECONDS = 5.0
_EXPIRES_SOON = timedelta(days=21)
_SHOWN_NAMES = 5


class Conversation:
    """One conversation with a target's server. Every step raises ``SmtpFault``, or ``Stopped``, where it ends."""

    def __init__(self, target: Target, *, dialer: Dialer, deadline: Deadline, now: Callable[[], datetime]) -> None:
        """Prepare; nothing is contacted yet."""
        self._target = target
        self._dialer = dialer
        self._deadline = deadline
        self._now = now
        self._server_name = host_to_ascii(target.server.host)
        self._place = target.server.place
        self._login = Login(
            mechanism=target.server.mechanism,
            username=target.server.username,
            password=target.password,
            token=target.token,
        )
        self._session: Session | None = None
        self._is_in_transaction = False
        self._messages: dict[str, bytes] = {}
        self._learned: dict[str, Any] = {}
        self.is_broken = False
        """Whether the connection was lost or cannot be relied on: nothing more can be asked over it."""

    def observed(self, queue_id: str | None = None) -> Observed:
        """Return what was learned about the server, with the queue's words on one sender's message."""
        return Observed(**self._learned, queue_id=queue_id)

    @property
    def has_tried_login(self) -> bool:
        """Whether AUTH was sent, whatever came of it."""
        return self._session is not None and self._session.has_tried_login

    @property
    def has_handed_over(self) -> bool:
        """Whether the end of the last sender's message was sent, so that it may have been taken."""
        return self._session is not None and self._session.has_handed_over

    def open(self, ledger: Ledger) -> None:
        """Go as far as the depth asks on the way from the name to the login; ``ValueError`` after a login was tried."""
        self._forget_connection()
        if ledger.begin("dns"):
            addresses = self._dialer.resolve(self._deadline)
            ledger.passed(f"{self._target.server.host} has the address {', '.join(addresses)}.")
        if not ledger.begin("connect"):
            return
        connection, words = self._connect(ledger)
        channel = Channel(connection.socket, self._deadline)
        self._session = Session(channel, is_loopback=connection.is_loopback)
        self._mask_proxy_password(channel)
        self._login.mask_in(channel)
        ledger.passed(words)
        steps = [self._greet, self._encrypt]
        for step in reversed(steps) if self._target.server.encryption == "tls" else steps:
            step(self._session, ledger)
        self._log_in(self._session, ledger)

    def _connect(self, ledger: Ledger) -> tuple[Connection, str]:
        """Return the connection and the words on it, with ``connect`` as the check at work."""
        proxy = self._target.server.proxy
        if proxy is None:
            connection = self._dialer.connect(self._deadline)
            return connection, f"{self._place} took the connection ({connection.peer_address})."
        return self._connect_through(proxy, ledger), f"The {proxy} connected to {self._place}."

    def _connect_through(self, proxy: Proxy, ledger: Ledger) -> Connection:
        """Connect by the proxy; what it says about the mail server is the check ``connect``, all before is ``proxy``."""
        ledger.begin("proxy")
        if self._target.proxy_withheld is not None:
            raise ledger.withheld(self._target.proxy_withheld)
        try:
            connection = self._dialer.connect(self._deadline)
        except SmtpFault as fault:
            if fault.step == "connect":
                self._pass_proxy(proxy, ledger)
            raise
        self._pass_proxy(proxy, ledger)
        return connection

    def _pass_proxy(self, proxy: Proxy, ledger: Ledger) -> None:
        login = f" as {proxy.username}" if proxy.username else ""
        ledger.passed(f"The {proxy} took the request{login}.")
        ledger.begin("connect")

    def _mask_proxy_password(self, channel: Channel) -> None:
        """Whoever runs the proxy stands between, and could say the password in the server's name."""
        proxy, password = self._target.server.proxy, self._target.proxy_password
        if proxy is not None and proxy.username is not None and password is not None:
            channel.mask(CredentialMask(proxy.username, password))

    def _forget_connection(self) -> None:
        if self.has_tried_login:
            raise ValueError("after a login was tried, a connection is never opened again")
        self.close()
        self._session = None
        self.is_broken = self._is_in_transaction = False
        self._learned = {}

    def try_sender(self, sender: Sender, ledger: Ledger) -> str | None:
        """Try one sender as far as the depth asks; return the queue's words where a message was sent."""
        if self._session is None or not ledger.begin("sender"):
            return None
        if self.is_broken:
            raise SmtpFault("connectionLost", step="sender")
        try:
            return self._try_sender(self._session, sender, ledger)
        except SmtpFault as fault:
            self.is_broken = fault.ends_connection
            fault.facts.setdefault("sender", sender.email)
            fault.facts.setdefault("recipient", self._recipient_for(sender))
            raise

    def close(self) -> None:
        """End the session without waiting for the server."""
        if self._session is not None:
            self._session.leave()

    def _try_sender(self, session: Session, sender: Sender, ledger: Ledger) -> str | None:
        if self._is_in_transaction:
            session.reset()
        self._is_in_transaction = True
        session.mail(sender.email)
        ledger.passed(f"{self._place} takes {sender.email} as the sender.")
        ledger.begin("recipient")
        recipient = self._recipient_for(sender)
        session.rcpt(recipient)
        ledger.passed(f"{self._place} takes {recipient} as the recipient.")
        if not ledger.begin("message"):
            return None
        if self._target.operator is None:
            raise SmtpFault("operatorMissing", step="message")
        words = session.send_message(self._message(sender, recipient))
        ledger.passed(f"{self._place} took the test message to {recipient}: {words or 'without a word'}.")
        return words

    def _message(self, sender: Sender, recipient: str) -> bytes:
        """Return a sender's test message, always the same one: a copy would be known by its Message-ID."""
        if sender.name not in self._messages:
            at = self._now()
            message_id = f"{at:%Y%m%dT%H%M%S%f}.{len(self._messages) + 1}.{sender.name}"
            self._messages[sender.name] = make_test_message(
                sender, recipient, context=self._target.context, at=at, message_id=message_id
            )
        return self._messages[sender.name]

    def _recipient_for(self, sender: Sender) -> str:
        return self._target.operator or sender.email

    def _greet(self, session: Session, ledger: Ledger) -> None:
        ledger.begin("greeting")
        is_silent = self._target.server.encryption != "tls" and self._is_silent(session)
        if is_silent and speaks_tls_at_once(self._dialer, self._server_name, self._deadline):
            raise SmtpFault("implicitTlsPort", step="greeting")
        session.greet(self._target.server.helo_name)
        ledger.passed(f"{self._place} greets as a mail server.")

    def _is_silent(self, session: Session) -> bool:
        try:
            patience_seconds = min(_PATIENCE_SECONDS, self._deadline.remaining_seconds() / 3)
        except TimeoutError:
            return False
        return not session.has_greeting_within(patience_seconds)

    def _encrypt(self, session: Session, ledger: Ledger) -> None:
        if not ledger.begin("tls"):
            return
        context = tls.verifying_context(self._target.server.ca_pem)
        is_implicit = self._target.server.encryption == "tls"
        try:
            upgrade = session.encrypt_at_once if is_implicit else session.start_tls
            facts = upgrade(context, self._server_name)
        except tls.NotTls:
            raise self._plain_port() from None
        except tls.CertificateRefused as refusal:
            raise self._certificate_fault(refusal) from None
        self._remember(facts)
        self._judge_end(facts, ledger)

    def _plain_port(self) -> SmtpFault:
        offer = clear_text_offer(self._dialer, self._target.server.helo_name, self._deadline)
        return SmtpFault("plainPort", step="tls", facts={"variant": offer} if offer else {})

    def _certificate_fault(self, refusal: tls.CertificateRefused) -> SmtpFault:
        is_implicit = self._target.server.encryption == "tls"
        presented = presented_certificate(
            self._dialer, self._server_name, self._target.server.helo_name, self._deadline, is_implicit=is_implicit
        )
        facts = {"reason": refusal.reason, **(_certificate_facts(presented) if presented else {})}
        return SmtpFault(refusal.code, step="tls", facts=facts)

    def _remember(self, facts: TlsFacts) -> None:
        self._learned |= {"tls_version": facts.version, "tls_cipher": facts.cipher}
        if facts.certificate:
            self._learned["certificate_fingerprint"] = facts.certificate.fingerprint
            self._learned["certificate_not_after"] = facts.certificate.not_after

    def _judge_end(self, facts: TlsFacts, ledger: Ledger) -> None:
        end = facts.certificate.not_after if facts.certificate else None
        if end is not None and end - self._now() < _EXPIRES_SOON:
            message = f"The certificate of {self._place} ends on {end:%Y-%m-%d}. Have it renewed before that day."
            ledger.warned("certificateExpiresSoon", message)
            return
        until = f", certificate valid until {end:%Y-%m-%d}" if end else ""
        ledger.passed(f"{facts.version}{until}.")

    def _log_in(self, session: Session, ledger: Ledger) -> None:
        if not ledger.begin("auth"):
            return
        if self._target.withheld is not None:
            raise ledger.withheld(self._target.withheld)
        used = self._login.play(session, self._deadline)
        self._learned["mechanism"] = used
        ledger.passed(f"Logged in by {used}.")


def _certificate_facts(certificate: Certificate) -> dict[str, str]:
    names = ", ".join(certificate.names[:_SHOWN_NAMES]) or "no name"
    more = len(certificate.names) - _SHOWN_NAMES
    names += f" and {more} more" if more > 0 else ""
    begin, end = f"{certificate.not_before:%Y-%m-%d}", f"{certificate.not_after:%Y-%m-%d}"
    return {
        "names": names,
        "issuer": f'"{certificate.issuer}"',
        "certificate_begin": f" before {begin}",
        "certificate_end": f" on {end}",
        "certificate": f' (names: {names}; issued by "{certificate.issuer}"; valid from {begin} to {end})',
    }
