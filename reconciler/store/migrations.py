"""Migrations: from the tables of one version to those of the next, all in one transaction, after a copy was kept.

A migration is a function over a connection under the write lock. It changes the tables, and no row that the journal
vouches for. To add one: raise ``SCHEMA_VERSION``, put the function into ``MIGRATIONS`` under the version that it
starts from, and keep the old tables as SQL beside the tests, as those of version 1 are.
"""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING

from reconciler.classes import FrozenByName, dataclass
from reconciler.diagnostics import error
from reconciler.errors import GuardRefused
from reconciler.model.journal.payloads import MigratePayload
from reconciler.store import schema
from reconciler.store.copies import keep_copy
from reconciler.store.digests import new_salt
from reconciler.store.opening import database_at, projects_in
from reconciler.store.transaction import Transaction

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime
    from pathlib import Path

    from reconciler.store.database import Database
    from reconciler.store.sql import Connection


def _add_manifest(connection: Connection) -> None:
    """Add the file that an account was recorded from; null, which is unknown, for those recorded before."""
    connection.execute("ALTER TABLE accounts ADD COLUMN manifest TEXT")


def _add_publications(connection: Connection) -> None:
    """Add the MailServer's name and the private CA's PEM, null for accounts recorded before, and what consumers have."""
    connection.execute("ALTER TABLE accounts ADD COLUMN server TEXT")
    connection.execute("ALTER TABLE accounts ADD COLUMN ca_pem TEXT")
    schema.make_tables(connection, (schema.PUBLICATIONS,))


def _change_nothing(_: Connection) -> None:
    """Leave the tables as they are: what came with format 4 stands beside them, and ``end_migration`` makes it."""


MIGRATIONS: Mapping[int, Callable[[Connection], None]] = {1: _add_manifest, 2: _add_publications, 3: _change_nothing}
"""Migrations by the version that they start from; their SQL is the same in every database here."""


_WITHOUT_CA = "SELECT project, name FROM accounts WHERE ca_digest IS NOT NULL AND ca_pem IS NULL ORDER BY project, name"


class MigrationOrder(FrozenByName):
    """What the journal's entries tell, and when."""

    payload: MigratePayload = field(default_factory=MigratePayload)
    at: datetime
    make_salt: Callable[[], str] = new_salt


def _require_own_row(transaction: Transaction, project: str) -> None:
    """Refuse a project whose row or routes were altered: the entry of the migration would vouch for them."""
    problems = transaction.check_journal().state_problems
    if problems:
        detail = (
            f"Nothing was changed, because the journal would vouch for what was altered: {problems[0]} Restore a backup from "
            "before, or take the state as it is by --accept-altered, with the version of reconciler that wrote it, then "
            "migrate:\n    reconciler state restore FILE"
        )
        raise GuardRefused(error("stateAltered", detail, subject=project))


@dataclass(frozen=True, slots=True)
class Migrated:
    """What came of a migration."""

    before: int
    after: int
    kept: Path | None
    """The copy of the state as it was before; None where there was nothing to migrate."""
    without_ca: tuple[tuple[str, str], ...] = ()
    """Project and name of each account that names a private CA of which state keeps the digest alone."""
    made_anew: tuple[str, ...] = ()
    """What stood beside the tables otherwise than it was made, and was made anew, as sentences."""
    unguarded: tuple[str, ...] = ()
    """What stands so still, because something else is the cause."""


def _tell(connection: Connection, order: MigrationOrder, *, before: int, made_anew: tuple[str, ...] = ()) -> None:
    """Add an entry to the journal of each project."""
    payload = order.payload.model_copy(update={"before": before, "after": schema.SCHEMA_VERSION})
    if made_anew:
        payload = payload.model_copy(update={"made_anew": made_anew})
    for project in projects_in(connection):
        transaction = Transaction(connection, project, make_salt=order.make_salt)
        _require_own_row(transaction, project)
        transaction.append_journal("migrate", payload.document(), at=order.at)
        transaction.end()


def _made_anew(database: Database, order: MigrationOrder) -> Migrated:
    """Make anew what stands beside the tables otherwise than it was made, as far as that helps; tell what there was."""
    version = schema.SCHEMA_VERSION
    with database.reading() as connection:
        if not database.faults(connection):
            return Migrated(version, version, None)
    with database.migrating(version) as connection:
        found = database.faults(connection)
        database.end_migration(connection, version)
        left = database.faults(connection)
        made_anew = tuple(each for each in found if each not in left)
        if made_anew:
            _tell(connection, order, before=version, made_anew=made_anew)
    return Migrated(version, version, None, made_anew=made_anew, unguarded=left)


def migrate_state(url: str, *, base: Path, order: MigrationOrder) -> Migrated:
    """Bring a database, with all projects in it, to the version that this reconciler works with.

    Of one that is of that version, what guards it is made anew where it was altered, and the journal tells what was.
    Raises ``StateMissing``, ``GuardRefused`` for a state of a later version, or ``StateUnavailable``; then nothing
    was changed.
    """
    database = database_at(url, base=base)
    found = database.read_version()
    if found == schema.SCHEMA_VERSION:
        return _made_anew(database, order)
    with database.migrating(found) as connection:
        database.require_integrity(connection)
        before = database.read_version()
        if before == schema.SCHEMA_VERSION:  # somebody else was quicker
            return Migrated(before, before, None)
        kept = keep_copy(database, word=f"version-{before}", at=order.at)
        database.begin_migration(connection)
        for version in range(before, schema.SCHEMA_VERSION):
            MIGRATIONS[version](connection)
        database.end_migration(connection, schema.SCHEMA_VERSION)
        _tell(connection, order, before=before)
        without_ca = tuple(connection.execute(_WITHOUT_CA))
    return Migrated(before, schema.SCHEMA_VERSION, kept, without_ca)
