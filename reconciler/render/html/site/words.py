"""The site's own words in one language: texts with values in their places, plural forms, numbers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Literal

from reconciler.render.html.site.english import ENGLISH
from reconciler.render.html.site.polish import POLISH

if TYPE_CHECKING:
    from collections.abc import Mapping

Tongue = Literal["en", "pl"]
Text = str | dict[str, str]
"""A text, or one for each plural form of ``n``, by the names of Unicode (CLDR): one, few, many, other."""

CATALOGS: dict[Tongue, Mapping[str, Text]] = {"en": ENGLISH, "pl": POLISH}
_PLACE = re.compile(r"\{([a-z]+)\}")
_THIN_FROM = 10_000
_FEW = frozenset({2, 3, 4})
_TEENS = 10


def text(tongue: Tongue, key: str, values: Mapping[str, Any]) -> str:
    """Return a text of the catalog; the number ``{n}`` in it chooses the plural form. Raises ``KeyError``."""
    entry = CATALOGS[tongue][key]
    words = entry if isinstance(entry, str) else entry[plural_form(tongue, int(values["n"]))]
    return _PLACE.sub(lambda place: _shown(tongue, values[place.group(1)]), words)


def is_plain(tongue: Tongue, key: str) -> bool:
    """Tell whether a text has no places for values."""
    entry = CATALOGS[tongue][key]
    return isinstance(entry, str) and _PLACE.search(entry) is None


def plural_form(tongue: Tongue, number: int) -> str:
    """Return the plural form for a whole number, by CLDR's rules for English and Polish."""
    if number == 1:
        return "one"
    if tongue == "en":
        return "other"
    return "few" if number % 10 in _FEW and number % 100 - number % 10 != _TEENS else "many"


def number_text(tongue: Tongue, number: int) -> str:
    """Return a whole number with its thousands apart: ``10,000``; in Polish ``10 000``, from five digits on."""
    if tongue == "en":
        return f"{number:,}"
    return f"{number:,}".replace(",", "\u00a0") if number >= _THIN_FROM else str(number)


def _shown(tongue: Tongue, value: object) -> str:
    return number_text(tongue, value) if isinstance(value, int) else str(value)
