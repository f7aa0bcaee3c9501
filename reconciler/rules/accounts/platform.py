"""The platform's server, resolved from the project file as the servers of own accounts are from manifests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.diagnostics import Diagnostic, error
from reconciler.model.accounts.platform import PlatformServer
from reconciler.rules.accounts.servers import NO_CERTIFICATES, as_written, resolve_server

if TYPE_CHECKING:
    from reconciler.diagnostics import Location
    from reconciler.model.platform import PlatformSmtp
    from reconciler.rules.accounts.servers import CaFiles, CertificateFiles, Flaw


def resolve_platform(
    declared: PlatformSmtp | None,
    ca_files: CaFiles,
    *,
    certificates: CertificateFiles = NO_CERTIFICATES,
    location: Location | None = None,
) -> tuple[PlatformServer | None, list[Diagnostic]]:
    """Return the platform's server, None where the project file declares none or what it names cannot be used.

    >>> from reconciler.model.platform import PlatformSmtp
    >>> from reconciler.rules.accounts.servers import CaFiles
    >>> platform, _ = resolve_platform(PlatformSmtp(host="smtp.example.com", encryption="tls"), CaFiles({}, {}))
    >>> platform.server.place, resolve_platform(None, CaFiles({}, {}))
    ('smtp.example.com:465', (None, []))
    """
    if declared is None:
        return None, []
    found = resolve_server(as_written(declared), None, ca_files, values=None, certificates=certificates)
    if found.server is not None:
        return PlatformServer(server=found.server, ca_digest=found.ca_digest, location=location), []
    of_braces = [flaw for flaw in found.flaws if flaw.kind == "placeholder"]
    return None, [_told(flaw, location) for flaw in of_braces or found.flaws]


def _told(flaw: Flaw, location: Location | None) -> Diagnostic:
    """Return a flaw in words; the platform is one server for all marketing accounts, declared in the project file."""
    if flaw.kind == "placeholder":
        detail = (
            f"platform.{'.'.join(flaw.path)} in the project file holds a word in braces. The platform's server is one for all "
            "marketing accounts, so nothing is filled in there. Write it out."
        )
        return error("unknownPlaceholder", detail, location=location)
    if flaw.kind == "caFile":
        return error("caFileUnusable", f"platform.smtp names {flaw.text}", location=location)
    if flaw.kind == "certFile":
        return error("certFileUnusable", f"platform.smtp names {flaw.text}", location=location)
    if flaw.kind in {"mechanism", "withoutTls"}:
        return error("contradiction", f"platform.smtp in the project file: {flaw.text}", location=location)
    line = "username: platform@example.com" if flaw.kind == "noUsername" else "password: {env: SMTP_PLATFORM_PASSWORD}"
    detail = f"The login of platform.smtp in the project file is incomplete. Add\n    {line}"
    return error("missingField", detail, location=location)
