"""The public keys of DKIM records (RFC 6376 section 3.6.1, RFC 8463), read by ``cryptography``.

Receivers read the same octets with libraries as strict: what is left over after a key, or is a key of another
algorithm, verifies nothing.
"""

from __future__ import annotations

import base64
import binascii

from reconciler.verification.domains.tags import TagListError

_ED25519_OCTETS = 32
_RSA_ENCRYPTION = bytes.fromhex("06092a864886f70d010101")
_WITHIN_ALGORITHM = 24
"""The algorithm's identifier stands within so many octets of a SubjectPublicKeyInfo."""
_STRING_OCTETS = 255
_INTEGER = 0x02
_LEAST_EXPONENT = 3


def key_bits(kind: str, key: str, *, record: bytes) -> int:
    """Return the length of a key in base64; raise ``TagListError`` for one that nobody can use.

    ``record`` is the whole record that it stands in: its form tells what happened to the key.
    """
    octets = _octets(key, record)
    if kind == "ed25519":
        if len(octets) != _ED25519_OCTETS:
            raise TagListError(
                f"its p= holds {len(octets)} octets, and an Ed25519 key has {_ED25519_OCTETS}{_cut(record)}"
            )
        return _ED25519_OCTETS * 8
    return _rsa_bits(octets, record)


def _octets(key: str, record: bytes) -> bytes:
    if "-----" in key:
        raise TagListError("its p= holds the BEGIN line of a PEM file; only the letters between BEGIN and END go there")
    text = "".join(key.split())
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise TagListError(f"its p= is not base64{_stray(text)}{_cut(record)}") from None


def _stray(text: str) -> str:
    """Return which characters do not belong into base64, as a clause."""
    found = sorted({each for each in text if not (each.isascii() and (each.isalnum() or each in "+/="))})
    return f": {' and '.join(found[:3])} cannot stand there" if found else ""


def _cut(record: bytes) -> str:
    """Return whether a record seems to have been cut, as a clause; a string of the DNS holds at most 255 octets."""
    if len(record) % _STRING_OCTETS:
        return ""
    return (
        f"; the record ends after {len(record)} octets, and one string of a TXT record holds 255: it was cut. Publish "
        "it as several strings"
    )


def _rsa_bits(octets: bytes, record: bytes) -> int:
    """Return the bits of the modulus; taken are SubjectPublicKeyInfo and the bare RSAPublicKey, as receivers do."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    try:
        key = load_der_public_key(octets)
    except (ValueError, UnsupportedAlgorithm):
        raise TagListError(f"its p= is not an RSA public key{_meant(octets) or _cut(record)}") from None
    if not isinstance(key, RSAPublicKey):
        raise TagListError("its p= is not an RSA public key, but one of another algorithm")
    numbers = key.public_numbers()
    if numbers.n % 2 == 0 or numbers.n < numbers.e or numbers.e % 2 == 0 or numbers.e < _LEAST_EXPONENT:
        raise TagListError("its p= is not an RSA public key: no key has these numbers")
    length = octets[1]  # of a DER sequence, which the library has found to be one
    content = 2 if length < 0x80 else 2 + (length & 0x7F)  # noqa: PLR2004 - X.690 section 8.1.3: the long form
    is_bare = octets[content] == _INTEGER
    if not is_bare and _RSA_ENCRYPTION not in octets[:_WITHIN_ALGORITHM]:
        raise TagListError("its p= is not an RSA public key as DKIM has it, but names another algorithm (RSASSA-PSS)")
    return key.key_size


def _meant(octets: bytes) -> str:
    """Return what the octets are instead of a public key, as a clause; empty where that is unknown."""
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_der_private_key

    try:
        load_der_private_key(octets, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        pass
    else:
        return ", but the private key, which everybody can read now: make a new pair, and publish its public key"
    try:
        x509.load_der_x509_certificate(octets)
    except ValueError:
        return ""
    return ", but a certificate; publish the key alone"
