"""Measurements in processes of their own, each forked from one that has imported what is measured.

What a process has used before does not count in another's, and none takes the time to start and to import.
"""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING, Self

from tests.support.processes import without_coverage

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType


class Measuring:
    """A module run as a program, which is asked for one measurement after the other; see ``answer_in_forks``."""

    def __init__(self, module: str) -> None:
        """Keep the module; nothing runs yet."""
        self._words = [sys.executable, "-m", module]

    def __enter__(self) -> Self:
        """Start the program."""
        self._running = subprocess.Popen(
            self._words,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            env=without_coverage(),
        )
        return self

    def __exit__(
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End the program, which must have had nothing to say on standard error."""
        _, complaint = self._running.communicate()
        assert (0, "") == (self._running.returncode, complaint)

    def ask(self, name: str) -> str:
        """Return what the program tells of one name; it tells an empty line where the measurement failed."""
        assert self._running.stdin is not None
        assert self._running.stdout is not None
        self._running.stdin.write(f"{name}\n")
        self._running.stdin.flush()
        told = self._running.stdout.readline().rstrip("\n")
        assert told, f"{name} could not be measured; standard error says why"
        return told


def answer_in_forks(measure: Callable[[str], str]) -> None:
    """Print, for each line of standard input, what a process forked for it measures: one line, empty where it failed."""
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            try:
                os.write(1, f"{measure(line.rstrip())}\n".encode())
            except BaseException:  # noqa: BLE001 - a child must not go on as its parent would
                sys.excepthook(*sys.exc_info())
                os._exit(1)
            os._exit(0)
        if os.waitpid(child, 0)[1]:
            os.write(1, b"\n")
