"""``Access``: a mail server with what is at hand to reach it and to log in there, masked from the first word on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from reconciler.classes import FrozenByName
from reconciler.smtp.dial import DirectDialer
from reconciler.smtp.faults import SmtpFault
from reconciler.smtp.masking import CredentialMask
from reconciler.smtp.proxies import ProxyDialer
from reconciler.smtp.sasl import AUTOMATIC, Credential

if TYPE_CHECKING:
    from reconciler.model.secrets.values import SecretValue
    from reconciler.model.servers.server import Server
    from reconciler.smtp.channel import Channel
    from reconciler.smtp.clientcertificate import ClientCertificate
    from reconciler.smtp.deadline import Deadline
    from reconciler.smtp.dial import Dialer
    from reconciler.smtp.session import Session


class TokenSource(Protocol):
    """Gets an OAuth2 access token; called once the server has shown that it can take one, and not before."""

    def __call__(self, deadline: Deadline, /) -> SecretValue:
        """Return the token, not waiting beyond the deadline; raise ``SmtpFault`` of step auth where there is none."""
        ...

    def known(self) -> SecretValue | None:
        """Return the token if it is there already, without asking for it: a server may know it from another login."""
        ...


class Access(FrozenByName):
    """A server, and the values behind its references as far as they may be used; the caller decides what may travel."""

    server: Server
    ca_pem: str | None = None
    """Certificates trusted beside the system's: the content of ``server.ca_file``."""
    password: SecretValue | None = None
    token: TokenSource | None = None
    """Where the access token comes from that logs in instead of a password; None: no token is declared."""
    proxy_password: SecretValue | None = None
    client_certificate: ClientCertificate | None = None
    """What is shown to a server that demands a certificate of its clients; None: nothing is declared, or not at hand."""

    def __str__(self) -> str:
        """Return host and port of the server."""
        return self.server.place

    @property
    def declares_login(self) -> bool:
        """Whether a login is wanted; one that is declared in part counts, so that none is forgotten."""
        return self.server.declares_login or self.password is not None or self.token is not None

    def dialer(self) -> Dialer:
        """Return the way through the proxy where one is declared, otherwise straight to the server."""
        server = self.server
        if server.proxy is None:
            return DirectDialer(server.host, server.port)
        return ProxyDialer(server.proxy, password=self.proxy_password, host=server.host, port=server.port)

    def mask_in(self, channel: Channel) -> None:
        """Mask password, token and the proxy's password in every reply.

        The server may know them from an earlier login; whoever runs the proxy stands between, and could say its
        password in the server's name.
        """
        username, proxy = self.server.login.username or "", self.server.proxy
        for secret in (self.password, self.token.known() if self.token is not None else None):
            if secret is not None:
                channel.mask(CredentialMask(username, secret))
        if proxy is not None and proxy.username is not None and self.proxy_password is not None:
            channel.mask(CredentialMask(proxy.username, self.proxy_password))

    def log_in(self, session: Session, deadline: Deadline) -> str:
        """Log in, once, and return the mechanism's name on the wire; raise ``SmtpFault`` of step auth. RFC 4954.

        A token is got only once the server has shown that it can take one.
        """
        mechanism = self.server.login.mechanism or AUTOMATIC
        return session.log_in(mechanism, self._credential(session, mechanism, deadline))

    def _credential(self, session: Session, mechanism: str, deadline: Deadline) -> Credential:
        username = self.server.login.username
        if username is not None and self.password is not None:
            return Credential(username, self.password)
        if username is None or self.token is None:
            raise SmtpFault("credentialMissing", step="auth")
        session.require_login(mechanism, is_token=True)
        return Credential(username, self.token(deadline), is_token=True)
