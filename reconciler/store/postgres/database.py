"""PostgreSQL: connections, locks, transactions, making the tables, copies, and failures in plain sentences.

Everything that is true of PostgreSQL alone is here. The tables lie in a schema of their own, with one more that says
what they are. Every transaction sees one snapshot (REPEATABLE READ); a write takes a lock over the whole schema before
its snapshot, so that what it compares is what the last writer left. Locks and settings end with the transaction, so a
pool that shares connections between transactions, such as PgBouncer, may stand between.
"""

from __future__ import annotations

import shlex
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING

import psycopg

from reconciler.store import schema
from reconciler.store.database import state_missing, state_newer, state_older, state_unavailable
from reconciler.store.postgres.connection import PostgresConnection, opened
from reconciler.store.postgres.failures import UNKNOWN_OUTCOME, statement_sentence
from reconciler.store.postgres.faults import guard_faults, view_faults
from reconciler.store.postgres.guards import FORMAT_TABLE, LOCK_TABLE, TRIGGERS, lift_guards, make_guards, set_guards
from reconciler.store.postgres.obstacles import hiding, standing_in, swallowing
from reconciler.store.postgres.strangers import planted
from reconciler.store.senders import QUERY_IN_POSTGRES, VIEW
from reconciler.store.sql import first_value
from reconciler.store.sqlite.database import SqliteFile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from reconciler.errors import StateUnavailable
    from reconciler.store.postgres.address import PostgresAddress
    from reconciler.store.postgres.obstacles import Obstacle
    from reconciler.store.sql import Connection

APPLICATION = "reconciler"
COPIES = ".reconciler/postgresql.db"
"""The path below the project folder that the copies of restore and migrate are named after."""
IDLE_SECONDS = 120
"""How long a write may sit still before the server ends it: a stopped process must not hold the lock."""
_FIRST_WITH_LOCK_TABLE = 4
_CREATION_LOCK = 0x52434E4C
"""The advisory lock for making the tables: before they are there, there is no table to lock."""

_FORMATS = schema.Table(
    FORMAT_TABLE, {"application": "TEXT", "version": "INTEGER NOT NULL"}, key=("application",), refers=()
)
_LOOK = """
    SELECT pg_catalog.has_schema_privilege(n.oid, 'USAGE'),
           (SELECT count(*) FROM pg_catalog.pg_class c WHERE c.relnamespace = n.oid),
           (SELECT count(*) FROM pg_catalog.pg_class c
             WHERE c.relnamespace = n.oid AND c.relname = :format_table AND c.relkind = 'r')
      FROM pg_catalog.pg_namespace n WHERE n.nspname = :schema_name
"""
_COLUMNS = """
    SELECT c.relname, a.attname FROM pg_catalog.pg_attribute a
      JOIN pg_catalog.pg_class c ON c.oid = a.attrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = :schema_name AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped
"""
_NOT_OURS = """
    SELECT count(*) FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = :schema_name AND c.relname = ANY (:names) AND NOT pg_catalog.pg_has_role(c.relowner, 'USAGE')
"""


class PostgresSchema:
    """One schema of a PostgreSQL database as a place for states. Holds no connection between uses."""

    def __init__(self, address: PostgresAddress, *, base: Path, busy_timeout_seconds: float) -> None:
        """Take the address, and the project folder, below which copies are kept; nothing is connected yet."""
        self._address = address
        self._copies = base / COPIES
        self._busy_milliseconds = max(1, round(busy_timeout_seconds * 1000))

    @property
    def shown(self) -> str:
        """The address without user, password and options."""
        return self._address.shown

    @property
    def copies(self) -> Path:
        """The path below the project folder that copies are named after."""
        return self._copies

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Hand out a connection that sees one snapshot; nothing can be written through it."""
        with self.reading_part() as connection:
            self._refuse_other_rows(connection, writes=False)
            yield connection

    def reading_part(self) -> AbstractContextManager[Connection]:
        """Hand out a connection as ``reading`` does, also where row-level security hides rows from the user."""
        return self._transaction(is_read_only=True)

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Hand out a connection that holds the write lock; commit at the end, roll back on any exception.

        Where the connection is lost while the commit is under way, ``StateUnavailable`` says that its outcome is not
        known.
        """
        with self._locking(LOCK_TABLE) as connection:
            own = {(each.table, name) for name, each in TRIGGERS.items()}
            self._refuse(swallowing(connection, self._address.schema, own))
            yield connection

    def migrating(self, version: int) -> AbstractContextManager[Connection]:
        """Hand out a connection as ``writing`` does, to tables of an earlier version: before 4 they had no lock table."""
        return self._locking(LOCK_TABLE if version >= _FIRST_WITH_LOCK_TABLE else FORMAT_TABLE)

    @contextmanager
    def rewriting(self, connection: Connection) -> Iterator[None]:
        """Lift the guards of this transaction while the block lasts; only the owner of the tables may."""
        lift_guards(connection)
        yield
        set_guards(connection)

    @contextmanager
    def _locking(self, lock_table: str) -> Iterator[Connection]:
        with self._transaction(f"LOCK TABLE {lock_table} IN EXCLUSIVE MODE") as connection:
            self._refuse_planted(connection)
            self._refuse_other_rows(connection, writes=True)
            yield connection
            self._commit(connection)

    def is_there(self) -> bool:
        """Tell whether the schema holds anything; raise ``StateUnavailable`` where it cannot be looked into."""
        with self.reading_part() as connection:
            found = self._look(connection)
        return found is not None and found[1] > 0

    def is_damaged(self) -> bool:
        """Return False: a damaged server has to be mended there, and its files cannot be set aside from here."""
        return False

    def check_identity(self) -> None:
        """Raise unless the schema holds a state that this version reads; see ``Database``."""
        version = self.read_version()
        if version < schema.SCHEMA_VERSION:
            raise state_older(self.shown, version, known=schema.SCHEMA_VERSION)

    def read_version(self) -> int:
        """Return the version of the tables; raise as ``check_identity`` does, but not for an older state."""
        with self.reading_part() as connection:
            found = self._look(connection)
            if found is None or found[1] == 0:
                raise state_missing(f"There are no tables of reconciler in {self.shown}.")
            may_be_used, _, format_tables = found
            if not format_tables:
                raise self._not_ours()
            if not may_be_used:
                denied = psycopg.errors.InsufficientPrivilege(f"permission denied for schema {self._address.schema}")
                raise self.refuse(statement_sentence(denied))
            version = self._version(connection)
        if version > schema.SCHEMA_VERSION:
            raise state_newer(self.shown, version, known=schema.SCHEMA_VERSION)
        return version

    @contextmanager
    def checking_integrity(self, connection: Connection) -> Iterator[None]:
        """Look for what is missing before the block runs, which takes no time."""
        self.require_integrity(connection)
        yield

    def require_integrity(self, connection: Connection) -> None:
        """Raise ``StateUnavailable`` where a table or column is missing.

        Damaged pages are the server's care (data_checksums): it reports them when it reads them, and a check of the
        journal reads every row.
        """
        if self._version(connection) < schema.SCHEMA_VERSION:
            return
        if self._tables_as_found(connection) != schema.TABLES:
            raise self.refuse(statement_sentence(psycopg.errors.UndefinedTable()))

    def faults(self, connection: Connection) -> tuple[str, ...]:
        """Return, as sentences, which guards do not stand as they were made, and whether the view tells what is."""
        found = planted(connection, self._address.schema)
        return (*guard_faults(connection, self._address.schema, found), *(() if found else view_faults(connection)))

    def create(self, fill: Callable[[Connection], None]) -> bool:
        """Make the schema where it is missing, the tables, and what ``fill`` adds, in one transaction.

        Returns False where there are tables already, also where another process has made them meanwhile.
        """
        # Whoever waited for the lock must see the tables that its holder made, so no snapshot spans this transaction.
        waits = f"SELECT pg_catalog.pg_advisory_xact_lock({_CREATION_LOCK})"
        with self._transaction(waits, sees_latest=True) as connection:
            found = self._look(connection)
            if found is not None and found[1] > 0:
                return False
            self._require_utf8(connection)
            self._refuse_planted(connection)
            if found is None:
                connection.execute(f"CREATE SCHEMA {self._address.schema}")
            schema.make_tables(connection, (*schema.TABLES, _FORMATS))
            connection.execute(_FORMATS.adding, {"application": APPLICATION, "version": schema.SCHEMA_VERSION})
            fill(connection)
            self._make_beside(connection)
            self._commit(connection)
        return True

    def copy_to(self, path: Path, *, replaces: bool = False) -> None:
        """Write what is recorded now to a SQLite file; see ``Database``."""
        version = self.read_version()
        with SqliteFile(path).appearing(replaces=replaces) as unfinished, self.reading() as connection:
            tables = schema.TABLES if version == schema.SCHEMA_VERSION else self._tables_as_found(connection)
            SqliteFile(unfinished, known_as=path).fill(
                lambda copy: schema.carry_rows(connection, copy, tables), tables=tables, version=version
            )

    def compact(self) -> None:
        """Have the server write the tables anew, without rows that were deleted or replaced.

        Raises ``StateUnavailable`` where the user does not own the tables: the server would skip them silently.
        """
        names = [each.name for each in schema.TABLES]
        listed = ", ".join(f"{self._address.schema}.{name}" for name in names)
        with self.reading() as connection:
            wanted = {"schema_name": self._address.schema, "names": names}
            if first_value(connection, _NOT_OURS, wanted):
                raise self.refuse(
                    "may be written anew by only the owner of its tables. Have the owner run\n"
                    f"    VACUUM (FULL) {listed};"
                )
        with self._connected() as connection:
            # VACUUM cannot run inside a transaction, so its settings cannot be local to one and are taken back.
            connection.driver.autocommit = True
            connection.execute(f"SET lock_timeout = {self._busy_milliseconds}")
            connection.execute(f"VACUUM (FULL) {listed}")
            connection.execute("RESET lock_timeout")

    def begin_migration(self, connection: Connection) -> None:
        """Do nothing: references are looked at statement by statement."""

    def end_migration(self, connection: Connection, version: int) -> None:
        """Note the version of the tables, and make anew what stands beside them."""
        connection.execute(_FORMATS.changing(("version",)), {"application": APPLICATION, "version": version})
        self._make_beside(connection)

    def _make_beside(self, connection: Connection) -> None:
        # With the rights of the view's owner: who may read it needs no right on what it is made of. Of columns that it has
        # had nothing is taken away, so that grants stay.
        connection.execute(f"CREATE OR REPLACE VIEW {VIEW} AS {QUERY_IN_POSTGRES}")
        make_guards(connection, self._address.schema)

    def refuse(self, sentence: str) -> StateUnavailable:
        """Return the failure to raise, naming the database."""
        return state_unavailable(self.shown, sentence)

    @contextmanager
    def _transaction(
        self, beginning: str = "", *, is_read_only: bool | None = None, sees_latest: bool = False
    ) -> Iterator[PostgresConnection]:
        """Begin a transaction: settings, then ``beginning``, a statement that like them takes no snapshot.

        ``sees_latest`` lets each later statement see what others have committed meanwhile.
        """
        level = psycopg.IsolationLevel.READ_COMMITTED if sees_latest else psycopg.IsolationLevel.REPEATABLE_READ
        settings = {
            # What temporary tables hold is looked at last, not first.
            "search_path": f"{self._address.schema}, pg_temp",
            # Definitions are compared with how PostgreSQL tells them.
            "quote_all_identifiers": "off",
            "lock_timeout": self._busy_milliseconds,
            # Who reads holds nobody up, and may take time over what was read.
            "idle_in_transaction_session_timeout": 0 if is_read_only else IDLE_SECONDS * 1000,
        }
        statements = [f"SET LOCAL {name} = {value}" for name, value in settings.items()]
        with self._connected() as connection:
            connection.driver.isolation_level, connection.driver.read_only = level, is_read_only
            connection.execute("; ".join([*statements, beginning] if beginning else statements))
            yield connection

    def _commit(self, connection: PostgresConnection) -> None:
        try:
            connection.driver.commit()
        except psycopg.Error:
            if connection.driver.closed:
                raise self.refuse(UNKNOWN_OUTCOME) from None
            raise

    @contextmanager
    def _connected(self) -> Iterator[PostgresConnection]:
        """Hand out a connection; what has not been committed at the end is undone."""
        driver = opened(self._address)
        if isinstance(driver, str):
            raise self.refuse(driver)
        connection, sentence = PostgresConnection(driver), None
        try:
            yield connection
        except psycopg.Error as failure:
            sentence = statement_sentence(failure, connection.statement)
        finally:
            with suppress(psycopg.Error):
                driver.rollback()
            driver.close()
        if sentence is not None:  # outside of the handler: the frames of the driver hold what was handed to it
            raise self.refuse(sentence)

    def _look(self, connection: Connection) -> tuple[bool, int, int] | None:
        """Return whether the schema may be used, how much it holds, and how many format tables; None: no schema."""
        names = {"schema_name": self._address.schema, "format_table": FORMAT_TABLE}
        row = connection.execute(_LOOK, names).fetchone()
        return None if row is None else (bool(row[0]), int(row[1]), int(row[2]))

    def _version(self, connection: Connection) -> int:
        rows = connection.execute(_FORMATS.reading(_FORMATS.columns, of_all=True)).fetchall()
        if len(rows) != 1 or rows[0][0] != APPLICATION or rows[0][1] < 1:
            raise self._not_ours()
        version: int = rows[0][1]
        return version

    def _not_ours(self) -> StateUnavailable:
        return self.refuse(
            f"is a database whose schema {self._address.schema} holds something else than a state of reconciler. Check "
            "the address of the state, or choose another schema with ?schema=NAME."
        )

    def _refuse_planted(self, connection: Connection) -> None:
        found = planted(connection, self._address.schema)
        if found:
            raise self.refuse(
                f"was not written to: {found[0].called} is not reconciler's, and would run in the place of PostgreSQL's own, "
                f"with your rights. Nothing was changed. Find out who made it, and take it away:\n    {found[0].removal};"
            )

    def _refuse_other_rows(self, connection: Connection, *, writes: bool) -> None:
        """Refuse where what is read, or written, would be other rows than those of the state, or not all of them."""
        self._refuse(standing_in(connection, self._address.schema))
        self._refuse(
            hiding(connection, self._address.schema, writes=writes),
            "Accounts can be listed, shown and resolved so. For anything else name a user that sees every row. ",
        )

    def _refuse(self, found: Obstacle | None, way_round: str = "") -> None:
        if found is not None:
            cure = f":\n    {found.cure};" if found.cure else "."
            raise self.refuse(f"{found.told}. Nothing was changed. {way_round}{found.advice}{cure}")

    def _require_utf8(self, connection: Connection) -> None:
        encoding = first_value(connection, "SHOW server_encoding")
        if encoding != "UTF8":
            name = first_value(connection, "SELECT current_database()")
            raise self.refuse(
                f"cannot be made: the database {name} keeps text as {encoding}, which not every name can be written in. Make "
                "another one, and name that in the address of the state:\n    createdb --template template0 --encoding UTF8 "
                f"{shlex.quote(f'{name}_utf8')}"
            )

    def _tables_as_found(self, connection: Connection) -> tuple[schema.Table, ...]:
        """Return the tables with those of their columns that are there: in an earlier format some are not."""
        columns: dict[str, set[str]] = {}
        for name, column in connection.execute(_COLUMNS, {"schema_name": self._address.schema}):
            columns.setdefault(name, set()).add(column)
        return tuple(
            replace(each, columns={name: kind for name, kind in each.columns.items() if name in columns[each.name]})
            for each in schema.TABLES
            if each.name in columns
        )
