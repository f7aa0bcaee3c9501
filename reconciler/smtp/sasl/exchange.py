"""What every mechanism is made of: the credential, the steps of a login, and the faults that can end it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import field
from typing import TYPE_CHECKING, ClassVar

from reconciler.classes import dataclass
from reconciler.smtp.faults import SmtpFault

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.model.secrets.values import SecretValue


@dataclass(frozen=True, slots=True)
class Credential:
    """Who logs in, with what; the secret is revealed only where it goes onto the wire."""

    username: str
    secret: SecretValue
    is_token: bool = field(default=False, kw_only=True)
    """Whether the secret is an OAuth2 access token; a token is never sent as if it were a password, nor vice versa."""


class Exchange(ABC):
    """One login by one mechanism, from the first response to the server's last word; used once."""

    wire_name: ClassVar[str]
    """The name in AUTH, upper case."""
    takes_token: ClassVar[bool] = False
    """Whether the mechanism carries an access token rather than a password."""

    def __init__(self, credential: Credential, *, nonce: str) -> None:
        """Prepare one login; raise ``SmtpFault`` credentialUnusable where the mechanism cannot carry the credential.

        ``nonce`` is random text, never used before, for the mechanisms that need some.
        """
        if credential.is_token != self.takes_token:
            raise unusable("token" if credential.is_token else "password", self.wire_name)
        self._credential = credential
        self._nonce = nonce

    def initial_response(self) -> bytes | None:
        """Return what is sent along with AUTH, not yet in base64; None where the server speaks first."""
        return None

    @abstractmethod
    def respond(self, challenge: bytes | None) -> bytes:
        """Return the answer to a challenge, both not in base64; a challenge of None is one that was no base64.

        Raise ``SmtpFault`` where the challenge has no answer; the session then breaks the login off. Every mechanism
        answers a small number of challenges and refuses the next, so that no server can go on asking.
        """

    def require_success(self) -> None:  # noqa: B027 - some mechanisms have no reason to doubt it
        """Accept the server's word that the login succeeded.

        Raise ``SmtpFault``: serverNotAuthentic where the mechanism has the server prove itself and it did not,
        unexpectedChallenge where the login cannot have succeeded yet.
        """

    def derived_secrets(self) -> tuple[bytes, ...]:
        """Return what was made of the secret, as it is sent: digests and proofs that no text may show."""
        return ()

    def told(self) -> Mapping[str, str]:
        """Return what the server said inside the exchange, by name, as foreign text: neither cleaned nor masked."""
        return {}


def utf8(credential: Credential, mechanism: str) -> tuple[bytes, bytes]:
    """Return user name and secret in UTF-8; raise ``SmtpFault`` credentialUnusable for what no mechanism carries."""
    try:
        username = credential.username.encode()
        secret = credential.secret.reveal().encode()
    except UnicodeEncodeError:
        raise unusable("", mechanism) from None
    if any(refused in username + secret for refused in (b"\0", b"\r", b"\n")):
        raise unusable("", mechanism)
    return username, secret


def unusable(variant: str, mechanism: str) -> SmtpFault:
    """Return the fault of a credential that a mechanism cannot carry; the variant picks the sentence."""
    return SmtpFault("credentialUnusable", step="auth", facts={"variant": variant, "mechanism": mechanism})


def unexpected(mechanism: str, reason: str) -> SmtpFault:
    """Return the fault of a challenge that the mechanism does not provide for; the reason is ours, not foreign."""
    return SmtpFault("unexpectedChallenge", step="auth", facts={"mechanism": mechanism, "reason": reason})


def not_authentic(mechanism: str, reason: str) -> SmtpFault:
    """Return the fault of a server that did not prove that it knows the account; the reason is ours, not foreign."""
    return SmtpFault("serverNotAuthentic", step="auth", facts={"mechanism": mechanism, "reason": reason})
