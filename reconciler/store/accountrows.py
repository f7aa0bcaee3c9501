"""Rows of accounts written in place: what differs is updated, what is new is inserted, a rename changes the key.

Never a deletion and an insertion for one account: a role then needs a right on no column that it does not change, and
the database can compare what was there with what comes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Connection, bindparam

from reconciler.store.altered import find_rows
from reconciler.store.schema import ACCOUNTS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from reconciler.store.digests import Row

_ITS_ROW = (ACCOUNTS.c.project == bindparam("its_project")) & (ACCOUNTS.c.name == bindparam("its_name"))
_MOVING = "@"
"""Before the name of an account that is between two names; none begins so."""


def write_rows(connection: Connection, project: str, rows: Sequence[Row]) -> None:
    """Write rows of accounts over those of the same names, or add them, many at a time."""
    there = find_rows(connection, project, {row["name"] for row in rows})
    added: list[Row] = []
    changed: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        before = there[row["name"]].row
        if before is None:
            added.append({"project": project, **row})
            continue
        columns = tuple(column for column, value in row.items() if before[column] != value)
        if columns:
            key = {"its_project": project, "its_name": row["name"]}
            changed.setdefault(columns, []).append({**key, **{column: row[column] for column in columns}})
    for columns, values in changed.items():
        update = ACCOUNTS.update().where(_ITS_ROW).values({column: bindparam(column) for column in columns})
        connection.execute(update, values)
    if added:
        connection.execute(ACCOUNTS.insert(), added)


def delete_row(connection: Connection, project: str, name: str) -> None:
    """Delete the row of an account; raise ``LookupError`` where there is none."""
    key = {"its_project": project, "its_name": name}
    if not connection.execute(ACCOUNTS.delete().where(_ITS_ROW), key).rowcount:
        raise LookupError(f"no account {name!r} is recorded")


def rename_rows(connection: Connection, project: str, names: Mapping[str, str]) -> None:
    """Give accounts other names, old to new, all at once, so that two may take each other's.

    Raises ``LookupError`` where there is no account of one of the old names.
    """
    update = ACCOUNTS.update().where(_ITS_ROW).values(name=bindparam("new_name"))
    for before, after in names.items():
        key = {"its_project": project, "its_name": before, "new_name": _MOVING + after}
        if not connection.execute(update, key).rowcount:
            raise LookupError(f"no account {before!r} is recorded")
    for after in names.values():
        connection.execute(update, {"its_project": project, "its_name": _MOVING + after, "new_name": after})
