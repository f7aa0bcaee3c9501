"""How far a run has come, on a terminal only."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from reconciler.cli.log import is_talkative

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reconciler.operations.conversations.queue import Progress


@contextmanager
def shown_progress(doing: str = "Verifying") -> Iterator[Progress]:
    """Hand out a progress that draws one line on stderr while the block runs, and leaves nothing behind.

    A total of 0 means that it is not known yet. Nothing is drawn where nobody looks, and on a dumb terminal, which
    cannot take a line back.
    """
    if not sys.stderr.isatty() or os.environ.get("TERM") == "dumb" or is_talkative():
        yield lambda done, total, name: None  # noqa: ARG005 - nobody looks
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    from reconciler.cli.session import style_for

    columns = (TextColumn(doing), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    console = Console(stderr=True, no_color=not style_for(sys.stderr).colour)
    bar = Bar(*columns, console=console, transient=True)
    task = bar.add_task(doing, total=None)

    def draw(done: int, total: int, name: str) -> None:  # noqa: ARG001 - the names would flicker by
        bar.start()  # not before: until then a question may stand on the terminal
        bar.update(task, completed=done, total=total or None)

    try:
        yield draw
    finally:
        bar.stop()
