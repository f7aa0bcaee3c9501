"""From an account's login to the source of its access token."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.classes import dataclass
from reconciler.oauth2 import TokenRequest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.model.secrets.values import SecretValue
    from reconciler.model.servers.server import Login
    from reconciler.oauth2 import TokenCache
    from reconciler.smtp.access import TokenSource
    from reconciler.smtp.deadline import Deadline

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


def token_source(login: Login, secrets: Mapping[str, SecretValue], tokens: TokenCache) -> TokenSource | None:
    """Return where the token comes from; None where none is declared, or a secret for it was not read."""
    if login.access_token is not None:
        value = secrets.get(login.access_token)
        return TokenAtHand(value) if value is not None else None
    declared = login.oauth2
    if declared is None or any(reference not in secrets for reference in declared.secrets):
        return None
    request = TokenRequest(
        token_url=declared.token_url,
        client_id=declared.client_id or "",
        client_secret=secrets.get(declared.client_secret or ""),
        client_certificate=secrets.get(declared.client_certificate or ""),
        service_account=secrets.get(declared.service_account or ""),
        subject=None if declared.service_account is None else login.username,
        refresh_token=secrets.get(declared.refresh_token or ""),
        scope=declared.scope,
    )
    return TokenInTime(tokens.source(request))
