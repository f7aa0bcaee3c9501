"""From a host name to a connected socket.

A ``Dialer`` is the way to one server; ``DirectDialer`` is the way without a proxy, ``proxies`` holds the others. A
conversation takes its connections, probes included, from its dialer alone, so whoever writes another way changes
nothing else.
"""

from __future__ import annotations

import contextlib
import ipaddress
import socket
from dataclasses import field
from functools import lru_cache
from typing import TYPE_CHECKING, Protocol

from reconciler.classes import dataclass
from reconciler.smtp.faults import SmtpFault
from reconciler.smtp.lookup import ask_system, usable_addresses
from reconciler.smtp.wire import Wire

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from reconciler.smtp.deadline import Deadline
    from reconciler.smtp.lookup import Resolver

_TELLING_CODES = ("connectionRefused", "timedOut", "unreachable")
_DID = {
    "connectionRefused": "refused the connection",
    "timedOut": "did not answer",
    "unreachable": "could not be reached",
}


def did_in_words(passed_over: Mapping[str, str]) -> str:
    """Return what addresses did in words: ``2001:db8::7 refused the connection, 192.0.2.7 did not answer``."""
    return ", ".join(f"{address} {what}" for address, what in passed_over.items())


@dataclass(frozen=True, slots=True)
class Connection:
    """A connected socket, owned by whoever holds this, and the address at its other end."""

    socket: socket.socket
    peer_address: str
    wire: Wire = field(default_factory=Wire)
    """What tells whoever listens of what is said over it."""
    is_direct: bool = field(default=True, kw_only=True)
    """False where something on the way, such as a proxy, passes the octets on."""

    @property
    def is_loopback(self) -> bool:
        """Whether the server is this machine and nobody stands between."""
        return self.is_direct and _is_this_machine(self.peer_address)


@lru_cache(maxsize=256)
def _is_this_machine(text: str) -> bool:
    """Tell whether an address is loopback; one wrapped for 6to4 or NAT64 leads out, to a gateway that unwraps it."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
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

    @property
    def passed_over(self) -> Mapping[str, str]:
        """What the addresses did that do not serve, ``refused the connection``, by address in the order tried."""
        ...

    @property
    def addresses_left(self) -> int:
        """How many addresses may still serve, the one that took the last connection included."""
        ...

    def pass_over(self, what_it_did: str) -> bool:
        """Count the address that took the last connection as one that does not serve; False where no other is left."""
        ...


class DirectDialer:
    """Straight to the server: each address of the name in turn, until one takes the connection and serves.

    RFC 5321 section 5.1: what one address does not do is no reason not to ask the next.
    """

    def __init__(self, host: str, port: int, *, resolver: Resolver | None = None) -> None:
        """Keep where to go; nothing is contacted yet. Without a ``resolver`` the system's is asked."""
        self._host = host
        self._port = port
        self._resolver = resolver or ask_system
        self._addresses: tuple[str, ...] = ()
        self._passed_over: dict[str, str] = {}

    def resolve(self, deadline: Deadline) -> tuple[str, ...]:
        """Find the addresses, at most eight, in the system's order of preference; each may serve again."""
        self._passed_over = {}
        self._addresses = usable_addresses(self._host, self._resolver, deadline)
        return self._addresses

    @property
    def passed_over(self) -> Mapping[str, str]:
        """What the addresses did that do not serve."""
        return self._passed_over

    @property
    def addresses_left(self) -> int:
        """How many addresses may still serve."""
        return len(self._left())

    def pass_over(self, what_it_did: str) -> bool:
        """Count the address that took the last connection as one that does not serve; False where no other is left."""
        first, *others = self._left()
        if others:
            self._passed_over[first] = what_it_did
        return bool(others)

    def connect(self, deadline: Deadline) -> Connection:
        """Try each address that may serve; each gets an equal share of the time that is left."""
        if not self._addresses:
            self.resolve(deadline)
        wire = Wire(f"{self._host}:{self._port}")
        try:
            connected, address, failures = reach_first(self._left(), deadline, self._attempt, wire)
        except NotReached as refusal:
            others = {**self._passed_over, **refusal.others}
            facts = {"addresses": refusal.addresses, **({"other_addresses": did_in_words(others)} if others else {})}
            raise SmtpFault(refusal.code, step="connect", facts=facts) from None
        self._passed_over |= {failed: _DID[code] for failed, code in failures}
        return Connection(connected, address, wire)

    def _left(self) -> tuple[str, ...]:
        return tuple(each for each in self._addresses if each not in self._passed_over)

    def _attempt(self, address: str, seconds: float) -> socket.socket:
        return socket.create_connection((address, self._port), timeout=seconds)


class NotReached(Exception):
    """No address took the connection. ``code`` says why, of the reasons the one that tells most."""

    def __init__(self, failures: Sequence[tuple[str, str]]) -> None:
        """Keep address and code of every attempt."""
        super().__init__(str(failures))
        codes = {code for _, code in failures}
        self.code = next((code for code in _TELLING_CODES if code in codes), "timedOut")
        self.addresses = ", ".join(address for address, code in failures if code == self.code)
        self.others = {address: _DID[code] for address, code in failures if code != self.code}
        """What the addresses did that failed for another reason."""


def reach_first(
    addresses: Sequence[str], deadline: Deadline, attempt: Callable[[str, float], socket.socket], wire: Wire
) -> tuple[socket.socket, str, Sequence[tuple[str, str]]]:
    """Return the socket and address of the first attempt that succeeds; beside it address and code of each one that failed.

    Raise ``NotReached`` where none succeeds.

    Each attempt is given its address and an equal share of the time that is left, in seconds; it fails by
    ``OSError``. Whatever else it raises ends the attempts.
    """
    failures: list[tuple[str, str]] = []
    for tried, address in enumerate(addresses):
        wire.note(f"connecting to {address}")
        try:
            connected = attempt(address, deadline.remaining_seconds() / (len(addresses) - tried))
        except OSError as refusal:
            failures.append((address, _code_of(refusal)))
            wire.note(f"{address} {_DID[_code_of(refusal)]}")
            continue
        wire.note(f"connected to {address}")
        with contextlib.suppress(OSError):
            connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connected, address, failures
    wire.close()
    raise NotReached(failures)


def _code_of(refusal: OSError) -> str:
    if isinstance(refusal, ConnectionRefusedError):
        return "connectionRefused"
    if isinstance(refusal, TimeoutError):
        return "timedOut"
    return "unreachable"
