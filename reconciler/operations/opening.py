"""Open the workspace: settle which project file, state, operator and environment count, and what of them is trusted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.characters import SHOWN_WORD, one_line
from reconciler.diagnostics import enumerated, error
from reconciler.diagnostics.phrasing import did_you_mean
from reconciler.errors import InvalidInput
from reconciler.manifests import read_project
from reconciler.model.project import Project
from reconciler.model.text.projectkeys import split_key
from reconciler.model.text.types import check_email
from reconciler.operations.place import doubts_the_checkout, is_state_trusted, operator_of, state_of
from reconciler.operations.spellings import require_relative
from reconciler.operations.whereabouts import PROJECT_FILE
from reconciler.operations.workspace import Workspace
from reconciler.provenance import lies_in_checkout

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime
    from pathlib import Path

    from reconciler.manifests.projectfile import ProjectFile


def open_workspace(
    root: Path,
    *,
    project_file: Path | None,
    state: str | None,
    operator: str | None,
    environ: Mapping[str, str],
    now: Callable[[], datetime],
    trusts_project: bool = False,
    environment: str | None = None,
) -> Workspace:
    """Read the project file and settle what flags, environment and file say, in this order of precedence.

    ``trusts_project`` says that the project file is the protected branch's, also where it lies in the checkout.
    ``environment`` is one of the project's; without it nothing that needs state can be done where there are some.
    """
    is_doubtful = doubts_the_checkout(environ, trusts_project=trusts_project)
    path = project_file or root / PROJECT_FILE
    read = read_project(path)
    project = _in(read, environment)
    require_relative(project, root)
    is_trusted = not is_doubtful or not lies_in_checkout(path, (root, root / project.manifests))
    chosen = operator_of(operator, environ, project.operator.email if project.operator else None)
    if chosen is not None and (problem := check_email(chosen)) is not None:
        raise InvalidInput(problem)
    url, named_by = state_of(state, environ, project.state)
    return Workspace(
        root=root.absolute(),
        project_file=path.absolute(),
        project=project,
        places=read.locator,
        state_url=url,
        operator=chosen,
        environ=environ,
        now=now,
        is_project_trusted=is_trusted,
        environment=environment,
        declared=read.project,
        state_named_by=named_by,
        is_state_trusted=is_state_trusted(project.state, named_by, is_project_trusted=is_trusted),
    )


def _in(read: ProjectFile, environment: str | None) -> Project:
    """Return the project of a file as it stands in an environment; raise ``InvalidInput`` for one that it does not have."""
    project = read.project
    if environment is None:
        return project
    if environment in project.environments:
        from reconciler.model.environments import in_environment

        return in_environment(project, environment)
    known = sorted(project.environments)
    detail = (
        f"The project file declares no environment called {one_line(environment, limit=SHOWN_WORD)}."
        f"{did_you_mean(environment, known) or f' It declares {enumerated(known)}.'}"
        if known
        else "The project file declares no environments, so there is none to choose. Leave --env out."
    )
    raise InvalidInput(error("environmentUnknown", detail, location=read.locator.value_at(("environments",))))


_ANY_SECRET = {"allow": ["env:*", "file:**"]}
"""For a program that sends with what was applied: which secret an account has was decided when it was."""


def open_state_alone(
    root: Path,
    *,
    state: str | None,
    environ: Mapping[str, str],
    now: Callable[[], datetime],
    reads_secrets: bool = False,
) -> Workspace:
    """Return a workspace of the one project in a state that a flag or RECONCILER_STATE names, without its project file.

    For what needs the state alone, where no checkout is at hand: no manifest is looked at, no consumer known, and no
    secret read, unless the caller is a program that sends and ``reads_secrets`` of its own environment and files below
    ``root``. Raises as ``only_project`` does.
    """
    from reconciler.store import only_project

    url, named_by = state_of(state, environ, "")
    key = only_project(url, base=root.absolute())
    name, _ = split_key(key)
    project = Project.model_validate(
        _document_of(name) | ({"secrets": _ANY_SECRET} if reads_secrets else {}), by_name=False
    )
    return Workspace(
        root=root.absolute(),
        project_file=(root / PROJECT_FILE).absolute(),
        project=project.model_copy(update={"metadata": project.metadata.model_copy(update={"name": key})}),
        state_url=url,
        operator=None,
        environ=environ,
        now=now,
        is_project_trusted=reads_secrets,
        state_named_by=named_by,
    )


def _document_of(name: str) -> dict[str, object]:
    return {"apiVersion": "reconciler/v1", "kind": "Project", "metadata": {"name": name}}
