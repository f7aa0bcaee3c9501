"""From a host name to the addresses that may be contacted. Link-local addresses never are."""

from __future__ import annotations

import ipaddress
import socket
import threading
from typing import TYPE_CHECKING

from reconciler.model.domains import NotADomain, host_to_ascii
from reconciler.smtp.faults import SmtpFault

if TYPE_CHECKING:
    from collections.abc import Callable

    from reconciler.smtp.deadline import Deadline

    Resolver = Callable[[str], tuple[str, ...]]
    """From a name to its addresses, in the order to try them; may raise ``OSError`` as ``getaddrinfo`` does."""

_MAX_ADDRESSES = 8
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_NAME_UNKNOWN = frozenset({socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)})


def usable_addresses(host: str, resolver: Resolver, deadline: Deadline) -> tuple[str, ...]:
    """Return the addresses of a host that may be contacted, at most eight, in the resolver's order of preference.

    Raise ``SmtpFault`` of step dns where there is none, or none is found in time.
    """
    found = _look_up(host, resolver, deadline)
    allowed = tuple(address for address in found if not is_link_local(address))
    if not allowed:
        raise SmtpFault("forbiddenAddress", step="dns", facts={"addresses": ", ".join(found)})
    return allowed[:_MAX_ADDRESSES]


def ask_system(host: str) -> tuple[str, ...]:
    """Return the addresses that the system's resolver gives."""
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(entry[4][0]) for entry in found))


def is_link_local(address: str) -> bool:
    """Tell whether an address is link-local, also where it wraps an IPv4 address (mapped, 6to4, NAT64)."""
    return unwrapped(ipaddress.ip_address(address)).is_link_local


def unwrapped(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """Return the IPv4 address that an IPv6 address wraps (mapped, 6to4, NAT64), otherwise the address itself."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address


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
