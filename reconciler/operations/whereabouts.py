"""Where the project is, for a command that was called in a folder below it, as git finds its repository.

The premise: a project file names programs that are run for secrets. So one that somebody else may have put above the
folder that a person works in must not be picked up: the search ends with the repository, below the home folder, and at
a project file of another user. In a folder itself, or one that is named, whose file it is does not matter, as ever.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from reconciler.classes import Frozen

if TYPE_CHECKING:
    from pathlib import Path

PROJECT_FILE = "reconciler.yaml"


class Whereabouts(Frozen):
    """What was found: the project's folder; or none, and where the search met a file that it did not use."""

    folder: Path | None
    """Absolute."""
    foreign: Path | None = None
    """The folder whose project file belongs to another user."""


def find_project(start: Path, *, home: Path | None) -> Whereabouts:
    """Return the nearest folder with a project file, from ``start`` upwards.

    The last folder that is looked at is that with a ``.git`` entry, or the one below ``home``; without both, the root. A
    project file above ``start`` counts only if it belongs to the user of this process, or to root.
    """
    place = start.absolute()
    for folder in (place, *place.parents):
        if folder != place and home is not None and folder == home:
            break
        file = folder / PROJECT_FILE
        if os.path.lexists(file):
            return Whereabouts(folder) if folder == place or _is_ours(file) else Whereabouts(None, foreign=folder)
        if os.path.lexists(folder / ".git"):
            break
    return Whereabouts(None)


def _is_ours(file: Path) -> bool:
    """Tell whether a project file belongs to this user or to root, also where it is a link."""
    try:
        owners = {os.lstat(file).st_uid, file.stat().st_uid}
    except OSError:
        return False
    return owners <= {os.geteuid(), 0}
