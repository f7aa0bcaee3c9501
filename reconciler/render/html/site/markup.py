"""Markup with places for values: every value is made safe and escaped on its way into it, as in a template."""

from __future__ import annotations

from functools import lru_cache, partial
from typing import TYPE_CHECKING

from markupsafe import Markup, escape

from reconciler.render.safe import safe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_KEPT, _MOST_CHARACTERS = 8192, 200
"""Of so many texts the markup is kept, none of them longer: a site shows hardly any but these a hundred times each."""


_markup: Callable[[str], Markup] = partial(str.__new__, Markup)
"""Takes text that is markup for it. What ``Markup`` itself does beside that takes five times as long."""


def shown(text: str) -> Markup:
    """Return foreign text as markup that shows it: made safe, then escaped."""
    return _kept(text) if len(text) <= _MOST_CHARACTERS else _escaped(text)


def _escaped(text: str) -> Markup:
    return escape(safe(text))


_kept = lru_cache(_KEPT)(_escaped)


def joined(parts: Iterable[Markup]) -> Markup:
    """Return one markup of several."""
    return _markup("".join(parts))


class Pattern:
    """Markup with a place for each ``{}`` in it.

    >>> Pattern("<td>{}</td>").filled("a < b")
    Markup('<td>a &lt; b</td>')
    """

    __slots__ = ("_pieces",)

    def __init__(self, markup: str) -> None:
        """Take the markup, which is our own."""
        self._pieces = markup.split("{}")

    def filled(self, *values: str) -> Markup:
        """Return the markup with a value in each place: ``Markup`` as it is, any other text as foreign."""
        first, *others = self._pieces
        parts = [first]
        for value, piece in zip(values, others, strict=True):
            parts += (value if type(value) is Markup else shown(value), piece)
        return _markup("".join(parts))
