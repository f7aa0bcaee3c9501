"""From an account's canonical ``authentication`` to the source of its access token."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from reconciler.oauth2 import TokenRequest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.model.secrets.values import SecretValue
    from reconciler.oauth2 import TokenCache
    from reconciler.smtp.deadline import Deadline
    from reconciler.smtp.login import TokenSource

_ENDPOINTS_SHARE = 0.5


@dataclass(frozen=True, eq=False)
class TokenAtHand:
    """A token that is named by reference: it is there already."""

    value: SecretValue

    def __call__(self, _deadline: Deadline, /) -> SecretValue:
        """Return the token."""
        return self.value

    def known(self) -> SecretValue:
        """Return the token."""
        return self.value


@dataclass(frozen=True, eq=False)
class TokenInTime:
    """A token that an endpoint gives in half of the time that is left, or not at all.

    The rest is the mail server's. An endpoint that answers at the last moment would else have the time run out while
    the mail server speaks, and that server would be given up as one that hangs, for everybody's accounts there.
    """

    source: TokenSource

    def __call__(self, deadline: Deadline, /) -> SecretValue:
        """Return the token; raise ``SmtpFault`` of step auth where there is none in time."""
        try:
            seconds = deadline.remaining_seconds() * _ENDPOINTS_SHARE
        except TimeoutError:
            seconds = 0.0
        return self.source(deadline.sooner(seconds))

    def known(self) -> SecretValue | None:
        """Return the latest token, without asking for one."""
        return self.source.known()


def token_source(
    login: Mapping[str, Any], secrets: Mapping[str, SecretValue], tokens: TokenCache
) -> TokenSource | None:
    """Return where the token comes from; None where none is declared, or a secret for it was not read."""
    if "accessToken" in login:
        value = secrets.get(login["accessToken"])
        return TokenAtHand(value) if value is not None else None
    declared: Mapping[str, Any] | None = login.get("oauth2")
    if declared is None:
        return None
    named = [declared[name] for name in ("clientSecret", "refreshToken") if name in declared]
    if any(reference not in secrets for reference in named):
        return None
    request = TokenRequest(
        token_url=declared["tokenUrl"],
        client_id=declared["clientId"],
        client_secret=secrets.get(declared.get("clientSecret", "")),
        refresh_token=secrets.get(declared.get("refreshToken", "")),
        scope=declared.get("scope"),
    )
    return TokenInTime(tokens.source(request))
