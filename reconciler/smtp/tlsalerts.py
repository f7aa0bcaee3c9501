"""What a server says by an alert instead of going on with TLS, in words and as faults. RFC 8446 section 6, RFC 5246 7.2.

An alert may come after the handshake as the client sees it: in TLS 1.3 a server looks at the client's certificate last.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from reconciler.smtp.faults import SmtpFault

if TYPE_CHECKING:
    import ssl

    from reconciler.model.verification.evidence import CheckName

_PREFIX = re.compile(r"^(?:sslv3|tlsv1|tlsv11|tlsv13)[ _](?:alert[ _])?", re.IGNORECASE)
_ALERT = re.compile(r"^(?:SSLV3_ALERT|TLSV1_ALERT|TLSV13_ALERT|TLSV1)_")
OFFERED = "TLS 1.3, and in TLS 1.2 AES or ChaCha20 with ECDHE, DHE or RSA"
"""What this client offers."""
_ABOUT_A_CERTIFICATE = frozenset(
    {
        "bad certificate",
        "unsupported certificate",
        "certificate revoked",
        "certificate expired",
        "certificate unknown",
        "unknown ca",
        "access denied",
        "certificate required",
    }
)
_WHY = {"unknown ca": "issuer", "certificate expired": "expired", "certificate revoked": "revoked"}
"""The alerts that say what is wrong with a certificate, with the variant of the sentence that tells it."""
_NO_COMMON_CIPHER = frozenset({"handshake failure", "insufficient security"})


def reason_of(refusal: ssl.SSLError) -> str:
    """Return OpenSSL's reason in words; an alert by its name in the standard."""
    words = (refusal.reason or "no reason given").replace("_", " ").lower()
    return _PREFIX.sub("", words)


def is_alert(refusal: OSError) -> bool:
    """Tell whether an error is an alert of the server's."""
    return _ALERT.match(getattr(refusal, "reason", None) or "") is not None


def fault_of_alert(refusal: ssl.SSLError, *, step: CheckName, has_cipher: bool, has_presented: bool) -> SmtpFault:
    """Return the fault of a handshake that failed, or of an alert after it.

    ``handshake failure`` before a cipher was agreed on means that there is none in common; after it, that the server
    misses a certificate of the client (RFC 5246 section 7.4.6). Where the client ``has_presented`` one, an alert about
    certificates is about that; otherwise about its absence.
    """
    reason = reason_of(refusal)
    facts = {"reason": reason, "offered": OFFERED}
    if is_alert(refusal) and (reason in _ABOUT_A_CERTIFICATE or (reason == "handshake failure" and has_cipher)):
        facts["alert"] = f" (its alert: {reason})"
        if has_presented and reason in _WHY:
            facts["variant"] = _WHY[reason]
        return SmtpFault(f"clientCertificate{'Refused' if has_presented else 'Required'}", step=step, facts=facts)
    if is_alert(refusal) and reason in _NO_COMMON_CIPHER:
        return SmtpFault("tlsNoCommonCipher", step=step, facts=facts)
    if reason == "unrecognized name":
        facts["variant"] = "name"
    return SmtpFault("tlsFailed", step=step, facts=facts)
