"""SASL mechanisms, one class each, and the choice between them. RFC 4422, RFC 4954, RFC 4616 (PLAIN).

To add a mechanism, write its class and put it into ``MECHANISMS`` at its place by strength; nothing else changes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Protocol

from reconciler.smtp.faults import SmtpFault

if TYPE_CHECKING:
    from collections.abc import Collection

    from reconciler.model.secrets import SecretValue

AUTOMATIC = "auto"


@dataclass(frozen=True, slots=True)
class Credential:
    """Who logs in, with what; the secret is revealed only where it goes onto the wire."""

    username: str
    secret: SecretValue


class Exchange(Protocol):
    """One login by one mechanism."""

    wire_name: ClassVar[str]
    """The name in AUTH, upper case."""

    def __init__(self, credential: Credential) -> None:
        """Prepare one login."""
        ...

    def initial_response(self) -> bytes | None:
        """Return what is sent along with AUTH, not yet in base64; None where the server speaks first."""
        ...

    def respond(self, challenge: bytes) -> bytes | None:
        """Return the answer to a challenge, both not in base64; None to break off."""
        ...


class Plain:
    """PLAIN, RFC 4616: user name and password in one response, UTF-8."""

    wire_name: ClassVar[str] = "PLAIN"

    def __init__(self, credential: Credential) -> None:
        """Prepare one login."""
        self._credential = credential

    def initial_response(self) -> bytes | None:
        """Return an empty authorisation identity, the user name and the password, NUL between."""
        username, password = _utf8(self._credential)
        return b"\0" + username + b"\0" + password

    def respond(self, _challenge: bytes) -> bytes | None:
        """Break off: PLAIN has nothing more to say."""
        return None


class Login:
    """LOGIN, never standardised (draft-murchison-sasl-login): user name and password, each when asked for."""

    wire_name: ClassVar[str] = "LOGIN"

    def __init__(self, credential: Credential) -> None:
        """Prepare one login."""
        self._credential = credential
        self._challenges = 0

    def initial_response(self) -> bytes | None:
        """Return None: the server asks first."""
        _utf8(self._credential)
        return None

    def respond(self, _challenge: bytes) -> bytes | None:
        """Return the user name, then the password, then break off; servers word their questions as they like."""
        self._challenges += 1
        answers = _utf8(self._credential)
        return answers[self._challenges - 1] if self._challenges <= len(answers) else None


MECHANISMS: dict[str, type[Exchange]] = {"plain": Plain, "login": Login}
"""Mechanisms by their name in manifests, the strongest first."""


def choose(declared: str, offered: Collection[str]) -> type[Exchange]:
    """Return the mechanism declared, or for ``auto`` the strongest that is offered (wire names).

    Raise ``SmtpFault`` of step auth where it is not offered, or not known here.
    """
    require_known(declared)
    facts = {"offered": " ".join(sorted(offered)), "mechanism": declared.upper(), "variant": declared}
    if not offered:
        raise SmtpFault("authNotOffered", step="auth", facts=facts)
    possible = MECHANISMS.values() if declared == AUTOMATIC else [MECHANISMS[declared]]
    for mechanism in possible:
        if mechanism.wire_name in offered:
            return mechanism
    raise SmtpFault("mechanismNotOffered", step="auth", facts=facts)


def require_known(declared: str) -> None:
    """Raise ``SmtpFault`` mechanismUnsupported for a mechanism that has no class here."""
    if declared != AUTOMATIC and declared not in MECHANISMS:
        raise SmtpFault("mechanismUnsupported", step="auth", facts={"mechanism": declared.upper()})


def _utf8(credential: Credential) -> tuple[bytes, bytes]:
    try:
        username = credential.username.encode()
        password = credential.secret.reveal().encode()
    except UnicodeEncodeError:
        raise SmtpFault("credentialUnusable", step="auth") from None
    if b"\0" in username + password:
        raise SmtpFault("credentialUnusable", step="auth")
    return username, password
