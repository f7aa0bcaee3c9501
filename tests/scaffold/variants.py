"""Every kind of pipeline that ``init`` writes."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Literal

from reconciler.scaffold.pipelines import Pipeline

if TYPE_CHECKING:
    from reconciler.scaffold.pipelines import Approval, StateKind

STATES: dict[str, tuple[StateKind, dict[str, StateKind]]] = {
    "file": ("sqlite", {}),
    "database": ("postgresql", {}),
    "environments-in-files": ("sqlite", {"staging": "sqlite", "production": "sqlite"}),
    "environments-in-databases": ("sqlite", {"staging": "postgresql", "production": "postgresql"}),
    "environments-in-both": ("sqlite", {"staging": "sqlite", "production": "postgresql"}),
    "one-environment": ("sqlite", {"production": "sqlite"}),
}

_APPROVALS: tuple[tuple[Literal["github", "gitlab"], Approval], ...] = (
    ("github", "environments"),
    ("github", "comments"),
    ("gitlab", "environments"),
)

VARIANTS: dict[str, Pipeline] = {
    f"{ci}-{approval}-{folder}-{kind}": Pipeline(
        ci=ci, project="mail", folder=folder, state=state, environments=environments, approval=approval
    )
    for (ci, approval), folder, (kind, (state, environments)) in itertools.product(
        _APPROVALS, (".", "eu/mail"), STATES.items()
    )
}
