"""Zones and questions for the tests of the domain checks."""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING

from reconciler.verification.domains import Lookups, Question, examine

if TYPE_CHECKING:
    from reconciler.model.verification.evidence import CheckName
    from reconciler.verification.domains.sentences import Remark
    from tests.support.nameserver import NameServer

DOMAIN = "example.com"


def zone(*lines: str) -> str:
    """Return zone text in which ``@`` stands for example.com and a name without final dot lies below it."""
    return "\n".join(_absolute(line) for line in lines)


def _absolute(line: str) -> str:
    name, rest = line.split(None, 1)
    whole = f"{DOMAIN}." if name == "@" else name if name.endswith(".") else f"{name}.{DOMAIN}."
    return f"{whole} {rest}"


def spf(record: str, name: str = "@") -> str:
    """Return the zone line of a TXT record, cut into strings of at most 255 octets."""
    parts = [record[at : at + 255] for at in range(0, len(record), 255)] or [""]
    escaped = (re.sub(r'(["\\])', r"\\\1", part) for part in parts)
    return f"{name} TXT " + " ".join(f'"{part}"' for part in escaped)


def found(
    server: NameServer, check: CheckName, *, domain: str = DOMAIN, selectors: tuple[str, ...] = (), seconds: float = 10
) -> tuple[Remark, ...]:
    """Return the remarks of one check about a domain, all of its questions asked anew."""
    question = Question(domain=domain, selectors=selectors, is_reply_to=check == "replyTo")
    return examine(question, Lookups([server.address], query_seconds=0.6), within_seconds=seconds).remarks[check]


def codes(remarks: tuple[Remark, ...]) -> list[str]:
    """Return the codes, sorted."""
    return sorted(each.code for each in remarks)


_RSA_ENCRYPTION = bytes.fromhex("06092a864886f70d0101010500")


def rsa_key(
    bits: int,
    *,
    is_bare: bool = False,
    modulus: int | None = None,
    exponent: int = 65537,
    algorithm: bytes = _RSA_ENCRYPTION,
    trailing: bytes = b"",
) -> str:
    """Return an RSA public key of a length in base64, as it stands in a p= tag; nobody has its private key."""
    numbers = _integer((1 << (bits - 1)) | 1 if modulus is None else modulus) + _integer(exponent)
    key = _der(0x30, numbers)
    if not is_bare:
        key = _der(0x30, _der(0x30, algorithm) + _der(0x03, b"\0" + key))
    return base64.b64encode(key + trailing).decode()


def _integer(number: int) -> bytes:
    return _der(0x02, number.to_bytes(number.bit_length() // 8 + 1, "big"))


def _der(tag: int, content: bytes) -> bytes:
    length = len(content)
    if length < 0x80:
        return bytes([tag, length]) + content
    octets = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(octets)]) + octets + content
