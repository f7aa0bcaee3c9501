"""Chains of certificates as the wild has them: what is sent, what is missing, what is old, is each test's to say.

root = Issued.root("Example Root")
middle = root.issue("Example Intermediate", is_authority=True)
leaf = middle.issue("localhost", names=("localhost",))
leaf.server_context(middle)  # sends leaf and intermediate
"""

from __future__ import annotations

import hashlib
import ipaddress
import ssl
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID

if TYPE_CHECKING:
    from collections.abc import Sequence

    Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

NOW = datetime.now(UTC)
_DAY = timedelta(days=1)


class NotingContext(ssl.SSLContext):
    """A server's context that wants certificates of its clients, and notes the fingerprint of each that it was shown."""

    shown: list[str | None]
    """None where a client has shown none."""

    def wrap_socket(self, *given: Any, **named: Any) -> ssl.SSLSocket:
        """Do the handshake, and note what the client has shown."""
        wrapped = super().wrap_socket(*given, **named)
        der = wrapped.getpeercert(binary_form=True)
        self.shown.append(None if der is None else hashlib.sha256(der).hexdigest())
        return wrapped


@dataclass(frozen=True)
class Issued:
    """A certificate with its key."""

    certificate: x509.Certificate
    key: Key

    @classmethod
    def root(cls, name: str, **odd: Any) -> Issued:
        """Return a CA that signs itself; ``odd`` as for ``issue``."""
        return _issue(name, None, is_authority=True, **odd)

    @classmethod
    def alone(cls, name: str, **odd: Any) -> Issued:
        """Return a server's certificate that signs itself."""
        return _issue(name, None, **{"names": (name,), **odd})

    def issue(self, name: str, **odd: Any) -> Issued:
        """Return a certificate of this CA's; ``odd`` are the words of ``_issue``."""
        return _issue(name, self, **odd)

    @property
    def pem(self) -> str:
        """The certificate in PEM form."""
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode("ascii")

    @property
    def key_pem(self) -> str:
        """The key in PEM form, unencrypted."""
        form, encryption = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        return self.key.private_bytes(serialization.Encoding.PEM, form, encryption).decode("ascii")

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the certificate, 64 hexadecimal digits."""
        return self.certificate.fingerprint(hashes.SHA256()).hex()

    @property
    def key_fingerprint(self) -> str:
        """SHA-256 of the public key as certificates hold it."""
        form = serialization.PublicFormat.SubjectPublicKeyInfo
        return hashlib.sha256(self.key.public_key().public_bytes(serialization.Encoding.DER, form)).hexdigest()

    def signed_with(self, digest: str, by: Issued) -> Issued:
        """Return the same certificate with a signature by sha1 or md5 of a CA's RSA key; libraries make none any more."""
        assert isinstance(by.key, rsa.RSAPrivateKey)
        number, algorithm = {"sha1": ("05", hashes.SHA1()), "md5": ("04", hashes.MD5())}[digest]  # noqa: S303 - old ones are wanted
        by_sha256, by_old = (bytes.fromhex(f"2a864886f70d0101{each}") for each in ("0b", number))
        signed = self.certificate.tbs_certificate_bytes.replace(by_sha256, by_old)
        signature = by.key.sign(signed, padding.PKCS1v15(), algorithm)
        whole = self.certificate.public_bytes(serialization.Encoding.DER)
        changed = whole.replace(by_sha256, by_old)[: -len(signature)] + signature
        return Issued(x509.load_der_x509_certificate(changed), self.key)

    def demanding_context(self, clients: Issued, mode: ssl.VerifyMode = ssl.CERT_REQUIRED) -> NotingContext:
        """Return the context of a server that wants certificates of one CA from its clients."""
        context = self.server_context()
        context.verify_mode = mode
        context.load_verify_locations(cadata=clients.pem)
        return context

    def server_context(self, *others: Issued, level: int = 0) -> NotingContext:
        """Return the context of a server that sends this certificate and the others after it, and nothing else."""
        context = NotingContext(ssl.PROTOCOL_TLS_SERVER)
        context.shown = []
        context.set_ciphers(f"DEFAULT:@SECLEVEL={level}")
        with tempfile.NamedTemporaryFile("w", suffix=".pem") as file:
            file.write(self.key_pem + self.pem + "".join(each.pem for each in others))
            file.flush()
            context.load_cert_chain(file.name)
        return context


def _issue(  # noqa: PLR0913 - keyword-only oddities, all with defaults
    name: str,
    by: Issued | None,
    *,
    names: Sequence[str] = (),
    is_authority: bool = False,
    key: Key | None = None,
    days: tuple[int | datetime, int | datetime] = (-30, 300),
    without: Sequence[str] = (),
    published: str | None = None,
    addresses: Sequence[str] = (),
    purpose: str | None = None,
) -> Issued:
    """Return a certificate that is valid from and until so many days from now, ``without`` some of its extensions.

    Dates in place of ``days`` are for one that is to be the same every day.
    """
    begin, end = (day if isinstance(day, datetime) else NOW + day * _DAY for day in days)
    key = key or ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)] if name else [])
    issuer = subject if by is None else by.certificate.subject
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(end)
    )
    signing = key if by is None else by.key
    named = [*map(x509.DNSName, names), *(x509.IPAddress(ipaddress.ip_address(each)) for each in addresses)]
    extensions = _extensions(key, signing, named, published, is_authority=is_authority)
    if purpose is not None:
        extensions.append((x509.ExtendedKeyUsage([x509.ObjectIdentifier(purpose)]), False))
    for extension, is_critical in extensions:
        if type(extension).__name__ not in without:
            is_marked = is_critical and f"critical {type(extension).__name__}" not in without
            builder = builder.add_extension(extension, critical=is_marked)
    return Issued(builder.sign(signing, hashes.SHA256()), key)


def _extensions(
    key: Key, signing: Key, names: Sequence[x509.GeneralName], published: str | None, *, is_authority: bool
) -> list[tuple[x509.ExtensionType, bool]]:
    found: list[tuple[x509.ExtensionType, bool]] = [
        (x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False),
        (x509.AuthorityKeyIdentifier.from_issuer_public_key(signing.public_key()), False),
    ]
    if names:
        found.append((x509.SubjectAlternativeName(names), False))
    if is_authority:
        found.append((x509.BasicConstraints(ca=True, path_length=None), True))
        usage = dict.fromkeys(
            ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "encipher_only"), False
        )
        rest = {"digital_signature": True, "key_cert_sign": True, "crl_sign": True, "decipher_only": False}
        found.append((x509.KeyUsage(**usage, **rest), True))
    if published is not None:
        place = x509.UniformResourceIdentifier(published)
        access = x509.AccessDescription(AuthorityInformationAccessOID.CA_ISSUERS, place)
        found.append((x509.AuthorityInformationAccess([access]), False))
    return found
