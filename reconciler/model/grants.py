"""What the project file lets secrets do: which may be named, where they come from, and where they may travel."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from reconciler.model.accounts.server import CertificatePin
from reconciler.model.base import Value
from reconciler.model.consumers.settings import ConsumerName, Words
from reconciler.model.fieldrules import Rule, Ruled, exactly_one, sentence
from reconciler.model.secrets.references import Secret, SecretGlob
from reconciler.model.secrets.sources import SecretSource
from reconciler.model.servers.terms import Encryption
from reconciler.model.text.dates import Date
from reconciler.model.text.placeholders import has_placeholder, placeholder_in
from reconciler.model.text.types import Port, Text

_NAMES_WORDS = "declares a source called env or file, which exist already"


class ScopedSecret(Value):
    """An allowed secret that only some manifests may name."""

    secret: SecretGlob = Field(description="A glob over secrets, written SOURCE:KEY, such as env:SMTP_SALES_*.")
    manifests: Text = Field(
        description="A glob over the manifests that may name the secret, by path from the project folder, such as accounts.d/sales/*."
    )


class GrantedToken(Value):
    """The token that a granted login is made with, as a refused plan prints it."""

    url: Text = Field(description="The token URL that gives the token, as the manifest writes it.")
    client_id: Text | None = Field(None, description="The client that asks for the token; without it any.")
    scope: Text | None = Field(None, description="The scope that is asked for; without it none is.")
    grant_type: Literal["refresh_token", "client_credentials", "jwt_bearer"] = Field(
        description="What is exchanged for the token: a refresh token, the client's own credentials, or a service account's signed request."
    )
    subject: Text | None = Field(
        None, description="For jwt_bearer the mailbox that the service account acts for; without it any."
    )


class GrantedRoute(Value):
    """A route written out in full, as a refused plan prints it."""

    purpose: Literal["smtp", "proxy", "oauth2"] = Field(
        "smtp",
        description="What the secret is sent for: login at the mail server (smtp, the default), at a proxy, or at a token endpoint (oauth2).",
    )
    username: Text | None = Field(None, description="The user name that the secret goes with; without it any.")
    host: Text = Field(
        description="The host that the secret may be sent to, such as smtp.example.com; for oauth2 the token URL."
    )
    port: Port = Field(description="The TCP port of the host, such as 587.")
    encryption: Encryption = Field(description="The encryption that must be in force when the secret is sent.")
    ca_digest: Text | None = Field(
        None,
        description="The SHA-256 of the private certificate authority that is trusted too, as a refused plan prints it; without it only the system's are.",
    )
    certificate: CertificatePin | None = Field(
        None,
        description="The only certificate that is accepted, as a refused plan prints it; without it what a certificate authority answers for.",
    )
    proxy: Text | None = Field(
        None,
        description="The proxy on the way, such as socks5://user@proxy.example.com:1080; without it the connection is direct.",
    )
    scope: Text | None = Field(
        None,
        description="For oauth2 the scope that may be asked for, as a refused plan prints it; without it none is asked for.",
    )
    proof: Literal["signature"] | None = Field(
        None,
        description="What is proven with the secret: signature where it only signs a request for a token or the TLS handshake; without it the secret itself is sent.",
    )
    token: GrantedToken | None = Field(
        None,
        description="For a login with a token that the secret is exchanged for: which token; without it the secret itself is sent.",
    )


class GrantedConsumer(Value):
    """A consumer that a secret may be written to, with its path or command, as a refused plan prints it."""

    name: ConsumerName = Field(description="The consumer's name under consumers.")
    path: Text | None = Field(None, description="Its path, as it is declared.")
    command: Words | None = Field(None, description="Its command, as it is declared; for type: exec.")
    after: Words | None = Field(None, description="Its command after, as it is declared.")
    environment: Words | None = Field(None, description="Its environment, as it is declared.")


class Grant(Ruled):
    """Permission for a secret to take a route."""

    secret: SecretGlob = Field(description="A glob over secrets, written SOURCE:KEY, such as env:SMTP_SALES_*.")
    servers: Annotated[tuple[Text, ...], Field(strict=False, min_length=1)] | None = Field(
        None,
        description="The servers that the secret itself may be sent to, as HOST or HOST:PORT; directly, with TLS that the system trusts, under any user name.",
    )
    route: GrantedRoute | None = Field(
        None, description="A route in full, as a refused plan prints it, for whatever servers cannot say."
    )
    consumer: GrantedConsumer | None = Field(
        None, description="The consumer that the secret may be written to, as a refused plan prints it."
    )
    manifests: Text | None = Field(
        None,
        description="A glob over the manifests that may use the grant, by path from the project folder; without it all may.",
    )
    expires: Date | None = Field(
        None, description="The last day on which the grant holds, in UTC, such as 2027-01-31; without it, for ever."
    )

    rules = (exactly_one("servers", "route", "consumer", words="needs exactly one of servers, route and consumer"),)


class Secrets(Ruled):
    """Which secrets manifests may name, where they come from, and where they may travel."""

    allow: Annotated[tuple[SecretGlob | ScopedSecret, ...], Field(strict=False)] = Field(
        ("env:SMTP_*", "file:secrets/**"),
        description="Globs over the secrets that manifests may name, written SOURCE:KEY; by default env:SMTP_* and file:secrets/**. Nothing else may be named.",
    )
    sources: dict[Annotated[str, Field(pattern=r"^[a-z][A-Za-z0-9_-]{0,62}$")], SecretSource] = Field(
        {},
        description="Sources of secrets beside env and file, by name: vault here is what {vault: key} refers to in a manifest.",
    )
    first_use: Literal["allow", "grant"] = Field(
        "allow",
        description="Whether a secret that state has never seen may take its first route (allow, the default) or needs a grant for it (grant).",
    )
    grants: Annotated[tuple[Grant, ...], Field(strict=False)] = Field(
        (),
        description="Routes that secrets may take beyond those recorded in state; a refused plan prints the lines to add.",
    )
    fingerprint_key: Secret | None = Field(
        None,
        description="The key that secrets are fingerprinted with, by reference. By default a file beside the SQLite state, made by reconciler state init.",
    )

    rules = (
        Rule(
            code="contradiction",
            words=_NAMES_WORDS,
            holds=lambda secrets: not secrets.sources.keys() & {"env", "file"},
            schemas=(
                {
                    "$comment": f"contradiction: {_NAMES_WORDS}",
                    "properties": {
                        "sources": {
                            "propertyNames": {
                                "pattern": "^(?!(env|file)$)",
                                "patternErrorMessage": sentence(_NAMES_WORDS),
                                "doNotSuggest": True,
                            },
                            "doNotSuggest": True,
                        },
                    },
                },
            ),
        ),
    )

    def holder_of(self, field: str) -> str:  # noqa: ARG002 - an environment has some fields for itself
        """Return the path in the project file below which a field of these rules is written: ``secrets``."""
        return "secrets"

    def bars_first_use(self, secret: str) -> bool:  # noqa: ARG002 - rules of an environment look at it
        """Tell whether a secret that state has never seen needs a grant for its first route."""
        return self.first_use == "grant"

    @model_validator(mode="after")
    def _check_placeholders(self) -> Secrets:
        """Refuse what people fill in elsewhere: here it would mean itself, and so nothing."""
        if self.fingerprint_key is not None and has_placeholder("".join(self.fingerprint_key.values())):
            raise PydanticCustomError(
                "unknownPlaceholder", "has a word in braces in fingerprintKey, where nothing is filled in"
            )
        allowed = [entry if isinstance(entry, str) else entry.secret for entry in self.allow]
        for glob in (*allowed, *(grant.secret for grant in self.grants)):
            if (found := placeholder_in(glob)) is not None:
                rule = f"has {found} in a glob of allow or grants, where nothing is filled in: write * in its place"
                raise PydanticCustomError("unknownPlaceholder", "{rule}", {"rule": rule})
        return self
