"""Where the passwords of an import go: into a dotenv file that git does not see, to a command, or nowhere.

A value is handed on and never shown; what is kept already is left as it is.
"""

from __future__ import annotations

import os
import re
import shlex
import stat
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from reconciler.characters import SHOWN_WORD, clip
from reconciler.classes import FrozenByName
from reconciler.diagnostics import enumerated, error
from reconciler.diagnostics.phrasing import did_you_mean
from reconciler.errors import InvalidInput
from reconciler.files import read_regular_file, reason_of, replace_file
from reconciler.provenance import is_ignored, repository_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reconciler.model.adoption.adopted import NewSecret
    from reconciler.operations.workspace import Workspace

_MODE = 0o600
_MAX_OCTETS = 5 * 1024 * 1024
_COMMAND_SECONDS = 30
_NEEDS_QUOTES = re.compile(r"[^A-Za-z0-9_./:@%+,=-]")
_NAME = re.compile(r"^(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_]*)=", re.MULTILINE)


class SecretsPlace(FrozenByName):
    """Where secrets are to be."""

    kind: Literal["env", "dotenv", "exec"]
    target: str = ""
    """The file, or the command."""
    load: str | None = None
    """The line that brings the variables of the file to the commands that follow; None where they find it themselves."""
    source: str = "env"
    """The source that manifests name: env, or one of the project file."""


def asked_store(written: str | None, workspace: Workspace, *, source: str | None) -> SecretsPlace:
    """Return what ``dotenv:FILE``, ``env`` or ``exec:COMMAND`` asks for; raise ``InvalidInput`` where it cannot be."""
    kind, _, target = (written or "env").partition(":")
    sources = workspace.project.secrets.sources
    if source is not None and source not in sources:
        there = f" There are: {enumerated(sorted(sources))}." if sources else " It declares none."
        detail = f"No source called {clip(source, SHOWN_WORD)} stands in the project file under secrets.sources.{did_you_mean(source, sources)}{there}"
        raise InvalidInput(error("badUsage", detail))
    if source is not None and kind == "env":
        detail = "--secrets-source says what gives back that which --secrets-to puts away. Give --secrets-to dotenv:FILE or exec:COMMAND too."
        raise InvalidInput(error("badUsage", detail))
    if kind == "env" and not target:
        return SecretsPlace(kind="env")
    if kind == "dotenv" and target:
        return _dotenv(target, workspace, source=source)
    if kind == "exec" and target:
        return _exec(target, workspace, source=source)
    detail = "--secrets-to takes env, dotenv:FILE or exec:COMMAND; the command gets each secret on its standard input."
    raise InvalidInput(error("badUsage", detail))


def _dotenv(target: str, workspace: Workspace, *, source: str | None) -> SecretsPlace:
    path = workspace.root / Path(target).expanduser()
    _require_unseen(path, target, workspace)
    declared = workspace.project.secrets.sources.items()
    same = [name for name, each in declared if each.file and (workspace.root / each.file).resolve() == path.resolve()]
    named = source or (same[0] if same else "env")
    # A source that reads the file itself needs nothing in the environment.
    load = f"set -a; . {shlex.quote(_from_here(path, target, workspace))}; set +a" if named == "env" else None
    return SecretsPlace(kind="dotenv", target=str(path), load=load, source=named)


def _exec(target: str, workspace: Workspace, *, source: str | None) -> SecretsPlace:
    commands = [name for name, each in workspace.project.secrets.sources.items() if each.command]
    chosen = source or (commands[0] if len(commands) == 1 else None)
    if chosen is None:
        detail = (
            "With exec: the manifests must name the source that gives the secrets back. Declare one in reconciler.yaml, "
            "under secrets.sources, or say which with --secrets-source NAME."
        )
        raise InvalidInput(error("secretStoreRefused", detail))
    return SecretsPlace(kind="exec", target=target, source=chosen)


def _from_here(path: Path, written: str, workspace: Workspace) -> str:
    """Return a file as a shell in the folder of the project finds it, and elsewhere by its whole path."""
    if workspace.root != Path.cwd() or written.startswith("~"):
        return str(path)
    return written if "/" in written else f"./{written}"


def keep_secrets(store: SecretsPlace, secrets: Sequence[NewSecret]) -> None:
    """Hand the values to where they are to be; raise ``InvalidInput`` where that fails."""
    valued = [each for each in secrets if each.value is not None]
    if store.kind == "dotenv" and valued:
        _append(Path(store.target), valued)
    elif store.kind == "exec":
        for each in valued:
            # Without a shell: the value goes on standard input, and ``{key}`` is filled in.
            assert each.value is not None  # noqa: S101 - only these are handed over
            words = [word.replace("{key}", each.key) for word in shlex.split(store.target)]
            try:
                finished = subprocess.run(  # noqa: S603 - the command is what the person typed
                    words,
                    input=each.value.reveal().encode(),
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    timeout=_COMMAND_SECONDS,
                    check=False,
                    env=dict(os.environ),
                )
            except (OSError, subprocess.TimeoutExpired):
                finished = None
            if finished is None or finished.returncode != 0:
                ended = "could not be run, or did not end" if finished is None else f"ended with {finished.returncode}"
                detail = (
                    f"The command for {each.key} {ended}; what it says is not shown, since it may be the secret. The manifests were "
                    "not written. Mend that, then import again."
                )
                raise InvalidInput(error("secretStoreRefused", detail))


def require_writable(store: SecretsPlace, secrets: Sequence[NewSecret]) -> None:
    """Raise ``InvalidInput`` for a value that the store cannot hold, before anything is written."""
    for each in secrets:
        if store.kind == "dotenv" and each.value is not None:
            _line(each)


def _require_unseen(path: Path, shown: str, workspace: Workspace) -> None:
    if repository_of(path.parent) is not None and not is_ignored(path, environ=workspace.environ):
        detail = (
            f"{shown} lies in a git repository that does not ignore it, so the passwords in it would be published with the "
            "next commit. Nothing was written. Name a file outside the repository, or add it to .gitignore first."
        )
        raise InvalidInput(error("secretStoreRefused", detail))
    if path.is_symlink() or path.is_dir():
        detail = f"{shown} is a link or a folder. Name a file."
        raise InvalidInput(error("secretStoreRefused", detail))


def _append(path: Path, secrets: Sequence[NewSecret]) -> None:
    """Add the secrets that the file does not have; what stands there stays, and the file is its owner's alone."""
    try:
        before = read_regular_file(path, _MAX_OCTETS).decode() if path.exists() else ""
        present = set(_NAME.findall(before))
        lines = [_line(each) for each in secrets if each.key not in present]
        ending = "" if not before or before.endswith("\n") else "\n"
        if lines or stat.S_IMODE(path.stat().st_mode) != _MODE:
            path.parent.mkdir(parents=True, exist_ok=True)
            replace_file(path, (before + ending + "".join(lines)).encode(), mode=_MODE)
    except (OSError, UnicodeDecodeError) as failure:
        reason = reason_of(failure) if isinstance(failure, OSError) else "what is there is not UTF-8 text"
        detail = f"The file for the secrets cannot be written: {reason}. The manifests were not written either."
        raise InvalidInput(error("secretStoreRefused", detail)) from None


def _line(secret: NewSecret) -> str:
    """Return a secret's line, quoted so that shells and readers of such files agree on it."""
    assert secret.value is not None  # noqa: S101 - only these are written
    value = secret.value.reveal()
    if not _NEEDS_QUOTES.search(value):
        return f"{secret.key}={value}\n"
    if "'" not in value and "\n" not in value:
        return f"{secret.key}='{value}'\n"
    if not set(value) & set('"$`\\\n'):
        return f'{secret.key}="{value}"\n'
    detail = (
        f"The value for {secret.key} holds quotes of both kinds, or a line break, and readers of such files differ on how that "
        "is written. Nothing was written. Use --secrets-to env or exec:COMMAND, or change that password."
    )
    raise InvalidInput(error("secretStoreRefused", detail))
