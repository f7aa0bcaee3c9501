"""Reads one file whole, within a limit, and never waits on a pipe or reads a device."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def read_regular_file(path: Path, max_octets: int) -> bytes:
    """Return the octets of a regular file, one more than ``max_octets`` at most.

    Raises ``OSError`` with a reason for anything that is not a readable regular file.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(0, "it is not a regular file")
        return file.read(max_octets + 1)


def reason_of(failure: OSError) -> str:
    """Return why the operating system refused, as the middle of a sentence."""
    return (failure.strerror or "it cannot be read").lower()
