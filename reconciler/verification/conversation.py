"""The checks of a conversation in their order, each on what the one before it left."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from reconciler.diagnostics import enumerated
from reconciler.model.text.addresses import literal_address
from reconciler.model.text.domains import host_to_ascii
from reconciler.model.verification.evidence import Observed
from reconciler.smtp.deadline import Deadline
from reconciler.smtp.dial import did_in_words
from reconciler.smtp.faults import SmtpFault
from reconciler.smtp.opening import Opening
from reconciler.smtp.probes import clear_text_offer, presented_chain, speaks_tls_at_once
from reconciler.verification.certificates import facts_of_refused, has_ended, warnings_of, warnings_of_client
from reconciler.verification.testmail import make_test_message

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from reconciler.model.servers.server import Proxy
    from reconciler.smtp.channel import Channel
    from reconciler.smtp.dial import Connection, Dialer
    from reconciler.smtp.session import Session
    from reconciler.smtp.tls import TlsFacts
    from reconciler.verification.ledger import Ledger
    from reconciler.verification.target import Sender, Target

_PATIENCE_SECONDS = 5.0


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
        self._session: Session | None = None
        self._channel: Channel | None = None
        self._last_moment = Deadline(target.most_seconds)
        self._spent_seconds: defaultdict[str, float] = defaultdict(float)
        """By sender, what its message has taken of its limit so far."""
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
        opening = Opening(self._target.access, self._dialer, self._deadline)
        while not self._has_reached(opening, ledger):
            self._forget_connection()
            ledger.begin("connect")
        self._log_in(opening, ledger)

    def _has_reached(self, opening: Opening, ledger: Ledger) -> bool:
        """Go up to the login at the next address, and return True; False where it does not serve, and another may."""
        try:
            self._connect(opening, ledger)
            for step in opening.in_order(self._greet, self._encrypt):
                step(opening, ledger)
        except SmtpFault as fault:
            if opening.goes_elsewhere(fault):
                return False
            own = self._target.access.client_certificate
            if own is not None and has_ended(own.pem, self._now()):
                fault.facts["client_ended"] = ", which has ended; have it renewed"
            if self._dialer.passed_over:
                fault.facts.setdefault("other_addresses", did_in_words(self._dialer.passed_over))
            elif self._is_chosen_by_proxy and opening.what_it_did(fault) is not None:
                fault.facts["chosen_by_proxy"] = "yes"
            raise
        return True

    @property
    def _is_chosen_by_proxy(self) -> bool:
        """Whether the proxy looks the name up and chooses among its addresses, so that nobody here can ask for another."""
        proxy = self._target.server.proxy
        return proxy is not None and proxy.resolves_remotely and literal_address(self._server_name) is None

    def _connect(self, opening: Opening, ledger: Ledger) -> None:
        """Connect, with ``connect`` as the check at work."""
        proxy = self._target.server.proxy
        connection = opening.connect() if proxy is None else self._connect_through(proxy, opening, ledger)
        address = connection.peer_address
        self._session, self._channel = opening.session, opening.channel
        dead = self._dialer.passed_over
        if not dead:
            told = (
                f"{self._place} took the connection ({address})."
                if proxy is None
                else f"The {proxy} connected to {self._place}."
            )
            ledger.passed(told)
            return
        told = f"{self._place}: {did_in_words(dead)}, {address} took the connection."
        if self._server_name == "localhost":  # a name that no DNS answers for: RFC 6761 section 6.3
            ledger.passed(told)
            return
        mend = f"have {enumerated(tuple(dead), most=8)} mended, or taken out of the DNS"
        ledger.warned("addressDead", f"{told} Programs that do not fall back will fail there: {mend}.")

    def _connect_through(self, proxy: Proxy, opening: Opening, ledger: Ledger) -> Connection:
        """Connect by the proxy; what it says about the mail server is the check ``connect``, all before is ``proxy``."""
        ledger.begin("proxy")
        if self._target.proxy_withheld is not None:
            raise ledger.withheld(self._target.proxy_withheld)
        try:
            connection = opening.connect()
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
        words = self._send(session, sender, recipient)
        ledger.passed(f"{self._place} took the test message to {recipient}: {words or 'without a word'}.")
        return words

    def _send(self, session: Session, sender: Sender, recipient: str) -> str:
        """Send a sender's test message within a limit of its own, and return the server's words on taking it.

        What the message takes is not taken from the conversation's limit: the other senders have theirs.
        """
        assert self._channel is not None  # noqa: S101 - there is a session on it
        allowed = self._target.message_seconds - self._spent_seconds[sender.name]
        limit = self._last_moment.sooner(allowed)
        seconds = limit.left_seconds
        self._channel.renew(limit)
        try:
            return session.send_message(self._message(sender, recipient))
        except SmtpFault as fault:
            fault.facts.setdefault("timeout", f"{seconds:.0f}")
            raise
        finally:
            taken = seconds - limit.left_seconds
            self._spent_seconds[sender.name] += taken
            self._deadline.postpone(taken, last=self._last_moment)
            self._channel.renew(self._deadline)

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

    def _greet(self, opening: Opening, ledger: Ledger) -> None:
        ledger.begin("greeting")
        is_silent = self._target.server.encryption != "tls" and self._is_silent(opening.session)
        if is_silent and speaks_tls_at_once(self._dialer, self._server_name, self._deadline):
            raise SmtpFault("implicitTlsPort", step="greeting")
        opening.greet()
        session = opening.session
        if self._target.server.encryption == "none" and session.offers("STARTTLS") and session.can_be_overheard:
            message = (
                f"{self._place} greets as a mail server and offers STARTTLS, but the account declares encryption: none, "
                "so whoever stands between reads and changes what is sent. Write encryption: starttls."
            )
            ledger.warned("starttlsUnused", message)
            return
        ledger.passed(f"{self._place} greets as a mail server.")

    def _is_silent(self, session: Session) -> bool:
        try:
            patience_seconds = min(_PATIENCE_SECONDS, self._deadline.remaining_seconds() / 3)
        except TimeoutError:
            return False
        return not session.has_greeting_within(patience_seconds)

    def _encrypt(self, opening: Opening, ledger: Ledger) -> None:
        if not ledger.begin("tls"):
            return
        if self._target.certificate_withheld is not None:
            raise ledger.withheld(self._target.certificate_withheld)
        try:
            facts = opening.encrypt()
        except SmtpFault as fault:
            fault.facts.update(self._second_look(fault))
            raise
        self._remember(facts)
        self._judge(facts, ledger)

    def _second_look(self, fault: SmtpFault) -> dict[str, str]:
        """Return what another connection tells of a port that does not speak TLS, or of a certificate that was refused."""
        server = self._target.server
        if fault.code == "plainPort":
            offer = clear_text_offer(self._dialer, server.helo_name, self._deadline)
            return {"variant": offer} if offer else {}
        if not fault.code.startswith("certificate"):
            return {}
        chain = presented_chain(
            self._dialer,
            self._server_name,
            server.helo_name,
            self._deadline,
            is_implicit=server.encryption == "tls",
        )
        ca_pem, host, pin = self._target.access.ca_pem, self._server_name, server.certificate
        return facts_of_refused(fault.code, chain, ca_pem=ca_pem, now=self._now(), host=host, pin=pin)

    def _remember(self, facts: TlsFacts) -> None:
        self._learned |= {"tls_version": facts.version, "tls_cipher": facts.cipher}
        if facts.certificate:
            self._learned["certificate_fingerprint"] = facts.certificate.fingerprint
            self._learned["certificate_key_fingerprint"] = facts.certificate.key_fingerprint
            self._learned["certificate_not_after"] = facts.certificate.not_after

    def _judge(self, facts: TlsFacts, ledger: Ledger) -> None:
        """Record what was agreed on, with a warning for each thing that holds today and will not always."""
        access = self._target.access
        is_pinned = access.server.certificate is not None
        found = warnings_of(facts, place=self._place, now=self._now(), ca_pem=access.ca_pem, is_pinned=is_pinned)
        if access.client_certificate is not None:
            found += warnings_of_client(access.client_certificate.pem, place=self._place, now=self._now())
        if found:
            ledger.warned(found[0][0], " ".join(words for _, words in found))
            return
        end = facts.certificate.not_after if facts.certificate else None
        until = f", certificate valid until {end:%Y-%m-%d}" if end else ""
        ledger.passed(f"{facts.version}{until}.")

    def _log_in(self, opening: Opening, ledger: Ledger) -> None:
        if not ledger.begin("auth"):
            return
        if self._target.withheld is not None:
            raise ledger.withheld(self._target.withheld)
        used = opening.log_in()
        self._learned["mechanism"] = used
        ledger.passed(f"Logged in by {used}.")
