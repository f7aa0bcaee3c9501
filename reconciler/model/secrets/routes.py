"""Routes: where a secret travels. A secret goes only where state has recorded it to go, or a grant allows it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from reconciler.model.base import Value
from reconciler.model.canonical import canonical_json
from reconciler.model.servers.terms import Encryption

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


_IN_WORDS = {"starttls": "starttls", "tls": "tls", "none": "not encrypted"}


def _is_none(value: object) -> bool:
    return value is None


def ordered_scope(scope: str | None) -> str | None:
    """Return an OAuth2 scope with its words in order, each once: what it means (RFC 6749 section 3.3); None for none."""
    return " ".join(sorted({word for word in (scope or "").split(" ") if word})) or None


GrantType = Literal["refresh_token", "client_credentials"]


class TokenOrigin(Value):
    """How a token that logs in was asked for: any difference makes it another token, which opens other things."""

    url: str = Field(description="The token URL, with its query: an audience or resource stands there.")
    client_id: str | None = Field(None, description="The client that asks.")
    scope: str | None = Field(None, exclude_if=_is_none, description="The scope asked for, its words in order.")
    grant_type: GrantType = Field(
        description="What is exchanged: a refresh token is a person's, client_credentials are the client's own."
    )

    def __str__(self) -> str:
        """Return where the token comes from in words: ``https://login.example.com/token for anna, scope mail``."""
        client = f" for {self.client_id}" if self.client_id else ""
        scope = f", scope {self.scope}" if self.scope else ""
        by = "" if self.grant_type == "refresh_token" else ", by client credentials"
        return f"{self.url}{client}{scope}{by}"

    @property
    def exchange(self) -> Route:
        """The route to the endpoint that gives the token."""
        return Route(
            purpose="oauth2",
            username=self.client_id,
            host=self.url,
            port=443,
            encryption="tls",
            scope=self.scope,
        )


class Route(Value):
    """One way of one secret, complete: any difference makes it another route."""

    purpose: Literal["smtp", "proxy", "oauth2"] = Field(
        "smtp", description="Login at the server, at the proxy, or at the token endpoint."
    )
    username: str | None = Field(None, description="The user name sent with it.")
    host: str = Field(description="The host, as A-labels; for oauth2 the token URL.")
    port: int = Field(description="The port; 443 for oauth2.")
    encryption: Encryption = Field(description="The encryption in force.")
    proxy: str | None = Field(None, description="The proxy taken, as type://user@host:port; null: direct.")
    ca_digest: str | None = Field(None, description="SHA-256 of the private CA; null: the system's trust alone.")
    scope: str | None = Field(
        None,
        exclude_if=_is_none,
        description="For oauth2 the scope asked for, its words in order; null: what the endpoint gives unasked.",
    )
    token: TokenOrigin | None = Field(
        None,
        exclude_if=_is_none,
        description="For a login with a token that the secret is exchanged for: which token; null: the secret itself.",
    )

    def __str__(self) -> str:
        """Return the route in words: ``anna@smtp.example.com:587, starttls``."""
        user = f"{self.username} at " if self.username else ""
        where = self.host if self.purpose == "oauth2" else f"{self.host}:{self.port}, {_IN_WORDS[self.encryption]}"
        through = f", through {self.proxy}" if self.proxy else ""
        trust = ", private CA" if self.ca_digest else ""
        scope = f", scope {self.scope}" if self.scope else ""
        token = f", with a token of {self.token}" if self.token else ""
        return f"{user}{where}{through}{trust}{scope}{token}"

    @property
    def key(self) -> str:
        """Canonical JSON of the route, to compare and sort by."""
        return canonical_json(self.model_dump(mode="json"))

    @property
    def without_token(self) -> Route:
        """The login as a password would make it; of a token, how earlier versions recorded it."""
        return self.model_copy(update={"token": None})


NOWHERE = Route(host="", port=0, encryption="none")
"""The route of a secret that stays known and has no other: no server is called so, so it needs a grant to travel."""


class SecretRoute(Value):
    """A secret, by reference and by fingerprint, and one route of it."""

    secret: str = Field(description="The reference, SOURCE:KEY.")
    fingerprint: str | None = Field(None, description="Keyed fingerprint of the value; null where it was not read.")
    route: Route = Field(description="Where it travels.")


def routes_of(spec: Mapping[str, Any], ca_digest: str | None) -> tuple[SecretRoute, ...]:
    """Return every secret of an account's canonical spec with each of its routes, in a fixed order.

    Tokens got by OAuth2 travel the SMTP route too, so their secrets have two routes: the second is the login with the
    token that the first gives.
    """
    smtp: dict[str, Any] = spec.get("smtp", {})
    proxy: dict[str, Any] | None = spec.get("proxy")
    return (*_login_routes(smtp, proxy, ca_digest), *_proxy_routes(proxy))


def with_fingerprints(routes: Iterable[SecretRoute], fingerprints: Mapping[str, str]) -> tuple[SecretRoute, ...]:
    """Return the routes with the fingerprint of each secret, None where it is not known."""
    return tuple(each.model_copy(update={"fingerprint": fingerprints.get(each.secret)}) for each in routes)


def _login_routes(smtp: dict[str, Any], proxy: dict[str, Any] | None, ca_digest: str | None) -> tuple[SecretRoute, ...]:
    authentication: dict[str, Any] = smtp.get("authentication", {})
    login = Route(
        username=authentication.get("username"),
        host=smtp.get("host", ""),
        port=smtp.get("port", 0),
        encryption=smtp.get("encryption", "none"),
        proxy=_proxy_text(proxy),
        ca_digest=ca_digest,
    )
    direct = [authentication[name] for name in ("password", "accessToken") if name in authentication]
    oauth2: dict[str, Any] = authentication.get("oauth2", {})
    exchanged = [oauth2[name] for name in ("clientSecret", "refreshToken") if name in oauth2]
    through_token: tuple[Route, ...] = ()
    if exchanged:
        token = TokenOrigin(
            url=oauth2.get("tokenUrl", ""),
            client_id=oauth2.get("clientId"),
            scope=ordered_scope(oauth2.get("scope")),
            grant_type="refresh_token" if "refreshToken" in oauth2 else "client_credentials",
        )
        through_token = (token.exchange, login.model_copy(update={"token": token}))
    return tuple(
        SecretRoute(secret=secret, route=route)
        for secrets, routes in ((direct, (login,)), (exchanged, through_token))
        for secret in secrets
        for route in routes
    )


def _proxy_routes(proxy: dict[str, Any] | None) -> tuple[SecretRoute, ...]:
    if proxy is None or "password" not in proxy:
        return ()
    route = Route(
        purpose="proxy",
        username=proxy.get("username"),
        host=proxy["host"],
        port=proxy["port"],
        encryption="none",
    )
    return (SecretRoute(secret=proxy["password"], route=route),)


def _proxy_text(proxy: dict[str, Any] | None) -> str | None:
    if proxy is None:
        return None
    user = f"{proxy['username']}@" if "username" in proxy else ""
    resolved = "" if proxy.get("remoteDns", True) else "?dns=local"
    return f"{proxy['type']}://{user}{proxy['host']}:{proxy['port']}{resolved}"
