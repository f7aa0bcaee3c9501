"""What a project file says of the place of its files, read without the model of a project.

The premise: to import that model takes longer than to look at ten thousand files, and a plan that is told again needs
nothing else of it. Only a file of which nothing else can count for that is taken at a glance; it is not checked, so what is
told again must rest on the very octets that were checked once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.classes import Frozen
from reconciler.files import read_regular_file
from reconciler.model.defaults import MANIFESTS, STATE
from reconciler.model.verification.depths import DEPTHS, OF_PLANS
from reconciler.yamlsource import MAX_FILE_OCTETS, read_documents

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from reconciler.model.verification.depths import Depth

_DECIDE_MORE = ("environments", "consumers")
"""Fields that make a plan hang on more than the manifests, the state and the secrets."""


class ProjectGlance(Frozen):
    """Where a project's files are, as far as its own file says so."""

    name: str
    manifests: str
    state: str
    plan_depth: Depth
    operator: str | None


def project_at_a_glance(path: Path) -> ProjectGlance | None:
    """Return what a project file says of its files; None where more of it counts, or where it has to be checked first.

    Nothing is raised.
    """
    try:
        read = read_documents(read_regular_file(path, MAX_FILE_OCTETS), file=path.as_posix())
    except (OSError, ValueError):
        return None
    if read.problems or len(read.documents) != 1:
        return None
    project = read.documents[0].value
    if (
        not isinstance(project, dict)
        or any(field in project for field in _DECIDE_MORE)
        or "fingerprintKey" in _mapping(project, "secrets")
    ):
        return None
    name = _mapping(project, "metadata").get("name")
    operator = _mapping(project, "operator").get("email")
    manifests, state = project.get("manifests", MANIFESTS), project.get("state", STATE)
    depth = _mapping(_mapping(project, "verification"), "depth").get("plan", OF_PLANS)
    if not (isinstance(name, str) and isinstance(manifests, str) and isinstance(state, str)):
        return None
    if not (operator is None or isinstance(operator, str)) or depth not in DEPTHS:
        return None
    return ProjectGlance(name=name, manifests=manifests, state=state, operator=operator, plan_depth=depth)


def _mapping(document: Mapping[str, object], field: str) -> Mapping[str, object]:
    value = document.get(field)
    return value if isinstance(value, dict) else {}
