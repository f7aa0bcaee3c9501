"""Signed requests for tokens: by a service account's key, or by a client's certificate. RFC 7523, RFC 7515, RFC 7518.

A request is signed for one endpoint, holds for minutes, and is used once. Its audience is the declared token URL, not
what a key's file names, so what one endpoint gets is of no use at another. The key itself never leaves.

Sources: Google, "Using OAuth 2.0 for Server to Server Applications"; Microsoft, "Microsoft identity platform application
authentication certificate credentials", which asks for PS256 and the certificate's SHA-256 as ``x5t#S256``.
"""

from __future__ import annotations

import base64
import hashlib
import json
from typing import TYPE_CHECKING, Any

from reconciler.classes import dataclass
from reconciler.model.secrets.values import SecretValue
from reconciler.smtp.faults import SmtpFault

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

    from reconciler.oauth2.request import TokenRequest

    Key = RSAPrivateKey | EllipticCurvePrivateKey

_LIFETIME_SECONDS = 600
_ALLOWED_SKEW_SECONDS = 30
"""How much earlier than now a request says that it was made: clocks differ, and what comes from the future is refused."""
_CURVES = {"secp256r1": ("ES256", 32), "secp384r1": ("ES384", 48), "secp521r1": ("ES512", 66)}


@dataclass(frozen=True, slots=True)
class _Signer:
    """A key, and what the head of a signed request says of it beside its algorithm."""

    key: Key
    head: dict[str, str]


def signed(request: TokenRequest, *, at_seconds: float, identifier: str) -> SecretValue | None:
    """Return the signed request as it is sent, at a time in seconds since 1970; None where nothing signs.

    ``identifier`` is never used twice. Raise ``SmtpFault`` credentialUnusable where the key cannot be read.
    """
    if request.service_account is not None:
        signer, issuer = _service_account(request.service_account)
        claims = {"iss": issuer, "sub": request.subject, "scope": request.scope, "aud": request.token_url}
        algorithm = "RS256"  # the one that Google takes
    elif request.client_certificate is not None:
        signer = _certificate(request.client_certificate)
        claims = {"iss": request.client_id, "sub": request.client_id, "aud": request.token_url, "jti": identifier}
        algorithm = "PS256"
    else:
        return None
    begins = int(at_seconds) - _ALLOWED_SKEW_SECONDS
    times = {"iat": begins, "nbf": begins, "exp": int(at_seconds) + _LIFETIME_SECONDS}
    if request.service_account is not None:
        del times["nbf"]
    stated = {name: value for name, value in claims.items() if value is not None}
    return SecretValue(_sign(signer, algorithm, {**stated, **times}))


def _sign(signer: _Signer, algorithm: str, claims: dict[str, object]) -> str:
    """Return claims in the compact form of RFC 7515 section 3.1."""
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, padding
    from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

    key = signer.key
    if isinstance(key, ec.EllipticCurvePrivateKey):
        algorithm, octets = _CURVES[key.curve.name]
        signing = _signing_input(algorithm, signer, claims)
        digest = {"ES256": hashes.SHA256(), "ES384": hashes.SHA384(), "ES512": hashes.SHA512()}[algorithm]
        r, s = decode_dss_signature(key.sign(signing, ec.ECDSA(digest)))
        signature = r.to_bytes(octets, "big") + s.to_bytes(octets, "big")
    else:
        signing = _signing_input(algorithm, signer, claims)
        form = (
            padding.PKCS1v15()
            if algorithm == "RS256"
            else padding.PSS(padding.MGF1(hashes.SHA256()), hashes.SHA256.digest_size)
        )
        signature = key.sign(signing, form, hashes.SHA256())
    return f"{signing.decode('ascii')}.{_encoded(signature)}"


def _signing_input(algorithm: str, signer: _Signer, claims: dict[str, object]) -> bytes:
    head = {"alg": algorithm, "typ": "JWT", **signer.head}
    return ".".join(_encoded(json.dumps(part, separators=(",", ":")).encode()) for part in (head, claims)).encode(
        "ascii"
    )


def _encoded(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode("ascii")


def _service_account(value: SecretValue) -> tuple[_Signer, str]:
    """Return what signs for a service account, and its address, from the JSON file of its key."""
    try:
        document = json.loads(value.reveal())
    except (ValueError, RecursionError):
        raise _unusable("serviceAccount") from None
    if not isinstance(document, dict):
        raise _unusable("serviceAccount")
    issuer, pem, key_id = (document.get(name) for name in ("client_email", "private_key", "private_key_id"))
    key = _private_key(pem, "serviceAccount") if isinstance(pem, str) else None
    if not isinstance(issuer, str) or key is None or hasattr(key, "curve"):
        raise _unusable("serviceAccount")
    return _Signer(key, {"kid": key_id} if isinstance(key_id, str) else {}), issuer


def _certificate(value: SecretValue) -> _Signer:
    """Return what signs for a client, from its certificate and key in one PEM text, in whatever order."""
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    pem = value.reveal()
    try:
        certificates = x509.load_pem_x509_certificates(pem.encode("ascii"))
    except ValueError:
        raise _unusable("clientCertificate") from None
    key = _private_key(pem, "clientCertificate")
    form = Encoding.DER, PublicFormat.SubjectPublicKeyInfo
    own = key.public_key().public_bytes(*form)
    der = next((each.public_bytes(Encoding.DER) for each in certificates if _key_of(each, form) == own), None)
    if der is None:
        raise _unusable("clientCertificate")
    return _Signer(key, {"x5t#S256": _encoded(hashlib.sha256(der).digest())})


def _key_of(certificate: Any, form: Any) -> bytes | None:
    from cryptography.exceptions import UnsupportedAlgorithm

    try:
        octets: bytes = certificate.public_key().public_bytes(*form)
    except (UnsupportedAlgorithm, ValueError):
        return None
    return octets


def _private_key(pem: str, field: str) -> Key:
    """Return a private key, RSA or of a curve that signatures of RFC 7518 know; encrypted ones are none."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        begin = pem.index("-----BEGIN", pem.rfind("-----BEGIN", 0, pem.index("PRIVATE KEY-----")))
        key = load_pem_private_key(pem[begin:].encode("ascii"), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise _unusable(field) from None
    if isinstance(key, RSAPrivateKey) or (isinstance(key, EllipticCurvePrivateKey) and key.curve.name in _CURVES):
        return key
    raise _unusable(field)


def _unusable(field: str) -> SmtpFault:
    return SmtpFault("credentialUnusable", step="auth", facts={"variant": field})
