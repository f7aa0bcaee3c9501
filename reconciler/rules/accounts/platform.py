"""The platform's server, resolved from the project file as the servers of own accounts are from manifests."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from reconciler.diagnostics import Diagnostic, error
from reconciler.model.accounts.kinds import KINDS
from reconciler.model.secrets.references import reference_text
from reconciler.model.secrets.routes import routes_of, with_fingerprints
from reconciler.model.secrets.values import SECRET_FIELDS
from reconciler.model.servers.terms import DEFAULT_PORTS
from reconciler.model.text.domains import host_to_ascii
from reconciler.model.text.placeholders import filled, has_placeholder

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from reconciler.diagnostics import Location
    from reconciler.model.accounts.kinds import Kind
    from reconciler.model.project import PlatformSmtp
    from reconciler.model.secrets.routes import SecretRoute
    from reconciler.rules.accounts.desired import CaFiles

PLATFORM = "the platform's server"
"""Stands where an account's name stands, for what concerns the platform's own credential; no account is called so."""


@dataclass(frozen=True, kw_only=True)
class PlatformServer:
    """The server that hosts marketing accounts."""

    smtp: dict[str, Any]
    """As in an own account's document: camelCase, defaults filled in, secrets as references."""
    ca_digest: str | None = None
    location: Location | None = field(default=None, compare=False)
    """Where the project file declares it."""

    @property
    def secret_routes(self) -> tuple[SecretRoute, ...]:
        """Its secrets and where they travel."""
        return routes_of({"smtp": self.smtp}, self.ca_digest)

    def routes(self, fingerprints: Mapping[str, str]) -> tuple[SecretRoute, ...]:
        """Return its secrets and where they travel, with fingerprints where known."""
        return with_fingerprints(self.secret_routes, fingerprints)

    def settings(self, fingerprints: Mapping[str, str]) -> dict[str, Any] | None:
        """Return what the settings digest of a marketing account covers; None where a fingerprint is missing."""
        secrets = {each.secret for each in self.secret_routes}
        if any(secret not in fingerprints for secret in secrets):
            return None
        covered = {"smtp": self.smtp, "fingerprints": {secret: fingerprints[secret] for secret in secrets}}
        return {**covered, "caDigest": self.ca_digest} if self.ca_digest else covered


def platform_routes(
    platform: PlatformServer | None, kinds: Iterable[Kind], fingerprints: Mapping[str, str]
) -> tuple[SecretRoute, ...]:
    """Return where the platform's secrets travel while accounts of these kinds are verified; nowhere for own ones."""
    if platform is None or not any(KINDS[kind].sends_through_platform for kind in kinds):
        return ()
    return platform.routes(fingerprints)


def routes_needed(
    kind: Kind, own: tuple[SecretRoute, ...], through_platform: tuple[SecretRoute, ...]
) -> tuple[SecretRoute, ...]:
    """Return the routes whose secrets an account is verified with: a marketing account logs in as the platform."""
    return (*own, *through_platform) if KINDS[kind].sends_through_platform else own


def resolve_platform(
    declared: PlatformSmtp | None, ca_files: CaFiles, *, location: Location | None = None
) -> tuple[PlatformServer | None, list[Diagnostic]]:
    """Return the platform's server, None where the project file declares none or its private CA cannot be used."""
    if declared is None:
        return None, []
    smtp: dict[str, Any] = declared.model_dump(exclude_none=True)
    problems = _placeholders(smtp, location)
    if problems:
        return None, problems
    smtp["host"] = host_to_ascii(smtp["host"])
    smtp.setdefault("encryption", "starttls")
    smtp.setdefault("port", DEFAULT_PORTS[smtp["encryption"]])
    if "heloName" in smtp:
        smtp["heloName"] = host_to_ascii(smtp["heloName"])
    problems = _resolve_login(smtp, location)
    path: str | None = smtp.get("caFile")
    if path is not None and path in ca_files.unusable:
        problems.append(
            error("caFileUnusable", f"platform.smtp names {path}: {ca_files.unusable[path]}", location=location)
        )
    if problems:
        return None, problems
    ca_digest = ca_files.usable[path].digest if path is not None else None
    return PlatformServer(smtp=smtp, ca_digest=ca_digest, location=location), []


def _placeholders(smtp: dict[str, Any], location: Location | None) -> list[Diagnostic]:
    """Return an error for each field with a placeholder: the platform is one server for all marketing accounts."""
    login: dict[str, Any] = smtp.get("authentication", {})
    texts = {"authentication.username": login.get("username", "")}
    for path, parent in (("authentication", login), ("authentication.oauth2", login.get("oauth2", {}))):
        texts |= {f"{path}.{key}": "".join(parent[key].values()) for key in sorted(SECRET_FIELDS & parent.keys())}
    if "username" in login:
        login["username"] = filled(login["username"], {})
    return [
        error(
            "unknownPlaceholder",
            f"platform.smtp.{path} in the project file holds a word in braces. The platform's server is one for all "
            "marketing accounts, so nothing is filled in there. Write it out.",
            location=location,
        )
        for path, text in texts.items()
        if has_placeholder(text)
    ]


def _resolve_login(smtp: dict[str, Any], location: Location | None) -> list[Diagnostic]:
    """Fill in the login's default and write its secrets as references, in place; return what is missing."""
    login: dict[str, Any] | None = smtp.get("authentication")
    if login is None:
        return []
    login.setdefault("mechanism", "auto")
    for parent in (login, login.get("oauth2", {})):
        for key in SECRET_FIELDS & parent.keys():
            parent[key] = reference_text(parent[key])
    lacking = [] if "username" in login else ["username: …"]
    lacking += [] if login.keys() & {"password", "accessToken", "oauth2"} else ["password: {env: …}"]
    return [
        error(
            "missingField",
            f"The login of platform.smtp in the project file is incomplete. Add\n    {line}",
            location=location,
        )
        for line in lacking
    ]
