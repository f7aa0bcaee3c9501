"""Programs of Debian packages that are laid down by ``unpack``, not installed: users that they want are made up."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from demo.example import CHECKOUT
from tests.system.support.namespaces import seeing
from tests.system.support.processes import missing

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

FOLDER = CHECKOUT / "build" / "servers"


def without_installing(path: str) -> Path:
    """Return where a file of such a package lies; without it the test is skipped, or fails where CI is set."""
    found = FOLDER / path
    if not found.exists():
        missing(f"{found} is missing (as root, tests/system/servers/unpack lays it down)")
    return found


def with_user(
    name: str, folder: Path, command: Sequence[str], *, files: Mapping[str, Path] | None = None
) -> Sequence[str]:
    """Return a command that runs another one on a machine that has a user and group of this name besides its own.

    ``files`` are others that it is to see in place of the machine's.
    """
    passwd, group = folder / "passwd", folder / "group"
    users = Path("/etc/passwd").read_text(encoding="utf-8")
    groups = Path("/etc/group").read_text(encoding="utf-8")
    passwd.write_text(f"{users}{name}:x:65532:65532::/nonexistent:/bin/false\n", encoding="utf-8")
    group.write_text(f"{groups}{name}:x:65532:\n", encoding="utf-8")
    return seeing({"/etc/passwd": passwd, "/etc/group": group, **(files or {})}, command)
