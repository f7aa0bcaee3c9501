"""What a refusal of RCPT is really about.

Postfix puts off what it thinks of the client, its EHLO and the sender until the recipient is named, so that its log
has both addresses (smtpd_delay_reject, on by default). Taken as it comes, a sender that is not the user's would be told
as a wrong recipient.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reconciler.smtp.replies import Reply

_BLAMED = (
    (re.compile(r"\bsender address rejected: not logged in\b", re.IGNORECASE), "authenticationRequired", "senderDeferred"),
    (re.compile(r"\bsender address rejected\b", re.IGNORECASE), "senderRefused", "senderDeferred"),
    (re.compile(r"\bhelo command rejected\b", re.IGNORECASE), "helloRefused", "helloRefused"),
    (re.compile(r"\bclient host (\S+ )?(rejected|blocked)\b", re.IGNORECASE), "serverRefused", "serverBusy"),
    (re.compile(r"\brelay", re.IGNORECASE), "relayingDenied", "recipientDeferred"),
)  # fmt: skip


def refusal_of_recipient(reply: Reply) -> tuple[str, str]:
    """Return the codes that a refusal of RCPT stands for: where it is permanent, and where it is transient."""
    for words, refused, deferred in _BLAMED:
        if words.search(reply.words):
            return refused, deferred
    return "recipientRefused", "recipientDeferred"
