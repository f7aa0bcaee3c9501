"""The values that reading gives: mappings and lists that know where their parts stand, documents, files."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from reconciler.diagnostics import Diagnostic, Location

if TYPE_CHECKING:
    from collections.abc import Sequence


class Mark(Protocol):
    """A place as the parser gives it: line and column count from 0."""

    line: int
    column: int


class LocatedMapping(dict[str, Any]):
    """A mapping; ``marks`` holds, in the order of its keys, each key's place and each value's place in turn.

    The parser makes the places anyway, so keeping them costs one append each; they are looked up only for a
    problem.
    """

    __slots__ = ("marks",)

    def __init__(self) -> None:
        """Begin empty."""
        self.marks: list[Mark] = []

    def marks_of(self, key: object) -> tuple[Mark, Mark] | None:
        """Return the places of a key and of its value; None where the key does not exist."""
        for index, present in enumerate(self):
            if present == key:
                return self.marks[2 * index], self.marks[2 * index + 1]
        return None


class LocatedSequence(list[Any]):
    """A list; ``marks`` holds the place of each value."""

    __slots__ = ("marks",)

    def __init__(self) -> None:
        """Begin empty."""
        self.marks: list[Mark] = []


@dataclass(frozen=True, slots=True)
class YamlDocument:
    """One document: its value, and where every part of it stands. A ``reconciler.model.source.Locator``."""

    value: Any
    file: str
    mark: Mark = field(repr=False)
    """Where the value begins."""
    first_line: int = 0
    """The line of the file, from 0, that the marks count from."""
    weight: int = 0
    """What it counts for in limits: its values, each alias as what it stands for, and what a document costs itself."""

    @property
    def location(self) -> Location:
        """Where the document's value begins."""
        return self._place(self.mark)

    def value_at(self, path: Sequence[str | int]) -> Location:
        """Return where the value at ``path`` begins; for a path that does not exist, its nearest parent's place."""
        return self._place(self._marks_at(path)[1])

    def key_at(self, path: Sequence[str | int]) -> Location:
        """Return where the last key of ``path`` stands; where there is none, as ``value_at``."""
        return self._place(self._marks_at(path)[0])

    def _place(self, mark: Mark) -> Location:
        return Location(self.file, self.first_line + mark.line + 1, mark.column + 1)

    def _marks_at(self, path: Sequence[str | int]) -> tuple[Mark, Mark]:
        """Return the places of key and value, those of the nearest parent's value where the path ends early."""
        found, value = (self.mark, self.mark), self.value
        for step in path:
            inner = _marks_of_step(value, step)
            if inner is None:
                return found[1], found[1]
            found, value = inner, value[step]
        return found


def _marks_of_step(value: object, step: str | int) -> tuple[Mark, Mark] | None:
    if isinstance(value, LocatedMapping):
        return value.marks_of(step)
    if isinstance(value, LocatedSequence) and isinstance(step, int) and 0 <= step < len(value):
        return value.marks[step], value.marks[step]
    return None


@dataclass(frozen=True, slots=True)
class YamlFile:
    """One file: the documents that could be read, in their order, and the problems, by place."""

    documents: tuple[YamlDocument, ...]
    problems: tuple[Diagnostic, ...]
