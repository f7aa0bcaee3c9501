"""The command of an installed tool, each run forked off a process that has imported it: a third of a new Python's work.

Run by the environment's own Python, which knows nothing of these tests: ``python -I commandserver.py SOCKET``. It ends
when its standard input does. ``write_command`` writes the command, which is found where the real one would be, and
hands over its words, folder, variables and streams.

What such a run does not show is how a new Python starts in a job's folder. Pipelines that are about that have the real one.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import marshal
import os
import pkgutil
import select
import signal
import socket
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_COMMAND = """\
#!{python} -IS
import marshal, os, socket, sys
with socket.socket(socket.AF_UNIX) as server:
    server.connect({address!r})
    socket.send_fds(server, [b"0"], [0, 1, 2])
    server.sendall(marshal.dumps([sys.argv, os.getcwd(), dict(os.environ)]))
    server.shutdown(socket.SHUT_WR)
    sys.exit(int(server.recv(20)))
"""
_OCTETS = 65536


def write_command(path: Path, *, python: Path, address: Path) -> None:
    """Write the command that asks the server at an address; ``python`` starts it."""
    path.write_text(_COMMAND.format(python=python, address=str(address)), encoding="utf-8")
    path.chmod(0o755)


def _serve(listening: socket.socket) -> None:
    """Fork off a process for each that asks, until nobody holds the other end of standard input."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for those above the runs
    looked_at: list[socket.socket | int] = [listening, 0]
    while listening in select.select(looked_at, [], [])[0]:
        asking, _ = listening.accept()
        with asking:
            if os.fork() == 0:
                listening.close()
                _watch(asking)
                return


def _watch(asking: socket.socket) -> None:
    """Fork off the run, and tell how it ended; the run itself returns from here to its end."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    _, streams, _, _ = socket.recv_fds(asking, 1, 3)
    asked = b"".join(iter(lambda: asking.recv(_OCTETS), b""))
    child = os.fork()
    if child:
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        with contextlib.suppress(BrokenPipeError):  # nobody wants to know any more
            asking.send(str(code if code >= 0 else 128 - code).encode())  # as a shell has it
        os._exit(0)
    asking.close()
    words, folder, variables = marshal.loads(asked)  # noqa: S302 - of the command above
    for number, each in enumerate(streams):
        os.dup2(each, number)
        os.close(each)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(variables)
    sys.argv = words
    # As Python opens them where the locale is C.UTF-8, which it is on the machines of the tests.
    sys.stdin = open(0, encoding="utf-8", errors="surrogateescape")  # noqa: SIM115 - a descriptor, for good
    sys.stdout = open(1, "w", encoding="utf-8", errors="surrogateescape")  # noqa: SIM115
    sys.stderr = open(2, "w", encoding="utf-8", errors="backslashreplace", buffering=1)  # noqa: SIM115
    importlib.import_module("mail_reconciler").main()


def _import_all() -> None:
    """Import what any command would, as the command itself begins it."""
    package = importlib.import_module("reconciler")
    importlib.import_module("reconciler.leanimports").import_leanly()
    for module in pkgutil.walk_packages(package.__path__, "reconciler."):
        if not module.name.endswith("__main__"):
            with contextlib.suppress(ImportError):  # contrib needs packages of other people's programs
                importlib.import_module(module.name)
    gc.collect()
    gc.freeze()


if __name__ == "__main__":
    _import_all()
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(sys.argv[1])
        listening.listen()
        print("ready", flush=True)  # noqa: T201 - to the tests
        _serve(listening)
