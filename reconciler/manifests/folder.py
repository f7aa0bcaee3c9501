"""All manifests of a folder, in a stable order, with all problems of all files."""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.diagnostics import Diagnostic, Location, as_one, error, sort_key
from reconciler.diagnostics.phrasing import MOST_SHOWN, one_line
from reconciler.files import read_in_place, read_regular_file, reason_of
from reconciler.manifests.documents import read_document, refused_document
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
from reconciler.model.accounts.located import LocatedManifest, Unread
from reconciler.yamlsource import MAX_FILE_OCTETS, MAX_PROBLEMS, each_document, too_many_problems

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from reconciler.model.accounts.located import RefusedDocument

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
    unread: Unread = field(default_factory=Unread)


def read_manifests(folder: Path, *, root: Path, instead: Mapping[Path, bytes | None] | None = None) -> ManifestSet:
    """Return every manifest below a folder; files are named relative to ``root``, with forward slashes.

    Hidden files and folders are passed over. Links that lead outside ``root`` are refused. ``instead`` gives files
    another content than they have, None for one that is to be gone: what would be read after an edit. Beyond the
    limits over all files together reading stops, which is a problem too.
    """
    edited = instead or {}
    if not folder.is_dir() and not edited:
        return ManifestSet(manifests=(), problems=(), folder_exists=False, file_count=0)
    present, unreadable = manifest_paths(folder, root=root) if folder.is_dir() else ([], [])
    read = _Read(problems=unreadable, has_unparsed=bool(unreadable))
    gone = {path for path, octets in edited.items() if octets is None}
    paths = sorted({*present, *edited} - gone, key=lambda path: shown_path(path, root))
    room = Room()
    is_linked = shown_path(Path(os.path.realpath(folder)), Path(os.path.realpath(root))) != shown_path(folder, root)
    try:
        for path in paths:
            real = Path(os.path.realpath(path)) if is_linked or path.is_symlink() else None
            _read_file(path, root, edited.get(path), room, read, real=real)
            require_few_problems(len(read.problems), shown_path(path, root))
    except NoRoom as refusal:
        read.refuse(refusal.problem)
    return ManifestSet(
        manifests=tuple(read.manifests),
        problems=tuple(sorted([*read.problems, *_repeated_names(read.manifests)], key=sort_key)),
        folder_exists=True,
        file_count=len(paths),
        unread=Unread(tuple(read.refused), has_unparsed=read.has_unparsed),
    )


@dataclass
class _Read:
    """What was read so far."""

    problems: list[Diagnostic]
    has_unparsed: bool
    manifests: list[LocatedManifest] = field(default_factory=list)
    refused: list[RefusedDocument] = field(default_factory=list)

    def refuse(self, problem: Diagnostic) -> None:
        """Take note of what cannot be read at all."""
        self.problems.append(problem)
        self.has_unparsed = True


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


def _read_file(path: Path, root: Path, instead: bytes | None, room: Room, read: _Read, *, real: Path | None) -> None:
    """Take the manifests of a file and its problems; ``real`` is where it lies if a link leads to it, else None."""
    real_file = shown_path(real, Path(os.path.realpath(root))) if real is not None else None
    file = shown_path(path, root)
    if instead is not None:
        _read_octets(instead, file, room, read, real_file=real_file)
        return
    try:
        if real is not None and not real.is_relative_to(os.path.realpath(root)):
            detail = "The link leads outside the project folder. Put the manifest itself here."
            read.refuse(error("fileUnreadable", detail, location=Location(file)))
            return
        octets = (
            read_regular_file(path, MAX_FILE_OCTETS, follows_link=False)
            if real is None
            else read_in_place(real, MAX_FILE_OCTETS)
        )
    except OSError as failure:
        detail = f"The file cannot be read: {reason_of(failure)}. Check the path and its permissions."
        read.refuse(error("fileUnreadable", detail, location=Location(file)))
        return
    _read_octets(octets, file, room, read, real_file=real_file)


def _read_octets(octets: bytes, file: str, room: Room, read: _Read, *, real_file: str | None) -> None:
    unparsed: list[Diagnostic] = []
    problems: list[Diagnostic] = []
    room.take_octets(len(octets), file)
    try:
        for document in each_document(octets, file=file, problems=unparsed):
            room.take_weight(document.weight, file)
            manifest, wrong = read_document(document)
            problems.extend(wrong)
            if manifest is not None:
                read.manifests.append(LocatedManifest(manifest, file, document, real_file))
            else:
                read.refused.append(refused_document(document))
            if len(problems) + len(unparsed) > MAX_PROBLEMS:
                problems = [*unparsed, *problems][:MAX_PROBLEMS]
                unparsed = [too_many_problems(file)]
                break
    finally:
        read.problems.extend([*problems, *unparsed])
        read.has_unparsed |= bool(unparsed)


def _repeated_names(manifests: list[LocatedManifest]) -> list[Diagnostic]:
    """Return an error for each name that is used again; where a file repeats several of another's, one for the file."""
    first: dict[str, Location] = {}
    repeated: dict[tuple[str, str], list[Diagnostic]] = {}
    count = 0
    for each in manifests:
        name = each.manifest.metadata.name
        where = each.locator.value_at(("metadata", "name"))
        if name in first:
            if count == MAX_ALL_PROBLEMS:
                return [*map(_repeated_name, repeated.values()), beyond(PROBLEMS, where.file)]
            count += 1
            detail = (
                f"{name} is declared at {first[name]} already; names are unique over all kinds. Rename one of them."
            )
            problem = error("duplicateName", detail, subject=name, location=where)
            repeated.setdefault((where.file, first[name].file), []).append(problem)
        first.setdefault(name, where)
    return [_repeated_name(found) for found in repeated.values()]


def _repeated_name(found: list[Diagnostic]) -> Diagnostic:
    """Return what is told of the names of one file that another has already, or the file itself."""
    others = f"The same goes for {len(found) - 1} more in this file; perhaps it is a copy, or a part of it."
    return as_one(found, detail=f"{found[0].detail}\n{others}")
