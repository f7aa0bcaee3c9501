"""Start a server as a child process, wait until it listens, and stop it with everything that it started."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, NoReturn, TypeVar

import psutil
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

T = TypeVar("T")
LOOPBACK = "127.0.0.1"
_IS_CI = bool(os.environ.get("CI"))
"""Looked at before any test changes the environment."""
_START_SECONDS = 30.0
_STOP_SECONDS = 15.0
_POLL_SECONDS = 0.02
_ATTEMPTS = 3
_SYSTEM_FOLDERS = ("/usr/sbin", "/sbin", "/usr/lib/postfix/sbin", "/usr/lib/squid")
_LOG_TAIL = 2000


class DidNotStart(Exception):
    """A server ended, or did not listen in time; the text is the end of its log."""


def missing(reason: str) -> NoReturn:
    """Skip the test for want of something of the operating system; where CI is set, fail: there nothing is skipped."""
    if _IS_CI:
        pytest.fail(f"{reason}; in CI nothing may be skipped")
    pytest.skip(reason)


def program(name: str) -> str:
    """Return the path of a program; without it the test is skipped, or fails where CI is set."""
    folders = os.pathsep.join([os.environ.get("PATH", os.defpath), *_SYSTEM_FOLDERS])
    found = shutil.which(name, path=folders)
    if found is None:
        missing(f"the program {name} is missing (tests/system/packages.txt names its package)")
    return found


def require_root(purpose: str) -> None:
    """Skip, or in CI fail, where the tests do not run as root."""
    if os.geteuid() != 0:
        missing(f"{purpose} starts as root only")


def free_ports(count: int) -> list[int]:
    """Return ports that are free on loopback, for TCP and UDP; somebody else may take one at any moment."""
    held: list[socket.socket] = []
    ports: list[int] = []
    try:
        while len(ports) < count:
            tcp, udp = socket.socket(), socket.socket(type=socket.SOCK_DGRAM)
            held += [tcp, udp]
            tcp.bind((LOOPBACK, 0))
            port: int = tcp.getsockname()[1]
            try:
                udp.bind((LOOPBACK, port))
            except OSError:
                continue
            ports.append(port)
    finally:
        for each in held:
            each.close()
    return ports


@contextmanager
def retried(start: Callable[[], AbstractContextManager[T]]) -> Iterator[T]:
    """Start a server that picks its ports itself, again where one was taken meanwhile."""
    for attempt in range(_ATTEMPTS):
        starting = start()
        try:
            running = starting.__enter__()
        except DidNotStart:
            if attempt + 1 == _ATTEMPTS:
                raise
            continue
        try:
            yield running
        finally:
            starting.__exit__(None, None, None)
        return


@contextmanager
def running(
    command: Sequence[str], *, ports: Sequence[int], log: Path, variables: dict[str, str] | None = None
) -> Iterator[psutil.Process]:
    """Run a server in the foreground until the block ends; it listens on every port once the block begins."""
    with log.open("ab") as output:
        process = psutil.Popen(
            list(command),
            cwd=log.parent,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, **(variables or {})},
            start_new_session=True,
        )
    try:
        _wait_until_listening(process, ports, log)
        yield process
    finally:
        _stop(process)


def wait_for(find: Callable[[], T | None], what: str, *, seconds: float = _START_SECONDS) -> T:
    """Return what ``find`` returns once it is not None; ``TimeoutError`` naming ``what`` after ``seconds``."""
    pause = threading.Event()
    ends_at = time.monotonic() + seconds
    while (found := find()) is None:
        if time.monotonic() > ends_at:
            raise TimeoutError(f"{what} did not come within {seconds:.0f} s")
        pause.wait(_POLL_SECONDS)
    return found


def _wait_until_listening(process: psutil.Popen, ports: Sequence[int], log: Path) -> None:
    def all_listen() -> bool | None:
        if process.poll() is not None:
            raise DidNotStart(_tail(log))
        return True if all(_listens(port) for port in ports) else None

    try:
        wait_for(all_listen, "the server")
    except TimeoutError:
        raise DidNotStart(_tail(log)) from None


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((LOOPBACK, port)) == 0


def _tail(log: Path) -> str:
    return log.read_bytes()[-_LOG_TAIL:].decode("utf-8", "replace")


def _stop(process: psutil.Popen) -> None:
    """End a process, and by force whatever it leaves behind."""
    try:
        family = [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return
    process.terminate()
    psutil.wait_procs([process], timeout=_STOP_SECONDS)
    _, left = psutil.wait_procs(family, timeout=1)
    for each in left:
        each.kill()
    psutil.wait_procs(left, timeout=_STOP_SECONDS)
