"""Rows of publications: what each consumer is to have of each account, and has."""

from __future__ import annotations

from datetime import datetime
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from reconciler.store.digests import time_text
from reconciler.store.rows import parsed
from reconciler.store.schema import PUBLICATIONS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from reconciler.model.consumers.publication import Publication
    from reconciler.store.sql import Connection

_COLUMNS = tuple(PUBLICATIONS.columns)[1:]
_CHANGE = PUBLICATIONS.changing([column for column in PUBLICATIONS.columns if column not in PUBLICATIONS.key])


def read_publications(connection: Connection, project: str) -> tuple[Publication, ...]:
    """Return all rows, by consumer and account; raise ``StateUnavailable`` for one that is not as it was written."""
    rows = sorted(connection.execute(PUBLICATIONS.reading(_COLUMNS), {"project": project}), key=itemgetter(0, 1))
    told = (dict(zip(_COLUMNS, row, strict=True)) for row in rows)
    return tuple(parsed("publication", each["account"], each, _publication, is_vouched_for=False) for each in told)


def _publication(row: Mapping[str, Any]) -> Publication:
    """Return the publication of a row; raise ``ValueError`` for one that is not as it is written, be it a number for a time."""
    from reconciler.model.consumers.publication import Publication  # most states have no row of it

    publication = Publication.model_validate({**row, "since": _moment(row["since"])}, by_name=True)
    if publication.attempts < 0:
        raise ValueError("no attempts are fewer than none")
    return publication


def _moment(text: str | None) -> datetime | None:
    moment = datetime.fromisoformat(text) if text is not None else None
    if moment is not None and time_text(moment) != text:
        raise ValueError("a time in another form")
    return moment


def write_publications(
    connection: Connection, project: str, *, put: Iterable[Publication], gone: Iterable[Publication] = ()
) -> None:
    """Put rows, over those of the same consumer and account, and remove those that are gone."""
    for each in put:
        values = each.model_dump(mode="json", by_alias=False)
        values |= {"project": project, "last_error": each.last_error}
        values |= {"since": time_text(each.since) if each.since is not None else None}
        # By UPDATE where there is one: a role that may not delete can then still publish.
        if not connection.execute(_CHANGE, values).rowcount:
            connection.execute(PUBLICATIONS.adding, values)
    for each in gone:
        connection.execute(
            PUBLICATIONS.removing, {"project": project, "consumer": each.consumer, "account": each.account}
        )
