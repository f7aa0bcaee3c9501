"""The tables of a state, in a form that every database of SQLAlchemy can hold.

Times are ISO 8601 text in UTC with Z, composed values canonical JSON text. Text that is hashed is stored as it
was hashed, so that a later version, whose models have more fields, still finds the digests that this one wrote.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Column, ForeignKey, ForeignKeyConstraint, Index, Integer, MetaData, Table, Text

if TYPE_CHECKING:
    from sqlalchemy import Connection

SCHEMA_VERSION = 4
"""Counts changes of these tables; a state of a greater one is refused."""

METADATA = MetaData()
_ROWS_AT_ONCE = 500


def _project_key() -> Column[str]:
    return Column("project", Text, ForeignKey("projects.project"), primary_key=True)


PROJECTS = Table(
    "projects",
    METADATA,
    Column("project", Text, primary_key=True),
    Column("lineage", Text, nullable=False),
    Column("serial", Integer, nullable=False),
    Column("fingerprint_key_id", Text),
    Column("created_at", Text, nullable=False),
)
"""One row a project: the identity of its state and the number of its last revision."""

ACCOUNTS = Table(
    "accounts",
    METADATA,
    _project_key(),
    Column("name", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("document", Text, nullable=False),
    Column("written", Text),
    Column("revision", Integer, nullable=False),
    Column("created_at", Text, nullable=False),
    Column("updated_at", Text, nullable=False),
    Column("settings_digest", Text),
    Column("ca_digest", Text),
    Column("fingerprints", Text),
    Column("fingerprint_key_id", Text),
    Column("approval", Text),
    Column("verification", Text),
    Column("suspension", Text),
    Column("evidence", Text),
    Column("manifest", Text),
    Column("server", Text),
    Column("ca_pem", Text),
)
"""The register: one row an account. Null stands for absent and for empty."""

ROUTES = Table(
    "secret_routes",
    METADATA,
    _project_key(),
    Column("digest", Text, primary_key=True),
    Column("account", Text, nullable=False),
    Column("secret", Text, nullable=False),
    Column("fingerprint", Text),
    Column("route", Text, nullable=False),
)
"""Every route that a secret was ever recorded with. Rows outlive the account that brought them."""

PUBLICATIONS = Table(
    "publications",
    METADATA,
    _project_key(),
    Column("consumer", Text, primary_key=True),
    Column("account", Text, primary_key=True),
    Column("wanted", Text),
    Column("published", Text),
    Column("place", Text),
    Column("since", Text),
    Column("attempts", Integer, nullable=False),
    Column("last_error", Text),
)
"""What each consumer is to have of each account, and has: digests, written with what makes them so; no entry vouches
for them, because a publication looks at the consumer itself. A consumer that the project file no longer names keeps its rows
until what it was given is gone."""

REVISIONS = Table(
    "revisions",
    METADATA,
    _project_key(),
    Column("revision", Integer, primary_key=True),
    Column("at", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("actor_source", Text, nullable=False),
    Column("commit", Text),
    Column("reference", Text),
    Column("plan_digest", Text, nullable=False),
    Column("summary", Text, nullable=False),
    Column("changes", Text, nullable=False),
    Index("revisions_by_plan", "project", "plan_digest"),
)
"""The applied plans."""

REVISED_ACCOUNTS = Table(
    "revised_accounts",
    METADATA,
    _project_key(),
    Column("name", Text, primary_key=True),
    Column("revision", Integer, primary_key=True),
    Column("previous_name", Text),
    ForeignKeyConstraint(["project", "revision"], ["revisions.project", "revisions.revision"]),
)
"""Which revision touched which name, and the name before a rename: an index to ``revisions``."""

JOURNAL = Table(
    "journal",
    METADATA,
    _project_key(),
    Column("sequence", Integer, primary_key=True, autoincrement=False),
    Column("at", Text, nullable=False),
    Column("event", Text, nullable=False),
    Column("payload_digest", Text, nullable=False),
    Column("previous", Text, nullable=False),
    Column("hash", Text, nullable=False),
)
"""The chain."""

PAYLOADS = Table(
    "journal_payloads",
    METADATA,
    _project_key(),
    Column("sequence", Integer, primary_key=True, autoincrement=False),
    Column("payload", Text, nullable=False),
    ForeignKeyConstraint(["project", "sequence"], ["journal.project", "journal.sequence"]),
)
"""What the entries of the chain tell, apart, so that it can be erased and the chain still holds."""


def carry_rows(source: Connection, target: Connection, tables: MetaData, *, project: str | None = None) -> None:
    """Add the rows of every table to those of the target, of one project or of all."""
    for table in tables.sorted_tables:
        query = table.select() if project is None else table.select().where(table.c.project == project)
        for batch in source.execute(query).mappings().partitions(_ROWS_AT_ONCE):
            target.execute(table.insert(), [dict(row) for row in batch])
