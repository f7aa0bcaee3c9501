"""What a plain (unquoted) scalar is: true, false, null, a whole number, or text exactly as written.

The rule is the core schema of YAML 1.2.2 (section 10.3.2) made narrower, so that nothing changes its type
unnoticed: no ``yes``, ``no``, ``on``, ``off``, ``True`` or ``NULL``, no octal, hexadecimal, float, date or
sexagesimal numbers. Quoted and block scalars never come here: they are text.
"""

from __future__ import annotations

import re

_WORDS: dict[str, bool | None] = {"true": True, "false": False, "null": None, "~": None, "": None}
_WHOLE_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,17})\Z")
SURELY_TEXT = frozenset("abcdeghijklmopqrsuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
"""First letters that neither a word with a meaning nor a number begins with: most text is told by them."""
_DIGITS = frozenset("0123456789")


def plain_value(written: str) -> str | int | bool | None:
    """Return what a plain scalar stands for; a number has at most 18 digits."""
    if written[-1:] in _DIGITS:
        return int(written) if _WHOLE_NUMBER.match(written) else written
    return _WORDS.get(written, written)
