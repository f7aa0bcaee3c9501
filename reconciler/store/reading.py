"""Queries. Each works on one connection that sees one snapshot, and names the project whose rows it reads."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import closing
from dataclasses import replace
from itertools import chain, islice
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from reconciler.diagnostics import error
from reconciler.errors import StateMissing
from reconciler.model.journal.keys import OF_THE_CHAIN, PROJECT_ROW
from reconciler.store.digests import digest_of_read, digest_with_pieces, names_of_changes, row_digest_or_none
from reconciler.store.journal import CHANGES, JournalReport, Link, check_links, genesis_hash, payload_text_digest
from reconciler.store.names import follow_names, read_earlier_names
from reconciler.store.rows import (
    ACCOUNT_COLUMNS,
    account_from_row,
    entry_from_row,
    known_route_from_row,
    link_from_row,
    payload_of,
    revision_from_row,
    state_from_rows,
)
from reconciler.store.schema import ACCOUNTS, JOURNAL, PAYLOADS, PROJECTS, REVISED_ACCOUNTS, REVISIONS, ROUTES
from reconciler.store.sql import ROWS_AT_ONCE, LongText, first_value, first_values, one_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
    from datetime import datetime

    from reconciler.model.accounts.recorded import RecordedAccount, RecordedState
    from reconciler.model.journal.entries import JournalEntry, Revision
    from reconciler.store.rows import KnownRoute
    from reconciler.store.sql import Connection
    from reconciler.store.vouched import AccountDigest, RouteDigest, StoredDigests

_ACCOUNT = ACCOUNTS.reading(ACCOUNT_COLUMNS)
_REVISION_COLUMNS = tuple(column for column in REVISIONS.columns if column != "project")
_REVISION = REVISIONS.reading(_REVISION_COLUMNS)
_ROUTE = ("secret", "fingerprint", "route")
_ROUTE_COLUMNS = ("account", "secret", "fingerprint", "route")
_PAYLOADS = PAYLOADS.reading(("sequence", "payload"))
_PAYLOAD = PAYLOADS.reading(("payload",)) + " AND sequence = :sequence"
_PAYLOADS_SINCE = (
    "SELECT p.sequence, p.payload FROM journal_payloads p"
    " JOIN journal j ON j.project = p.project AND j.sequence = p.sequence"
    " WHERE p.project = :project AND p.sequence >= :first AND j.event <> :but ORDER BY p.sequence"
)
_LINK = JOURNAL.reading(Link._fields)
_LAST_REVISION = "SELECT max(revision) FROM revisions WHERE project = :project"
_OF_PLAN = "SELECT revision FROM revisions WHERE project = :project AND plan_digest = :plan_digest ORDER BY revision"


def read_state(
    connection: Connection,
    project: str,
    *,
    routes: Sequence[Sequence[Any]] | None = None,
    names: Collection[str] | None = None,
) -> RecordedState:
    """Return the whole state of a project, accounts by name; with ``names``, at most ``ROWS_AT_ONCE``, these accounts.

    ``routes`` are rows (secret, fingerprint, route) to take in the place of the register's; None: the register's
    own.
    """
    by_name = read_accounts(connection, project, names=names)
    if routes is None:
        routes = connection.execute(ROUTES.reading(_ROUTE), {"project": project}).fetchall()
    state = state_from_rows(read_project(connection, project), accounts=by_name, routes=routes)
    return replace(state, earlier_names=read_earlier_names(connection, project, by_name))


def read_accounts(
    connection: Connection, project: str, *, names: Collection[str] | None = None
) -> dict[str, RecordedAccount]:
    """Return the accounts of a project by name, in that order; with ``names`` those of them that are recorded."""
    # Sorted here: the database would look every row up through an index, or sort all its columns.
    condition, values = one_of("name", names) if names is not None else ("", {})
    rows = connection.execute(_ACCOUNT + condition, {"project": project, **values}).fetchall()
    return {row[0]: account_from_row(row) for row in sorted(rows, key=itemgetter(0))}


def read_project(connection: Connection, project: str) -> tuple[str, str, int, str | None]:
    """Return project, lineage, serial and the id of the fingerprint key."""
    query = PROJECTS.reading(("project", "lineage", "serial", "fingerprint_key_id"))
    row: tuple[str, str, int, str | None] | None = connection.execute(query, {"project": project}).fetchone()
    if row is None:
        raise StateMissing(error("stateMissing", "The project is no longer in the state.", subject=project))
    return row


def read_project_row(connection: Connection, project: str) -> dict[str, str | None]:
    """Return the columns of the project's row that each entry of the journal vouches for, beside lineage and serial."""
    columns = ("created_at", "fingerprint_key_id")
    row = connection.execute(PROJECTS.reading(columns), {"project": project}).fetchone()
    return dict(zip(columns, row, strict=True)) if row is not None else {}


def read_last_project_row(connection: Connection, project: str) -> dict[str, object] | None:
    """Return what the journal's last entry told of the project's row; None where it told nothing, or does not hold."""
    link = read_last_link(connection, project)
    text = payload_text(connection, project, sequence=link.sequence) if link is not None else None
    if link is None or text is None or payload_text_digest(text) != link.payload_digest:
        return None
    told = payload_of(link.sequence, text).get(PROJECT_ROW)
    return told if isinstance(told, dict) else None


def read_account(connection: Connection, project: str, *, name: str) -> RecordedAccount | None:
    """Return one account; None where it is not recorded."""
    row = connection.execute(_ACCOUNT + " AND name = :name", {"project": project, "name": name}).fetchone()
    return None if row is None else account_from_row(row)


def find_accounts(
    connection: Connection, project: str, *, may_be_wanted: Callable[[str], bool]
) -> dict[str, RecordedAccount]:
    """Return the accounts that may be wanted by what is written of them, by name: no other is held or parsed.

    Asked is the text of name, document, domains as written and MailServer, each on a line of its own: first of hundreds
    of accounts at once, of which hardly any is wanted, and then of each where one may be among them.
    """
    parts = ACCOUNTS.reading(("name", "document", "written", "server"))
    names: list[str] = []
    with closing(connection.stream(parts, {"project": project})) as rows:
        while batch := list(islice(rows, ROWS_AT_ONCE)):
            if may_be_wanted(_text_of(chain.from_iterable(batch))):
                names += [row[0] for row in batch if may_be_wanted(_text_of(row))]
    found: dict[str, RecordedAccount] = {}
    for start in range(0, len(names), ROWS_AT_ONCE):
        condition, values = one_of("name", names[start : start + ROWS_AT_ONCE])
        read = connection.execute(_ACCOUNT + condition, {"project": project, **values})
        found |= {row[0]: account_from_row(row) for row in read}
    return found


def has_accounts(connection: Connection, project: str) -> bool:
    """Tell whether any account is recorded."""
    return first_value(connection, ACCOUNTS.reading(("name",)) + " LIMIT 1", {"project": project}) is not None


def _text_of(parts: Iterable[Any]) -> str:
    return "\n".join([str(each) for each in parts if each is not None])


def read_revisions(
    connection: Connection, project: str, *, name: str | None, limit: int | None
) -> tuple[Revision, ...]:
    """Return revisions, newest first; with a ``name`` only those that touched the account, also under earlier names."""
    if name is None:
        newest_first = _REVISION + " ORDER BY revision DESC" + ("" if limit is None else " LIMIT :limit")
        return tuple(map(revision_from_row, connection.execute(newest_first, {"project": project, "limit": limit})))
    touching, _ = follow_names(connection, project, name)
    its_own = _REVISION + " AND revision = :revision"
    return tuple(
        # Where the index names one that is gone, its number alone is no row that can be read.
        revision_from_row(connection.execute(its_own, {"project": project, "revision": number}).fetchone() or (number,))
        for number in sorted(touching, reverse=True)[:limit]
    )


def last_revision(connection: Connection, project: str) -> int:
    """Return the number of the last revision; 0 without any."""
    return first_value(connection, _LAST_REVISION, {"project": project}) or 0


def revision_of_plan(connection: Connection, project: str, *, plan_digest: str) -> int | None:
    """Return the number of the revision that applied a plan; None where it was never applied."""
    found: int | None = first_value(connection, _OF_PLAN, {"project": project, "plan_digest": plan_digest})
    return found


def read_journal(connection: Connection, project: str) -> tuple[JournalEntry, ...]:
    """Return the journal's entries in their order."""
    return tuple(entry_from_row(link) for link in read_links(connection, project))


def read_payload(connection: Connection, project: str, *, sequence: int) -> dict[str, object] | None:
    """Return what an entry of the journal tells; None where it has no payload."""
    text = payload_text(connection, project, sequence=sequence)
    return None if text is None else payload_of(sequence, text)


def payload_text(connection: Connection, project: str, *, sequence: int) -> Any:
    """Return the text of an entry's payload; None where it has none."""
    return first_value(connection, _PAYLOAD, {"project": project, "sequence": sequence})


def read_payloads(connection: Connection, project: str) -> tuple[tuple[JournalEntry, dict[str, object]], ...]:
    """Return every entry of the journal that has a payload, with what it tells, in their order."""
    texts = dict(connection.execute(_PAYLOADS, {"project": project}).fetchall())
    return tuple(
        (entry_from_row(link), payload_of(link.sequence, texts[link.sequence]))
        for link in read_links(connection, project)
        if link.sequence in texts
    )


def iterate_payloads(
    connection: Connection, project: str, *, since: datetime | None = None, but: str = "", has_changes: bool = True
) -> Iterator[tuple[JournalEntry, dict[str, object]]]:
    """Yield what ``read_payloads`` returns, but parse each payload only when it is asked for.

    Those before ``since``, and those of the event ``but``, are not even read. Unless it ``has_changes``, a long payload comes
    without the changes of its revision, and without what the chain alone needs.
    """
    entries = map(entry_from_row, read_links(connection, project))
    wanted = {entry.sequence: entry for entry in entries if (since is None or entry.at >= since) and entry.event != but}
    if not wanted:
        return
    if connection.has_pieces and not has_changes:
        payloads = _Payloads(connection, project)
        for sequence in sorted(wanted.keys() & payloads.keys()):
            yield wanted[sequence], _without_changes(sequence, payloads[sequence])
        return
    rows = connection.stream(_PAYLOADS_SINCE, {"project": project, "first": min(wanted), "but": but})
    for sequence, text in rows:
        if sequence in wanted:
            yield wanted[sequence], payload_of(sequence, text)


def _without_changes(sequence: int, text: str | LongText) -> dict[str, object]:
    """Return what a payload tells; of a long one neither the revision's changes nor what the chain alone needs."""
    if not isinstance(text, LongText):
        return payload_of(sequence, text)
    from reconciler.store.jsonpieces import OtherForm, read_object

    try:
        return read_object(text.pieces(), apart=OF_THE_CHAIN, but=CHANGES)
    except OtherForm:
        return payload_of(sequence, text.whole())


def read_routes(connection: Connection, project: str) -> tuple[KnownRoute, ...]:
    """Return the register of routes, row by row, in the order of their digests."""
    query = ROUTES.reading(("digest", *_ROUTE_COLUMNS)) + " ORDER BY digest"
    return tuple(known_route_from_row(row) for row in connection.execute(query, {"project": project}))


def read_links(connection: Connection, project: str) -> list[Link]:
    """Return the journal's entries as they are stored, in their order."""
    return [link_from_row(row) for row in connection.execute(_LINK + " ORDER BY sequence", {"project": project})]


def read_last_link(connection: Connection, project: str) -> Link | None:
    """Return the journal's last entry."""
    row = connection.execute(_LINK + " ORDER BY sequence DESC LIMIT 1", {"project": project}).fetchone()
    return None if row is None else link_from_row(row)


def read_head(connection: Connection, project: str) -> str:
    """Return the hash of the journal's last entry; of an empty journal, the hash that its first entry will follow."""
    last = read_last_link(connection, project)
    if last is not None:
        return last.hash
    _, lineage, _, _ = read_project(connection, project)
    return genesis_hash(project, lineage)


class _Payloads(Mapping[int, "str | LongText"]):
    """The texts of a journal's payloads by sequence, each read when it is asked for: one may have as much as all others."""

    def __init__(self, connection: Connection, project: str) -> None:
        """Look which there are."""
        self._connection = connection
        self._project = project
        self._sequences = frozenset(first_values(connection, PAYLOADS.reading(("sequence",)), {"project": project}))

    def __getitem__(self, sequence: int) -> str | LongText:
        """Return the text of one."""
        if sequence not in self._sequences:
            raise KeyError(sequence)
        key = {"project": self._project, "sequence": sequence}
        text: str | LongText = self._connection.text(PAYLOADS.name, "payload", key)
        return text

    def __iter__(self) -> Iterator[int]:
        """Yield the sequences."""
        return iter(self._sequences)

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._sequences)


def check_journal(connection: Connection, project: str, *, head: str | None) -> JournalReport:
    """Check the journal and the rows that it vouches for; ``head`` is a hash that was noted earlier, or None."""
    _, lineage, serial, _ = read_project(connection, project)
    return check_links(
        read_links(connection, project),
        _Payloads(connection, project),
        genesis=genesis_hash(project, lineage),
        stored=_stored_digests(connection, project, serial=serial),
        head=head,
    )


def _stored_digests(connection: Connection, project: str, *, serial: int) -> StoredDigests:
    from reconciler.store.vouched import StoredDigests

    revisions: dict[int, str | None] = {}
    changes: dict[int, LongText] = {}
    indexed = _indexed_names(connection, project)
    faults: set[int] = set()
    for number, digest, names, text in _revision_digests(connection, project):
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
        project_row=read_project_row(connection, project),
        index_faults=frozenset(faults | indexed.keys()),
        changes=changes,
    )


def _account_digests(connection: Connection, project: str) -> Iterator[AccountDigest]:
    from reconciler.store.vouched import AccountDigest

    columns = sorted(ACCOUNT_COLUMNS)
    digest = digest_of_read(columns)
    name, key_id = columns.index("name"), columns.index("fingerprint_key_id")
    for row in connection.stream(ACCOUNTS.reading(columns), {"project": project}):
        yield AccountDigest(row[name], digest(row), row[key_id])


def _route_digests(connection: Connection, project: str) -> Iterator[RouteDigest]:
    from reconciler.store.vouched import RouteDigest

    columns = sorted(_ROUTE_COLUMNS)
    digest = digest_of_read(columns)
    for *row, key in connection.stream(ROUTES.reading((*columns, "digest")), {"project": project}):
        yield RouteDigest(digest(row), key)


def _revision_digests(
    connection: Connection, project: str
) -> Iterator[tuple[int, str | None, Mapping[str, str | None] | None, str | LongText]]:
    """Yield the number of each revision, the digest of its row, the names that it changed, and the text that tells these.

    Digest and names are None where they cannot be read.
    """
    columns = [column for column in _REVISION_COLUMNS if column != "changes" or not connection.has_pieces]
    for read in connection.stream(REVISIONS.reading(columns), {"project": project}):
        row = dict(zip(columns, read, strict=True))
        number = row["revision"]
        if connection.has_pieces:
            changes = connection.text(REVISIONS.name, "changes", {"project": project, "revision": number})
            if isinstance(changes, LongText):
                yield number, digest_with_pieces(row, "changes", changes.pieces()), _names_in(changes), changes
                continue
            row["changes"] = changes
        yield number, row_digest_or_none(row), _names_in(row["changes"]), row["changes"]


def _names_in(changes: str | LongText) -> Mapping[str, str | None] | None:
    """Return the names that a revision changed; None for one that cannot be read, of which its digest tells already."""
    try:
        if isinstance(changes, LongText):
            from reconciler.store.jsonpieces import OtherForm, read_list

            try:
                return names_of_changes(chain.from_iterable(read_list(changes.pieces())))
            except OtherForm:
                changes = changes.whole()
        return names_of_changes(json.loads(changes))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None


def _indexed_names(connection: Connection, project: str) -> dict[int, dict[str, str | None]]:
    """Return, by revision, the names that the index says it changed, each with the one before a rename."""
    query = REVISED_ACCOUNTS.reading(("revision", "name", "previous_name"))
    indexed: dict[int, dict[str, str | None]] = {}
    for revision, name, previous in connection.stream(query, {"project": project}):
        indexed.setdefault(revision, {})[name] = previous
    return indexed
