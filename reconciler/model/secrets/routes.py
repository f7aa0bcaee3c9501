"""Routes: where a secret travels. A secret goes only where state has recorded it to go, or a grant allows it."""

from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Literal, Self

from pydantic import Field

from reconciler.model.base import Value, is_none
from reconciler.model.canonical import canonical_json
from reconciler.model.servers.terms import Encryption

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from reconciler.model.servers.server import OAuth2Login, Proxy, Server


_IN_WORDS = {"starttls": "starttls", "tls": "tls", "none": "not encrypted"}


def ordered_scope(scope: str | None) -> str | None:
    """Return an OAuth2 scope with its words in order, each once: what it means (RFC 6749 section 3.3); None for none."""
    return " ".join(sorted({word for word in (scope or "").split(" ") if word})) or None


Purpose = Literal["smtp", "proxy", "oauth2", "consumer"]
GrantType = Literal["refresh_token", "client_credentials", "jwt_bearer"]


class TokenOrigin(Value):
    """How a token that logs in was asked for: any difference makes it another token, which opens other things."""

    url: str = Field(description="The token URL, with its query: an audience or resource stands there.")
    client_id: str | None = Field(None, description="The client that asks.")
    scope: str | None = Field(None, exclude_if=is_none, description="The scope asked for, its words in order.")
    grant_type: GrantType = Field(
        description="What is exchanged: a refresh token is a person's, client_credentials are the client's own, jwt_bearer is a request that a service account has signed."
    )
    subject: str | None = Field(
        None, exclude_if=is_none, description="For jwt_bearer the mailbox that the service account acts for."
    )

    def __str__(self) -> str:
        """Return where the token comes from in words: ``https://login.example.com/token for anna, scope mail``."""
        client = f" for {self.client_id}" if self.client_id else ""
        scope = f", scope {self.scope}" if self.scope else ""
        by = {"refresh_token": "", "client_credentials": ", by client credentials"}.get(
            self.grant_type, f", by a service account for {self.subject}"
        )
        return f"{self.url}{client}{scope}{by}"

    @property
    def exchange(self) -> "Route":
        """The route to the endpoint that gives the token."""
        return Route(
            purpose="oauth2",
            username=self.client_id if self.subject is None else self.subject,
            host=self.url,
            port=443,
            encryption="tls",
            scope=self.scope,
        )


class Delivery(Value):
    """A consumer that a secret is written to: where to, and which commands may see it there."""

    name: str = Field(description="The consumer's name.")
    path: str | None = Field(None, exclude_if=is_none, description="The file or folder that is written, as declared.")
    command: tuple[str, ...] | None = Field(
        None, strict=False, exclude_if=is_none, description="The command that is given the secret."
    )
    after: tuple[str, ...] | None = Field(
        None, strict=False, exclude_if=is_none, description="The command that is run afterwards."
    )
    environment: tuple[str, ...] | None = Field(
        None, strict=False, exclude_if=is_none, description="Globs of the variables that the commands get."
    )

    def __str__(self) -> str:
        """Return the consumer in words: ``the consumer mailhost at /etc/postfix/reconciler``."""
        where = f"at {self.path}" if self.path is not None else f"by {_typed(self.command or ())}"
        after = f", then {_typed(self.after)}" if self.after else ""
        return f"the consumer {self.name} {where}{after}"


def _typed(command: tuple[str, ...]) -> str:
    """Return a command as it is declared: ``[postfix, reload]``."""
    return canonical_json(list(command))


class Route(Value):
    """One way of one secret, complete: any difference makes it another route."""

    purpose: Purpose = Field(
        "smtp", description="Login at the server, at the proxy, or at the token endpoint; or publication to a consumer."
    )
    username: str | None = Field(None, description="The user name sent with it.")
    host: str = Field(description="The host, as A-labels; for oauth2 the token URL; for consumer its name.")
    port: int = Field(description="The port; 443 for oauth2, 0 for consumer.")
    encryption: Encryption = Field(description="The encryption in force.")
    proxy: str | None = Field(None, description="The proxy taken, as type://user@host:port; null: direct.")
    ca_digest: str | None = Field(None, description="SHA-256 of the private CA; null: the system's trust alone.")
    certificate: str | None = Field(
        None,
        exclude_if=is_none,
        description="The only certificate that is accepted, as sha256:HEX; null: what a CA answers for.",
    )
    scope: str | None = Field(
        None,
        exclude_if=is_none,
        description="For oauth2 the scope asked for, its words in order; null: what the endpoint gives unasked.",
    )
    proof: Literal["signature"] | None = Field(
        None,
        exclude_if=is_none,
        description="signature where the secret signs and is not sent itself: a request to a token endpoint, or the TLS handshake with a mail server; null: it is sent.",
    )
    token: TokenOrigin | None = Field(
        None,
        exclude_if=is_none,
        description="For a login with a token that the secret is exchanged for: which token; null: the secret itself.",
    )
    delivery: Delivery | None = Field(
        None, exclude_if=is_none, description="For consumer, where it is written; null: it goes to a server."
    )

    def __str__(self) -> str:
        """Return the route in words: ``anna@smtp.example.com:587, starttls``."""
        if self.delivery is not None:
            return str(self.delivery)
        user = f"{self.username} at " if self.username else ""
        where = self.host if self.purpose == "oauth2" else f"{self.host}:{self.port}, {_IN_WORDS[self.encryption]}"
        through = f", through {self.proxy}" if self.proxy else ""
        trust = f", pinned to {self.certificate}" if self.certificate else ", private CA" if self.ca_digest else ""
        scope = f", scope {self.scope}" if self.scope else ""
        proof = ", signing only" if self.proof else ""
        token = f", with a token of {self.token}" if self.token else ""
        return f"{user}{where}{through}{trust}{scope}{proof}{token}"

    @cached_property
    def key(self) -> str:
        """Canonical JSON of the route, to compare and sort by."""
        if self.token is not None or self.delivery is not None:
            return canonical_json(self.model_dump(mode="json"))
        return f"{self._before_user}{canonical_json(self.username)}}}"

    @cached_property
    def destination(self) -> str:
        """The same of the route for whatever user name, which thousands of accounts have in common."""
        if self.token is not None or self.delivery is not None:
            return _key_of(self.for_any_user)
        return f"{self._before_user}null}}"

    @property
    def _before_user(self) -> str:
        """The key up to the user name, which is its last member, of a route without token and delivery."""
        return _key_before_user(
            self.purpose, self.host, self.port, self.encryption, self.proxy,
            self.ca_digest, self.certificate, self.scope, self.proof,
        )  # fmt: skip

    @property
    def for_any_user(self) -> Self:
        """The route for whatever user name, or mailbox that a service account acts for."""
        token = self.token.model_copy(update={"subject": None}) if self.token is not None else None
        return self.model_copy(update={"username": None, "token": token})

    @property
    def without_token(self) -> Self:
        """The login as a password would make it; of a token, how earlier versions recorded it."""
        return self.model_copy(update={"token": None})


@lru_cache(maxsize=1024)
def _key_of(route: Route) -> str:
    return route.key


@lru_cache(maxsize=1024)
def _key_before_user(  # noqa: PLR0913, PLR0917 - all that tells routes apart
    purpose: Purpose,
    host: str,
    port: int,
    encryption: Encryption,
    proxy: str | None,
    ca_digest: str | None,
    certificate: str | None,
    scope: str | None,
    proof: Literal["signature"] | None,
) -> str:
    """Return canonical JSON of a route without its end, ``null}``: made once for all that differ in the user name alone."""
    route = Route(
        purpose=purpose,
        host=host,
        port=port,
        encryption=encryption,
        proxy=proxy,
        ca_digest=ca_digest,
        certificate=certificate,
        scope=scope,
        proof=proof,
    )
    return canonical_json(route.model_dump(mode="json")).removesuffix("null}")


def route_to(delivery: Delivery) -> Route:
    """Return the route of a secret that is written to a consumer."""
    return Route(purpose="consumer", host=delivery.name, port=0, encryption="none", delivery=delivery)


NOWHERE = Route.of_fields(host="", port=0, encryption="none")
"""The route of a secret that stays known and has no other: no server is called so, so it needs a grant to travel."""


class SecretRoute(Value):
    """A secret, by reference and by fingerprint, and one route of it."""

    secret: str = Field(description="The reference, SOURCE:KEY.")
    fingerprint: str | None = Field(None, description="Keyed fingerprint of the value; null where it was not read.")
    route: Route = Field(description="Where it travels.")


def routes_of(server: "Server | None", ca_digest: str | None) -> tuple[SecretRoute, ...]:
    """Return every secret of an account's server with each of its routes, in a fixed order; None has none.

    Tokens got by OAuth2 travel the SMTP route too, so their secrets have two routes: the second is the login with the
    token that the first gives.
    """
    if server is None:
        return ()
    return (*_login_routes(server, ca_digest), *_proxy_routes(server.proxy))


def with_fingerprints(routes: "Iterable[SecretRoute]", fingerprints: "Mapping[str, str]") -> tuple[SecretRoute, ...]:
    """Return the routes with the fingerprint of each secret, None where it is not known."""
    known = ((each, fingerprints.get(each.secret)) for each in routes)
    return tuple(
        each if each.fingerprint == value else each.model_copy(update={"fingerprint": value}) for each, value in known
    )


def _login_routes(server: "Server", ca_digest: str | None) -> tuple[SecretRoute, ...]:
    # What comes of settings that were looked at before is not looked at again.
    login = Route.of_fields(
        username=server.login.username,
        host=server.host,
        port=server.port,
        encryption=server.encryption,
        proxy=server.proxy.way if server.proxy is not None else None,
        ca_digest=ca_digest,
        certificate=server.certificate,
    )
    direct = (
        *_certificate_routes(server, login),
        *[SecretRoute.of_fields(secret=secret, route=login) for secret in server.login.secrets],
    )
    oauth2 = server.login.oauth2
    if oauth2 is None or not oauth2.secrets:
        return direct
    token = TokenOrigin(
        url=oauth2.token_url,
        client_id=oauth2.client_id,
        scope=ordered_scope(oauth2.scope),
        grant_type=_grant_type(oauth2),
        subject=None if oauth2.service_account is None else server.login.username,
    )
    through_token = login.model_copy(update={"token": token})
    exchanged = (
        SecretRoute(secret=secret, route=route)
        for secret in oauth2.secrets
        for route in (_exchange(token, is_signing=secret in oauth2.signing), through_token)
    )
    return (*direct, *exchanged)


def _certificate_routes(server: "Server", login: Route) -> tuple[SecretRoute, ...]:
    """Return the way of a client certificate's key: to the server whose handshake it signs, whoever logs in there."""
    if server.client_certificate is None:
        return ()
    signing = login.model_copy(update={"username": None, "proof": "signature"})
    return (SecretRoute(secret=server.client_certificate.key, route=signing),)


def _grant_type(oauth2: "OAuth2Login") -> GrantType:
    if oauth2.service_account is not None:
        return "jwt_bearer"
    return "client_credentials" if oauth2.refresh_token is None else "refresh_token"


def _exchange(token: TokenOrigin, *, is_signing: bool) -> Route:
    """Return the route to the endpoint: a key that signs goes none that would send it."""
    return token.exchange.model_copy(update={"proof": "signature"}) if is_signing else token.exchange


def _proxy_routes(proxy: "Proxy | None") -> tuple[SecretRoute, ...]:
    if proxy is None or proxy.password is None:
        return ()
    route = Route(purpose="proxy", username=proxy.username, host=proxy.host, port=proxy.port, encryption="none")
    return (SecretRoute(secret=proxy.password, route=route),)
