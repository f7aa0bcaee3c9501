"""SASLprep, RFC 4013: the one form in which user names and passwords are hashed, whoever typed them."""

from __future__ import annotations

import stringprep
from itertools import chain
from unicodedata import ucd_3_2_0


class Prohibited(ValueError):
    """The text holds a character that SASLprep does not allow, or mixes directions of writing."""


def saslprep(text: str) -> str:
    """Return the text as a stored string (RFC 3454 section 7); raise ``Prohibited``.

    RFC 5802 section 2.2 wants stored strings, so characters newer than Unicode 3.2 (emoji, for one) are prohibited.
    """
    mapped = "".join(_mapped(character) for character in text)
    prepared = ucd_3_2_0.normalize("NFKC", mapped)
    if any(_is_prohibited(character) for character in prepared):
        raise Prohibited
    _require_one_direction(prepared)
    return prepared


def _mapped(character: str) -> str:
    """Return a space for any kind of space, nothing for what is commonly mapped to nothing. RFC 4013 section 2.1."""
    if stringprep.in_table_c12(character):
        return " "
    return "" if stringprep.in_table_b1(character) else character


_PROHIBITED = (
    stringprep.in_table_c12,
    stringprep.in_table_c21_c22,
    stringprep.in_table_c3,
    stringprep.in_table_c4,
    stringprep.in_table_c5,
    stringprep.in_table_c6,
    stringprep.in_table_c7,
    stringprep.in_table_c8,
    stringprep.in_table_c9,
    stringprep.in_table_a1,
)
"""RFC 4013 section 2.3, and of section 2.5 the characters that Unicode 3.2 had not assigned."""


def _is_prohibited(character: str) -> bool:
    return any(is_in_table(character) for is_in_table in _PROHIBITED)


def _require_one_direction(text: str) -> None:
    """Raise where right-to-left text is mixed with left-to-right, or does not stand at both ends. RFC 3454 6."""
    if not any(stringprep.in_table_d1(character) for character in text):
        return
    ends = chain(text[:1], text[-1:])
    if any(stringprep.in_table_d2(character) for character in text) or not all(map(stringprep.in_table_d1, ends)):
        raise Prohibited
