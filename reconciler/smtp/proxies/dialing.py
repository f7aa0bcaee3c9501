"""``ProxyDialer``: the way to a mail server through a proxy."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from reconciler.model.text.addresses import literal_address, never_contacted, with_reasons
from reconciler.model.text.domains import host_to_ascii
from reconciler.smtp.dial import Connection, NotReached, reach_first
from reconciler.smtp.faults import SmtpFault
from reconciler.smtp.lookup import ask_system, usable_addresses
from reconciler.smtp.proxies.http_connect import ask_http
from reconciler.smtp.proxies.passage import Passage
from reconciler.smtp.proxies.socks_request import ask_socks

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from reconciler.model.secrets.values import SecretValue
    from reconciler.model.servers.terms import ProxyType
    from reconciler.smtp.deadline import Deadline
    from reconciler.smtp.lookup import Resolver
    from reconciler.smtp.proxies.passage import Proxy

    Asking = Callable[[Passage, str, float, Deadline], socket.socket]
    """Connects to an address of the proxy within so many seconds, and asks for the passage until the deadline.

    Returns the socket at whose other end the mail server is. Raises ``OSError`` where the address does not take the
    connection, ``SmtpFault`` for whatever comes after that.
    """

ASKING: dict[ProxyType, Asking] = {"socks5": ask_socks, "socks4": ask_socks, "http": ask_http}
_LOOKUP_CODES = {
    "hostNotFound": "proxyNotFound",
    "nameLookupFailed": "proxyLookupFailed",
    "forbiddenAddress": "proxyForbiddenAddress",
    "timedOut": "proxyLookupFailed",
}
_REACHING_CODES = {
    "connectionRefused": "proxyConnectionRefused",
    "timedOut": "proxyTimedOut",
    "unreachable": "proxyUnreachable",
}


class ProxyDialer:
    """Through a proxy: it is told the mail host's name, or with ``resolves_remotely`` false each of its addresses."""

    def __init__(
        self, proxy: Proxy, *, password: SecretValue | None, host: str, port: int, resolver: Resolver | None = None
    ) -> None:
        """Keep where to go; nothing is contacted yet. Without a ``resolver`` the system's is asked."""
        self._proxy = proxy
        self._password = password
        self._host = host_to_ascii(host)
        self._port = port
        self._resolver = resolver or ask_system
        self._addresses: tuple[str, ...] = ()
        self._proxy_addresses: tuple[str, ...] = ()

    def resolve(self, deadline: Deadline) -> tuple[str, ...]:
        """Find the mail host's addresses from here; of use only where the proxy is not to look the name up."""
        self._addresses = usable_addresses(self._host, self._resolver, deadline)
        return self._addresses

    def connect(self, deadline: Deadline) -> Connection:
        """Ask the proxy for the mail host, or for each of its addresses until it reaches one."""
        hosts = self._hosts(deadline)
        fault = SmtpFault("proxyTimedOut", step="proxy")
        for tried, host in enumerate(hosts):
            try:
                share_seconds = deadline.remaining_seconds() / (len(hosts) - tried)
                return self._pass_to(host, deadline.sooner(share_seconds))
            except TimeoutError:
                break
            except SmtpFault as refusal:
                fault = refusal
            if fault.step != "connect":
                break
        raise fault

    def _hosts(self, deadline: Deadline) -> tuple[str, ...]:
        """Return what the proxy is asked for, in order: the name, an address that was declared, or all addresses."""
        if self._proxy.resolves_remotely:
            _refuse_written_out(self._host)
            hosts: tuple[str, ...] = (self._host,)
        else:
            hosts = self._addresses or self.resolve(deadline)
        if self._proxy.type != "socks4":
            return hosts
        carried = tuple(host for host in hosts if ":" not in host)
        if not carried:
            raise SmtpFault("proxyAddressUnsupported", step="proxy", facts={"variant": "ipv6"})
        return carried

    def _pass_to(self, host: str, deadline: Deadline) -> Connection:
        passage = Passage(proxy=self._proxy, password=self._password, host=host, port=self._port)
        passage.credential()
        attempt = functools.partial(self._attempt, passage, deadline)
        try:
            connected, _ = reach_first(self._find_proxy(deadline), deadline, attempt)
        except NotReached as refusal:
            raise passage.fault(_REACHING_CODES[refusal.code], addresses=refusal.addresses) from None
        return Connection(connected, host, is_direct=False)

    def _attempt(self, passage: Passage, deadline: Deadline, address: str, seconds: float) -> socket.socket:
        return ASKING[self._proxy.type](passage, address, seconds, deadline)

    def _find_proxy(self, deadline: Deadline) -> tuple[str, ...]:
        """Return the proxy's addresses; this machine looks them up, whoever looks up the mail host."""
        if not self._proxy_addresses:
            try:
                self._proxy_addresses = usable_addresses(self._proxy.host, self._resolver, deadline)
            except SmtpFault as fault:
                raise SmtpFault(_LOOKUP_CODES[fault.code], step="proxy", facts=fault.facts) from None
        return self._proxy_addresses


def _refuse_written_out(host: str) -> None:
    """Refuse an address that is never contacted and is written out, also in a form that only C takes for a number.

    What a name leads to is the proxy's knowledge alone; whoever runs it decides where it may go.
    """
    address = literal_address(host)
    if address is not None and never_contacted(address) is not None:
        raise SmtpFault("forbiddenAddress", step="proxy", facts={"addresses": with_reasons((address,))})
