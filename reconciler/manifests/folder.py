"""All manifests of a folder, in a stable order, with all problems of all files."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.diagnostics import Diagnostic, Location, error, sort_key
from reconciler.manifests.documents import read_document
from reconciler.manifests.files import read_regular_file, reason_of
from reconciler.model.source import LocatedManifest
from reconciler.yamlsource import MAX_FILE_OCTETS, MAX_PROBLEMS, read_documents

if TYPE_CHECKING:
    from collections.abc import Iterator

_ENDINGS = (".yaml", ".yml")


@dataclass(frozen=True, kw_only=True)
class ManifestSet:
    """What a manifests folder holds."""

    manifests: tuple[LocatedManifest, ...]
    problems: tuple[Diagnostic, ...]
    folder_exists: bool
    file_count: int


def read_manifests(folder: Path, *, root: Path) -> ManifestSet:
    """Return every manifest below a folder; files are named relative to ``root``, with forward slashes.

    Hidden files and folders are passed over. Links that lead outside ``root`` are refused.
    """
    if not folder.is_dir():
        return ManifestSet(manifests=(), problems=(), folder_exists=False, file_count=0)
    manifests: list[LocatedManifest] = []
    problems: list[Diagnostic] = []
    paths = sorted(_paths(folder), key=lambda path: _name(path, root))
    for path in paths:
        found, wrong = _read_file(path, root)
        manifests.extend(found)
        problems.extend(wrong)
    problems.extend(_repeated_names(manifests))
    return ManifestSet(
        manifests=tuple(manifests),
        problems=tuple(sorted(problems, key=sort_key)),
        folder_exists=True,
        file_count=len(paths),
    )


def _paths(folder: Path) -> Iterator[Path]:
    for parent, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in files:
            if name.endswith(_ENDINGS) and not name.startswith("."):
                yield Path(parent, name)


def _name(path: Path, root: Path) -> str:
    try:
        return path.relative_to(root).as_posix()
    except ValueError:
        return path.as_posix()


def _read_file(path: Path, root: Path) -> tuple[list[LocatedManifest], list[Diagnostic]]:
    file = _name(path, root)
    try:
        if path.is_symlink() and not path.resolve().is_relative_to(root.resolve()):
            detail = "The link leads outside the project folder. Put the manifest itself here."
            return [], [error("fileUnreadable", detail, location=Location(file))]
        octets = read_regular_file(path, MAX_FILE_OCTETS)
    except OSError as failure:
        detail = f"The file cannot be read: {reason_of(failure)}. Check the path and its permissions."
        return [], [error("fileUnreadable", detail, location=Location(file))]
    read = read_documents(octets, file=file)
    manifests: list[LocatedManifest] = []
    problems: list[Diagnostic] = list(read.problems)
    for document in read.documents:
        if len(problems) > MAX_PROBLEMS:
            problems.append(_too_many(file))
            break
        manifest, wrong = read_document(document)
        problems.extend(wrong)
        if manifest is not None:
            manifests.append(LocatedManifest(manifest, file, document))
    return manifests, problems


def _too_many(file: str) -> Diagnostic:
    detail = (
        f"There are more than {MAX_PROBLEMS:,} problems in this file, and reading stopped there. "
        "Mend those listed, then run again."
    )
    return error("tooManyProblems", detail, location=Location(file))


def _repeated_names(manifests: list[LocatedManifest]) -> list[Diagnostic]:
    first: dict[str, Location] = {}
    problems = []
    for each in manifests:
        name = each.manifest.metadata.name
        where = each.locator.value_at(("metadata", "name"))
        if name in first:
            detail = f"{name} is declared at {first[name]} already; names are unique over all kinds. Rename one of them."
            problems.append(error("duplicateName", detail, subject=name, location=where))
        first.setdefault(name, where)
    return problems
