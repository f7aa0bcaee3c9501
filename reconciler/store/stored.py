"""What the tables hold, as digests of their rows: what ``journal check`` compares with what the journal told."""

from __future__ import annotations

import json
from itertools import chain
from typing import TYPE_CHECKING

from reconciler.rules.journal.abridge import LEAST_CHANGES, ChangeGrouping
from reconciler.store.digests import digest_of_read, digest_with_pieces, names_of_changes, row_digest_or_none
from reconciler.store.jsonpieces import OtherForm, read_list
from reconciler.store.rows import ACCOUNT_COLUMNS, REVISION_COLUMNS, ROUTE_COLUMNS
from reconciler.store.schema import ACCOUNTS, REVISED_ACCOUNTS, REVISIONS, ROUTES
from reconciler.store.sql import LongText
from reconciler.store.vouched import AccountDigest, RouteDigest, StoredDigests

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from reconciler.model.canonical import JsonView
    from reconciler.store.sql import Connection


def read_stored(
    connection: Connection, project: str, *, serial: int, project_row: Mapping[str, str | None]
) -> StoredDigests:
    """Return digests of what the tables hold of a project; accounts and routes are read as they are gone through."""
    revisions: dict[int, str | None] = {}
    changes: dict[int, LongText] = {}
    indexed = _indexed_names(connection, project)
    faults: set[int] = set()
    grouped: dict[int, ChangeGrouping] = {}
    for number, digest, names, text in _revision_digests(connection, project, grouped):
        revisions[number] = digest
        if names is not None and isinstance(text, LongText):
            changes[number] = text
        its_names = indexed.pop(number, {})
        if names is not None and names != its_names:
            faults.add(number)
    return StoredDigests(
        accounts=_account_digests(connection, project),
        revisions=revisions,
        routes=_route_digests(connection, project),
        serial=serial,
        project_row=project_row,
        index_faults=frozenset(faults | indexed.keys()),
        changes=changes,
        grouped=grouped,
    )


def _account_digests(connection: Connection, project: str) -> Iterator[AccountDigest]:
    columns = sorted(ACCOUNT_COLUMNS)
    digest = digest_of_read(columns)
    name, key_id = columns.index("name"), columns.index("fingerprint_key_id")
    for row in connection.stream(ACCOUNTS.reading(columns), {"project": project}):
        yield AccountDigest(row[name], digest(row), row[key_id])


def _route_digests(connection: Connection, project: str) -> Iterator[RouteDigest]:
    columns = sorted(ROUTE_COLUMNS)
    digest = digest_of_read(columns)
    for *row, key in connection.stream(ROUTES.reading((*columns, "digest")), {"project": project}):
        yield RouteDigest(digest(row), key)


def _revision_digests(
    connection: Connection, project: str, grouped: dict[int, ChangeGrouping]
) -> Iterator[tuple[int, str | None, Mapping[str, str | None] | None, str | LongText]]:
    """Yield the number of each revision, the digest of its row, the names that it changed, and the text that tells these.

    Digest and names are None where they cannot be read. ``grouped`` gets what changed where that is very much.
    """
    columns = [column for column in REVISION_COLUMNS if column != "changes" or not connection.has_pieces]
    for read in connection.stream(REVISIONS.reading(columns), {"project": project}):
        row = dict(zip(columns, read, strict=True))
        number = row["revision"]
        if connection.has_pieces:
            changes = connection.text(REVISIONS.name, "changes", {"project": project, "revision": number})
            if isinstance(changes, LongText):
                digest = digest_with_pieces(row, "changes", changes.pieces())
                yield number, digest, _names_in(changes, number, grouped), changes
                continue
            row["changes"] = changes
        yield number, row_digest_or_none(row), _names_in(row["changes"], number, grouped), row["changes"]


def _names_in(
    changes: str | LongText, number: int, grouped: dict[int, ChangeGrouping]
) -> Mapping[str, str | None] | None:
    """Return the names that a revision changed, and note its changes in ``grouped`` where they are very many.

    None for one that cannot be read, of which its digest tells already.
    """
    try:
        if isinstance(changes, LongText):
            try:
                return names_of_changes(_noted(chain.from_iterable(read_list(changes.pieces())), number, grouped))
            except OtherForm:
                changes = changes.whole()
        read = json.loads(changes)
        return names_of_changes(read if len(read) < LEAST_CHANGES else _noted(read, number, grouped))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None


def _noted(changes: Iterable[JsonView], number: int, grouped: dict[int, ChangeGrouping]) -> Iterator[JsonView]:
    """Yield changes as they are noted; of some of another form than reconciler writes none are."""
    grouping = grouped[number] = ChangeGrouping()
    for change in changes:
        try:
            grouping.add_change(change)
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            grouped.pop(number, None)
        yield change


def _indexed_names(connection: Connection, project: str) -> dict[int, dict[str, str | None]]:
    """Return, by revision, the names that the index says it changed, each with the one before a rename."""
    query = REVISED_ACCOUNTS.reading(("revision", "name", "previous_name"))
    indexed: dict[int, dict[str, str | None]] = {}
    for revision, name, previous in connection.stream(query, {"project": project}):
        indexed.setdefault(revision, {})[name] = previous
    return indexed
