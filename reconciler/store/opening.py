"""Making a state, and opening one that exists."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.diagnostics import error
from reconciler.errors import StateMissing
from reconciler.store.address import require_sqlite_path
from reconciler.store.digests import Row, time_text

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from sqlalchemy import Connection

    from reconciler.store.store import Store

BUSY_TIMEOUT_SECONDS = 30.0
"""How long to wait for another process to finish its write."""


def create_state(
    url: str, *, base: Path, project: str, lineage: str, fingerprint_key_id: str | None, at: datetime
) -> bool:
    """Make the state of a project; False where it is there already, and then nothing is changed.

    Makes the file (for the owner alone), its folder and tables where they are missing; other projects in the same
    file stay as they are. Raises ``InvalidInput``, ``StateUnavailable``, or ``GuardRefused`` for a newer file.
    """
    from reconciler.store.sqlite import SqliteFile

    row = {
        "project": project,
        "lineage": lineage,
        "serial": 0,
        "fingerprint_key_id": fingerprint_key_id,
        "created_at": time_text(at),
    }
    database = SqliteFile(require_sqlite_path(url, base=base))
    if not database.is_there() and database.create(lambda connection: _insert_project(connection, row)):
        return True
    database.check_identity()
    with database.writing() as connection:
        if _has_project(connection, project):
            return False
        _insert_project(connection, row)
    return True


def open_store(url: str, *, base: Path, project: str, busy_timeout_seconds: float = BUSY_TIMEOUT_SECONDS) -> Store:
    """Open the state of a project; never make anything.

    A relative SQLite path is relative to ``base``. Raises ``StateMissing`` where the file or the project in it is
    absent, ``InvalidInput`` for an address that is none, ``GuardRefused`` for a newer state, ``StateUnavailable``.
    """
    from reconciler.store.sqlite import SqliteFile, missing_text
    from reconciler.store.store import Store

    database = SqliteFile(require_sqlite_path(url, base=base), busy_timeout_seconds=busy_timeout_seconds)
    database.check_identity()
    with database.reading() as connection:
        if not _has_project(connection, project):
            fact = f"The state {database.path} holds no project named {project}."
            raise StateMissing(error("stateMissing", missing_text(fact), subject=project))
    return Store(database, project)


def _has_project(connection: Connection, project: str) -> bool:
    from reconciler.store.schema import PROJECTS

    found = connection.execute(PROJECTS.select().where(PROJECTS.c.project == project)).first()
    return found is not None


def _insert_project(connection: Connection, row: Row) -> None:
    from reconciler.store.schema import PROJECTS

    connection.execute(PROJECTS.insert(), row)
