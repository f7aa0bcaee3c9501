"""Runs the commands of secret sources and of consumers: no shell, nothing of the checkout, little environment, bounded.

The premise: the project file chooses the command, a manifest chooses the key of a secret only. So the key is one
argument or part of one, never the program, and cannot look like an option. The command runs in ``/``, gets no terminal,
on standard input nothing but what it is for, and of the environment only what ``BASE_ENVIRONMENT`` and its declaration
name: the other secrets stay here. What it writes to standard error is thrown away, because tools put secrets there. It
and all that it has started are killed when its time is up, when it writes too much, and when it has ended; what has left
its process group on purpose is out of reach, and is not waited for.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import shlex
import shutil
import signal
import subprocess
import time
from pathlib import Path
from threading import Thread
from typing import IO, TYPE_CHECKING, Self

from reconciler.characters import SHOWN_PATH, clip
from reconciler.model.text.globs import matches_any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

BASE_ENVIRONMENT = (
    "PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_*", "TZ", "TMPDIR", "XDG_CONFIG_HOME", "XDG_RUNTIME_DIR",
    "SSL_CERT_FILE", "SSL_CERT_DIR", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy",
    "VAULT_*",
)  # fmt: skip
"""Globs of the variables that every source command gets; its source may name more."""

_CHUNK_OCTETS = 64 * 1024


class CommandFailed(Exception):
    """A command did not do what it is for; the message ends a sentence, and holds nothing that the command wrote."""


class CommandNotRun(CommandFailed):
    """A command was not started, so it wrote nothing."""


class Stop:
    """Ends, from another thread, all commands that were given it; to be used as a context."""

    def __init__(self) -> None:
        """Open the pipe that the commands' readers watch."""
        self.descriptor, self._signal = os.pipe()

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def set(self) -> None:
        """End the commands."""
        os.write(self._signal, b".")

    def __exit__(self, *_: object) -> None:
        """Close the pipe; every reader must have ended."""
        os.close(self.descriptor)
        os.close(self._signal)


def filled(command: Sequence[str], key: str) -> tuple[str, ...]:
    """Return the command with the key in the place of ``{key}``; the program's name stays as it is."""
    return (command[0], *(part.replace("{key}", key) for part in command[1:]))


def shown(command: Sequence[str]) -> str:
    """Return the command as somebody would type it, shortened."""
    return clip(shlex.join(command), SHOWN_PATH)


def run_command(
    command: Sequence[str],
    *,
    environ: Mapping[str, str],
    passed: Sequence[str],
    timeout_seconds: float,
    max_octets: int,
    checkout: Path,
    stop: Stop,
    given: bytes = b"",
) -> bytes:
    """Run a command, give it octets on standard input, and return what it writes to standard output.

    ``passed`` are globs of variables beyond ``BASE_ENVIRONMENT``; no program in ``checkout`` is run. Raises
    ``CommandFailed`` for a program that cannot be run, takes too long, writes too much or fails.
    """
    program = _program(command[0], environ, checkout)
    allowed = (*BASE_ENVIRONMENT, *passed)
    try:
        process = subprocess.Popen(  # noqa: S603 - a list, an absolute program, no shell
            [program, *command[1:]],
            stdin=subprocess.PIPE if given else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd="/",
            env={name: value for name, value in environ.items() if matches_any(allowed, name)},
            start_new_session=True,
        )
    except (OSError, ValueError) as failure:
        why = getattr(failure, "strerror", None) or "its arguments cannot be passed"
        raise CommandNotRun(f"it cannot be started: {why}") from None
    ends_at = time.monotonic() + timeout_seconds
    try:
        _give(process, given)
        octets = _read_all(process, ends_at, max_octets, stop)
        code = process.wait(timeout=max(0.0, ends_at - time.monotonic()))
    except (TimeoutError, subprocess.TimeoutExpired):
        raise CommandFailed(f"it had not ended after {timeout_seconds:g} s (timeoutSeconds) and was stopped") from None
    finally:
        _kill(process)
    if code != 0:
        raise CommandFailed(f"it was ended by signal {-code}" if code < 0 else f"it ended with exit code {code}")
    return octets


def _give(process: subprocess.Popen[bytes], given: bytes) -> None:
    """Write to a command's standard input beside reading what it writes, so that neither waits for the other for ever."""
    if process.stdin is None:
        return

    def write(stream: IO[bytes]) -> None:
        # Whether it took all of it is told by what it answers.
        with contextlib.suppress(OSError, ValueError), stream:
            stream.write(given)

    Thread(target=write, args=(process.stdin,), daemon=True).start()


def _program(name: str, environ: Mapping[str, str], checkout: Path) -> str:
    """Return the absolute path of a program; one in the checkout, which a pull request may change, is not run."""
    if "/" in name and not name.startswith("/"):
        raise CommandNotRun(
            "a program is named by its bare name or by an absolute path, because it runs outside the project"
        )
    # Relative folders of PATH would be looked up in the checkout.
    folders = [each for each in environ.get("PATH", os.defpath).split(os.pathsep) if each.startswith("/")]
    found = shutil.which(name, path=os.pathsep.join(folders))
    if found is None:
        raise CommandNotRun("there is no such program on this machine, or it may not be run")
    # Both: a link in the checkout can be exchanged as well as a program in it.
    if any(Path(each).is_relative_to(checkout) for each in (found, os.path.realpath(found))):
        raise CommandNotRun("the program lies in the checkout, where a pull request could replace it; put it elsewhere")
    return found


def _read_all(process: subprocess.Popen[bytes], ends_at: float, max_octets: int, stop: Stop) -> bytes:
    """Return all output up to its end; raise ``TimeoutError`` once the time is up."""
    assert process.stdout is not None  # noqa: S101 - it was asked for
    content = bytearray()
    with selectors.DefaultSelector() as waiting:
        waiting.register(process.stdout, selectors.EVENT_READ)
        waiting.register(stop.descriptor, selectors.EVENT_READ)
        while True:
            remaining = ends_at - time.monotonic()
            # Not ``communicate``: that would collect any amount of output, and cannot be ended from another thread.
            ready = {key.fd for key, _ in waiting.select(remaining)} if remaining > 0 else set()
            if stop.descriptor in ready:
                raise CommandFailed("it was stopped")
            if not ready:
                raise TimeoutError
            chunk = os.read(process.stdout.fileno(), _CHUNK_OCTETS)
            if not chunk:
                return bytes(content)
            content += chunk
            if len(content) > max_octets:
                raise CommandFailed(f"it wrote more than {max_octets // 1024} KiB and was stopped")


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Kill the command's whole process group, since what it started may outlive it, and reap the command."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    assert process.stdout is not None  # noqa: S101 - it was asked for
    process.stdout.close()
    process.wait()
