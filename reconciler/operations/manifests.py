"""Reads the manifests and resolves them: all that ``validate`` does, and the beginning of plan and verify."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from reconciler.diagnostics import Diagnostic, as_one, error, grouped, sort_key, warning
from reconciler.errors import InvalidInput
from reconciler.manifests import read_ca_files, read_manifests
from reconciler.model.accounts.kinds import kind_of
from reconciler.rules.accounts.desired import CaFiles, ca_paths, resolve, servers_used
from reconciler.rules.accounts.lint import lint
from reconciler.rules.accounts.platform import resolve_platform
from reconciler.rules.secrets.refused import refused_secrets
from reconciler.rules.secrets.scopes import refused_links

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from reconciler.manifests import ManifestSet
    from reconciler.model.accounts.desired import DesiredAccount
    from reconciler.operations.workspace import Workspace
    from reconciler.rules.accounts.platform import PlatformServer


@dataclass(frozen=True, kw_only=True)
class Desired:
    """What the manifests want, and everything found on the way."""

    accounts: tuple[DesiredAccount, ...]
    problems: tuple[Diagnostic, ...]
    folder_exists: bool
    platform: PlatformServer | None = None
    """The platform's server; None where the project file declares none, or none that can be used."""

    @property
    def secrets(self) -> frozenset[str]:
        """The references of all secrets that are named; the platform's where accounts send through it."""
        named = {each.secret for account in self.accounts for each in account.secret_routes}
        if self.platform is not None and any(kind_of(account).sends_through_platform for account in self.accounts):
            named |= {each.secret for each in self.platform.secret_routes}
        return frozenset(named)

    @property
    def is_valid(self) -> bool:
        """True where no problem is an error."""
        return all(problem.severity != "error" for problem in self.problems)


def read_desired(workspace: Workspace, *, instead: Mapping[Path, bytes | None] | None = None) -> Desired:
    """Return the desired accounts by name, with all problems of all files, each cause once.

    ``instead`` gives manifest files another content than they have, None for one that is to be gone.
    """
    folder = workspace.root / workspace.project.manifests
    found = read_manifests(folder, root=workspace.root, instead=instead)
    usable, unusable = read_ca_files(sorted(ca_paths(found.manifests)), root=workspace.root)
    resolution = resolve(found.manifests, CaFiles(usable, unusable), found.unread)
    platform, platform_problems = read_platform(workspace)
    problems = (
        *_with_accounts(found),
        *resolution.problems,
        *platform_problems,
        *_refused_secrets(resolution.accounts, workspace),
        *refused_links(found.manifests, workspace.project.secrets),
        *lint(resolution.accounts, found.manifests, workspace.project, found.unread),
    )
    return Desired(
        accounts=resolution.accounts,
        problems=grouped(sorted(problems, key=sort_key)),
        folder_exists=found.folder_exists,
        platform=platform,
    )


def _with_accounts(found: ManifestSet) -> Iterator[Diagnostic]:
    """Yield the problems of reading, those of a MailServer with the accounts that name it."""
    used = servers_used(found.manifests)
    for problem in found.problems:
        hangs_on_it = used.get(problem.subject or "") if problem.subject in found.unread.servers else None
        yield replace(problem, subjects=tuple(sorted(set(hangs_on_it)))) if hangs_on_it else problem


def _refused_secrets(accounts: tuple[DesiredAccount, ...], workspace: Workspace) -> list[Diagnostic]:
    """Return an error for each account's secret that its manifest may not name, there or where its file's link leads."""
    named = {account.name: {each.secret for each in account.secret_routes} for account in accounts}
    look = workspace.secret_reader().look(secret for secrets in named.values() for secret in secrets)
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
            if account.name not in told and secret in named[account.name]
        ]
        for secret, problem in look.problems.items()
    ]
    return [*refused, *(as_one(problems) for problems in own if problems)]


def read_platform(workspace: Workspace) -> tuple[PlatformServer | None, list[Diagnostic]]:
    """Return the platform's server with its private CA read, and what is wrong with it; None where there is none."""
    declared = workspace.project.platform.smtp
    paths = [declared.ca_file] if declared is not None and declared.ca_file is not None else []
    return resolve_platform(
        declared,
        CaFiles(*read_ca_files(paths, root=workspace.root)),
        location=workspace.place_of("platform", "smtp", "host"),
    )


def require_platform(workspace: Workspace) -> PlatformServer | None:
    """Return the platform's server, None where none is declared; raise ``InvalidInput`` for one that is of no use."""
    platform, problems = read_platform(workspace)
    if problems:
        raise InvalidInput(problems)
    return platform


def validate(workspace: Workspace) -> Desired:
    """Return every problem that needs no network, secret or state to be found."""
    desired = read_desired(workspace)
    folder = workspace.project.manifests
    if not desired.folder_exists:
        detail = f"The manifests folder {folder} does not exist. Make it, or correct manifests in the project file."
        problem = error("noManifests", detail)
    elif not desired.accounts and desired.is_valid:
        detail = f"The manifests folder {folder} holds no account yet. To write the first one:\n"
        problem = warning("noManifests", detail + "    reconciler accounts add own")
    else:
        return desired
    return replace(desired, problems=grouped((*desired.problems, problem)))
