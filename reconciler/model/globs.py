"""Globs over secrets, manifest paths, hosts and names: ``*`` and ``?`` stop at a slash, ``**`` does not."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_TOKENS = re.compile(r"\*\*/|\*\*|\*|\?|[^*?]+")
_MEANING = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}


@lru_cache(maxsize=1024)
def _compiled(glob: str) -> re.Pattern[str]:
    parts = (_MEANING.get(token, re.escape(token)) for token in _TOKENS.findall(glob))
    return re.compile("".join(parts), re.DOTALL)


def matches(glob: str, text: str) -> bool:
    """Tell whether the whole text matches the glob; case counts."""
    return _compiled(glob).fullmatch(text) is not None


def matches_any(globs: Iterable[str], text: str) -> bool:
    """Tell whether the text matches at least one of the globs."""
    return any(matches(glob, text) for glob in globs)


def is_glob(text: str) -> bool:
    """Tell whether the text holds a wildcard."""
    return "*" in text or "?" in text
