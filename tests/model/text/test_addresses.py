"""Which addresses are never contacted, however they are spelled or embedded."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.text.addresses import literal_address, never_contacted

if TYPE_CHECKING:
    from collections.abc import Callable

_GUARDED = ("169.254.169.254", "169.254.0.1", "100.100.100.200", "168.63.129.16", "192.0.0.192")
_SERVERLESS = ("224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255")
_ALLOWED = ("127.0.0.1", "10.0.0.1", "192.0.2.1", "8.8.8.8", "100.100.100.201", "168.63.129.17", "169.253.255.255")


def _placed(prefix: str, address: str, *places: int, suffix: int = 0) -> str:
    octets = bytearray(ipaddress.IPv6Address(prefix).packed)
    for place, octet in zip(places, ipaddress.IPv4Address(address).packed, strict=True):
        octets[place] = octet
    octets[15] |= suffix
    return str(ipaddress.IPv6Address(bytes(octets)))


def _teredo_client(address: str) -> str:
    return str(
        ipaddress.IPv6Address((0x2001 << 112) | (0x41362378 << 64) | (int(ipaddress.IPv4Address(address)) ^ 0xFFFFFFFF))
    )


_CERTAIN: dict[str, Callable[[str], str]] = {
    "mapped": lambda address: f"::ffff:{address}",
    "translated": lambda address: f"::ffff:0:{address}",
    "compatible": lambda address: f"::{address}",
    "NAT64": lambda address: f"64:ff9b::{address}",
    "NAT64 of local use": lambda address: f"64:ff9b:1::{address}",
    "NAT64 of local use, deep": lambda address: f"64:ff9b:1:fffe:0:5:{address}",
    "6to4": lambda address: _placed("2002::", address, 2, 3, 4, 5, suffix=1),
    "Teredo server": lambda address: _placed("2001::", address, 4, 5, 6, 7, suffix=1),
    "Teredo client": _teredo_client,
    "ISATAP": lambda address: f"2001:db8::5efe:{address}",
    "ISATAP, universal": lambda address: f"2001:db8::200:5efe:{address}",
    "ISATAP, link-local": lambda address: f"fe80::5efe:{address}",
}
_POSSIBLE: dict[str, Callable[[str], str]] = {
    "local use 48": lambda address: _placed("64:ff9b:1::", address, 6, 7, 9, 10),
    "local use 48 with a suffix": lambda address: _placed("64:ff9b:1::", address, 6, 7, 9, 10, suffix=7),
    "local use 56": lambda address: _placed("64:ff9b:1:aa00::", address, 7, 9, 10, 11, suffix=7),
    "local use 64": lambda address: _placed("64:ff9b:1:aabb::", address, 9, 10, 11, 12, suffix=7),
    "own prefix of 32": lambda address: _placed("2001:db8::", address, 4, 5, 6, 7),
    "own prefix of 40": lambda address: _placed("2001:db8:100::", address, 5, 6, 7, 9),
    "own prefix of 48": lambda address: _placed("2001:db8:122::", address, 6, 7, 9, 10),
    "own prefix of 56": lambda address: _placed("2001:db8:122:300::", address, 7, 9, 10, 11),
    "own prefix of 64": lambda address: _placed("2001:db8:122:344::", address, 9, 10, 11, 12),
    "own prefix of 96": lambda address: f"2001:db8:122:344::{address}",
}


@pytest.mark.parametrize("address", [*_GUARDED, *_SERVERLESS])
@pytest.mark.parametrize("way", ["", *_CERTAIN])
def test_no_spelling_leads_where_nothing_is_contacted(address: str, way: str) -> None:
    """An IPv4 address that is never contacted is not contacted inside an IPv6 address either."""
    assert never_contacted(_CERTAIN[way](address) if way else address) is not None


@pytest.mark.parametrize("address", _GUARDED)
@pytest.mark.parametrize("way", _POSSIBLE)
def test_no_prefix_of_nat64_leads_to_credentials(address: str, way: str) -> None:
    """Where a translator may sit behind a prefix, what gives credentials away is refused at every place of RFC 6052."""
    assert never_contacted(_POSSIBLE[way](address)) is not None


@pytest.mark.parametrize(
    "address",
    ["fe80::1", "fe80::1%eth0", "febf::1", "fe80::a9fe:a9fe", "fd00:ec2::254", "fd00:ec2::254%1", "fd00:ec2::23",
     "fd00:ec2::253", "fd20:ce::254", "fd00:42::42", "ff02::1", "ff0e::1", "::", "0.0.0.0", "0.1.2.3", "::ffff:0.0.0.0"],  # noqa: S104
)  # fmt: skip
def test_an_address_that_is_never_contacted(address: str) -> None:
    """Link-local, metadata, multicast and unspecified addresses are refused, with a zone or without."""
    assert never_contacted(address) is not None


@pytest.mark.parametrize(
    "address",
    [*_ALLOWED, *(f"::ffff:{each}" for each in _ALLOWED), *(f"64:ff9b::{each}" for each in _ALLOWED),
     *(f"64:ff9b:1::{each}" for each in _ALLOWED), *(f"64:ff9b:1:ffff::{each}" for each in _ALLOWED), "::1",
     "2001:db8::1", "2606:4700::1111", "2001:db8:e000:1::", "2001:db8::ffff:ffff", "fd00:ec2:0:1::254", "fec0::1"],
)  # fmt: skip
def test_other_addresses_are_contacted(address: str) -> None:
    """Loopback, private and public addresses stay allowed, also behind a translator."""
    assert never_contacted(address) is None


@given(st.ip_addresses(v=4, network="169.254.0.0/16"), st.sampled_from(sorted(_CERTAIN)))
def test_all_of_the_link_local_network_is_refused(address: ipaddress.IPv4Address, way: str) -> None:
    """The rule is one of the whole network, in every way of embedding it."""
    assert never_contacted(_CERTAIN[way](str(address))) is not None


def test_the_reason_names_what_the_address_leads_to() -> None:
    """The reason goes on from the address, and says what is carried where something is."""
    assert [never_contacted(address) for address in ("169.254.1.1", "64:ff9b::a83f:8110")] == [
        "which is link-local",
        "which leads to 168.63.129.16, which is the metadata address of Azure",
    ]


@pytest.mark.parametrize(
    "host",
    ["169.254.169.254", "2852039166", "0xA9FEA9FE", "0xa9fea9fe", "025177524776", "0xa9.254.169.254", "0251.0376.43518",
     "0xa9.0xfea9fe", "169.254.43518", "169.16689662"],
)  # fmt: skip
def test_a_number_is_the_address_that_c_reads(host: str) -> None:
    """Decimal, hexadecimal, octal and short forms are one address."""
    assert literal_address(host) == "169.254.169.254"


@pytest.mark.parametrize(
    "host", ["mail.example.com", "08", "0x", "1.2.3.4.5", "256.1.1.1", "1.256.1", "4294967296", "", "a9"]
)
def test_a_name_is_no_address(host: str) -> None:
    """What C does not read as an address is a name."""
    assert literal_address(host) is None
