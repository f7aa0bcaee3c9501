"""The project file, ``reconciler.yaml``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reconciler.diagnostics import Location, error
from reconciler.errors import InvalidInput
from reconciler.files import read_regular_file, reason_of
from reconciler.manifests.documents import validated
from reconciler.model.project import Project
from reconciler.model.schema.schemas import project_schema
from reconciler.yamlsource import MAX_FILE_OCTETS, read_documents

if TYPE_CHECKING:
    from pathlib import Path

    from reconciler.yamlsource import YamlDocument


@dataclass(frozen=True, slots=True)
class ProjectFile:
    """The project, and where each part of it is written."""

    project: Project
    locator: YamlDocument
    file: str


def read_project(path: Path) -> ProjectFile:
    """Return the project of a file; raise ``InvalidInput`` with every problem of it."""
    file = path.as_posix()
    try:
        octets = read_regular_file(path, MAX_FILE_OCTETS)
    except FileNotFoundError:
        detail = (
            f"There is no project file {file}. Run the command in the project folder, or name the folder with "
            "--project-dir. To begin a project here, with its files and its state:\n"
            "    reconciler init"
        )
        raise InvalidInput(error("projectMissing", detail)) from None
    except OSError as failure:
        detail = f"The project file cannot be read: {reason_of(failure)}."
        raise InvalidInput(error("fileUnreadable", detail, location=Location(file))) from None
    read = read_documents(octets, file=file)
    if read.problems:
        raise InvalidInput(read.problems)
    if len(read.documents) != 1:
        detail = f"The project file must hold exactly one document; it holds {len(read.documents)}."
        raise InvalidInput(error("notAMapping", detail, location=Location(file)))
    document = read.documents[0]
    project, problems = validated(document, Project, project_schema, subject=None)
    if project is None:
        raise InvalidInput(problems)
    return ProjectFile(project, document, file)
