"""The places of a document that was read before, found by reading its file again: most of them are never asked for."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from reconciler.classes import dataclass
from reconciler.yamlsource.reading import each_document

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reconciler.diagnostics import Location
    from reconciler.yamlsource.values import YamlDocument

_FILES_AT_HAND = 256


@dataclass(frozen=True, slots=True)
class ReadAgain:
    r"""Where the parts of a document stand. A ``reconciler.model.accounts.located.Locator``.

    It holds the octets of the file, a twentieth of what the places would take: a place has some hundred octets, and a
    document some thirty of them.

    >>> from reconciler.diagnostics import Location
    >>> places = ReadAgain(b"spec:\n  email: a\n---\nspec:\n  email: b\n", "a.yaml", 1, Location("a.yaml", 4, 1))
    >>> str(places.value_at(("spec", "email"))), str(places.key_at(("spec",))), str(places.value_at(()))
    ('a.yaml:5:10', 'a.yaml:4:1', 'a.yaml:4:1')
    """

    octets: bytes
    file: str
    number: int
    """Which of the documents that can be read it is, from 0."""
    location: Location
    """Where the document begins."""

    def value_at(self, path: Sequence[str | int]) -> Location:
        """Return where the value at a path begins; where the path does not exist, its nearest parent's place."""
        return self._document.value_at(path) if path else self.location

    def key_at(self, path: Sequence[str | int]) -> Location:
        """Return where the last key of a path stands; where the path does not exist, its nearest parent's place."""
        return self._document.key_at(path) if path else self.location

    @property
    def _document(self) -> YamlDocument:
        return _documents(self.octets, self.file)[self.number]


@lru_cache(maxsize=_FILES_AT_HAND)
def _documents(octets: bytes, file: str) -> tuple[YamlDocument, ...]:
    return tuple(each_document(octets, file=file, problems=[]))
