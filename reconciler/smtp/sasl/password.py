"""PLAIN and LOGIN: the password itself goes to the server, so only ever inside TLS or within this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from reconciler.smtp.sasl.exchange import Exchange, unexpected, utf8

if TYPE_CHECKING:
    from reconciler.smtp.sasl.exchange import Credential


class Plain(Exchange):
    """PLAIN, RFC 4616: user name and password in one response, UTF-8."""

    wire_name: ClassVar[str] = "PLAIN"

    def __init__(self, credential: Credential, *, nonce: str) -> None:
        """Prepare one login."""
        super().__init__(credential, nonce=nonce)
        self._username, self._password = utf8(credential, self.wire_name)

    def initial_response(self) -> bytes | None:
        """Return an empty authorisation identity, the user name and the password, NUL between."""
        return b"\0" + self._username + b"\0" + self._password

    def respond(self, challenge: bytes | None) -> bytes:  # noqa: ARG002 - whatever it is, it comes too late
        """Raise: PLAIN has nothing more to say."""
        raise unexpected(self.wire_name, "it asks for more after the user name and the password")


class Login(Exchange):
    """LOGIN, never standardised (draft-murchison-sasl-login): user name and password, each when asked for.

    Servers word their questions as they like, some of them not even in base64, so only their number counts.
    """

    wire_name: ClassVar[str] = "LOGIN"

    def __init__(self, credential: Credential, *, nonce: str) -> None:
        """Prepare one login."""
        super().__init__(credential, nonce=nonce)
        self._answers = list(utf8(credential, self.wire_name))

    def respond(self, challenge: bytes | None) -> bytes:  # noqa: ARG002 - see the class
        """Return the user name, then the password."""
        if not self._answers:
            raise unexpected(self.wire_name, "it asks for more after the user name and the password")
        return self._answers.pop(0)

    def require_success(self) -> None:
        """Raise where the server took the login before it had the password."""
        if self._answers:
            raise unexpected(self.wire_name, "it takes the login before it has asked for the password")
