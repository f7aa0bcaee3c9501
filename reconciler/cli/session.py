"""What one call of the command line works with: the workspace, the clock, and what the terminal can show."""

from __future__ import annotations

import os
import re
import shlex
import sys
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TextIO

from reconciler.classes import FrozenByName

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.model.verification.depths import Depth
    from reconciler.operations.place import Place
    from reconciler.operations.whereabouts import Whereabouts
    from reconciler.operations.workspace import Workspace
    from reconciler.render.text import Style

_MIN_WIDTH = 40
_MAX_WIDTH = 160
_UNKNOWN_WIDTH = 80
_PIPE_WIDTH = 100
"""The width for a pipe: the same on every terminal, so that the output is the same."""

ColourChoice = Literal["auto", "always", "never"]


class _Colour:
    """What --color says in this call; the errors of a line that cannot be parsed are told before it is known."""

    choice: ColourChoice = "auto"


def choose_colour(choice: ColourChoice) -> None:
    """Keep what --color says for everything that this call prints."""
    _Colour.choice = choice


class _Environment:
    """What --env says in this call."""

    name: str | None = None


def choose_environment(name: str | None) -> None:
    """Keep what --env says: every command to copy that this call prints has it."""
    _Environment.name = name


_TO_COPY = (
    r"(?m)(^ *(?:<pre>|[A-Z_]+=\S* )?|\b(?:details|next|mend|everything): +)reconciler (?=(?:accounts|approve|apply|consumers|diff|doctor|export|history|import|journal|plan|publish|reject|report|"
    r"resolve|resume|send|state|status|suspend|validate|verify)\b)"
)
"""A command on a line of its own, in a page too, or after a word that announces it. Compiled where an environment is named: most calls name none."""


def as_called(text: str) -> str:
    """Return a text whose commands to copy are for the environment of this call: none is remembered."""
    name = _Environment.name
    return (
        text
        if name is None
        else re.sub(_TO_COPY, lambda found: f"{found[1]}reconciler --env {shlex.quote(name)} ", text)
    )


_OFF = frozenset({"", "0", "false"})


class GlobalOptions(FrozenByName):
    """The options that stand before the command."""

    given_dir: str | None
    """--project-dir; None where it was not given."""
    project_file: str | None
    state: str | None
    environment: str | None = None
    """--env; None where it was not given."""

    env_file: str | None = None
    """--env-file, of the command."""

    @cached_property
    def project_dir(self) -> str:
        """The project folder: the one named, else the nearest with a project file from here upwards, else this one.

        With --project-file nothing is searched: what is named stands for the project in this folder.
        """
        if self.given_dir is not None:
            return self.given_dir
        if self.project_file is not None or self._found.folder in {None, Path.cwd()}:
            return "."
        return str(self._found.folder)

    @cached_property
    def _found(self) -> Whereabouts:
        from reconciler.operations.whereabouts import find_project

        home = os.environ.get("HOME")
        return find_project(Path.cwd(), home=Path(home).resolve() if home else None)

    @property
    def is_above(self) -> bool:
        """Whether the project folder was found above the folder that the command was called in."""
        return self.given_dir is None and self.project_dir != "."

    def require_ours(self) -> None:
        """Raise ``InvalidInput`` where the only project around is one that another user may have put there."""
        if self.given_dir is not None or self.project_file is not None or self._found.foreign is None:
            return
        from reconciler.diagnostics import error
        from reconciler.errors import InvalidInput

        folder = self._found.foreign
        detail = (
            f"There is no project here. The project file in {folder}, above this folder, belongs to another user, and a "
            "project file can name programs to run; so it was not used. If it is the one that is meant, name it:\n"
            f"    reconciler --project-dir {shlex.quote(str(folder))} validate"
        )
        raise InvalidInput(error("projectMissing", detail))

    def in_users_folder(self, path: str) -> Path:
        """Return a path that an argument names for what takes it from the project folder.

        Whoever works below a project means the folder that they are in.
        """
        return Path(os.path.normpath(Path.cwd() / path)) if self.is_above else Path(path)


def utc_now() -> datetime:
    """Return the time now, in UTC."""
    return datetime.now(UTC)


def place_at_a_glance(
    options: GlobalOptions, *, operator: str | None, trusts_project: bool
) -> tuple[Place, Depth] | None:
    """Return where the project is, and how far its plans verify; None where only ``workspace`` can tell, or refuse it."""
    if options.environment is not None or options.env_file is not None:
        return None
    from reconciler.operations.place import place_at_a_glance as at_a_glance

    options.require_ours()
    return at_a_glance(
        Path(options.project_dir),
        project_file=Path(options.project_file) if options.project_file else None,
        state=options.state,
        operator=operator,
        environ=os.environ,
        now=utc_now,
        trusts_project=trusts_project,
    )


def workspace(
    options: GlobalOptions,
    *,
    operator: str | None = None,
    trusts_project: bool = False,
    uses_state: bool = True,
    needs_environment: bool = True,
    needs_project: bool = True,
    tells_place: bool = True,
) -> Workspace:
    """Open the project that the options name; raise ``InvalidInput`` where its file is missing or wrong.

    A remark on stderr says where a variable names another state than the project file. A command that does not use the
    state gets no such remark, and needs no environment; nor does one without ``needs_environment``. Without
    ``needs_project`` a state that --state or RECONCILER_STATE names will do where there is no project file.
    ``trusts_project`` is --trust-project: the project file may name secrets to read, even in CI and in a checkout.
    Where it ``tells_place``, somebody at a terminal is told of a project above the folder that they are in.
    """
    from reconciler.operations.opening import open_state_alone, open_workspace
    from reconciler.operations.whereabouts import PROJECT_FILE

    root = Path(options.project_dir)
    is_named = bool(options.state or os.environ.get("RECONCILER_STATE"))
    if not needs_project and is_named and options.project_file is None and not (root / PROJECT_FILE).exists():
        alone = open_state_alone(root, state=options.state, environ=os.environ, now=utc_now)
        alone.require_environment(options.environment)
        return alone
    options.require_ours()
    opened = open_workspace(
        root,
        project_file=Path(options.project_file) if options.project_file else None,
        state=options.state,
        operator=operator,
        environ=os.environ,
        now=utc_now,
        trusts_project=trusts_project,
        environment=options.environment,
    )
    if uses_state and needs_environment:
        opened.require_environment(options.environment)
    if options.env_file is not None:
        opened = opened.with_env_file(options.in_users_folder(options.env_file).absolute())
    if tells_place:
        tell_place(options)
    remark = opened.state_remark() if uses_state else None
    if remark is not None:
        from reconciler.render.text import diagnostics_text

        sys.stderr.write(diagnostics_text((remark,), style=style_for(sys.stderr)))
        sys.stderr.flush()
    return opened


def tell_place(options: GlobalOptions) -> None:
    """Tell somebody at a terminal of a project above the folder that they are in."""
    if options.is_above and somebody_looks():
        sys.stderr.write(f"Project in {options.project_dir}; the paths in messages begin there.\n")


def style_for(stream: TextIO) -> Style:
    """Return the style of text on a stream: as the terminal can show it; for a pipe plain, a table's row a line.

    Colour is for terminals that are not dumb. NO_COLOR and CLICOLOR=0 take it away, FORCE_COLOR and CLICOLOR_FORCE
    bring it to a pipe too; NO_COLOR goes before both, and --color before all.
    """
    from reconciler.render.text import Style

    is_terminal = stream.isatty()
    return Style(
        colour=_Colour.choice == "always"
        or (_Colour.choice == "auto" and _has_colour(os.environ, is_terminal=is_terminal)),
        width=max(_MIN_WIDTH, min(_columns_of(stream), _MAX_WIDTH)) if is_terminal else _PIPE_WIDTH,
        unicode=_can_show("✓→─", stream.encoding),
        is_terminal=is_terminal,
    )


def _has_colour(environ: Mapping[str, str], *, is_terminal: bool) -> bool:
    if environ.get("NO_COLOR"):
        return False
    if any(environ.get(name, "").lower() not in _OFF for name in ("FORCE_COLOR", "CLICOLOR_FORCE")):
        return True
    return is_terminal and environ.get("TERM") != "dumb" and environ.get("CLICOLOR") != "0"


def _columns_of(stream: TextIO) -> int:
    """Return the columns of a stream's terminal: COLUMNS, else what the terminal itself says."""
    asked = os.environ.get("COLUMNS", "")
    if asked.isascii() and asked.isdigit() and int(asked):
        return int(asked)
    try:
        return os.get_terminal_size(stream.fileno()).columns or _UNKNOWN_WIDTH
    except (OSError, ValueError):
        return _UNKNOWN_WIDTH


def _can_show(text: str, encoding: str | None) -> bool:
    try:
        text.encode(encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def somebody_looks() -> bool:
    """Tell whether somebody sees the output at once: results and remarks both go to a terminal."""
    return sys.stdout.isatty() and sys.stderr.isatty()


def is_interactive() -> bool:
    """Tell whether there is a person to ask: questions and answers both go by a terminal."""
    return sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty()


def folder_in_repository(project_dir: str) -> str:
    """Return the project folder relative to the repository around it, with slashes.

    Without a repository it is relative to GitHub's workspace, or else to the current folder.
    """
    from reconciler.provenance import repository_of

    folder = Path(project_dir).resolve()
    root = repository_of(folder) or Path(os.environ.get("GITHUB_WORKSPACE") or os.curdir).resolve()
    return folder.relative_to(root).as_posix() if folder.is_relative_to(root) else folder.as_posix()
