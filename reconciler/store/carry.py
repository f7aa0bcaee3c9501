"""Rows carried from one database to another, whichever kinds they are: the tables are the same everywhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlalchemy import Connection, MetaData

_BATCH = 500


def carry_rows(source: Connection, target: Connection, tables: MetaData, *, project: str | None = None) -> None:
    """Add the rows of every table to those of the target, of one project or of all."""
    for table in tables.sorted_tables:
        query = table.select() if project is None else table.select().where(table.c.project == project)
        for batch in source.execute(query).mappings().partitions(_BATCH):
            target.execute(table.insert(), [dict(row) for row in batch])
