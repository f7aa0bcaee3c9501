"""A manifest together with the place it came from, so that every later problem can name file, line and column."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from reconciler.classes import Frozen, dataclass
from reconciler.model.accounts.kinds import KINDS

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


class Overlay(Frozen):
    """A document that changes one manifest in an environment, and where its parts stand."""

    identity: tuple[str, str]
    """The kind and name of the manifest."""
    value: dict[str, Any]
    """The whole document: a JSON merge patch."""
    file: str
    locator: Locator
    real_file: str | None = None
    """As of ``LocatedManifest``."""

    @property
    def location(self) -> Location:
        """Where it begins."""
        return self.locator.value_at(())

    def leaves(self) -> Iterator[tuple[tuple[str, ...], Location]]:
        """Yield the path of each value that it sets or takes away, and where that is written."""
        waiting: list[tuple[tuple[str, ...], Any]] = [((), self.value)]
        while waiting:
            path, value = waiting.pop()
            if isinstance(value, dict):
                waiting += [((*path, key), each) for key, each in value.items()]
            elif path[0] in {"metadata", "spec"} and path != ("metadata", "name"):
                yield path, self.locator.value_at(path)


@dataclass(frozen=True, slots=True)
class LocatedManifest:
    """One valid document and its places; ``file`` is relative to the project folder, with forward slashes."""

    manifest: Manifest
    file: str
    locator: Locator
    real_file: str | None = None
    """Where the file itself lies, in the same form, if ``file`` is a link or lies below one; None: ``file`` is it."""
    overlay: Overlay | None = None
    """What changes it in the environment; it is in ``manifest`` already."""

    @property
    def files(self) -> frozenset[str]:
        """The files that declare the account: the manifest and its overlay, each as named and, behind a link, as it really lies."""
        overlay = (self.overlay.file, self.overlay.real_file) if self.overlay is not None else ()
        return frozenset(each for each in (self.file, self.real_file, *overlay) if each is not None)

    def has(self, path: Path) -> bool:
        """Tell whether the author has written a value at ``path``."""
        value: object = self.manifest.model_dump(exclude_none=True, exclude_unset=True)
        for step in path:
            if not isinstance(value, dict) or step not in value:
                return False
            value = value[step]
        return True


class CaFile(Frozen):
    """A private CA: its PEM text, and the SHA-256 of that text, by which settings and routes are compared."""

    pem: str
    digest: str


class CertificateFile(Frozen):
    """A client's certificate: the PEM text with those that lead to its issuer, and its own fingerprint, sha256:HEX."""

    pem: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class RefusedDocument:
    """A document that is there and cannot be used, as far as it can be told what it was to declare."""

    kind: str | None
    name: str | None
    server: str | None = None
    """The MailServer that an account names."""
    value: object = None
    """All of it, as it is written."""
    locator: Locator | None = None

    @property
    def may_be_server(self) -> bool:
        """False for what was to be an account."""
        return self.kind in {None, "MailServer"}

    @property
    def may_go_through_any(self) -> bool:
        """True for an account of which nobody can tell whether it names a MailServer: it says nothing of how it sends."""
        spec = self.value.get("spec") if isinstance(self.value, dict) else None
        is_told = isinstance(spec, dict) and isinstance(spec.get("smtp"), dict)
        may_have_server = self.kind is None or (self.kind in KINDS and not KINDS[self.kind].sends_through_platform)
        return may_have_server and self.server is None and not is_told


@dataclass(frozen=True, slots=True)
class Unread:
    """What the manifests folder holds and could not be read; nothing of it may be reported as missing."""

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
    def may_hide_uses(self) -> bool:
        """True where an account that cannot be read as far as its server may go through any."""
        return self.has_unparsed or any(each.may_go_through_any for each in self.documents)

    @property
    def named_servers(self) -> frozenset[str]:
        """The MailServers that accounts name which cannot be used themselves."""
        return frozenset(each.server for each in self.documents if each.server is not None)
