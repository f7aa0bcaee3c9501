"""A manifest together with the place it came from, so that every later problem can name file, line and column."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from reconciler.diagnostics import Location
    from reconciler.model.manifest import Manifest

Path = Sequence[str | int]
"""Keys and indexes from the document's top: ``("spec", "smtp", "port")``."""


class Locator(Protocol):
    """Finds places inside one document."""

    def value_at(self, path: Path) -> Location:
        """Return where the value at ``path`` begins; for a path that does not exist, its nearest parent's place."""
        ...

    def key_at(self, path: Path) -> Location:
        """Return where the last key of ``path`` stands; as ``value_at`` where there is none."""
        ...


@dataclass(frozen=True, slots=True)
class LocatedManifest:
    """One valid document and its places; ``file`` is relative to the project folder, with forward slashes."""

    manifest: Manifest
    file: str
    locator: Locator


@dataclass(frozen=True, slots=True)
class CaFile:
    """A private CA: the PEM text, and the SHA-256 of it that settings and routes are compared by."""

    pem: str
    digest: str
