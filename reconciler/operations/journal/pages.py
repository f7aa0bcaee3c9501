"""Where the digests of a report's pages are kept, and the digest of the program that makes them."""

from __future__ import annotations

import contextlib
import os
import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING

import reconciler
from reconciler.errors import ReconcilerError
from reconciler.model.canonical import sha256_hex
from reconciler.pagecache import PageCache

if TYPE_CHECKING:
    from pathlib import Path

    from reconciler.operations.workspace import Workspace

_FOLDER = ".reconciler/pages"
_SOURCES = (".py", ".html", ".js", ".css", ".so")
_BESIDE = ("jinja2", "markupsafe")
"""What makes pages beside our own program."""


def pages_folder(workspace: Workspace) -> Path:
    """Return where the digests of a project's pages are kept."""
    return workspace.root / _FOLDER


def page_cache(workspace: Workspace, site: Path) -> PageCache | None:
    """Return where the digests of the pages in a folder are kept; None where no key would seal them."""
    with contextlib.suppress(ReconcilerError, OSError, ValueError):
        key = workspace.keyless_seal_key()
        if key is not None:
            return PageCache(
                folder=pages_folder(workspace),
                key=key,
                project=workspace.project.metadata.name,
                site=sha256_hex(os.path.realpath(site)),
                program=_program_digest(),
            )
    return None


def _program_digest() -> str:
    """Return a digest of the version, and of each source's size and times, as somebody may be working on them."""
    folders = [os.path.dirname(reconciler.__file__)]  # noqa: PTH120 - as text, of which there are hundreds
    folders += [os.path.dirname(spec.origin) for spec in map(find_spec, _BESIDE) if spec and spec.origin]  # noqa: PTH120
    found: list[object] = [reconciler.__version__, sys.version]
    for path in (f"{at}/{name}" for top in folders for at, _, names in sorted(os.walk(top)) for name in sorted(names)):
        if path.endswith(_SOURCES):
            about = os.stat(path)  # noqa: PTH116
            found.append((path, about.st_size, about.st_mtime_ns))
    return sha256_hex(repr(found))
