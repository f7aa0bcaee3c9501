"""Macros in SPF records and explanations (RFC 7208 section 7): whether they are written rightly, and what they say."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Callable

_MACRO = re.compile(r"%\{([A-Za-z])([0-9]*)(r?)([-.+,/_=]*)\}|%([%_-])", re.IGNORECASE)
_LETTERS = frozenset("slodiphv")
_EXPLANATION_LETTERS = _LETTERS | frozenset("crt")
_LITERALS = {"%": "%", "_": " ", "-": "%20"}
_MAX_NAME_OCTETS = 253


class MacroError(ValueError):
    """A text with macros is not valid; the message says why, as a clause."""


def has_macro(text: str) -> bool:
    """Tell whether a text holds a macro."""
    return "%" in text


def require_macros(text: str, *, is_explanation: bool = False) -> None:
    """Raise ``MacroError`` for a text in which a ``%`` begins no macro, or one that may not stand there."""
    if "%" in _MACRO.sub("", text):
        raise MacroError("a % begins no macro")
    for found in _MACRO.finditer(text):
        letter, digits = found[1], found[2]
        if letter is None:
            continue
        if letter.lower() not in (_EXPLANATION_LETTERS if is_explanation else _LETTERS):
            explained = ": c, r and t are for explanations alone" if letter.lower() in _EXPLANATION_LETTERS else ""
            raise MacroError(f"there is no macro %{{{letter}}} here{explained}")
        if digits and int(digits) == 0:
            raise MacroError("a macro keeps one part at least, and 0 stands there")


def expanded(text: str, value: Callable[[str], str]) -> str:
    """Return a valid text with its macros filled in; ``value`` gives what a lower-case letter stands for."""

    def fill(found: re.Match[str]) -> str:
        if found[5] is not None:
            return _LITERALS[found[5]]
        parts = re.split(f"[{re.escape(found[4] or '.')}]", value(found[1].lower()))
        if found[3]:
            parts.reverse()
        kept = ".".join(parts[-int(found[2]) :] if found[2] else parts)
        return quote(kept, safe="-._~") if found[1].isupper() else kept

    return _MACRO.sub(fill, text)


def shortened(domain: str) -> str:
    """Return a name without as many labels at its left as it is too long by (RFC 7208 section 7.3)."""
    while len(domain.encode("utf-8", "replace")) > _MAX_NAME_OCTETS and "." in domain:
        domain = domain.partition(".")[2]
    return domain
