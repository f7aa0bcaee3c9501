"""Globs over secrets, manifest paths, hosts and names: ``*`` and ``?`` stop at a slash, ``**`` does not."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from reconciler.model.text.domains import NotADomain, domain_to_ascii

if TYPE_CHECKING:
    from collections.abc import Iterable

_TOKENS = re.compile(r"\*\*/|\*\*|\*|\?|[^*?]+")
_MEANING = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
_MAX_STARS = 3
"""Beyond as many, a regular expression may take a time that grows with each one more, so the places are counted."""


@lru_cache(maxsize=1024)
def _compiled(glob: str) -> re.Pattern[str]:
    parts = (_MEANING.get(token, re.escape(token)) for token in _TOKENS.findall(glob))
    return re.compile("".join(parts), re.DOTALL)


def matches(glob: str, text: str) -> bool:
    """Tell whether the whole text matches the glob; case counts."""
    if glob.count("*") > _MAX_STARS:
        return _matches_by_places(glob, text)
    return _compiled(glob).fullmatch(text) is not None


def _matches_by_places(glob: str, text: str) -> bool:
    """Follow every place in the text that the glob may have come to: time grows with the product of the lengths."""
    places = {0}
    for part in _TOKENS.findall(glob):
        places = {after for place in places for after in _places_after(part, text, place)}
    return len(text) in places


def _places_after(part: str, text: str, place: int) -> Iterable[int]:
    if part == "?":
        return (place + 1,) if text[place : place + 1] not in {"", "/"} else ()
    if part == "**/":
        return (place, *(found + 1 for found in range(place, len(text)) if text[found] == "/"))
    if part == "**":
        return range(place, len(text) + 1)
    if part == "*":
        slash = text.find("/", place)
        return range(place, (slash if slash >= 0 else len(text)) + 1)
    return (place + len(part),) if text.startswith(part, place) else ()


def matches_any(globs: Iterable[str], text: str) -> bool:
    """Tell whether the text matches at least one of the globs."""
    return any(matches(glob, text) for glob in globs)


def matches_any_host(globs: Iterable[str], host: str) -> bool:
    """Tell whether a host (A-labels, or an address) matches at least one of the globs, however those are written."""
    return _matches_any_host(tuple(globs), host)


@lru_cache(maxsize=1024)
def _matches_any_host(globs: tuple[str, ...], host: str) -> bool:
    return matches_any(map(domain_glob, globs), host)


def domain_glob(glob: str) -> str:
    """Return a glob over domains as they are compared: in lower case, each label without a wildcard as an A-label.

    >>> domain_glob("*.Bücher.example"), domain_glob("bü*.Example.com")
    ('*.xn--bcher-kva.example', 'bü*.example.com')
    """
    return ".".join(map(_compared, glob.split("."))) if is_glob(glob) else _compared(glob)


def _compared(domain: str) -> str:
    try:
        return domain_to_ascii(domain)
    except NotADomain:
        return domain.lower()  # it holds a wildcard, or is an address


def is_glob(text: str) -> bool:
    """Tell whether the text holds a wildcard."""
    return "*" in text or "?" in text
