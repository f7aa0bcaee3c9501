"""The opening of a session, the same for verifying and for sending: name, connection, greeting, TLS, login, in order.

Where encryption is ``tls`` the handshake comes before the greeting (RFC 8314), else STARTTLS after it (RFC 3207). Every
credential is masked before the server says its first word, and nothing of a login goes out before TLS.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from reconciler.model.text.domains import host_to_ascii
from reconciler.smtp import tls
from reconciler.smtp.channel import Channel
from reconciler.smtp.faults import SmtpFault
from reconciler.smtp.session import Session

if TYPE_CHECKING:
    import ssl
    from collections.abc import Sequence

    from reconciler.smtp.access import Access
    from reconciler.smtp.deadline import Deadline
    from reconciler.smtp.dial import Connection, Dialer
    from reconciler.smtp.tls import TlsFacts

_Step = TypeVar("_Step")
_DID = {
    "timedOut": "said nothing",
    "timedOut:hello": "did not answer EHLO",
    "timedOut:unfinished": "did not finish its answer",
    "connectionLost": "closed the connection",
}
"""By code, and where there is one by variant."""


class Opening:
    """One session on the way from its server's name to the login. Every step raises ``SmtpFault`` where it ends."""

    session: Session
    """There once ``connect`` has returned."""
    channel: Channel
    """There once ``connect`` has returned."""

    def __init__(self, access: Access, dialer: Dialer, deadline: Deadline) -> None:
        """Keep where to go; nothing is contacted yet."""
        self._access = access
        self._dialer = dialer
        self._deadline = deadline
        self._has_greeted = False

    @property
    def own_name(self) -> str:
        """What this machine calls itself in EHLO: the name declared, else its address (RFC 5321 section 4.1.3)."""
        address = self.channel.local_address
        return self._access.server.helo_name or (f"[IPv6:{address}]" if ":" in address else f"[{address}]")

    @property
    def asks_for_addresses(self) -> bool:
        """Whether this machine looks the server's name up; otherwise the proxy does."""
        proxy = self._access.server.proxy
        return proxy is None or not proxy.resolves_remotely

    def in_order(self, greet: _Step, encrypt: _Step) -> Sequence[_Step]:
        """Return the two steps in the order that the encryption wants."""
        return (encrypt, greet) if self._access.server.encryption == "tls" else (greet, encrypt)

    def open(self) -> None:
        """Go all steps, once; what has begun is ended where one of them fails."""
        if self.asks_for_addresses:
            self._dialer.resolve(self._deadline)
        self._reach()
        try:
            if self._access.declares_login:
                self.log_in()
        except BaseException:
            self.session.leave()
            raise

    def _reach(self) -> None:
        """Go up to the login at the first address that serves."""
        while True:
            self.connect()
            try:
                for step in self.in_order(self.greet, self._encrypt_if_declared):
                    step()
            except BaseException as trouble:
                self.session.leave()
                if not (isinstance(trouble, SmtpFault) and self.goes_elsewhere(trouble)):
                    raise
            else:
                return

    def connect(self) -> Connection:
        """Connect, and mask every credential in what will be said.

        Until the server has greeted, an address has its share of the time that is left, as long as there are others.
        """
        self._has_greeted = False
        connection = self._dialer.connect(self._deadline)
        shares = self._dialer.addresses_left
        limit = self._deadline.sooner(self._deadline.left_seconds / shares) if shares > 1 else self._deadline
        self.channel = Channel(connection.socket, limit, connection.wire)
        self.session = Session(self.channel, is_loopback=connection.is_loopback)
        self._access.mask_in(self.channel)
        return connection

    def greet(self) -> None:
        """Hear the greeting and say EHLO."""
        self.session.greet(self._access.server.helo_name)
        self._has_greeted = True
        self.channel.renew(self._deadline)

    def goes_elsewhere(self, fault: SmtpFault) -> bool:
        """Tell whether another address may serve where this one was silent or busy before it had greeted, and go on there.

        RFC 5321 section 5.1. What is permanent is the server's word for all its addresses.
        """
        what = self.what_it_did(fault)
        return what is not None and self._dialer.pass_over(what)

    def what_it_did(self, fault: SmtpFault) -> str | None:
        """Return what an address did before it had greeted, where that says nothing of the others; None elsewhere."""
        if self._has_greeted:
            return None
        if fault.reply is not None and fault.reply.is_transient:
            return f"answered {fault.reply.code}"
        return _DID.get(f"{fault.code}:{fault.facts.get('variant')}") or _DID.get(fault.code)

    def encrypt(self) -> TlsFacts:
        """Do the handshake as the encryption wants it, and return what was agreed.

        The code of the fault is ``plainPort`` where the port does not speak TLS, and tells what is wrong with a
        certificate that does not hold.
        """
        server = self._access.server
        pin, server_name = server.certificate, host_to_ascii(server.host)
        context = self._tls_context()
        self.channel.presents_certificate = server.client_certificate is not None
        upgrade = self.session.encrypt_at_once if server.encryption == "tls" else self.session.start_tls
        try:
            return upgrade(context, server_name, pin=pin)
        except tls.NotTls:
            raise SmtpFault("plainPort", step="tls") from None
        except tls.CertificateRefused as refusal:
            raise SmtpFault(refusal.code, step="tls", facts=refusal.facts) from None

    def _tls_context(self) -> ssl.SSLContext:
        """Return what to shake hands by: whom it trusts, and what is presented.

        A certificate that is declared and not at hand ends the session: a server that demands none would else be
        reached as nobody.
        """
        is_pinned, own = self._access.server.certificate is not None, self._access.client_certificate
        if own is not None:
            return tls.presenting_context(own, self._access.ca_pem, is_pinned=is_pinned)
        if self._access.server.client_certificate is not None:
            raise SmtpFault("clientCertificateUnusable", step="tls", facts={"variant": "absent"})
        return tls.observing_context() if is_pinned else tls.verifying_context(self._access.ca_pem)

    def _encrypt_if_declared(self) -> None:
        if self._access.server.encryption != "none":
            self.encrypt()

    def log_in(self) -> str:
        """Log in, once, and return the mechanism's name on the wire."""
        return self._access.log_in(self.session, self._deadline)
