"""TLS as a client that verifies: the certificate is checked against the declared host, always. RFC 8314, RFC 9525.

Contexts are made once for each trust and shared: making one costs 32 ms.
"""

from __future__ import annotations

import os
import ssl
import threading
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from reconciler.smtp.certificate import Certificate, read_certificate
from reconciler.smtp.faults import SmtpFault

if TYPE_CHECKING:
    from reconciler.smtp.channel import Channel

_EXPIRED, _NOT_YET_VALID = 10, 9
_UNKNOWN_ISSUER = frozenset({2, 18, 19, 20, 21})
_WRONG_NAME = frozenset({62, 64})
_NOT_TLS = frozenset({"WRONG_VERSION_NUMBER", "PACKET_LENGTH_TOO_LONG", "RECORD_LAYER_FAILURE", "HTTP_REQUEST"})
_TOO_OLD = frozenset({"UNSUPPORTED_PROTOCOL", "TLSV1_ALERT_PROTOCOL_VERSION", "UNSUPPORTED_SSL_VERSION"})
_making = threading.Lock()


@dataclass(frozen=True, slots=True)
class TlsFacts:
    """What was agreed on."""

    version: str
    cipher: str
    certificate: Certificate | None


class NotTls(Exception):
    """The other end answered the handshake with something that is not TLS."""


class CertificateRefused(Exception):
    """The certificate does not hold; ``code`` says why, as in ``model.check_codes``."""

    def __init__(self, code: str, reason: str) -> None:
        """Keep the code and OpenSSL's words."""
        super().__init__(code)
        self.code = code
        self.reason = reason


def verifying_context(ca_pem: str | None) -> ssl.SSLContext:
    """Return the shared context that trusts the system's CAs (``SSL_CERT_FILE`` is honoured) and those of ``ca_pem``.

    Raise ``SmtpFault`` privateCaUnusable where ``ca_pem`` holds no certificate.
    """
    with _making:
        return _make_verifying(ca_pem, os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR"))


@lru_cache(maxsize=64)
def _make_verifying(ca_pem: str | None, _cert_file: str | None, _cert_dir: str | None) -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if ca_pem is not None:
        try:
            context.load_verify_locations(cadata=ca_pem)
        except (ssl.SSLError, ValueError):
            raise SmtpFault("privateCaUnusable", step="tls") from None
    return context


@lru_cache(maxsize=1)
def observing_context() -> ssl.SSLContext:
    """Return a context that looks and trusts nothing: for probes, over which no credential and no mail ever goes."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def encrypt(channel: Channel, context: ssl.SSLContext, server_name: str) -> TlsFacts:
    """Do the handshake on a channel and return what was agreed.

    Raise ``NotTls``, ``CertificateRefused``, or ``SmtpFault`` of step tls for whatever else goes wrong.
    """
    channel.step = "tls"
    try:
        wrapped = channel.encrypt(context, server_name)
    except ssl.SSLCertVerificationError as refusal:
        raise CertificateRefused(_certificate_code(refusal.verify_code), refusal.verify_message) from None
    except TimeoutError:
        raise SmtpFault("timedOut", step="tls") from None
    except (ssl.SSLEOFError, ConnectionError):
        raise SmtpFault("connectionLost", step="tls") from None
    except ssl.SSLError as refusal:
        raise _handshake_fault(refusal) from None
    except (OSError, ValueError):
        raise SmtpFault("tlsFailed", step="tls", facts={"reason": "the connection broke"}) from None
    der = wrapped.getpeercert(binary_form=True)
    cipher = wrapped.cipher()
    return TlsFacts(
        version=wrapped.version() or "unknown",
        cipher=cipher[0] if cipher else "unknown",
        certificate=read_certificate(der) if der else None,
    )


def _certificate_code(verify_code: int) -> str:
    if verify_code == _EXPIRED:
        return "certificateExpired"
    if verify_code == _NOT_YET_VALID:
        return "certificateNotYetValid"
    if verify_code in _UNKNOWN_ISSUER:
        return "certificateUnknownIssuer"
    return "certificateWrongName" if verify_code in _WRONG_NAME else "certificateInvalid"


def reason_of(refusal: ssl.SSLError) -> str:
    """Return OpenSSL's reason in words."""
    return (refusal.reason or "no reason given").replace("_", " ").lower()


def _handshake_fault(refusal: ssl.SSLError) -> Exception:
    if refusal.reason in _NOT_TLS:
        return NotTls()
    code = "tlsTooOld" if refusal.reason in _TOO_OLD else "tlsFailed"
    return SmtpFault(code, step="tls", facts={"reason": reason_of(refusal)})
