"""Which form of output the words of a command line ask for, found without parsing them: they may be wrong."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_FOR_PEOPLE = frozenset({"text", "table"})
_ERRORS_FOR_PROGRAMS = ("json", "github", "junit")
"""Forms in which also an error is written."""


def error_form(words: Sequence[str]) -> str | None:
    """Return the form for programs in which an error is to be written; None where people are to read it."""
    asked = _asked(words)
    return next((each for each in _ERRORS_FOR_PROGRAMS if each in asked), None)


def asks_for_document(words: Sequence[str]) -> bool:
    """Tell whether stdout is to hold a document, which is UTF-8 whatever a terminal can show."""
    return bool(_asked(words) - _FOR_PEOPLE)


def _asked(words: Sequence[str]) -> set[str]:
    apart = {value for word, value in pairwise([*words, ""]) if word == "--format"}
    return apart | {word.removeprefix("--format=") for word in words if word.startswith("--format=")}
