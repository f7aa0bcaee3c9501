"""The files that no secret of a manifest is read from, known by what they are and not by how their path reads.

They are the state and all that lies in its folder (database, copies, keys, evidence), the keys and the files of many
secrets that the project file names, and the project file itself. A file is one of them if device and inode are the
same, so that other spellings, links, hard links, mounts and letters in another case make no difference.
"""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_Identity = tuple[int, int]


@dataclass(frozen=True, kw_only=True)
class OwnFiles:
    """What is kept from manifests on this machine; whatever of it does not exist keeps nothing."""

    files: tuple[Path, ...] = ()
    """Single files: those of the project file's keys and sources, and the project file."""
    state_folders: tuple[Path, ...] = ()
    """Folders all of which is the state's."""
    state_files: tuple[Path, ...] = ()
    """Files of a state that lies among others: with each, those beside it whose names begin with its own."""

    def holds(self, path: Path, status: os.stat_result) -> bool:
        """Tell whether a file, at ``path`` with links followed, is one that no manifest may name."""
        return _identity(status) in set(_identities(self.files)) or self.holds_of_state(path, status)

    def holds_of_state(self, path: Path, status: os.stat_result) -> bool:
        """Tell whether a file, at ``path`` with links followed, is one of the state's."""
        folders = set(_identities(self.state_folders))
        if not folders.isdisjoint(_identities(path.parents)):
            return True
        beside = (each for file in self.state_files for each in _beside(file))
        if _identity(status) in set(_identities(beside)):
            return True
        # Only a file with several names can have one elsewhere, so only then is the folder looked through.
        return status.st_nlink > 1 and any(_identity(status) in _all_below(folder) for folder in self.state_folders)


def _identity(status: os.stat_result) -> _Identity:
    return status.st_dev, status.st_ino


def _identities(paths: Iterable[Path]) -> Iterator[_Identity]:
    for path in paths:
        with contextlib.suppress(OSError, ValueError):
            yield _identity(path.stat())


def _beside(file: Path) -> Iterator[Path]:
    """Yield the files beside one whose names begin with its name, drafts that begin with a dot among them."""
    stem = file.name.removeprefix(".")
    with contextlib.suppress(OSError):
        yield from (each for each in file.parent.iterdir() if each.name.removeprefix(".").startswith(stem))


def _all_below(folder: Path) -> set[_Identity]:
    return set(_identities(Path(parent, name) for parent, _, names in os.walk(folder) for name in names))
