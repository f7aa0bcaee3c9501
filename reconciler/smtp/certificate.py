"""What a certificate says, read from its DER form by ``cryptography``: names, issuer, dates, fingerprints. RFC 5280.

The standard library tells the content of a verified certificate only, and people need it for one that was refused.
Nothing here decides trust. Content that is not a certificate yields no facts, never an exception. The library is
imported with the first certificate, which spares every command that meets none a fifth of a second.
"""

from __future__ import annotations

import hashlib
import ipaddress
import warnings
from functools import lru_cache
from typing import TYPE_CHECKING, TypeVar

from reconciler.classes import dataclass
from reconciler.smtp.replies import clean

if TYPE_CHECKING:
    from datetime import datetime

    from cryptography import x509

_Extension = TypeVar("_Extension", bound="x509.ExtensionType")
_MAX_NAMES = 100
_BROKEN_HASHES = frozenset({"md5", "sha1"})
_GOOD_RSA_BITS, _LEAST_RSA_BITS = 2048, 1024
_GOOD_CURVE_BITS = 224


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate; texts are cleaned, dates are UTC."""

    names: tuple[str, ...]
    """Its host names and addresses; where it has none, its subject's common name."""
    has_alternative_names: bool
    """Whether the names are in the subject's alternative name, the only place that counts (RFC 9525 section 6.3)."""
    subject: str
    """What it is called: its common name, its organisation, or its first name."""
    issuer: str
    issuer_organisation: str | None
    subject_organisation: str | None
    not_before: datetime
    not_after: datetime
    fingerprint: str
    """SHA-256 of the DER form, 64 hexadecimal digits."""
    key_fingerprint: str | None
    """SHA-256 of its SubjectPublicKeyInfo in DER, the same for every certificate of one key (RFC 6698 section 2.1.2);
    None for a key of a kind that is not known."""
    is_authority: bool
    """Whether it may issue others (basicConstraints)."""
    is_self_issued: bool
    """Whether it names itself as its issuer, as roots do and as what somebody signed for himself."""
    subject_id: str
    """Digest of the subject as encoded, to find who issued what."""
    issuer_id: str
    """Digest of the issuer as encoded."""
    issuer_address: str | None
    """Where it says that its issuer's certificate can be had (RFC 5280 section 4.2.2.1); None: it does not say."""
    weaknesses: tuple[str, ...]
    """What of key and signature is below today's measure, in words."""
    is_too_weak: bool
    """Whether key or signature can be forged by anybody: RSA under 1024 bits, or MD5."""
    departures: tuple[str, ...]
    """What RFC 5280 wants of it and it lacks, in words: programs that check strictly refuse it for that."""
    der: bytes

    @property
    def fingerprint_in_words(self) -> str:
        """The fingerprint as settings have it: ``sha256:…``."""
        return f"sha256:{self.fingerprint}"

    def has_alternative_names_as(self, name: str) -> bool:
        """Tell whether the subject's alternative name has names of the kind, host name or address, that ``name`` is."""
        return self.has_alternative_names and any(_is_address(each) == _is_address(name) for each in self.names)


@lru_cache(maxsize=64)
def read_certificate(der: bytes) -> Certificate | None:
    """Return what the certificate says; None where the octets are no certificate that this can read.

    Kept for a while: the accounts of a server see the same ones.
    """
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.utils import CryptographyDeprecationWarning

    # What is odd in a stranger's certificate is no fault of whoever runs the command.
    warnings.filterwarnings("ignore", category=CryptographyDeprecationWarning)
    try:
        return _read(x509.load_der_x509_certificate(der), der)
    except (ValueError, KeyError, TypeError, OverflowError, UnsupportedAlgorithm):
        return None  # the library has no error of its own for what is no certificate


def read_certificates(pem: str) -> tuple[Certificate, ...]:
    """Return the certificates of a PEM text in their order, without those that cannot be read."""
    import ssl

    found = []
    for part in pem.split("-----BEGIN CERTIFICATE-----")[1:]:
        text = f"-----BEGIN CERTIFICATE-----{part.partition('-----END CERTIFICATE-----')[0]}-----END CERTIFICATE-----"
        try:
            found.append(read_certificate(ssl.PEM_cert_to_DER_cert(text)))
        except ValueError:
            continue
    return tuple(each for each in found if each is not None)


def has_issued(issuer: Certificate, subject: Certificate) -> bool:
    """Tell whether the key of one certificate has signed the other."""
    return _has_signed(issuer.der, subject.der)


@lru_cache(maxsize=64)
def _has_signed(issuer: bytes, subject: bytes) -> bool:
    from cryptography import x509
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

    try:
        child, parent = (x509.load_der_x509_certificate(each) for each in (subject, issuer))
        child.verify_directly_issued_by(parent)
    except (InvalidSignature, UnsupportedAlgorithm, ValueError, TypeError):
        return False
    return True


def _read(found: x509.Certificate, der: bytes) -> Certificate:
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    common = _named(found.subject, NameOID.COMMON_NAME)
    organisation = _named(found.subject, NameOID.ORGANIZATION_NAME)
    issuing_organisation = _named(found.issuer, NameOID.ORGANIZATION_NAME)
    issuer = (*_named(found.issuer, NameOID.COMMON_NAME), *issuing_organisation)
    alternative = _alternative_names(found)
    names = (alternative or common)[:_MAX_NAMES]
    is_self_issued = found.subject == found.issuer
    weaknesses, is_too_weak = _weaknesses(found, is_self_issued=is_self_issued)
    constraints = _extension(found, x509.BasicConstraints)
    is_authority = constraints is not None and constraints.value.ca
    return Certificate(
        names=names,
        has_alternative_names=bool(alternative),
        subject=next(iter((*common, *organisation, *names)), "unnamed"),
        issuer=next(iter(issuer), "unnamed"),
        subject_organisation=next(iter(organisation), None),
        issuer_organisation=next(iter(issuing_organisation), None),
        not_before=found.not_valid_before_utc,
        not_after=found.not_valid_after_utc,
        fingerprint=hashlib.sha256(der).hexdigest(),
        key_fingerprint=_key_fingerprint(found),
        is_authority=is_authority,
        is_self_issued=is_self_issued,
        subject_id=hashlib.sha256(found.subject.public_bytes()).hexdigest(),
        issuer_id=hashlib.sha256(found.issuer.public_bytes()).hexdigest(),
        issuer_address=_issuer_address(found),
        weaknesses=weaknesses,
        is_too_weak=is_too_weak,
        departures=_departures(found, is_authority=is_authority, is_self_issued=is_self_issued),
        der=der,
    )


def _named(name: x509.Name, wanted: x509.ObjectIdentifier) -> tuple[str, ...]:
    """Return the values of one attribute of a distinguished name."""
    return tuple(_clean(each.value) for each in name.get_attributes_for_oid(wanted))


def _extension(found: x509.Certificate, kind: type[_Extension]) -> x509.Extension[_Extension] | None:
    """Return an extension of one kind; None where there is none that can be read."""
    from cryptography import x509

    try:
        return found.extensions.get_extension_for_class(kind)
    except (x509.ExtensionNotFound, x509.DuplicateExtension, x509.UnsupportedGeneralNameType, ValueError):
        return None


@lru_cache(maxsize=256)
def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _alternative_names(found: x509.Certificate) -> tuple[str, ...]:
    """Return the host names and IP addresses of the subject's alternative name."""
    from cryptography import x509

    names = _extension(found, x509.SubjectAlternativeName)
    if names is None:
        return ()
    return tuple(_clean(each.value) for each in names.value if isinstance(each, x509.DNSName | x509.IPAddress))


def _issuer_address(found: x509.Certificate) -> str | None:
    from cryptography import x509
    from cryptography.x509.oid import AuthorityInformationAccessOID

    access = _extension(found, x509.AuthorityInformationAccess)
    if access is None:
        return None
    wanted = AuthorityInformationAccessOID.CA_ISSUERS
    places = (each.access_location for each in access.value if each.access_method == wanted)
    return next((_clean(each.value) for each in places if isinstance(each, x509.UniformResourceIdentifier)), None)


def _weaknesses(found: x509.Certificate, *, is_self_issued: bool) -> tuple[tuple[str, ...], bool]:
    """Return what is weak, and whether it is too weak. Nobody checks the signature of what signs itself."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import ec, rsa

    weak, is_too_weak = [], False
    try:
        key, algorithm = found.public_key(), found.signature_hash_algorithm
    except (ValueError, UnsupportedAlgorithm):
        return (), False  # OpenSSL, which judges the key, does not know it either
    if isinstance(key, rsa.RSAPublicKey) and key.key_size < _GOOD_RSA_BITS:
        weak.append(f"an RSA key of {key.key_size} bits")
        is_too_weak = key.key_size < _LEAST_RSA_BITS
    if isinstance(key, ec.EllipticCurvePublicKey) and key.key_size < _GOOD_CURVE_BITS:
        weak.append(f"an elliptic curve of {key.key_size} bits")
    if algorithm is not None and algorithm.name in _BROKEN_HASHES and not is_self_issued:
        weak.append(f"a signature with {'MD5' if algorithm.name == 'md5' else 'SHA-1'}")
        is_too_weak = is_too_weak or algorithm.name == "md5"
    return tuple(weak), is_too_weak


def _departures(found: x509.Certificate, *, is_authority: bool, is_self_issued: bool) -> tuple[str, ...]:
    """Return what OpenSSL's X509_V_FLAG_X509_STRICT, which Python has set since 3.13, finds missing. RFC 5280 4.2."""
    from cryptography import x509

    lacks = []
    if is_authority:
        constraints, usage = _extension(found, x509.BasicConstraints), _extension(found, x509.KeyUsage)
        if constraints is not None and not constraints.critical:
            lacks.append("basicConstraints that is marked critical")
        if usage is None:
            lacks.append("keyUsage")
        if _extension(found, x509.SubjectKeyIdentifier) is None:
            lacks.append("subjectKeyIdentifier")
    if not is_self_issued and _extension(found, x509.AuthorityKeyIdentifier) is None:
        lacks.append("authorityKeyIdentifier")
    return tuple(lacks)


def _clean(value: object) -> str:
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
    return clean(text.encode("utf-8", "replace"), max_characters=80)


def _key_fingerprint(found: x509.Certificate) -> str | None:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    try:
        key = found.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    except (ValueError, UnsupportedAlgorithm):
        return None
    return hashlib.sha256(key).hexdigest()
