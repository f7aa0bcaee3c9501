"""In which order ports and encryptions are tried that nobody has said: the safest first, and never one without encryption.

TLS from the first byte comes before STARTTLS (RFC 8314 section 3): nothing of a conversation is readable then, and nobody
on the way can take the offer of encryption out of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.classes import dataclass
from reconciler.model.servers.terms import DEFAULT_PORTS

if TYPE_CHECKING:
    from reconciler.model.servers.terms import Encryption

IMPLICIT_TLS_PORT = 465
STARTTLS_PORTS = (587, 2525, 25)
"""In the order in which they are tried: submission, what providers offer where that is blocked, and relay."""


@dataclass(frozen=True, slots=True)
class Way:
    """One way to speak to a server."""

    port: int
    encryption: Encryption

    def __str__(self) -> str:
        """Return the way in words: ``port 587 with starttls``."""
        return f"port {self.port} with {self.encryption}"


def ways_to_try(port: int | None, encryption: Encryption | None) -> tuple[Way, ...]:
    """Return the ways to speak to a server of which this much was said, in the order in which they are tried.

    >>> [str(way) for way in ways_to_try(465, None)]
    ['port 465 with tls', 'port 465 with starttls']
    """
    if port is not None and encryption is not None:
        return (Way(port, encryption),)
    if port is not None:
        order: tuple[Encryption, ...] = ("starttls", "tls") if port in STARTTLS_PORTS else ("tls", "starttls")
        return tuple(Way(port, each) for each in order)
    if encryption == "starttls":
        return tuple(Way(each, "starttls") for each in STARTTLS_PORTS)
    if encryption is not None:
        return (Way(DEFAULT_PORTS[encryption], encryption),)
    return (Way(IMPLICIT_TLS_PORT, "tls"), *(Way(each, "starttls") for each in STARTTLS_PORTS))
