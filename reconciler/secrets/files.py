"""Secrets from files: where one may lie, with links followed first, and none that git tracks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.files import read_regular_file
from reconciler.model.globs import matches
from reconciler.secrets.values import MAX_OCTETS, unreadable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path


class SecretFiles:
    """Reads files below the project folder, or where ``secrets.allow`` names them."""

    def __init__(self, root: Path, *, allowed: Iterable[str], is_tracked: Callable[[Path], bool]) -> None:
        """Read relative to ``root``; ``allowed`` are the globs of ``secrets.allow``; ``is_tracked`` asks git."""
        self.root = root.resolve()
        self._allowed = tuple(allowed)
        self._is_tracked = is_tracked

    def read(self, key: str, reference: str) -> str:
        """Return the text of the file that a manifest names; raise ``Unreadable``."""
        octets = self._octets(lambda: self._resolved(key, reference), key, reference, MAX_OCTETS)
        try:
            return octets.decode("utf-8")
        except UnicodeDecodeError:
            raise unreadable("secretInvalid", "The file is not UTF-8 text.", subject=reference) from None

    def read_bulk(self, key: str, source: str, *, max_octets: int) -> bytes:
        """Return the content of the file that the project file names as a source; raise ``Unreadable``."""
        return self._octets(lambda: self._inside(key, source), key, source, max_octets)

    def _octets(self, find: Callable[[], Path], key: str, subject: str, max_octets: int) -> bytes:
        try:
            path = find()
            octets = read_regular_file(path, max_octets)
            if len(octets) > max_octets:
                raise OSError(0, f"it is larger than {max_octets} bytes")  # noqa: TRY301 - told as the others are
        except (OSError, RuntimeError, ValueError) as failure:  # a loop of links is a RuntimeError before Python 3.13
            why = getattr(failure, "strerror", None) or "its path leads nowhere"
            detail = f"The file {key} cannot be read: {why}. Write it where this command runs."
            raise unreadable("secretMissing", detail, subject=subject) from None
        if self._is_tracked(path):
            detail = (
                f"The file {key} is in git, so everybody who can read the repository has the secret, and always will. "
                "Change the secret, then take the file out of git and ignore it:\n"
                f"    git rm --cached {key}"
            )
            raise unreadable("secretTracked", detail, subject=subject)
        return octets

    def _resolved(self, key: str, reference: str) -> Path:
        """Return the file that a key names, with links followed, if it lies where secrets may lie.

        A link counts by where it leads: a pull request could bring one from an allowed name to the key of
        fingerprints, which lies below the project folder too.
        """
        path = (self.root / key).resolve()
        if path == self.root / key or any(
            matches(glob, f"file:{place}") for glob in self._allowed for place in self._names_of(path)
        ):
            return path
        detail = (
            f"{reference} leads, with links followed, to a file that secrets.allow in the project file does not cover. "
            "Put the file itself in the allowed place, or have the owner of the project file allow the place it leads "
            "to."
        )
        raise unreadable("secretNotAllowed", detail, subject=reference)

    def _inside(self, key: str, source: str) -> Path:
        """Return the file of a source: an absolute path as the project file has it, a relative one inside the project."""
        path = (self.root / key).resolve()
        if key.startswith("/") or path.is_relative_to(self.root):
            return path
        detail = f"The file {key} of {source} lies, with links followed, outside the project folder. Name it by its absolute path."
        raise unreadable("secretNotAllowed", detail, subject=source)

    def _names_of(self, path: Path) -> tuple[str, ...]:
        """Return how ``secrets.allow`` may name a file: absolute, and below the project folder from there."""
        below = (str(path.relative_to(self.root)),) if path.is_relative_to(self.root) else ()
        return (str(path), *below)
