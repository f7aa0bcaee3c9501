"""What a run tells while it goes: ``-v``, ``-vv``, ``--transcript``, ``--log-format json`` and ``RECONCILER_LOG``.

Everything goes to stderr or into a file: results alone are on stdout. With ``--log-format json`` every line of stderr is
a JSON object, remarks and errors included, so that whoever reads them needs no second rule.
"""

from __future__ import annotations

import contextlib
import functools
import io
import os
import sys
from dataclasses import field
from itertools import pairwise
from typing import IO, TYPE_CHECKING, Any, TypeVar

import click

from reconciler.classes import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from reconciler.model.event import Event

    Command = TypeVar("Command", bound=Callable[..., Any])

_VARIABLE = "RECONCILER_LOG"
_STEPS, _CONVERSATIONS = 1, 2
_LEVELS = {"off": 0, "info": _STEPS, "debug": _CONVERSATIONS, "json": _STEPS}
_STDERR = "-"
_ONLY_IN_FULL = frozenset({"said", "checkBegan"})
"""What people are told with -vv alone: with -v a check is one line, of how it ended."""
_MOST_KEPT_LINES = 5000


@dataclass
class _Said:
    """What this process says by now; a run has one command."""

    for_programs: JsonLog | None = None
    is_on_stderr: bool = False


_said = _Said()


def is_talkative() -> bool:
    """Tell whether lines go to stderr while the command runs, so that no bar may be drawn there."""
    return _said.is_on_stderr or _said.for_programs is not None


def for_programs() -> bool:
    """Tell whether stderr is for programs, a JSON object a line."""
    return _said.for_programs is not None


def log_options(command: Command) -> Command:
    """Add the options that say what the command tells while it goes, and follow them while it does."""

    @functools.wraps(command)
    def talking(*arguments: Any, verbosity: int, transcript: str | None, log_format: str | None, **given: Any) -> Any:
        del log_format  # the edge has read it: errors of the line itself are told in it, too
        with _following(verbosity, transcript):
            return command(*arguments, **given)

    for option in reversed(
        (
            click.option(
                "-v",
                "--verbose",
                "verbosity",
                count=True,
                help="Tell each check as it ends, in a line; -vv: all that is said.",
            ),
            click.option(
                "--transcript",
                metavar="FILE",
                help="Write all that is said with every server, masked, for each connection; - for standard error.",
            ),
            click.option(
                "--log-format",
                type=click.Choice(("text", "json")),
                help="json: one JSON object a line on standard error, as it happens; by default RECONCILER_LOG.",
            ),
        )
    ):
        talking = option(talking)
    return talking  # type: ignore[return-value] # as it was, with three options more


@contextlib.contextmanager
def _following(verbosity: int, transcript: str | None) -> Iterator[None]:
    from reconciler.events import listening

    level = verbosity or _asked_by_variable()
    with contextlib.ExitStack() as stack:
        log = _said.for_programs
        if log is not None:
            log.tells_all = level >= _CONVERSATIONS or transcript == _STDERR
        elif level:
            _said.is_on_stderr = True
            stack.callback(setattr, _said, "is_on_stderr", False)  # noqa: FBT003 - what it was
            stack.enter_context(listening(_TextLog(sys.stderr, tells_all=level >= _CONVERSATIONS)))
        if transcript is not None and not (log is not None and transcript == _STDERR):
            stack.enter_context(_transcribing(transcript))
        yield


def _asked_by_variable() -> int:
    """Return the level that the variable names; raise ``UsageError`` for a word that is none."""
    words = _words_of_variable()
    unknown = [word for word in words if word not in _LEVELS]
    if unknown:
        raise click.UsageError(f"{_VARIABLE} takes {', '.join(_LEVELS)}; not {unknown[0]}")
    return max((_LEVELS[word] for word in words), default=0)


def asks_for_log(words: Sequence[str]) -> bool:
    """Tell whether stderr is for programs: the words of the command say so, or the variable."""
    chosen = [after for word, after in pairwise(words) if word == "--log-format"]
    chosen += [word.removeprefix("--log-format=") for word in words if word.startswith("--log-format=")]
    return chosen[-1] == "json" if chosen else "json" in _words_of_variable()


def _words_of_variable() -> list[str]:
    return os.environ.get(_VARIABLE, "").lower().replace(",", " ").split()


class _TextLog:
    """Lines for people."""

    def __init__(self, stream: IO[str], *, tells_all: bool) -> None:
        self._stream = stream
        self._tells_all = tells_all

    def __call__(self, event: Event) -> None:
        from reconciler.cli.session import utc_now
        from reconciler.render.log import log_line

        if self._tells_all or event.event not in _ONLY_IN_FULL:
            with contextlib.suppress(OSError):  # a log that cannot be written ends no run
                self._stream.write(log_line(event, utc_now()))
                self._stream.flush()


class JsonLog:
    """Lines for programs."""

    def __init__(self, stream: IO[str]) -> None:
        """Write to a stream; what is said with servers only once ``tells_all``."""
        self._stream = stream
        self.tells_all = False

    def __call__(self, event: Event) -> None:
        """Write an event."""
        from reconciler.cli.session import utc_now
        from reconciler.render.log import json_line

        if event.event != "said" or self.tells_all:
            with contextlib.suppress(OSError):
                self._stream.write(json_line(event, utc_now()))
                self._stream.flush()


class _JsonStderr(io.TextIOBase):
    """Standard error for a program: each line of text becomes an event. It is no terminal, so nobody is asked."""

    encoding = "utf-8"

    def __init__(self) -> None:
        self._rest = ""

    def write(self, text: str) -> int:
        """Take text, and tell of each line that is whole."""
        from reconciler.events import tell

        *lines, self._rest = (self._rest + text).split("\n")
        for line in lines:
            if line.strip():
                tell("message", text=line.rstrip())
        return len(text)


@contextlib.contextmanager
def log_for_programs(words: Sequence[str]) -> Iterator[Callable[[int], None]]:
    """Have everything on stderr be a JSON object a line; what is handed out is told the exit code."""
    from reconciler.cli.app import ENTRIES
    from reconciler.events import listening, tell
    from reconciler.model.event import LOG_FORMAT_VERSION

    log, before = JsonLog(sys.stderr), sys.stderr
    _said.for_programs, sys.stderr = log, _JsonStderr()
    try:
        with listening(log):
            # The command without its arguments, which may be addresses with passwords.
            command = next((word for word in words if word in ENTRIES), "")
            tell("runBegan", format_version=LOG_FORMAT_VERSION, command=command)
            yield lambda code: tell("runEnded", exit_code=code)
    finally:
        _said.for_programs, sys.stderr = None, before


@dataclass
class _Transcript:
    """Writes what is said with servers, the lines of one connection together."""

    stream: IO[str]
    _kept: dict[int, list[str]] = field(default_factory=dict)
    failure: OSError | None = None

    def __call__(self, event: Event) -> None:
        from reconciler.cli.session import utc_now

        if event.event == "said":
            self._take(event, utc_now())

    def _take(self, event: Event, at: datetime) -> None:
        from reconciler.render.log import transcript_head, transcript_line

        if event.connection is None:
            self._write(transcript_line(event, at))
            return
        kept = self._kept.setdefault(event.connection, [transcript_head(event, at)])
        kept.append(transcript_line(event, at))
        if event.is_end:
            self._write("\n" + "".join(self._kept.pop(event.connection)) + "\n")
        elif len(kept) > _MOST_KEPT_LINES:
            self._write("\n" + "".join(kept) + "\n")
            self._kept[event.connection] = kept[:1]

    def end(self) -> None:
        """Write what is left of connections that were not closed."""
        for kept in self._kept.values():
            self._write("\n" + "".join(kept) + "\n")

    def _write(self, text: str) -> None:
        try:
            self.stream.write(text)
            self.stream.flush()
        except OSError as failure:
            self.failure = self.failure or failure


@contextlib.contextmanager
def _transcribing(path: str) -> Iterator[None]:
    from reconciler.events import listening

    stream = sys.stderr if path == _STDERR else _opened(path)
    transcript = _Transcript(stream)
    if path == _STDERR:
        _said.is_on_stderr = True
    try:
        with listening(transcript):
            yield
    finally:
        transcript.end()
        if path == _STDERR:
            _said.is_on_stderr = False
        else:
            stream.close()
            if transcript.failure is not None:
                from reconciler.files import reason_of
                from reconciler.render.safe import safe

                sys.stderr.write(safe(f"The transcript {path} is not whole: {reason_of(transcript.failure)}.") + "\n")


def _opened(path: str) -> IO[str]:
    """Open a transcript, for the owner alone: it holds addresses, and what servers say of accounts."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    except (OSError, ValueError) as failure:
        from reconciler.diagnostics import error
        from reconciler.errors import InvalidInput
        from reconciler.files import reason_of

        reason = reason_of(failure) if isinstance(failure, OSError) else "its name cannot be used"
        detail = (
            f"{path} cannot be written: {reason}. Nobody was contacted. Name a file in a folder that may be written."
        )
        raise InvalidInput(error("transcriptNotWritten", detail, subject=path)) from None
    return os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace")
