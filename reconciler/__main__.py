"""``python -m reconciler`` and the command ``reconciler``."""

from __future__ import annotations

_OBJECTS_BETWEEN_LOOKS = 300_000
"""The values of a run live to its end: looking them over for rubbish is wasted until there are many."""


def main() -> None:
    """Run the command line and end the process with its exit code."""
    import gc

    from reconciler.leanimports import import_leanly

    import_leanly()
    gc.set_threshold(_OBJECTS_BETWEEN_LOOKS, 50, 50)
    from reconciler.cli.edge import run

    try:
        raise SystemExit(run())
    finally:
        gc.freeze()  # else the end of Python looks through all that is about to go


def command() -> None:
    """Run the command line, and end the process without freeing what was made: that would take a twentieth of a large plan.

    What was to be called at the end is called, and all output is out. Python ends as usual where other threads still run, a
    profiler or debugger looks on, or output is closed or takes nothing.
    """
    import atexit
    import os
    import signal
    import sys

    # Outside of a run, while modules are imported and at the end, there is nothing to clear away: Python would show where it was.
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        main()
    except SystemExit as ended:
        threads = sys.modules.get("threading")
        is_alone = threads is None or threads.active_count() == 1
        is_watched = sys.getprofile() is not None or sys.gettrace() is not None
        has_streams = sys.stdout is not None and sys.stderr is not None
        if not isinstance(ended.code, int) or not is_alone or is_watched or not has_streams:
            raise
        atexit._run_exitfuncs()  # noqa: SLF001 - what Python itself calls at its end
        try:
            sys.stdout.flush()
            sys.stderr.flush()
        except (OSError, ValueError):
            raise ended from None
        os._exit(ended.code)


if __name__ == "__main__":
    from mail_reconciler import main as main_of_whole_package

    main_of_whole_package()
