"""Rows of accounts written in place: what differs is updated, what is new is inserted, a rename changes the key.

Never a deletion and an insertion for one account: a role then needs a right on no column that it does not change, and
the database can compare what was there with what comes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.store.altered import find_rows
from reconciler.store.schema import ACCOUNTS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from reconciler.store.digests import Row
    from reconciler.store.sql import Connection

_RENAME = "UPDATE accounts SET name = :new_name WHERE project = :project AND name = :name"
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
            changed.setdefault(columns, []).append({"project": project, **row})
    for columns, values in changed.items():
        connection.executemany(ACCOUNTS.changing(columns), values)
    if added:
        connection.executemany(ACCOUNTS.adding, added)


def delete_row(connection: Connection, project: str, name: str) -> None:
    """Delete the row of an account; raise ``LookupError`` where there is none."""
    if not connection.execute(ACCOUNTS.removing, {"project": project, "name": name}).rowcount:
        raise LookupError(f"no account {name!r} is recorded")


def rename_rows(connection: Connection, project: str, names: Mapping[str, str]) -> None:
    """Give accounts other names, old to new, all at once, so that two may take each other's.

    Raises ``LookupError`` where there is no account of one of the old names.
    """
    for before, after in names.items():
        values = {"project": project, "name": before, "new_name": _MOVING + after}
        if not connection.execute(_RENAME, values).rowcount:
            raise LookupError(f"no account {before!r} is recorded")
    for after in names.values():
        connection.execute(_RENAME, {"project": project, "name": _MOVING + after, "new_name": after})
