"""The server parts of a manifest as written: smtp and authentication. What few have in them is imported for those that do."""

import re
from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import AfterValidator, Field, WithJsonSchema
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

from reconciler.model.fieldrules import Rule, Ruled, excludes, is_one_of, needs_one, only_one
from reconciler.model.later import later
from reconciler.model.secrets.references import Secret
from reconciler.model.servers.terms import TOKEN_MECHANISMS, Encryption, Mechanism
from reconciler.model.text.placeholders import HostTemplate, Template
from reconciler.model.text.types import HeloName, Name, Port, Text

if TYPE_CHECKING:
    from reconciler.model.accounts.oauth2 import OAuth2
    from reconciler.model.accounts.passage import ClientCertificate
else:
    OAuth2 = later("reconciler.model.accounts.oauth2", "OAuth2")
    ClientCertificate = later("reconciler.model.accounts.passage", "ClientCertificate")

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
