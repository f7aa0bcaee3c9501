"""Making a state, and opening one that exists; here an address decides which database it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler import POSTGRES_DISTRIBUTION
from reconciler.characters import one_line
from reconciler.diagnostics import enumerated, error
from reconciler.errors import GuardRefused, InvalidInput, StateUnavailable
from reconciler.model.text.projectkeys import split_key
from reconciler.store.address import sqlite_path
from reconciler.store.database import BUSY_TIMEOUT_SECONDS, state_missing
from reconciler.store.digests import Row, time_text

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from reconciler.store.database import Database
    from reconciler.store.sql import Connection
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
    try:
        import psycopg  # noqa: F401 - an extra, so it is asked for before those who take it as given
    except ImportError as failure:
        reason = "is not installed" if failure.name == "psycopg" else f"cannot be imported: {one_line(str(failure))}"
        detail = (
            f"The state is in PostgreSQL, and psycopg, by which it is reached, {reason}. Install reconciler with it, "
            f"where this command runs:\n    python -m pip install '{POSTGRES_DISTRIBUTION}'"
        )
        raise StateUnavailable(error("stateDriverMissing", detail)) from None
    from reconciler.store.postgres.address import postgres_address
    from reconciler.store.postgres.database import PostgresSchema

    return PostgresSchema(postgres_address(url), base=base, busy_timeout_seconds=seconds)


def create_state(
    url: str, *, base: Path, project: str, lineage: str, fingerprint_key_id: str | None, at: datetime
) -> bool:
    """Make the state of a project; return False, and change nothing, where it is there already.

    Makes the file (for the owner alone) with its folder, or the schema, and the tables, as far as they are missing;
    other projects in the same database stay as they are. Raises ``InvalidInput``, ``StateUnavailable``, or
    ``GuardRefused`` for a state of a later version.
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
        if project in projects_in(connection):
            return False
        _insert_project(connection, row)
    return True


def open_store(url: str, *, base: Path, project: str, busy_timeout_seconds: float | None = None) -> Store:
    """Open the state of a project; nothing is ever made.

    A relative SQLite path is relative to ``base``. Raises ``StateMissing`` where the database or the project in it
    is absent, ``InvalidInput`` for an address that is none, ``GuardRefused`` for a later version,
    ``StateUnavailable``.
    """
    from reconciler.store.store import Store

    database = database_at(url, base=base, busy_timeout_seconds=busy_timeout_seconds)
    database.check_identity()
    with database.reading_part() as connection:
        if project not in projects_in(connection):
            _require_no_sibling(connection, project, database.shown)
            fact = f"The state {database.shown} holds no project named {project}."
            raise state_missing(fact, subject=project)
    return Store(database, project)


def _require_no_sibling(connection: Connection, project: str, shown: str) -> None:
    """Raise ``GuardRefused`` where a database holds the same project of another environment, or of none."""
    name, wanted = split_key(project)
    found = [environment for each, environment in map(split_key, projects_in(connection)) if each == name]
    if not found:
        return
    whose = f"the environment {found[0]}" if found[0] is not None else "the project without environments"
    asked = f"the environment {wanted} was chosen" if wanted is not None else "no environment was chosen"
    detail = (
        f"The state {shown} is that of {name}, {whose}, and {asked}. Nothing was read from it or written. Check --env, and "
        "the address under environments in the project file, --state and RECONCILER_STATE."
    )
    if found[0] is None and wanted is not None:
        detail += (
            f" If this state was made before there were environments and is to go on as that of {wanted}, write in the "
            f"project file under environments.{wanted}:\n    adopted: true"
        )
    raise GuardRefused(error("environmentMismatch", detail, subject=project))


def only_project(url: str, *, base: Path) -> str:
    """Return the name of the one project in a database; raise as ``open_store`` does, ``InvalidInput`` for several."""
    database = database_at(url, base=base)
    database.check_identity()
    with database.reading() as connection:
        names = projects_in(connection)
    if not names:
        raise state_missing(f"The state {database.shown} holds no project.")
    if len(names) > 1:
        detail = (
            f"The state {database.shown} holds several projects: {enumerated(names)}. Name the project file of the one "
            "meant, before the command:\n    reconciler --project-file FILE …"
        )
        raise InvalidInput(error("projectMissing", detail))
    return str(names[0])


def projects_in(connection: Connection) -> list[str]:
    """Return the projects whose states a database holds."""
    return sorted(name for (name,) in connection.execute("SELECT project FROM projects"))


def _insert_project(connection: Connection, row: Row) -> None:
    from reconciler.store.schema import PROJECTS

    connection.execute(PROJECTS.adding, row)
