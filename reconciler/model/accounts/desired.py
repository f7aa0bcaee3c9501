"""What the manifests say, resolved: one account with its server's settings, defaults and templates filled in.

A *document* is the account as JSON: ``{"metadata": {title?, owner?, labels, annotations, preventDelete},
"spec": {…}}`` with camelCase keys, domains as A-labels, secrets as ``SOURCE:KEY``, and nothing that is absent.
Name and kind stand beside it, so that a rename leaves it as it is.
"""

from __future__ import annotations

from dataclasses import field
from functools import cached_property
from typing import TYPE_CHECKING

from reconciler.classes import FrozenByName
from reconciler.model.accounts.settings import Document, Documented
from reconciler.model.canonical import canonical_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.diagnostics import Location
    from reconciler.model.accounts.kinds import Kind


class DesiredAccount(FrozenByName, Documented):
    """One account as the manifests want it."""

    kind: Kind
    name: str
    document: Document
    written: dict[str, str] = field(default_factory=dict)
    """Path to text, for domains that the author wrote otherwise than the document has them."""
    previous_name: str | None = None
    server: str | None = None
    """The MailServer that the settings came through."""
    server_file: str = ""
    """The manifest file of that MailServer."""
    server_location: Location | None = None
    """Where that MailServer says which server it is."""
    server_secrets: frozenset[str] = frozenset()
    """The references that the MailServer names for the account."""
    leaves_server: bool = False
    """Whether it names a host, a port, a proxy or what is trusted itself, so that it is not the MailServer that it goes to."""
    ca_digest: str | None = None
    """SHA-256 of the content of ``spec.smtp.caFile``."""
    file: str = ""
    """The manifest file, relative to the project folder."""
    location: Location | None = None
    """Where the document begins."""
    overlaid: Mapping[tuple[str, ...], Location] = field(default_factory=dict)
    """What overlays of the environment say of it: the path of each value in the document, and where it is written."""

    @property
    def overlay_files(self) -> frozenset[str]:
        """The files of the overlays that change the account."""
        return frozenset(place.file for place in self.overlaid.values())

    def place_of(self, *path: str) -> Location | None:
        """Return where a value of the document is written that an overlay decides, else where the document begins."""
        return self.overlaid.get(path, self.location)

    def place_in_overlay(self, secret: str) -> Location | None:
        """Return where an overlay names a secret of the account; None where the manifests do."""
        for path, place in self.overlaid.items():
            value: object = self.document
            for step in path[:-1]:  # the last is the secret's source
                value = value.get(step) if isinstance(value, dict) else None
            if value == secret:
                return place
        return None

    @cached_property
    def canonical(self) -> str:
        """Canonical JSON of the document: equal text means that nothing changed."""
        return canonical_json(self.document)

    @property
    def named_secrets(self) -> frozenset[str]:
        """The references of all secrets that it has, its MailServer's among them."""
        return frozenset(route.secret for route in self.secret_routes)
