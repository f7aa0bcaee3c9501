"""What every operation works in: the project, where its files and state are, the clock and the environment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reconciler.errors import InvalidInput
from reconciler.manifests import read_project
from reconciler.model.text import check_email
from reconciler.secrets import SecretReader, load_fingerprint_key
from reconciler.store import open_store, sqlite_path

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime
    from pathlib import Path

    from reconciler.model.project import Project
    from reconciler.model.secrets import FingerprintKey
    from reconciler.store import Store


@dataclass(frozen=True, kw_only=True)
class Workspace:
    """A project as one command sees it."""

    root: Path
    """The project folder: manifests, private CAs and secret files lie below it."""
    project_file: Path
    project: Project
    state_url: str
    operator: str | None
    """Who receives test messages."""
    environ: Mapping[str, str]
    now: Callable[[], datetime]
    """The time, in UTC."""

    def open_store(self) -> Store:
        """Open the state; raise ``StateMissing`` where there is none."""
        return open_store(self.state_url, base=self.project_file.parent, project=self.project.metadata.name)

    @property
    def state_file(self) -> Path | None:
        """The SQLite file of the state; None for another kind of database."""
        return sqlite_path(self.state_url, base=self.project_file.parent)

    def secret_reader(self) -> SecretReader:
        """Return a reader of secrets, to be used for one run."""
        allowed = [entry if isinstance(entry, str) else entry.secret for entry in self.project.secrets.allow]
        return SecretReader(self.root, self.environ, allowed=allowed)

    def fingerprint_key(self, reader: SecretReader) -> FingerprintKey | None:
        """Return the key of fingerprints, None where there is none."""
        return load_fingerprint_key(reader, self.project.secrets.fingerprint_key, state_file=self.state_file)


def open_workspace(
    root: Path,
    *,
    project_file: Path | None,
    state: str | None,
    operator: str | None,
    environ: Mapping[str, str],
    now: Callable[[], datetime],
) -> Workspace:
    """Read the project file and settle what flags, environment and file say, in this order of precedence."""
    path = project_file or root / "reconciler.yaml"
    project = read_project(path).project
    declared = project.operator.email if project.operator else None
    chosen = operator or environ.get("RECONCILER_OPERATOR") or declared
    if chosen is not None and (problem := check_email(chosen)) is not None:
        raise InvalidInput(problem)
    return Workspace(
        root=root.absolute(),
        project_file=path.absolute(),
        project=project,
        state_url=state or environ.get("RECONCILER_STATE") or project.state,
        operator=chosen,
        environ=environ,
        now=now,
    )
