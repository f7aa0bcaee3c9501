"""Runs of the program to be killed: processes of their own, forked off one that has imported all that a run needs.

A kill at a random moment falls into the work then, not into the imports before it, and a run costs a tenth of what a
new Python costs; many that are started at once also reach the state at once. ``python -m tests.system.support.forked
DESCRIPTOR`` is the process that forks. Each run has a process above it, which waits for it and tells how it ended.
"""

from __future__ import annotations

import atexit
import contextlib
import fcntl
import functools
import importlib
import json
import os
import pkgutil
import resource
import select
import signal
import socket
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import reconciler
from tests.cli.project import CHECKOUT, environment

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

_MAX_ORDER = _MAX_PRINTED = 1024 * 1024
_ORDERING = threading.Lock()


class Forked:
    """One run of the program; what it prints on stdout, a megabyte at most, is kept, and stderr is nobody's."""

    def __init__(
        self,
        folder: Path,
        *words: str,
        variables: Mapping[str, str] | None = None,
        steps: int = 0,
        most_octets: int | None = None,
    ) -> None:
        """Start it in a folder; with ``steps`` it kills itself before that one of what it writes or records.

        With ``most_octets`` no file that it writes may become larger.
        """
        self._out, out = os.pipe()  # no file: its size would be limited with the others'
        self._printed = ""
        fcntl.fcntl(out, fcntl.F_SETPIPE_SZ, _MAX_PRINTED)
        self._told, telling = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        order = {
            "folder": str(folder),
            "words": words,
            "variables": environment(variables),
            "steps": steps,
            "mostOctets": most_octets,
        }
        with telling, _ORDERING:
            socket.send_fds(_forker(), [json.dumps(order).encode()], [out, telling.fileno()])
        os.close(out)
        self.pid = int(self._told.recv(20))
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
        if self.returncode is None and select.select([self._told], [], [], seconds)[0]:
            with self._told as told, open(self._out, encoding="utf-8") as printed:  # noqa: PTH123 - a pipe
                self.returncode = int(told.recv(20))
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
    """Fork off a process for each order, which has the run in a process of its own."""
    for module in pkgutil.walk_packages(reconciler.__path__, "reconciler."):
        if not module.name.endswith("__main__"):
            with contextlib.suppress(ImportError):  # contrib needs packages of other people's programs
                importlib.import_module(module.name)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for those above the runs
    orders.send(b"ready")
    while _has_more(orders):
        order, descriptors, _, _ = socket.recv_fds(orders, _MAX_ORDER, 2)
        if os.fork() == 0:
            orders.close()
            _watch(json.loads(order), *descriptors)
        for each in descriptors:
            os.close(each)


def _has_more(orders: socket.socket) -> bool:
    """Wait for the next order; False where there will be none."""
    return bool(orders.recv(1, socket.MSG_PEEK))


def _watch(order: dict[str, object], out: int, telling: int) -> None:
    """Fork off the run, tell its process and how it ended, and end with it."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    with socket.socket(fileno=telling) as told:
        child = os.fork()
        if child == 0:
            told.close()
            _run(order, out)
        os.close(out)
        with contextlib.suppress(BrokenPipeError):  # nobody wants to know any more
            told.send(str(child).encode())
            told.send(str(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])).encode())
    os._exit(0)


def _run(order: dict[str, object], out: int) -> None:
    """Run the program in this process, which ends with it."""
    code = 70
    try:
        os.dup2(out, 1)
        os.close(out)
        sys.stdout = os.fdopen(1, "w", encoding="utf-8")  # the other one is of what the tests print to, as a file
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        os.chdir(str(order["folder"]))
        os.environ.clear()
        os.environ.update(order["variables"])  # type: ignore[call-overload]
        if order["mostOctets"] is not None:
            _limit_files(int(str(order["mostOctets"])))
        if order["steps"]:
            _kill_before(int(str(order["steps"])))
        from reconciler.cli.edge import run

        code = run(list(order["words"]))  # type: ignore[call-overload]
        sys.stdout.flush()
    finally:
        os._exit(code)


def _limit_files(octets: int) -> None:
    """Have this process write no file beyond a size; bytecode none at all, which others would find cut off."""
    sys.dont_write_bytecode = True
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (octets, octets))


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
