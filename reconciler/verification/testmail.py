"""The test message: from the account's own address to the operator, saying what it tests. RFC 5322, 2047, 3834.

Names come from manifests and may be made to inject headers: an encoded-word in a name would be decoded into a line
break by some writers (CVE-2024-6923). So mailboxes are written by ``envelope`` alone, and the finished message is read
back and must say what was meant.
"""

from __future__ import annotations

import email
import email.policy
from email.quoprimime import body_encode
from email.utils import format_datetime
from typing import TYPE_CHECKING

from reconciler.characters import UNSAFE_CHARACTER
from reconciler.envelope import mailboxes_value, require_faithful
from reconciler.model.mail.resolution import Mailbox
from reconciler.model.text.domains import address_domain, address_to_ascii

if TYPE_CHECKING:
    from datetime import datetime
    from email.message import EmailMessage

    from reconciler.model.verification.context import TestContext
    from reconciler.verification.target import Sender

_MAX_NAME = 200
_MOST_LISTED = 1000


def make_test_message(sender: Sender, recipient: str, *, context: TestContext, at: datetime, message_id: str) -> bytes:
    """Return the whole message with CR LF line ends, ASCII but for addresses that are not.

    ``message_id`` is the part before the @ of Message-ID; the domain is the sender's. Raise ``ValueError`` where
    the message, read back, does not say what was meant.
    """
    # A reply-to name alone goes with the sender's own address.
    mailboxes: dict[str, tuple[Mailbox, ...]] = {
        "From": (_mailbox(sender.display_name, sender.email),),
        "To": (_mailbox(None, recipient),),
    }
    if sender.reply_to_email is not None or sender.reply_to_display_name is not None:
        first = _mailbox(sender.reply_to_display_name, sender.reply_to_email or sender.email)
        mailboxes["Reply-To"] = (first, *(_mailbox(name, address) for address, name in sender.further_replies))
    written = {name: mailboxes_value(name, each) for name, each in mailboxes.items()}
    headers = {
        "From": written["From"],
        "To": written["To"],
        "Subject": f"Test of the sending account {_one_line(sender.name)}",
        "Date": format_datetime(at),
        "Message-ID": f"<{message_id}@{address_domain(sender.email)}>",
        "Auto-Submitted": "auto-generated",
        "MIME-Version": "1.0",
        "Content-Type": 'text/plain; charset="utf-8"',
        "Content-Transfer-Encoding": "quoted-printable",
        **written,
    }
    lines = [f"{name}: {value}\r\n" for name, value in headers.items()]
    message = ("".join(lines) + "\r\n" + _body(sender, context)).encode()
    read: EmailMessage = email.message_from_string(message.decode(), policy=email.policy.SMTPUTF8)
    if sorted(read.keys()) != sorted(headers):
        raise ValueError("the test message has other headers than it should have")
    require_faithful([(name, headers[name]) for name in mailboxes], mailboxes)
    return message


def _mailbox(display_name: str | None, address: str) -> Mailbox:
    return Mailbox(email=address_to_ascii(address), display_name=_one_line(display_name or "") or None)


def _one_line(text: str) -> str:
    return UNSAFE_CHARACTER.sub(" ", text)[:_MAX_NAME].strip()


def _body(sender: Sender, context: TestContext) -> str:
    commit = _one_line(context.commit) if context.commit else "not known"
    lines = [
        "This message tests a sending account. It arrived, so the account can send; nothing needs doing.",
        "",
        f"Account:  {_one_line(sender.name)} ({_one_line(sender.kind)})",
        f"Sender:   {address_to_ascii(sender.email)}",
        f"Project:  {_one_line(context.project)}",
        f"Commit:   {commit}",
        *([f"Plan:     {_one_line(context.plan)}"] if context.plan else []),
        "",
        *_stood_for(sender),
        "It was sent by reconciler, which verifies sending accounts before their settings are applied.",
        "",
    ]
    return body_encode("\n".join(lines).encode().decode("latin-1"), eol="\r\n")


def _stood_for(sender: Sender) -> list[str]:
    """Return the lines on the accounts that the message stands for; the rest of very many is counted."""
    if not sender.stands_for:
        return []
    listed = [f"  {_one_line(name)}" for name in sender.stands_for[:_MOST_LISTED]]
    more = len(sender.stands_for) - len(listed)
    return [
        "It stands for these accounts too, each of which logged in and was taken as the sender there:",
        *listed,
        *([f"  and {more:,} more"] if more > 0 else []),
        "",
    ]
