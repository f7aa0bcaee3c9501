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

from reconciler.model.text.domains import NotAnAddress, address_to_ascii

MAX_NAME_CHARACTERS = 200
"""More than any name on a card; a header line of more is a nuisance, and a way to push the address out of sight."""

_MAX_CHARACTERS = 1000
"""Longer values are refused unread: normalising megabytes is what somebody may have wanted."""

_REFUSED = re.compile(
    "["
    "\u0000-\u001f\u007f-\u009f"
    "\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f"
    "\ufdd0-\ufdef\ufeff\ufff0-\ufffb\ufffe\uffff"
    "\U00013430-\U0001345f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e007f"
    "\ud800-\udfff"
    "]"
)
_INVISIBLE = re.compile(
    "[\\s\u034f\u115f\u1160\u17b4\u17b5\u200c\u200d\u2800\u3164\uffa0\ufe00-\ufe0f\U000e0100-\U000e01ef]"
)
"""What takes part in text and shows nothing: spaces, joiners, fillers, the blank Braille cell, variation selectors."""

_ADDRESS_IN_NAME = re.compile(r"[^\s@<>()\[\]\"',;:]{1,256}\s*@\s*([^\s@<>()\[\]\"',;:]{1,256})")
_AT = re.compile("[@\ufe6b\uff20]")
_DOTS = str.maketrans("\u3002\u2024\uff61\uff0e", "....")
_ENCODED_WORD = re.compile(r"=\?[^?]*\?[bq]\?", re.IGNORECASE)
_NUMERIC_END = re.compile(r"(?:^|\.)[0-9]+\Z")


class Unusable(ValueError):
    """The value cannot be used; the message says why, as the end of a sentence."""


def normal(value: str | None) -> str | None:
    """Return a value of a card in NFC without spaces around it; None where it is missing or blank.

    Blank is what holds nothing but white space of any kind. Raise ``Unusable`` for a value that is over-long, or holds
    a character that no header shall carry; a line break at the end is one too.
    """
    if value is None or not value or value.isspace():
        return None
    if len(value) > _MAX_CHARACTERS:
        raise Unusable(f"it is longer than {_MAX_CHARACTERS:,} characters")
    text = value if value.isascii() else unicodedata.normalize("NFC", value)
    found = _REFUSED.search(text)
    if found:
        raise Unusable(
            f"it holds the character U+{ord(found.group()):04X}, which would not show or would break the line"
        )
    return text.strip()


def usable_address(text: str) -> str:
    """Return one address with its domain as A-labels; raise ``Unusable``. Takes what ``normal`` returns.

    Exactly one bare address: no display name, comment, quoted local part, source route, address literal or list. The
    domain has to be fully qualified (RFC 5321 section 2.3.5).
    """
    if text.count("@") > 1:
        raise Unusable("it holds more than one @")
    if _ENCODED_WORD.search(text):
        raise Unusable("it looks like an encoded-word, which some mail servers would decode")
    if unicodedata.normalize("NFKC", text.partition("@")[0]) != text.partition("@")[0]:
        raise Unusable("before the @ it holds characters that some programs would take for others")
    try:
        address = address_to_ascii(text)
    except NotAnAddress as refusal:
        raise Unusable(str(refusal).rstrip(".")) from None
    _, _, domain = address.rpartition("@")
    if "." not in domain:
        raise Unusable("its domain is not a full one: it has no dot")
    if _NUMERIC_END.search(domain):
        raise Unusable("its domain ends in a number, which no domain does")
    return address


def usable_name(text: str, address: str) -> str:
    """Return a name that can be shown with the address; raise ``Unusable``. Takes what ``normal`` returns."""
    if len(text) > MAX_NAME_CHARACTERS:
        raise Unusable(f"it is longer than {MAX_NAME_CHARACTERS} characters")
    if not _INVISIBLE.sub("", text):
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
    if not _AT.search(name):
        return False
    seen = unicodedata.normalize("NFKC", _without_invisible(name)).translate(_DOTS)
    own = address.casefold()
    return any(_is_other(found, own) for found in _ADDRESS_IN_NAME.finditer(seen))


def _without_invisible(name: str) -> str:
    return "".join(character for character in name if character.isspace() or not _INVISIBLE.match(character))


def _is_other(found: re.Match[str], own: str) -> bool:
    if "." not in found[1].strip("."):
        return False
    text = re.sub(r"\s", "", found.group()).strip(".")
    try:
        return address_to_ascii(text).casefold() != own
    except NotAnAddress:
        return True
