"""The length of an RSA public key in DER (RFC 8017 appendix A.1.1, within RFC 5280's SubjectPublicKeyInfo)."""

from __future__ import annotations

_INTEGER, _BIT_STRING, _SEQUENCE = 0x02, 0x03, 0x30
_LONG_FORM = 0x80
_MOST_LENGTH_OCTETS = 4


def rsa_bits(der: bytes) -> int:
    """Return the bits of the modulus; raise ``ValueError`` for what is no RSA public key.

    Both forms that are published are taken: SubjectPublicKeyInfo, and the bare RSAPublicKey.
    """
    fields, _ = _take(der, _SEQUENCE)
    if fields[:1] == bytes([_SEQUENCE]):
        _, rest = _take(fields, _SEQUENCE)
        bits, _ = _take(rest, _BIT_STRING)
        fields, _ = _take(bits[1:], _SEQUENCE)
    modulus, rest = _take(fields, _INTEGER)
    exponent, _ = _take(rest, _INTEGER)
    if not exponent or modulus[:1] >= b"\x80":
        raise ValueError("a number of the key is negative or missing")
    return int.from_bytes(modulus, "big").bit_length()


def _take(der: bytes, tag: int) -> tuple[bytes, bytes]:
    """Return the content of the value that ``der`` begins with, and what follows the value."""
    if len(der) < 2 or der[0] != tag:  # noqa: PLR2004 - a tag and a length
        raise ValueError("another kind of value stands there")
    length, start = der[1], 2
    if length >= _LONG_FORM:
        count = length - _LONG_FORM
        if not 1 <= count <= _MOST_LENGTH_OCTETS:
            raise ValueError("a length is not plausible")
        start += count
        length = int.from_bytes(der[2:start], "big")
    if len(der) < start + length:
        raise ValueError("it ends too early")
    return der[start : start + length], der[start + length :]
