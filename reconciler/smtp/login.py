"""What to log in at a server with: a password or a token, masked from the first word on. RFC 4954."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from reconciler.smtp.faults import SmtpFault
from reconciler.smtp.masking import CredentialMask
from reconciler.smtp.sasl import AUTOMATIC, Credential

if TYPE_CHECKING:
    from reconciler.model.secrets.values import SecretValue
    from reconciler.model.servers.terms import Mechanism
    from reconciler.smtp.channel import Channel
    from reconciler.smtp.deadline import Deadline
    from reconciler.smtp.session import Session


class TokenSource(Protocol):
    """Gets an OAuth2 access token; called once the server has shown that it can take one, and not before."""

    def __call__(self, deadline: Deadline, /) -> SecretValue:
        """Return the token, not waiting beyond the deadline; raise ``SmtpFault`` of step auth where there is none."""
        ...

    def known(self) -> SecretValue | None:
        """Return the token if it is there already, without asking for it: a server may know it from another login."""
        ...


@dataclass(frozen=True, kw_only=True)
class Login:
    """A login as an account declares it, its secrets at hand as far as they may be used."""

    mechanism: Mechanism | None = None
    """None: the strongest that both sides know."""
    username: str | None = None
    password: SecretValue | None = None
    token: TokenSource | None = None

    def mask_in(self, channel: Channel) -> None:
        """Mask password and token in every reply: the server may know them from an earlier login."""
        for secret in (self.password, self.token.known() if self.token is not None else None):
            if secret is not None:
                channel.mask(CredentialMask(self.username or "", secret))

    def play(self, session: Session, deadline: Deadline) -> str:
        """Log in, once, and return the mechanism's name on the wire; raise ``SmtpFault`` of step auth.

        A token is got only once the server has shown that it can take one.
        """
        mechanism = self.mechanism or AUTOMATIC
        return session.log_in(mechanism, self._credential(session, mechanism, deadline))

    def _credential(self, session: Session, mechanism: str, deadline: Deadline) -> Credential:
        if self.username is not None and self.password is not None:
            return Credential(self.username, self.password)
        if self.username is None or self.token is None:
            raise SmtpFault("credentialMissing", step="auth")
        session.require_login(mechanism, is_token=True)
        return Credential(self.username, self.token(deadline), is_token=True)
