"""A pager for what is longer than the terminal, chosen as git does: ``PAGER``, else ``less``; ``cat`` or nothing is none."""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import subprocess
import sys

from reconciler.cli.signals import is_ctrl_c

_OF_LESS = {"LESS": "FRX", "LV": "-c"}
"""What pagers are told where nobody has said otherwise: end if it fits, show colours, leave the text on the screen."""


def put_paged(text: str) -> bool:
    """Write text to the terminal, by a pager where it is longer than the screen; return whether a pager had it.

    Without a terminal, without a pager, and where one cannot be started, it is written as it is.
    """
    from reconciler.cli.output import put

    asked = os.environ.get("PAGER")
    if asked is None:
        asked = "less" if shutil.which("less") and os.environ.get("TERM", "dumb") != "dumb" else ""
    pager = "" if asked.strip() in {"", "cat"} else asked
    if pager and sys.stdout.isatty() and text.count("\n") >= _lines() and _page(pager, text):
        return True
    put(text)
    return False


def _lines() -> int:
    asked = os.environ.get("LINES", "")
    if asked.isascii() and asked.isdigit() and int(asked):
        return int(asked)
    try:
        return os.get_terminal_size(sys.stdout.fileno()).lines or sys.maxsize
    except (OSError, ValueError):
        return sys.maxsize


def _page(pager: str, text: str) -> bool:
    """Hand text to the pager and wait until it is left; return whether it could be started.

    Its command may have options and quotes. No shell reads it, so there are no variables and pipes in it.
    """
    try:
        words = shlex.split(pager)
        running = subprocess.Popen(words, stdin=subprocess.PIPE, bufsize=0, env={**_OF_LESS, **os.environ})  # noqa: S603 - what PAGER says
    except (OSError, ValueError, IndexError):
        return False
    with running:
        assert running.stdin is not None  # noqa: S101 - it is a pipe
        with contextlib.suppress(BrokenPipeError):  # whoever leaves the pager early has seen enough
            left = memoryview(text.encode(sys.stdout.encoding or "utf-8", "backslashreplace"))
            while left:
                left = left[running.stdin.write(left) or 0 :]
        running.stdin.close()
        while running.poll() is None:
            try:
                running.wait()
            except KeyboardInterrupt:
                if not is_ctrl_c():
                    running.terminate()
                    raise
                # Ctrl-C is the pager's own, to end a search.
    return True
