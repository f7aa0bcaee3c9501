"""What is altered in a text: all of it where programs read it, and in prose only what people copy or look up."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ALTERED = "XX"

_TWO_WORDS = re.compile(r"\w[,;:.)]* \(?\w")
_EXACT = re.compile(
    r"(?m:^ {4,}(?P<line>\S.*)$)"  # a line to copy
    r"|`[^`]+`"
    r"|(?<![\w-])--[a-z][a-z-]*"  # a flag
    r"|(?<![\w.])[A-Za-z]\w*(?:\.\w+)+"  # a field's path, a file, a host
    r"|\b[a-z]+[A-Z]\w*"  # a field or a code
    r"|\b[A-Z]+(?:_[A-Z]+)+\b"  # a variable
)


def is_prose(text: str) -> bool:
    """Tell whether a text is a sentence, or part of one: two words with a space between."""
    return _TWO_WORDS.search(text) is not None


def exact_words(text: str) -> list[str]:
    """Return what people copy or look up of a text for them: lines to copy, flags, fields, codes and variables."""
    return [found["line"] or found.group() for found in _EXACT.finditer(text)]


def alterations(text: str, *, in_prose: bool) -> Iterator[str]:
    """Yield the texts to try in place of one; of prose only those with another line to copy, flag, field or code."""
    if not in_prose:
        yield f"{ALTERED}{text}{ALTERED}"
        return
    for found in _EXACT.finditer(text):
        start, end = found.span("line") if found["line"] else found.span()
        yield text[:start] + ALTERED + text[end:]
