"""The files that are reconciler's own, which no manifest may name.

They are the state and all that lies in its folder (database, copies, keys, evidence), the keys and the files of many
secrets that the project file names, and the project file itself. A file is one of them if device and inode are the
same, so that other spellings, links, hard links, mounts and letters in another case make no difference.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.classes import FrozenByName

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_Identity = tuple[int, int]


class OwnFiles(FrozenByName):
    """Files on this machine that no manifest may name; a path where there is no file keeps nothing away."""

    files: tuple[Path, ...] = ()
    """Single files: the project file, and the keys and sources that it names."""
    state_folders: tuple[Path, ...] = ()
    """Folders in which everything is the state's."""
    state_files: tuple[Path, ...] = ()
    """State files in folders with other files; a file beside one is the state's if its name begins with that one's."""

    def holds(self, path: Path, status: os.stat_result) -> bool:
        """Tell whether no manifest may name a file; ``path`` has its links followed."""
        return _identity(status) in set(_identities(self.files)) or self.holds_of_state(path, status)

    def holds_of_state(self, path: Path, status: os.stat_result) -> bool:
        """Tell whether a file is one of the state's; ``path`` has its links followed."""
        folders = set(_identities(self.state_folders))
        if not folders.isdisjoint(_identities(path.parents)):
            return True
        beside = (neighbour for file in self.state_files for neighbour in _beside(file))
        if _identity(status) in set(_identities(beside)):
            return True
        # Only a file with several names can have one elsewhere, so only then is the folder looked through.
        return status.st_nlink > 1 and any(
            _identity(status)
            in _identities(Path(parent, name) for parent, _, names in os.walk(folder) for name in names)
            for folder in self.state_folders
        )


def _identity(status: os.stat_result) -> _Identity:
    return status.st_dev, status.st_ino


def _identities(paths: Iterable[Path]) -> Iterator[_Identity]:
    for path in paths:
        with contextlib.suppress(OSError, ValueError):
            yield _identity(path.stat())


def _beside(file: Path) -> Iterator[Path]:
    """Yield the files whose names begin with this one's, and the drafts of such files, whose names begin with a dot."""
    stem = file.name.removeprefix(".")
    with contextlib.suppress(OSError):
        yield from (each for each in file.parent.iterdir() if each.name.removeprefix(".").startswith(stem))
