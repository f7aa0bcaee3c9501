"""The nearest known word to a misspelt one."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return `` Did you mean NAME?`` with a leading space, or nothing where no word is near."""
    # Of words that are equally near it takes the same one, in whatever order they come.
    near = get_close_matches(word, known)
    return f" Did you mean {near[0]}?" if near else ""
