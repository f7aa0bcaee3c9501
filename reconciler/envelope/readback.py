"""What was built is read again, and must hold exactly what was meant.

Two readers have to agree: a strict one here that knows only the form which ``mailbox`` writes, and decodes names as
RFC 2047 says; and the standard library's lenient one, which stands for the programs that will receive the message. It is
slow, and what is plain it reads as everybody does, which the tests try: so it is asked about everything else.
"""

from __future__ import annotations

import binascii
import email
import email.policy
import re
from base64 import b64decode
from email.quoprimime import header_decode
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from email.headerregistry import AddressHeader

    from reconciler.model.mail.resolution import Mailbox

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_FOLD = re.compile(r"\r\n (?=\S)")
_WORD = r"=\?utf-8\?[bq]\?[!->@-~]+\?="
_MAILBOX = re.compile(
    rf'(?:"(?P<quoted>[ !#-\[\]-~]+)" |(?P<words>{_WORD}(?: {_WORD})*) )?<(?P<address>[^<>@\s]+@[^<>@\s]+)>(?:, (?=["=<])|\Z)'
)
_ATOMS = r"[A-Za-z0-9_+-]+(?:\.[A-Za-z0-9_+-]+)*"
_PLAIN = re.compile(
    rf'(?:"(?P<name>[A-Za-z0-9](?:[A-Za-z0-9 _.-]*[A-Za-z0-9])?)"\r\n )?<(?P<address>{_ATOMS}@{_ATOMS})>'
)
"""One mailbox in the form that every reader takes alike, as nearly all are: atoms for an address, a quoted plain name."""
_MAX_LINE_OCTETS = 998
_MAX_WORD = 75
_SURELY_SHORT = 200
"""A value of so many characters of ASCII breaks no bound of a line."""


class UnfaithfulHeader(ValueError):
    """A header that was built does not say what was meant; nothing may be sent with it."""


def require_faithful(headers: Sequence[tuple[str, str]], meant: Mapping[str, Mailbox | tuple[Mailbox, ...]]) -> None:
    r"""Raise ``UnfaithfulHeader`` unless the header lines hold these mailboxes, in this order, and nothing else.

    >>> from reconciler.model.mail.resolution import Mailbox
    >>> meant = {"From": Mailbox(email="anna@example.com", display_name="Anna")}
    >>> require_faithful([("From", '"Anna"\r\n <anna@example.com>')], meant)
    >>> require_faithful([("From", '"Anna"\r\n <ben@example.com>')], meant)
    Traceback (most recent call last):
        ...
    reconciler.envelope.readback.UnfaithfulHeader: From would not read as it was meant
    """
    require_read_as_meant(headers, meant)
    if not are_plain(headers):
        require_same_for_others(headers, meant)


def require_read_as_meant(
    headers: Sequence[tuple[str, str]], meant: Mapping[str, Mailbox | tuple[Mailbox, ...]]
) -> None:
    """Raise ``UnfaithfulHeader`` unless the strict reader finds these mailboxes in the header lines.

    >>> from reconciler.model.mail.resolution import Mailbox
    >>> meant = {"From": Mailbox(email="anna@example.com")}
    >>> require_read_as_meant([("From", "<anna@example.com>")], meant)
    >>> require_read_as_meant([("From", "<anna@example.com>"), ("Sender", "<ben@example.com>")], meant)
    Traceback (most recent call last):
        ...
    reconciler.envelope.readback.UnfaithfulHeader: the message would have other headers than it should have
    """
    if [name for name, _ in headers] != list(meant):
        raise UnfaithfulHeader("the message would have other headers than it should have")
    for name, value in headers:
        read = [(display_name or None, address) for display_name, address in read_mailboxes(name, value)]
        if read != [(each.display_name or None, each.email) for each in _several(meant[name])]:
            raise UnfaithfulHeader(f"{name} would not read as it was meant")


def are_plain(headers: Sequence[tuple[str, str]]) -> bool:
    r"""Tell whether every reader takes the header lines alike, so that the lenient one need not be asked.

    >>> are_plain([("From", "<anna@example.com>")]), are_plain([("From", '"Anna (sales)"\r\n <anna@example.com>')])
    (True, False)
    """
    return all(_PLAIN.fullmatch(value) for _, value in headers)


def reads_plainly(value: str, meant: Mailbox) -> bool:
    """Tell whether a folded value is in the plain form, short, and holds this mailbox: then both readers find it there.

    >>> from reconciler.model.mail.resolution import Mailbox
    >>> reads_plainly("<anna@example.com>", Mailbox(email="anna@example.com"))
    True
    >>> reads_plainly("anna@example.com", Mailbox(email="anna@example.com"))
    False
    """
    found = _PLAIN.fullmatch(value) if len(value) <= _SURELY_SHORT else None
    return found is not None and (found["name"], found["address"]) == (meant.display_name or None, meant.email)


def _several(meant: Mailbox | tuple[Mailbox, ...]) -> tuple[Mailbox, ...]:
    return meant if isinstance(meant, tuple) else (meant,)


def read_mailbox(name: str, value: str) -> tuple[str | None, str]:
    r"""Return display name and address of a header's folded value; raise ``UnfaithfulHeader`` for any other form.

    >>> read_mailbox("From", '"Sales"\r\n <sales@example.com>')
    ('Sales', 'sales@example.com')
    """
    found = read_mailboxes(name, value)
    if len(found) != 1:
        raise UnfaithfulHeader(f"{name} would not be one mailbox")
    return found[0]


@lru_cache(maxsize=64)
def read_mailboxes(name: str, value: str) -> tuple[tuple[str | None, str], ...]:
    r"""Return display name and address of every mailbox in a header's folded value, with a comma between two of them.

    Raises ``UnfaithfulHeader`` for any other form.

    >>> read_mailboxes("Reply-To", '"Anna"\r\n <anna@example.com>,\r\n <ben@example.com>')
    (('Anna', 'anna@example.com'), (None, 'ben@example.com'))
    """
    line = _FOLD.sub(" ", value)
    if _CONTROL.search(line) or _is_too_long(f"{name}: {value}"):
        raise UnfaithfulHeader(f"{name} would break its line")
    mailboxes: list[tuple[str | None, str]] = []
    place = 0
    while (found := _MAILBOX.match(line, place)) is not None:
        shown = found["quoted"] if found["words"] is None else _decoded(name, found["words"].split(" "))
        mailboxes.append((shown, found["address"]))
        place = found.end()
        if place == len(line):
            return tuple(mailboxes)
    raise UnfaithfulHeader(f"{name} would not be one mailbox")


def _is_too_long(header: str) -> bool:
    """Tell whether a line of a header is longer than mail carries; no character takes more than four octets."""
    return len(header) * 4 > _MAX_LINE_OCTETS and any(
        len(part.encode("utf-8", "surrogatepass")) > _MAX_LINE_OCTETS for part in header.split("\r\n")
    )


def _decoded(name: str, words: Sequence[str]) -> str:
    """Return what encoded-words say; the space between two of them is none (RFC 2047 section 6.2)."""
    text = ""
    for word in words:
        encoding, octets = word[len("=?utf-8?")], word[len("=?utf-8?b?") : -len("?=")]
        try:
            raw = b64decode(octets, validate=True) if encoding == "b" else header_decode(octets).encode("latin-1")
            text += raw.decode("utf-8")
        except (binascii.Error, UnicodeError):
            raise UnfaithfulHeader(f"{name} would not decode") from None
        if len(word) > _MAX_WORD:
            raise UnfaithfulHeader(f"{name} would hold an encoded-word of more than {_MAX_WORD} characters")
    return text


def require_same_for_others(
    headers: Sequence[tuple[str, str]], meant: Mapping[str, Mailbox | tuple[Mailbox, ...]]
) -> None:
    """Raise ``UnfaithfulHeader`` unless the lenient reader finds these mailboxes, in this order, and nothing else.

    >>> from reconciler.model.mail.resolution import Mailbox
    >>> require_same_for_others([("To", "<anna@example.com>")], {"To": Mailbox(email="anna@example.com")})
    >>> require_same_for_others([("To", "<anna@example.com>")], {"To": Mailbox(email="ben@example.com")})
    Traceback (most recent call last):
        ...
    reconciler.envelope.readback.UnfaithfulHeader: To would not name the intended address
    """
    block = "".join(f"{name}: {value}\r\n" for name, value in headers) + "\r\n"
    is_ascii = block.isascii()
    read = email.message_from_string(block, policy=email.policy.SMTP if is_ascii else email.policy.SMTPUTF8)
    if list(read.keys()) != list(meant) or read.get_payload() or read.defects:
        raise UnfaithfulHeader("the message would have other headers than it should have")
    for name, mailboxes in meant.items():
        header: AddressHeader = read[name]
        if [found.addr_spec for found in header.addresses] != [each.email for each in _several(mailboxes)]:
            raise UnfaithfulHeader(f"{name} would not name the intended address")
