"""What one call of the command line works with: the workspace, the clock, and what the terminal can show."""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from reconciler.operations.workspace import Workspace
    from reconciler.render.text import Style

_MIN_WIDTH = 40
_MAX_WIDTH = 160


@dataclass(frozen=True, kw_only=True)
class GlobalOptions:
    """The options before the command."""

    project_dir: str
    project_file: str | None
    state: str | None


def utc_now() -> datetime:
    """Return the time now, in UTC."""
    return datetime.now(UTC)


def workspace(options: GlobalOptions, *, operator: str | None = None, trusts_project: bool = False) -> Workspace:
    """Open the project that the options name; raise ``InvalidInput`` where its file is missing or wrong.

    ``trusts_project`` is --trust-project: also in CI secrets are read by the word of a project file in the checkout.
    """
    from reconciler.operations.workspace import open_workspace

    return open_workspace(
        Path(options.project_dir),
        project_file=Path(options.project_file) if options.project_file else None,
        state=options.state,
        operator=operator,
        environ=os.environ,
        now=utc_now,
        trusts_project=trusts_project,
    )


def style_for(stream: TextIO) -> Style:
    """Return how text may look on a stream: colour on a terminal only and never with NO_COLOR set."""
    from reconciler.render.text import Style

    is_terminal = stream.isatty()
    has_colour = is_terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    columns = shutil.get_terminal_size((100, 24)).columns if is_terminal else 100
    return Style(
        colour=has_colour,
        width=max(_MIN_WIDTH, min(columns, _MAX_WIDTH)),
        unicode=_can_show("✓→", stream.encoding),
    )


def _can_show(text: str, encoding: str | None) -> bool:
    try:
        text.encode(encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def is_interactive() -> bool:
    """Tell whether there is a person to ask: a terminal on both ends."""
    return sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty()
