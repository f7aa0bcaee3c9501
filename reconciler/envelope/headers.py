"""The headers that say who, for one message: From, Sender, Reply-To, To.

From and To are always there. Reply-To is written where replies go elsewhere than to From. Sender is written where From
is not the account's own address: RFC 5322 section 3.6.2 asks for it when author and sender differ, and it is the truth.
Some mail programs then show "news@example.com on behalf of Keeper".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.envelope.mailbox import mailboxes_value
from reconciler.envelope.readback import require_faithful

if TYPE_CHECKING:
    from reconciler.model.mail.resolution import Mailbox, Resolution

GOVERNED_ADDRESS_HEADERS = ("From", "Sender", "Reply-To", "To")
"""The headers that ``make_headers`` decides: a message has those of them that it returns, and no others."""

Headers = tuple[tuple[str, str], ...]


def make_headers(resolution: Resolution) -> Headers:
    r"""Return header names and folded values (lines joined by CR LF) for a contact that a message goes to.

    ASCII, but for addresses where the resolution says ``needs_smtputf8``. Raise ``UnfaithfulHeader`` (a
    ``ValueError``) where the headers, read back, do not hold exactly what was meant, and ``ValueError`` for a
    contact that is skipped.
    """
    meant = _meant(resolution)
    headers = tuple((name, mailboxes_value(name, mailboxes)) for name, mailboxes in meant.items())
    require_faithful(headers, meant)
    return headers


def _meant(resolution: Resolution) -> dict[str, tuple[Mailbox, ...]]:
    if resolution.author is None or resolution.to is None:
        raise ValueError("nothing is sent to a contact that is skipped")
    chosen = {
        "From": (resolution.author,),
        "Sender": (resolution.sender,) if resolution.sender is not None else (),
        "Reply-To": resolution.replies if resolution.replies != (resolution.author,) else (),
        "To": (resolution.to,),
    }
    return {name: mailboxes for name, mailboxes in chosen.items() if mailboxes}
