"""The nearest known word to a misspelt one."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return `` Did you mean NAME?`` with a leading space, or nothing where no word is near."""
    # Of words that are equally near it takes the same one, in whatever order they come.
    near = get_close_matches(word, known)
    return f" Did you mean {near[0]}?" if near else ""


_LINE_END = re.compile("[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]")
MOST_SHOWN = 60
"""How much of a foreign text a sentence needs to be understood."""
MOST_NAMES = 10
"""How many names a sentence lists before it counts the rest."""

_ALL_NAMED = 5
_FIRST_NAMED = 3


def one_line(text: object, *, limit: int | None = None) -> str:
    r"""Return text on one line, its line ends shown as ``\n`` and the like; beyond ``limit`` characters it is cut."""
    shown = str(text)
    if limit is not None and len(shown) > limit:
        shown = shown[: max(limit - 1, 0)] + "…"
    return _LINE_END.sub(lambda match: match.group().encode("unicode_escape").decode("ascii"), shown)


def enumerated(names: Sequence[str], *, before_more: str = " and ", most: int = MOST_NAMES) -> str:
    """Return names with commas between, of more than ``most`` the first and how many more there are."""
    shown = ", ".join(names[:most])
    more = len(names) - most
    return f"{shown}{before_more}{more} more" if more > 0 else shown


def counted(names: Sequence[str]) -> str:
    """Return what a problem concerns: a few names as they are, of more how many, the first of them, and the rest."""
    if len(names) <= _ALL_NAMED:
        return ", ".join(names)
    what = "secrets" if all(":" in name for name in names) else "accounts"
    return f"{len(names)} {what}: {', '.join(names[:_FIRST_NAMED])} and {len(names) - _FIRST_NAMED} more"
