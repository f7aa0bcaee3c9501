"""TLS as a client that verifies: the certificate is checked against the declared host, always. RFC 8314, RFC 9525.

What is accepted is set here and does not hang on the version of Python or on how its OpenSSL was built: each certificate
that is trusted ends a chain, a root or not; names count in the subject's alternative name alone; keys and hashes that
are old but hold are left to a warning, and so is what RFC 5280 wants of a certificate beside that.

Contexts are made once for each trust and shared: making one costs 32 ms.
"""

from __future__ import annotations

import os
import re
import ssl
import threading
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from reconciler.classes import dataclass
from reconciler.smtp.certificate import Certificate, read_certificate
from reconciler.smtp.faults import SmtpFault
from reconciler.smtp.replies import clean
from reconciler.smtp.tlsalerts import fault_of_alert, reason_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reconciler.smtp.channel import Channel
    from reconciler.smtp.clientcertificate import ClientCertificate

_EXPIRED, _NOT_YET_VALID = 10, 9
_SELF_SIGNED = 18
_UNKNOWN_ISSUER = frozenset({2, 7, 18, 19, 20, 21})
_WRONG_NAME = frozenset({62, 64})
_IN_WORDS = {
    **dict.fromkeys((2, 19, 20, 21), "nobody whom this machine trusts has issued it, or an intermediate is not sent"),
    7: "its signature is not its issuer's",
    9: "it, or one above it, is not valid yet",
    10: "it, or one above it, has ended",
    18: "it signs itself",
    23: "it was revoked",
    **dict.fromkeys((24, 79), "a certificate above it is none of a CA: it lacks basicConstraints with CA:TRUE"),
    25: "the chain is longer than a CA in it allows (pathlen of basicConstraints)",
    26: "it is not made for servers: its extended key usage lacks serverAuth",
    32: "a CA above it may sign no certificates: its keyUsage lacks keyCertSign",
    34: "it has a critical extension that nobody here knows",
    47: "a CA above it may not issue for this name (nameConstraints)",
    48: "a CA above it may not issue for this name (nameConstraints)",
    62: "it is for another name",
    64: "it is for another address",
    66: "its key is too short",
    67: "the key of a CA above it is too short",
    68: "the signature of a certificate above it is of a kind that can be forged",
}
"""What OpenSSL's results of a verification mean (X509_STORE_CTX_get_error); its own words stand for what is not here."""
_NOT_TLS = frozenset({"WRONG_VERSION_NUMBER", "PACKET_LENGTH_TOO_LONG", "RECORD_LAYER_FAILURE", "HTTP_REQUEST"})
_TOO_OLD = frozenset({"UNSUPPORTED_PROTOCOL", "TLSV1_ALERT_PROTOCOL_VERSION", "UNSUPPORTED_SSL_VERSION"})
_CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20:DHE+AESGCM:DHE+CHACHA20:ECDHE+AES:DHE+AES:RSA+AESGCM:RSA+AES:!aNULL:!eNULL:!aDSS:!PSK:!SRP:@SECLEVEL=0"
"""What is offered for TLS 1.2; TLS 1.3 has its own. The level lets RSA keys under 2048 bits and SHA-1 through to where
they are warned of, and what is weaker than that to where it is refused, here; Diffie-Hellman groups under 1024 bits
are refused by OpenSSL at every level."""
_WEB_CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20:DHE+AESGCM:DHE+CHACHA20:!aNULL:!eNULL:!aDSS:!PSK:!SRP:@SECLEVEL=2"
_CURRENT_CIPHER = re.compile(r"TLS_|(?:EC)?DHE-.*(?:GCM|CHACHA20|CCM)")
_making = threading.Lock()


@dataclass(frozen=True, slots=True)
class TlsFacts:
    """What was agreed on."""

    version: str
    cipher: str
    certificate: Certificate | None
    chain: tuple[Certificate, ...] = ()
    """The certificates that were relied on, or for a connection that trusts nobody those that were sent: the server's
    own first."""

    @property
    def told(self) -> tuple[str, str, tuple[Certificate, ...]]:
        """Version, cipher and certificates, for whoever tells of the connection."""
        return self.version, self.cipher, self.chain

    @property
    def has_current_cipher(self) -> bool:
        """Whether the cipher has forward secrecy and is authenticated encryption, as RFC 9325 section 4.2 wants it."""
        return _CURRENT_CIPHER.match(self.cipher) is not None


class NotTls(Exception):
    """The other end answered the handshake with something that is not TLS."""


class CertificateRefused(Exception):
    """The certificate does not hold; ``code`` says why, as in ``model.check_codes``."""

    def __init__(self, code: str, reason: str, *, signs_itself: bool = False) -> None:
        """Keep the code and OpenSSL's words, and whether the server's own certificate is one that signs itself."""
        super().__init__(code)
        self.code = code
        self.facts = {"reason": reason, **({"variant": "selfSigned"} if signs_itself else {})}


def presenting_context(own: ClientCertificate, ca_pem: str | None, *, is_pinned: bool) -> ssl.SSLContext:
    """Return a context that presents a client's certificate, and trusts as ``verifying_context`` does.

    Where the server's certificate ``is_pinned`` it trusts nothing: ``encrypt`` looks at the pin afterwards. It is not
    shared. Raise ``SmtpFault`` where the private CA or the client's certificate is of no use.
    """
    context = _make_observing() if is_pinned else _make_verifying(_CIPHERS, ca_pem)
    own.present_in(context)
    return context


def verifying_context(ca_pem: str | None) -> ssl.SSLContext:
    """Return the shared context that trusts the system's CAs (``SSL_CERT_FILE`` is honoured) and those of ``ca_pem``.

    Whoever shakes hands by it asks ``require_sound`` afterwards, as ``encrypt`` does. Raise ``SmtpFault``
    privateCaUnusable where ``ca_pem`` holds no certificate.
    """
    return _shared(_CIPHERS, ca_pem)


def web_context() -> ssl.SSLContext:
    """Return the shared context for HTTPS: the system's CAs alone, and nothing that is old or weak."""
    return _shared(_WEB_CIPHERS, None)


def _shared(ciphers: str, ca_pem: str | None) -> ssl.SSLContext:
    with _making:
        return _kept(ciphers, ca_pem, os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR"))


@lru_cache(maxsize=64)
def _kept(ciphers: str, ca_pem: str | None, _cert_file: str | None, _cert_dir: str | None) -> ssl.SSLContext:
    return _make_verifying(ciphers, ca_pem)


def _make_verifying(ciphers: str, ca_pem: str | None) -> ssl.SSLContext:
    context = _client_context(ciphers)
    context.hostname_checks_common_name = ciphers == _CIPHERS  # there ``require_sound`` says it by its name
    context.verify_flags = ssl.VerifyFlags.VERIFY_X509_TRUSTED_FIRST | ssl.VerifyFlags.VERIFY_X509_PARTIAL_CHAIN
    context.load_default_certs()
    if ca_pem is not None:
        try:
            context.load_verify_locations(cadata=ca_pem)
        except (ssl.SSLError, ValueError):
            raise SmtpFault("privateCaUnusable", step="tls") from None
    return context


@lru_cache(maxsize=1)
def observing_context() -> ssl.SSLContext:
    """Return a context that looks and trusts nothing: for probes, over which no credential and no mail ever goes."""
    return _make_observing()


def _make_observing() -> ssl.SSLContext:
    context = _client_context(_CIPHERS)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _client_context(ciphers: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(ciphers)
    return context


def encrypt(channel: Channel, context: ssl.SSLContext, server_name: str, *, pin: str | None = None) -> TlsFacts:
    """Do the handshake on a channel and return what was agreed; with a ``pin`` that certificate alone is accepted.

    Raise ``NotTls``, ``CertificateRefused``, or ``SmtpFault`` of step tls for whatever else goes wrong.
    """
    channel.step = "tls"
    channel.wire.note(
        f"TLS handshake, for {server_name}" + (", with a certificate" if channel.presents_certificate else "")
    )
    try:
        wrapped = channel.encrypt(context, server_name)
    except OSError as refusal:
        channel.wire.note(f"TLS handshake failed: {_reason_in_words(refusal)}")
        raise _fault_of(refusal, channel) from None
    except ValueError:
        raise SmtpFault("tlsFailed", step="tls", facts={"reason": "the connection broke"}) from None
    facts = facts_of(wrapped, is_verified=context.verify_mode == ssl.CERT_REQUIRED)
    channel.wire.agreed(*facts.told)
    if pin is not None:
        return _pinned(facts, pin)
    if context.verify_mode == ssl.CERT_REQUIRED:
        require_sound(facts, server_name)
    return facts


def _fault_of(refusal: OSError, channel: Channel) -> Exception:
    """Return what ``encrypt`` raises for a handshake that failed."""
    if isinstance(refusal, ssl.SSLCertVerificationError):
        code, is_own = _certificate_code(refusal.verify_code), refusal.verify_code == _SELF_SIGNED
        return CertificateRefused(code, refusal_in_words(refusal), signs_itself=is_own)
    if isinstance(refusal, TimeoutError):
        return SmtpFault("timedOut", step="tls")
    if isinstance(refusal, ssl.SSLEOFError | ConnectionError):
        return SmtpFault("connectionLost", step="tls", facts={"variant": "handshake"})
    if isinstance(refusal, ssl.SSLError):
        return _handshake_fault(refusal, channel)
    return SmtpFault("tlsFailed", step="tls", facts={"reason": "the connection broke"})


def refusal_in_words(refusal: ssl.SSLCertVerificationError) -> str:
    """Return why a certificate was refused; OpenSSL's own words where there are no better ones."""
    return _IN_WORDS.get(refusal.verify_code, clean(refusal.verify_message.encode()))


def _reason_in_words(refusal: OSError) -> str:
    if isinstance(refusal, ssl.SSLCertVerificationError):
        return str(refusal.verify_message)
    if isinstance(refusal, TimeoutError):
        return "no answer within the time limit"
    return reason_of(refusal) if isinstance(refusal, ssl.SSLError) else "the connection was closed"


def _pinned(facts: TlsFacts, pin: str) -> TlsFacts:
    """Return the facts where the server's own certificate is the pinned one; what it sent beside that does not count."""
    own = facts.certificate
    if own is None or own.fingerprint_in_words != pin:
        raise CertificateRefused("certificateNotPinned", "another certificate than the pinned one")
    return replace(facts, chain=(own,))


def require_sound(facts: TlsFacts, server_name: str) -> None:
    """Raise ``CertificateRefused`` for what OpenSSL was told to let through, and nobody should rely on.

    Of a host name OpenSSL looks for the common name where the subject's alternative name has no host names, though it
    may have addresses.
    """
    if facts.certificate is not None and not facts.certificate.has_alternative_names_as(server_name):
        raise CertificateRefused("certificateCommonNameOnly", "no subject alternative name")
    for each in facts.chain:
        if each.is_too_weak:
            raise CertificateRefused("certificateInvalid", f'"{each.subject}" has {" and ".join(each.weaknesses)}')


def facts_of(wrapped: ssl.SSLSocket, *, is_verified: bool) -> TlsFacts:
    """Return what a handshake agreed on, with the certificates that were verified, or else that were sent."""
    der, cipher = wrapped.getpeercert(binary_form=True), wrapped.cipher()
    certificate = read_certificate(der) if der else None
    chain = tuple(each for each in map(read_certificate, _chain_of(wrapped, is_verified=is_verified)) if each)
    return TlsFacts(
        version=wrapped.version() or "unknown",
        cipher=cipher[0] if cipher else "unknown",
        certificate=certificate,
        chain=chain or ((certificate,) if certificate else ()),
    )


def _chain_of(wrapped: ssl.SSLSocket, *, is_verified: bool) -> tuple[bytes, ...]:
    """Return the certificates that were verified, or that were sent, in DER; nothing where Python does not tell them.

    The methods are public since Python 3.13; before, ``ssl`` keeps them to itself. What people are told gets shorter
    without them, and no verdict changes but that on intermediate certificates that are weaker than anybody makes them.
    """
    name = "get_verified_chain" if is_verified else "get_unverified_chain"
    ask = getattr(wrapped, name, None) or getattr(getattr(wrapped, "_sslobj", None), name, None)
    found: Iterable[Any] = (ask() if ask is not None else None) or ()
    return tuple(each if isinstance(each, bytes) else _der_of(each.public_bytes()) for each in found)


@lru_cache(maxsize=64)
def _der_of(pem: str) -> bytes:
    """Return a certificate in DER; the accounts of a server see the same ones."""
    return ssl.PEM_cert_to_DER_cert(pem)


def _certificate_code(verify_code: int) -> str:
    if verify_code == _EXPIRED:
        return "certificateExpired"
    if verify_code == _NOT_YET_VALID:
        return "certificateNotYetValid"
    if verify_code in _UNKNOWN_ISSUER:
        return "certificateUnknownIssuer"
    return "certificateWrongName" if verify_code in _WRONG_NAME else "certificateInvalid"


def _handshake_fault(refusal: ssl.SSLError, channel: Channel) -> Exception:
    if refusal.reason in _NOT_TLS:
        return NotTls()
    if refusal.reason in _TOO_OLD:
        return SmtpFault("tlsTooOld", step="tls", facts={"reason": reason_of(refusal)})
    presented = channel.presents_certificate
    return fault_of_alert(refusal, step="tls", has_cipher=channel.has_cipher, has_presented=presented)
