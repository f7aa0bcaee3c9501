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
from reconciler.smtp.proxies.socks4 import ask_socks4
from reconciler.smtp.proxies.socks5 import ask_socks5
from reconciler.smtp.wire import Wire

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Mapping

    from reconciler.model.secrets.values import SecretValue
    from reconciler.model.servers.server import Proxy
    from reconciler.model.servers.terms import ProxyType
    from reconciler.smtp.deadline import Deadline
    from reconciler.smtp.lookup import Resolver

    Asking = Callable[[Passage, str, float, Deadline], socket.socket]
    """Connects to an address of the proxy within so many seconds, and asks for the passage until the deadline.

    Returns the socket at whose other end the mail server is. Raises ``OSError`` where the address does not take the
    connection, ``SmtpFault`` for whatever comes after that.
    """

ASKING: dict[ProxyType, Asking] = {"socks5": ask_socks5, "socks4": ask_socks4, "http": ask_http}
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
        self._passed_over: dict[str, str] = {}
        self._taken: str | None = None
        """The address that took the last connection; None: the proxy chose it."""

    def resolve(self, deadline: Deadline) -> tuple[str, ...]:
        """Find the mail host's addresses from here; of use only where the proxy is not to look the name up."""
        self._passed_over = {}
        self._addresses = usable_addresses(self._host, self._resolver, deadline)
        return self._addresses

    def connect(self, deadline: Deadline) -> Connection:
        """Ask the proxy for the mail host, or for each of its addresses that may serve until it reaches one."""
        hosts = self._hosts(deadline)
        fault = SmtpFault("proxyTimedOut", step="proxy")
        failed: dict[str, str] = {}
        for tried, host in enumerate(hosts):
            try:
                share_seconds = deadline.remaining_seconds() / (len(hosts) - tried)
                connected = self._pass_to(host, deadline.sooner(share_seconds))
            except TimeoutError:
                break
            except SmtpFault as refusal:
                fault = refusal
                failed[host] = "could not be reached by the proxy"
            else:
                self._passed_over |= failed
                self._taken = host if not self._proxy.resolves_remotely else None
                return connected
            if fault.step != "connect":
                break
        raise fault

    @property
    def passed_over(self) -> Mapping[str, str]:
        """What the addresses did that do not serve; nothing where the proxy chooses among them, and does not say."""
        return self._passed_over

    @property
    def addresses_left(self) -> int:
        """How many addresses may still serve; one where the proxy chooses."""
        return len(self._left()) if self._taken is not None else 1

    def pass_over(self, what_it_did: str) -> bool:
        """Count the address that took the last connection as one that does not serve; False where no other is left."""
        others = [each for each in self._left() if each != self._taken]
        if self._taken is None or not others:
            return False
        self._passed_over[self._taken] = what_it_did
        return True

    def _left(self) -> tuple[str, ...]:
        return tuple(each for each in self._carried(self._addresses) if each not in self._passed_over)

    def _carried(self, hosts: tuple[str, ...]) -> tuple[str, ...]:
        """Return those that the proxy can be asked for: SOCKS4 knows no IPv6."""
        return tuple(host for host in hosts if self._proxy.type != "socks4" or ":" not in host)

    def _hosts(self, deadline: Deadline) -> tuple[str, ...]:
        """Return what the proxy is asked for, in order: the name, an address that was declared, or all addresses."""
        if self._proxy.resolves_remotely:
            _refuse_written_out(self._host)
            hosts: tuple[str, ...] = (self._host,)
        else:
            hosts = self._addresses or self.resolve(deadline)
        carried = self._carried(hosts)
        if not carried:
            raise SmtpFault("proxyAddressUnsupported", step="proxy", facts={"variant": "ipv6"})
        return tuple(host for host in carried if host not in self._passed_over)

    def _pass_to(self, host: str, deadline: Deadline) -> Connection:
        wire = Wire(f"{self._host}:{self._port}")
        wire.note(f"through the {self._proxy}")
        passage = Passage(proxy=self._proxy, password=self._password, host=host, port=self._port, wire=wire)
        passage.credential()
        attempt = functools.partial(self._attempt, passage, deadline)
        try:
            connected, _, _ = reach_first(self._find_proxy(deadline), deadline, attempt, wire)
        except NotReached as refusal:
            raise passage.fault(_REACHING_CODES[refusal.code], addresses=refusal.addresses) from None
        return Connection(connected, host, wire, is_direct=False)

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
