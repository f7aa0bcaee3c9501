"""How far a run has come, on a terminal only."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reconciler.operations.conversations import Progress


def _silent(done: int, total: int, name: str) -> None:
    """Show nothing: nobody is looking."""


@contextmanager
def shown_progress(doing: str = "Verifying") -> Iterator[Progress]:
    """Yield a progress that draws one line on stderr while it runs and leaves nothing behind.

    A total of 0 means that nobody knows it yet.
    """
    if not sys.stderr.isatty():
        yield _silent
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    columns = (TextColumn(doing), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    bar = Bar(*columns, console=Console(stderr=True), transient=True)
    task = bar.add_task(doing, total=None)

    def draw(done: int, total: int, name: str) -> None:  # noqa: ARG001 - the names would flicker by
        bar.start()  # not before: until then a question may stand on the terminal
        bar.update(task, completed=done, total=total or None)

    try:
        yield draw
    finally:
        bar.stop()
