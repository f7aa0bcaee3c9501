"""What one call of the command line works with: the workspace, the clock, and what the terminal can show."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.operations.workspace import Workspace
    from reconciler.render.text import Style

_MIN_WIDTH = 40
_MAX_WIDTH = 160
_UNKNOWN_WIDTH = 80
_PIPE_WIDTH = 100
"""The same whatever terminal the pipe was made in, so that the output is."""

_OFF = frozenset({"", "0", "false"})


@dataclass(frozen=True, kw_only=True)
class GlobalOptions:
    """The options before the command."""

    project_dir: str
    project_file: str | None
    state: str | None


def utc_now() -> datetime:
    """Return the time now, in UTC."""
    return datetime.now(UTC)


def workspace(
    options: GlobalOptions, *, operator: str | None = None, trusts_project: bool = False, uses_state: bool = True
) -> Workspace:
    """Open the project that the options name; raise ``InvalidInput`` where its file is missing or wrong.

    Where a variable names another state than the project file, that is told on stderr, unless the command has nothing
    to do with state.

    ``trusts_project`` is --trust-project: also in CI secrets are read by the word of a project file in the checkout.
    """
    from reconciler.operations.workspace import open_workspace

    opened = open_workspace(
        Path(options.project_dir),
        project_file=Path(options.project_file) if options.project_file else None,
        state=options.state,
        operator=operator,
        environ=os.environ,
        now=utc_now,
        trusts_project=trusts_project,
    )
    remark = opened.state_remark() if uses_state else None
    if remark is not None:
        from reconciler.render.text import diagnostics_text

        sys.stderr.write(diagnostics_text((remark,), style=style_for(sys.stderr)))
        sys.stderr.flush()
    return opened


def style_for(stream: TextIO) -> Style:
    """Return how text may look on a stream: as a terminal shows it, or for a pipe plain, a row of a table on a line.

    Colour is for terminals that are not dumb. NO_COLOR and CLICOLOR=0 take it away, FORCE_COLOR and CLICOLOR_FORCE
    bring it to a pipe too; NO_COLOR goes before both.
    """
    from reconciler.render.text import Style

    is_terminal = stream.isatty()
    return Style(
        colour=_has_colour(os.environ, is_terminal=is_terminal),
        width=max(_MIN_WIDTH, min(_columns_of(stream), _MAX_WIDTH)) if is_terminal else _PIPE_WIDTH,
        unicode=_can_show("✓→─", stream.encoding),
        is_terminal=is_terminal,
    )


def _has_colour(environ: Mapping[str, str], *, is_terminal: bool) -> bool:
    if environ.get("NO_COLOR"):
        return False
    if any(environ.get(name, "").lower() not in _OFF for name in ("FORCE_COLOR", "CLICOLOR_FORCE")):
        return True
    return is_terminal and environ.get("TERM") != "dumb" and environ.get("CLICOLOR") != "0"


def _columns_of(stream: TextIO) -> int:
    """Return how wide a terminal is: COLUMNS, or what it says of itself; it may be another than stdout's."""
    asked = os.environ.get("COLUMNS", "")
    if asked.isascii() and asked.isdigit() and int(asked):
        return int(asked)
    try:
        return os.get_terminal_size(stream.fileno()).columns or _UNKNOWN_WIDTH
    except (OSError, ValueError):
        return _UNKNOWN_WIDTH


def _can_show(text: str, encoding: str | None) -> bool:
    try:
        text.encode(encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def somebody_looks() -> bool:
    """Tell whether what is written is seen at once: results and remarks on a terminal."""
    return sys.stdout.isatty() and sys.stderr.isatty()


def is_interactive() -> bool:
    """Tell whether there is a person to ask: a terminal on both ends."""
    return sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty()
