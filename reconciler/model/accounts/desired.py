"""What the manifests say, resolved: one account with its server's settings, defaults and templates filled in.

A *document* is the account as JSON: ``{"metadata": {title?, owner?, labels, annotations, preventDelete},
"spec": {…}}`` with camelCase keys, domains as A-labels, secrets as ``SOURCE:KEY``, and nothing that is absent.
Name and kind stand beside it, so that a rename leaves it as it is.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from reconciler.model.canonical import canonical_json
from reconciler.model.secrets.routes import routes_of

if TYPE_CHECKING:
    from reconciler.diagnostics import Location
    from reconciler.model.accounts.kinds import Kind
    from reconciler.model.secrets.routes import SecretRoute

Document = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class DesiredAccount:
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
    ca_digest: str | None = None
    """SHA-256 of the content of ``spec.smtp.caFile``."""
    file: str = ""
    """The manifest file, relative to the project folder."""
    location: Location | None = None
    """Where the document begins."""

    @cached_property
    def canonical(self) -> str:
        """Canonical JSON of the document: equal text means that nothing changed."""
        return canonical_json(self.document)

    @property
    def spec(self) -> dict[str, Any]:
        """The resolved settings."""
        return self.document["spec"]  # type: ignore[no-any-return]

    @property
    def metadata(self) -> dict[str, Any]:
        """Title, owner, labels, annotations, protection."""
        return self.document["metadata"]  # type: ignore[no-any-return]

    @cached_property
    def secret_routes(self) -> tuple[SecretRoute, ...]:
        """Every secret and where it would travel."""
        return routes_of(self.spec, self.ca_digest)
