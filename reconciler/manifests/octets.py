"""The octets of all manifests of a folder as one digest: whether anything that would be read has changed."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING

from reconciler.manifests.folder import is_manifest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MOST_ENTRIES = 150_000
"""More files and folders than this are not looked at: near the limits of reading, reading has the last word."""
DEEPEST = 50
_OPENING = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_AT_ONCE = 64 * 1024


def folder_digest(folder: Path) -> str | None:
    """Return a digest of the name and octets of every manifest below a folder.

    None where only reading can tell what the manifests are: a link, a folder that cannot be looked into, a file that is no
    file or cannot be read, or more of all than is usual.
    """
    try:
        files = sorted(_files(os.fspath(folder)))
        covered = hashlib.sha256()
        for path in files:
            covered.update(os.fsencode(path) + b"\0" + _octets_digest(path))
    except (OSError, _Unusual):
        return None
    return f"sha256:{covered.hexdigest()}"


class _Unusual(Exception):
    """There is something that reading has to look at."""


def _files(folder: str) -> Iterator[str]:
    """Yield the manifest files below a folder, hidden files and folders passed over as reading does."""
    waiting = [(folder, 0)]
    left = MOST_ENTRIES
    while waiting:
        place, depth = waiting.pop()
        with os.scandir(place) as entries:
            for entry in entries:
                left -= 1
                if left < 0 or depth > DEEPEST or entry.is_symlink():
                    raise _Unusual
                if entry.is_dir(follow_symlinks=False):
                    if not entry.name.startswith("."):
                        waiting.append((entry.path, depth + 1))
                elif is_manifest(entry.name):
                    if not entry.is_file(follow_symlinks=False):
                        raise _Unusual
                    yield entry.path


def _octets_digest(path: str) -> bytes:
    descriptor = os.open(path, _OPENING)
    try:
        octets = os.read(descriptor, _AT_ONCE)
        if len(octets) < _AT_ONCE:
            return hashlib.sha256(octets).digest()
        covered = hashlib.sha256(octets)
        while octets := os.read(descriptor, _AT_ONCE):
            covered.update(octets)
        return covered.digest()
    finally:
        os.close(descriptor)
