"""``Sender``: an account as a consumer gets it, and ``Candidate``: an account that a consumer may be given."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING

from pydantic import Field

from reconciler.classes import FrozenByName
from reconciler.model.accounts.kinds import KindWord
from reconciler.model.base import Value
from reconciler.model.servers.terms import Encryption, Mechanism

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.model.accounts.desired import DesiredAccount
    from reconciler.model.accounts.kinds import Kind
    from reconciler.model.accounts.recorded import RecordedAccount
    from reconciler.model.accounts.statuses import Status
    from reconciler.model.servers.server import Server


class ReplyAddress(Value):
    """Where replies go; each half is optional."""

    email: str | None = Field(None, description="The address; null: the sender's.")
    display_name: str | None = Field(None, description="The name shown with it.")


class Sender(Value):
    """An account with all that a program needs to send with it, but for the secret itself."""

    name: str = Field(description="The account's name.")
    kind: KindWord = Field(description="own, or marketing: then server and login are the platform's.")
    email: str = Field(description="The address that mail is sent from, its domain as A-labels.")
    display_name: str = Field(description="The name that recipients see.")
    reply_to: tuple[ReplyAddress, ...] = Field((), description="Where replies go; nothing: to the sender.")
    host: str = Field(description="The mail server's host.")
    port: int = Field(description="Its port.")
    encryption: Encryption = Field(description="starttls, tls (from the first byte) or none; never downgraded.")
    mechanism: Mechanism = Field("auto", description="The SASL mechanism; auto: the strongest that the server offers.")
    username: str | None = Field(None, description="The user name; null: there is no login.")
    secret: str | None = Field(None, description="The reference of the password, SOURCE:KEY; null: there is none.")
    token: bool = Field(default=False, description="The login is with an access token (OAuth2).")
    proxy: str | None = Field(None, description="The proxy on the way, as type://user@host:port.")
    certificate: str | None = Field(None, description="The only certificate that is accepted, as sha256:HEX.")
    client_certificate: bool = Field(default=False, description="It shows a certificate of its own to the server.")
    helo_name: str | None = Field(None, description="The name given in EHLO.")
    ca_digest: str | None = Field(None, description="SHA-256 of the private CA.")
    ca: str | None = Field(None, description="The private CA, PEM; null where none is named, or state has not kept it.")
    through_platform: bool = Field(default=False, exclude=True, description="Server and login are the platform's.")
    held: bool = Field(default=False, description="The account is suspended, and what it sends is to be held.")

    @property
    def place(self) -> str:
        """Host and port as Postfix writes them: ``[smtp.example.com]:587``."""
        return f"[{self.host}]:{self.port}"


class Candidate(FrozenByName):
    """An account as state has it, or as a plan would have it recorded."""

    account: DesiredAccount | RecordedAccount
    status: Status
    manifest: str
    """The file that vouches for it; empty where that is unknown."""
    server: Server | None
    """The server it sends through, the platform's for a marketing account; None where the platform has none."""
    ca_digest: str | None = None
    ca_pem: str | None = None
    fingerprints: Mapping[str, str] = field(default_factory=dict)
    """Of its secrets by reference, as recorded: what a consumer's secret is compared with."""

    @property
    def name(self) -> str:
        """The account's name."""
        return self.account.name

    @property
    def kind(self) -> Kind:
        """Its kind."""
        return self.account.kind
