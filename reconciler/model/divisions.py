"""What divided projects declare: scopes of folders, exceptions to guards, environments. Few do, so it is imported for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from reconciler.model.base import Value
from reconciler.model.fieldrules import Ruled, exactly_one, given, needs
from reconciler.model.grants import Secrets
from reconciler.model.later import later
from reconciler.model.platform import Operator, Platform
from reconciler.model.secrets.references import SecretGlob
from reconciler.model.text.dates import Date
from reconciler.model.text.types import ConsumerName, Globs, Text
from reconciler.model.verification.depths import Depth

if TYPE_CHECKING:
    from reconciler.model.consumers.settings import Consumer
else:
    Consumer = later("reconciler.model.consumers.settings", "Consumer")

_DEPTH_WORDS = "depth goes with verification, and verification needs depth"


class GuardException(Ruled):
    """An exception to a guard, with an end and a reason, so that a pull request can carry it."""

    delete: Globs | None = Field(None, description="Globs of the accounts whose deletion is meant, such as old-*.")
    verification: Globs | None = Field(
        None, description="Globs of the accounts that need to be verified only as far as depth says."
    )
    depth: Depth | None = Field(None, description="How far these accounts must be verified; it goes with verification.")
    scope: Globs | None = Field(
        None, description="Globs of the accounts that may move to a folder whose manifests may name other secrets."
    )
    until: Date = Field(description="The last day on which the exception holds, in UTC, such as 2027-01-31.")
    reason: Text = Field(description="Why the exception is made, for those who review it.")

    rules = (
        exactly_one("delete", "verification", "scope", words="needs exactly one of delete, verification and scope"),
        needs("depth", when=given("verification"), words=_DEPTH_WORDS, code="contradiction"),
        needs("verification", when=given("depth"), words=_DEPTH_WORDS, code="contradiction"),
    )


class Scope(Value):
    """What the manifests of a folder may declare; what a scope does not speak of is free."""

    manifests: Text = Field(
        description="A glob over the manifests that are held to this scope, by path from the project folder, such as accounts.d/sales/**."
    )
    senders: Annotated[tuple[Text, ...], Field(strict=False)] | None = Field(
        None, description="Globs over the addresses that may be sent from, such as *@sales.example.com; by default any."
    )
    servers: Annotated[tuple[Text, ...], Field(strict=False)] | None = Field(
        None,
        description="The servers that may be used: names of MailServers from other folders, or host: and a host, such as host:smtp.example.com; by default any.",
    )
    secrets: Annotated[tuple[SecretGlob, ...], Field(strict=False)] | None = Field(
        None,
        description="Globs over the secrets that may be named, such as env:SMTP_SALES_*; by default what secrets.allow covers. It allows nothing that secrets.allow does not.",
    )
    owner_required: bool = Field(
        default=False, description="Whether each account must have metadata.owner; by default false."
    )


class Environment(Value):
    """What one environment has in place of the project's: all share the manifests."""

    state: Text = Field(
        description="Where this environment's state is, as state of the project says it; no two environments share one."
    )
    adopted: bool = Field(
        default=False,
        description="Whether the state was made before the project had environments, and goes on as this one's; by default false.",
    )
    overlay: Text | None = Field(
        None,
        description="The folder of the documents that change manifests here, relative to the project folder, such as overlays/staging.",
    )
    operator: Operator | None = Field(None, description="Who receives test messages here; by default the project's.")
    platform: Platform | None = Field(
        None, description="The platform of marketing accounts here, in place of the project's as a whole."
    )
    secrets: Secrets | None = Field(
        None, description="Rules for secrets here; each field that is written stands in place of the project's."
    )
    consumers: dict[ConsumerName, Consumer] = Field(
        {}, description="Programs that use what is applied here, by name; the project itself then has none."
    )
