"""What a shell completes: names of accounts and servers, presets. Quick, silent, and nothing where that fails."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import click

_NAME = re.compile(
    rb"^kind:[ \t]*[\"']?(?P<kind>[A-Za-z]+)|^metadata:[ \t]*\{[^}\r\n]*?\bname:[ \t]*[\"']?(?P<flow>[a-z0-9._-]+)"
    rb"|^(?P<block>metadata):|^(?P<other>[^\s#])|^[ \t]+name:[ \t]*[\"']?(?P<name>[a-z0-9._-]+)|^---",
    re.MULTILINE,
)
_HARMLESS = re.compile(r"[a-z0-9][a-z0-9._-]*")
_MANIFESTS = re.compile(r"^manifests:[ \t]*[\"']?([^\s\"'#]+)", re.MULTILINE)
_STATE = re.compile(r"^state:[ \t]*[\"']?sqlite:///([^\s\"'#]+)", re.MULTILINE)
_PROJECT = re.compile(r"^metadata:\s*\{?\s*name:[ \t]*[\"']?([a-z0-9._-]+)", re.MULTILINE)
_DEFAULT_STATE = ".reconciler/state.db"
_MAX_FILES = 2_000
_MAX_OCTETS = 256 * 1024


def account_names(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """Return the accounts that state records; where there is no SQLite state here, those of the manifests."""
    names = _quietly(lambda: _recorded(context))
    return _matching(names, incomplete) if names else manifest_names(context, parameter, incomplete)


def manifest_names(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:  # noqa: ARG001 - click's signature
    """Return the accounts that the manifests declare."""
    return _matching(_quietly(lambda: [name for kind, name in _declared(context) if kind != "MailServer"]), incomplete)


def any_names(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """Return the accounts of the manifests and of state, as a plan covers both."""
    recorded = _matching(_quietly(lambda: _recorded(context)), incomplete)
    return sorted({*recorded, *manifest_names(context, parameter, incomplete)})


def server_names(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:  # noqa: ARG001 - the same
    """Return the mail servers that the manifests declare."""
    return _matching(_quietly(lambda: [name for kind, name in _declared(context) if kind == "MailServer"]), incomplete)


def preset_names(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:  # noqa: ARG001 - the same
    """Return the presets of well-known providers."""
    from reconciler.model.servers.presets import PRESETS

    return _matching(list(PRESETS), incomplete)


def _matching(names: list[str], incomplete: str) -> list[str]:
    """Return the names that go on from what was typed, if they are of a name's characters.

    A shell writes what it is offered into the line that the next Enter runs, as it is; state may have been tampered
    with, and a name such as ``$(...)`` would be run.
    """
    return sorted({name for name in names if name.startswith(incomplete) and _HARMLESS.fullmatch(name)})


def _quietly(look: Callable[[], list[str]]) -> list[str]:
    """Return what looking gives; nothing where it fails, because a message would land in the line being typed."""
    try:
        return look()
    except Exception:  # noqa: BLE001 - whatever it is, it must not disturb the shell
        return []


def _project(context: click.Context) -> tuple[Path, str]:
    """Return the project folder and the text of the project file; the file is not validated, only looked into."""
    given = context.find_root().params
    root = Path(given.get("project_dir") or ".")
    file = Path(given["project_file"]) if given.get("project_file") else root / "reconciler.yaml"
    return root, _start_of(file).decode("utf-8", "replace")


def _start_of(path: Path) -> bytes:
    if not path.is_file():
        return b""
    with path.open("rb") as file:
        return file.read(_MAX_OCTETS)


def _recorded(context: click.Context) -> list[str]:
    from reconciler.store.sqlite.names import glance_at_names

    root, text = _project(context)
    url = context.find_root().params.get("state") or os.environ.get("RECONCILER_STATE")
    declared = _STATE.search(f"state: {url}" if url else text)
    project = _PROJECT.search(text)
    if project is None or (declared is None and (url or "\nstate:" in text)):
        return []
    file = root / (declared[1] if declared else _DEFAULT_STATE)
    return glance_at_names(file, project[1]) if file.is_file() else []


def _declared(context: click.Context) -> Iterator[tuple[str, str]]:
    """Yield kind and name of the manifests' documents as far as a glance tells; parsing them all would take too long."""
    root, text = _project(context)
    declared = _MANIFESTS.search(text)
    seen = 0
    for parent, folders, files in os.walk(root / (declared[1] if declared else "accounts.d")):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            if name.startswith(".") or not name.lower().endswith((".yaml", ".yml")):
                continue
            seen += 1
            if seen > _MAX_FILES:
                return
            yield from _named(_start_of(Path(parent, name)))


def _named(octets: bytes) -> Iterator[tuple[str, str]]:
    """Yield kind and name of each document that is written in the usual way."""
    kind, is_metadata = "", False
    for found in _NAME.finditer(octets):
        if found["kind"]:
            kind, is_metadata = found["kind"].decode(), False
        elif found["flow"]:
            yield kind, found["flow"].decode()
        elif found["name"] and is_metadata:
            yield kind, found["name"].decode()
            is_metadata = False
        elif not found["name"]:
            is_metadata = bool(found["block"])
