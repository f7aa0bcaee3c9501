"""Which projects of a repository have a pipeline already: two of one name would share branches, environments and jobs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_MOST_OCTETS = 1024 * 1024
_FOLDER = re.compile(r"^ +PROJECT_DIR: (\S+)", re.MULTILINE)
_PROJECT = re.compile(r"refs/heads/reconciler/([^/\"]+)/")
_INCLUDED = re.compile(r"\blocal: *[\"']?/?([^\s\"',}\]]+)")


def folders_named(project: str, root: Path, ci: Literal["github", "gitlab"]) -> Iterator[str]:
    """Yield the folder of each project of this name that has a pipeline in a repository; what cannot be read has none."""
    for path in _pipelines(root, ci):
        text = _text(path)
        folder = _FOLDER.search(text)
        if folder is not None and project in _PROJECT.findall(text):
            yield folder[1]


def _pipelines(root: Path, ci: Literal["github", "gitlab"]) -> Iterator[Path]:
    if ci == "github":
        yield from sorted((root / ".github" / "workflows").glob("reconciler*.yml"))
        return
    first = root / ".gitlab-ci.yml"
    yield first
    yield from (root / each for each in sorted(set(_INCLUDED.findall(_text(first)))))


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(_MOST_OCTETS).decode("utf-8", "replace")
    except (OSError, ValueError):
        return ""
