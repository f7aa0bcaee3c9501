"""Making a state, and opening one that exists; here an address decides which database it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.store import failures
from reconciler.store.address import sqlite_path
from reconciler.store.database import BUSY_TIMEOUT_SECONDS
from reconciler.store.digests import Row, time_text

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from sqlalchemy import Connection

    from reconciler.store.database import Database
    from reconciler.store.store import Store


def database_at(url: str, *, base: Path, busy_timeout_seconds: float | None = None) -> Database:
    """Return the database of an address; nothing is opened yet. Raises ``InvalidInput`` for an address that is none.

    A relative SQLite path is relative to ``base``; copies of a PostgreSQL state are kept below it.
    """
    path = sqlite_path(url, base=base)
    seconds = BUSY_TIMEOUT_SECONDS if busy_timeout_seconds is None else busy_timeout_seconds
    if path is not None:
        from reconciler.store.sqlite.database import SqliteFile

        return SqliteFile(path, busy_timeout_seconds=seconds)
    from reconciler.store.postgres.address import postgres_address
    from reconciler.store.postgres.database import PostgresSchema

    return PostgresSchema(postgres_address(url), base=base, busy_timeout_seconds=seconds)


def create_state(
    url: str, *, base: Path, project: str, lineage: str, fingerprint_key_id: str | None, at: datetime
) -> bool:
    """Make the state of a project; False where it is there already, and then nothing is changed.

    Makes the file (for the owner alone), its folder, or the schema, and tables where they are missing; other projects
    in the same database stay as they are. Raises ``InvalidInput``, ``StateUnavailable``, or ``GuardRefused`` for a
    newer one.
    """
    row = {
        "project": project,
        "lineage": lineage,
        "serial": 0,
        "fingerprint_key_id": fingerprint_key_id,
        "created_at": time_text(at),
    }
    database = database_at(url, base=base)
    if not database.is_there() and database.create(lambda connection: _insert_project(connection, row)):
        return True
    database.check_identity()
    with database.writing() as connection:
        if has_project(connection, project):
            return False
        _insert_project(connection, row)
    return True


def open_store(url: str, *, base: Path, project: str, busy_timeout_seconds: float | None = None) -> Store:
    """Open the state of a project; never make anything. A writer waits ``BUSY_TIMEOUT_SECONDS`` unless told.

    A relative SQLite path is relative to ``base``. Raises ``StateMissing`` where the database or the project in it is
    absent, ``InvalidInput`` for an address that is none, ``GuardRefused`` for a newer state, ``StateUnavailable``.
    """
    from reconciler.store.store import Store

    database = database_at(url, base=base, busy_timeout_seconds=busy_timeout_seconds)
    database.check_identity()
    with database.reading() as connection:
        if not has_project(connection, project):
            fact = f"The state {database.shown} holds no project named {project}."
            raise failures.missing(fact, subject=project)
    return Store(database, project)


def has_project(connection: Connection, project: str) -> bool:
    """Tell whether a database whose tables are there holds the state of a project."""
    from reconciler.store.schema import PROJECTS

    found = connection.execute(PROJECTS.select().where(PROJECTS.c.project == project)).first()
    return found is not None


def _insert_project(connection: Connection, row: Row) -> None:
    from reconciler.store.schema import PROJECTS

    connection.execute(PROJECTS.insert(), row)
