"""Small files read with suspicion, and files written whole or not at all."""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import tempfile
from pathlib import Path

_MAX_SHOWN = 60


def read_regular_file(path: Path, max_octets: int) -> bytes:
    """Return the octets of a regular file, one more than ``max_octets`` at most; never wait on a pipe.

    Raises ``OSError`` with a reason for anything that is not a readable regular file.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(0, "it is not a regular file")
        return file.read(max_octets + 1)


def file_digest(path: Path) -> str:
    """Return ``sha256:`` and the SHA-256 of a regular file, of any size; raise ``OSError``, and never wait on a pipe."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(0, "it is not a regular file")
        return "sha256:" + hashlib.file_digest(file, "sha256").hexdigest()


def reason_of(failure: OSError) -> str:
    """Return why the operating system refused, as the middle of a sentence."""
    return (failure.strerror or "it cannot be read").lower()


def replace_file(path: Path, content: bytes, *, is_durable: bool = True, mode: int | None = None) -> None:
    """Put a file in place, for the owner alone unless ``mode`` says otherwise, or leave what was there.

    Not ``is_durable``, it may be gone after a power cut; waiting for the disk costs more than writing. Raises
    ``OSError``.
    """
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name[:_MAX_SHOWN]}.", suffix=".new", dir=path.parent)
    unfinished = Path(name)
    try:
        with open(descriptor, "wb") as file:  # noqa: PTH123 - a descriptor, not a path
            if mode is not None:
                os.fchmod(file.fileno(), mode)
            file.write(content)
            if is_durable:
                file.flush()
                os.fsync(file.fileno())
        unfinished.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            unfinished.unlink(missing_ok=True)
        raise


def create_file(path: Path, content: bytes) -> None:
    """Make a file that does not exist yet, with the mode that the user's programs give; raise ``OSError``."""
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


def keep_out_of_git(folder: Path) -> None:
    """Make git ignore a folder of ours, whatever the project's own .gitignore says; an existing file is left."""
    with contextlib.suppress(FileExistsError), (folder / ".gitignore").open("x") as file:
        file.write("*\n")
