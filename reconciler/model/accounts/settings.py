"""``Settings`` and ``ResolvedMetadata``: an account's canonical document, typed; what decides is decided by these.

The document itself stays for state, differences and digests. Texts are taken as they are recorded: earlier versions may
have let in what a manifest may no longer say, and a text that is read must not change.
"""

from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, Self

from pydantic import Field

from reconciler.model.secrets.routes import SecretRoute, routes_of
from reconciler.model.servers.server import Proxy, Resolved, Server

Document = dict[str, Any]
"""An account as JSON: ``{"metadata": {…}, "spec": {…}}``, see ``desired``."""


class ResolvedReplyTo(Resolved):
    """Where replies go; each half is optional."""

    email: str | None = Field(None, description="The address; null: the sender's.")
    display_name: str | None = Field(None, description="The name shown with it.")


_NO_REPLIES = ResolvedReplyTo()


class ResolvedOverride(Resolved):
    """Which details of a contact's card take the place of an address and a name."""

    email_detail: str | None = Field(None, description="The detail whose value becomes the address.")
    display_name_detail: str | None = Field(None, description="The detail whose value becomes the name.")
    on_missing: Literal["fallback", "skip"] = Field("fallback", description="What happens where a detail is missing.")
    on_invalid: Literal["fallback", "skip"] = Field("fallback", description="What happens where it cannot be used.")
    pairing: Literal["perField", "together"] = Field("perField", description="Whether the halves fall back together.")


class Settings(Resolved):
    """What an account says of its sender and its server."""

    email: str = Field(description="The address that mail is sent from, its domain as A-labels.")
    display_name: str = Field(description="The name that recipients see.")
    reply_to: ResolvedReplyTo | list[ResolvedReplyTo] = Field(
        _NO_REPLIES, description="Where replies go; a list where they go to several addresses."
    )
    shared: bool = Field(default=False, description="Whether other users see the account.")
    smtp: Server | None = Field(
        None, description="The server, without the proxy; null for what sends through the platform."
    )
    proxy: Proxy | None = Field(None, description="The proxy on the way to the server.")
    override_from: ResolvedOverride | None = Field(None, description="What takes the sender's place.")
    override_to: ResolvedOverride | None = Field(None, description="What takes the addressee's place.")

    @property
    def replies(self) -> tuple[ResolvedReplyTo, ...]:
        """Where replies go, each address by itself; nothing where none is declared."""
        declared = self.reply_to if isinstance(self.reply_to, list) else [self.reply_to]
        return tuple(each for each in declared if each is not _NO_REPLIES and each != _NO_REPLIES)

    @property
    def reply_addresses(self) -> tuple[str, ...]:
        """The addresses that replies go to; nothing where it is the sender's."""
        return tuple(each.email for each in self.replies if each.email is not None)

    @cached_property
    def server(self) -> Server | None:
        """The server of the account's own, with the proxy on the way; None for what sends through the platform."""
        if self.smtp is None or self.proxy is None:
            return self.smtp
        return self.smtp.model_copy(update={"proxy": self.proxy})

    @property
    def own_server(self) -> Server:
        """The same, of an account that has one; ``ValueError`` for others."""
        if self.server is None:
            raise ValueError("the account names no server of its own")
        return self.server

    def parts(self, names: tuple[str, ...]) -> Document:
        """Return those of the named parts that there are, as the document has them: what a digest covers."""
        document = self.to_document()
        return {name: document[name] for name in names if name in document}


class ResolvedMetadata(Resolved):
    """What an account is called, whose it is, and how its life is guarded; its name stands beside the document."""

    title: str = Field("", description="A longer name for people; empty: none.")
    owner: str | None = Field(None, description="Who it belongs to.")
    labels: dict[str, str] = Field(default_factory=dict, description="What it is chosen by.")
    annotations: dict[str, str] = Field(default_factory=dict, description="Notes for people and other tools.")
    prevent_delete: bool = Field(default=False, description="Whether plans that would delete it are refused.")


_READ_PARTS = ("metadata", "settings")


class Documented:
    """What is read from an account's document, whether it is desired, recorded or in a saved plan."""

    if TYPE_CHECKING:

        @property
        def document(self) -> Document:
            """The document."""

        @property
        def ca_digest(self) -> str | None:
            """SHA-256 of the private CA; None where none is named."""

    @property
    def spec(self) -> Document:
        """The resolved settings as JSON."""
        return self.document["spec"]  # type: ignore[no-any-return]

    @cached_property
    def metadata(self) -> ResolvedMetadata:
        """Title, owner, labels, annotations, protection."""
        return ResolvedMetadata.model_validate(self.document["metadata"])

    @cached_property
    def settings(self) -> Settings:
        """The resolved settings."""
        return Settings.model_validate(self.document["spec"])

    def with_parts_of(self, other: "Documented") -> Self:
        """Take what the other has read of the same document already, and return the account."""
        read = {name: other.__dict__[name] for name in _READ_PARTS if name in other.__dict__}
        self.__dict__.update(read)  # where ``cached_property`` keeps them
        return self

    def with_server(self, server: Server) -> Self:
        """Take the server that the document was made with, as one that need not be read from it, and return the account."""
        if server.proxy is None:  # the settings have the proxy beside the server
            self.__dict__["settings"] = Settings.model_validate({**self.spec, "smtp": server})
        return self

    @cached_property
    def secret_routes(self) -> tuple[SecretRoute, ...]:
        """Every secret and where it travels, without fingerprints."""
        return routes_of(self.settings.server, self.ca_digest)
