"""The settings of an account: the part of it that a verification vouches for, and its digest.

Covered: e-mail, display name, reply-to, resolved smtp and proxy, overrides, content of the private CA, fingerprints
of the secrets. Not covered: title, labels, owner, annotations, sharing, protection, the operator. The platform's server
counts too for an account that sends through it.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any

from reconciler.model.accounts.kinds import KINDS
from reconciler.model.canonical import digest
from reconciler.model.secrets.routes import routes_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.model.accounts.kinds import Kind
    from reconciler.model.accounts.recorded import RecordedAccount, RecordedState
    from reconciler.rules.accounts.platform import PlatformServer

_COVERED = ("email", "displayName", "replyTo", "smtp", "proxy", "overrideFrom", "overrideTo")


def settings_of(spec: Mapping[str, Any], ca_digest: str | None) -> dict[str, Any]:
    """Return the part of a document's spec that verification vouches for, without the secrets' values."""
    covered = {name: spec[name] for name in _COVERED if name in spec}
    return {**covered, "caDigest": ca_digest} if ca_digest else covered


def settings_digest(
    kind: Kind,
    spec: Mapping[str, Any],
    *,
    ca_digest: str | None,
    fingerprints: Mapping[str, str],
    platform: PlatformServer | None,
) -> str | None:
    """Return the digest of an account's settings; None where the fingerprint of a secret concerned is missing."""
    secrets = {each.secret for each in routes_of(spec, None)}
    if any(secret not in fingerprints for secret in secrets):
        return None
    covered: dict[str, Any] = {
        "kind": kind,
        "settings": settings_of(spec, ca_digest),
        "fingerprints": {secret: fingerprints[secret] for secret in secrets},
    }
    if KINDS[kind].sends_through_platform:
        covered["platform"] = platform.settings(fingerprints) if platform is not None else None
        if platform is not None and covered["platform"] is None:
            return None
    return digest(covered)


def was_verified_with(platform: PlatformServer, account: RecordedAccount, recorded: RecordedState) -> bool:
    """Tell whether the account was last verified with this server of the platform, whatever its secrets' values were.

    State keeps no platform, only the digest of what was verified; so it is made again with every value that state knows
    of the platform's secrets. A rotated secret is thus no other server. True as well for an account whose conversation
    was skipped, as an exception of the project's guards has it; it was verified with no server at all.
    """
    if account.settings_digest is None:
        return account.verification is None or account.verification.outcome == "skipped"
    secrets = [*{each.secret for each in platform.secret_routes}]
    known = [
        {each.fingerprint for each in recorded.routes if each.secret == secret and each.fingerprint}
        for secret in secrets
    ]
    digests = (
        settings_digest(
            account.kind,
            account.spec,
            ca_digest=account.ca_digest,
            fingerprints={**account.fingerprints, **dict(zip(secrets, values, strict=True))},
            platform=platform,
        )
        for values in product(*known)
    )
    return account.settings_digest in digests
