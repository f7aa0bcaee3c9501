"""The documents of ``accounts.d``: OwnAccount, MarketingAccount and MailServer, as written."""

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import AfterValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from reconciler.characters import REFUSED_CHARACTER, REFUSED_IN_SCHEMAS
from reconciler.model.accounts.server import ServerSmtp, Smtp
from reconciler.model.base import Value
from reconciler.model.fieldrules import Rule, Ruled, is_one_of, needs, needs_one
from reconciler.model.later import later
from reconciler.model.text.types import Email, Name, Text

if TYPE_CHECKING:
    from reconciler.model.accounts.passage import Proxy
else:
    Proxy = later("reconciler.model.accounts.passage", "Proxy")

API_VERSION = "reconciler/v1"
_ANNOTATION_PATTERN = "^[^" + REFUSED_IN_SCHEMAS.replace(r"\u0000-", r"\u0000-\u0008\u000b-", 1) + "]*$"
_LABEL_KEY_PATTERN = r"^[A-Za-z0-9]([A-Za-z0-9._/-]{0,61}[A-Za-z0-9])?$"


def _check_annotation(text: str) -> str:
    if REFUSED_CHARACTER.search(text.replace("\n", " ").replace("\t", " ")):
        raise PydanticCustomError("controlCharacter", "holds an invisible or control character")
    return text


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
        default_factory=dict,
        json_schema_extra={"default": {}},
        description="Keys and values to choose accounts by: team: sales is chosen by label:team=sales.",
    )
    annotations: dict[LabelKey, Annotation] = Field(
        default_factory=dict,
        json_schema_extra={"default": {}},
        description="Notes for people and other tools, by key, such as a link to a runbook. They are not interpreted.",
    )


class Metadata(ServerMetadata, Ruled):
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

    rules = (
        Rule(
            code="contradiction",
            words="previousName is the name itself; remove previousName",
            holds=lambda metadata: metadata.previous_name != metadata.name,
        ),
    )


class ReplyTo(Value, defer_build=False):
    """Where replies go; each half is optional."""

    email: Email | None = Field(
        None, description="The address that replies go to, such as help@example.com; by default the sender's."
    )
    display_name: Text | None = Field(None, description="The name shown with the address that replies go to.")


class ListedReplyTo(Value, defer_build=False):
    """One of several addresses that replies go to."""

    email: Email = Field(description="An address that replies go to, such as help@example.com.")
    display_name: Text | None = Field(None, description="The name shown with the address that replies go to.")


ReplyToList = Annotated[tuple[ListedReplyTo, ...], Field(strict=False, min_length=1, max_length=20)]
"""Several addresses that replies go to, all of them (RFC 5322 section 3.6.2)."""
OnProblem = Literal["fallback", "skip"]


class Override(Ruled, defer_build=False):
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

    rules = (
        needs_one("email_detail", "display_name_detail", words="needs emailDetail or displayNameDetail"),
        needs(
            "email_detail",
            "display_name_detail",
            when=is_one_of("pairing", "together"),
            words="pairing: together needs both emailDetail and displayNameDetail",
            code="contradiction",
        ),
    )


class OwnAccountSpec(Value, defer_build=False):
    """The user's own mailbox, reached over SMTP."""

    email: Email = Field(
        description="The address that mail is sent from, such as sales@example.com. Bounces come back to it."
    )
    display_name: Text = Field(description="The name that recipients see with the address, such as Example Sales.")
    reply_to: ReplyTo | ReplyToList | None = Field(
        None,
        description="Where replies go, one address or a list of them; by default to the address that mail is sent from.",
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


class MarketingAccountSpec(Value, defer_build=False):
    """An account on the platform's own server, which the platform must accept."""

    email: Email = Field(
        description="The address that mail is sent from, such as news@example.com. Bounces go to it, though it need not be a mailbox."
    )
    display_name: Text = Field(description="The name that recipients see with the address, such as Example Sales.")
    reply_to: ReplyTo | ReplyToList | None = Field(
        None,
        description="Where replies go, one address or a list of them; by default to the address that mail is sent from.",
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
AccountWithServer = OwnAccount
"""The accounts whose manifest names a server: those of the kinds that do not send through the platform."""
Manifest = OwnAccount | MarketingAccount | MailServer
MODELS: dict[str, type[OwnAccount | MarketingAccount | MailServer]] = {
    "OwnAccount": OwnAccount,
    "MarketingAccount": MarketingAccount,
    "MailServer": MailServer,
}
