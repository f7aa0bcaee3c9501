"""What a contact would see of a message: who it comes from, whom it is for, where replies go, and why.

These are made for each contact of a file of any length and never read from one, so making them checks nothing.
"""

from __future__ import annotations

from functools import cached_property, lru_cache
from typing import Annotated, ClassVar, Literal, get_args

from pydantic import ConfigDict, Field

from reconciler.classes import dataclass
from reconciler.diagnostics import Diagnostic
from reconciler.model.base import SLOTTED, Value

ReasonField = Literal[
    "contact", "from", "from.email", "from.displayName", "to", "to.email", "to.displayName", "replyTo"
]
ReasonCode = Literal[
    "accountValue",
    "contactValue",
    "contactUnnamed",
    "detailTaken",
    "detailMissing",
    "detailInvalid",
    "pairIncomplete",
    "contactEmailMissing",
    "contactEmailInvalid",
    "contactNameInvalid",
    "replyToDeclared",
    "replyToNameOnly",
    "replyToSender",
    "unaligned",
    "addresseeOverridden",
    "mixedIdentity",
    "needsSmtputf8",
]

REASON_CODES: dict[ReasonCode, str] = {
    "accountValue": "No override is declared for the field, so it is the account's own value.",
    "contactValue": "No override is declared for the field, so it is the contact's own value.",
    "contactUnnamed": "The contact's card has no name, so the address stands alone.",
    "detailTaken": "The value is that of the contact's detail.",
    "detailMissing": "The contact has no such detail, or a blank one.",
    "detailInvalid": "The detail's value cannot be used.",
    "pairIncomplete": "The detail could be used, but its other half could not, and pairing is together.",
    "contactEmailMissing": "The contact's card has no e-mail address, so nothing is sent.",
    "contactEmailInvalid": "The contact's own e-mail is not one address, so nothing is sent.",
    "contactNameInvalid": "The contact's own name cannot be used, so the address stands alone.",
    "replyToDeclared": "Replies go to the account's reply-to address.",
    "replyToNameOnly": "Replies go to the From address under the account's reply-to name.",
    "replyToSender": "The account declares no reply-to, so replies go to the From address.",
    "unaligned": "From is outside the account's domain: only a DKIM signature of that other domain can pass DMARC.",
    "addresseeOverridden": "The message goes to another address than the contact's own.",
    "mixedIdentity": "One half fell back, so an address and a name of two different senders or addressees are combined.",
    "needsSmtputf8": "An address is not ASCII before the @, so the server must offer SMTPUTF8 (RFC 6531).",
}
"""What each code means; the schema and the reference show it."""

_UNUSED_DETAIL: frozenset[ReasonCode] = frozenset({"detailMissing", "detailInvalid", "pairIncomplete"})
_INVALID: frozenset[ReasonCode] = frozenset(
    {"detailInvalid", "contactEmailMissing", "contactEmailInvalid", "contactNameInvalid"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailbox:
    """An address and the name shown with it."""

    __pydantic_config__: ClassVar[ConfigDict] = SLOTTED

    email: Annotated[str, Field(description="The address, its domain as A-labels.")]
    display_name: Annotated[
        str | None, Field(description="The name shown with it; null: the address stands alone.")
    ] = None

    def __hash__(self) -> int:
        """Return that of the address: what is derived of a mailbox is looked up for each contact."""
        return hash(self.email)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why a field is what it is, or what is to be known about it."""

    __pydantic_config__: ClassVar[ConfigDict] = SLOTTED

    field: Annotated[ReasonField, Field(description="The field concerned; contact: the card as a whole.")]
    code: Annotated[
        ReasonCode,
        Field(
            description="What was decided or noticed. "
            + " ".join(f"{code}: {meaning}" for code, meaning in REASON_CODES.items())
        ),
    ]
    message: Annotated[str, Field(description="The same in a sentence, with names.")]

    def __hash__(self) -> int:
        """Return that of the sentence, which a text keeps: reasons are looked up for each contact."""
        return hash(self.message)


class Reasons(tuple[Reason, ...]):  # noqa: SLOT001 - it keeps its hash
    """Reasons that many contacts have in common: their hash is found out once, since each contact has it looked up."""

    @cached_property
    def _hash(self) -> int:
        return super().__hash__()

    def __hash__(self) -> int:
        """Return that of the tuple."""
        return self._hash


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution:
    """One contact's envelope and governed headers, or why there is no message."""

    __pydantic_config__: ClassVar[ConfigDict] = SLOTTED

    contact: Annotated[str, Field(description="The contact's e-mail as the file has it, cut to 320 characters.")]
    line: Annotated[int | None, Field(description="The line of the file that the contact begins on, from 1.")] = None
    outcome: Annotated[Literal["send", "skip"], Field(description="skip: nothing is sent to this contact.")]
    envelope_from: Annotated[str, Field(description="Where bounces go: always the account's own e-mail.")]
    author: Annotated[Mailbox | None, Field(alias="from", description="The From header; null where nothing is sent.")]
    sender: Annotated[
        Mailbox | None,
        Field(description="The Sender header: the account, where From is another address; else null."),
    ] = None
    to: Annotated[Mailbox | None, Field(description="The To header, and who is mailed; null where nothing is sent.")]
    reply_to: Annotated[Mailbox | None, Field(description="Where replies go; null where nothing is sent.")]
    further_replies: Annotated[
        tuple[Mailbox, ...],
        Field(
            strict=False,
            exclude_if=lambda further: not further,
            description="Where replies go beside replyTo, where the account declares several; absent where it does not.",
        ),
    ] = ()
    needs_smtputf8: Annotated[
        bool, Field(description="The message can be sent through a server that offers SMTPUTF8 only.")
    ] = False
    reasons: Annotated[
        tuple[Reason, ...],
        Field(
            strict=False,
            description="Why each field is what it is, in the order from, to, replyTo; then what is to be known.",
        ),
    ]

    @property
    def replies(self) -> tuple[Mailbox, ...]:
        """All that replies go to, in the order declared; nothing where nothing is sent."""
        return () if self.reply_to is None else (self.reply_to, *self.further_replies)

    @property
    def counted_as(self) -> tuple[str, ...]:
        """The counts of ``ResolutionSummary`` that the contact is one of; a skipped one counts as invalid at most."""
        return _counted_as(self.outcome, self.reasons)


@lru_cache(maxsize=256)
def _counted_as(outcome: Literal["send", "skip"], reasons: tuple[Reason, ...]) -> tuple[str, ...]:
    codes = {reason.code for reason in reasons}
    counts: list[str] = [outcome]
    if outcome == "send":
        if any(each.code == "detailTaken" and each.field.startswith("from") for each in reasons):
            counts.append("overridden")
        if not codes.isdisjoint(_UNUSED_DETAIL):
            counts.append("fallback")
        if "unaligned" in codes:
            counts.append("unaligned")
    if not codes.isdisjoint(_INVALID):
        counts.append("invalid")
    return tuple(counts)


class ResolutionSummary(Value):
    """How many contacts of the file it was. A contact can be counted under several."""

    send: int = Field(description="Contacts that a message would go to.")
    skip: int = Field(description="Contacts that no message would go to.")
    overridden: int = Field(description="Of those sent: with a From that is at least partly the contact's own.")
    fallback: int = Field(description="Of those sent: with a declared detail that was missing or could not be used.")
    invalid: int = Field(description="Contacts with a value that cannot be used, sent or skipped.")
    unaligned: int = Field(description="Of those sent: with a From outside the account's domain.")
    broken: int = Field(description="Lines of the file that could not be read; they are no contacts.")


class ResolutionDocument(Value):
    """What ``resolve --format json`` prints, the contacts in the order of the file."""

    format_version: str = Field(description="A minor adds; an unknown major is refused.")
    account: str = Field(description="The account's name.")
    contacts: tuple[Resolution, ...] = Field(description="The contacts, in the order of the file.")
    summary: ResolutionSummary = Field(description="The counts.")
    diagnostics: tuple[Diagnostic, ...] = Field(
        description="Lines that could not be read (the first 100), and what else is to be known."
    )


assert set(REASON_CODES) == set(get_args(ReasonCode))  # noqa: S101 - a code without its meaning must not load
