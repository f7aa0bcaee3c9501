"""A client's own certificate and key, into a TLS context: what a server that demands one is shown. RFC 8446 section 4.4.2.

OpenSSL, as Python has it, reads both from files alone. The key is handed to it through a pipe, which is memory of the
kernel: a temporary file would lie on a disk, and stay there where the process is killed before it is removed.
"""

from __future__ import annotations

import contextlib
import os
import re
import ssl
import threading
from typing import TYPE_CHECKING, Any

from reconciler.classes import FrozenByName
from reconciler.smtp.certificate import Certificate, read_certificates
from reconciler.smtp.faults import SmtpFault
from reconciler.smtp.tlsalerts import reason_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reconciler.model.secrets.values import SecretValue

_KEY = re.compile(r"-----BEGIN ([A-Z0-9 ]*PRIVATE KEY)-----.*?-----END \1-----", re.DOTALL)
_PIPES = "/dev/fd"
_BASE64_OF_PEM = "LS0tLS1CRUdJTi"
"""How PEM begins that somebody has encoded once more, for a variable of one line."""


class ClientCertificate(FrozenByName):
    """A certificate with those that lead to its issuer, in PEM form, and its private key."""

    pem: str
    key: SecretValue

    @property
    def own(self) -> Certificate:
        """The client's own certificate, which is the first; ``SmtpFault`` where it cannot be read."""
        found = read_certificates(self.pem)
        if not found:
            raise _unusable("unreadable")
        return found[0]

    def present_in(self, context: ssl.SSLContext) -> None:
        """Have a context present the certificate; raise ``SmtpFault`` clientCertificateUnusable where it cannot.

        A context that has a key is never shared: whoever shakes hands by it signs with that.
        """
        key = self._checked_key()
        try:
            with _handed_over(self.pem.encode("ascii")) as certificate, _handed_over(key) as key_file:
                context.load_cert_chain(certificate, key_file)
        except ssl.SSLError as refusal:
            raise _unusable("refused", reason=reason_of(refusal)) from None
        except OSError as refusal:
            raise _unusable("refused", reason=f"{_PIPES} cannot be read: {refusal.strerror}") from None

    def _checked_key(self) -> bytes:
        """Return the key in the form that every OpenSSL reads; ``SmtpFault`` where it is none, or another one's."""
        from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

        key = _read_key(self.key.reveal())
        own = _public_octets(key)
        holders = [_key_of(each) == own for each in read_certificates(self.pem)]
        if not holders or not holders[0]:
            raise _unusable("order" if any(holders) else "otherKey")
        octets: bytes = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        return octets


def _read_key(text: str) -> Any:
    """Return the private key in a PEM text, whatever stands beside it."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    found = _KEY.search(text)
    if found is None:
        raise _unusable("base64" if text.startswith(_BASE64_OF_PEM) else "noKey")
    if "\n" not in found[0]:
        raise _unusable("oneLine")
    if "ENCRYPTED" in found[0]:
        raise _unusable("encrypted")
    try:
        return load_pem_private_key(found[0].encode("ascii"), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise _unusable("noKey") from None


def _public_octets(key: Any) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    octets: bytes = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return octets


def _key_of(certificate: Certificate) -> bytes | None:
    """Return the public key of a certificate as encoded; None for one of a kind that is not known."""
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm

    try:
        return _public_octets(x509.load_der_x509_certificate(certificate.der))
    except (ValueError, UnsupportedAlgorithm):
        return None


@contextlib.contextmanager
def _handed_over(octets: bytes) -> Iterator[str]:
    """Give octets to whoever reads the path, once; what a pipe does not hold at once goes in as it is read."""
    reading, writing = os.pipe()
    writer = threading.Thread(target=_write, args=(writing, octets), daemon=True, name="certificate")
    writer.start()
    try:
        yield f"{_PIPES}/{reading}"
    finally:
        os.close(reading)  # a writer that waits is told that nobody reads any more
        writer.join()


def _write(pipe: int, octets: bytes) -> None:
    with contextlib.suppress(OSError), open(pipe, "wb") as file:
        file.write(octets)


def _unusable(variant: str, *, reason: str = "") -> SmtpFault:
    return SmtpFault("clientCertificateUnusable", step="tls", facts={"variant": variant, "reason": reason})
