"""Adds an account to the manifests: the document is made from what was asked for, and validated before it is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, replace
from functools import partial
from typing import TYPE_CHECKING

from reconciler.classes import FrozenByName, dataclass
from reconciler.diagnostics import Diagnostic, error, note
from reconciler.errors import InvalidInput
from reconciler.manifests.editing import addition, search, write_edit
from reconciler.model.accounts.edited import Edited
from reconciler.model.accounts.kinds import kind_of
from reconciler.model.accounts.manifest import API_VERSION
from reconciler.model.canonical import sha256_hex
from reconciler.model.defaults import ACCOUNT_SCHEMA
from reconciler.model.schema.hints import SCHEMA_FOLDER, modeline
from reconciler.model.secrets.values import is_secret
from reconciler.model.servers.terms import TOKEN_MECHANISMS
from reconciler.model.text.types import NAME
from reconciler.operations.accounts.edit import (
    folder_of,
    needs_environment,
    new_problems,
    recorded_accounts,
    require_free,
)
from reconciler.operations.accounts.options import told_in_options
from reconciler.rules.adoption.names import variable
from reconciler.yamlsource.writing import to_yaml

if TYPE_CHECKING:
    from pathlib import Path

    from reconciler.manifests.editing import Search
    from reconciler.model.accounts.kinds import Kind
    from reconciler.model.servers.presets import Preset
    from reconciler.operations.workspace import Workspace
    from reconciler.yamlsource.writing import Node

_CREDENTIALS = ("password", "accessToken", "oauth2")
_FIRST = ("email", "displayName", "replyTo", "shared", "smtp", "proxy")
"""The settings that are written first, in this order."""


class NewAccount(FrozenByName):
    """What an account is to be; ``metadata`` and ``spec`` as in a manifest, without what is left out."""

    kind: Kind
    name: str
    metadata: Mapping[str, Node] = field(default_factory=dict)
    spec: Mapping[str, Node]
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
    require_free(searched, wanted.name, partial(recorded_accounts, workspace))
    variables = Variables.of(searched)
    document = document_of(wanted, searched, variables)
    path = folder / file_of(wanted.name) if file is None else workspace.root / file
    text = schema_line(path, workspace.root) + _encodable(to_yaml(document), wanted.name)
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
        needs_environment=needs_environment(workspace),
        secrets=tuple(references_of(document["spec"])),
        remarks=(
            *variables.remarks,
            *(each for each in remarks if wanted.name in each.concerned or each.code == "noPlatformServer"),
        ),
    )


def _not_written(problem: Diagnostic, file: str) -> Diagnostic:
    """Return a problem of the new document without its place, which is in no file: nothing was written."""
    if problem.location is None or problem.location.file != file:
        return problem
    problem = told_in_options(problem)
    told = problem.detail if "\n" in problem.detail else f"{problem.detail} Nothing was written."
    return replace(problem, detail=told, location=None)


@dataclass
class Variables:
    """The references of all manifests, so that a new account gets a variable that no other has."""

    taken: dict[str, str]
    """The account that has each reference, as far as references are written out."""
    remarks: list[Diagnostic] = field(default_factory=list)
    """What is to be told of variables that were numbered."""

    @classmethod
    def of(cls, searched: Search) -> Variables:
        """Return those that the documents name."""
        named = {
            reference: name
            for name, each in searched.documents.items()
            for reference in references_of(each.value.get("spec"))
        }
        return cls(taken=named)

    def new(self, name: str, suffix: str) -> str:
        """Return the usual variable of an account, numbered where another account has that one."""
        usual = variable(name, suffix)
        chosen = usual
        number = 1
        while f"env:{chosen}" in self.taken:
            number += 1
            chosen = f"{usual}_{number}"
        if chosen != usual:
            detail = f"{usual} is the variable of {self.taken[f'env:{usual}']} already, so {name} has {chosen}."
            self.remarks.append(note("variableTaken", detail, subject=name))
        self.taken[f"env:{chosen}"] = name
        return chosen


def schema_line(path: Path, root: Path) -> str:
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


def document_of(wanted: NewAccount, searched: Search, variables: Variables) -> Mapping[str, Node]:
    """Return the document that declares an account."""
    spec = dict(wanted.spec)
    if not kind_of(wanted).sends_through_platform:
        spec["smtp"] = _smtp(wanted, _mapping(spec.get("smtp")), searched, variables)
        spec = {key: spec[key] for key in _FIRST if key in spec} | spec
    return {
        "apiVersion": API_VERSION,
        "kind": wanted.kind,
        "metadata": {"name": wanted.name, **wanted.metadata},
        "spec": spec,
    }


def _mapping(node: Node | None) -> Mapping[str, Node]:
    """Return a part of the document; empty where it is left out."""
    return node if isinstance(node, Mapping) else {}


def _smtp(wanted: NewAccount, given: Mapping[str, Node], searched: Search, variables: Variables) -> Mapping[str, Node]:
    """Return the server's settings: what was given, then the preset's, then a login with the usual variable."""
    preset = wanted.preset
    smtp: dict[str, Node] = {}
    if preset is not None:
        host = preset.host_in(wanted.region)
        smtp |= {"host": host} if host is not None else {}
        smtp |= {"encryption": preset.encryption}
        smtp |= {"port": preset.port} if preset.port is not None else {}
    smtp |= {key: given[key] for key in given if key != "authentication"}
    login = _mapping(given.get("authentication"))
    inherited = _login_of_server(given.get("server"), searched)
    if not wanted.has_login or ("server" in given and inherited is None and not login):
        return smtp
    return {**smtp, **_with_login(wanted, login, inherited or {}, variables)}


def _with_login(
    wanted: NewAccount, given: Mapping[str, Node], inherited: Mapping[str, object], variables: Variables
) -> Mapping[str, Node]:
    preset = wanted.preset
    login = dict(given)
    # A preset names a mechanism where the provider takes tokens; a password that is given contradicts it.
    if preset is not None and preset.mechanism and not login.keys() & {"mechanism", "password"}:
        login["mechanism"] = preset.mechanism
    username = "{email}" if preset is None else preset.username
    if username is not None and "username" not in {*login, *inherited}:
        login["username"] = username
    if not any(credential in login or credential in inherited for credential in _CREDENTIALS):
        takes_token = login.get("mechanism", inherited.get("mechanism")) in TOKEN_MECHANISMS
        suffix, key = ("TOKEN", "accessToken") if takes_token else ("PASSWORD", "password")
        login[key] = {"env": variables.new(wanted.name, suffix)}
    ordered = {key: login[key] for key in ("mechanism", "username", *_CREDENTIALS) if key in login}
    return {"authentication": ordered} if ordered else {}


def _login_of_server(name: Node | None, searched: Search) -> Mapping[str, object] | None:
    """Return the login that a MailServer gives; None where none is named, it has none, or validation will miss it."""
    found = searched.documents.get(name) if isinstance(name, str) else None
    if found is None or found.kind != "MailServer":
        return None
    spec = found.value.get("spec")
    login = spec.get("authentication") if isinstance(spec, dict) else None
    return login if isinstance(login, dict) else None


def _encodable(text: str, name: str) -> str:
    """Return the text; refuse one that a terminal gave in another encoding than it says."""
    try:
        text.encode()
    except UnicodeEncodeError:
        detail = "A value holds bytes that are not UTF-8 text. Set the terminal's locale to UTF-8 and type it again."
        raise InvalidInput(error("notUtf8", detail, subject=name.encode(errors="replace").decode())) from None
    return text


def file_of(name: str) -> str:
    """Return the file of an account by default; what is no name is refused by validation, not by the file system.

    So of what is no name nothing stands in the path, and two of them have two files.
    """
    return f"{name if NAME.match(name) else sha256_hex(name.encode(errors='surrogatepass'))}.yaml"


def references_of(spec: object, path: tuple[str, ...] = ()) -> list[str]:
    """Return the secrets that a spec names, as ``SOURCE:KEY``, in their order."""
    found: list[str] = []
    for key, value in spec.items() if isinstance(spec, Mapping) else ():
        if not isinstance(value, Mapping):
            continue
        if is_secret((*path, key)):
            found += [f"{source}:{name}" for source, name in value.items()]
        else:
            found += references_of(value, (*path, key))
    return found
