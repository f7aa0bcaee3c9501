"""The server parts of a manifest as written: smtp, authentication, oauth2, proxy."""

from __future__ import annotations

import re
from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field, WithJsonSchema
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

from reconciler.characters import REFUSED_CHARACTER
from reconciler.model.base import Value
from reconciler.model.fieldrules import Rule, Ruled, absent, excludes, given, is_one_of, needs, needs_one, only_one
from reconciler.model.secrets.references import Secret
from reconciler.model.servers.terms import TOKEN_MECHANISMS, Encryption, Mechanism, ProxyType
from reconciler.model.text.placeholders import HostTemplate, Template, Unfilled
from reconciler.model.text.types import HeloName, Name, Port, Text

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


_PIN_PATTERN = r"^sha256:[0-9a-f]{64}$(?!\n)"
_PIN = re.compile(_PIN_PATTERN)
_PIN_RULE = "is not a fingerprint: sha256: and 64 digits of 0-9 and a-f, without colons between them"


def is_pin(text: str) -> bool:
    """Tell whether a text is the fingerprint of a certificate as settings have it: ``sha256:…``."""
    return _PIN.match(text) is not None


def _check_pin(text: str) -> str:
    if not is_pin(text):
        raise PydanticCustomError("invalidValue", _PIN_RULE)
    return text


CertificatePin = Annotated[
    str,
    AfterValidator(_check_pin),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": _PIN_PATTERN,
            "patternErrorMessage": f"This {_PIN_RULE}.",
            "description": "SHA-256 of a certificate in DER.",
        }
    ),
]


class OAuth2(Ruled, defer_build=False):
    """How an access token is got: by refresh token, by the client's own credentials, or for a service account (RFC 6749, 7523)."""

    token_url: TokenUrl = Field(
        description="The identity provider's token endpoint, such as https://login.example.com/oauth2/token. Only https is taken, and redirects are not followed."
    )
    client_id: Unfilled | None = Field(
        None,
        description="The client's id, as registered with the identity provider. It is required, but for a service account, whose key names it.",
    )
    client_secret: Secret | None = Field(
        None,
        description="The client's secret, by reference such as {env: SMTP_SALES_CLIENT_SECRET}. It is required where there is no refreshToken, clientCertificate or serviceAccount.",
    )
    client_certificate: Secret | None = Field(
        None,
        description="The client's certificate and its private key, one PEM text, by reference such as {file: secrets/client.pem}; instead of clientSecret. The key signs the request and is not sent (RFC 7523).",
    )
    service_account: Secret | None = Field(
        None,
        description="The JSON key file of a Google service account, by reference such as {file: secrets/google.json}, instead of other credentials. It signs the request, for the mailbox that username names (RFC 7523).",
    )
    refresh_token: Secret | None = Field(
        None,
        description="The refresh token, by reference such as {env: SMTP_SALES_REFRESH_TOKEN}. Without it the token is got by the client's own credentials.",
    )
    scope: Unfilled | None = Field(
        None, description="The scope to ask for, several separated by spaces; without it none is asked for."
    )

    rules = (
        needs_one(
            "refresh_token",
            "client_secret",
            "client_certificate",
            "service_account",
            words="needs refreshToken, clientSecret, clientCertificate or serviceAccount",
        ),
        only_one(
            "client_secret",
            "client_certificate",
            "service_account",
            words="clientSecret, clientCertificate and serviceAccount exclude each other; keep one",
        ),
        excludes(
            "refresh_token",
            when=given("service_account"),
            words="a service account needs no refreshToken; keep one of the two",
        ),
        needs("client_id", when=absent("service_account"), words="needs clientId"),
        needs(
            "scope",
            when=given("service_account"),
            words="needs scope beside serviceAccount, for Gmail https://mail.google.com/",
        ),
    )


class Authentication(Ruled, defer_build=False):
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

    rules = (
        only_one(
            "password", "access_token", "oauth2", words="password, accessToken and oauth2 exclude each other; keep one"
        ),
        excludes(
            "password",
            when=is_one_of("mechanism", *TOKEN_MECHANISMS),
            words="xoauth2 and oauthbearer take accessToken or oauth2, not a password",
        ),
    )


class ClientCertificate(Value, defer_build=False):
    """What this program proves itself by in the TLS handshake, where a server demands a certificate of its clients."""

    cert_file: Template = Field(
        description="A PEM file with the client's certificate first, and after it those that lead to its issuer, without the key. It lies inside the project folder, for example certs/client.pem or certs/{name}.pem."
    )
    key: Secret = Field(
        description="The certificate's private key, PEM and not encrypted, by reference such as {file: secrets/client.key}. It signs the handshake and is not sent (RFC 8446 section 4.4.3)."
    )


_WITHOUT_TLS = "stands beside encryption: none, and without TLS no certificate is looked at; write encryption: starttls or tls, or remove"


class ServerSmtp(Ruled):
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
    helo_name: HeloName | None = Field(
        None, description="The host name to give in EHLO, such as mail.example.com; by default this machine's."
    )
    ca_file: Text | None = Field(
        None,
        description="A PEM file with a private certificate authority, trusted beside the system's. It lies inside the project folder, for example certs/ca.pem.",
    )
    certificate: CertificatePin | None = Field(
        None,
        description="The fingerprint of the server's certificate, sha256: and 64 hexadecimal digits. That certificate alone is accepted, whoever issued it and whatever name it is for, and caFile does not count.",
    )
    client_certificate: ClientCertificate | None = Field(
        None,
        description="The client's own certificate and its key, for a server that demands one in the TLS handshake (mutual TLS).",
    )
    authentication: Authentication | None = Field(
        None, description="How to log in at the mail server; without it mail is handed over without login."
    )

    rules: ClassVar[tuple[Rule, ...]] = tuple(
        excludes(name, when=is_one_of("encryption", "none"), words=f"{to_camel(name)} {_WITHOUT_TLS} {to_camel(name)}")
        for name in ("ca_file", "certificate", "client_certificate")
    )


class Smtp(ServerSmtp):
    """The server of an own account: its own settings, or those of a MailServer with some of its own."""

    server: Name | None = Field(
        None,
        description="The name of a MailServer whose settings are taken. Settings that are given here too win over it.",
    )

    rules = (
        needs_one("host", "server", words="needs host, or server with the name of a MailServer"),
        *ServerSmtp.rules,
    )


class Proxy(Ruled, defer_build=False):
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

    rules = (needs("username", when=given("password"), words="has a password but no username"),)
