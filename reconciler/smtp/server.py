"""A mail server as an account declares it, and the way to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reconciler.smtp.dial import DirectDialer
from reconciler.smtp.proxies import ProxyDialer

if TYPE_CHECKING:
    from reconciler.model.secrets.values import SecretValue
    from reconciler.model.servers.terms import Encryption, Mechanism
    from reconciler.smtp.dial import Dialer
    from reconciler.smtp.proxies import Proxy


@dataclass(frozen=True, kw_only=True)
class Server:
    """A mail server, and how to log in there."""

    host: str
    port: int
    encryption: Encryption
    helo_name: str | None = None
    """The name given in EHLO; None: this machine's."""
    ca_pem: str | None = None
    """Certificates trusted beside the system's."""
    mechanism: Mechanism | None = None
    """None with neither user name nor password: no login."""
    username: str | None = None
    proxy: Proxy | None = None
    """The proxy on the way; None: a direct connection."""

    @property
    def place(self) -> str:
        """Host and port as people write them: ``smtp.example.com:587``, ``[::1]:587``."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def hosts(self) -> tuple[str, ...]:
        """Every host that is contacted on the way: its own, and the proxy's."""
        return (self.host,) if self.proxy is None else (self.host, self.proxy.host)

    def dialer(self, proxy_password: SecretValue | None) -> Dialer:
        """Return the way through the proxy where one is declared, otherwise straight to the server."""
        if self.proxy is None:
            return DirectDialer(self.host, self.port)
        return ProxyDialer(self.proxy, password=proxy_password, host=self.host, port=self.port)
