"""What is kept of plans that changed nothing, and plans told without what differs from one minute to the next."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.project import Outcome, Project

WAYS = {
    "offline": ("plan", "--depth", "offline"),
    "with secrets": ("plan",),
    "offline, as text": ("plan", "--depth", "offline"),
    "with secrets, as text": ("plan",),
}
AS_TEXT = tuple(way for way in WAYS if way.endswith("as text"))


def kept(project: Project) -> list[Path]:
    """Return the files of the plans that are kept."""
    return _kept(project, is_of_manifests=False)


def kept_facts(project: Project) -> list[Path]:
    """Return the files of what is kept beside plans, of the manifests that they were made of."""
    return _kept(project, is_of_manifests=True)


def _kept(project: Project, *, is_of_manifests: bool) -> list[Path]:
    files = sorted((project.folder / ".reconciler" / "plans").glob("*.json"))
    # Facts stand behind the line that is sealed, with their digest in it.
    return [
        each for each in files if ("octets" in json.loads(each.read_bytes().partition(b"\n")[0])) == is_of_manifests
    ]


def forget(project: Project) -> None:
    """Remove what is kept."""
    shutil.rmtree(project.folder / ".reconciler" / "plans", ignore_errors=True)


def told(project: Project, way: str) -> tuple[int, dict[str, Any]]:
    """Return the exit code of a plan and its document, or what people see, without what differs from one minute to the next."""
    planned: Outcome = project.run(*WAYS[way], "--format", "text" if way in AS_TEXT else "json")
    if way in AS_TEXT:
        return planned.code, {"text": planned.out + planned.err}
    document = planned.document
    for each in ("createdAt", "planDigest"):
        document.pop(each, None)
    for change in document.get("changes", ()):
        change["verification"].pop("checkedAt")
        for check in change["verification"]["checks"]:
            check.pop("seconds")
    return planned.code, document
