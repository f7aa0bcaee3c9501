"""The file of a plan: put in place whole, read by the format that its first octets tell."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

from reconciler.errors import InvalidInput
from reconciler.files import read_regular_file, replace_file
from reconciler.model.formats import FORMAT_VERSION
from reconciler.planfile.documents import plan_of_document
from reconciler.planfile.lines import LINES_VERSION, MAGIC, packed, plan_of_lines
from reconciler.planfile.refusals import invalid, reason_of, unwritable

if TYPE_CHECKING:
    from pathlib import Path

    from reconciler.model.plan import SavedPlan

MAX_BYTES = 256 * 1024 * 1024
"""The largest plan file; one of 100,000 accounts has about 50 MiB."""
READ = f"{LINES_VERSION} and {FORMAT_VERSION}"


def write_plan(path: Path, plan: SavedPlan) -> None:
    """Write a plan file, for the owner alone (mode 0600): the same bytes for the same plan.

    The file appears whole or not at all, in the place of an earlier one. Raises ``InvalidInput``
    (``planFileUnwritable``).
    """
    try:
        _refuse_special_file(path)
        replace_file(path, packed(plan))
    except (OSError, ValueError) as failure:
        raise InvalidInput(unwritable(path, failure)) from None


def read_plan(path: Path) -> SavedPlan:
    """Return the plan of a file.

    Raises ``InvalidInput`` (``planFileInvalid``) for a file that is no plan, ``GuardRefused`` for a format of
    another major version (``planFormatUnknown``) and for content that does not fit its digest (``planAltered``).
    """
    return plan_of(path, octets_of(path))


def plan_of(path: Path, content: bytes) -> SavedPlan:
    """Return the plan of octets that came from elsewhere; ``path`` is what messages call it. As ``read_plan`` does."""
    if len(content) > MAX_BYTES:
        raise invalid(path, f"it is larger than {MAX_BYTES // 1024 // 1024} MiB")
    read = plan_of_lines if content.startswith(MAGIC) else plan_of_document
    try:
        return read(path, content, read=READ)
    except RecursionError:
        raise invalid(path, "it is nested too deeply") from None


def octets_of(path: Path) -> bytes:
    """Return a plan file as it is; raise ``InvalidInput`` where it cannot be read."""
    try:
        content = read_regular_file(path, MAX_BYTES)
    except (OSError, ValueError) as failure:
        raise invalid(path, f"it cannot be read: {reason_of(failure)}") from None
    return content


def _refuse_special_file(path: Path) -> None:
    """Raise ``ValueError`` for a device or a folder: a rename would replace ``/dev/null`` itself."""
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISREG(mode):
        raise ValueError("there is something there that is not a regular file")
