"""Reads the manifests and resolves them: most of what ``validate`` does, and the beginning of plan and verify."""

from __future__ import annotations

from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING

from reconciler.classes import FrozenByName
from reconciler.diagnostics import Diagnostic, as_one, enumerated, grouped, repeated_as_one, sort_key
from reconciler.errors import InvalidInput
from reconciler.manifests import (
    read_ca_files,
    read_certificate_files,
    read_manifests,
    read_overlays,
    unknown_overlays,
)
from reconciler.model.accounts.kinds import kind_of
from reconciler.model.accounts.manifest import MailServer
from reconciler.model.accounts.rest import NOBODY
from reconciler.rules.accounts.declarations import refused_declarations, unused_scopes
from reconciler.rules.accounts.desired import ca_paths, certificate_paths, resolve, servers_used
from reconciler.rules.accounts.lint import lint
from reconciler.rules.accounts.servers import CaFiles, CertificateFiles
from reconciler.rules.accounts.unresolved import unresolved_accounts
from reconciler.rules.secrets.refused import refused_secrets
from reconciler.rules.secrets.scopes import refused_places

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from reconciler.manifests import Few, ManifestSet
    from reconciler.model.accounts.desired import DesiredAccount
    from reconciler.model.accounts.platform import PlatformServer
    from reconciler.model.accounts.rest import Rest
    from reconciler.operations.workspace import Workspace
    from reconciler.rules.secrets.refused import NamesSecrets


class Desired(FrozenByName):
    """What the manifests want, and everything found on the way."""

    accounts: tuple[DesiredAccount, ...]
    problems: tuple[Diagnostic, ...]
    folder_exists: bool
    platform: PlatformServer | None = None
    """The platform's server; None where the project file declares none, or none that can be used."""
    beside: frozenset[str] = frozenset()
    """The files that manifests and project file name and that were read: private CAs and certificates."""
    server_files: frozenset[str] = frozenset()
    """The files that declare a MailServer."""
    taken: tuple[int, int] = (0, 0)
    """How many octets and values all manifests have together."""
    rest: Rest = NOBODY
    """Accounts of which nothing was read, because it is known already."""

    @property
    def secrets(self) -> frozenset[str]:
        """The references of all secrets that are named; the platform's where accounts send through it."""
        named = {each.secret for account in self.accounts for each in account.secret_routes} | self.rest.secrets
        if self.platform is not None and (
            self.rest.through_platform or any(kind_of(account).sends_through_platform for account in self.accounts)
        ):
            named |= {each.secret for each in self.platform.secret_routes}
        return frozenset(named)

    @property
    def is_valid(self) -> bool:
        """True where no problem is an error."""
        return all(problem.severity != "error" for problem in self.problems)


def read_desired(
    workspace: Workspace,
    *,
    instead: Mapping[Path, bytes | None] | None = None,
    few: Few | None = None,
    rest: Rest = NOBODY,
) -> Desired:
    """Return the desired accounts by name, with all problems of all files, each cause once.

    ``instead`` gives manifest files and overlays another content than they have, None for one that is to be gone. Where
    only a ``few`` files are to be read, ``rest`` are the accounts of the others, which have no problem of their own.
    """
    found, overlay_problems = _read(workspace, instead or {}, few)
    cas, certificates = ca_paths(found.manifests), certificate_paths(found.manifests)
    resolution = resolve(
        found.manifests,
        CaFiles(*read_ca_files(sorted(cas), root=workspace.root)),
        found.unread,
        certificates=_certificates(certificates, workspace),
    )
    platform, platform_problems = read_platform(workspace)
    naming: list[NamesSecrets] = [
        *resolution.accounts,
        *unresolved_accounts(found.manifests, found.unread, resolution.accounts),
    ]
    if any(each.severity == "error" for each in overlay_problems):
        # An overlay that cannot be laid might name another secret of any account that has none.
        overlaid = {each.manifest.metadata.name for each in found.manifests if each.overlay is not None}
        naming = [each for each in naming if each.name in overlaid]
    problems = (
        *overlay_problems,
        *_with_accounts(found),
        *resolution.problems,
        *platform_problems,
        *_refused_secrets(naming, workspace),
        *refused_places(found.manifests, workspace.project),
        *refused_declarations(resolution.accounts, workspace.project.scopes, location=workspace.place_of("scopes")),
        *_unused_scopes(found, rest, workspace),
        *lint(resolution.accounts, found.manifests, workspace.project, found.unread, rest),
    )
    return Desired(
        accounts=resolution.accounts,
        problems=grouped(repeated_as_one(sorted(problems, key=sort_key))),
        folder_exists=found.folder_exists,
        platform=platform,
        beside=frozenset({*cas, *certificates, *chain(*_files_of_platform(workspace))}),
        server_files=frozenset(each.file for each in found.manifests if isinstance(each.manifest, MailServer)),
        taken=found.taken,
        rest=rest,
    )


def _read(
    workspace: Workspace, instead: Mapping[Path, bytes | None], few: Few | None
) -> tuple[ManifestSet, list[Diagnostic]]:
    """Return the manifests as the environment has them, and what is wrong with its overlays."""
    root, folder = workspace.root, workspace.root / workspace.project.manifests
    if few is not None:  # with an overlay a few are never known to be all that has changed
        return read_manifests(folder, root=root, few=few), []
    environments = workspace.declared.environments.values() if workspace.declared is not None else ()
    folders = {root / each.overlay for each in environments if each.overlay is not None}
    of_manifests = {
        path: octets for path, octets in instead.items() if not any(path.is_relative_to(each) for each in folders)
    }
    if workspace.overlay is None:
        return read_manifests(folder, root=root, instead=of_manifests), []
    place = root / workspace.overlay
    of_overlays = {path: octets for path, octets in instead.items() if path.is_relative_to(place)}
    declared = workspace.place_of("overlay")
    overlays, problems = read_overlays(place, root=root, instead=of_overlays, declared=declared)
    found = read_manifests(folder, root=root, instead=of_manifests, overlays=overlays)
    return found, problems if found.unread.has_unparsed else [*problems, *unknown_overlays(overlays)]


def _certificates(paths: Iterable[str], workspace: Workspace) -> CertificateFiles:
    return CertificateFiles(*read_certificate_files(sorted(paths), root=workspace.root))


def _with_accounts(found: ManifestSet) -> Iterator[Diagnostic]:
    """Yield the problems of reading, those of a MailServer with the accounts that name it."""
    used = servers_used(found.manifests) if found.problems else {}
    for problem in found.problems:
        hangs_on_it = used.get(problem.subject or "") if problem.subject in found.unread.servers else None
        yield replace(problem, subjects=tuple(sorted(set(hangs_on_it)))) if hangs_on_it else problem


def _unused_scopes(found: ManifestSet, rest: Rest, workspace: Workspace) -> list[Diagnostic]:
    """Return a warning for each scope that covers no manifest, be it a refused one; none where not all could be read."""
    if found.unread.has_unparsed:
        return []
    refused = (each.locator.value_at(()).file for each in found.unread.documents if each.locator is not None)
    files = chain((each.file for each in found.manifests), refused, rest.files)
    return unused_scopes(files, workspace.project.scopes, location=workspace.place_of("scopes"))


def _refused_secrets(accounts: Sequence[NamesSecrets], workspace: Workspace) -> list[Diagnostic]:
    """Return an error for each account's secret that its manifest may not name, there or where its file's link leads."""
    look = workspace.secret_reader().look({secret for account in accounts for secret in account.named_secrets})
    refused = refused_secrets(
        accounts,
        workspace.project.secrets,
        look.places,
        rules={
            "secretNotAllowed": workspace.place_of("secrets", "allow"),
            "unknownSecretSource": workspace.place_of("secrets", "sources"),
        },
    )
    told = {name for problem in refused for name in problem.concerned}
    own = [
        [
            replace(problem, subject=account.name, location=account.location)
            for account in accounts
            if account.name not in told and secret in account.named_secrets
        ]
        for secret, problem in look.problems.items()
    ]
    return [*refused, *(as_one(problems) for problems in own if problems)]


def read_platform(workspace: Workspace) -> tuple[PlatformServer | None, list[Diagnostic]]:
    """Return the platform's server with its private CA, and the problems of it; None where the project file declares none."""
    declared = workspace.project.platform.smtp
    if declared is None:
        return None, []
    from reconciler.rules.accounts.platform import resolve_platform

    cas, certificates = _files_of_platform(workspace)
    return resolve_platform(
        declared,
        CaFiles(*read_ca_files(cas, root=workspace.root)),
        certificates=_certificates(certificates, workspace),
        location=workspace.place_of("platform", "smtp", "host"),
    )


def _files_of_platform(workspace: Workspace) -> tuple[list[str], list[str]]:
    """Return the private CA and the certificate that the platform's settings name, as far as they do."""
    declared = workspace.project.platform.smtp
    certificate = declared.client_certificate if declared is not None else None
    return (
        [declared.ca_file] if declared is not None and declared.ca_file is not None else [],
        [certificate.cert_file] if certificate is not None else [],
    )


def require_platform(workspace: Workspace) -> PlatformServer | None:
    """Return the platform's server, None where none is declared; raise ``InvalidInput`` for one that is of no use."""
    platform, problems = read_platform(workspace)
    if problems:
        raise InvalidInput(problems)
    return platform


def in_every_environment(workspace: Workspace, read: Callable[[Workspace], Desired]) -> Desired:
    """Return what the manifests want in every environment of the project, its problems with those that have them.

    In the one that is chosen, and in the project itself where there are none, they are as they are read.
    """
    if workspace.environment is not None or not workspace.environments:
        return read(workspace)
    found = {name: read(workspace.within(name)) for name in workspace.environments}
    concerned: dict[Diagnostic, list[str]] = {}
    for name, desired in found.items():
        for problem in desired.problems:
            concerned.setdefault(problem, []).append(name)
    problems = [_told_of(problem, names, len(found)) for problem, names in concerned.items()]
    first = next(iter(found.values()))
    accounts = {account.name: account for desired in found.values() for account in desired.accounts}
    return replace(
        first,
        accounts=tuple(accounts[name] for name in sorted(accounts)),
        problems=tuple(sorted(problems, key=sort_key)),
    )


def _told_of(problem: Diagnostic, environments: Sequence[str], count: int) -> Diagnostic:
    """Return a problem that says in which environments there is such, where it is not in all of them."""
    if len(environments) == count:
        return problem
    several = "environment" if len(environments) == 1 else "environments"
    return replace(problem, detail=f"In the {several} {enumerated(environments)}: {problem.detail}")
