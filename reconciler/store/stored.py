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

    _ReadChanges = tuple[Mapping[str, str | None] | None, ChangeGrouping | None]


def read_stored(
    connection: Connection, project: str, *, serial: int, project_row: Mapping[str, str | None]
) -> StoredDigests:
    """Return digests of what the tables hold of a project; accounts and routes are read as they are gone through."""
    revisions: dict[int, str | None] = {}
    changes: dict[int, LongText] = {}
    indexed = _indexed_names(connection, project)
    faults: set[int] = set()
    grouped: dict[int, ChangeGrouping] = {}
    for number, digest, (names, grouping), text in _revision_digests(connection, project):
        revisions[number] = digest
        if grouping is not None:
            grouped[number] = grouping
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
    connection: Connection, project: str
) -> Iterator[tuple[int, str | None, _ReadChanges, str | LongText]]:
    """Yield the number of each revision, the digest of its row, what was read of its changes, and the text that tells these.

    The digest is None where it cannot be made.
    """
    columns = [column for column in REVISION_COLUMNS if column != "changes" or not connection.has_pieces]
    for read in connection.stream(REVISIONS.reading(columns), {"project": project}):
        row = dict(zip(columns, read, strict=True))
        number = row["revision"]
        if connection.has_pieces:
            changes = connection.text(REVISIONS.name, "changes", {"project": project, "revision": number})
            if isinstance(changes, LongText):
                digest = digest_with_pieces(row, "changes", changes.pieces())
                yield number, digest, _read_changes(changes), changes
                continue
            row["changes"] = changes
        yield number, row_digest_or_none(row), _read_changes(row["changes"]), row["changes"]


def _read_changes(changes: str | LongText) -> _ReadChanges:
    """Return the names that a revision changed, and its changes grouped where they are very many.

    Neither of one that cannot be read, of which its digest tells already.
    """
    try:
        if isinstance(changes, LongText):
            grouped = _GroupedWhileRead(chain.from_iterable(read_list(changes.pieces())))
            try:
                return names_of_changes(grouped), grouped.grouping
            except OtherForm:
                changes = changes.whole()
        read = json.loads(changes)
        if len(read) < LEAST_CHANGES:
            return names_of_changes(read), None
        grouped = _GroupedWhileRead(read)
        return names_of_changes(grouped), grouped.grouping
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None, None


class _GroupedWhileRead:
    """Changes that are gone through once, and what they are grouped to by then."""

    def __init__(self, changes: Iterable[JsonView]) -> None:
        self._changes = changes
        self.grouping: ChangeGrouping | None = ChangeGrouping()
        """None where a change is of another form than reconciler writes."""

    def __iter__(self) -> Iterator[JsonView]:
        """Yield the changes."""
        for change in self._changes:
            if self.grouping is not None:
                try:
                    self.grouping.add_change(change)
                except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
                    self.grouping = None
            yield change


def _indexed_names(connection: Connection, project: str) -> dict[int, dict[str, str | None]]:
    """Return, by revision, the names that the index says it changed, each with the one before a rename."""
    query = REVISED_ACCOUNTS.reading(("revision", "name", "previous_name"))
    indexed: dict[int, dict[str, str | None]] = {}
    for revision, name, previous in connection.stream(query, {"project": project}):
        indexed.setdefault(revision, {})[name] = previous
    return indexed
