"""Records that are nearly SPF: whoever wrote one is told what is wrong with it, and not to add another."""

from __future__ import annotations

import re

from reconciler.verification.domains.spf_record import is_spf, is_term

_MEANT = re.compile(
    r"""[\s(\ufeff]*(?:(?:@|TXT|IN|SPF)[\s:]+)*[\s(]*(?:v\s*[=:]\s*|v?=?)(?:spf|sfp)[\s_-]*(?:[0-9l]|v[0-9])""",
    re.IGNORECASE,
)
"""How a text begins that is meant to be SPF: ``v=spf1`` with anything misspelt, or with something before it."""
_SENDER_ID = re.compile(r"spf2\.0/", re.IGNORECASE)
_VERSION = re.compile(r"v=spf1", re.IGNORECASE)
_QUOTES = re.compile(r"[\"'\\]")
_TYPOGRAPHIC = re.compile("[\u2018-\u201f\u00ab\u00bb]")


def near_miss(record: bytes, seams: tuple[int, ...] = ()) -> str | None:
    """Return what keeps a TXT record from being SPF, as a sentence without full stop; None where it is meant otherwise.

    ``seams`` are where the strings of the record were joined.
    """
    text = record.decode("utf-8", "backslashreplace")
    plain = _TYPOGRAPHIC.sub('"', text)
    if _SENDER_ID.match(plain.strip()):
        return None
    unquoted = _QUOTES.sub("", plain)
    if not _MEANT.match(unquoted):
        return None
    if plain != text or (unquoted != plain and is_spf(unquoted.strip().encode())):
        return "The quotation marks are part of the text; take them out"
    if _VERSION.match(text):
        return _after_version(text, seams)
    if is_spf(text.strip().encode()):
        return "It begins with a space; v=spf1 must be the very beginning"
    return "It must begin with v=spf1 in exactly these letters, followed by a space"


def _after_version(text: str, seams: tuple[int, ...]) -> str | None:
    """Return what is wrong behind ``v=spf1``; None for another version, which is none of ours."""
    length = len("v=spf1")
    if length in seams:
        return (
            "Its strings are joined without a space (RFC 7208 section 3.3), so that v=spf1 and what follows are one "
            'word; write the space within the quotation marks: "v=spf1 "'
        )
    following = text[length]
    if following.isdigit() or following == ".":
        return None
    return f"After v=spf1 must stand a space, and there stands {_named(following)}"


def _named(character: str) -> str:
    if character == "\t":
        return "a tab"
    if character.isspace():
        return f"the space character U+{ord(character):04X}, which is another one"
    return f'"{character}"'


def joined_without_space(record: bytes, seams: tuple[int, ...]) -> str | None:
    """Return which two terms of an SPF record became one where its strings were joined, as a clause; None for none."""
    text = record.decode("ascii", "backslashreplace") if record.isascii() else ""
    for seam in seams:
        before, after = text[:seam].rpartition(" ")[2], text[seam:].partition(" ")[0]
        if before and after and seam < len(text) and is_term(before) and is_term(after):
            return f'"{before}" and "{after}" became one word; put the space within the quotation marks of either'
    return None
