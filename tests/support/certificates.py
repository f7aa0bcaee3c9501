"""A certificate authority for tests and the demo, made anew for each run."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, cast

import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID

if TYPE_CHECKING:
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

    def client_only_context(self, name: str) -> ssl.SSLContext:
        """Return the context of a server whose certificate, though the CA's, is for clients only (RFC 5280, EKU)."""
        key = ec.generate_private_key(ec.SECP256R1())
        issuer = x509.load_pem_x509_certificate(self._authority.cert_pem.bytes())
        issuer_key = serialization.load_pem_private_key(self._authority.private_key_pem.bytes(), None)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([]))
            .issuer_name(issuer.subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(issuer.not_valid_before_utc)
            .not_valid_after(issuer.not_valid_after_utc)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=True)
            .sign(cast("ec.EllipticCurvePrivateKey", issuer_key), hashes.SHA256())
        )
        pem = serialization.Encoding.PEM
        key_pem = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        with trustme.Blob(key_pem + certificate.public_bytes(pem)).tempfile() as path:
            context.load_cert_chain(path)
        return context


def self_signed_context(name: str) -> tuple[ssl.SSLContext, str]:
    """Return the context of a server whose certificate for a name is signed by itself, and the certificate in PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = x509.load_der_x509_certificate(certificate_der(key, name))
    pem = serialization.Encoding.PEM
    key_pem = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with trustme.Blob(key_pem + certificate.public_bytes(pem)).tempfile() as path:
        context.load_cert_chain(path)
    return context, certificate.public_bytes(pem).decode("ascii")


def certificate_der(key: ec.EllipticCurvePrivateKey, name: str, *, serial_number: int | None = None) -> bytes:
    """Return a certificate of a key for a name, signed by itself, in DER."""
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(serial_number or x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + timedelta(days=3650))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    return certificate.public_bytes(serialization.Encoding.DER)
