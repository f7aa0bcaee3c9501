"""The headers that say who, for one message: From, Sender, Reply-To, To.

From and To are always there. Reply-To is written where replies go elsewhere than to From. Sender is written where From
is not the account's own address: RFC 5322 section 3.6.2 asks for it when author and sender differ, and it is the truth.
Some mail programs then show "news@example.com on behalf of Keeper".
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from reconciler.envelope.mailbox import mailbox_value, mailboxes_value
from reconciler.envelope.readback import (
    are_plain,
    reads_plainly,
    require_read_as_meant,
    require_same_for_others,
)

if TYPE_CHECKING:
    from reconciler.model.mail.resolution import Mailbox, Resolution

GOVERNED_ADDRESS_HEADERS = ("From", "Sender", "Reply-To", "To")
"""The headers that ``make_headers`` decides: a message has those of them that it returns, and no others."""

Headers = tuple[tuple[str, str], ...]


class _Written(NamedTuple):
    """Headers whose values read as they were meant."""

    headers: Headers
    are_plain: bool
    """Whether every other reader takes them alike too, so that none need be asked."""


def make_headers(resolution: Resolution) -> Headers:
    r"""Return header names and folded values (lines joined by CR LF) for a contact that a message goes to.

    ASCII, but for addresses where the resolution says ``needs_smtputf8``. Raise ``UnfaithfulHeader`` (a
    ``ValueError``) where the headers, read back, do not hold exactly what was meant, and ``ValueError`` for a
    contact that is skipped.

    >>> from reconciler.envelope.resolution import Identity, resolve_contact
    >>> from reconciler.model.mail.contacts import Contact
    >>> from reconciler.model.mail.resolution import Mailbox
    >>> identity = Identity(mailbox=Mailbox(email="news@example.com", display_name="News"), replies=())
    >>> make_headers(resolve_contact(identity, Contact(email="anna@example.com")))
    (('From', '"News"\r\n <news@example.com>'), ('To', '<anna@example.com>'))
    """
    author, to = resolution.author, resolution.to
    if author is None or to is None:
        raise ValueError("nothing is sent to a contact that is skipped")
    ours, theirs = _of_author(author, resolution.sender, resolution.replies), _of_addressee(to)
    headers = ours.headers + theirs.headers
    if not (ours.are_plain and theirs.are_plain):
        require_same_for_others(headers, _meant_of(author, resolution.sender, resolution.replies) | {"To": (to,)})
    return headers


def _of_addressee(to: Mailbox) -> _Written:
    """Return the header of whom a message is for: every contact has another, and nearly all are plain."""
    value = mailbox_value("To", to)
    if reads_plainly(value, to):
        return _Written((("To", value),), are_plain=True)
    return _written({"To": (to,)})


@lru_cache(maxsize=256)
def _of_author(author: Mailbox, sender: Mailbox | None, replies: tuple[Mailbox, ...]) -> _Written:
    """Return the headers of whom a message comes from: many contacts see the same."""
    return _written(_meant_of(author, sender, replies))


def _meant_of(author: Mailbox, sender: Mailbox | None, replies: tuple[Mailbox, ...]) -> dict[str, tuple[Mailbox, ...]]:
    chosen = {
        "From": (author,),
        "Sender": (sender,) if sender is not None else (),
        "Reply-To": replies if replies != (author,) else (),
    }
    return {name: mailboxes for name, mailboxes in chosen.items() if mailboxes}


def _written(meant: dict[str, tuple[Mailbox, ...]]) -> _Written:
    headers = tuple((name, mailboxes_value(name, mailboxes)) for name, mailboxes in meant.items())
    require_read_as_meant(headers, meant)
    return _Written(headers, are_plain(headers))
