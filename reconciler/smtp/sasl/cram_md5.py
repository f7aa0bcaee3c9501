"""CRAM-MD5, RFC 2195: a digest of the server's challenge under the password, which itself stays here."""

from __future__ import annotations

import hashlib
import hmac
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from reconciler.smtp.sasl.exchange import Exchange, unexpected, utf8

if TYPE_CHECKING:
    from reconciler.smtp.sasl.exchange import Credential

# RFC 2195 asks for MD5; inside an HMAC it is not broken, but a machine in FIPS mode wants to be told the purpose.
_MD5 = partial(hashlib.md5, usedforsecurity=False)


class CramMd5(Exchange):
    """One login: one challenge, one response of user name and digest."""

    wire_name: ClassVar[str] = "CRAM-MD5"

    def __init__(self, credential: Credential, *, nonce: str) -> None:
        """Prepare one login."""
        super().__init__(credential, nonce=nonce)
        self._username, self._password = utf8(credential, self.wire_name)
        self._digest: bytes | None = None

    def respond(self, challenge: bytes | None) -> bytes:
        """Return the user name, a space, and the digest in hexadecimal."""
        if self._digest is not None:
            raise unexpected(self.wire_name, "it sends a second challenge")
        if not challenge:
            raise unexpected(self.wire_name, "its challenge is empty or not base64")
        self._digest = hmac.new(self._password, challenge, _MD5).hexdigest().encode("ascii")
        return self._username + b" " + self._digest

    def require_success(self) -> None:
        """Raise where the server took the login without having asked for the digest."""
        if self._digest is None:
            raise unexpected(self.wire_name, "it takes the login without a challenge")

    def derived_secrets(self) -> tuple[bytes, ...]:
        """Return the digest: together with the challenge it lets passwords be tried."""
        return (self._digest,) if self._digest else ()
