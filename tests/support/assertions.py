"""Keys that sign requests for tokens, and a token endpoint that checks what they sign. RFC 7523, RFC 7515.

    endpoint.respond = checking(key.public, audience=endpoint.url, issuer=…)

What does not hold is refused as identity providers refuse it, with the reason in ``error_description``.
"""

from __future__ import annotations

import base64
import json
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from tests.support.tokenserver import http_answer

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.scripted import Wire
    from tests.support.tokenserver import Form

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
CLIENT_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
MAX_SECONDS = 3600
ISSUER = "mailer@project.iam.example.com"
_HASHES = {"256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512()}


class Refused(Exception):
    """A signed request does not hold; the text says why."""


@dataclass(frozen=True)
class SigningKey:
    """A private key with a certificate for it."""

    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey

    @classmethod
    def rsa(cls) -> SigningKey:
        """Make an RSA key."""
        return cls(rsa.generate_private_key(public_exponent=65537, key_size=2048))

    @classmethod
    def curve(cls, curve: ec.EllipticCurve) -> SigningKey:
        """Make a key of an elliptic curve."""
        return cls(ec.generate_private_key(curve))

    @property
    def pem(self) -> str:
        """The private key, PKCS #8, not encrypted."""
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode("ascii")

    @property
    def traditional_pem(self) -> str:
        """The private key in the older form of OpenSSL."""
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()).decode("ascii")

    def certificate(self) -> x509.Certificate:
        """Make a self-signed certificate, as people upload it to an identity provider."""
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mailer")])
        now = datetime.now(UTC)
        unsigned = x509.CertificateBuilder(
            issuer_name=name,
            subject_name=name,
            public_key=self.key.public_key(),
            serial_number=x509.random_serial_number(),
            not_valid_before=now - timedelta(days=1),
            not_valid_after=now + timedelta(days=1),
        )
        return unsigned.sign(self.key, hashes.SHA256())

    def service_account(self, **more: Any) -> str:
        """Return the JSON file of a service account's key, as it is downloaded: of several lines."""
        document = {
            "type": "service_account",
            "project_id": "project",
            "private_key_id": "0a1b2c",
            "private_key": self.pem,
            "client_email": ISSUER,
            "client_id": "1234567890",
            "token_uri": "https://oauth2.example.com/token",
            **more,
        }
        return json.dumps({name: value for name, value in document.items() if value is not None}, indent=2) + "\n"


def pem_of(certificate: x509.Certificate) -> str:
    """Return a certificate in PEM form."""
    return certificate.public_bytes(Encoding.PEM).decode("ascii")


def parts_of(assertion: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return head and claims of a signed request, its signature not looked at."""
    head, claims, _ = assertion.split(".")
    return json.loads(_octets(head)), json.loads(_octets(claims))


def verified(
    assertion: str, public_key: Any, *, audience: str, issuer: str, seen: set[str] | None = None
) -> dict[str, Any]:
    """Return the claims of a signed request; raise ``Refused`` where signature, audience, issuer or time does not hold."""
    signing, _, signature = assertion.rpartition(".")
    head, claims = parts_of(assertion)
    try:
        _verify(public_key, head["alg"], _octets(signature), signing.encode("ascii"))
    except InvalidSignature:
        raise Refused("Invalid JWT Signature.") from None
    now = time.time()
    if claims["aud"] != audience or claims["iss"] != issuer:
        raise Refused("audience or issuer")
    if not claims["iat"] <= now < claims["exp"] <= claims["iat"] + MAX_SECONDS:
        raise Refused("Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe.")
    if seen is not None and claims["jti"] in seen:
        raise Refused("jti was seen before")
    if seen is not None:
        seen.add(claims["jti"])
    return claims


def checking(public_key: Any, *, audience: Callable[[], str], issuer: str, token: str) -> Callable[[Wire, Form], None]:
    """Return what issues a token for a signed request that holds, and refuses every other."""
    seen: set[str] = set()

    def respond(wire: Wire, form: Form) -> None:
        is_bearer = form.get("grant_type") == JWT_BEARER
        assertion = form.get("assertion" if is_bearer else "client_assertion", "..")
        try:
            _require_type(form, is_bearer=is_bearer)
            verified(assertion, public_key, audience=audience(), issuer=issuer, seen=None if is_bearer else seen)
        except (Refused, KeyError, ValueError) as refusal:
            error = "invalid_grant" if is_bearer else "invalid_client"
            wire.send(http_answer({"error": error, "error_description": str(refusal)}, status=400))
            return
        wire.send(http_answer({"access_token": token, "token_type": "Bearer", "expires_in": 3600}))

    return respond


def _require_type(form: Form, *, is_bearer: bool) -> None:
    if not is_bearer and form.get("client_assertion_type") != CLIENT_ASSERTION:
        raise Refused("client_assertion_type")


def _verify(public_key: Any, algorithm: str, signature: bytes, signing: bytes) -> None:
    digest = _HASHES[algorithm[2:]]
    if algorithm.startswith("ES"):
        half = len(signature) // 2
        der = encode_dss_signature(int.from_bytes(signature[:half], "big"), int.from_bytes(signature[half:], "big"))
        public_key.verify(der, signing, ec.ECDSA(digest))
        return
    form = padding.PKCS1v15() if algorithm.startswith("RS") else padding.PSS(padding.MGF1(digest), digest.digest_size)
    public_key.verify(signature, signing, form, digest)


def _octets(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
