"""The server parts of a manifest as written: smtp, authentication, oauth2, proxy."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, Field, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from reconciler.model.base import Value
from reconciler.model.secrets.references import Secret
from reconciler.model.servers.terms import TOKEN_MECHANISMS, Encryption, Mechanism, ProxyType
from reconciler.model.text.placeholders import HostTemplate, Template
from reconciler.model.text.types import REFUSED_CHARACTER, Host, Name, Port, Text

_TOKEN_URL_PATTERN = r"^https://[^\s/@?#\\{}]+([/?][^\s@#\\{}]*)?$(?!\n)"  # noqa: S105 - the form of an address
_TOKEN_URL = re.compile(_TOKEN_URL_PATTERN)
_TOKEN_URL_RULE = "is not an address such as https://login.example.com/token, without user name, spaces or braces"  # noqa: S105 - the same


def _check_token_url(text: str) -> str:
    if REFUSED_CHARACTER.search(text):
        raise PydanticCustomError("controlCharacter", "holds an invisible or control character")
    if not _TOKEN_URL.match(text):
        raise PydanticCustomError("invalidValue", _TOKEN_URL_RULE)
    return text


TokenUrl = Annotated[
    str,
    Field(max_length=2000),
    AfterValidator(_check_token_url),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": _TOKEN_URL_PATTERN,
            "patternErrorMessage": f"This {_TOKEN_URL_RULE}.",
            "maxLength": 2000,
            "description": "An address that begins with https://.",
        }
    ),
]


class OAuth2(Value):
    """How an access token is got: by refresh token, or by client credentials when there is none (RFC 6749)."""

    token_url: TokenUrl = Field(
        description="The identity provider's token endpoint, such as https://login.example.com/oauth2/token. Only https is taken, and redirects are not followed."
    )
    client_id: Text = Field(description="The client's id, as registered with the identity provider.")
    client_secret: Secret | None = Field(
        None,
        description="The client's secret, by reference such as {env: SMTP_SALES_CLIENT_SECRET}. It is required where there is no refreshToken.",
    )
    refresh_token: Secret | None = Field(
        None,
        description="The refresh token, by reference such as {env: SMTP_SALES_REFRESH_TOKEN}. Without it the token is got by the client's own credentials.",
    )
    scope: Text | None = Field(
        None, description="The scope to ask for, several separated by spaces; without it none is asked for."
    )

    @model_validator(mode="after")
    def _check_grant(self) -> OAuth2:
        if self.refresh_token is None and self.client_secret is None:
            raise PydanticCustomError("missingField", "needs refreshToken or clientSecret")
        return self


class Authentication(Value):
    """How to log in. A mechanism with a password, or one with a token."""

    mechanism: Mechanism | None = Field(
        None,
        description="The SASL mechanism to log in with. By default auto, which takes the strongest that the server offers.",
    )
    username: Template | None = Field(
        None,
        description='The user name to log in with. {name}, {email}, {localpart} and {domain} stand for the account\'s name, its address, and the parts of that, so "{email}" fits most servers.',
    )
    password: Secret | None = Field(
        None, description="The password, by reference such as {env: SMTP_SALES_PASSWORD}; never the password itself."
    )
    access_token: Secret | None = Field(
        None, description="An OAuth2 access token, by reference such as {env: SMTP_SALES_TOKEN}; instead of a password."
    )
    oauth2: OAuth2 | None = Field(
        None, description="How to get an OAuth2 access token from an identity provider; instead of a password."
    )

    @model_validator(mode="after")
    def _check_one_credential(self) -> Authentication:
        given = [name for name in ("password", "access_token", "oauth2") if getattr(self, name) is not None]
        if len(given) > 1:
            raise PydanticCustomError("contradiction", "password, accessToken and oauth2 exclude each other; keep one")
        if self.password is not None and self.mechanism in TOKEN_MECHANISMS:
            raise PydanticCustomError(
                "contradiction", "xoauth2 and oauthbearer take accessToken or oauth2, not a password"
            )
        return self


class ServerSmtp(Value):
    """The settings of a mail server, every part optional."""

    host: HostTemplate | None = Field(
        None, description="The mail server's host name or IP address, such as smtp.example.com or mail.{domain}."
    )
    port: Port | None = Field(
        None,
        description="The mail server's TCP port. By default it follows encryption: 587 for starttls, 465 for tls, 25 for none.",
    )
    encryption: Encryption | None = Field(
        None,
        description="How the connection is encrypted, starttls by default. It is never downgraded: a server that does not offer it fails the check.",
    )
    helo_name: Host | None = Field(
        None, description="The host name to give in EHLO, such as mail.example.com; by default this machine's."
    )
    ca_file: Text | None = Field(
        None,
        description="A PEM file with a private certificate authority, trusted beside the system's. It lies inside the project folder, for example certs/ca.pem.",
    )
    authentication: Authentication | None = Field(
        None, description="How to log in at the mail server; without it mail is handed over without login."
    )


class Smtp(ServerSmtp):
    """The server of an own account: its own settings, or those of a MailServer with some of its own."""

    server: Name | None = Field(
        None,
        description="The name of a MailServer whose settings are taken. Settings that are given here too win over it.",
    )

    @model_validator(mode="after")
    def _check_has_server(self) -> Smtp:
        if self.host is None and self.server is None:
            raise PydanticCustomError("missingField", "needs host, or server with the name of a MailServer")
        return self


class Proxy(Value):
    """A proxy on the way to the mail server."""

    type: ProxyType = Field(description="The proxy's protocol: socks5, socks4, or http by CONNECT.")
    host: HostTemplate = Field(description="The proxy's host name or IP address, such as proxy.example.com.")
    port: Port = Field(description="The proxy's TCP port, such as 1080.")
    username: Template | None = Field(
        None, description="The user name to log in with at the proxy, where it wants one."
    )
    password: Secret | None = Field(
        None,
        description="The password at the proxy, by reference such as {env: SMTP_PROXY_PASSWORD}. It needs username beside it.",
    )
    remote_dns: bool = Field(
        default=True,
        description="Whether the proxy looks up the mail server's name, true by default; with false this machine does.",
    )

    @model_validator(mode="after")
    def _check_user(self) -> Proxy:
        if self.password is not None and self.username is None:
            raise PydanticCustomError("missingField", "has a password but no username")
        return self
