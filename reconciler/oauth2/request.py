"""What is asked of a token endpoint, and where the endpoint is."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode, urlsplit

from reconciler.characters import SHOWN_WORD
from reconciler.classes import FrozenByName, dataclass
from reconciler.model.text.domains import NotADomain, host_to_ascii
from reconciler.smtp.faults import SmtpFault
from reconciler.smtp.replies import clean

if TYPE_CHECKING:
    from reconciler.model.secrets.values import SecretValue

_HTTPS_PORT = 443
_JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_CLIENT_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_LEFT_AS_WRITTEN = "%/:;=,+&$!*'()~-._[]?"


@dataclass(frozen=True, eq=False, kw_only=True)
class TokenRequest:
    """Who asks which endpoint for a token, with what; secrets are revealed in the request's body alone."""

    token_url: str
    client_id: str
    client_secret: SecretValue | None = None
    """None: a public client."""
    client_certificate: SecretValue | None = None
    """A certificate with its key, PEM: signs in place of a client's secret. None: there is none."""
    service_account: SecretValue | None = None
    """The JSON file of a service account's key: signs in place of all other credentials. None: there is none."""
    subject: str | None = None
    """The mailbox that a service account acts for."""
    refresh_token: SecretValue | None = None
    """None: client credentials, or a service account."""
    scope: str | None = None
    assertion: SecretValue | None = None
    """What was signed for this one request; None: nothing is to be, or nothing was so far."""

    @property
    def secrets(self) -> tuple[SecretValue, ...]:
        """The secrets that the endpoint gets to see, and may repeat; a key that signs is none of them."""
        seen = (self.client_secret, self.refresh_token, self.assertion)
        return tuple(secret for secret in seen if secret is not None)

    @property
    def identity(self) -> tuple[SecretValue | None, ...]:
        """All secrets of the request: whoever has the same asks for the same token."""
        return (self.client_secret, self.refresh_token, self.client_certificate, self.service_account)

    @property
    def proven_by(self) -> str:
        """What is exchanged for a token, by the field of the manifest."""
        if self.service_account is not None:
            return "serviceAccount"
        if self.refresh_token is not None:
            return "refreshToken"
        return "clientSecret" if self.client_certificate is None else "clientCertificate"

    def form(self) -> bytes:
        """Return the body: RFC 6749 section 6, or section 4.4.2 without refresh token; RFC 7523 section 2 where it is signed.

        Raise ``SmtpFault`` credentialMissing where there is nothing to prove the client by, credentialUnusable for
        text that is no Unicode, or of several lines.
        """
        token, assertion = self.refresh_token, self.assertion
        if token is None and self.client_secret is None and assertion is None:
            raise SmtpFault("credentialMissing", step="auth", facts={"variant": "oauth2"})
        # A text of several lines is a key or a whole file; as a form's field it would be encoded and sent all the same.
        if any("\n" in secret.reveal() or "\r" in secret.reveal() for secret in self.secrets):
            raise SmtpFault("credentialUnusable", step="auth")
        if assertion is not None and self.service_account is not None:
            # The assertion names issuer and scope itself, so they stand in no field.
            return urlencode({"grant_type": _JWT_BEARER, "assertion": assertion.reveal()}).encode("ascii")
        fields = {"grant_type": "refresh_token" if token else "client_credentials", "client_id": self.client_id}
        if token is not None:
            fields["refresh_token"] = token.reveal()
        if self.client_secret is not None:
            fields["client_secret"] = self.client_secret.reveal()
        if assertion is not None:
            fields |= {"client_assertion_type": _CLIENT_ASSERTION, "client_assertion": assertion.reveal()}
        if self.scope is not None:
            fields["scope"] = self.scope
        try:
            return urlencode(fields).encode("ascii")
        except UnicodeEncodeError:
            raise SmtpFault("credentialUnusable", step="auth") from None


class Endpoint(FrozenByName):
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
    shown = clean(token_url.rpartition("@")[2].encode("utf-8", "replace"), max_characters=SHOWN_WORD)
    return SmtpFault("tokenUrlInvalid", step="auth", facts={"token_url": shown})
