"""OAUTHBEARER (RFC 7628) and XOAUTH2 (defined by Google, taken over by Microsoft): an OAuth2 access token.

Both tell why they refuse in a challenge of JSON, which must be answered before the reply with the code comes.
"""

from __future__ import annotations

import json
import re
from abc import abstractmethod
from typing import TYPE_CHECKING, ClassVar

from reconciler.smtp.sasl.exchange import Exchange, unexpected, unusable, utf8

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.smtp.sasl.exchange import Credential

_SEPARATOR = b"\x01"
_TOKEN = re.compile(rb"[A-Za-z0-9._~+/-]+=*\Z")
"""b64token, RFC 6750 section 2.1: the only characters of a bearer token."""
_TOLD = ("status", "scope")


class _Bearer(Exchange):
    takes_token: ClassVar[bool] = True

    def __init__(self, credential: Credential, *, nonce: str) -> None:
        """Prepare one login; the token must look like one, and the user name must not break the message."""
        super().__init__(credential, nonce=nonce)
        self._username, self._token = utf8(credential, self.wire_name)
        if not _TOKEN.match(self._token):
            raise unusable("malformedToken", self.wire_name)
        if _SEPARATOR in self._username:
            raise unusable("", self.wire_name)
        self._told: dict[str, str] | None = None
        self._is_refused = False

    def respond(self, challenge: bytes | None) -> bytes:
        """Remember what the server says against the token, and answer so that its reply comes."""
        if self._told is not None:
            raise unexpected(self.wire_name, "it sends another challenge after having refused the token")
        error = _read_error(challenge or b"")
        self._told, self._is_refused = error or {}, error is not None
        return self._acknowledgement()

    def require_success(self) -> None:
        """Raise where the server took the login after it had said what is wrong with the token."""
        if self._is_refused:
            raise unexpected(self.wire_name, "it takes the login after having refused the token")

    def told(self) -> Mapping[str, str]:
        """Return status and scope of the refusal, where the server gave them. RFC 7628 section 3.2.2."""
        return self._told or {}

    @abstractmethod
    def _acknowledgement(self) -> bytes: ...


class OAuthBearer(_Bearer):
    """OAUTHBEARER, RFC 7628; host and port, which are optional, serve other token types and are left out."""

    wire_name: ClassVar[str] = "OAUTHBEARER"

    def initial_response(self) -> bytes | None:
        """Return the GS2 header with the user name, and the token. RFC 7628 section 3.1."""
        username = self._username.replace(b"=", b"=3D").replace(b",", b"=2C")
        header = b"n,a=" + username + b"," if username else b"n,,"
        return header + _SEPARATOR + b"auth=Bearer " + self._token + _SEPARATOR * 2

    def _acknowledgement(self) -> bytes:
        return _SEPARATOR


class XOAuth2(_Bearer):
    """XOAUTH2, as in Google's page "OAuth 2.0 Mechanism" for Gmail; Microsoft's servers follow it."""

    wire_name: ClassVar[str] = "XOAUTH2"

    def initial_response(self) -> bytes | None:
        """Return the user name and the token."""
        return b"user=" + self._username + _SEPARATOR + b"auth=Bearer " + self._token + _SEPARATOR * 2

    def _acknowledgement(self) -> bytes:
        return b""


def _read_error(challenge: bytes) -> dict[str, str] | None:
    """Return status and scope of a refusal; None where it is no JSON object, and so no refusal."""
    try:
        error = json.loads(challenge)
    except (ValueError, RecursionError):
        return None
    if not isinstance(error, dict):
        return None
    return {name: str(error[name]) for name in _TOLD if isinstance(error.get(name), str | int)}
