"""``Grant``: permission for a secret to take a route, as the project file gives it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from reconciler.model.accounts.server import CertificatePin
from reconciler.model.base import Value
from reconciler.model.consumers.settings import Words
from reconciler.model.fieldrules import Ruled, exactly_one
from reconciler.model.secrets.references import SecretGlob
from reconciler.model.servers.terms import Encryption
from reconciler.model.text.dates import Date
from reconciler.model.text.types import ConsumerName, Port, Text


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
