"""Repositories for tests, made by git without any configuration of the machine's or its user's."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


NO_TEMPLATE = {"GIT_TEMPLATE_DIR": ""}
"""Variables for git that keep two dozen samples of hooks out of each new repository."""


def git(folder: Path, *words: str) -> str:
    """Run git in a folder, and return what it prints; raise ``CalledProcessError`` where it fails."""
    settings = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "HOME": str(folder), **NO_TEMPLATE}
    for who in ("AUTHOR", "COMMITTER"):
        settings |= {f"GIT_{who}_NAME": "A", f"GIT_{who}_EMAIL": "a@example.com"}
    return subprocess.run(
        ["git", "-c", "protocol.file.allow=always", *words],
        cwd=folder,
        env={"PATH": os.environ["PATH"], **settings},
        capture_output=True,
        check=True,
        encoding="utf-8",
    ).stdout.strip()


def committed(folder: Path) -> Path:
    """Make a repository with one empty commit, and return its folder."""
    folder.mkdir(parents=True, exist_ok=True)
    git(folder, "init", "--quiet")
    git(folder, "commit", "--quiet", "--allow-empty", "--message", "x")
    return folder
