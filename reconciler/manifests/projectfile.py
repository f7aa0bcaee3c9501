"""The project file, ``reconciler.yaml``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.classes import Frozen
from reconciler.diagnostics import Location, error
from reconciler.errors import InvalidInput
from reconciler.files import read_regular_file, reason_of
from reconciler.manifests.validated import validated
from reconciler.model.defaults import PROJECT_SCHEMA
from reconciler.model.project import Project
from reconciler.yamlsource import MAX_FILE_OCTETS, read_documents

if TYPE_CHECKING:
    from pathlib import Path

    from reconciler.yamlsource import YamlDocument


class ProjectFile(Frozen):
    """The project, and the places of its parts in the file."""

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
            f"There is no project file {file}.{_called_otherwise(path)} Run the command in the project folder or below it, or name the folder "
            "with --project-dir. To begin a project here, with its files and its state:\n"
            "    reconciler init"
        )
        raise InvalidInput(error("projectMissing", detail)) from None
    except OSError as failure:
        detail = f"The project file cannot be read: {reason_of(failure)}."
        raise InvalidInput(error("fileUnreadable", detail, location=Location(file))) from None
    return parse_project(octets, file)


def _called_otherwise(path: Path) -> str:
    """Return a sentence on a file beside it that is called nearly so, with a leading space; empty where there is none."""
    for name in (path.with_suffix(".yml").name, path.name.title(), path.name.upper(), f"{path.name}.txt"):
        if path.with_name(name).is_file():
            return f" {name} is not read: if that is meant, call it {path.name}."
    return ""


def parse_project(octets: bytes, file: str) -> ProjectFile:
    """Return the project of a file's content; raise ``InvalidInput`` with every problem of it."""
    read = read_documents(octets, file=file)
    if read.problems:
        raise InvalidInput(read.problems)
    if len(read.documents) != 1:
        detail = f"The project file must hold exactly one document; it holds {len(read.documents)}."
        raise InvalidInput(error("notAMapping", detail, location=Location(file)))
    document = read.documents[0]
    project, problems = validated(document, Project, PROJECT_SCHEMA, subject=None)
    if project is None:
        raise InvalidInput(problems)
    return ProjectFile(project, document, file)
