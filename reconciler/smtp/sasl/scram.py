"""SCRAM-SHA-256, RFC 5802 and RFC 7677: the password stays here, and the server proves that it knows it too.

Without channel binding: the TLS of the connection is verified already.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from typing import TYPE_CHECKING, ClassVar

from reconciler.classes import dataclass
from reconciler.model.text.charsets import charset_of, text_of
from reconciler.smtp.sasl.exchange import Exchange, not_authentic, unexpected, unusable, utf8
from reconciler.smtp.sasl.saslprep import Prohibited, saslprep

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.smtp.sasl.exchange import Credential

_MIN_ITERATIONS = 4096
"""RFC 7677 section 4. Fewer would let a proof that somebody caught be tried against dictionaries cheaply."""
_MAX_ITERATIONS = 1_000_000
"""About half a second of work; a server must not be able to keep this machine busy for longer."""
_NO_CHANNEL_BINDING = b"n,,"
_FIRST = re.compile(rb"r=([\x21-\x2b\x2d-\x7e]+),s=([A-Za-z0-9+/=]+),i=([1-9][0-9]{0,15})(?:,.*)?\Z", re.DOTALL)
"""server-first-message, RFC 5802 section 7; a mandatory extension (m=) stands before the nonce, so it does not match."""
_FINAL = re.compile(rb"v=([A-Za-z0-9+/=]+)(?:,.*)?\Z", re.DOTALL)
_ERROR = re.compile(rb"e=([^,]*)(?:,.*)?\Z", re.DOTALL)


@dataclass(frozen=True, slots=True)
class _ServerFirst:
    nonce: bytes
    salt: bytes
    iterations: int


class ScramSha256(Exchange):
    """One login: our first message, the server's salt, our proof, the server's signature."""

    wire_name: ClassVar[str] = "SCRAM-SHA-256"

    def __init__(self, credential: Credential, *, nonce: str) -> None:
        """Prepare one login; user name and password must pass SASLprep."""
        super().__init__(credential, nonce=nonce)
        utf8(credential, self.wire_name)
        self._username = self._prepared(credential.username).replace(b"=", b"=3D").replace(b",", b"=2C")
        self._password = self._prepared(credential.secret.reveal())
        if not self._username:
            raise unusable("prohibited", self.wire_name)
        self._bare = b"n=" + self._username + b",r=" + nonce.encode("ascii")
        self._proof: bytes | None = None
        self._signature = b""
        self._is_proven = False
        self._error: str | None = None

    def initial_response(self) -> bytes | None:
        """Return client-first-message."""
        return _NO_CHANNEL_BINDING + self._bare

    def respond(self, challenge: bytes | None) -> bytes:
        """Return client-final-message, then nothing once the server's signature holds."""
        if challenge is None:
            raise unexpected(self.wire_name, "its challenge is not base64")
        if self._is_proven or self._error is not None:
            raise unexpected(self.wire_name, "it sends another challenge after its last word")
        if error := _ERROR.match(challenge):
            self._error = text_of(error.group(1), charset_of(error.group(1)))
            return b""
        if self._proof is None:
            return self._prove(challenge)
        self._check_signature(challenge)
        return b""

    def require_success(self) -> None:
        """Raise serverNotAuthentic where the server took the login without having proved itself."""
        if not self._is_proven:
            raise not_authentic(self.wire_name, "it took the login without proving that it knows the password")

    def derived_secrets(self) -> tuple[bytes, ...]:
        """Return the proof: together with salt and nonces it lets passwords be tried."""
        return (self._proof,) if self._proof else ()

    def told(self) -> Mapping[str, str]:
        """Return the server's error code of RFC 5802 section 7, such as ``invalid-proof``."""
        return {"error": self._error} if self._error is not None else {}

    def _prepared(self, text: str) -> bytes:
        try:
            return saslprep(text).encode()
        except Prohibited:
            raise unusable("prohibited", self.wire_name) from None

    def _prove(self, challenge: bytes) -> bytes:
        first = self._read_first(challenge)
        salted = hashlib.pbkdf2_hmac("sha256", self._password, first.salt, first.iterations)
        without_proof = b"c=" + base64.b64encode(_NO_CHANNEL_BINDING) + b",r=" + first.nonce
        signed = b",".join([self._bare, challenge, without_proof])
        client_key = _hmac(salted, b"Client Key")
        client_signature = _hmac(hashlib.sha256(client_key).digest(), signed)
        proof = bytes(ours ^ mask for ours, mask in zip(client_key, client_signature, strict=True))
        self._proof = base64.b64encode(proof)
        self._signature = _hmac(_hmac(salted, b"Server Key"), signed)
        return without_proof + b",p=" + self._proof

    def _read_first(self, challenge: bytes) -> _ServerFirst:
        found = _FIRST.match(challenge)
        salt = _decoded(found.group(2)) if found else None
        if found is None or not salt:
            raise unexpected(self.wire_name, "its challenge does not follow RFC 5802")
        nonce, own = found.group(1), self._nonce.encode("ascii")
        if not nonce.startswith(own) or nonce == own:
            raise unexpected(self.wire_name, "its nonce does not continue the one sent")
        iterations = int(found.group(3))
        if not _MIN_ITERATIONS <= iterations <= _MAX_ITERATIONS:
            raise unexpected(
                self.wire_name,
                f"it asks for {iterations} iterations; {_MIN_ITERATIONS} (RFC 7677) to {_MAX_ITERATIONS} are accepted",
            )
        return _ServerFirst(nonce, salt, iterations)

    def _check_signature(self, challenge: bytes) -> None:
        found = _FINAL.match(challenge)
        if found is None:
            raise unexpected(self.wire_name, "its last word does not follow RFC 5802")
        if not hmac.compare_digest(self._signature, _decoded(found.group(1)) or b""):
            raise not_authentic(self.wire_name, "its signature is wrong, so it does not know the password")
        self._is_proven = True


def _hmac(key: bytes, message: bytes) -> bytes:
    return hmac.digest(key, message, "sha256")


def _decoded(encoded: bytes) -> bytes | None:
    try:
        return base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        return None
