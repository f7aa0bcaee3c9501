"""Names for what is taken over: slugs of addresses and hosts, numbered where they collide."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Container

_LONGEST = 63
_APART = re.compile(r"[^a-z0-9]+")
_LETTERS = str.maketrans(
    {"ß": "ss", "ł": "l", "ø": "o", "đ": "d", "æ": "ae", "œ": "oe", "þ": "th", "ð": "d", "\u0131": "i"}
)


def slug(text: str) -> str:
    """Return a text as a name: a-z, 0-9 and single hyphens, at most 63 characters; ``account`` where nothing is left.

    >>> slug("Sales+DE@Example.com"), slug("Büro@example.com"), slug("営業")
    ('sales-de-example-com', 'buro-example-com', 'account')
    """
    decomposed = unicodedata.normalize("NFKD", text.lower().translate(_LETTERS))
    bare = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    return _APART.sub("-", bare).strip("-")[:_LONGEST].strip("-") or "account"


def free_name(wanted: str, taken: Container[str]) -> str:
    """Return the name, or the first of NAME-2, NAME-3 … that is free; never more than 63 characters.

    >>> free_name("sales", {"sales", "sales-2"})
    'sales-3'
    """
    name, number = wanted, 1
    while name in taken:
        number += 1
        ending = f"-{number}"
        name = wanted[: _LONGEST - len(ending)].rstrip("-") + ending
    return name


def variable(name: str, suffix: str = "PASSWORD") -> str:
    """Return the variable that a secret of a name is read from by default: ``SMTP_SALES_PL_PASSWORD``.

    >>> variable("sales-de")
    'SMTP_SALES_DE_PASSWORD'
    """
    stem = "".join(letter if letter.isascii() and letter.isalnum() else "_" for letter in name.upper())
    return f"SMTP_{stem}_{suffix}"
