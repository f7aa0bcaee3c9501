"""The private CAs and client certificates that accounts name: read once each, and compared with what was planned or applied."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.classes import FrozenByName
from reconciler.diagnostics import Diagnostic, error
from reconciler.manifests import read_ca_files, read_certificate_files

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from reconciler.model.accounts.located import CaFile, CertificateFile
    from reconciler.model.accounts.settings import Documented
    from reconciler.model.plan import PreparedAccount
    from reconciler.model.servers.server import Server
    from reconciler.operations.workspace import Workspace


class PemFiles(FrozenByName):
    """What servers name of certificates, by path as written, without what cannot be used."""

    private_cas: Mapping[str, CaFile]
    certificates: Mapping[str, CertificateFile]


def usable_files(servers: Iterable[Server | None], workspace: Workspace) -> PemFiles:
    """Return the usable private CAs and client certificates of these servers."""
    named = [each for each in servers if each is not None]
    private_cas, _ = read_ca_files(_ca_paths(named), root=workspace.root)
    certificates, _ = read_certificate_files(_certificate_paths(named), root=workspace.root)
    return PemFiles(private_cas=private_cas, certificates=certificates)


def changed_files(
    accounts: Mapping[str, Documented | PreparedAccount],
    workspace: Workspace,
    *,
    changed: Callable[[str, str, str], Diagnostic],
) -> dict[str, Diagnostic]:
    """Return the accounts whose private CA or client certificate is not at hand as it was, by name.

    Trust is part of a secret's route, and the certificate of what was verified. ``changed`` makes the problem of a name
    and a path whose content is another, with the code that the file has where it cannot be used.
    """
    servers = {name: each.settings.smtp for name, each in accounts.items()}
    named = {name: server for name, server in servers.items() if server is not None}
    cas, unusable_cas = read_ca_files(_ca_paths(named.values()), root=workspace.root)
    certificates, unusable = read_certificate_files(_certificate_paths(named.values()), root=workspace.root)
    problems = {}
    for name, server in named.items():
        path, certificate = server.ca_file, server.client_certificate
        if path in unusable_cas:
            problems[name] = error("caFileUnusable", f"{path}: {unusable_cas[path]}", subject=name)
        elif path is not None and cas[path].digest != accounts[name].ca_digest:
            problems[name] = changed(name, path, "caFileUnusable")
        elif certificate is not None and certificate.cert_file in unusable:
            why = f"{certificate.cert_file}: {unusable[certificate.cert_file]}"
            problems[name] = error("certFileUnusable", why, subject=name)
        elif certificate is not None and certificates[certificate.cert_file].fingerprint != certificate.fingerprint:
            problems[name] = changed(name, certificate.cert_file, "certFileUnusable")
    return problems


def _ca_paths(servers: Iterable[Server]) -> list[str]:
    return sorted({each.ca_file for each in servers if each.ca_file is not None})


def _certificate_paths(servers: Iterable[Server]) -> list[str]:
    return sorted({each.client_certificate.cert_file for each in servers if each.client_certificate is not None})
