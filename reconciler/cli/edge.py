"""The edge of the program: every error becomes a message and an exit code here, and only here."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click

from reconciler.cli.app import reconciler

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reconciler.diagnostics import Diagnostic

INTERRUPTED = 130
"""128 and the number of SIGINT, as shells have it."""


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code: 0 to 5 as the contract has them, 130 on Ctrl-C."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        code = reconciler.main(args=words, prog_name="reconciler", standalone_mode=False)
        sys.stdout.flush()
    except (KeyboardInterrupt, click.Abort):
        return _interrupted(words)
    except BrokenPipeError:
        return _hang_up()
    except click.exceptions.Exit as ended:
        return ended.exit_code
    except click.ClickException as wrong:
        return _tell(words, _usage_problem(wrong))
    except Exception as failure:  # noqa: BLE001 - the one place where nothing may escape
        return _fail(words, failure)
    return code if isinstance(code, int) else 0


def _fail(words: Sequence[str], failure: Exception) -> int:
    from reconciler.errors import ReconcilerError

    if isinstance(failure, ReconcilerError):
        return _tell(words, *failure.diagnostics, exit_code=failure.exit_code)
    return _tell(words, _internal(failure))


def _internal(failure: Exception) -> Diagnostic:
    """Return what can be told of a fault of our own: its type and place, never values."""
    from reconciler.diagnostics import error

    trace = failure.__traceback__
    place = "?"
    while trace is not None:
        place = f"{os.path.basename(trace.tb_frame.f_code.co_filename)}:{trace.tb_lineno}"  # noqa: PTH119
        trace = trace.tb_next
    detail = (
        f"{type(failure).__name__} at {place}. This is a fault in reconciler, not in your files; nothing was applied "
        "unless a revision was reported. Please report it with this line and the command that you ran."
    )
    return error("internalError", detail)


def _usage_problem(wrong: click.ClickException) -> Diagnostic:
    from reconciler.diagnostics import error

    context = getattr(wrong, "ctx", None)
    path = context.command_path if context is not None else "reconciler"
    return error("badUsage", f"{wrong.format_message()}\nSee\n    {path} --help")


def _tell(words: Sequence[str], *problems: Diagnostic, exit_code: int = 1) -> int:
    from reconciler.cli.output import tell_error

    try:
        tell_error(problems, words, exit_code=exit_code)
    except BrokenPipeError:
        return _hang_up()
    return exit_code


def _interrupted(words: Sequence[str]) -> int:
    from reconciler.diagnostics import error

    stopped = error("interrupted", "Ctrl-C stopped the command. Nothing was left half-written; run it again.")
    return _tell(words, stopped, exit_code=INTERRUPTED)


def _hang_up() -> int:
    """End quietly when whoever reads our output has gone; keep Python from complaining while it exits."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    return 1
