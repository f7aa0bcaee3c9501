"""A certificate authority for tests and the demo, made anew for each run."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

import trustme

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path


class TestCA:
    """A private CA; ``pem`` is what clients must trust, ``server_context`` what servers present."""

    __test__ = False  # not a test class, in spite of its name

    def __init__(self) -> None:
        """Make the CA's key and certificate."""
        self._authority = trustme.CA()

    @property
    def pem(self) -> str:
        """The CA's certificate in PEM form."""
        return self._authority.cert_pem.bytes().decode("ascii")

    def write_pem(self, path: Path) -> Path:
        """Write the CA's certificate to ``path``, as for ``caFile`` or ``SSL_CERT_FILE``; return the path."""
        path.write_text(self.pem, encoding="ascii")
        return path

    def server_context(
        self, *names: str, not_before: datetime | None = None, not_after: datetime | None = None
    ) -> ssl.SSLContext:
        """Return the context of a server with a certificate for host names or IP addresses (default: localhost).

        ``not_before`` and ``not_after`` are naive UTC, as trustme takes them.
        """
        certificate = self._authority.issue_cert(*(names or ("localhost",)), not_before=not_before, not_after=not_after)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certificate.configure_cert(context)
        return context

    def untyped_context(self) -> None: ...
