"""One mailbox as the value of a header: the only place that writes an address or a display name into a message.

RFC 5322 section 3.4 (mailbox), RFC 2047 (names that are not plain, as encoded-words of UTF-8), RFC 6532 (addresses that
are not ASCII before the @ stay as they are). A name is a quoted string where it is short and plain, else encoded-words:
so text that looks like an encoded-word, a quote or an address is shown as it was typed and never read as one.
"""

from __future__ import annotations

import re
from email.header import Header
from typing import TYPE_CHECKING

from reconciler.characters import UNSAFE_CHARACTER

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reconciler.model.mail.resolution import Mailbox

_PLAIN_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+/^`{|}~.,:;()@<>\[\]_-][A-Za-z0-9 !#$%&'*+/^`{|}~.,:;()@<>\[\]_-]{0,59}\Z")
_UNSAFE_IN_ADDRESS = re.compile(r"[\s<>()\[\]\\,;:\"\x00-\x1f\x7f-\x9f\u2028\u2029]")
_MAX_LINE = 75


def mailbox_value(header: str, mailbox: Mailbox) -> str:
    r"""Return the value of a header of this name, folded: every line after the first begins with a space.

    The lines are joined by CR LF; at most 76 characters each, but for an address that alone is longer. Raise
    ``ValueError`` for a name or an address that no header can hold.

    >>> from reconciler.model.mail.resolution import Mailbox
    >>> mailbox_value("From", Mailbox(email="anna@example.com", display_name="Anna"))
    '"Anna"\r\n <anna@example.com>'
    >>> mailbox_value("From", Mailbox(email="anna@example.com", display_name="Zoë"))
    '=?utf-8?q?Zo=C3=AB?=\r\n <anna@example.com>'
    >>> mailbox_value("From", Mailbox(email="anna@example.com"))
    '<anna@example.com>'
    """
    address = _address(mailbox.email)
    if not mailbox.display_name or mailbox.display_name.isspace():
        return address
    return f"{_phrase(header, mailbox.display_name)}\r\n {address}"


def mailboxes_value(header: str, mailboxes: Sequence[Mailbox]) -> str:
    r"""Return the value of a header that holds several mailboxes, each on a line of its own. RFC 5322 section 3.4.

    >>> from reconciler.model.mail.resolution import Mailbox
    >>> mailboxes_value("Reply-To", [Mailbox(email="anna@example.com"), Mailbox(email="ben@example.com")])
    '<anna@example.com>,\r\n <ben@example.com>'
    """
    return ",\r\n ".join(mailbox_value(header, each) for each in mailboxes)


def _address(email: str) -> str:
    if not email or email.count("@") != 1 or _UNSAFE_IN_ADDRESS.search(email):
        raise ValueError("this is not one bare e-mail address")
    return f"<{email}>"


def _phrase(header: str, name: str) -> str:
    if UNSAFE_CHARACTER.search(name):
        raise ValueError("the name holds a control character")
    if _PLAIN_NAME.match(name):
        return f'"{name}"'
    return Header(name, "utf-8", maxlinelen=_MAX_LINE, header_name=header).encode(linesep="\r\n")
