"""Small files read with suspicion; files and folders written whole or not at all."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.characters import SHOWN_WORD, clip
from reconciler.classes import Frozen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from io import BufferedReader

_NAME_CHARACTERS = 60
"""So many characters of a name go into that of its temporary file, which the system must not find too long."""
_UNFINISHED = ".new"
"""How the name of such a file or folder ends."""
_LEFT_SECONDS, _FOLDER_LEFT_SECONDS = 60 * 60, 24 * 60 * 60
"""What nobody has written to for so long was left by a process that was killed; a folder's time is not that of all in it."""
_AT_ONCE = 64 * 1024
_LARGE = 8 * 1024 * 1024
"""The octets from which on it pays to begin a thread for a file."""
_READING = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC
_LOOKING = getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY | os.O_CLOEXEC
"""Flags for a folder on the way: where the system can, without needing the right to list it."""
_INNER_PATH = r"[A-Za-z0-9][A-Za-z0-9._-]*(?:/[A-Za-z0-9][A-Za-z0-9._-]*)*"
"""The path of a file in a folder that we write: no step begins with a dot, so none leads out."""


def read_regular_file(path: Path | str, max_octets: int, *, follows_link: bool = True) -> bytes:
    """Return the octets of a regular file, at most one more than ``max_octets``; never wait on a pipe.

    Raises ``OSError`` with a reason for anything that is not a readable regular file, and unless ``follows_link``
    also for a link.
    """
    descriptor = os.open(path, _READING | (0 if follows_link else os.O_NOFOLLOW))
    try:
        return _read_up_to(descriptor, max_octets + 1)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def open_in_place(path: Path) -> Iterator[BufferedReader]:
    """Open a regular file by an absolute path whose links were followed already; to be used as a context.

    The file that was judged by its path is the one that is opened, even if somebody puts a link into the path
    meanwhile: the path is walked step by step, and a link on it is an ``OSError``, as is anything but a readable
    regular file.
    """
    folder = os.open(path.anchor, _LOOKING)
    try:
        for step in path.parts[1:-1]:
            inner = os.open(step, _LOOKING | os.O_NOFOLLOW, dir_fd=folder)
            os.close(folder)
            folder = inner
        descriptor = os.open(path.name, _READING | os.O_NOFOLLOW, dir_fd=folder)
    finally:
        os.close(folder)
    with _regular(descriptor) as file:
        yield file


def read_in_place(path: Path, max_octets: int) -> bytes:
    """Return the octets of a file as ``open_in_place`` opens it, one more than ``max_octets`` at most."""
    with open_in_place(path) as file:
        return _read_up_to(file.fileno(), max_octets + 1)


def _read_up_to(descriptor: int, octets: int) -> bytes:
    """Return at most so many octets of a regular file.

    ``read`` reserves as much memory as it is asked for, so it is asked for the file's size.
    """
    size = _regular_size(descriptor)
    read = os.read(descriptor, min(size + 1, octets))
    if len(read) == size > 0:
        return read  # its end: one more was asked for
    # More than the size that it tells: it grows, or is one of the system's, which tell none.
    while len(read) < octets and (more := os.read(descriptor, min(_AT_ONCE, octets - len(read)))):
        read += more
    return read


def _regular_size(descriptor: int) -> int:
    """Return how many octets a file has; raise ``OSError`` where it is no regular file."""
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode):
        raise OSError(0, "it is not a regular file")
    return found.st_size


def _regular(descriptor: int) -> BufferedReader:
    """Return the open file of a descriptor; close it, and raise ``OSError``, where it is no regular file."""
    try:
        _regular_size(descriptor)
    except OSError:
        os.close(descriptor)
        raise
    return os.fdopen(descriptor, "rb")


def begun_digest(path: Path, algorithm: str) -> Callable[[], str]:
    """Return what gives the ``file_digest``, which is begun already, on another core where the file is large."""
    try:
        is_large = path.stat().st_size > _LARGE
    except (OSError, ValueError):  # told by the look at the file itself
        is_large = False
    if not is_large:
        return lambda: file_digest(path, algorithm)
    import threading

    ended: list[str | Exception] = []

    def run() -> None:
        try:
            ended.append(file_digest(path, algorithm))
        except Exception as failure:  # noqa: BLE001 - raised where the digest is asked for
            ended.append(failure)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()

    def result() -> str:
        thread.join()
        if isinstance(ended[0], Exception):
            raise ended[0]
        return ended[0]

    return result


def file_digest(path: Path, algorithm: str = "sha256") -> str:
    """Return the algorithm's name and the digest of a regular file of any size; raise ``OSError``, never wait on a pipe.

    The digest is in hexadecimal digits, after a colon.
    """
    with _regular(os.open(path, _READING)) as file:
        return f"{algorithm}:{hashlib.file_digest(file, algorithm).hexdigest()}"


def reason_of(failure: OSError) -> str:
    """Return the operating system's reason for a refusal, as the middle of a sentence."""
    return (failure.strerror or "it cannot be read").lower()


def refuse_device(path: Path) -> None:
    """Raise ``OSError`` for a path that is a device, a pipe or a socket: who renames a file to it replaces it, such as ``/dev/null`` for all."""
    with contextlib.suppress(FileNotFoundError):
        mode = path.lstat().st_mode
        if not (stat.S_ISREG(mode) or stat.S_ISLNK(mode) or stat.S_ISDIR(mode)):
            raise OSError(0, "there is something there that is not a regular file")


def make_unfinished(path: Path) -> tuple[int, Path]:
    """Make a file beside another, to be renamed to it: its open descriptor and its path, for the owner alone; may raise ``OSError``."""
    from tempfile import mkstemp

    descriptor, name = mkstemp(prefix=_prefix_of(path), suffix=_UNFINISHED, dir=path.parent)
    return descriptor, Path(name)


def _prefix_of(path: Path) -> str:
    return f".{path.name[:_NAME_CHARACTERS]}."


def is_left_unfinished(path: Path) -> bool:
    """Tell whether a file or folder that was to get another's name was left by a process that was killed."""
    import time

    if not path.name.endswith(_UNFINISHED):
        return False
    try:
        found = path.lstat()
    except OSError:
        return False
    is_folder = stat.S_ISDIR(found.st_mode)
    is_ours = found.st_uid == os.geteuid() and (is_folder or stat.S_ISREG(found.st_mode))
    return is_ours and time.time() - found.st_mtime > (_FOLDER_LEFT_SECONDS if is_folder else _LEFT_SECONDS)


def remove_left_unfinished(path: Path) -> None:
    """Remove what killed processes have left beside a file or folder which they were about to replace.

    It may hold secrets, or names that were erased since. What cannot be removed stays, and stops nothing.
    """
    name = re.compile(rf"{re.escape(_prefix_of(path))}[a-z0-9_]{{8}}{re.escape(_UNFINISHED)}")
    with contextlib.suppress(OSError):
        for each in os.listdir(path.parent):  # noqa: PTH208 - names alone are asked for
            if name.fullmatch(each) and is_left_unfinished(left := path.parent / each):
                import shutil

                if left.is_dir():
                    shutil.rmtree(left, ignore_errors=True)
                    continue
                for part in (left, left.with_name(f"{each}-journal")):  # which SQLite keeps beside it
                    part.unlink(missing_ok=True)


def replace_file(
    path: Path,
    content: bytes | Iterable[bytes],
    *,
    is_durable: bool = True,
    mode: int | None = None,
    keeps_owner: bool = False,
    is_later: bool = False,
    is_one_of_many: bool = False,
) -> None:
    """Put a file in place whole, or leave what was there; it is for the owner alone unless ``mode`` says otherwise.

    Content that is too large to be held is given in pieces. A file that is not ``is_durable`` may be gone after a power
    cut: to wait for the disk costs more than to write. With ``keeps_owner`` the file belongs to whom the one before
    belonged, which only root can bring about. With ``is_later`` its time is of a later second than that of the one
    before: Python takes a module's bytecode for that of the file by second and size. What a killed process has left
    of the file is removed, unless it ``is_one_of_many`` in its folder, where to look for that takes long. Raises
    ``OSError``.
    """
    refuse_device(path)
    if not is_one_of_many:
        remove_left_unfinished(path)
    before = None
    if keeps_owner or is_later:
        with contextlib.suppress(FileNotFoundError):
            # Of a link itself: it is the link that is replaced, not the file that it leads to.
            before = path.lstat()
    descriptor, unfinished = make_unfinished(path)
    try:
        with open(descriptor, "wb") as file:  # noqa: PTH123 - a descriptor, not a path
            if keeps_owner and before is not None and (before.st_uid, before.st_gid) != (os.geteuid(), os.getegid()):
                os.fchown(file.fileno(), before.st_uid, before.st_gid)
            if mode is not None:
                os.fchmod(file.fileno(), mode)
            file.writelines([content] if isinstance(content, bytes) else content)
            file.flush()
            if is_later and before is not None and os.fstat(descriptor).st_mtime < (second := int(before.st_mtime) + 1):
                os.utime(descriptor, (second, second))
            if is_durable:
                os.fsync(file.fileno())
        unfinished.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            unfinished.unlink(missing_ok=True)
        raise


def create_file(path: Path, content: bytes) -> None:
    """Make a new file, with the mode that the umask gives; raise ``OSError``, also where there is one."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
    try:
        with open(descriptor, "wb") as file:  # noqa: PTH123 - a descriptor, not a path
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)
        raise


def sync_folder(folder: Path) -> None:
    """Put the names in a folder on the disk, which the fsync of a file does not; raise ``OSError``."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def keep_out_of_git(folder: Path) -> None:
    """Make git ignore a folder of ours, whatever the project's own .gitignore says; a .gitignore in it is left."""
    path = folder / ".gitignore"
    with contextlib.suppress(FileNotFoundError):
        found = path.lstat()
        # An empty one is what a full disk left of ours: with that, git would take up state and keys.
        if found.st_size > 0 or not stat.S_ISREG(found.st_mode):
            return
    replace_file(path, b"*\n", is_durable=False, mode=0o644)


class ForeignFolder(Exception):
    """A folder that was to be replaced holds something else; the text is the middle of a sentence."""


class Unmade(Frozen):
    """A text whose digest is known, so that it need not be made where the earlier folder has it."""

    digest: str
    """The SHA-256 of its octets, in hexadecimals."""
    make: Callable[[], str]


def replace_folder(folder: Path, files: Iterable[tuple[str, str | Unmade]], *, mark: str) -> int:
    """Put a folder of text files in the place of an earlier one, or leave what was there; return their number.

    ``files`` are paths inside the folder with their texts, taken one at a time. A file that says what it said in the
    earlier folder is that file, with its time: whoever copies the folder on has to copy what changed. ``mark`` names a
    file, written beside them, by which a folder that may be replaced is known: everything else in that one goes. Raises
    ``ForeignFolder`` for a folder that is neither empty nor marked, ``ValueError`` for a path that leads out,
    ``OSError``.
    """
    import shutil
    import tempfile

    place = Path(os.path.abspath(folder))  # noqa: PTH100 - a link is to be seen, not followed
    _require_replaceable(place, mark)
    place.parent.mkdir(parents=True, exist_ok=True)
    remove_left_unfinished(place)
    # The outer folder is its owner's alone, so nobody sees half of it; the inner one gets what the umask gives.
    outer = Path(tempfile.mkdtemp(prefix=_prefix_of(place), suffix=_UNFINISHED, dir=place.parent))
    try:
        inner = outer / "written"
        inner.mkdir()
        count = _write_all(inner, files, earlier=place)
        (inner / mark).write_text("", encoding="utf-8")
        _swap(inner, place, outer / "replaced", mark=mark)
    finally:
        shutil.rmtree(outer, ignore_errors=True)
    return count


def _require_replaceable(place: Path, mark: str) -> None:
    try:
        mode = place.lstat().st_mode
    except FileNotFoundError:
        return
    if stat.S_ISLNK(mode):
        raise ForeignFolder("is a symbolic link")
    if not stat.S_ISDIR(mode):
        raise ForeignFolder("is not a folder")
    with os.scandir(place) as entries:
        names = {entry.name: entry.is_file(follow_symlinks=False) for entry in entries}
    if names and not names.get(mark, False):
        raise ForeignFolder("holds something else")


def _write_all(folder: Path, files: Iterable[tuple[str, str | Unmade]], *, earlier: Path) -> int:
    made = {""}
    is_replaced = earlier.is_dir()
    count = 0
    for path, text in files:
        if not re.fullmatch(_INNER_PATH, path):
            raise ValueError(f"a path that leads out of the folder: {clip(path, SHOWN_WORD)!r}")
        inner, _, _ = path.rpartition("/")
        if inner not in made:
            (folder / inner).mkdir(parents=True, exist_ok=True)
            made.add(inner)
        target = f"{folder}/{path}"
        content = text if isinstance(text, Unmade) else text.encode()
        if not (is_replaced and _keep(earlier / path, target, content)):
            octets = content.make().encode() if isinstance(content, Unmade) else content
            with open(target, "xb") as file:  # noqa: PTH123 - to make a path of each of ten thousand takes its time
                file.write(octets)
        count += 1
    return count


def _keep(earlier: Path, target: str, text: bytes | Unmade) -> bool:
    """Give a file of ours that holds the text another name, and tell whether it was one: no link, nobody else's."""
    try:
        found = earlier.lstat()
        is_ours = stat.S_ISREG(found.st_mode) and found.st_uid == os.geteuid() and found.st_nlink == 1
        if not is_ours or leads_elsewhere(earlier.parent):
            return False
        if isinstance(text, Unmade):
            is_same = file_digest(earlier) == f"sha256:{text.digest}"
        else:
            is_same = found.st_size == len(text) and earlier.read_bytes() == text
        if not is_same:
            return False
        os.link(earlier, target, follow_symlinks=False)
    except OSError:
        return False  # there is none, or the disk knows no second names
    return True


def _swap(finished: Path, place: Path, aside: Path, *, mark: str) -> None:
    """Move the finished folder into place; the old one goes aside, and comes back where anything fails."""
    _require_replaceable(place, mark)  # again: writing took a while
    try:
        with contextlib.suppress(FileNotFoundError):
            place.rename(aside)
        finished.rename(place)
    except BaseException:  # Ctrl-C just after one of the two as well
        if aside.exists() and not place.exists():
            aside.rename(place)
        raise


def leads_elsewhere(folder: Path) -> bool:
    """Tell whether a folder of a project is a link: it may lead out of the project, and a pull request could bring one."""
    return folder.is_symlink() or folder.parent.is_symlink()
