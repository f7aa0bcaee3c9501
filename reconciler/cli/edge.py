"""The edge of the program: every error becomes a message and an exit code here, and only here."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import sys
from typing import TYPE_CHECKING, Any, TextIO

import click

from reconciler.cli.app import Called, reconciler
from reconciler.cli.log import asks_for_log
from reconciler.cli.output import asks_for_document, end_with_next_step
from reconciler.cli.signals import exit_code_of_signal, heeding_signals, ignore_signals, what_stopped

if TYPE_CHECKING:
    from collections.abc import Sequence

    from _typeshed import ReadableBuffer

    from reconciler.diagnostics import Diagnostic
    from reconciler.errors import OutputLost

_WITHOUT_COMMAND: Any = getattr(click.exceptions, "NoArgsIsHelpError", ())
"""What click raises for a group without a command; before 8.2 it shows the help itself."""

_TAKE_TEXT = (
    *("--actor", "--body", "--display-name", "--override-verification", "--reason", "--reference"),
    *("--reply-to-name", "--subject", "--title"),
)
"""The options that take any text and check it themselves."""
_MAY_BE_EMPTY = (*_TAKE_TEXT, "--search")
_LOGIN = r"[a-z][a-z0-9+.-]*://[^/]*:[^/]*@"
"""How an address begins that holds a password. Compiled where one may be meant."""
_TAKE_ADDRESSES = frozenset({"check", "import", "--state"})
"""Commands, and an option, that look at such an address themselves."""


class _Stream(io.FileIO):
    """The file of a standard stream, which settles what happens where it takes nothing, such as on a full disk."""

    tells_loss: bool
    """That a result is lost is told, as ``OutputLost``. Of a full standard error nobody can be told: result and exit code stand."""
    in_place_of: TextIO
    """The stream that wrote to the file before. It is held, for a stream may close its file when it is let go."""

    def write(self, octets: ReadableBuffer, /) -> int:
        """Write octets; that a reader of the result has gone is told to the caller, for that is no place that takes nothing."""
        try:
            return super().write(octets)
        except OSError as failure:
            if not self.tells_loss:
                return memoryview(octets).nbytes
            if isinstance(failure, BrokenPipeError):
                raise
            from reconciler.cli.output import lost

            raise lost(failure) from failure


_REFUSED_PLACES = frozenset({errno.EACCES, errno.EPERM, errno.ENAMETOOLONG, errno.ELOOP})
"""How the system says that it does not look at a path at all."""
_CLOSED = {"stdin": (os.O_RDONLY, "r"), "stdout": (os.O_RDONLY, "w"), "stderr": (os.O_WRONLY, "w")}
"""How the null device is opened in the place of a closed stream: nothing to read, output that is lost, nobody to tell."""


def _settle_streams() -> None:
    """Put something in the place of each standard stream that is closed, and settle what happens where one takes nothing.

    Else the next file that is opened would have the number of the closed one, and what a program that we run writes to
    its output would go into that file.
    """
    for name, (flags, mode) in _CLOSED.items():
        if getattr(sys, name) is None:
            descriptor = os.open(os.devnull, flags)
            setattr(sys, name, open(descriptor, mode, encoding="utf-8", closefd=False))  # noqa: SIM115 - to the end
    sys.stdout, sys.stderr = _settled(sys.stdout, tells_loss=True), _settled(sys.stderr, tells_loss=False)


def _settled(stream: TextIO, *, tells_loss: bool) -> TextIO:
    """Return a stream that writes to the file by ``_Stream``; one that has no file as it is."""
    if not isinstance(stream, io.TextIOWrapper) or type(getattr(stream.buffer, "raw", stream.buffer)) is not io.FileIO:
        return stream
    stream.flush()
    octets = _Stream(stream.fileno(), "w", closefd=False)
    octets.tells_loss, octets.in_place_of = tells_loss, stream
    return io.TextIOWrapper(
        io.BufferedWriter(octets),
        stream.encoding,
        line_buffering=stream.line_buffering,
        write_through=stream.write_through,
    )


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code: 0 to 6 as the contract has them, 130 on Ctrl-C, 143 on SIGTERM, 129 on SIGHUP."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    _settle_streams()
    # Documents are UTF-8 in any locale; characters that a terminal's encoding lacks are escaped.
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    if isinstance(sys.stdout, io.TextIOWrapper) and asks_for_document(words):
        sys.stdout.reconfigure(encoding="utf-8")
    with heeding_signals():
        if not asks_for_log(words):
            return _run(words)
        from reconciler.cli.log import log_for_programs

        with log_for_programs(words) as ended:
            code = _run(words)
            ended(code)
            return code


def _run(words: list[str]) -> int:
    Called.path = ""
    try:
        _refuse_unusable_words(words)
        code = reconciler.main(args=words, prog_name="reconciler", standalone_mode=False)
        sys.stdout.flush()
        end_with_next_step(Called.path, words, exit_code=code if isinstance(code, int) else 0)
    except (KeyboardInterrupt, click.Abort):
        ignore_signals()
        from reconciler.diagnostics import error

        stopped = error("interrupted", f"{what_stopped()}. Nothing was left half-written; run it again.")
        return _tell(words, stopped, exit_code=exit_code_of_signal())
    except BrokenPipeError:
        return _hang_up()
    except click.exceptions.Exit as ended:
        return ended.exit_code
    except click.ClickException as wrong:
        return _show_help(wrong) if isinstance(wrong, _WITHOUT_COMMAND) else _tell(words, _usage_problem(wrong, words))
    except Exception as failure:  # noqa: BLE001 - the one place where nothing may escape
        return _fail(words, failure)
    return code if isinstance(code, int) else 0


def _refuse_unusable_words(words: Sequence[str]) -> None:
    """Raise for a name, pattern or path that is empty, or of several lines: in a message one could pass for a line of ours.

    An empty one is what a script has whose variable is not set: as a name nobody has it, and as a path it would be the
    folder that the script is in.
    """
    for before, word in zip(("", *words), words, strict=False):
        option, equals, value = word.partition("=") if word.startswith("--") else (before, "", word)
        if not value and (equals or not word) and option not in _MAY_BE_EMPTY:
            where = f"after {option}" if option.startswith("-") else "in the place of a name, a pattern or a path"
            raise click.UsageError(
                f"An empty word was given {where}. If it comes from a variable, that is not set, or set to nothing. Give it a value."
            )
        if "://" in value and option not in _TAKE_TEXT and _TAKE_ADDRESSES.isdisjoint((option, *words)):
            _refuse_password(value)
        if option not in _TAKE_TEXT and word.splitlines() not in ([], [word]):
            shown = "an address, which may hold a password" if "://" in word else word[:60]
            raise click.UsageError(f"Names, patterns and paths stand on one line, and here is a line break: {shown}")


def _refuse_password(word: str) -> None:
    """Raise for an address with a password in the place of a name, a pattern or a path: messages would repeat it."""
    import re

    if re.match(_LOGIN, word, re.IGNORECASE):
        raise click.UsageError(
            "An address with a password was given in the place of a name, a pattern or a path. It is not repeated here. "
            "Other users of this machine can read it in the list of processes, so change that password."
        )


def _fail(words: Sequence[str], failure: Exception) -> int:
    from reconciler.errors import OutputLost, ReconcilerError

    if isinstance(failure, OutputLost):
        return _tell_lost(failure)
    if isinstance(failure, ReconcilerError):
        notes = getattr(failure, "__notes__", ())
        return _tell(words, *failure.diagnostics, exit_code=failure.exit_code, notes=notes)
    if isinstance(failure, FileNotFoundError) and not _has_working_folder():
        from reconciler.diagnostics import error

        detail = "The folder that this command runs in was removed. Change into one that is there, or name the project's:\n    reconciler --project-dir DIR COMMAND"
        return _tell(words, error("fileUnreadable", detail))
    if isinstance(failure, OSError) and failure.filename is not None and failure.errno in _REFUSED_PLACES:
        return _tell(words, _refused_place(failure))
    lacking = _what_is_lacking(failure)
    if lacking is not None:
        failure.__traceback__ = None  # what its frames hold is needed to tell it
        return _tell(words, _exhausted(lacking))
    return _tell(words, _internal(failure))


def _what_is_lacking(failure: BaseException) -> str | None:
    """Return what the system gave no more of, where that is why something failed; else None."""
    reason: BaseException | None = failure
    while reason is not None:
        number = getattr(reason, "errno", None)
        if isinstance(reason, MemoryError) or number == errno.ENOMEM or "failed to map segment" in str(reason):
            return "memory"
        if isinstance(reason, RuntimeError) and "start new thread" in str(reason):
            return "threads"
        if number in {errno.EMFILE, errno.ENFILE}:
            return "open files"
        reason = reason.__cause__ or reason.__context__
    return None


def _exhausted(lacking: str) -> Diagnostic:
    """Return the problem of a system that gives no more memory, threads or open files."""
    from reconciler.diagnostics import error

    detail = (
        f"The system gave no more {lacking}: the machine has none left, or a limit is set for this process (ulimit -a) or its "
        "container. Nothing was applied unless a revision was reported. Raise the limit, or end what else takes so much. With "
        "many accounts a lower verification.concurrency in the project file needs less."
    )
    return error("resourcesExhausted", detail)


def _has_working_folder() -> bool:
    try:
        os.getcwd()  # noqa: PTH109 - pathlib is not imported for this
    except OSError:
        return False
    return True


def _refused_place(failure: OSError) -> Diagnostic:
    """Return the problem of a path that not even its being there could be asked of: ``Path.exists`` raises for it."""
    from reconciler.diagnostics import error
    from reconciler.files import reason_of

    detail = (
        f"{os.fsdecode(failure.filename)} cannot be used: {reason_of(failure)}. Nothing was applied unless a revision was "
        "reported. Check the path, and that whoever runs reconciler may enter the folders that lead to it."
    )
    return error("fileUnreadable", detail)


def _internal(failure: Exception) -> Diagnostic:
    """Return the problem of a fault of our own: its type and place, never values, which could be secrets."""
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


def _path_of(words: Sequence[str]) -> str:
    """Return the command that is called, as it is typed, for what is refused before its words are told apart."""
    found: click.Command = reconciler
    context = click.Context(found, info_name="reconciler")
    with_value = {name for each in _options(context) if not each.is_flag for name in each.opts}
    rest = iter(words)
    for word in rest:
        if word.startswith("-") and found is reconciler:
            if word in with_value:
                next(rest, None)
            continue
        below = found.get_command(context, word) if isinstance(found, click.Group) else None
        if below is None:
            break
        found = below
        context = click.Context(found, info_name=word, parent=context)
    return context.command_path


def _usage_problem(wrong: click.ClickException, words: Sequence[str]) -> Diagnostic:
    from reconciler.characters import one_line
    from reconciler.diagnostics import error

    context = getattr(wrong, "ctx", None)
    path = context.command_path if context is not None else _path_of(words)
    if isinstance(wrong, click.NoSuchOption):
        message, to_copy = _unknown_option(wrong.option_name, context)
        return error("badUsage", f"{one_line(message)} See\n    {to_copy or f'{path} --help'}")
    # click lists the choices of an argument that is missing as lines of their own.
    message = wrong.format_message().replace("\n\t", " ")
    return error("badUsage", f"{one_line(message)}\nSee\n    {path} --help")


def _unknown_option(name: str, context: click.Context | None) -> tuple[str, str | None]:
    """Return the refusal of an unknown option, and the command with what takes its place if that is known."""
    from reconciler.diagnostics.phrasing import did_you_mean

    options = _options(context)
    root = context.find_root() if context else None
    general = next((each for each in _options(root) if name in each.opts), None)
    if root is not None and context is not None and general is not None:
        below = context.command_path.removeprefix(f"{root.command_path} ")
        value = f" {general.make_metavar(root)}" if not general.is_flag else ""
        return f"{name} stands before the command.", f"{root.command_path} {name}{value} {below}"
    forms = next(
        (each.type.choices for each in options if each.name == "format_" and isinstance(each.type, click.Choice)), ()
    )
    form = name.lstrip("-")
    if form in forms:
        path = context.command_path if context else ""
        return f"There is no option {name}: the form of the output is chosen by --format.", f"{path} --format {form}"
    if form == "json":
        return f"There is no option {name} here: this prints no JSON.", None
    known = [each for option in options for each in (*option.opts, *option.secondary_opts) if each.startswith("--")]
    return f"There is no option {name}.{did_you_mean(name, known)}", None


def _options(context: click.Context | None) -> list[click.Option]:
    return [each for each in context.command.params if isinstance(each, click.Option)] if context else []


def _tell(words: Sequence[str], *problems: Diagnostic, exit_code: int = 1, notes: Sequence[str] = ()) -> int:
    from reconciler.cli.output import tell_error
    from reconciler.errors import OutputLost

    try:
        tell_error(problems, words, exit_code=exit_code, notes=notes)
    except BrokenPipeError:
        return _hang_up()
    except OutputLost as lost:
        return _tell_lost(lost)
    return exit_code


def _tell_lost(lost: OutputLost) -> int:
    """Tell on stderr that stdout takes nothing, whatever form was asked for; return the exit code."""
    from reconciler.cli.output import tell

    _hang_up()
    tell(lost.diagnostics)
    return lost.exit_code


def _show_help(bare: click.UsageError) -> int:
    """Show the help of a group that was called without a command; it is a mistake, so on stderr, with exit code 1."""
    if bare.ctx is not None:
        click.echo(bare.ctx.get_help(), err=True)
    return 1


def _hang_up() -> int:
    """End quietly after the reader of our output has gone.

    Python flushes stdout once more when it exits and would complain, so stdout becomes the null device.
    """
    with contextlib.suppress(OSError, ValueError):  # a stream without a file needs none
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 1
