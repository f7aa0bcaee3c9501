"""The choice of the way to a target's server: the one that the account declares, and no other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.smtp.dial import DirectDialer
from reconciler.smtp.proxies import ProxyDialer

if TYPE_CHECKING:
    from reconciler.smtp.dial import Dialer
    from reconciler.verification.target import Target


def dialer_for(target: Target) -> Dialer:
    """Return the way through the target's proxy where it has one, otherwise straight to its server."""
    server = target.server
    if server.proxy is None:
        return DirectDialer(server.host, server.port)
    return ProxyDialer(server.proxy, password=target.proxy_password, host=server.host, port=server.port)
