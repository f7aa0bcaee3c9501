"""All manifests of a folder, in a stable order, with all problems of all files."""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.diagnostics import Diagnostic, Location, error, sort_key
from reconciler.diagnostics.quoting import MOST_SHOWN, one_line
from reconciler.files import read_regular_file, reason_of
from reconciler.manifests.documents import read_document
from reconciler.manifests.room import (
    ENTRIES,
    FILES,
    MAX_ALL_PROBLEMS,
    MAX_DEPTH,
    MAX_ENTRIES,
    MAX_FILES,
    PROBLEMS,
    NoRoom,
    Room,
    beyond,
    require_few_problems,
)
from reconciler.model.source import LocatedManifest
from reconciler.yamlsource import MAX_FILE_OCTETS, MAX_PROBLEMS, each_document, too_many_problems

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_ENDINGS = (".yaml", ".yml")
_LINKED_FOLDER = (
    "This folder is a link, and linked folders are not looked into: what they hold could change without a review. "
    "Put the folder itself here."
)
_TOO_DEEP = (
    f"Folders are nested more than {MAX_DEPTH} deep here, and what lies deeper is not read: {{place}}. It would look like "
    "deleted accounts, so nothing is planned. Move the manifests up, or remove the folders."
)
_MAX_LOCATION = 300
_CURES = {
    errno.ENAMETOOLONG: "Its path is longer than the system takes; shorten the names of the folders around it.",
    errno.ENOENT: "It went away while it was looked for; run the command again.",
}
_CURE = "Check its permissions."


@dataclass(frozen=True, kw_only=True)
class ManifestSet:
    """What a manifests folder holds."""

    manifests: tuple[LocatedManifest, ...]
    problems: tuple[Diagnostic, ...]
    folder_exists: bool
    file_count: int


def read_manifests(folder: Path, *, root: Path, instead: Mapping[Path, bytes | None] | None = None) -> ManifestSet:
    """Return every manifest below a folder; files are named relative to ``root``, with forward slashes.

    Hidden files and folders are passed over. Links that lead outside ``root`` are refused. ``instead`` gives files
    another content than they have, None for one that is to be gone: what would be read after an edit. Beyond the
    limits over all files together reading stops, which is a problem too.
    """
    edited = instead or {}
    if not folder.is_dir() and not edited:
        return ManifestSet(manifests=(), problems=(), folder_exists=False, file_count=0)
    manifests: list[LocatedManifest] = []
    problems: list[Diagnostic] = []
    present, unreadable = manifest_paths(folder, root=root) if folder.is_dir() else ([], [])
    problems.extend(unreadable)
    gone = {path for path, octets in edited.items() if octets is None}
    paths = sorted({*present, *edited} - gone, key=lambda path: shown_path(path, root))
    room = Room()
    try:
        for path in paths:
            found, wrong = _read_file(path, root, edited.get(path), room)
            manifests.extend(found)
            problems.extend(wrong)
            require_few_problems(len(problems), shown_path(path, root))
    except NoRoom as refusal:
        problems.append(refusal.problem)
    problems.extend(_repeated_names(manifests))
    return ManifestSet(
        manifests=tuple(manifests),
        problems=tuple(sorted(problems, key=sort_key)),
        folder_exists=True,
        file_count=len(paths),
    )


def manifest_paths(folder: Path, *, root: Path) -> tuple[list[Path], list[Diagnostic]]:
    """Return the manifest files below a folder by name, and a problem for each folder that cannot be looked into.

    A folder passed over in silence would look like deleted accounts. Beyond ``MAX_FILES`` there are none and a problem.
    """
    paths: list[Path] = []
    problems: list[Diagnostic] = []
    if shown_path(folder, root) != folder.as_posix() and not _is_inside(folder, root):
        detail = "The manifests folder is a link that leads outside the project folder. Put the folder itself here."
        return [], [error("fileUnreadable", detail, location=Location(shown_path(folder, root)))]
    for path in _entries(folder, root, problems):
        if path is not None and is_manifest(path.name):
            paths.append(path)
        if path is None or len(paths) > MAX_FILES or len(problems) > MAX_ALL_PROBLEMS:
            limit = ENTRIES if path is None else FILES if len(paths) > MAX_FILES else PROBLEMS
            return [], [*problems[:MAX_ALL_PROBLEMS], beyond(limit, shown_path(folder, root))]
    return sorted(paths, key=lambda path: shown_path(path, root)), problems


def is_manifest(name: str) -> bool:
    """Tell whether a file of this name is read as a manifest."""
    return name.lower().endswith(_ENDINGS) and not name.startswith(".")


def _is_inside(path: Path, root: Path) -> bool:
    """Tell whether a path with its links followed lies below ``root``."""
    return Path(os.path.realpath(path)).is_relative_to(os.path.realpath(root))


def _entries(folder: Path, root: Path, problems: list[Diagnostic]) -> Iterator[Path | None]:
    """Yield what lies below a folder and is no folder, hidden folders left out; None where there is too much of it.

    Adds a problem for every folder that cannot be looked into: unreadable, gone meanwhile, linked, or too deep. No
    folder is looked into by a function that calls itself: a checkout may nest thousands.
    """
    waiting = [(folder, 0)]
    left = MAX_ENTRIES
    while waiting:
        place, depth = waiting.pop()
        if depth > MAX_DEPTH:
            detail = _TOO_DEEP.format(place=one_line(shown_path(place, root), limit=MOST_SHOWN))
            problems.append(error("fileUnreadable", detail, location=Location(shown_path(folder, root))))
            continue
        try:
            with os.scandir(place) as entries:
                for entry in entries:
                    left -= 1
                    if left < 0:
                        yield None
                        return
                    if not _is_folder(entry):
                        yield Path(entry.path)
                    elif not entry.name.startswith("."):
                        if entry.is_symlink():
                            where = Location(shown_path(Path(entry.path), root))
                            problems.append(error("fileUnreadable", _LINKED_FOLDER, location=where))
                        else:
                            waiting.append((Path(entry.path), depth + 1))
        except OSError as failure:
            problems.append(_unlisted(failure, place, root))


def _is_folder(entry: os.DirEntry[str]) -> bool:
    """Tell whether an entry is a folder, or a link to one; a link in a loop is a file that cannot be read."""
    try:
        return entry.is_dir()
    except OSError:
        return False


def _unlisted(failure: OSError, folder: Path, root: Path) -> Diagnostic:
    name = one_line(shown_path(folder, root), limit=_MAX_LOCATION)
    detail = f"The folder cannot be read: {reason_of(failure)}. {_CURES.get(failure.errno or 0, _CURE)}"
    return error("fileUnreadable", detail, location=Location(name))


def shown_path(path: Path, root: Path) -> str:
    """Return the name that a file is shown by; octets that are not UTF-8 are shown as replacement characters."""
    relative = path.relative_to(root) if path.is_relative_to(root) else path
    return os.fsencode(relative.as_posix()).decode("utf-8", "replace")


def _read_file(
    path: Path, root: Path, instead: bytes | None, room: Room
) -> tuple[list[LocatedManifest], list[Diagnostic]]:
    file = shown_path(path, root)
    if instead is not None:
        return _read_octets(instead, file, room)
    try:
        if path.is_symlink() and not _is_inside(path, root):
            detail = "The link leads outside the project folder. Put the manifest itself here."
            return [], [error("fileUnreadable", detail, location=Location(file))]
        octets = read_regular_file(path, MAX_FILE_OCTETS)
    except OSError as failure:
        detail = f"The file cannot be read: {reason_of(failure)}. Check the path and its permissions."
        return [], [error("fileUnreadable", detail, location=Location(file))]
    return _read_octets(octets, file, room)


def _read_octets(octets: bytes, file: str, room: Room) -> tuple[list[LocatedManifest], list[Diagnostic]]:
    manifests: list[LocatedManifest] = []
    problems: list[Diagnostic] = []
    room.take_octets(len(octets), file)
    for document in each_document(octets, file=file, problems=problems):
        room.take_weight(document.weight, file)
        manifest, wrong = read_document(document)
        problems.extend(wrong)
        if manifest is not None:
            manifests.append(LocatedManifest(manifest, file, document))
        if len(problems) > MAX_PROBLEMS:
            return manifests, [*problems[:MAX_PROBLEMS], too_many_problems(file)]
    return manifests, problems


def _repeated_names(manifests: list[LocatedManifest]) -> list[Diagnostic]:
    first: dict[str, Location] = {}
    problems: list[Diagnostic] = []
    for each in manifests:
        name = each.manifest.metadata.name
        where = each.locator.value_at(("metadata", "name"))
        if len(problems) > MAX_ALL_PROBLEMS:
            return [*problems[:MAX_ALL_PROBLEMS], beyond(PROBLEMS, where.file)]
        if name in first:
            detail = (
                f"{name} is declared at {first[name]} already; names are unique over all kinds. Rename one of them."
            )
            problems.append(error("duplicateName", detail, subject=name, location=where))
        first.setdefault(name, where)
    return problems
