"""The documents of ``accounts.d``: OwnAccount, MarketingAccount and MailServer, as written."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from reconciler.model.base import Value
from reconciler.model.references import Secret
from reconciler.model.text import UNSAFE_CHARACTER, Email, Host, Name, Port, Text

API_VERSION = "reconciler/v1"

Encryption = Literal["starttls", "tls", "none"]
Mechanism = Literal["auto", "plain", "login", "cram-md5", "scram-sha-256", "xoauth2", "oauthbearer"]
DEFAULT_PORTS: dict[Encryption, int] = {"starttls": 587, "tls": 465, "none": 25}
TOKEN_MECHANISMS: frozenset[Mechanism] = frozenset({"xoauth2", "oauthbearer"})
ProxyType = Literal["socks5", "socks4", "http"]
Kind = Literal["OwnAccount", "MarketingAccount"]

_TOKEN_URL_PATTERN = r"^https://[^\s/@?#\\]+([/?][^\s@#\\]*)?$(?!\n)"  # noqa: S105 - the form of an address
_TOKEN_URL = re.compile(_TOKEN_URL_PATTERN)
_ANNOTATION_PATTERN = r"^[^\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]*$"
_LABEL_KEY_PATTERN = r"^[A-Za-z0-9]([A-Za-z0-9._/-]{0,61}[A-Za-z0-9])?$"


def _check_annotation(text: str) -> str:
    if UNSAFE_CHARACTER.search(text.replace("\n", " ").replace("\t", " ")):
        raise PydanticCustomError("controlCharacter", "holds a control character")
    return text


def _check_token_url(text: str) -> str:
    if UNSAFE_CHARACTER.search(text):
        raise PydanticCustomError("controlCharacter", "holds a control character")
    if not _TOKEN_URL.match(text):
        raise PydanticCustomError(
            "invalidValue", "is not an address such as https://login.example.com/token, without user name or spaces"
        )
    return text


TokenUrl = Annotated[
    str,
    Field(max_length=2000),
    AfterValidator(_check_token_url),
    WithJsonSchema(
        {"type": "string", "pattern": _TOKEN_URL_PATTERN, "maxLength": 2000, "description": "An https address."}
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
            "description": "Any text, of several lines if need be.",
        }
    ),
]


class ServerMetadata(Value):
    """What a mail server is called."""

    name: Name = Field(description="Identity, unique over all kinds: a-z 0-9 . _ - , 1 to 63 characters.")
    title: Text | None = Field(None, description="What people call it; any text.")
    labels: dict[LabelKey, Text] = Field({}, description="Keys and values to select by: label:KEY=VALUE.")
    annotations: dict[LabelKey, Annotation] = Field(
        {}, description="Notes for people and other tools; not interpreted."
    )


class Metadata(ServerMetadata):
    """What an account is called, whose it is, and how its life is guarded."""

    owner: Text | None = Field(
        None, description="Who the account belongs to; an unshared account is shown to its owner."
    )
    previous_name: Name | None = Field(None, description="The name until now: rename instead of delete and create.")
    prevent_delete: bool = Field(
        default=False, description="Refuse to delete the account; remembered in state even without the manifest."
    )

    @model_validator(mode="after")
    def _check_rename(self) -> Metadata:
        if self.previous_name == self.name:
            raise PydanticCustomError("contradiction", "previousName is the name itself; remove previousName")
        return self


class ReplyTo(Value):
    """Where replies go; each half is optional."""

    email: Email | None = Field(None, description="The address that replies go to; absent: the sender's.")
    display_name: Text | None = Field(None, description="The name shown with the reply-to address.")


class OAuth2(Value):
    """How an access token is got: by refresh token, or by client credentials when there is none (RFC 6749)."""

    token_url: TokenUrl = Field(description="The token endpoint; https only, redirects are not followed.")
    client_id: Text = Field(description="The client's id at the identity provider.")
    client_secret: Secret | None = Field(None, description="The client's secret, by reference.")
    refresh_token: Secret | None = Field(
        None, description="The refresh token, by reference; absent: client credentials."
    )
    scope: Text | None = Field(None, description="The scope asked for, space-separated.")

    @model_validator(mode="after")
    def _check_grant(self) -> OAuth2:
        if self.refresh_token is None and self.client_secret is None:
            raise PydanticCustomError("missingField", "needs refreshToken or clientSecret")
        return self


class Authentication(Value):
    """How to log in. A mechanism with a password, or one with a token."""

    mechanism: Mechanism | None = Field(
        None, description="The SASL mechanism; auto (the default) takes the strongest offered."
    )
    username: Text | None = Field(None, description="The user name; {name} and {email} are filled in.")
    password: Secret | None = Field(None, description="The password, by reference.")
    access_token: Secret | None = Field(
        None, description="An OAuth2 access token, by reference; instead of a password."
    )
    oauth2: OAuth2 | None = Field(None, description="How to get an OAuth2 access token; instead of a password.")

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

    host: Host | None = Field(None, description="The server's host name or IP address.")
    port: Port | None = Field(None, description="The TCP port; by default 587 for starttls, 465 for tls, 25 for none.")
    encryption: Encryption | None = Field(
        None, description="starttls (the default), tls (implicit, RFC 8314) or none; never downgraded."
    )
    helo_name: Host | None = Field(None, description="The name given in EHLO; by default this machine's.")
    ca_file: Text | None = Field(
        None, description="PEM file of a private CA inside the project folder, added to the system's."
    )
    authentication: Authentication | None = Field(None, description="How to log in; absent: without login.")


class Smtp(ServerSmtp):
    """The server of an own account: its own settings, or those of a MailServer with some of its own."""

    server: Name | None = Field(None, description="The MailServer whose settings are taken; those given here win.")

    @model_validator(mode="after")
    def _check_has_server(self) -> Smtp:
        if self.host is None and self.server is None:
            raise PydanticCustomError("missingField", "needs host, or server with the name of a MailServer")
        return self


class Proxy(Value):
    """A proxy on the way to the mail server."""

    type: ProxyType = Field(description="socks5, socks4 or http (CONNECT).")
    host: Host = Field(description="The proxy's host name or IP address.")
    port: Port = Field(description="The proxy's TCP port.")
    username: Text | None = Field(None, description="The user name at the proxy.")
    password: Secret | None = Field(None, description="The password at the proxy, by reference.")
    remote_dns: bool = Field(default=True, description="The proxy resolves the mail host; false: this machine does.")

    @model_validator(mode="after")
    def _check_user(self) -> Proxy:
        if self.password is not None and self.username is None:
            raise PydanticCustomError("missingField", "has a password but no username")
        return self


OnProblem = Literal["fallback", "skip"]


class Override(Value):
    """Address and name taken from details of the contact's card."""

    email_detail: Text | None = Field(None, description="The detail whose value becomes the address.")
    display_name_detail: Text | None = Field(None, description="The detail whose value becomes the display name.")
    on_missing: OnProblem = Field(
        "fallback", description="A contact without the detail: fall back, or skip the contact."
    )
    on_invalid: OnProblem = Field("fallback", description="A contact with an unusable value: fall back, or skip.")
    pairing: Literal["perField", "together"] = Field(
        "perField", description="perField: each falls back on its own; together: both details or neither."
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

    email: Email = Field(description="The address that mail is sent from; bounces come back to it.")
    display_name: Text = Field(description="The name shown with the address.")
    reply_to: ReplyTo | None = Field(None, description="Where replies go; absent: the sending address.")
    shared: bool = Field(default=False, description="Visible to other users. Shapes views; it is no access control.")
    smtp: Smtp = Field(description="The server and how to log in.")
    proxy: Proxy | None = Field(None, description="The proxy on the way, if any.")


class MarketingAccountSpec(Value):
    """An account on the platform's own server, which the platform must accept."""

    email: Email = Field(description="The address that mail is sent from; it need not be a mailbox; bounces go to it.")
    display_name: Text = Field(description="The name shown with the address.")
    reply_to: ReplyTo | None = Field(None, description="Where replies go; absent: the sending address.")
    override_from: Override | None = Field(None, description="Take the sender from the contact's details.")
    override_to: Override | None = Field(None, description="Take the addressee from the contact's details.")


class MailServerSpec(ServerSmtp):
    """What several accounts share; any part of smtp, and proxy."""

    proxy: Proxy | None = Field(None, description="The proxy on the way, if any.")


class OwnAccount(Value):
    """A user's own mailbox, from which the organisation sends."""

    api_version: Literal["reconciler/v1"] = Field(description="The version of this format.")
    kind: Literal["OwnAccount"] = Field(description="An account of the user's own, reached over SMTP.")
    metadata: Metadata = Field(description="Name, owner, labels and protection.")
    spec: OwnAccountSpec = Field(description="The account's settings.")


class MarketingAccount(Value):
    """An account hosted on the platform's own mail server."""

    api_version: Literal["reconciler/v1"] = Field(description="The version of this format.")
    kind: Literal["MarketingAccount"] = Field(description="An account on the platform's server.")
    metadata: Metadata = Field(description="Name, owner, labels and protection.")
    spec: MarketingAccountSpec = Field(description="The account's settings.")


class MailServer(Value):
    """Settings that several own accounts share."""

    api_version: Literal["reconciler/v1"] = Field(description="The version of this format.")
    kind: Literal["MailServer"] = Field(description="Settings of a server, named by accounts under smtp.server.")
    metadata: ServerMetadata = Field(description="Name and labels.")
    spec: MailServerSpec = Field(description="The settings shared.")


Account = OwnAccount | MarketingAccount
Manifest = OwnAccount | MarketingAccount | MailServer
MODELS: dict[str, type[OwnAccount | MarketingAccount | MailServer]] = {
    "OwnAccount": OwnAccount,
    "MarketingAccount": MarketingAccount,
    "MailServer": MailServer,
}
