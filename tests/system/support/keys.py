"""Certificates as files, for servers that read them: from a CA that the tests trust, and from one that nobody does."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import trustme

from reconciler.model.secrets.values import SecretValue
from reconciler.smtp.clientcertificate import ClientCertificate

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Keys:
    """Paths of PEM files; each but ``ca`` and ``strange_ca`` holds a key with its certificate."""

    ca: Path
    strange_ca: Path
    good: Path
    """For localhost and 127.0.0.1."""
    expired: Path
    ends_soon: Path
    other_name: Path
    """For mail.example.com only."""
    strange: Path
    """For localhost, from the CA that nobody trusts."""

    def presented(self, name: str) -> ClientCertificate:
        """Return what a client shows of one of these, by its name."""
        text = getattr(self, name).read_text(encoding="ascii")
        return ClientCertificate(pem=text[text.index("-----BEGIN CERTIFICATE") :], key=SecretValue(text))

    @property
    def ca_pem(self) -> str:
        """The certificate of the CA that the tests trust."""
        return self.ca.read_text(encoding="ascii")


def write_keys(folder: Path) -> Keys:
    """Make both CAs and write all files into ``folder``."""
    trusted, strange = trustme.CA(organization_name="Example CA"), trustme.CA(organization_name="Strange CA")
    now = datetime.now(UTC).replace(tzinfo=None)
    past, soon = now - timedelta(days=3), now + timedelta(days=7)
    begin = now - timedelta(days=30)

    def write(name: str, *blobs: trustme.Blob) -> Path:
        path = folder / f"{name}.pem"
        path.write_bytes(b"".join(blob.bytes() for blob in blobs))
        return path

    def issued(name: str, certificate: trustme.LeafCert) -> Path:
        return write(name, certificate.private_key_pem, *certificate.cert_chain_pems)

    here = ("localhost", "127.0.0.1")
    return Keys(
        ca=write("ca", trusted.cert_pem),
        strange_ca=write("strange-ca", strange.cert_pem),
        good=issued("good", trusted.issue_cert(*here)),
        expired=issued("expired", trusted.issue_cert(*here, not_before=begin, not_after=past)),
        ends_soon=issued("ends-soon", trusted.issue_cert(*here, not_before=begin, not_after=soon)),
        other_name=issued("other-name", trusted.issue_cert("mail.example.com")),
        strange=issued("strange", strange.issue_cert(*here)),
    )
