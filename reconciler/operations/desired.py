"""Reads the manifests and resolves them: all that ``validate`` does, and the beginning of plan and verify."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reconciler.diagnostics import Diagnostic, error, sort_key, warning
from reconciler.manifests import read_ca_files, read_manifests
from reconciler.planning.allowed import refused_secrets
from reconciler.planning.lint import lint
from reconciler.planning.resolve import CaFiles, ca_paths, resolve

if TYPE_CHECKING:
    from reconciler.model.desired import DesiredAccount
    from reconciler.operations.workspace import Workspace


@dataclass(frozen=True, kw_only=True)
class Desired:
    """What the manifests want, and everything found on the way."""

    accounts: tuple[DesiredAccount, ...]
    problems: tuple[Diagnostic, ...]
    folder_exists: bool

    @property
    def is_valid(self) -> bool:
        """True where no problem is an error."""
        return all(problem.severity != "error" for problem in self.problems)


def read_desired(workspace: Workspace) -> Desired:
    """Return the desired accounts by name, with all problems of all files, sorted by place."""
    folder = workspace.root / workspace.project.manifests
    found = read_manifests(folder, root=workspace.root)
    usable, unusable = read_ca_files(sorted(ca_paths(found.manifests)), root=workspace.root)
    resolution = resolve(found.manifests, CaFiles(usable, unusable))
    problems = (
        *found.problems,
        *resolution.problems,
        *refused_secrets(resolution.accounts, workspace.project.secrets),
        *lint(resolution.accounts, found.manifests, workspace.project),
    )
    return Desired(
        accounts=resolution.accounts,
        problems=tuple(sorted(problems, key=sort_key)),
        folder_exists=found.folder_exists,
    )


def validate(workspace: Workspace) -> Desired:
    """Return every problem that needs no network, secret or state to be found."""
    desired = read_desired(workspace)
    folder = workspace.project.manifests
    if not desired.folder_exists:
        detail = f"The manifests folder {folder} does not exist. Make it, or correct manifests in the project file."
        problem = error("noManifests", detail)
    elif not desired.accounts and desired.is_valid:
        problem = warning("noManifests", f"The manifests folder {folder} holds no account yet.")
    else:
        return desired
    return Desired(
        accounts=desired.accounts, problems=(*desired.problems, problem), folder_exists=desired.folder_exists
    )
