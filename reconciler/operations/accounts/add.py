"""Adds an account to the manifests: the document is made from what was asked for, and validated before it is written."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from reconciler.diagnostics import error
from reconciler.diagnostics.phrasing import did_you_mean
from reconciler.errors import InvalidInput
from reconciler.manifests.editing import addition, search, write_edit
from reconciler.model.accounts.edited import Edited
from reconciler.model.accounts.kinds import kind_of
from reconciler.model.accounts.manifest import API_VERSION
from reconciler.model.schema.hints import ACCOUNT_SCHEMA, SCHEMA_FOLDER, modeline
from reconciler.model.secrets.values import SECRET_FIELDS
from reconciler.model.servers.terms import TOKEN_MECHANISMS
from reconciler.operations.accounts.edit import folder_of, new_problems, recorded_accounts, require_free
from reconciler.yamlsource.writing import to_yaml

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from reconciler.diagnostics import Diagnostic
    from reconciler.manifests.editing import Search
    from reconciler.model.accounts.kinds import Kind
    from reconciler.model.servers.presets import Preset
    from reconciler.operations.workspace import Workspace

_CREDENTIALS = ("password", "accessToken", "oauth2")
_FIRST = ("email", "displayName", "replyTo", "shared", "smtp", "proxy")
"""The settings that are written first, in this order."""
_MAX_SHOWN = 60


@dataclass(frozen=True, kw_only=True)
class NewAccount:
    """What an account is to be; ``metadata`` and ``spec`` as in a manifest, without what is left out."""

    kind: Kind
    name: str
    metadata: Mapping[str, Any] = field(default_factory=dict)
    spec: Mapping[str, Any]
    preset: Preset | None = None
    region: str | None = None
    has_login: bool = True
    """False for a server that wants no login."""


def add_account(workspace: Workspace, wanted: NewAccount, *, file: Path | None = None) -> Edited:
    """Write a new account into the manifests; raise ``InvalidInput`` and write nothing where it would not be valid.

    ``file`` is the file to make or to add to, relative to the project folder; None: one named after the account.
    """
    folder = folder_of(workspace)
    searched = search(folder, root=workspace.root)
    require_free(searched, wanted.name, recorded_accounts(workspace))
    document = _document(wanted, searched)
    path = folder / f"{_file_stem(wanted.name)}.yaml" if file is None else workspace.root / file
    text = _modeline(path, workspace.root) + _encodable(to_yaml(document), wanted.name)
    edit = addition(path, text, folder=folder, root=workspace.root)
    errors, remarks = new_problems(workspace, edit)
    if errors:
        raise InvalidInput([_not_written(each, edit.file) for each in errors])
    write_edit(edit)
    return Edited(
        action="add",
        name=wanted.name,
        kind=wanted.kind,
        file=edit.file,
        is_whole_file=edit.before is None,
        plan_target=wanted.name,
        secrets=tuple(_references(document["spec"])),
        remarks=tuple(remark for remark in remarks if remark.subject == wanted.name),
    )


def _not_written(problem: Diagnostic, file: str) -> Diagnostic:
    """Return a problem of the new document without its place, which is in no file: nothing was written."""
    if problem.location is None or problem.location.file != file:
        return problem
    told = problem.detail if "\n" in problem.detail else f"{problem.detail} Nothing was written."
    return replace(problem, detail=told, location=None)


def default_variable(name: str, suffix: str = "PASSWORD") -> str:
    """Return the variable that an account's secret is read from by default: ``SMTP_SALES_PL_PASSWORD``."""
    stem = "".join(letter if letter.isascii() and letter.isalnum() else "_" for letter in name.upper())
    return f"SMTP_{stem}_{suffix}"


def _modeline(path: Path, root: Path) -> str:
    """Return the line that tells editors the schema, in a project that has it; nothing for a path outside."""
    if not path.is_relative_to(root) or not _is_there(root / SCHEMA_FOLDER / ACCOUNT_SCHEMA):
        return ""
    up = "../" * len(path.parent.relative_to(root).parts)
    return modeline(f"{up}{SCHEMA_FOLDER}/{ACCOUNT_SCHEMA}") + "\n"


def _is_there(file: Path) -> bool:
    try:
        return file.is_file()
    except OSError:  # a folder that may not be looked into: the line would be of no use
        return False


def _document(wanted: NewAccount, searched: Search) -> dict[str, Any]:
    spec = dict(wanted.spec)
    if not kind_of(wanted).sends_through_platform:
        spec["smtp"] = _smtp(wanted, dict(spec.get("smtp", {})), searched)
        spec = {key: spec[key] for key in _FIRST if key in spec} | spec
    return {
        "apiVersion": API_VERSION,
        "kind": wanted.kind,
        "metadata": {"name": wanted.name, **wanted.metadata},
        "spec": spec,
    }


def _smtp(wanted: NewAccount, given: dict[str, Any], searched: Search) -> dict[str, Any]:
    """Return the server's settings: what was given, then the preset's, then a login with the usual variable."""
    preset = wanted.preset
    login = dict(given.pop("authentication", {}))
    smtp: dict[str, Any] = {}
    if preset is not None:
        smtp = {"host": preset.host_in(wanted.region), "encryption": preset.encryption}
        smtp |= {"port": preset.port} if preset.port is not None else {}
    smtp |= given
    inherited = _login_of_server(given.get("server"), searched)
    if not wanted.has_login or ("server" in given and inherited is None and not login):
        return smtp
    return smtp | _with_login(wanted, login, inherited or {})


def _with_login(wanted: NewAccount, given: Mapping[str, Any], inherited: Mapping[str, Any]) -> dict[str, Any]:
    preset = wanted.preset
    login = dict(given)
    if preset is not None and "mechanism" not in login and preset.mechanism and not _has_password(login):
        login["mechanism"] = preset.mechanism
    if "username" not in login and "username" not in inherited:
        login["username"] = "{email}" if preset is None else preset.username
    if not any(credential in login or credential in inherited for credential in _CREDENTIALS):
        takes_token = login.get("mechanism", inherited.get("mechanism")) in TOKEN_MECHANISMS
        suffix, key = ("TOKEN", "accessToken") if takes_token else ("PASSWORD", "password")
        login[key] = {"env": default_variable(wanted.name, suffix)}
    ordered = {key: login[key] for key in ("mechanism", "username", *_CREDENTIALS) if login.get(key) is not None}
    return {"authentication": ordered} if ordered else {}


def _has_password(login: Mapping[str, Any]) -> bool:
    return "password" in login


def _login_of_server(name: object, searched: Search) -> dict[str, Any] | None:
    """Return the login that a MailServer gives; None where none is named or it has none."""
    if not isinstance(name, str):
        return None
    servers = [known for known, each in searched.documents.items() if each.kind == "MailServer"]
    if name not in servers:
        detail = f"No manifest declares a MailServer called {name[:_MAX_SHOWN]}.{did_you_mean(name, servers)}"
        raise InvalidInput(error("unknownServer", detail, subject=name[:_MAX_SHOWN]))
    spec = searched.documents[name].value.get("spec")
    login = spec.get("authentication") if isinstance(spec, dict) else None
    return dict(login) if isinstance(login, dict) else None


def _encodable(text: str, name: str) -> str:
    """Return the text; refuse one that a terminal gave in another encoding than it says."""
    try:
        text.encode()
    except UnicodeEncodeError:
        detail = "A value holds bytes that are not UTF-8 text. Set the terminal's locale to UTF-8 and type it again."
        raise InvalidInput(error("notUtf8", detail, subject=name.encode(errors="replace").decode())) from None
    return text


def _file_stem(name: str) -> str:
    """Return the name as part of a path; one that is no name is refused by validation, not by the file system."""
    return name if name and not set(name) & {"/", "\\", "\0"} and not name.startswith(".") else "account"


def _references(spec: Mapping[str, Any]) -> list[str]:
    """Return the secrets that a spec names, as ``SOURCE:KEY``, in their order."""
    found = []
    for key, value in spec.items():
        if not isinstance(value, dict):
            continue
        if key in SECRET_FIELDS:
            found += [f"{source}:{name}" for source, name in value.items()]
        else:
            found += _references(value)
    return found
