"""A certificate that a server presented, kept for review, as a value."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from reconciler.classes import FrozenByName

if TYPE_CHECKING:
    from datetime import datetime

Standing = Literal["root", "intermediate", "server"]


class PresentedCertificate(FrozenByName):
    """What was stored of a server's chain, and the server's own certificate; nobody has verified either."""

    server: str
    """Host and port."""
    standing: Standing
    """What was stored: the root that the chain leads to, its last intermediate, or the server's own certificate."""
    subject: str
    issuer: str
    not_before: datetime
    not_after: datetime
    fingerprint: str
    """Of what was stored, as ``sha256:HEX``."""
    own_fingerprint: str
    """Of the server's own certificate."""
    sent: int
    """How many certificates the server sent."""
    ca_file: str
    """Where it was stored, from the project folder."""
