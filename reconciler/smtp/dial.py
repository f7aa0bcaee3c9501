"""From a host name to a connected socket. Link-local addresses are never contacted.

A ``Dialer`` is the way to one server; ``DirectDialer`` is the way without a proxy. A conversation takes its
connections, probes included, from its dialer alone, so whoever writes another way changes nothing else.
"""

from __future__ import annotations

import contextlib
import ipaddress
import socket
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from reconciler.model.domains import NotADomain, host_to_ascii
from reconciler.smtp.faults import SmtpFault

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from reconciler.smtp.deadline import Deadline

    Resolver = Callable[[str], tuple[str, ...]]
    """From a name to its addresses, in the order to try them; may raise ``OSError`` as ``getaddrinfo`` does."""

_MAX_ADDRESSES = 8
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_NAME_UNKNOWN = frozenset({socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)})
_TELLING_CODES = ("connectionRefused", "timedOut", "unreachable")


@dataclass(frozen=True, slots=True)
class Connection:
    """A connected socket, owned by whoever holds this, and the address at its other end."""

    socket: socket.socket
    peer_address: str

    @property
    def is_loopback(self) -> bool:
        """Whether the other end is this machine."""
        try:
            return _embedded(ipaddress.ip_address(self.peer_address)).is_loopback
        except ValueError:
            return False


class Dialer(Protocol):
    """The way to one server."""

    def resolve(self, deadline: Deadline) -> tuple[str, ...]:
        """Find the server's addresses and return them; raise ``SmtpFault`` of step dns."""
        ...

    def connect(self, deadline: Deadline) -> Connection:
        """Return a new connection; may be called again for a second one. Raise ``SmtpFault`` of step connect."""
        ...


class DirectDialer:
    """Straight to the server: each address of the name in turn, until one takes the connection."""

    def __init__(self, host: str, port: int, *, resolver: Resolver | None = None) -> None:
        """Keep where to go; nothing is contacted yet. Without a ``resolver`` the system's is asked."""
        self._host = host
        self._port = port
        self._resolver = resolver or _ask_system
        self._addresses: tuple[str, ...] = ()

    def resolve(self, deadline: Deadline) -> tuple[str, ...]:
        """Find the addresses, at most eight, in the system's order of preference."""
        found = _look_up(self._host, self._resolver, deadline)
        allowed = tuple(address for address in found if not is_link_local(address))
        if not allowed:
            raise SmtpFault("forbiddenAddress", step="dns", facts={"addresses": ", ".join(found)})
        self._addresses = allowed[:_MAX_ADDRESSES]
        return self._addresses

    def connect(self, deadline: Deadline) -> Connection:
        """Try each address; each gets an equal share of the time that is left."""
        addresses = self._addresses or self.resolve(deadline)
        failures: list[tuple[str, str]] = []
        for tried, address in enumerate(addresses):
            try:
                share_seconds = deadline.remaining_seconds() / (len(addresses) - tried)
                connected = socket.create_connection((address, self._port), timeout=share_seconds)
            except OSError as refusal:
                failures.append((address, _code_of(refusal)))
                continue
            with contextlib.suppress(OSError):
                connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return Connection(connected, address)
        raise _connect_fault(failures)


def is_link_local(address: str) -> bool:
    """Tell whether an address is link-local, also where it wraps an IPv4 address (mapped, 6to4, NAT64)."""
    return _embedded(ipaddress.ip_address(address)).is_link_local


def _embedded(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address


def _code_of(refusal: OSError) -> str:
    if isinstance(refusal, ConnectionRefusedError):
        return "connectionRefused"
    if isinstance(refusal, TimeoutError):
        return "timedOut"
    return "unreachable"


def _connect_fault(failures: Sequence[tuple[str, str]]) -> SmtpFault:
    codes = {code for _, code in failures}
    code = next((code for code in _TELLING_CODES if code in codes), "timedOut")
    return SmtpFault(code, step="connect", facts={"addresses": ", ".join(address for address, _ in failures)})


class _LookUp:
    """One call of the system's resolver, which cannot be interrupted, in a thread that can be left waiting."""

    def __init__(self, host: str, resolver: Resolver) -> None:
        self.is_done = threading.Event()
        self.addresses: tuple[str, ...] = ()
        self.error: OSError | UnicodeError | None = None
        threading.Thread(target=self._run, args=(host, resolver), name=f"resolve {host}", daemon=True).start()

    def _run(self, host: str, resolver: Resolver) -> None:
        try:
            self.addresses = resolver(host)
        except (OSError, UnicodeError) as refusal:
            self.error = refusal
        finally:
            with _in_flight_lock:
                _in_flight.pop((host, resolver), None)
            self.is_done.set()


_in_flight: dict[tuple[str, Resolver], _LookUp] = {}
_in_flight_lock = threading.Lock()


def _ask_system(host: str) -> tuple[str, ...]:
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(entry[4][0]) for entry in found))


def _look_up(host: str, resolver: Resolver, deadline: Deadline) -> tuple[str, ...]:
    """Return the addresses of a host. Look-ups of one name at the same time share one call of the resolver.

    The resolver itself knows no deadline: where it runs over, its thread ends when the resolver gives up, and there
    is never more than one such thread for a name.
    """
    try:
        host = host_to_ascii(host)
        return (str(ipaddress.ip_address(host)),)
    except NotADomain:
        raise SmtpFault("hostNotFound", step="dns") from None
    except ValueError:
        pass  # a name, so it must be looked up
    with _in_flight_lock:
        look_up = _in_flight.get((host, resolver))
        if look_up is None:
            look_up = _in_flight[host, resolver] = _LookUp(host, resolver)
    try:
        is_done = look_up.is_done.wait(deadline.remaining_seconds())
    except TimeoutError:
        is_done = False
    if not is_done:
        raise SmtpFault("timedOut", step="dns")
    if look_up.error is None:
        return look_up.addresses
    is_unknown = isinstance(look_up.error, UnicodeError) or look_up.error.errno in _NAME_UNKNOWN
    raise SmtpFault("hostNotFound" if is_unknown else "nameLookupFailed", step="dns")
