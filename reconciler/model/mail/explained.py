"""What to do about each decision of a resolution, and what a card reads like that leads to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reconciler.model.mail.resolution import ReasonCode

REASONS_EXPLAINED: dict[ReasonCode, tuple[str, str]] = {
    "accountValue": ("Nothing to do; an override in the manifest would take the place of it.", "from.email: sales@example.com"),
    "contactValue": ("Nothing to do; an override in the manifest would take the place of it.", "to.email: anna@example.net"),
    "contactUnnamed": ("Write a name into the card, if messages are to show one.", "email,name\nanna@example.net,"),
    "detailTaken": ("Nothing to do.", "overrideFrom: {emailDetail: agentEmail}     # the card: agentEmail bert@example.com"),
    "detailMissing": ("Fill the detail in the card; or decide by onMissing in the manifest what then happens.", "email,agentEmail\nanna@example.net,"),
    "detailInvalid": ("Correct the detail in the card; or decide by onInvalid in the manifest what then happens.", "email,agentEmail\nanna@example.net,bert at example.com"),
    "pairIncomplete": ("Fill both details, or write pairing: perField into the manifest.", "overrideFrom: {emailDetail: agentEmail, displayNameDetail: agentName, pairing: together}"),
    "contactEmailMissing": ("Write the address into the card.", "email,name\n,Anna"),
    "contactEmailInvalid": ("Correct the address in the card.", "email,name\nanna@,Anna"),
    "contactNameInvalid": ("Correct the name in the card: one line, without control characters.", 'email,name\nanna@example.net,"Anna<newline>Bcc: x"'),
    "replyToDeclared": ("Nothing to do.", "replyTo: {email: team@example.com}"),
    "replyToNameOnly": ("Nothing to do; replyTo.email would send replies elsewhere.", "replyTo: {displayName: Team}"),
    "replyToSender": ("Nothing to do; replyTo in the manifest would send replies elsewhere.", "spec: {email: news@example.com, displayName: News}"),
    "unaligned": ("Have the platform sign (DKIM) for that domain, or use a sender of the account's domain.", "overrideFrom: {emailDetail: agentEmail}     # the card: agentEmail bert@example.org"),
    "addresseeOverridden": ("Look whether that is meant: overrideTo sends to the address in the detail.", "overrideTo: {emailDetail: assistantEmail}"),
    "mixedIdentity": ("Fill both details, or write pairing: together into the manifest.", "email,agentEmail,agentName\nanna@example.net,bert@example.com,"),
    "needsSmtputf8": ("Have a server that offers SMTPUTF8, or use an address in ASCII.", "email: żółw@example.com"),
}  # fmt: skip
"""By code: what to do, and an example. A test holds that none is missing."""
