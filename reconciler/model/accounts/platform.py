"""The platform's server: it hosts marketing accounts, and its own secrets travel while they are verified and send."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING

from reconciler.classes import FrozenByName
from reconciler.model.secrets.routes import routes_of, with_fingerprints

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.diagnostics import Location
    from reconciler.model.accounts.settings import Document
    from reconciler.model.secrets.routes import SecretRoute
    from reconciler.model.servers.server import Server

PLATFORM = "the platform's server"
"""Stands where an account's name stands, for what concerns the platform's own credential; no account is called so."""


class PlatformServer(FrozenByName):
    """The server that hosts marketing accounts."""

    server: Server
    ca_digest: str | None = None
    location: Location | None = field(default=None, compare=False)
    """Where the project file declares it."""

    @property
    def secret_routes(self) -> tuple[SecretRoute, ...]:
        """Its secrets and where they travel."""
        return routes_of(self.server, self.ca_digest)

    def routes(self, fingerprints: Mapping[str, str]) -> tuple[SecretRoute, ...]:
        """Return its secrets and where they travel, with fingerprints where known."""
        return with_fingerprints(self.secret_routes, fingerprints)

    def settings(self, fingerprints: Mapping[str, str]) -> Document | None:
        """Return what the settings digest of a marketing account covers; None where a fingerprint is missing."""
        secrets = {each.secret for each in self.secret_routes}
        if any(secret not in fingerprints for secret in secrets):
            return None
        covered = {
            "smtp": self.server.to_document(),
            "fingerprints": {secret: fingerprints[secret] for secret in secrets},
        }
        return {**covered, "caDigest": self.ca_digest} if self.ca_digest else covered
