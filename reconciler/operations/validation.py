"""Validates a project, or single manifest files in its context, as editors, pre-commit and generators hand them over."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.classes import FrozenByName
from reconciler.diagnostics import Location, error, grouped, warning
from reconciler.errors import InvalidInput
from reconciler.files import read_regular_file, reason_of
from reconciler.manifests.folder import shown_path
from reconciler.manifests.lookalikes import lookalikes
from reconciler.operations.manifests import Desired, in_every_environment, read_desired
from reconciler.yamlsource import MAX_FILE_OCTETS, read_documents

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from reconciler.diagnostics import Diagnostic
    from reconciler.operations.workspace import Workspace


class GivenManifest(FrozenByName):
    """One file to validate, as it was named."""

    name: str
    """As the user wrote it; problems have it as their place."""
    path: Path
    """The file that it is or stands for."""
    content: bytes | None = None
    """What is in it, where that does not come from the file; None: what the file holds."""


def validate(workspace: Workspace) -> Desired:
    """Return every problem that needs no network, secret or state to be found, of all environments where none is chosen."""
    desired = in_every_environment(workspace, _read_with_consumers)
    folder = workspace.project.manifests
    passed_over = lookalikes(workspace.root / folder, workspace.root)
    if not desired.folder_exists:
        detail = f"The manifests folder {folder} does not exist. Make it, or correct manifests in the project file."
        problem = error("noManifests", detail)
    elif not desired.accounts and desired.is_valid:
        detail = f"The manifests folder {folder} holds no account yet. To write the first one:\n"
        problem = warning("noManifests", detail + "    reconciler accounts add own")
    else:
        return replace(desired, problems=(*desired.problems, *passed_over)) if passed_over else desired
    return replace(desired, problems=grouped((*desired.problems, problem, *passed_over)))


def _read_with_consumers(workspace: Workspace) -> Desired:
    """Return what the manifests want, with what is wrong with consumers that can be told without a look at the state."""
    desired = read_desired(workspace)
    if not workspace.project.consumers:
        return desired
    from reconciler.operations.consumers.places import refused_overlaps

    return replace(desired, problems=grouped((*desired.problems, *refused_overlaps(workspace).values())))


def validate_given(workspace: Workspace, given: Sequence[GivenManifest]) -> Desired:
    """Return the accounts that the given files declare, with the problems of these files alone.

    All other manifests are read as well, so that a server that they declare is known and a name that they have is taken.
    Raises ``InvalidInput`` for files that cannot be read.
    """
    contents = {_absolute(each.path): _content(each) for each in given}
    names = {shown_path(_absolute(each.path), workspace.root): each.name for each in given}
    desired = in_every_environment(workspace, lambda place: read_desired(place, instead=contents))
    accounts = tuple(
        each for each in desired.accounts if each.file in names or not each.overlay_files.isdisjoint(names)
    )
    declared = {name for octets in contents.values() for name in _names(octets)}
    problems = tuple(_of_given(desired.problems, names, declared))
    return replace(desired, accounts=accounts, problems=problems)


def _absolute(path: Path) -> Path:
    return Path(os.path.normpath(path.absolute()))


def _content(given: GivenManifest) -> bytes:
    if given.content is not None:
        return given.content
    try:
        return read_regular_file(given.path, MAX_FILE_OCTETS)
    except (OSError, ValueError) as failure:
        reason = reason_of(failure) if isinstance(failure, OSError) else "it is no path"
        detail = (
            f"{given.name} is a folder. Name its files; without any all manifests of the project are validated:\n"
            "    reconciler validate"
            if given.path.is_dir()
            else f"{given.name} cannot be read: {reason}."
        )
        raise InvalidInput(error("fileUnreadable", detail, location=Location(given.name))) from None


def _names(octets: bytes) -> Iterator[str]:
    """Yield the names of the accounts in a file, those included that a fault of another file leaves unresolved."""
    for document in read_documents(octets, file="").documents:
        metadata = document.value.get("metadata") if isinstance(document.value, dict) else None
        name = metadata.get("name") if isinstance(metadata, dict) else None
        if isinstance(name, str):
            yield name


def _of_given(problems: Iterable[Diagnostic], names: dict[str, str], declared: set[str]) -> Iterable[Diagnostic]:
    """Yield what concerns the given files, with the names by which they were given."""
    for problem in problems:
        place = problem.location
        if place is not None and place.file in names:
            yield replace(problem, location=replace(place, file=names[place.file]))
        elif problem.severity == "error" and declared & set(problem.concerned):
            yield problem
