"""What reading gives: mappings and lists that know where their parts stand, documents, files."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING, Any, Protocol

from reconciler.classes import dataclass
from reconciler.diagnostics import Diagnostic, Location

if TYPE_CHECKING:
    from collections.abc import Sequence


class Mark(Protocol):
    """A place as the parser gives it: line and column count from 0."""

    line: int
    column: int


Place = int
"""A place in a file as one number, since there are two for each key: line and column, both from 0."""
COLUMN_BITS = 24
COLUMN = (1 << COLUMN_BITS) - 1
"""More columns than a file may have octets."""


def place_at(line: int, column: int) -> Place:
    """Return a place of the parser's, or one that was counted.

    >>> line_of(place_at(4, 2)), place_at(4, 2) & COLUMN
    (4, 2)
    """
    return line << COLUMN_BITS | column


def line_of(place: Place) -> int:
    """Return the line of a place, from 0.

    >>> line_of(place_at(4, 2))
    4
    """
    return place >> COLUMN_BITS


class LocatedMapping(dict[str, object]):
    """A mapping with places: ``places`` holds each key's place and each value's place in turn, in the order of the keys."""

    __slots__ = ("places",)
    places: list[Place]
    """Given by whoever makes it: every document has several, and an ``__init__`` of Python's would take as long as the rest."""

    def places_of(self, key: object) -> tuple[Place, Place] | None:
        """Return the places of a key and of its value; None for a key that is not there."""
        for index, present in enumerate(self):
            if present == key:
                return self.places[2 * index], self.places[2 * index + 1]
        return None


class LocatedSequence(list[Any]):
    """A list with places: ``places`` holds the place of each value, and is given as a mapping's is."""

    __slots__ = ("places",)
    places: list[Place]


@dataclass(frozen=True, slots=True)
class YamlDocument:
    """One document: its value, and the place of each part of it. A ``reconciler.model.accounts.located.Locator``."""

    value: Any
    file: str
    place: Place = field(repr=False)
    """Where the value begins."""
    first_line: int = 0
    """The line of the file, from 0, that the places count from."""
    weight: int = 0
    """The cost in limits: the number of its values, each alias counted as its whole value, and a charge for itself."""

    @property
    def location(self) -> Location:
        """Where the document's value begins."""
        return self._location(self.place)

    def value_at(self, path: Sequence[str | int]) -> Location:
        r"""Return where the value at a path begins; where the path does not exist, its nearest parent's place.

        >>> from reconciler.yamlsource import read_documents
        >>> document = read_documents(b"spec:\n  smtp: {port: 587}\n", file="a.yaml").documents[0]
        >>> str(document.value_at(["spec", "smtp", "port"])), str(document.value_at(["spec", "smtp", "host"]))
        ('a.yaml:2:16', 'a.yaml:2:9')
        """
        return self._location(self._places_at(path)[1])

    def key_at(self, path: Sequence[str | int]) -> Location:
        r"""Return where the last key of a path stands; where the path does not exist, its nearest parent's place.

        >>> from reconciler.yamlsource import read_documents
        >>> document = read_documents(b"spec:\n  smtp: {port: 587}\n", file="a.yaml").documents[0]
        >>> str(document.key_at(["spec", "smtp"]))
        'a.yaml:2:3'
        """
        return self._location(self._places_at(path)[0])

    def _location(self, place: Place) -> Location:
        return Location(self.file, self.first_line + line_of(place) + 1, (place & COLUMN) + 1)

    def _places_at(self, path: Sequence[str | int]) -> tuple[Place, Place]:
        """Return the places of key and value at a path; where it ends early, those of the nearest parent's value."""
        places, value = (self.place, self.place), self.value
        for step in path:
            inner = _places_of_step(value, step)
            if inner is None:
                return places[1], places[1]
            places, value = inner, value[step]
        return places


def _places_of_step(value: object, step: str | int) -> tuple[Place, Place] | None:
    if isinstance(value, LocatedMapping):
        return value.places_of(step)
    if isinstance(value, LocatedSequence) and isinstance(step, int) and 0 <= step < len(value):
        return value.places[step], value.places[step]
    return None


@dataclass(frozen=True, slots=True)
class YamlFile:
    """One file: the documents that could be read, in their order, and its problems, by place."""

    documents: tuple[YamlDocument, ...]
    problems: tuple[Diagnostic, ...]
