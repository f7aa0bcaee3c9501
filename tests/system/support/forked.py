"""Runs of the program to be killed: processes of their own, forked off one that has imported all that a run needs.

A kill at a random moment falls into the work then, not into the imports before it, and a run costs a tenth of what a
new Python costs. ``python -m tests.system.support.forked DESCRIPTOR`` is the process that forks, one run at a time.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import importlib
import json
import os
import pkgutil
import select
import signal
import socket
import subprocess
import sys
import tempfile
from typing import IO, TYPE_CHECKING

import reconciler
from tests.cli.project import CHECKOUT, environment

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

_MAX_ORDER = 1024 * 1024


class Forked:
    """One run of the program; what it prints on stdout is kept, and stderr is nobody's."""

    def __init__(self, folder: Path, *words: str, variables: Mapping[str, str] | None = None, steps: int = 0) -> None:
        """Start it in a folder; with ``steps`` it kills itself before that one of what it writes or records."""
        self._out: IO[str] = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115 - closed once it has ended
        self._printed = ""
        order = {"folder": str(folder), "words": words, "variables": environment(variables), "steps": steps}
        self._forker = _forker()
        socket.send_fds(self._forker, [json.dumps(order).encode()], [self._out.fileno()])
        self.pid = int(self._forker.recv(20))
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """Return the exit code, negative for a signal; None while it runs."""
        return self._ended(0)

    def wait(self, seconds: float | None = None) -> int:
        """Wait until it has ended; ``subprocess.TimeoutExpired`` where it has not after so long."""
        if self._ended(seconds) is None:
            raise subprocess.TimeoutExpired("reconciler", seconds or 0.0)
        assert self.returncode is not None
        return self.returncode

    def kill(self) -> bool:
        """Kill it, wait for its end, and tell whether it was still running."""
        is_running = self.poll() is None
        if is_running:
            with contextlib.suppress(ProcessLookupError):  # it has ended, and its end is about to be told
                os.kill(self.pid, signal.SIGKILL)
        return self.wait() == -signal.SIGKILL and is_running

    def output(self) -> str:
        """Return what it printed, once it has ended."""
        self.wait()
        return self._printed

    def _ended(self, seconds: float | None) -> int | None:
        if self.returncode is None and select.select([self._forker], [], [], seconds)[0]:
            self.returncode = int(self._forker.recv(20))
            with self._out as printed:
                printed.seek(0)
                self._printed = printed.read()
        return self.returncode


@functools.cache
def _forker() -> socket.socket:
    """Start the process that forks; it ends when this one does, since its socket does."""
    ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with its:
        process = subprocess.Popen(
            [sys.executable, "-m", __name__, str(its.fileno())],
            cwd=CHECKOUT,
            env=environment(),
            stdin=subprocess.DEVNULL,
            pass_fds=[its.fileno()],
        )
    atexit.register(process.wait)
    atexit.register(ours.close)  # first: what is registered last is done first
    assert ours.recv(20) == b"ready"
    return ours


def _serve(orders: socket.socket) -> None:
    """Fork off a run for each order, say its process, and how it ended."""
    for module in pkgutil.walk_packages(reconciler.__path__, "reconciler."):
        if not module.name.endswith("__main__"):
            with contextlib.suppress(ImportError):  # contrib needs packages of other people's programs
                importlib.import_module(module.name)
    orders.send(b"ready")
    while True:
        order, (out, *_), _, _ = socket.recv_fds(orders, _MAX_ORDER, 1) if _has_more(orders) else (b"", (-1,), 0, None)
        if not order:
            return
        child = os.fork()
        if child == 0:
            orders.close()
            _run(json.loads(order), out)
        os.close(out)
        orders.send(str(child).encode())
        orders.send(str(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])).encode())


def _has_more(orders: socket.socket) -> bool:
    """Wait for the next order; False where there will be none."""
    return bool(orders.recv(1, socket.MSG_PEEK))


def _run(order: dict[str, object], out: int) -> None:
    """Run the program in this process, which ends with it."""
    code = 70
    try:
        os.dup2(out, 1)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        os.chdir(str(order["folder"]))
        os.environ.clear()
        os.environ.update(order["variables"])  # type: ignore[call-overload]
        if order["steps"]:
            _kill_before(int(str(order["steps"])))
        from reconciler.cli.edge import run

        code = run(list(order["words"]))  # type: ignore[call-overload]
        sys.stdout.flush()
    finally:
        os._exit(code)


def _kill_before(step: int) -> None:
    """Have this process kill itself before the nth of all that it syncs, renames, removes or records."""
    import pathlib

    from reconciler.store.store import Store

    left = step

    def counted(function: Callable[..., object]) -> Callable[..., object]:
        def wrapper(*given: object, **named: object) -> object:
            nonlocal left
            left -= 1
            if not left:
                os.kill(os.getpid(), signal.SIGKILL)
            return function(*given, **named)

        return wrapper

    os.fsync = counted(os.fsync)  # type: ignore[assignment]
    for owner, name in ((pathlib.Path, "replace"), (pathlib.Path, "unlink"), (Store, "write")):
        setattr(owner, name, counted(getattr(owner, name)))


if __name__ == "__main__":
    with socket.socket(fileno=int(sys.argv[1])) as orders:
        _serve(orders)
