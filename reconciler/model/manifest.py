"""The documents of ``accounts.d``: OwnAccount, MarketingAccount and MailServer, as written."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from reconciler.model.base import Value
from reconciler.model.placeholders import HostTemplate, Template
from reconciler.model.references import Secret
from reconciler.model.text import REFUSED_CHARACTER, REFUSED_IN_SCHEMAS, Email, Host, Name, Port, Text

API_VERSION = "reconciler/v1"

Encryption = Literal["starttls", "tls", "none"]
Mechanism = Literal["auto", "plain", "login", "cram-md5", "scram-sha-256", "xoauth2", "oauthbearer"]
DEFAULT_PORTS: dict[Encryption, int] = {"starttls": 587, "tls": 465, "none": 25}
TOKEN_MECHANISMS: frozenset[Mechanism] = frozenset({"xoauth2", "oauthbearer"})
ProxyType = Literal["socks5", "socks4", "http"]
Kind = Literal["OwnAccount", "MarketingAccount"]

_TOKEN_URL_PATTERN = r"^https://[^\s/@?#\\]+([/?][^\s@#\\]*)?$(?!\n)"  # noqa: S105 - the form of an address
_TOKEN_URL = re.compile(_TOKEN_URL_PATTERN)
_TOKEN_URL_RULE = "is not an address such as https://login.example.com/token, without user name or spaces"  # noqa: S105 - the same
_ANNOTATION_PATTERN = "^[^" + REFUSED_IN_SCHEMAS.replace(r"\u0000-", r"\u0000-\u0008\u000b-", 1) + "]*$"
_LABEL_KEY_PATTERN = r"^[A-Za-z0-9]([A-Za-z0-9._/-]{0,61}[A-Za-z0-9])?$"


def _check_annotation(text: str) -> str:
    if REFUSED_CHARACTER.search(text.replace("\n", " ").replace("\t", " ")):
        raise PydanticCustomError("controlCharacter", "holds an invisible or control character")
    return text


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
LabelKey = Annotated[str, Field(pattern=_LABEL_KEY_PATTERN)]
Annotation = Annotated[
    str,
    AfterValidator(_check_annotation),
    Field(max_length=10_000),
    WithJsonSchema(
        {
            "type": "string",
            "maxLength": 10_000,
            "pattern": _ANNOTATION_PATTERN,
            "patternErrorMessage": "Control characters and invisible marks cannot stand here.",
            "description": "Any text, of several lines if need be.",
        }
    ),
]


class ServerMetadata(Value):
    """What a mail server is called."""

    name: Name = Field(
        description="What the document is known by, unique over all kinds: 1 to 63 characters of a-z, 0-9, '.', '_' and '-', such as sales-pl."
    )
    title: Text | None = Field(None, description="A longer name for people, such as Sales in Poland.")
    labels: dict[LabelKey, Text] = Field(
        {}, description="Keys and values to choose accounts by: team: sales is chosen by label:team=sales."
    )
    annotations: dict[LabelKey, Annotation] = Field(
        {},
        description="Notes for people and other tools, by key, such as a link to a runbook. They are not interpreted.",
    )


class Metadata(ServerMetadata):
    """What an account is called, whose it is, and how its life is guarded."""

    owner: Text | None = Field(
        None,
        description="Who the account belongs to, such as anna@example.com. An account that is not shared is shown to its owner.",
    )
    previous_name: Name | None = Field(
        None,
        description="The name that the account had until now: the plan shows one rename, not a deletion and a new account.",
    )
    prevent_delete: bool = Field(
        default=False,
        description="Whether plans that would delete the account are refused, false by default. State remembers it, so it holds even when the manifest is gone.",
    )

    @model_validator(mode="after")
    def _check_rename(self) -> Metadata:
        if self.previous_name == self.name:
            raise PydanticCustomError("contradiction", "previousName is the name itself; remove previousName")
        return self


class ReplyTo(Value):
    """Where replies go; each half is optional."""

    email: Email | None = Field(
        None, description="The address that replies go to, such as help@example.com; by default the sender's."
    )
    display_name: Text | None = Field(None, description="The name shown with the address that replies go to.")


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


OnProblem = Literal["fallback", "skip"]


class Override(Value):
    """Address and name taken from details of the contact's card."""

    email_detail: Text | None = Field(
        None,
        description="The name of the detail, on a contact's card, whose value becomes the address, such as keeper_email.",
    )
    display_name_detail: Text | None = Field(
        None,
        description="The name of the detail, on a contact's card, whose value becomes the display name, such as keeper_name.",
    )
    on_missing: OnProblem = Field(
        "fallback",
        description="What happens where a contact lacks the detail: by default fallback to what holds without the override, or skip the contact.",
    )
    on_invalid: OnProblem = Field(
        "fallback",
        description="What happens where the detail's value cannot be used: by default fallback to what holds without the override, or skip the contact.",
    )
    pairing: Literal["perField", "together"] = Field(
        "perField",
        description="Whether address and display name fall back each on its own (perField, the default), or both as soon as one does (together).",
    )

    @model_validator(mode="after")
    def _check_details(self) -> Override:
        if self.email_detail is None and self.display_name_detail is None:
            raise PydanticCustomError("missingField", "needs emailDetail or displayNameDetail")
        if self.pairing == "together" and None in (self.email_detail, self.display_name_detail):
            raise PydanticCustomError("contradiction", "pairing: together needs both emailDetail and displayNameDetail")
        return self


class OwnAccountSpec(Value):
    """The user's own mailbox, reached over SMTP."""

    email: Email = Field(
        description="The address that mail is sent from, such as sales@example.com. Bounces come back to it."
    )
    display_name: Text = Field(description="The name that recipients see with the address, such as Example Sales.")
    reply_to: ReplyTo | None = Field(
        None, description="Where replies go; by default to the address that mail is sent from."
    )
    shared: bool = Field(
        default=False,
        description="Whether other users see the account too, false by default. It shapes views and is no access control.",
    )
    smtp: Smtp = Field(
        description="The mail server and how to log in there: settings of the account's own, or server with the name of a MailServer."
    )
    proxy: Proxy | None = Field(
        None, description="The proxy on the way to the mail server; without it the connection is direct."
    )


class MarketingAccountSpec(Value):
    """An account on the platform's own server, which the platform must accept."""

    email: Email = Field(
        description="The address that mail is sent from, such as news@example.com. Bounces go to it, though it need not be a mailbox."
    )
    display_name: Text = Field(description="The name that recipients see with the address, such as Example Sales.")
    reply_to: ReplyTo | None = Field(
        None, description="Where replies go; by default to the address that mail is sent from."
    )
    override_from: Override | None = Field(
        None,
        description="Takes the sender's address or name from details of each contact's card, instead of email and displayName.",
    )
    override_to: Override | None = Field(
        None,
        description="Takes the addressee's address or name from details of each contact's card, instead of the contact's own.",
    )


class MailServerSpec(ServerSmtp):
    """What several accounts share; any part of smtp, and proxy."""

    proxy: Proxy | None = Field(
        None, description="The proxy on the way to the mail server; without it the connection is direct."
    )


class OwnAccount(Value):
    """A user's own mailbox, from which the organisation sends."""

    api_version: Literal["reconciler/v1"] = Field(description="The version of this format: reconciler/v1.")
    kind: Literal["OwnAccount"] = Field(description="One of your own mailboxes, reached over SMTP.")
    metadata: Metadata = Field(
        description="What the account is called, whose it is, what it is chosen by, and whether it may be deleted."
    )
    spec: OwnAccountSpec = Field(description="The account's settings.")


class MarketingAccount(Value):
    """An account hosted on the platform's own mail server."""

    api_version: Literal["reconciler/v1"] = Field(description="The version of this format: reconciler/v1.")
    kind: Literal["MarketingAccount"] = Field(
        description="An account on the platform's mail server, which the platform must accept."
    )
    metadata: Metadata = Field(
        description="What the account is called, whose it is, what it is chosen by, and whether it may be deleted."
    )
    spec: MarketingAccountSpec = Field(description="The account's settings.")


class MailServer(Value):
    """Settings that several own accounts share."""

    api_version: Literal["reconciler/v1"] = Field(description="The version of this format: reconciler/v1.")
    kind: Literal["MailServer"] = Field(
        description="Settings of a mail server that several accounts share; they name it under smtp.server."
    )
    metadata: ServerMetadata = Field(description="What the mail server is called, and its labels.")
    spec: MailServerSpec = Field(description="The settings that the accounts share; each is optional.")


Account = OwnAccount | MarketingAccount
Manifest = OwnAccount | MarketingAccount | MailServer
MODELS: dict[str, type[OwnAccount | MarketingAccount | MailServer]] = {
    "OwnAccount": OwnAccount,
    "MarketingAccount": MarketingAccount,
    "MailServer": MailServer,
}
