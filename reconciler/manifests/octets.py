"""The octets of all manifests of a folder as one digest: whether anything that would be read has changed."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

MAX_FILES = 20_000
"""The most manifests that a folder may have."""
MOST_ENTRIES = 150_000
"""More files and folders than this are not looked at: near the limits of reading, reading has the last word."""
DEEPEST = 50
_OPENING = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_AT_ONCE = 64 * 1024
_SIZE = 32
"""The octets of a digest."""
_ENDINGS = (".yaml", ".yml")


def is_manifest(name: str) -> bool:
    """Tell whether a file of this name is read as a manifest."""
    return name.lower().endswith(_ENDINGS) and not name.startswith(".")


def folder_digest(folder: Path) -> str | None:
    """Return a digest of the name and octets of every manifest below a folder; None where ``file_digests`` has none."""
    digests = file_digests(folder)
    return digest_of(digests) if digests is not None else None


def digest_of(files: Mapping[str, bytes]) -> str:
    """Return one digest over names and the digests of what the files hold."""
    paths = sorted(files)
    # No path holds a NUL and digests are of one length, so what belongs to what can be read in one way only.
    covered = hashlib.blake2b(os.fsencode("\0".join([*paths, ""])), digest_size=_SIZE)
    covered.update(b"".join([files[path] for path in paths]))
    return f"blake2b:{covered.hexdigest()}"


def file_digests(folder: Path) -> dict[str, bytes] | None:
    """Return a digest (BLAKE2b) of the octets of every manifest below a folder, by its path.

    None where only reading can tell what the manifests are: a link, a folder that cannot be looked into, a file that is no
    file or cannot be read, or more of all than is usual.
    """
    try:
        return {path: octets_digest(path) for path in sorted(_files(os.fspath(folder)))}
    except (OSError, _Unusual):
        return None


class _Unusual(Exception):
    """There is something that reading has to look at."""


def _files(folder: str) -> Iterator[str]:
    """Yield the manifest files below a folder, hidden files and folders passed over as reading does."""
    waiting = [(folder, 0)]
    left, files_left = MOST_ENTRIES, MAX_FILES
    while waiting:
        place, depth = waiting.pop()
        with os.scandir(place) as entries:
            for entry in entries:
                left -= 1
                if left < 0 or depth > DEEPEST:
                    raise _Unusual
                if entry.is_file(follow_symlinks=False):  # first, as most of them are
                    if is_manifest(entry.name):
                        files_left -= 1
                        if files_left < 0:
                            raise _Unusual
                        yield entry.path
                elif entry.is_dir(follow_symlinks=False):
                    if not entry.name.startswith("."):
                        waiting.append((entry.path, depth + 1))
                elif entry.is_symlink() or is_manifest(entry.name):
                    raise _Unusual


def octets_digest(path: str) -> bytes:
    """Return a digest (BLAKE2b, half as dear as SHA-256) of the octets of a regular file; raise ``OSError``, also for a link."""
    descriptor = os.open(path, _OPENING)
    try:
        octets = os.read(descriptor, _AT_ONCE)
        if len(octets) < _AT_ONCE:
            return hashlib.blake2b(octets, digest_size=_SIZE).digest()
        covered = hashlib.blake2b(octets, digest_size=_SIZE)
        while octets := os.read(descriptor, _AT_ONCE):
            covered.update(octets)
        return covered.digest()
    finally:
        os.close(descriptor)
