"""Let a program see other files than the machine's: the machine is left as it is."""

from __future__ import annotations

import shlex
import subprocess
from typing import TYPE_CHECKING

from tests.system.support.processes import missing, program

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_PROGRAM_SECONDS = 10


def seeing(files: Mapping[str, Path], command: Sequence[str]) -> Sequence[str]:
    """Return a command that runs another one to which each path, which must exist, holds what a path of ours does."""
    unshare = program("unshare")
    _require_mount_namespaces(unshare)
    mounts = "".join(f"mount --bind {shlex.quote(str(ours))} {theirs} && " for theirs, ours in files.items())
    return [unshare, "--mount", "--propagation", "private", "/bin/sh", "-c", f"{mounts}exec {shlex.join(command)}"]


def no_name_server(folder: Path) -> Mapping[str, Path]:
    """Return the file that a program is to see so that it asks no name server: its questions are refused at once."""
    path = folder / "resolv.conf"
    path.write_text("nameserver 127.0.0.1\noptions timeout:1 attempts:1\n", encoding="ascii")
    return {"/etc/resolv.conf": path}


def _require_mount_namespaces(unshare: str) -> None:
    tried = subprocess.run(
        [unshare, "--mount", "/bin/true"], capture_output=True, check=False, timeout=_PROGRAM_SECONDS
    )
    if tried.returncode:
        missing("a mount namespace is needed, which this machine does not give")
