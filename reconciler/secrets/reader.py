"""Reads secrets by reference, each at most once a run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reconciler.diagnostics import Diagnostic, error
from reconciler.files import read_regular_file
from reconciler.model.globs import matches
from reconciler.model.secrets import SecretValue
from reconciler.model.text import UNSAFE_CHARACTER

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

_MAX_OCTETS = 64 * 1024


@dataclass(frozen=True, slots=True)
class Reading:
    """The secrets that could be read, by reference, and for the others the problem."""

    values: Mapping[str, SecretValue]
    problems: Mapping[str, Diagnostic]


class _Unreadable(Exception):
    """A secret cannot be had; carries the diagnostic."""

    def __init__(self, problem: Diagnostic) -> None:
        super().__init__(problem.code)
        self.problem = problem


class SecretReader:
    """Reads ``env:`` and ``file:`` references; files only below the project folder or where ``allow`` names them."""

    def __init__(self, root: Path, environ: Mapping[str, str], *, allowed: Iterable[str]) -> None:
        """Read relative to ``root``; ``allowed`` are the globs of ``secrets.allow``."""
        self._root = root.resolve()
        self._environ = environ
        self._allowed = tuple(allowed)
        self._values: dict[str, SecretValue] = {}
        self._problems: dict[str, Diagnostic] = {}

    def read(self, references: Iterable[str]) -> Reading:
        """Return the values of the references, and a problem for each that cannot be read; nothing is raised."""
        wanted = sorted(set(references))
        for reference in wanted:
            if reference not in self._values and reference not in self._problems:
                self._read_one(reference)
        return Reading(
            {reference: self._values[reference] for reference in wanted if reference in self._values},
            {reference: self._problems[reference] for reference in wanted if reference in self._problems},
        )

    def take(self, reference: str, text: str) -> None:
        """Take what a person typed as the value of a reference, under the rules for every value."""
        self._problems.pop(reference, None)
        try:
            self._values[reference] = SecretValue(_checked(text, reference))
        except _Unreadable as unreadable:
            self._problems[reference] = unreadable.problem

    def _read_one(self, reference: str) -> None:
        source, _, key = reference.partition(":")
        try:
            text = self._from_variable(key) if source == "env" else self._from_file(source, key)
            self._values[reference] = SecretValue(_checked(text, reference))
        except _Unreadable as unreadable:
            self._problems[reference] = unreadable.problem

    def _from_variable(self, name: str) -> str:
        text = self._environ.get(name)
        if text is None:
            detail = f"The environment variable {name} is not set. Set it where this command runs:\n    export {name}=…"
            raise _Unreadable(error("secretMissing", detail, subject=f"env:{name}"))
        return text

    def _from_file(self, source: str, key: str) -> str:
        reference = f"{source}:{key}"
        if source != "file":
            detail = f"{reference} names a source that cannot be read here; env: and file: can."
            raise _Unreadable(error("unknownSecretSource", detail, subject=reference))
        try:
            return _read_small_file(self._resolved(key, reference)).decode("utf-8")
        except UnicodeDecodeError:
            raise _Unreadable(error("secretInvalid", "The file is not UTF-8 text.", subject=reference)) from None
        except (OSError, RuntimeError, ValueError) as failure:  # a loop of links is a RuntimeError before Python 3.13
            why = getattr(failure, "strerror", None) or "its path leads nowhere"
            detail = f"The file {key} cannot be read: {why}. Write it where this command runs."
            raise _Unreadable(error("secretMissing", detail, subject=reference)) from None

    def _resolved(self, key: str, reference: str) -> Path:
        """Return the file that a key names, with links followed, if it lies where secrets may lie.

        A link counts by where it leads: a pull request could bring one from an allowed name to the key of
        fingerprints, which lies below the project folder too.
        """
        path = (self._root / key).resolve()
        if path == self._root / key or any(
            matches(glob, f"file:{place}") for glob in self._allowed for place in self._names_of(path)
        ):
            return path
        raise _Unreadable(_outside(reference))

    def _names_of(self, path: Path) -> tuple[str, ...]:
        """Return how ``secrets.allow`` may name a file: absolute, and below the project folder from there."""
        below = (str(path.relative_to(self._root)),) if path.is_relative_to(self._root) else ()
        return (str(path), *below)


def _outside(reference: str) -> Diagnostic:
    detail = (
        f"{reference} leads, with links followed, to a file that secrets.allow in the project file does not cover. "
        "Put the file itself in the allowed place, or have the owner of the project file allow the place it leads to."
    )
    return error("secretNotAllowed", detail, subject=reference)


def _read_small_file(path: Path) -> bytes:
    octets = read_regular_file(path, _MAX_OCTETS)
    if len(octets) > _MAX_OCTETS:
        raise OSError(0, f"it is larger than {_MAX_OCTETS} bytes")
    return octets


def _checked(text: str, reference: str) -> str:
    """Return the value without one final newline; refuse an empty one and one with control characters."""
    value = text.removesuffix("\n")
    value = value.removesuffix("\r")
    if not value:
        detail = f"{reference} is empty. An empty secret would make the login be skipped or fail; set it."
        raise _Unreadable(error("secretInvalid", detail, subject=reference))
    if UNSAFE_CHARACTER.search(value) or not _is_unicode(value):
        detail = f"{reference} holds a control character, such as a second line. Set it to the bare value."
        raise _Unreadable(error("secretInvalid", detail, subject=reference))
    return value


def _is_unicode(text: str) -> bool:
    """Tell whether the text can be written as UTF-8; a variable may hold bytes that are not."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
