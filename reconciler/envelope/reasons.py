"""The sentence for each decision. Codes and their meanings are in ``model/mail/resolution``.

A sentence names details, which the account's manifest chose, and never repeats a value of a card; of one that cannot be
used it says what to write in its place.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Literal

from reconciler.model.mail.resolution import Reason

if TYPE_CHECKING:
    from reconciler.model.accounts.manifest import OnProblem
    from reconciler.model.mail.resolution import ReasonField

HalfName = Literal["email", "displayName"]
PartyName = Literal["from", "to"]
Where = tuple[PartyName, HalfName]

_FIELDS: dict[Where, ReasonField] = {
    ("from", "email"): "from.email",
    ("from", "displayName"): "from.displayName",
    ("to", "email"): "to.email",
    ("to", "displayName"): "to.displayName",
}
_HALVES: dict[HalfName, str] = {"email": "address", "displayName": "name"}
_OWNERS: dict[PartyName, str] = {"from": "account", "to": "contact"}

_kept = lru_cache(maxsize=64)
"""The same few sentences come again for each contact of a file."""


_CURES: dict[HalfName, str] = {
    "email": "one address and nothing beside it, as in {field}: anna@example.com",
    "displayName": "a name of at most 200 characters without an address, as in {field}: Anna Example",
}


def _cure(half: HalfName, field: str) -> str:
    """Return what to write into the card."""
    return f"Write into the card {_CURES[half].format(field=field)}"


def _consequence(where: Where, policy: OnProblem) -> str:
    party, half = where
    if policy == "skip":
        return "the contact is skipped"
    return f"the {_OWNERS[party]}'s own {_HALVES[half]} is used"


@_kept
def own_value(party: PartyName, half: HalfName) -> Reason:
    """Say that no override is declared for the half.

    >>> own_value("to", "displayName").message
    "The contact's own name: no override is declared for it."
    """
    code: Literal["accountValue", "contactValue"] = "accountValue" if party == "from" else "contactValue"
    message = f"The {_OWNERS[party]}'s own {_HALVES[half]}: no override is declared for it."
    return Reason(field=_FIELDS[party, half], code=code, message=message)


@_kept
def contact_unnamed() -> Reason:
    """Say that the card has no name.

    >>> contact_unnamed().field, contact_unnamed().code
    ('to.displayName', 'contactUnnamed')
    """
    message = "The address stands alone: the contact has no name."
    return Reason(field="to.displayName", code="contactUnnamed", message=message)


@_kept
def detail_taken(where: Where, detail: str) -> Reason:
    """Say that the detail's value is used.

    >>> detail_taken(("from", "email"), "keeper").message
    'Taken from the detail keeper.'
    """
    return Reason(field=_FIELDS[where], code="detailTaken", message=f"Taken from the detail {detail}.")


@_kept
def detail_missing(where: Where, detail: str, *, policy: OnProblem) -> Reason:
    """Say that the contact lacks the detail, or it is blank.

    >>> detail_missing(("from", "email"), "keeper", policy="fallback").message
    "The detail keeper is missing or blank, so the account's own address is used."
    >>> detail_missing(("from", "email"), "keeper", policy="skip").message
    'The detail keeper is missing or blank, so the contact is skipped.'
    """
    message = f"The detail {detail} is missing or blank, so {_consequence(where, policy)}."
    return Reason(field=_FIELDS[where], code="detailMissing", message=message)


def detail_invalid(where: Where, detail: str, refusal: ValueError, *, policy: OnProblem) -> Reason:
    """Say that the detail's value cannot be used.

    >>> detail_invalid(("to", "email"), "office", ValueError("it has no @"), policy="skip").message.partition(" Wr")[0]
    'The detail office is not one e-mail address: it has no @. So the contact is skipped.'
    """
    kind = "one e-mail address" if where[1] == "email" else "a usable name"
    message = (
        f"The detail {detail} is not {kind}: {refusal}. So {_consequence(where, policy)}. {_cure(where[1], detail)}"
    )
    return Reason(field=_FIELDS[where], code="detailInvalid", message=message)


@_kept
def pair_incomplete(where: Where, detail: str | None) -> Reason:
    """Say that the detail could be used, the other of the pair could not.

    >>> pair_incomplete(("from", "displayName"), "keeperName").message.partition(". ")[2]
    "So the account's own name is used."
    """
    message = (
        f"The detail {detail} is left out: the other of the pair cannot be used, and pairing is together. "
        f"So {_consequence(where, 'fallback')}."
    )
    return Reason(field=_FIELDS[where], code="pairIncomplete", message=message)


@_kept
def contact_email_missing() -> Reason:
    """Say that the card has no address.

    >>> contact_email_missing().message.partition(". ")[0]
    'The contact has no e-mail address, so nothing is sent'
    """
    message = f"The contact has no e-mail address, so nothing is sent. {_cure('email', 'email')}"
    return Reason(field="contact", code="contactEmailMissing", message=message)


def contact_email_invalid(refusal: ValueError) -> Reason:
    """Say that the card's address cannot be used.

    >>> contact_email_invalid(ValueError("it has no @")).message.partition(" Write ")[0]
    "The contact's e-mail is not one e-mail address: it has no @. So nothing is sent."
    """
    message = (
        f"The contact's e-mail is not one e-mail address: {refusal}. So nothing is sent. {_cure('email', 'email')}"
    )
    return Reason(field="contact", code="contactEmailInvalid", message=message)


def contact_name_invalid(refusal: ValueError) -> Reason:
    """Say that the card's name cannot be used.

    >>> contact_name_invalid(ValueError("it holds nothing that shows")).message.partition(" Write ")[0]
    "The contact's own name cannot be used: it holds nothing that shows. So the address stands alone."
    """
    message = (
        f"The contact's own name cannot be used: {refusal}. So the address stands alone. {_cure('displayName', 'name')}"
    )
    return Reason(field="to.displayName", code="contactNameInvalid", message=message)


@_kept
def reply_to_declared() -> Reason:
    """Say that the account declares where replies go.

    >>> reply_to_declared().message
    "The account's reply-to address."
    """
    return Reason(field="replyTo", code="replyToDeclared", message="The account's reply-to address.")


@_kept
def reply_to_name_only() -> Reason:
    """Say that the account declares a name for replies and no address.

    >>> reply_to_name_only().message
    "The From address under the account's reply-to name: the account declares no reply-to address."
    """
    message = "The From address under the account's reply-to name: the account declares no reply-to address."
    return Reason(field="replyTo", code="replyToNameOnly", message=message)


@_kept
def reply_to_sender() -> Reason:
    """Say that the account declares no reply-to.

    >>> reply_to_sender().message
    'Replies go to the From address: the account declares no reply-to.'
    """
    message = "Replies go to the From address: the account declares no reply-to."
    return Reason(field="replyTo", code="replyToSender", message=message)


def unaligned(address: str, own: str) -> Reason:
    """Say that From is outside the account's domain.

    >>> unaligned("anna@news.example.org", own="sales@example.com").message.partition(". ")[0]
    'news.example.org is neither example.com nor below it'
    """
    domain, own_domain = address.rpartition("@")[2], own.rpartition("@")[2]
    message = (
        f"{domain} is neither {own_domain} nor below it. SPF follows the account's address, so DMARC passes only if "
        f"the message carries a DKIM signature of {domain}; without one it may be refused or taken for spam."
    )
    return Reason(field="from.email", code="unaligned", message=message)


def addressee_overridden(address: str) -> Reason:
    """Say that somebody else than the contact's own address is mailed.

    >>> addressee_overridden("office@example.com").message
    "The message goes to office@example.com, not to the contact's own address."
    """
    message = f"The message goes to {address}, not to the contact's own address."
    return Reason(field="to.email", code="addresseeOverridden", message=message)


@_kept
def mixed_identity(party: PartyName, *, is_name_own: bool) -> Reason:
    """Say that one half fell back and the other did not.

    >>> mixed_identity("from", is_name_own=True).message.partition(". ")[0]
    "One half fell back, which combines the detail's address with the account's name"
    """
    own = _OWNERS[party]
    combined = (
        f"the detail's address with the {own}'s name" if is_name_own else f"the detail's name with the {own}'s address"
    )
    message = f"One half fell back, which combines {combined}. Declare pairing: together to have both or neither."
    return Reason(field=party, code="mixedIdentity", message=message)


@_kept
def needs_smtputf8() -> Reason:
    """Say that an address is not ASCII before the @.

    >>> needs_smtputf8().code
    'needsSmtputf8'
    """
    message = "An address is not ASCII before the @, so only a server that offers SMTPUTF8 can take the message."
    return Reason(field="contact", code="needsSmtputf8", message=message)
