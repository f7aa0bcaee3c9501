"""Which IP addresses are never contacted, by anybody for anything, however they are spelled or embedded.

Behind a link-local or metadata address is what gives a cloud machine its credentials, and a manifest must not lead
there. Multicast, broadcast, reserved and unspecified addresses name no one server. Loopback is allowed: a mail server
may run on this machine.

An IPv6 address may carry an IPv4 address to which a gateway or the system itself leads: RFC 4291 section 2.5.5 (mapped,
compatible), RFC 2765 (translated), RFC 3056 (6to4), RFC 4380 (Teredo), RFC 5214 (ISATAP), RFC 6052 (NAT64) and
RFC 8215 (NAT64 with a prefix of local use).
"""

from __future__ import annotations

import ipaddress
import re
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

_METADATA = {
    "100.100.100.200": "Alibaba Cloud",
    "168.63.129.16": "Azure",
    "192.0.0.192": "Oracle Cloud",
    "fd00:42::42": "Scaleway",
    "fd20:ce::254": "Google Cloud",
}
"""Addresses of metadata services that are not link-local, by whose documentation names them."""
_AWS_SERVICES = ipaddress.IPv6Network("fd00:ec2::/112")
"""Metadata, name servers, credentials of containers: what IPv6 machines of AWS have in place of 169.254.0.0/16."""

_V4_RANGES = (
    (ipaddress.IPv4Network("0.0.0.0/8"), "which names no server"),
    (ipaddress.IPv4Network("169.254.0.0/16"), "which is link-local"),
    (ipaddress.IPv4Network("224.0.0.0/4"), "which is a multicast address"),
    (ipaddress.IPv4Network("255.255.255.255/32"), "which is the broadcast address"),
    (ipaddress.IPv4Network("240.0.0.0/4"), "which is reserved"),
)
_V6_RANGES = (
    (ipaddress.IPv6Network("::/128"), "which names no server"),
    (ipaddress.IPv6Network("fe80::/10"), "which is link-local"),
    (ipaddress.IPv6Network("ff00::/8"), "which is a multicast address"),
)
_COMPATIBLE = ipaddress.IPv6Network("::/96")
_IN_THE_LAST_OCTETS = tuple(
    ipaddress.IPv6Network(network) for network in ("::ffff:0:0/96", "::ffff:0:0:0/96", "64:ff9b::/96")
)
"""Mapped, translated, and NAT64 by its well-known prefix."""
_SIX_TO_FOUR = ipaddress.IPv6Network("2002::/16")
_TEREDO = ipaddress.IPv6Network("2001::/32")
_NAT64_LOCAL = ipaddress.IPv6Network("64:ff9b:1::/48")
_ISATAP_MARK, _ISATAP_MASK = bytes.fromhex("00005efe"), 0xFC
_NAT64_PLACES = (
    (4, 5, 6, 7),
    (5, 6, 7, 9),
    (6, 7, 9, 10),
    (7, 9, 10, 11),
    (9, 10, 11, 12),
    (12, 13, 14, 15),
)
"""Which octets hold the IPv4 address, by the prefix: 32, 40, 48, 56, 64, 96. RFC 6052 section 2.2."""
_UNUSED_OCTET = 8
_INSIDE_LOCAL = 2
"""The first of these places that a prefix within 64:ff9b:1::/48 can have."""
_NUMBER = re.compile(r"0[xX][0-9a-fA-F]+|[0-9]+")
_PARTS = 4


@lru_cache(maxsize=1024)
def never_contacted(address: str) -> str | None:
    """Return why an IP address is never contacted, as the rest of a sentence about it; None where it may be."""
    parsed = ipaddress.ip_address(address)
    reason = _own_reason(parsed)
    if reason is not None:
        return reason
    for inner, is_certain in _carried(parsed):
        reason = _own_reason(inner) if is_certain or (inner.is_link_local or str(inner) in _METADATA) else None
        if reason is not None:
            return f"which leads to {inner}, {reason}"
    return None


def with_reasons(addresses: tuple[str, ...]) -> str:
    """Return addresses that are never contacted, each with its reason: ``169.254.1.1, which is link-local``."""
    return "; ".join(f"{address}, {never_contacted(address)}" for address in addresses)


def literal_address(host: str) -> str | None:
    """Return the IP address that a host is, also in the forms of numbers that C's ``inet_aton`` reads; None for a name."""
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        pass
    parts = host.split(".")
    if len(parts) > _PARTS or not all(_NUMBER.fullmatch(part) for part in parts):
        return None
    try:
        numbers = [int(part, 16 if part[:2] in {"0x", "0X"} else 8 if part[0] == "0" else 10) for part in parts]
        *first, last = numbers
        octets = bytes(first) + last.to_bytes(_PARTS + 1 - len(parts), "big")
    except (ValueError, OverflowError):
        return None
    return str(ipaddress.IPv4Address(octets))


def _own_reason(address: IPAddress) -> str | None:
    """Return why an address is never contacted, whatever it carries."""
    unzoned = ipaddress.IPv6Address(int(address)) if isinstance(address, ipaddress.IPv6Address) else address
    owner = _METADATA.get(str(unzoned))
    if owner is not None:
        return f"which is the metadata address of {owner}"
    if isinstance(unzoned, ipaddress.IPv4Address):
        return next((reason for network, reason in _V4_RANGES if unzoned in network), None)
    if unzoned in _AWS_SERVICES:
        return "which is a metadata address of AWS"
    return next((reason for network, reason in _V6_RANGES if unzoned in network), None)


def _carried(address: IPAddress) -> Iterator[tuple[ipaddress.IPv4Address, bool]]:
    """Yield the IPv4 addresses that an IPv6 address carries, and of each whether that is certain.

    Not certain is NAT64 by a network's own prefix, of which nobody outside knows place and length. There the octets
    that RFC 6052 has as zero must be zero; within the prefix of local use they need not, since gateways ignore them.
    """
    if isinstance(address, ipaddress.IPv4Address):
        return
    octets = address.packed
    last = ipaddress.IPv4Address(octets[12:])
    if any(address in network for network in _IN_THE_LAST_OCTETS) or _is_isatap(octets):
        yield last, True
    if address in _COMPATIBLE and int(last) > 1:  # :: and ::1 carry nothing
        yield last, True
    if address in _SIX_TO_FOUR:
        yield ipaddress.IPv4Address(octets[2:6]), True
    if address in _TEREDO:
        yield ipaddress.IPv4Address(octets[4:8]), True
        yield ipaddress.IPv4Address(bytes(octet ^ 0xFF for octet in octets[12:])), True
    is_local = address in _NAT64_LOCAL
    for places in _NAT64_PLACES[_INSIDE_LOCAL if is_local else 0 :]:
        is_plain = octets[_UNUSED_OCTET] == 0 and not any(octets[places[-1] + 1 :])
        inner = ipaddress.IPv4Address(bytes(octets[place] for place in places))
        if is_local or is_plain:
            yield inner, is_local and inner == last and inner not in _V4_RANGES[0][0]


def _is_isatap(octets: bytes) -> bool:
    mark = octets[8:12]
    return bytes([mark[0] & _ISATAP_MASK, *mark[1:]]) == _ISATAP_MARK
