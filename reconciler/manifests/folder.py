"""All manifests of a folder, in a stable order, with all problems of all files.

There are limits over all manifests together: each file may be within its own, and thousands of them still fill the
memory. What lies beyond a limit is not read, and because unread manifests would look like deleted accounts, that is an
error and nothing is planned.
"""

from __future__ import annotations

import contextlib
import errno
import os
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.characters import SHOWN_REPLY, SHOWN_WORD, one_line
from reconciler.classes import FrozenByName, dataclass
from reconciler.diagnostics import Diagnostic, Location, as_one, error, sort_key
from reconciler.files import read_in_place, read_regular_file, reason_of
from reconciler.manifests.documents import read_document, refused_document
from reconciler.manifests.octets import MAX_FILES, is_manifest
from reconciler.manifests.overlaid import Overlays
from reconciler.model.accounts.located import LocatedManifest, Unread
from reconciler.yamlsource import MAX_FILE_OCTETS, MAX_PROBLEMS, ReadAgain, each_document, too_many_problems

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from reconciler.model.accounts.located import RefusedDocument

MAX_ENTRIES = 200_000
"""The most files and folders of any kind below the manifests folder."""
MAX_DEPTH = 100
"""The most folders within each other."""
MAX_OCTETS = 128 * 1024 * 1024
MAX_WEIGHT = 3_000_000
"""The most values of all documents: about 1 GiB of memory. 100,000 accounts of 15 lines are two thirds of it."""
MAX_ALL_PROBLEMS = 10_000

FILES = f"{MAX_FILES:,} files"
ENTRIES = f"{MAX_ENTRIES:,} files and folders"
OCTETS = f"{MAX_OCTETS // 1024 // 1024} MiB"
WEIGHT = f"{MAX_WEIGHT:,} values"
PROBLEMS = f"{MAX_ALL_PROBLEMS:,} problems"
_LIMIT_CURES = {PROBLEMS: "Mend those listed, then run again."}
_LIMIT_CURE = "Look for what does not belong there; accounts of separate teams can be projects of their own."
_NAME = ("metadata", "name")
_LINKED_FOLDER = (
    "This folder is a link, and linked folders are not looked into: what they hold could change without a review. "
    "Put the folder itself here."
)
_TOO_DEEP = (
    f"Folders are nested more than {MAX_DEPTH} deep here, and what lies deeper is not read: {{place}}. It would look like "
    "deleted accounts, so nothing is planned. Move the manifests up, or remove the folders."
)
_CURES = {
    errno.ENAMETOOLONG: "Its path is longer than the system takes; shorten the names of the folders around it.",
    errno.ENOENT: "It went away while it was looked for; run the command again.",
}
_CURE = "Check its permissions."


class Few(FrozenByName):
    """Files of a manifests folder whose others are known already, and not read."""

    files: tuple[str, ...]
    """As they are shown: relative to the project folder."""
    taken: tuple[int, int]
    """How many octets and values all files of the folder had together before these were changed."""


class ManifestSet(FrozenByName):
    """What a manifests folder declares, and what is wrong in it."""

    manifests: tuple[LocatedManifest, ...]
    problems: tuple[Diagnostic, ...]
    folder_exists: bool
    file_count: int
    unread: Unread = field(default_factory=Unread)
    """What the refused documents were to declare: nobody may take an account of theirs for deleted."""
    taken: tuple[int, int] = (0, 0)
    """How many octets and values all of them have together, which is limited."""


def read_manifests(
    folder: Path,
    *,
    root: Path,
    instead: Mapping[Path, bytes | None] | None = None,
    overlays: Overlays | None = None,
    few: Few | None = None,
) -> ManifestSet:
    """Return every manifest below a folder, or of a ``few`` of its files; files are named relative to ``root``, with forward slashes.

    Each document is read with the overlay that there is for it on it.

    Hidden files and folders are passed over. Links that lead outside ``root`` are refused. ``instead`` gives files
    another content than they have on disk (None: as if the file were gone), to see what an edit would mean. Where a
    limit over all files is exceeded reading stops, which is a problem too.
    """
    edited = {str(path): octets for path, octets in (instead or {}).items()}
    if not folder.is_dir() and not edited:
        return ManifestSet(manifests=(), problems=(), folder_exists=False, file_count=0)
    present, unreadable = _present(folder, root, few)
    read = _Read(problems=unreadable, has_unparsed=bool(unreadable), overlays=overlays or Overlays())
    gone = {path for path, octets in edited.items() if octets is None}
    added = ((shown_path(Path(path), root), path) for path in edited)
    files = sorted(each for each in {*present, *added} if each[1] not in gone) if edited else present
    room = Room(few.taken if few is not None else (0, 0))
    # Asked once: with a folder that is no link, a file's own path tells whether the file is one.
    is_linked = shown_path(Path(os.path.realpath(folder)), Path(os.path.realpath(root))) != shown_path(folder, root)
    try:
        for file, path in files:
            octets, real = _content_of(path, file, root, edited.get(path), is_linked=is_linked)
            _read_file(octets, file, root, room, read, real=real)
            require_few_problems(len(read.problems), file)
    except NoRoom as refusal:
        read.refuse(refusal.problem)
    return ManifestSet(
        manifests=tuple(read.manifests),
        problems=tuple(sorted([*read.problems, *_repeated_names(read.manifests)], key=sort_key)),
        folder_exists=True,
        file_count=len(files),
        unread=Unread(tuple(read.refused), has_unparsed=read.has_unparsed),
        taken=room.taken,
    )


def _present(folder: Path, root: Path, few: Few | None) -> tuple[list[tuple[str, str]], list[Diagnostic]]:
    if few is not None:
        return [(file, str(root / file)) for file in sorted(few.files)], []
    return _manifest_files(folder, root) if folder.is_dir() else ([], [])


@dataclass
class _Read:
    """What was read so far, and whether anything could not be read."""

    problems: list[Diagnostic]
    has_unparsed: bool
    overlays: Overlays
    manifests: list[LocatedManifest] = field(default_factory=list)
    refused: list[RefusedDocument] = field(default_factory=list)

    def refuse(self, problem: Diagnostic) -> None:
        """Note a problem because of which whole documents are not known."""
        self.problems.append(problem)
        self.has_unparsed = True


def manifest_paths(folder: Path, *, root: Path) -> tuple[list[Path], list[Diagnostic]]:
    """Return the manifest files below a folder by name, and a problem for each folder that cannot be looked into.

    A folder that is passed over in silence would look like deleted accounts. Beyond ``MAX_FILES`` no files are
    returned, and a problem.
    """
    files, problems = _manifest_files(folder, root)
    return [Path(path) for _, path in files], problems


def _manifest_files(folder: Path, root: Path) -> tuple[list[tuple[str, str]], list[Diagnostic]]:
    """Return the same files as text, each under the name by which it is shown: a ``Path`` costs more than the look at it."""
    files: list[tuple[str, str]] = []
    problems: list[Diagnostic] = []
    is_inside = Path(os.path.realpath(folder)).is_relative_to(os.path.realpath(root))
    if shown_path(folder, root) != folder.as_posix() and not is_inside:
        detail = "The manifests folder is a link that leads outside the project folder. Put the folder itself here."
        return [], [error("fileUnreadable", detail, location=Location(shown_path(folder, root)))]
    below = f"{root.as_posix()}/"
    for path in entries_of(folder, root, problems):
        if path is not None and is_manifest(path[path.rfind("/") + 1 :]):
            is_plain = path.startswith(below) and path.isascii()
            files.append((path[len(below) :] if is_plain else shown_path(Path(path), root), path))
        if path is None or len(files) > MAX_FILES or len(problems) > MAX_ALL_PROBLEMS:
            limit = ENTRIES if path is None else FILES if len(files) > MAX_FILES else PROBLEMS
            return [], [*problems[:MAX_ALL_PROBLEMS], beyond(limit, shown_path(folder, root))]
    return sorted(files), problems


def entries_of(folder: Path, root: Path, problems: list[Diagnostic]) -> Iterator[str | None]:
    """Yield the files below a folder, without hidden folders; None once there are too many entries.

    Adds a problem for every folder that cannot be looked into: unreadable, gone meanwhile, linked, or too deep. It
    is a loop and not recursive, because a checkout may nest thousands of folders.
    """
    waiting = [(folder, 0)]
    left = MAX_ENTRIES
    while waiting:
        place, depth = waiting.pop()
        if depth > MAX_DEPTH:
            detail = _TOO_DEEP.format(place=one_line(shown_path(place, root), limit=SHOWN_WORD))
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
                        yield entry.path
                    elif not entry.name.startswith("."):
                        if entry.is_symlink():
                            where = Location(shown_path(Path(entry.path), root))
                            problems.append(error("fileUnreadable", _LINKED_FOLDER, location=where))
                        else:
                            waiting.append((Path(entry.path), depth + 1))
        except OSError as failure:
            name = one_line(shown_path(place, root), limit=SHOWN_REPLY)
            detail = f"The folder cannot be read: {reason_of(failure)}. {_CURES.get(failure.errno or 0, _CURE)}"
            problems.append(error("fileUnreadable", detail, location=Location(name)))


def _is_folder(entry: os.DirEntry[str]) -> bool:
    """Tell whether an entry is a folder or a link to one; a link in a loop counts as a file, which cannot be read."""
    try:
        return entry.is_dir()
    except OSError:
        return False


def shown_path(path: Path, root: Path) -> str:
    """Return the name under which a file is shown; octets that are not UTF-8 become replacement characters."""
    folder, name = f"{root.as_posix()}/", path.as_posix()  # as text, for it is done for thousands of files
    if name.startswith(folder):
        name = name[len(folder) :]
    elif path.is_relative_to(root):
        name = path.relative_to(root).as_posix()
    return name if name.isascii() else os.fsencode(name).decode("utf-8", "replace")


def real_path(path: Path) -> Path | None:
    """Return the file behind a link; None for a path without links."""
    real = Path(os.path.realpath(path))
    return real if real != Path(os.path.abspath(path)) else None  # noqa: PTH100 - resolve() would follow the links


def octets_of(path: Path, root: Path, *, real: Path | None) -> bytes | Diagnostic:
    """Return the content of a file below the project folder, or why it is not read; ``real`` is the file behind links."""
    return _octets_of(os.fspath(path), shown_path(path, root), root, real=real)


def _content_of(
    path: str, file: str, root: Path, edit: bytes | None, *, is_linked: bool
) -> tuple[bytes | Diagnostic, Path | None]:
    """Return the content of a file, or of its ``edit``, and the file behind its links if there are any."""
    if edit is None and not is_linked:
        with contextlib.suppress(OSError):  # a link among others, which is told by looking at those alone that refuse
            return read_regular_file(path, MAX_FILE_OCTETS, follows_link=False), None
    real = Path(os.path.realpath(path)) if is_linked or os.path.islink(path) else None  # noqa: PTH114 - as text
    return edit if edit is not None else _octets_of(path, file, root, real=real), real


def _octets_of(path: str, file: str, root: Path, *, real: Path | None) -> bytes | Diagnostic:
    """Return the content of the file that is shown as ``file``, or why it is not read."""
    try:
        if real is not None and not real.is_relative_to(os.path.realpath(root)):
            detail = "The link leads outside the project folder. Put the manifest itself here."
            return error("fileUnreadable", detail, location=Location(file))
        if real is None:
            return read_regular_file(path, MAX_FILE_OCTETS, follows_link=False)
        return read_in_place(real, MAX_FILE_OCTETS)
    except OSError as failure:
        detail = f"The file cannot be read: {reason_of(failure)}. Check the path and its permissions."
        return error("fileUnreadable", detail, location=Location(file))


def _read_file(
    octets: bytes | Diagnostic, file: str, root: Path, room: Room, read: _Read, *, real: Path | None
) -> None:
    """Read the manifests and problems of one file, shown as ``file``; ``real`` is the file behind its links, if any."""
    real_file = shown_path(real, Path(os.path.realpath(root))) if real is not None else None
    if isinstance(octets, Diagnostic):
        read.refuse(octets)
        return
    unparsed: list[Diagnostic] = []
    problems: list[Diagnostic] = []
    room.take_octets(len(octets), file)
    try:
        for number, written in enumerate(each_document(octets, file=file, problems=unparsed)):
            room.take_weight(written.weight, file)
            document, overlay = read.overlays.lay_on(written)
            manifest, wrong = read_document(document)
            problems.extend(wrong)
            if manifest is not None:
                places = document if overlay is not None else ReadAgain(octets, file, number, document.location)
                read.manifests.append(LocatedManifest(manifest, file, places, real_file, overlay))
            else:
                read.refused.append(refused_document(document))
            if len(problems) + len(unparsed) > MAX_PROBLEMS:
                # The problems of the text first: they are often the cause of the others.
                problems = [*unparsed, *problems][:MAX_PROBLEMS]
                unparsed = [too_many_problems(file)]
                break
    finally:  # also where a limit over all files ends the reading here
        read.problems.extend([*problems, *unparsed])
        read.has_unparsed |= bool(unparsed)


def _repeated_names(manifests: list[LocatedManifest]) -> list[Diagnostic]:
    """Return an error for each name that is used again; one for all the names that two files have in common."""
    first: dict[str, LocatedManifest] = {}
    repeated: dict[tuple[str, str], list[Diagnostic]] = {}
    count = 0
    for located in manifests:
        name = located.manifest.metadata.name
        if name in first:
            where, before = (each.locator.value_at(_NAME) for each in (located, first[name]))
            if count == MAX_ALL_PROBLEMS:
                return [*map(_repeated_name, repeated.values()), beyond(PROBLEMS, where.file)]
            count += 1
            detail = f"{name} is declared at {before} already; names are unique over all kinds. Rename one of them."
            problem = error("duplicateName", detail, subject=name, location=where)
            repeated.setdefault((where.file, before.file), []).append(problem)
        first.setdefault(name, located)
    return [_repeated_name(found) for found in repeated.values()]


def _repeated_name(errors: list[Diagnostic]) -> Diagnostic:
    """Return the one error for the names of a file that another file, or the file itself, has already."""
    others = f"The same goes for {len(errors) - 1} more in this file; perhaps it is a copy, or a part of it."
    return as_one(errors, detail=f"{errors[0].detail}\n{others}")


class NoRoom(Exception):
    """A limit over all manifests was exceeded and reading ends; ``problem`` says which limit, and in which file."""

    def __init__(self, problem: Diagnostic) -> None:
        """Keep the problem."""
        super().__init__(problem.detail)
        self.problem = problem


class Room:
    """What is left of the limits over all manifests, while one file after the other is read."""

    def __init__(self, taken: tuple[int, int] = (0, 0)) -> None:
        """Begin with all of it but what is ``taken``: octets and values."""
        self._octets = MAX_OCTETS - taken[0]
        self._weight = MAX_WEIGHT - taken[1]

    @property
    def taken(self) -> tuple[int, int]:
        """How many octets and values were taken."""
        return MAX_OCTETS - self._octets, MAX_WEIGHT - self._weight

    def take_octets(self, count: int, file: str) -> None:
        """Count the octets of a file; raise ``NoRoom`` beyond the limit."""
        self._octets -= count
        if self._octets < 0:
            raise NoRoom(beyond(OCTETS, file))

    def take_weight(self, weight: int, file: str) -> None:
        """Count the values of a document; raise ``NoRoom`` beyond the limit."""
        self._weight -= weight
        if self._weight < 0:
            raise NoRoom(beyond(WEIGHT, file))


def require_few_problems(count: int, file: str) -> None:
    """Raise ``NoRoom`` for more problems than anybody would read."""
    if count > MAX_ALL_PROBLEMS:
        raise NoRoom(beyond(PROBLEMS, file))


def beyond(limit: str, file: str) -> Diagnostic:
    """Return the problem of manifests that exceed a limit; ``file`` is where reading stopped."""
    detail = (
        f"The manifests have more than {limit} together, and reading stopped here. What is not read would look like "
        f"deleted accounts, so nothing is planned. {_LIMIT_CURES.get(limit, _LIMIT_CURE)}"
    )
    return error("manifestsTooLarge", detail, location=Location(file))
