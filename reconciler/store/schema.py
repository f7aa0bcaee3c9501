"""The tables of a state, and the statements over all columns of one, in words that every database here understands.

Times are ISO 8601 text in UTC with Z, composed values canonical JSON text. Text that is hashed is stored as it
was hashed, so that a later version, whose models have more fields, still finds the digests that this one wrote.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from reconciler.classes import Frozen
from reconciler.store.sql import ROWS_AT_ONCE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from reconciler.store.sql import Connection

SCHEMA_VERSION = 4
"""Counts changes of these tables; a state of a greater one is refused."""

_RESERVED = frozenset({"commit"})
"""Columns that SQLite knows by another meaning. No other is in quotes: what is quoted and no column, it takes for text."""


class Table(Frozen):
    """A table, and statements that are made of the names of its columns alone."""

    name: str
    columns: Mapping[str, str]
    """What each column holds."""
    key: tuple[str, ...]
    refers: tuple[str, ...] = ("FOREIGN KEY(project) REFERENCES projects (project)",)
    beside: tuple[str, ...] = ()
    """What is made with the table."""

    @property
    def making(self) -> tuple[str, ...]:
        """The statements that make it."""
        columns = [f"{_shown(name)} {kind}" for name, kind in self.columns.items()]
        parts = ", \n\t".join((*columns, f"PRIMARY KEY ({', '.join(self.key)})", *self.refers))
        return (f"CREATE TABLE {self.name} (\n\t{parts}\n)", *self.beside)

    @property
    def adding(self) -> str:
        """The statement that adds a row."""
        columns = ", ".join(map(_shown, self.columns))
        return f"INSERT INTO {self.name} ({columns}) VALUES ({', '.join(f':{name}' for name in self.columns)})"

    def reading(self, columns: Iterable[str], *, of_all: bool = False) -> str:
        """Return the query for some columns of the rows of a project, or ``of_all``; conditions may follow."""
        whose = "" if of_all else " WHERE project = :project"
        return f"SELECT {', '.join(map(_shown, columns))} FROM {self.name}{whose}"

    def changing(self, columns: Iterable[str]) -> str:
        """Return the statement that writes some columns of the row with a key."""
        set_to = ", ".join(f"{_shown(name)} = :{name}" for name in columns)
        return f"UPDATE {self.name} SET {set_to}{_where(self.key)}"

    @property
    def removing(self) -> str:
        """The statement that removes the row with a key."""
        return f"DELETE FROM {self.name}{_where(self.key)}"


def _where(columns: Iterable[str]) -> str:
    return " WHERE " + " AND ".join(f"{name} = :{name}" for name in columns)


def _shown(column: str) -> str:
    return f'"{column}"' if column in _RESERVED else column


_TEXT, _NUMBER, _MAYBE = "TEXT NOT NULL", "INTEGER NOT NULL", "TEXT"

PROJECTS = Table(
    "projects",
    {"project": _TEXT, "lineage": _TEXT, "serial": _NUMBER, "fingerprint_key_id": _MAYBE, "created_at": _TEXT},
    key=("project",),
    refers=(),
)
"""One row a project: the identity of its state and the number of its last revision."""

ACCOUNTS = Table(
    "accounts",
    {
        "project": _TEXT, "name": _TEXT, "kind": _TEXT, "document": _TEXT, "written": _MAYBE, "revision": _NUMBER,
        "created_at": _TEXT, "updated_at": _TEXT, "settings_digest": _MAYBE, "ca_digest": _MAYBE, "fingerprints": _MAYBE,
        "fingerprint_key_id": _MAYBE, "approval": _MAYBE, "verification": _MAYBE, "suspension": _MAYBE, "evidence": _MAYBE,
        "manifest": _MAYBE, "server": _MAYBE, "ca_pem": _MAYBE,
    },
    key=("project", "name"),
)  # fmt: skip
"""The register: one row an account. Null stands for absent and for empty."""

JOURNAL = Table(
    "journal",
    {
        "project": _TEXT, "sequence": _NUMBER, "at": _TEXT, "event": _TEXT, "payload_digest": _TEXT, "previous": _TEXT,
        "hash": _TEXT,
    },
    key=("project", "sequence"),
)  # fmt: skip
"""The chain."""

PUBLICATIONS = Table(
    "publications",
    {
        "project": _TEXT, "consumer": _TEXT, "account": _TEXT, "wanted": _MAYBE, "published": _MAYBE, "place": _MAYBE,
        "since": _MAYBE, "attempts": _NUMBER, "last_error": _MAYBE,
    },
    key=("project", "consumer", "account"),
)  # fmt: skip
"""What each consumer is to have of each account, and has: digests, written with what makes them so; no entry vouches
for them, because a publication looks at the consumer itself. A consumer that the project file no longer names keeps its rows
until what it was given is gone."""

REVISIONS = Table(
    "revisions",
    {
        "project": _TEXT, "revision": _NUMBER, "at": _TEXT, "actor": _TEXT, "actor_source": _TEXT, "commit": _MAYBE,
        "reference": _MAYBE, "plan_digest": _TEXT, "summary": _TEXT, "changes": _TEXT,
    },
    key=("project", "revision"),
    beside=("CREATE INDEX revisions_by_plan ON revisions (project, plan_digest)",),
)  # fmt: skip
"""The applied plans."""

ROUTES = Table(
    "secret_routes",
    {"project": _TEXT, "digest": _TEXT, "account": _TEXT, "secret": _TEXT, "fingerprint": _MAYBE, "route": _TEXT},
    key=("project", "digest"),
)
"""Every route that a secret was ever recorded with. Rows outlive the account that brought them."""

PAYLOADS = Table(
    "journal_payloads",
    {"project": _TEXT, "sequence": _NUMBER, "payload": _TEXT},
    key=("project", "sequence"),
    refers=("FOREIGN KEY(project, sequence) REFERENCES journal (project, sequence)", *JOURNAL.refers),
)
"""What the entries of the chain tell, apart, so that it can be erased and the chain still holds."""

REVISED_ACCOUNTS = Table(
    "revised_accounts",
    {"project": _TEXT, "name": _TEXT, "revision": _NUMBER, "previous_name": _MAYBE},
    key=("project", "name", "revision"),
    refers=("FOREIGN KEY(project, revision) REFERENCES revisions (project, revision)", *REVISIONS.refers),
)
"""Which revision touched which name, and the name before a rename: an index to ``revisions``."""

TABLES = (PROJECTS, ACCOUNTS, JOURNAL, PUBLICATIONS, REVISIONS, ROUTES, PAYLOADS, REVISED_ACCOUNTS)
"""All of them, each after those that it refers to."""


def make_tables(connection: Connection, tables: Iterable[Table] = TABLES) -> None:
    """Make tables where there are none."""
    for statement in (each for table in tables for each in table.making):
        connection.execute(statement)


def remove_rows(connection: Connection, project: str) -> None:
    """Remove all rows of a project: those that refer to others before these."""
    for table in reversed(TABLES):
        connection.execute(f"DELETE FROM {table.name} WHERE project = :project", {"project": project})


def carry_rows(
    source: Connection, target: Connection, tables: Iterable[Table] = TABLES, *, project: str | None = None
) -> None:
    """Add the rows of every table to those of the target, of one project or of all."""
    values = {} if project is None else {"project": project}
    for table in tables:
        query = table.reading(table.columns, of_all=project is None)
        rows = (dict(zip(table.columns, row, strict=True)) for row in source.stream(query, values))
        while batch := list(islice(rows, ROWS_AT_ONCE)):
            target.executemany(table.adding, batch)
