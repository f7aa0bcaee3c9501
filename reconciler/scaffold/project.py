"""The files of a new project, made from templates; what is there already is never touched."""

from __future__ import annotations

import json
import os
import re
import shlex
import unicodedata
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from reconciler.characters import SHOWN_PATH, clip_start
from reconciler.classes import dataclass
from reconciler.diagnostics import error
from reconciler.errors import InvalidInput
from reconciler.files import create_file, reason_of
from reconciler.manifests import read_project
from reconciler.model.defaults import ACCOUNT_SCHEMA, OVERLAY_SCHEMA, PROJECT_SCHEMA
from reconciler.model.schema.hints import SCHEMA_FOLDER, modeline
from reconciler.provenance import repository_of
from reconciler.scaffold.neighbours import folders_named
from reconciler.scaffold.pipelines import FOLDER_CHARACTERS, Pipeline, filled

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.scaffold.pipelines import Approval, CISystem, StateKind

PROJECT_FILE = "reconciler.yaml"
_MAX_NAME = 63
_MANIFESTS = "accounts.d"
_FILES = {
    f"{_MANIFESTS}/example.yaml": "example.yaml",
    ".gitignore": "gitignore",
}
_SCHEMAS = {f"{SCHEMA_FOLDER}/{name}": name for name in (ACCOUNT_SCHEMA, OVERLAY_SCHEMA, PROJECT_SCHEMA)}
_MODELINES = {
    "ACCOUNT_MODELINE": modeline(f"../{SCHEMA_FOLDER}/{ACCOUNT_SCHEMA}"),
    "PROJECT_MODELINE": modeline(f"{SCHEMA_FOLDER}/{PROJECT_SCHEMA}"),
}
_CODEOWNERS = {"github": ".github/CODEOWNERS.example", "gitlab": ".gitlab/CODEOWNERS.example"}
_GITLAB_FILE = ".gitlab-ci.yml"
_POSTGRESQL = "postgres"
"""How the address of a state in PostgreSQL begins."""
_GITHUB_REMOTE = re.compile(r"^\s*url\s*=\s*\S*github\.com[:/]", re.MULTILINE)
_GITLAB_REMOTE = re.compile(r"^\s*url\s*=\s*\S*gitlab[^:/\s]*[:/]", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Scaffolded:
    """The files that were made, and those that were there and stay, relative to the project folder."""

    made: tuple[str, ...]
    kept: tuple[str, ...]
    needs_disk: bool = False
    """A pipeline was written whose state is a file, so that its machine's disk has to outlast the jobs."""


def project_name(folder_name: str) -> str:
    """Return a valid project name that resembles a folder's name; ``mail`` where none of its characters fit."""
    plain = unicodedata.normalize("NFKD", folder_name).encode("ascii", "ignore").decode().lower()
    name = re.sub(r"\.{2,}", ".", re.sub(r"[^a-z0-9._-]+", "-", plain))
    return name.strip("._-")[:_MAX_NAME].rstrip("._-") or "mail"


def ci_system_of(folder: Path) -> CISystem:
    """Return the CI system whose pipeline a folder can use: the one that its repository names.

    Pipelines are read at the root of a repository only, so any other folder has none.
    """
    if not (folder / ".git").exists():
        return "none"
    if (folder / ".github").is_dir():
        return "github"
    try:
        config = (folder / ".git" / "config").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return "none"
    if _GITHUB_REMOTE.search(config):
        return "github"
    return "gitlab" if _GITLAB_REMOTE.search(config) else "none"


def write_project(
    folder: Path,
    *,
    name: str,
    operator: str | None,
    ci: CISystem,
    state: StateKind = "sqlite",
    approval: Approval = "environments",
) -> Scaffolded:
    """Write the files of a project whose state and approval are of this kind; ``name`` and ``operator`` must be valid.

    The project file is written last: until it is there, another run goes on where this one was interrupted. Raises
    ``InvalidInput``, before anything is written, where the folder holds a project file or lies among another
    project's manifests; also where it cannot be written to.
    """
    from reconciler.model.schema.schemas import schema_text

    if os.path.lexists(folder / PROJECT_FILE):
        detail = (
            f"The folder {folder} holds a {PROJECT_FILE} already; nothing was changed. If its state is what is missing, "
            "run there\n    reconciler state init\nFor another project name another folder."
        )
        raise InvalidInput(error("projectExists", detail))
    _refuse_among_manifests(folder)
    if os.path.lexists(folder) and not folder.is_dir():
        raise InvalidInput(error("projectNotMade", f"{_shown(folder)} is no folder. Name another one."))
    lines_of_operator = "# operator:\n#   email: you@example.com"
    if operator is not None:
        lines_of_operator = f"operator:\n  email: {json.dumps(operator, ensure_ascii=False)}"
    values = {"NAME": json.dumps(name), "OPERATOR": lines_of_operator, **_MODELINES}
    texts = {path: schema_text(name) for path, name in _SCHEMAS.items()}
    texts |= {path: filled(template, values, {state}) for path, template in _FILES.items()}
    if ci != "none":
        texts |= _pipeline_texts(folder, Pipeline(ci=ci, project=name, state=state, environments={}, approval=approval))
    written = _written(folder, texts | {PROJECT_FILE: filled("project.yaml", values, {state})})
    return replace(written, needs_disk=ci != "none" and state == "sqlite")


def add_pipeline(folder: Path, *, ci: Literal["github", "gitlab"], approval: Approval = "environments") -> Scaffolded:
    """Write the pipeline of a project that is there already, as its project file has name, state and environments.

    Raises ``InvalidInput`` where that file cannot be read, or the pipeline not be written.
    """
    project = read_project(folder / PROJECT_FILE).project
    pipeline = Pipeline(
        ci=ci,
        project=project.metadata.name,
        state=_kind_of(project.state),
        environments={name: _kind_of(each.state) for name, each in project.environments.items()},
        approval=approval,
    )
    in_files = "sqlite" in (pipeline.environments.values() or {pipeline.state})
    return replace(_written(folder, _pipeline_texts(folder, pipeline)), needs_disk=in_files)


def _kind_of(address: str) -> StateKind:
    return "postgresql" if address.startswith(_POSTGRESQL) else "sqlite"


def _pipeline_texts(folder: Path, pipeline: Pipeline) -> dict[str, str]:
    """Return a pipeline's files by path relative to the project folder: systems read them at the repository's root."""
    place = folder.resolve()
    root = repository_of(place) or place
    below = place.relative_to(root).as_posix()
    if FOLDER_CHARACTERS.fullmatch(below) is None:
        detail = (
            f"The folder {_shown(Path(below))} is named in the pipeline, as shell and as a pattern. For that its path below "
            "the repository has to be of letters, digits, and the characters . _ - alone. Rename it; or leave --ci out."
        )
        raise InvalidInput(error("projectNotMade", detail))
    taken = next((each for each in folders_named(pipeline.project, root, pipeline.ci) if each != below), None)
    if taken is not None:
        detail = (
            f"The project in {_shown(Path(taken))} is called {pipeline.project} too, and has its pipeline in this repository. Environments, "
            "branches, jobs and comments go by the project's name, so each would take the other's for its own. Choose "
            "another name for this one: --name NAME for a new project, metadata.name for one without a state yet."
        )
        raise InvalidInput(error("projectNotMade", detail))
    pipeline = replace(pipeline, folder=below)
    texts = {**pipeline.texts(), _CODEOWNERS[pipeline.ci]: filled("codeowners", {}, set())}
    if pipeline.path.endswith(f"/{_GITLAB_FILE}"):
        texts[_GITLAB_FILE] = filled("gitlab-root.yml", {"PATH": pipeline.path}, set())
    return {os.path.relpath(root / path, place): text for path, text in texts.items()}


def _written(folder: Path, texts: Mapping[str, str]) -> Scaffolded:
    made: list[str] = []
    kept: list[str] = []
    for path, text in texts.items():
        is_made = _make(folder / path, text, shown=_shown(folder / path))
        (made if is_made else kept).append(path)
    return Scaffolded(made=tuple(made), kept=tuple(kept))


def _refuse_among_manifests(folder: Path) -> None:
    """Raise ``InvalidInput`` for a folder in another project's manifests folder, which would read the new files."""
    place = folder.resolve()
    around = next((each for each in place.parents if os.path.lexists(each / PROJECT_FILE)), None)
    if around is None or not place.is_relative_to((around / _manifests_of(around)).resolve()):
        return
    detail = (
        f"The folder {_shown(folder)} lies in the manifests folder of the project in {_shown(around)}, which would "
        "read the new project's files as its own; nothing was written. Name a folder elsewhere. If that project has "
        f"no accounts yet, begin there with\n    reconciler --project-dir {shlex.quote(str(around))} accounts add own"
    )
    raise InvalidInput(error("projectExists", detail))


def _manifests_of(project_folder: Path) -> str:
    """Return the manifests folder of a project; the usual one where its project file cannot be read."""
    try:
        return read_project(project_folder / PROJECT_FILE).project.manifests
    except InvalidInput:
        return _MANIFESTS


def _shown(path: Path) -> str:
    return clip_start(str(path), SHOWN_PATH)


def _make(path: Path, text: str, *, shown: str) -> bool:
    """Make a file with its folders; return False where something of that name is there already."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        create_file(path, text.encode())
    except FileExistsError:
        if os.path.lexists(path):
            return False
        detail = f"{shown} cannot be written: what should be its folder is something else."
        raise InvalidInput(error("projectNotMade", detail)) from None
    except OSError as failure:
        raise InvalidInput(error("projectNotMade", f"{shown} cannot be written: {reason_of(failure)}.")) from None
    return True
