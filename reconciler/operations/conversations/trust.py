"""The private CAs that a run's accounts name: read once each, and compared with what was planned or applied."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reconciler.diagnostics import Diagnostic, error
from reconciler.manifests import read_ca_files

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from reconciler.model.accounts.located import CaFile
    from reconciler.operations.workspace import Workspace

    Trust = tuple[Mapping[str, Any], str | None]
    """An account's spec, and the digest of the private CA that it was planned or applied with."""


def usable_cas(specs: Iterable[Mapping[str, Any]], workspace: Workspace) -> dict[str, CaFile]:
    """Return the private CAs of these specs by path as written, without those that cannot be used."""
    usable, _ = read_ca_files(_paths(specs), root=workspace.root)
    return usable


def ca_problems(
    accounts: Mapping[str, Trust], workspace: Workspace, *, changed: Callable[[str, str], Diagnostic]
) -> dict[str, Diagnostic]:
    """Return the accounts whose private CA is not at hand as it was: trust is part of a secret's route.

    ``changed`` makes the problem of a name and a path whose content is another.
    """
    usable, unusable = read_ca_files(_paths(spec for spec, _ in accounts.values()), root=workspace.root)
    problems = {}
    for name, (spec, digest) in accounts.items():
        path = _path(spec)
        if path in unusable:
            problems[name] = error("caFileUnusable", f"{path}: {unusable[path]}", subject=name)
        elif path is not None and usable[path].digest != digest:
            problems[name] = changed(name, path)
    return problems


def _path(spec: Mapping[str, Any]) -> str | None:
    path: str | None = spec.get("smtp", {}).get("caFile")
    return path


def _paths(specs: Iterable[Mapping[str, Any]]) -> list[str]:
    return sorted({path for spec in specs if (path := _path(spec)) is not None})
