"""What was found out of an address's domain: the servers that its mail may be sent through, each with who says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.classes import FrozenByName

if TYPE_CHECKING:
    from reconciler.model.servers.terms import Encryption, Mechanism


class Candidate(FrozenByName):
    """One proposal; never one without encryption."""

    host: str
    port: int
    encryption: Encryption
    username: str | None = None
    """With placeholders, as manifests write it; None: nobody says."""
    mechanism: Mechanism | None = None
    sources: tuple[str, ...]
    """Who says so, as noun phrases, the most trustworthy first."""
    note: str = ""
    """What the person needs at the provider, as a sentence."""
    preset: str | None = None

    @property
    def place(self) -> str:
        """Host, port and encryption in words."""
        return f"{self.host}:{self.port} ({self.encryption})"


class Discovery(FrozenByName):
    """What was found of a domain."""

    domain: str
    candidates: tuple[Candidate, ...]
    silent: tuple[str, ...] = ()
    """Who said nothing, and why, as sentences."""

    @property
    def disagrees(self) -> bool:
        """Whether those who were asked name different hosts."""
        return len({each.host.lower() for each in self.candidates}) > 1
