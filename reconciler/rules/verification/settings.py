"""The settings of an account: the part of it that a verification vouches for, and its digest.

Covered: e-mail, display name, reply-to, resolved smtp and proxy, overrides, content of the private CA, fingerprints
of the secrets. Not covered: title, labels, owner, annotations, sharing, protection, the operator. The platform's server
counts too for an account that sends through it.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

from reconciler.model.accounts.kinds import KINDS
from reconciler.model.canonical import digest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.model.accounts.kinds import Kind
    from reconciler.model.accounts.platform import PlatformServer
    from reconciler.model.accounts.recorded import RecordedAccount, RecordedState
    from reconciler.model.accounts.settings import Document, Settings

_COVERED = ("email", "displayName", "replyTo", "smtp", "proxy", "overrideFrom", "overrideTo")


def settings_of(settings: Settings, ca_digest: str | None) -> Document:
    """Return the settings that verification vouches for, as the document has them, without the secrets' values.

    >>> from reconciler.model.accounts.settings import Settings
    >>> settings = Settings(email="news@example.com", display_name="News", shared=True)
    >>> settings_of(settings, None), settings_of(settings, "sha256:1f")["caDigest"]
    ({'email': 'news@example.com', 'displayName': 'News'}, 'sha256:1f')
    """
    covered = settings.parts(_COVERED)
    return {**covered, "caDigest": ca_digest} if ca_digest else covered


def settings_digest(
    kind: Kind,
    settings: Settings,
    *,
    ca_digest: str | None,
    fingerprints: Mapping[str, str],
    platform: PlatformServer | None,
) -> str | None:
    """Return the digest of an account's settings; None where the fingerprint of a secret concerned is missing.

    >>> from reconciler.model.accounts.settings import Settings
    >>> from reconciler.model.servers.server import Login, Server
    >>> server = Server(host="smtp.example.com", port=465, encryption="tls", login=Login(password="env:SMTP_A"))
    >>> settings = Settings(email="a@example.com", display_name="A", smtp=server)
    >>> settings_digest("OwnAccount", settings, ca_digest=None, fingerprints={"env:SMTP_A": "f"}, platform=None) is None
    False
    >>> settings_digest("OwnAccount", settings, ca_digest=None, fingerprints={}, platform=None) is None
    True
    """
    secrets = settings.server.secrets if settings.server is not None else frozenset()
    if any(secret not in fingerprints for secret in secrets):
        return None
    covered: Document = {
        "kind": kind,
        "settings": settings_of(settings, ca_digest),
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
    of the platform's secrets. A rotated secret is thus no other server. An account whose verification the project file
    lets be skipped counts as verified with this server, for it was verified with none.
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
            account.settings,
            ca_digest=account.ca_digest,
            fingerprints={**account.fingerprints, **dict(zip(secrets, values, strict=True))},
            platform=platform,
        )
        for values in product(*known)
    )
    return account.settings_digest in digests
