"""A terminal of a given size, on which a command runs while somebody types answers."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_SECONDS = 300.0
_CONTROL_SEQUENCE = re.compile(r"\x1b(?:\[[0-9;?]*[A-Za-z]|\][^\x07]*\x07|[=>])")


@dataclass(frozen=True)
class Shown:
    """What a command left on a terminal."""

    code: int
    raw: bytes
    """All that was written, control sequences and echoed answers among it."""

    @property
    def text(self) -> str:
        """What is readable of it, lines ended by a line feed."""
        return _CONTROL_SEQUENCE.sub("", self.raw.decode("utf-8", "backslashreplace")).replace("\r\n", "\n")


def run_on_terminal(
    words: Sequence[str],
    *,
    folder: Path,
    environ: Mapping[str, str],
    columns: int = 80,
    answers: Sequence[tuple[str, str]] = (),
) -> Shown:
    """Run a command with a terminal as its stdin, stdout and stderr, and return what it shows.

    ``answers`` are pairs: once the first appears, the second is typed, with Enter. Raises ``AssertionError`` where a
    question does not appear before the command ends, and ``TimeoutError`` after a minute.
    """
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    running = subprocess.Popen(
        words,
        cwd=folder,
        env={"PAGER": "cat", **environ},  # nobody is there to leave a pager
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
        preexec_fn=_take_terminal,  # noqa: PLW1509 - one ioctl, between fork and exec
    )
    os.close(theirs)
    try:
        written = _attend(ours, list(answers))
    finally:
        os.close(ours)
        if running.poll() is None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                running.wait(5)
            running.kill()
    return Shown(running.wait(), written)


def _take_terminal() -> None:
    """Make stdin the terminal that controls this session, without which a shell has no job control."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def _attend(terminal: int, waiting: list[tuple[str, str]]) -> bytes:
    """Read until the other side closes, typing each answer after its question."""
    written, seen = b"", 0
    ends_at = time.monotonic() + _SECONDS
    while True:
        ready, _, _ = select.select([terminal], [], [], max(ends_at - time.monotonic(), 0))
        if not ready:
            raise TimeoutError(written.decode("utf-8", "replace"))
        octets = b""
        with contextlib.suppress(OSError):  # Linux ends a terminal whose other side has closed with EIO
            octets = os.read(terminal, 65536)
        if not octets:
            break
        written += octets
        if waiting and waiting[0][0].encode() in written[seen:]:
            seen = len(written)
            os.write(terminal, waiting.pop(0)[1].encode() + b"\n")
    assert not waiting, (waiting, written.decode("utf-8", "replace"))
    return written
