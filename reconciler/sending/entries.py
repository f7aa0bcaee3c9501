"""One contact of a run: the outcome that is known before anything is sent, and what became of the message."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.classes import dataclass
from reconciler.model.mail.contacts import BrokenLine, Contact
from reconciler.model.mail.resolution import Resolution

if TYPE_CHECKING:
    from reconciler.envelope import Resolver
    from reconciler.model.mail.sending import Outcome

_NO_CONTACT = frozenset({"contactEmailMissing", "contactEmailInvalid"})

Card = Contact | BrokenLine
"""An entry of the contacts file as it was read."""

Entry = Resolution | BrokenLine
"""A card with its contact resolved."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a contact: the fields of its record."""

    outcome: Outcome
    code: str | None = None
    words: str | None = None
    queue_id: str | None = None


def verdict_without_message(entry: Entry) -> Verdict | None:
    """Return the outcome of an entry that gets no message; None for an entry that gets one."""
    if isinstance(entry, BrokenLine):
        return Verdict("invalid", code="contactUnreadable", words=entry.reason)
    if entry.outcome == "send":
        return None
    reason = entry.reasons[0]
    return Verdict("invalid" if reason.code in _NO_CONTACT else "skipped", code=reason.code, words=reason.message)


def entry_of(card: Card, resolver: Resolver) -> Entry:
    """Return the card with its contact resolved for the account."""
    return card if isinstance(card, BrokenLine) else resolver.resolve(card)


def line_of(entry: Card | Entry) -> int:
    """Return the line of the file on which the entry begins; raise ``ValueError`` where it has none."""
    if entry.line is None:
        raise ValueError("contacts are told apart by their line, and this one has none")
    return entry.line


def contact_of(entry: Entry) -> str:
    """Return the contact's address as the file has it; empty for a line that could not be read."""
    return "" if isinstance(entry, BrokenLine) else entry.contact
