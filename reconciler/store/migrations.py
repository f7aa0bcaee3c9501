"""Migrations: from the tables of one version to those of the next, all in one transaction, after a copy was kept.

A migration is a function over a connection under the write lock. It changes the tables, and no row that the journal
vouches for. To add one: raise ``SCHEMA_VERSION``, put the function into ``MIGRATIONS`` under the version that it
starts from, and keep the old tables as SQL beside the tests, as those of version 1 are.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, select

from reconciler.store import schema
from reconciler.store.copies import keep_copy
from reconciler.store.digests import new_salt
from reconciler.store.opening import database_at
from reconciler.store.transaction import Transaction

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime
    from pathlib import Path


def _add_manifest(connection: Connection) -> None:
    """Add the file that an account was recorded from; null, which is unknown, for those recorded before."""
    connection.exec_driver_sql("ALTER TABLE accounts ADD COLUMN manifest TEXT")


MIGRATIONS: Mapping[int, Callable[[Connection], None]] = {1: _add_manifest}
"""By the version that it starts from. Their SQL is of the kind that every database here takes."""


@dataclass(frozen=True, kw_only=True)
class MigrationOrder:
    """What the journal's entries tell, and when."""

    payload: dict[str, Any] = field(default_factory=dict)
    at: datetime
    make_salt: Callable[[], str] = new_salt


@dataclass(frozen=True, slots=True)
class Migrated:
    """What came of a migration."""

    before: int
    after: int
    kept: Path | None
    """The copy of the state as it was; None where there was nothing to do."""


def migrate_state(url: str, *, base: Path, order: MigrationOrder) -> Migrated:
    """Bring a database, and all projects in it, to the version that this reconciler works with.

    Raises ``StateMissing``, ``GuardRefused`` for a newer one, ``StateUnavailable``; then nothing was changed.
    """
    database = database_at(url, base=base)
    if database.read_version() == schema.SCHEMA_VERSION:
        return Migrated(schema.SCHEMA_VERSION, schema.SCHEMA_VERSION, None)
    with database.writing() as connection:
        database.require_integrity(connection)
        before = database.read_version()
        if before == schema.SCHEMA_VERSION:  # somebody else was quicker
            return Migrated(before, before, None)
        kept = keep_copy(database, word=f"version-{before}", at=order.at)
        database.begin_migration(connection)
        for version in range(before, schema.SCHEMA_VERSION):
            MIGRATIONS[version](connection)
        database.end_migration(connection, schema.SCHEMA_VERSION)
        payload = {**order.payload, "before": before, "after": schema.SCHEMA_VERSION}
        for project in sorted(connection.execute(select(schema.PROJECTS.c.project)).scalars()):
            transaction = Transaction(connection, project, make_salt=order.make_salt)
            transaction.append_journal("migrate", payload, at=order.at)
            transaction.end()
    return Migrated(before, schema.SCHEMA_VERSION, kept)
