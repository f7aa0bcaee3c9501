"""From a host name to a connected socket.

A ``Dialer`` is the way to one server; ``DirectDialer`` is the way without a proxy, ``proxies`` holds the others. A
conversation takes its connections, probes included, from its dialer alone, so whoever writes another way changes
nothing else.
"""

from __future__ import annotations

import contextlib
import ipaddress
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from reconciler.smtp.faults import SmtpFault
from reconciler.smtp.lookup import ask_system, usable_addresses

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from reconciler.smtp.deadline import Deadline
    from reconciler.smtp.lookup import Resolver

_TELLING_CODES = ("connectionRefused", "timedOut", "unreachable")


@dataclass(frozen=True, slots=True)
class Connection:
    """A connected socket, owned by whoever holds this, and the address at its other end."""

    socket: socket.socket
    peer_address: str
    is_direct: bool = True
    """False where something on the way, such as a proxy, passes the octets on."""

    @property
    def is_loopback(self) -> bool:
        """Whether the server is this machine and nobody stands between."""
        try:
            return self.is_direct and _is_this_machine(ipaddress.ip_address(self.peer_address))
        except ValueError:
            return False


def _is_this_machine(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """Tell whether an address is loopback; one wrapped for 6to4 or NAT64 leads out, to a gateway that unwraps it."""
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).is_loopback


class Dialer(Protocol):
    """The way to one server."""

    def resolve(self, deadline: Deadline) -> tuple[str, ...]:
        """Find the server's addresses and return them; raise ``SmtpFault`` of step dns."""
        ...

    def connect(self, deadline: Deadline) -> Connection:
        """Return a new connection; may be called again for a second one.

        Raise ``SmtpFault`` of step connect, or of step proxy where there is one and it did not let us in.
        """
        ...


class DirectDialer:
    """Straight to the server: each address of the name in turn, until one takes the connection."""

    def __init__(self, host: str, port: int, *, resolver: Resolver | None = None) -> None:
        """Keep where to go; nothing is contacted yet. Without a ``resolver`` the system's is asked."""
        self._host = host
        self._port = port
        self._resolver = resolver or ask_system
        self._addresses: tuple[str, ...] = ()

    def resolve(self, deadline: Deadline) -> tuple[str, ...]:
        """Find the addresses, at most eight, in the system's order of preference."""
        self._addresses = usable_addresses(self._host, self._resolver, deadline)
        return self._addresses

    def connect(self, deadline: Deadline) -> Connection:
        """Try each address; each gets an equal share of the time that is left."""
        addresses = self._addresses or self.resolve(deadline)
        try:
            connected, address = reach_first(addresses, deadline, self._attempt)
        except NotReached as refusal:
            raise SmtpFault(refusal.code, step="connect", facts={"addresses": refusal.addresses}) from None
        return Connection(connected, address)

    def _attempt(self, address: str, seconds: float) -> socket.socket:
        return socket.create_connection((address, self._port), timeout=seconds)


class NotReached(Exception):
    """No address took the connection. ``code`` says why, of the reasons the one that tells most."""

    def __init__(self, failures: Sequence[tuple[str, str]]) -> None:
        """Keep address and code of every attempt."""
        super().__init__(str(failures))
        codes = {code for _, code in failures}
        self.code = next((code for code in _TELLING_CODES if code in codes), "timedOut")
        self.addresses = ", ".join(address for address, _ in failures)


def reach_first(
    addresses: Sequence[str], deadline: Deadline, attempt: Callable[[str, float], socket.socket]
) -> tuple[socket.socket, str]:
    """Return the socket of the first attempt that succeeds, and its address; raise ``NotReached`` where none does.

    Each attempt is given its address and an equal share of the time that is left, in seconds; it fails by
    ``OSError``. Whatever else it raises ends the attempts.
    """
    failures: list[tuple[str, str]] = []
    for tried, address in enumerate(addresses):
        try:
            connected = attempt(address, deadline.remaining_seconds() / (len(addresses) - tried))
        except OSError as refusal:
            failures.append((address, _code_of(refusal)))
            continue
        with contextlib.suppress(OSError):
            connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connected, address
    raise NotReached(failures)


def _code_of(refusal: OSError) -> str:
    if isinstance(refusal, ConnectionRefusedError):
        return "connectionRefused"
    if isinstance(refusal, TimeoutError):
        return "timedOut"
    return "unreachable"
