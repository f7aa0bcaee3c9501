"""Rows of publications: what each consumer is to have of each account, and has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Connection, bindparam, select

from reconciler.model.consumers.publication import Publication
from reconciler.store.digests import time_text
from reconciler.store.schema import PUBLICATIONS

if TYPE_CHECKING:
    from collections.abc import Iterable

_COLUMNS = [column for column in PUBLICATIONS.c if column.name != "project"]
_ITS_ROW = (
    (PUBLICATIONS.c.project == bindparam("its_project"))
    & (PUBLICATIONS.c.consumer == bindparam("its_consumer"))
    & (PUBLICATIONS.c.account == bindparam("its_account"))
)


def read_publications(connection: Connection, project: str) -> tuple[Publication, ...]:
    """Return all rows, by consumer and account."""
    query = select(*_COLUMNS).where(PUBLICATIONS.c.project == project)
    rows = sorted(connection.execute(query).mappings(), key=lambda row: (row["consumer"], row["account"]))
    return tuple(Publication.model_validate(dict(row), strict=False, by_name=True) for row in rows)


def write_publications(
    connection: Connection, project: str, *, put: Iterable[Publication], gone: Iterable[Publication] = ()
) -> None:
    """Put rows, over those of the same consumer and account, and remove those that are gone."""
    written = list(put)
    for each in written:
        values = each.model_dump(mode="json", by_alias=False, exclude={"consumer", "account", "since"})
        values |= {"last_error": each.last_error, "since": time_text(each.since) if each.since is not None else None}
        key = {"its_project": project, "its_consumer": each.consumer, "its_account": each.account}
        # By UPDATE where there is one: a role that may not delete can then still publish.
        if not connection.execute(PUBLICATIONS.update().where(_ITS_ROW), {**key, **values}).rowcount:
            row = {"project": project, "consumer": each.consumer, "account": each.account, **values}
            connection.execute(PUBLICATIONS.insert(), row)
    for each in gone:
        key = {"its_project": project, "its_consumer": each.consumer, "its_account": each.account}
        connection.execute(PUBLICATIONS.delete().where(_ITS_ROW), key)
