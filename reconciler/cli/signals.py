"""Signals that ask the command to end: each breaks off what is under way as Ctrl-C does, so that it is undone and cleared away.

CI systems, containers and service managers send SIGTERM, a terminal that closes sends SIGHUP. Left alone, these end a
process on the spot: programs that it runs go on, unfinished files stay, a run of `send` is not recorded as broken off, and
nobody is told. The first process of a container would not end at all.
"""

from __future__ import annotations

import contextlib
import signal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_CAUSES = {
    signal.SIGINT: "Ctrl-C stopped the command",
    signal.SIGTERM: "Something ended the command (SIGTERM), such as a job that was cancelled",
    signal.SIGHUP: "The terminal was closed (SIGHUP), which stopped the command",
}
_USUAL = (signal.SIG_DFL, signal.default_int_handler)


class _Heard:
    """The last signal of this run."""

    number: int = signal.SIGINT


@contextlib.contextmanager
def heeding_signals() -> Iterator[None]:
    """Have each of the signals raise ``KeyboardInterrupt`` while the block runs.

    One that is ignored, as under ``nohup``, or that the caller has a handler of its own for, is left so; and in a thread all
    are, for only the main one hears them.
    """
    _Heard.number = signal.SIGINT
    before = {number: signal.getsignal(number) for number in _CAUSES}
    ours = [number for number, handler in before.items() if handler in _USUAL]
    with contextlib.suppress(ValueError):  # a thread
        for number in ours:
            signal.signal(number, _break_off)
    try:
        yield
    finally:
        with contextlib.suppress(ValueError):
            for number in ours:
                signal.signal(number, before[number])


def _break_off(number: int, _frame: object) -> None:
    _Heard.number = number
    raise KeyboardInterrupt


def ignore_signals() -> None:
    """Hear of no more signals until the block ends: what is told of the first is not to be broken off by the next."""
    for number in _CAUSES:
        if signal.getsignal(number) is _break_off:
            signal.signal(number, signal.SIG_IGN)


def is_ctrl_c() -> bool:
    """Tell whether the last signal was Ctrl-C."""
    return _Heard.number == signal.SIGINT


def what_stopped() -> str:
    """Return the beginning of a sentence: which signal stopped the command."""
    return _CAUSES[signal.Signals(_Heard.number)]


def exit_code_of_signal() -> int:
    """Return the exit code of the last signal, as shells have it: 128 and its number."""
    return 128 + _Heard.number
