"""Where the project lies in its repository, for those who are told of files by their place in it."""

from __future__ import annotations

import os
from pathlib import Path


def folder_in_repository(project_dir: str) -> str:
    """Return the project folder relative to the repository around it, with slashes.

    Without a repository it is relative to GitHub's workspace, or else to the current folder.
    """
    folder = Path(project_dir).resolve()
    root = repository_of(folder) or Path(os.environ.get("GITHUB_WORKSPACE") or os.curdir).resolve()
    return folder.relative_to(root).as_posix() if folder.is_relative_to(root) else folder.as_posix()


def repository_of(folder: Path) -> Path | None:
    """Return the root of the repository around a folder, given in full; None where there is none."""
    return next((each for each in (folder, *folder.parents) if (each / ".git").exists()), None)
