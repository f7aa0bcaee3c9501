"""The site's words as markup in one language, marked for the script that says them in another."""

from __future__ import annotations

from functools import lru_cache
from json.encoder import encode_basestring_ascii
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from reconciler.classes import dataclass
from reconciler.render.html.site.markup import Pattern, joined, shown
from reconciler.render.html.site.words import CATALOGS, Tongue, is_plain, text
from reconciler.render.safe import safe
from reconciler.render.times import instant, minute

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

_NO_VALUES: Mapping[str, Any] = MappingProxyType({})
_MOMENTS_KEPT = 1024
"""An apply or a verification is one moment for thousands of accounts."""
_SAID = Pattern("<span{}>{}</span>")
_MARK, _VALUES = Pattern(' data-t="{}"'), Pattern(' data-v="{}"')
_LABEL, _LABEL_MARK = Pattern(' aria-label="{}"'), Pattern(' data-t-label="{}"')
_STATUS, _UNKNOWN = Pattern('<span class="status {}">{}</span>'), Pattern('<span class="status">{}</span>')
_TITLE = Pattern("<title{}>{}</title>")
_MOMENT = Pattern('<time datetime="{}">{}</time>')


@dataclass(frozen=True, slots=True)
class Phrases:
    """The words of one language; ``is_switchable`` marks them, so that a browser can exchange them."""

    tongue: Tongue
    is_switchable: bool

    def say(self, key: str, values: Mapping[str, Any] = _NO_VALUES) -> Markup:
        """Return a text of the catalog with its values."""
        words = shown(text(self.tongue, key, values))
        return _SAID.filled(self._marked(_MARK, key, values), words) if self.is_switchable else words

    def of(self, key: str, values: Mapping[str, Any] = _NO_VALUES) -> Markup:
        """Return the mark of an element whose whole text is one of the catalog; nothing where none is exchanged."""
        return self._marked(_MARK, key, values) if self.is_switchable else Markup()

    def label(self, key: str, values: Mapping[str, Any] = _NO_VALUES) -> Markup:
        """Return a text of the catalog as an element's label, for those who do not see it."""
        label = _LABEL.filled(shown(text(self.tongue, key, values)))
        return joined((label, self._marked(_LABEL_MARK, key, values))) if self.is_switchable else label

    def status(self, name: str) -> Markup:
        """Return a status; in a state that somebody altered it may be one that there is not."""
        key = f"status.{name}"
        return _STATUS.filled(name, self.say(key)) if key in CATALOGS[self.tongue] else _UNKNOWN.filled(name)

    def title(self, key: str, values: Mapping[str, Any]) -> Markup:
        """Return a text of the catalog as the title of a page."""
        return _TITLE.filled(self.of(key, values), shown(text(self.tongue, key, values)))

    @property
    def plain(self) -> dict[str, str]:
        """The texts that have no places for values, by their keys."""
        return {key: text(self.tongue, key, {}) for key in CATALOGS[self.tongue] if is_plain(self.tongue, key)}

    def _marked(self, mark: Pattern, key: str, values: Mapping[str, Any]) -> Markup:
        marked = mark.filled(key)
        return joined((marked, _VALUES.filled(_as_json(values)))) if values else marked


@lru_cache(_MOMENTS_KEPT)
def moment(at: datetime) -> Markup:
    """Return a moment to the minute, and for programs in full."""
    return _MOMENT.filled(instant(at), minute(at))


def _as_json(values: Mapping[str, Any]) -> str:
    """Return the values in a text's places as JSON, for the script that says the text in another language."""
    members = (
        f'"{key}": {value if isinstance(value, int) else encode_basestring_ascii(safe(value))}'
        for key, value in values.items()
    )
    return f"{{{', '.join(members)}}}"
