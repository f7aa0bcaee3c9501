"""The settings of an account: the part of it that a verification vouches for, and its digest.

Covered: e-mail, display name, reply-to, resolved smtp and proxy, overrides, content of the private CA, fingerprints
of the secrets. Not covered: title, labels, owner, annotations, sharing, protection, the operator. For a marketing
account the platform's server counts too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reconciler.model.canonical import digest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.model.manifest import Kind

_COVERED = ("email", "displayName", "replyTo", "smtp", "proxy", "overrideFrom", "overrideTo")


def settings_of(spec: Mapping[str, Any], ca_digest: str | None) -> dict[str, Any]:
    """Return the part of a document's spec that verification vouches for, without the secrets' values."""
    covered = {name: spec[name] for name in _COVERED if name in spec}
    return {**covered, "caDigest": ca_digest} if ca_digest else covered


def settings_digest(
    kind: Kind,
    settings: Mapping[str, Any],
    *,
    fingerprints: Mapping[str, str],
    platform: Mapping[str, Any] | None,
) -> str:
    """Return the digest of settings; ``fingerprints`` are those of every secret the settings name."""
    server = {"platform": platform} if kind == "MarketingAccount" else {}
    return digest({"kind": kind, "settings": settings, "fingerprints": fingerprints, **server})
