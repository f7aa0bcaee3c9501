"""What ``init`` writes: a project file, an example manifest, rules for git, and a pipeline for CI."""

from reconciler.scaffold.project import CISystem, Scaffolded, ci_system_of, project_name, write_project

__all__ = ["CISystem", "Scaffolded", "ci_system_of", "project_name", "write_project"]
