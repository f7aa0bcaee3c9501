"""What a shell completes: names of accounts and servers, presets. Quick, silent, and nothing where that fails."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.operations.whereabouts import find_project

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
_CONSUMERS = re.compile(r"^consumers:[^\S\n]*\n((?:[ \t#][^\n]*(?:\n|\Z)|\n)*)", re.MULTILINE)
_CONSUMER = re.compile(r"^  ([a-z][A-Za-z0-9_-]*):", re.MULTILINE)
_ENVIRONMENTS = re.compile(_CONSUMERS.pattern.replace("consumers", "environments"), re.MULTILINE)
_DEFAULT_STATE = ".reconciler/state.db"
_MAX_FILES = 2_000
_MAX_OCTETS = 256 * 1024


def account_names(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """Return the recorded accounts; those of the manifests where there is no SQLite state here."""
    names = _quietly(lambda: _recorded(context))
    return _matching(names, incomplete) if names else manifest_names(context, parameter, incomplete)


def manifest_names(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:  # noqa: ARG001 - click's signature
    """Return the accounts that the manifests declare."""
    return _matching(_quietly(lambda: [name for kind, name in _declared(context) if kind != "MailServer"]), incomplete)


def any_names(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """Return the accounts of the manifests and of the state: a plan covers both."""
    recorded = _matching(_quietly(lambda: _recorded(context)), incomplete)
    return sorted({*recorded, *manifest_names(context, parameter, incomplete)})


def server_names(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:  # noqa: ARG001 - the same
    """Return the mail servers that the manifests declare."""
    return _matching(_quietly(lambda: [name for kind, name in _declared(context) if kind == "MailServer"]), incomplete)


def consumer_names(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:  # noqa: ARG001 - the same
    """Return the consumers that the project file declares in the usual way, a block of names."""

    def declared() -> list[str]:
        block = _CONSUMERS.search(_project(context)[1])
        return _CONSUMER.findall(block[1]) if block is not None else []

    return _matching(_quietly(declared), incomplete)


def environment_names(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:  # noqa: ARG001 - the same
    """Return the environments that the project file declares in the usual way, a block of names."""

    def declared() -> list[str]:
        block = _ENVIRONMENTS.search(_project(context)[1])
        return _CONSUMER.findall(block[1]) if block is not None else []

    return _matching(_quietly(declared), incomplete)


def preset_names(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:  # noqa: ARG001 - the same
    """Return the presets of well-known providers."""
    from reconciler.model.servers.presets import PRESETS

    return _matching(list(PRESETS), incomplete)


def explainable_words(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:  # noqa: ARG001 - the same
    """Return the codes, statuses and terms that explain knows; fields are too many, and take too long to collect."""
    from reconciler.diagnostics import CODES
    from reconciler.diagnostics.terms import TERMS
    from reconciler.model.accounts.statuses import STATUSES
    from reconciler.model.verification.codes import CHECK_CODES

    known = {*CODES, *CHECK_CODES, *STATUSES, *(term for term in TERMS if " " not in term)}
    return sorted(word for word in known if word.casefold().startswith(incomplete.casefold()))


def _matching(names: list[str], incomplete: str) -> list[str]:
    """Return the names that begin with the typed text, if all their characters may stand in a name.

    A shell writes a completion as it is into the line that the next Enter runs. State may have been tampered with,
    and a name such as ``$(...)`` would be run.
    """
    return sorted({name for name in names if name.startswith(incomplete) and _HARMLESS.fullmatch(name)})


def _quietly(look: Callable[[], list[str]]) -> list[str]:
    """Return what ``look`` returns; nothing where it fails: a message would land in the line being typed."""
    try:
        return look()
    except Exception:  # noqa: BLE001 - whatever it is, it must not disturb the shell
        return []


def _project(context: click.Context) -> tuple[Path, str]:
    """Return the project folder and the text of the project file, which is not validated."""
    given = context.find_root().params
    root = Path(given.get("project_dir") or ".")
    if not given.get("project_dir") and not given.get("project_file"):
        home = os.environ.get("HOME")
        root = find_project(Path.cwd(), home=Path(home).resolve() if home else None).folder or root
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
    given = context.find_root().params
    url, environment = given.get("state") or os.environ.get("RECONCILER_STATE"), given.get("environment")
    project = _PROJECT.search(text)
    key = project[1] if project is not None else ""
    if environment:
        text = _of_environment(text, environment)
        key += "" if "adopted: true" in text else f"@{environment}"
    declared = _STATE.search(f"state: {url}" if url else text)
    if project is None or (declared is None and (url or "\nstate:" in text)):
        return []
    file = root / (declared[1] if declared else _DEFAULT_STATE)
    return glance_at_names(file, key) if file.is_file() else []


def _of_environment(text: str, environment: str) -> str:
    """Return the lines of the project file below an environment, without their indentation; nothing where it has none."""
    block = _ENVIRONMENTS.search(text)
    own = re.search(
        rf"^  {re.escape(environment)}:[^\S\n]*\n((?:    [^\n]*\n?|\n)*)", block[1] if block else "", re.MULTILINE
    )
    return "\n" + re.sub(r"^ {4}", "", own[1], flags=re.MULTILINE) if own is not None else ""


def _declared(context: click.Context) -> Iterator[tuple[str, str]]:
    """Yield kind and name of the documents in the manifests by a quick look; parsing them would take too long."""
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
    """Yield kind and name of each document that is written in the usual way; others are not offered."""
    kind, is_metadata = "", False
    for line in _NAME.finditer(octets):
        if line["kind"]:
            kind, is_metadata = line["kind"].decode(), False
        elif line["flow"]:
            yield kind, line["flow"].decode()
        elif line["name"] and is_metadata:
            yield kind, line["name"].decode()
            is_metadata = False
        elif not line["name"]:
            is_metadata = bool(line["block"])
