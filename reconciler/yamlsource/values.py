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


class LocatedMapping(dict[str, object]):
    """A mapping with places: ``marks`` holds each key's place and each value's place in turn, in the order of the keys.

    The parser makes the places anyway, so keeping them costs one append each; they are looked up only for a
    problem.
    """

    __slots__ = ("marks",)

    def __init__(self) -> None:
        """Begin empty."""
        self.marks: list[Mark] = []

    def marks_of(self, key: object) -> tuple[Mark, Mark] | None:
        """Return the places of a key and of its value; None for a key that is not there."""
        for index, present in enumerate(self):
            if present == key:
                return self.marks[2 * index], self.marks[2 * index + 1]
        return None


class LocatedSequence(list[Any]):
    """A list with places: ``marks`` holds the place of each value."""

    __slots__ = ("marks",)

    def __init__(self) -> None:
        """Begin empty."""
        self.marks: list[Mark] = []


@dataclass(frozen=True, slots=True)
class YamlDocument:
    """One document: its value, and the place of each part of it. A ``reconciler.model.accounts.located.Locator``."""

    value: Any
    file: str
    mark: Mark = field(repr=False)
    """Where the value begins."""
    first_line: int = 0
    """The line of the file, from 0, that the marks count from."""
    weight: int = 0
    """The cost in limits: the number of its values, each alias counted as its whole value, and a charge for itself."""

    @property
    def location(self) -> Location:
        """Where the document's value begins."""
        return self._place(self.mark)

    def value_at(self, path: Sequence[str | int]) -> Location:
        r"""Return where the value at a path begins; where the path does not exist, its nearest parent's place.

        >>> from reconciler.yamlsource import read_documents
        >>> document = read_documents(b"spec:\n  smtp: {port: 587}\n", file="a.yaml").documents[0]
        >>> str(document.value_at(["spec", "smtp", "port"])), str(document.value_at(["spec", "smtp", "host"]))
        ('a.yaml:2:16', 'a.yaml:2:9')
        """
        return self._place(self._marks_at(path)[1])

    def key_at(self, path: Sequence[str | int]) -> Location:
        r"""Return where the last key of a path stands; where the path does not exist, its nearest parent's place.

        >>> from reconciler.yamlsource import read_documents
        >>> document = read_documents(b"spec:\n  smtp: {port: 587}\n", file="a.yaml").documents[0]
        >>> str(document.key_at(["spec", "smtp"]))
        'a.yaml:2:3'
        """
        return self._place(self._marks_at(path)[0])

    def _place(self, mark: Mark) -> Location:
        return Location(self.file, self.first_line + mark.line + 1, mark.column + 1)

    def _marks_at(self, path: Sequence[str | int]) -> tuple[Mark, Mark]:
        """Return the places of key and value at a path; where it ends early, those of the nearest parent's value."""
        marks, value = (self.mark, self.mark), self.value
        for step in path:
            inner = _marks_of_step(value, step)
            if inner is None:
                return marks[1], marks[1]
            marks, value = inner, value[step]
        return marks


def _marks_of_step(value: object, step: str | int) -> tuple[Mark, Mark] | None:
    if isinstance(value, LocatedMapping):
        return value.marks_of(step)
    if isinstance(value, LocatedSequence) and isinstance(step, int) and 0 <= step < len(value):
        return value.marks[step], value.marks[step]
    return None


@dataclass(frozen=True, slots=True)
class YamlFile:
    """One file: the documents that could be read, in their order, and its problems, by place."""

    documents: tuple[YamlDocument, ...]
    problems: tuple[Diagnostic, ...]
