"""What ``init`` writes: project file, example manifest, schemas for editors, rules for git, pipeline and code owners."""

from reconciler.scaffold.project import (
    Approval,
    CISystem,
    Scaffolded,
    StateKind,
    ci_system_of,
    project_name,
    write_project,
)

__all__ = ["Approval", "CISystem", "Scaffolded", "StateKind", "ci_system_of", "project_name", "write_project"]
