"""What is asked of a token endpoint, and where the endpoint is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode, urlsplit

from reconciler.model.text.domains import NotADomain, host_to_ascii
from reconciler.smtp.faults import SmtpFault
from reconciler.smtp.replies import clean

if TYPE_CHECKING:
    from reconciler.model.secrets.values import SecretValue

_HTTPS_PORT = 443
_LEFT_AS_WRITTEN = "%/:;=,+&$!*'()~-._[]?"
_MAX_SHOWN = 60


@dataclass(frozen=True, eq=False, kw_only=True)
class TokenRequest:
    """Who asks which endpoint for a token, with what; secrets are revealed in the request's body alone."""

    token_url: str
    client_id: str
    client_secret: SecretValue | None = None
    """None: a public client."""
    refresh_token: SecretValue | None = None
    """None: client credentials."""
    scope: str | None = None

    @property
    def secrets(self) -> tuple[SecretValue, ...]:
        """The secrets that the endpoint gets to see, and may repeat."""
        return tuple(secret for secret in (self.client_secret, self.refresh_token) if secret is not None)

    def form(self) -> bytes:
        """Return the body: RFC 6749 section 6, or section 4.4.2 without refresh token.

        Raise ``SmtpFault`` credentialMissing where there is nothing to prove the client by, credentialUnusable for
        text that is no Unicode.
        """
        token = self.refresh_token
        if token is None and self.client_secret is None:
            raise SmtpFault("credentialMissing", step="auth", facts={"variant": "oauth2"})
        fields = {"grant_type": "refresh_token" if token else "client_credentials", "client_id": self.client_id}
        if token is not None:
            fields["refresh_token"] = token.reveal()
        if self.client_secret is not None:
            fields["client_secret"] = self.client_secret.reveal()
        if self.scope is not None:
            fields["scope"] = self.scope
        try:
            return urlencode(fields).encode("ascii")
        except UnicodeEncodeError:
            raise SmtpFault("credentialUnusable", step="auth") from None


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """A token endpoint, reached by https alone."""

    host: str
    """As A-labels, or an address."""
    port: int
    target: str
    """Path and query, ASCII."""

    @property
    def authority(self) -> str:
        """Host and port as the Host header has them; port 443 goes without saying."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _HTTPS_PORT else f"{host}:{self.port}"

    def fault(self, code: str, **facts: str) -> SmtpFault:
        """Return a fault of this endpoint; the facts must be cleaned and masked."""
        return SmtpFault(code, step="auth", facts={"token_host": self.authority, **facts})


def endpoint_of(token_url: str) -> Endpoint:
    """Return the endpoint of an address; raise ``SmtpFault`` tokenUrlInvalid where it is no https address."""
    try:
        parts = urlsplit(token_url)
        port = parts.port or _HTTPS_PORT
        host = host_to_ascii(parts.hostname or "")
    except (ValueError, NotADomain):
        raise _unusable(token_url) from None
    if parts.scheme != "https" or "@" in parts.netloc:
        raise _unusable(token_url)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Endpoint(host=host, port=port, target=quote(target, safe=_LEFT_AS_WRITTEN))


def _unusable(token_url: str) -> SmtpFault:
    shown = clean(token_url.rpartition("@")[2].encode("utf-8", "replace"), max_characters=_MAX_SHOWN)
    return SmtpFault("tokenUrlInvalid", step="auth", facts={"token_url": shown})
