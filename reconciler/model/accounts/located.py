"""A manifest together with the place it came from, so that every later problem can name file, line and column."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from reconciler.diagnostics import Location
    from reconciler.model.accounts.manifest import Manifest

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
    real_file: str | None = None
    """Where the file itself lies, in the same form, if ``file`` is a link or lies below one; None: ``file`` is it."""

    def has(self, path: Path) -> bool:
        """Tell whether the author has written a value at ``path``."""
        value: object = self.manifest.model_dump(exclude_none=True, exclude_unset=True)
        for step in path:
            if not isinstance(value, dict) or step not in value:
                return False
            value = value[step]
        return True


@dataclass(frozen=True, slots=True)
class CaFile:
    """A private CA: the PEM text, and the SHA-256 of it that settings and routes are compared by."""

    pem: str
    digest: str


@dataclass(frozen=True, slots=True)
class RefusedDocument:
    """A document that is there and cannot be used, as far as it can be told what it was to declare."""

    kind: str | None
    name: str | None
    server: str | None = None
    """The MailServer that an account names."""

    @property
    def may_be_server(self) -> bool:
        """False for what was to be an account."""
        return self.kind in {None, "MailServer"}


@dataclass(frozen=True, slots=True)
class Unread:
    """What the manifests folder holds beside the manifests that could be read: nothing of it may be told as missing."""

    documents: tuple[RefusedDocument, ...] = ()
    has_unparsed: bool = False
    """Something could not be read at all, so nobody knows what it declares."""

    @property
    def servers(self) -> frozenset[str]:
        """The names of MailServers that are there and cannot be used."""
        return frozenset(each.name for each in self.documents if each.may_be_server and each.name is not None)

    @property
    def may_hide_servers(self) -> bool:
        """True where a MailServer of any name may stand in what could not be read."""
        return self.has_unparsed or any(each.may_be_server and each.name is None for each in self.documents)

    @property
    def named_servers(self) -> frozenset[str]:
        """The MailServers that accounts name which cannot be used themselves."""
        return frozenset(each.server for each in self.documents if each.server is not None)
