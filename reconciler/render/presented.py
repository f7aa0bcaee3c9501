"""A certificate that was kept for review, as text and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.model.formats import FORMAT_VERSION

if TYPE_CHECKING:
    from reconciler.model.canonical import JsonObject
    from reconciler.model.verification.presented import PresentedCertificate

_STANDINGS = {
    "root": "the root that the chain leads to",
    "intermediate": "the last intermediate certificate that was sent; its issuer was not",
    "server": "the server's own certificate; nothing above it was sent",
}


def presented_text(kept: PresentedCertificate) -> str:
    """Return what was kept, that nobody has verified it, and the lines that would trust it."""
    rows = (
        ("server", f"{kept.server}, which sent {kept.sent} {'certificate' if kept.sent == 1 else 'certificates'}"),
        ("kept", _STANDINGS[kept.standing]),
        ("subject", kept.subject),
        ("issuer", kept.issuer),
        ("valid", f"{kept.not_before:%Y-%m-%d} to {kept.not_after:%Y-%m-%d}"),
        ("fingerprint", kept.fingerprint),
    )
    lines = [f"Kept in {kept.ca_file} for review; nothing trusts it yet.", ""]
    lines += [f"  {name:<13}{value}" for name, value in rows]
    lines += [
        "",
        "Nobody has verified it: whoever stands between this machine and the server could have sent it. Compare the",
        "fingerprint with what whoever runs the server tells you by another way. Only then trust it, under smtp, by",
        "",
        f"    caFile: {kept.ca_file}",
        "",
        "or pin the server's own certificate, which must be changed at each renewal, by",
        "",
        f"    certificate: {kept.own_fingerprint}",
    ]
    return "\n".join(lines) + "\n"


def presented_document(kept: PresentedCertificate) -> JsonObject:
    """Return what was presented as ``ca fetch --format json`` prints it."""
    return {
        "formatVersion": FORMAT_VERSION,
        "server": kept.server,
        "kept": kept.standing,
        "subject": kept.subject,
        "issuer": kept.issuer,
        "notBefore": f"{kept.not_before:%Y-%m-%dT%H:%M:%SZ}",
        "notAfter": f"{kept.not_after:%Y-%m-%dT%H:%M:%SZ}",
        "fingerprint": kept.fingerprint,
        "ownFingerprint": kept.own_fingerprint,
        "certificatesSent": kept.sent,
        "caFile": kept.ca_file,
    }
