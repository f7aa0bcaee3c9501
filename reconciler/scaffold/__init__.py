"""What ``init`` writes: project file, example manifest, schemas for editors, rules for git, pipeline and code owners."""

from reconciler.scaffold.pipelines import Approval, CISystem, StateKind
from reconciler.scaffold.project import Scaffolded, add_pipeline, ci_system_of, project_name, write_project

__all__ = [
    "Approval",
    "CISystem",
    "Scaffolded",
    "StateKind",
    "add_pipeline",
    "ci_system_of",
    "project_name",
    "write_project",
]
