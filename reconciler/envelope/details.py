"""Whether a value of a contact's card can be used as an address or as a name.

A value is taken in NFC, without the spaces around it, and otherwise as it is. Refused is whatever would make a header
say something else than it shows: control characters and line separators, characters that reorder or hide text, several
addresses in one value, and a name that holds another address than the one it stands beside, since many mail programs
show the name alone.

The zero-width joiner and non-joiner stay: Persian, Indic scripts and many emoji are misspelt without them.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from reconciler.characters import INVISIBLE, REFUSED_ON_CARDS
from reconciler.model.text.domains import NotAnAddress, address_to_ascii, plain_address, why_not_plain

MAX_NAME_CHARACTERS = 200
"""More than any name on a card; a header line of more is a nuisance, and a way to push the address out of sight."""

_MAX_CHARACTERS = 1000
"""Longer values are refused unread: normalising megabytes is what somebody may have wanted."""

_ADDRESS_IN_NAME = re.compile(r"[^\s@<>()\[\]\"',;:]{1,256}\s*@\s*([^\s@<>()\[\]\"',;:]{1,256})")
_AT = re.compile("[@\ufe6b\uff20]")
_DOTS = str.maketrans("\u3002\u2024\uff61\uff0e", "....")


class Unusable(ValueError):
    """The value cannot be used; the message says why, as the end of a sentence."""


def normal(value: str | None) -> str | None:
    """Return a value of a card in NFC without spaces around it; None where it is missing or blank.

    Blank is what holds nothing but white space of any kind. Raise ``Unusable`` for a value that is over-long, or holds
    a character that no header shall carry; a line break at the end is one too.

    >>> normal("  Ann "), normal(" ")
    ('Ann', None)
    """
    if value is None or not value or value.isspace():
        return None
    if len(value) > _MAX_CHARACTERS:
        raise Unusable(f"it is longer than {_MAX_CHARACTERS:,} characters")
    if value.isascii() and value.isprintable():  # nearly every value is, and the table is slow to search
        return value.strip()
    text = unicodedata.normalize("NFC", value)
    found = REFUSED_ON_CARDS.search(text)
    if found:
        raise Unusable(
            f"it holds the character U+{ord(found.group()):04X}, which would not show or would break the line"
        )
    return text.strip()


def usable_address(text: str) -> str:
    """Return one address with its domain as A-labels; raise ``Unusable``. Takes what ``normal`` returns.

    Exactly one bare address: no display name, comment, quoted local part, source route, address literal or list. The
    domain has to be fully qualified (RFC 5321 section 2.3.5).

    >>> usable_address("Sales@Example.com")
    'Sales@example.com'
    """
    return plain_address(text) or _usable_address(text)


@lru_cache(maxsize=4096)
def _usable_address(text: str) -> str:
    try:
        address = address_to_ascii(text)
    except NotAnAddress as refusal:
        raise Unusable(str(refusal).rstrip(".")) from None
    reason = why_not_plain(text)
    if reason is not None:
        raise Unusable(reason)
    return address


def usable_name(text: str, address: str) -> str:
    """Return a name that can be shown with the address; raise ``Unusable``. Takes what ``normal`` returns.

    So ASCII always shows something.

    >>> usable_name("Anna Nowak", "anna@example.com")
    'Anna Nowak'
    """
    if len(text) > MAX_NAME_CHARACTERS:
        raise Unusable(f"it is longer than {MAX_NAME_CHARACTERS} characters")
    if not text.isascii() and not INVISIBLE.sub("", text):
        raise Unusable("it holds nothing that shows")
    if _holds_other_address(text, address):
        raise Unusable(
            "it holds another e-mail address than the one it would stand beside, and many mail programs show the name alone"
        )
    return text


def _holds_other_address(name: str, address: str) -> bool:
    """Tell whether a reader could take part of the name for an address that is not the one used.

    Look-alikes of @ and the dot, and joiners between, count as what they look like.
    """
    if "@" not in name and (name.isascii() or not _AT.search(name)):
        return False
    seen = unicodedata.normalize(
        "NFKC", "".join(character for character in name if character.isspace() or not INVISIBLE.match(character))
    ).translate(_DOTS)
    own = address.casefold()
    return any(_is_other(found, own) for found in _ADDRESS_IN_NAME.finditer(seen))


def _is_other(found: re.Match[str], own: str) -> bool:
    if "." not in found[1].strip("."):
        return False
    text = re.sub(r"\s", "", found.group()).strip(".")
    try:
        return address_to_ascii(text).casefold() != own
    except NotAnAddress:
        return True
