"""What a certificate says, read from its DER form: names, issuer, dates, fingerprint. RFC 5280, X.690.

The standard library tells the content of a verified certificate only, and people need it for one that was refused.
Nothing here decides trust. Content that is not a certificate yields no facts, never an exception.
"""

from __future__ import annotations

import hashlib
import ipaddress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from reconciler.smtp.replies import clean

if TYPE_CHECKING:
    from collections.abc import Iterator

_OID, _UTC_TIME = 0x06, 0x17
_VERSION, _EXTENSIONS = 0xA0, 0xA3
_DNS_NAME, _IP_ADDRESS = 0x82, 0x87
_COMMON_NAME, _ORGANISATION = bytes.fromhex("550403"), bytes.fromhex("55040a")
_SUBJECT_ALT_NAME = bytes.fromhex("551d11")
_NAMES = {_DNS_NAME, _IP_ADDRESS}
_MAX_NAMES = 100
_LONG_LENGTH = 0x80
_UTC_TIME_PIVOT = 50


@dataclass(frozen=True, slots=True)
class Certificate:
    """A server's certificate; texts are cleaned, dates are UTC."""

    names: tuple[str, ...]
    issuer: str
    not_before: datetime
    not_after: datetime
    fingerprint: str
    """SHA-256 of the DER form, 64 hexadecimal digits."""


def read_certificate(der: bytes) -> Certificate | None:
    """Return what the certificate says; None where the octets are no certificate that this can read."""
    try:
        return _read(der)
    except (ValueError, IndexError, StopIteration):
        return None


def _read(der: bytes) -> Certificate:
    ((_, certificate),) = _elements(der)
    _, to_be_signed = next(_elements(certificate))
    fields = [field for field in _elements(to_be_signed) if field[0] != _VERSION]
    issuer, validity, subject = fields[2][1], fields[3][1], fields[4][1]
    not_before, not_after = (_time(tag, content) for tag, content in _elements(validity))
    extensions = next((content for tag, content in fields if tag == _EXTENSIONS), b"")
    names = _alternative_names(extensions) or _named(subject, _COMMON_NAME)
    return Certificate(
        names=names[:_MAX_NAMES],
        issuer=next(iter(_named(issuer, _COMMON_NAME) + _named(issuer, _ORGANISATION)), "unnamed"),
        not_before=not_before,
        not_after=not_after,
        fingerprint=hashlib.sha256(der).hexdigest(),
    )


def _elements(octets: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield tag and content of each element; raise ``ValueError`` or ``IndexError`` where one is cut off."""
    position = 0
    while position < len(octets):
        tag, length = octets[position], octets[position + 1]
        position += 2
        if length >= _LONG_LENGTH:
            digits = length - _LONG_LENGTH
            length = int.from_bytes(octets[position : position + digits], "big")
            position += digits
        if position + length > len(octets):
            raise ValueError
        yield tag, octets[position : position + length]
        position += length


def _time(tag: int, content: bytes) -> datetime:
    digits = content.decode("ascii")
    if tag == _UTC_TIME:
        digits = ("19" if int(digits[:2]) >= _UTC_TIME_PIVOT else "20") + digits
    return datetime.strptime(digits, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC)


def _named(name: bytes, wanted: bytes) -> tuple[str, ...]:
    """Return the values of one attribute of a distinguished name."""
    found = []
    for _, relative in _elements(name):
        for _, attribute in _elements(relative):
            (_, identifier), (_, text) = _elements(attribute)
            if identifier == wanted:
                found.append(clean(text, max_characters=80))
    return tuple(found)


def _alternative_names(extensions: bytes) -> tuple[str, ...]:
    for _, listed in _elements(extensions):
        for _, extension in _elements(listed):
            parts = list(_elements(extension))
            if parts[0] == (_OID, _SUBJECT_ALT_NAME):
                ((_, names),) = _elements(parts[-1][1])
                return tuple(_general_name(tag, text) for tag, text in _elements(names) if tag in _NAMES)
    return ()


def _general_name(tag: int, content: bytes) -> str:
    if tag == _IP_ADDRESS:
        return str(ipaddress.ip_address(content))
    return clean(content, max_characters=80)
