"""Queries. Each works on one connection that sees one snapshot, and names the project whose rows it reads."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Select, select

from reconciler.diagnostics import error
from reconciler.errors import StateMissing
from reconciler.model.journal.payloads import PROJECT_ROW
from reconciler.store.digests import names_of_changes, row_digest_or_none
from reconciler.store.journal import JournalReport, Link, StoredDigests, check_links, genesis_hash, payload_text_digest
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

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from sqlalchemy import RowMapping

    from reconciler.model.accounts.recorded import RecordedAccount, RecordedState
    from reconciler.model.journal.entries import JournalEntry, Revision
    from reconciler.store.rows import KnownRoute

_ACCOUNT = [ACCOUNTS.c[column] for column in ACCOUNT_COLUMNS]
_REVISION = [column for column in REVISIONS.c if column.name != "project"]
_ROWS_AT_ONCE = 500
_LINK = [JOURNAL.c[column] for column in Link._fields]


def read_state(connection: Connection, project: str, *, routes: Sequence[Sequence[Any]] | None = None) -> RecordedState:
    """Return the whole state of a project, accounts by name.

    ``routes`` are rows (secret, fingerprint, route) to take in the place of the register's; None: the register's
    own.
    """
    by_name = read_accounts(connection, project)
    if routes is None:
        query = select(ROUTES.c.secret, ROUTES.c.fingerprint, ROUTES.c.route).where(ROUTES.c.project == project)
        routes = connection.execute(query).all()
    state = state_from_rows(read_project(connection, project), accounts=by_name, routes=routes)
    return replace(state, earlier_names=_earlier_names(connection, project, by_name))


def read_accounts(connection: Connection, project: str) -> dict[str, RecordedAccount]:
    """Return the accounts of a project by name, in that order."""
    # Sorted here: the database would look every row up through an index, or sort all its columns.
    rows = connection.execute(select(*_ACCOUNT).where(ACCOUNTS.c.project == project)).all()
    return {row[0]: account_from_row(row) for row in sorted(rows, key=itemgetter(0))}


def _earlier_names(
    connection: Connection, project: str, accounts: Mapping[str, RecordedAccount]
) -> dict[str, tuple[str, ...]]:
    """Return, for each account that was renamed, its earlier names, the latest first.

    Only renames since the account was created count: before, the same name may have been another account's.
    """
    table = REVISED_ACCOUNTS.c
    of_project = (table.project == project) & (REVISIONS.c.project == project) & table.previous_name.is_not(None)
    query = select(table.name, table.previous_name, table.revision, REVISIONS.c.at).where(
        of_project, REVISIONS.c.revision == table.revision
    )
    renames: dict[str, list[tuple[int, str, str]]] = {}
    for name, previous, revision, at in connection.execute(query):
        renames.setdefault(name, []).append((revision, previous, at))
    earlier_names: dict[str, tuple[str, ...]] = {}
    for name in accounts.keys() & renames.keys():
        names: list[str] = []
        current, last = name, accounts[name].revision + 1
        while earlier := [
            each for each in renames.get(current, ()) if each[0] < last and _is_since(each[2], accounts[name])
        ]:
            last, current, _ = max(earlier)
            names.append(current)
        if names:
            earlier_names[name] = tuple(names)
    return earlier_names


def _is_since(at: str, account: RecordedAccount) -> bool:
    """Tell whether a revision was applied since the account was created; False where its time cannot be read."""
    try:
        return datetime.fromisoformat(at) >= account.created_at
    except (ValueError, TypeError):
        return False


def read_project(connection: Connection, project: str) -> tuple[str, str, int, str | None]:
    """Return project, lineage, serial and the id of the fingerprint key."""
    columns = (PROJECTS.c.project, PROJECTS.c.lineage, PROJECTS.c.serial, PROJECTS.c.fingerprint_key_id)
    row = connection.execute(select(*columns).where(PROJECTS.c.project == project)).first()
    if row is None:
        raise StateMissing(error("stateMissing", "The project is no longer in the state.", subject=project))
    return tuple(row)


def read_project_row(connection: Connection, project: str) -> dict[str, str | None]:
    """Return the columns of the project's row that each entry of the journal vouches for, beside lineage and serial."""
    columns = (PROJECTS.c.created_at, PROJECTS.c.fingerprint_key_id)
    row = connection.execute(select(*columns).where(PROJECTS.c.project == project)).mappings().first()
    return dict(row) if row is not None else {}


def read_last_project_row(connection: Connection, project: str) -> dict[str, object] | None:
    """Return what the journal's last entry told of the project's row; None where it told nothing, or does not hold."""
    link = read_last_link(connection, project)
    query = select(PAYLOADS.c.payload).where(PAYLOADS.c.project == project)
    text = connection.execute(query.where(PAYLOADS.c.sequence == link.sequence)).scalar() if link is not None else None
    if link is None or text is None or payload_text_digest(text) != link.payload_digest:
        return None
    told = payload_of(link.sequence, text).get(PROJECT_ROW)
    return told if isinstance(told, dict) else None


def read_account(connection: Connection, project: str, *, name: str) -> RecordedAccount | None:
    """Return one account; None where it is not recorded."""
    query = select(*_ACCOUNT).where(ACCOUNTS.c.project == project, ACCOUNTS.c.name == name)
    row = connection.execute(query).first()
    return None if row is None else account_from_row(row)


def find_accounts(
    connection: Connection, project: str, *, may_be_wanted: Callable[[str], bool]
) -> dict[str, RecordedAccount]:
    """Return the accounts that may be wanted by what is written of them, by name: no other is held or parsed.

    Asked is the text of name, document, domains as written and MailServer, each on a line of its own.
    """
    its_own = ACCOUNTS.c.project == project
    parts = (ACCOUNTS.c.name, ACCOUNTS.c.document, ACCOUNTS.c.written, ACCOUNTS.c.server)
    with connection.execute(select(*parts).where(its_own).execution_options(yield_per=_ROWS_AT_ONCE)) as rows:
        names = [row[0] for row in rows if may_be_wanted("\n".join(str(each) for each in row if each is not None))]
    found: dict[str, RecordedAccount] = {}
    for start in range(0, len(names), _ROWS_AT_ONCE):
        batch = ACCOUNTS.c.name.in_(names[start : start + _ROWS_AT_ONCE])
        found |= {row[0]: account_from_row(row) for row in connection.execute(select(*_ACCOUNT).where(its_own, batch))}
    return found


def read_revisions(
    connection: Connection, project: str, *, name: str | None, limit: int | None
) -> tuple[Revision, ...]:
    """Return revisions, newest first; with a ``name`` only those that touched the account, also under earlier names."""
    query = select(*_REVISION).where(REVISIONS.c.project == project).order_by(REVISIONS.c.revision.desc())
    if name is None:
        return tuple(revision_from_row(row) for row in connection.execute(query.limit(limit)))
    touching, _ = _follow(connection, project, name)
    numbers = sorted(touching, reverse=True)[:limit]
    return tuple(
        revision_from_row(connection.execute(query.where(REVISIONS.c.revision == number)).one()) for number in numbers
    )


def names_of(connection: Connection, project: str, *, name: str) -> dict[str, int | None]:
    """Return the name and its earlier names, each with the revision that renamed it away; None for the name itself."""
    _, followed = _follow(connection, project, name)
    return followed


def renamed_to(connection: Connection, project: str, *, name: str) -> str | None:
    """Return the name that an account was renamed to, as long as no later account took the old name; else None."""
    table = REVISED_ACCOUNTS.c
    of_project = table.project == project
    away = select(table.revision, table.name).where(of_project, table.previous_name == name)
    last = connection.execute(away.order_by(table.revision.desc())).first()
    if last is None:
        return None
    since = select(table.revision).where(of_project, table.name == name, table.revision > last[0])
    return None if connection.execute(since).first() is not None else str(last[1])


def _follow(connection: Connection, project: str, name: str) -> tuple[set[int], dict[str, int | None]]:
    """Follow a name back through renames.

    Returns the revisions that touched the account under any of its names, and those names, each with the revision
    that gave it away: only revisions up to that one are the account's. None: the name itself, which has no such
    bound.
    """
    table = REVISED_ACCOUNTS.c
    query = select(table.revision, table.previous_name).where(table.project == project)
    touching: set[int] = set()
    followed: dict[str, int | None] = {}
    names: list[tuple[str, int | None]] = [(name, None)]
    while names:
        current, last = names.pop()
        if current in followed:
            bound = followed[current]
            # In a circle of renames a name comes again; it is followed once more only where that reaches later.
            if bound is None or (last is not None and last <= bound):
                continue
        followed[current] = last
        touched = query.where(table.name == current)
        rows = connection.execute(touched if last is None else touched.where(table.revision <= last)).all()
        touching.update(revision for revision, _ in rows)
        # In the revision that gave the name away another account may have taken it, as in a swap.
        before = [row for row in rows if row[1] is not None and (last is None or row[0] < last)]
        names.extend((previous, revision) for revision, previous in before)
    return touching, followed


def revision_of_plan(connection: Connection, project: str, *, plan_digest: str) -> int | None:
    """Return the number of the revision that applied a plan; None where it was never applied."""
    query = select(REVISIONS.c.revision).where(REVISIONS.c.project == project, REVISIONS.c.plan_digest == plan_digest)
    return connection.execute(query.order_by(REVISIONS.c.revision)).scalars().first()


def read_journal(connection: Connection, project: str) -> tuple[JournalEntry, ...]:
    """Return the journal's entries in their order."""
    return tuple(entry_from_row(link) for link in read_links(connection, project))


def read_payload(connection: Connection, project: str, *, sequence: int) -> dict[str, object] | None:
    """Return what an entry of the journal tells; None where it has no payload."""
    query = select(PAYLOADS.c.payload).where(PAYLOADS.c.project == project, PAYLOADS.c.sequence == sequence)
    text = connection.execute(query).scalar()
    return None if text is None else payload_of(sequence, text)


def read_payloads(connection: Connection, project: str) -> tuple[tuple[JournalEntry, dict[str, object]], ...]:
    """Return every entry of the journal that has a payload, with what it tells, in their order."""
    query = select(PAYLOADS.c.sequence, PAYLOADS.c.payload).where(PAYLOADS.c.project == project)
    texts = {row[0]: row[1] for row in connection.execute(query)}
    return tuple(
        (entry_from_row(link), payload_of(link.sequence, texts[link.sequence]))
        for link in read_links(connection, project)
        if link.sequence in texts
    )


def iterate_payloads(
    connection: Connection, project: str, *, since: datetime | None = None
) -> Iterator[tuple[JournalEntry, dict[str, object]]]:
    """Yield what ``read_payloads`` returns, but parse each payload only when it is asked for; none before ``since``."""
    entries = map(entry_from_row, read_links(connection, project))
    wanted = {entry.sequence: entry for entry in entries if since is None or entry.at >= since}
    if not wanted:
        return
    query = select(PAYLOADS.c.sequence, PAYLOADS.c.payload).where(
        PAYLOADS.c.project == project, PAYLOADS.c.sequence >= min(wanted)
    )
    rows = connection.execute(query.order_by(PAYLOADS.c.sequence), execution_options={"stream_results": True})
    for sequence, text in rows:
        if sequence in wanted:
            yield wanted[sequence], payload_of(sequence, text)


def read_routes(connection: Connection, project: str) -> tuple[KnownRoute, ...]:
    """Return the register of routes, row by row, in the order of their digests."""
    columns = (ROUTES.c.digest, ROUTES.c.account, ROUTES.c.secret, ROUTES.c.fingerprint, ROUTES.c.route)
    query = select(*columns).where(ROUTES.c.project == project).order_by(ROUTES.c.digest)
    return tuple(known_route_from_row(row) for row in connection.execute(query))


def read_links(connection: Connection, project: str) -> list[Link]:
    """Return the journal's entries as they are stored, in their order."""
    query = select(*_LINK).where(JOURNAL.c.project == project).order_by(JOURNAL.c.sequence)
    return [link_from_row(row) for row in connection.execute(query)]


def read_last_link(connection: Connection, project: str) -> Link | None:
    """Return the journal's last entry."""
    query = select(*_LINK).where(JOURNAL.c.project == project).order_by(JOURNAL.c.sequence.desc()).limit(1)
    row = connection.execute(query).first()
    return None if row is None else link_from_row(row)


def read_head(connection: Connection, project: str) -> str:
    """Return the hash of the journal's last entry; of an empty journal, the hash that its first entry will follow."""
    last = read_last_link(connection, project)
    if last is not None:
        return last.hash
    _, lineage, _, _ = read_project(connection, project)
    return genesis_hash(project, lineage)


class _Payloads(Mapping[int, str]):
    """The texts of a journal's payloads by sequence, each read when it is asked for: one may have as much as all others."""

    def __init__(self, connection: Connection, project: str) -> None:
        """Look which there are."""
        self._connection = connection
        self._its_own = PAYLOADS.c.project == project
        self._sequences = frozenset(connection.execute(select(PAYLOADS.c.sequence).where(self._its_own)).scalars())

    def __getitem__(self, sequence: int) -> str:
        """Return the text of one."""
        if sequence not in self._sequences:
            raise KeyError(sequence)
        query = select(PAYLOADS.c.payload).where(self._its_own, PAYLOADS.c.sequence == sequence)
        text: str = self._connection.execute(query).scalar_one()
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
    accounts: dict[str, str | None] = {}
    key_ids: set[str] = set()
    for row in _rows(connection, select(*_ACCOUNT).where(ACCOUNTS.c.project == project)):
        accounts[row["name"]] = row_digest_or_none(row)
        key_ids |= {row["fingerprint_key_id"]} - {None, ""}
    revisions: dict[int, str | None] = {}
    names: dict[int, Mapping[str, str | None] | None] = {}
    for row in _rows(connection, select(*_REVISION).where(REVISIONS.c.project == project)):
        revisions[row["revision"]] = row_digest_or_none(row)
        names[row["revision"]] = _names_in(row["changes"])
    columns = (ROUTES.c.account, ROUTES.c.secret, ROUTES.c.fingerprint, ROUTES.c.route)
    digests = frozenset(map(row_digest_or_none, _rows(connection, select(*columns).where(ROUTES.c.project == project))))
    keys = connection.execute(select(ROUTES.c.digest).where(ROUTES.c.project == project)).scalars()
    return StoredDigests(
        accounts=accounts,
        revisions=revisions,
        routes=digests,
        serial=serial,
        project_row=read_project_row(connection, project),
        account_key_ids=frozenset(key_ids),
        misplaced_routes=len(set(keys) - digests),
        index_faults=_index_faults(connection, project, names),
    )


def _rows(connection: Connection, query: Select[Any]) -> Iterator[RowMapping]:
    """Yield rows by column, no more than a batch of them held."""
    with connection.execute(query.execution_options(yield_per=_ROWS_AT_ONCE)) as rows:
        yield from rows.mappings()


def _names_in(changes: str) -> Mapping[str, str | None] | None:
    """Return the names that a revision changed; None for one that cannot be read, of which its digest tells already."""
    try:
        return names_of_changes(json.loads(changes))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None


def _index_faults(
    connection: Connection, project: str, changed: Mapping[int, Mapping[str, str | None] | None]
) -> frozenset[int]:
    """Return the revisions whose changed names the index tells otherwise, as far as they can be read."""
    table = REVISED_ACCOUNTS.c
    query = select(table.revision, table.name, table.previous_name).where(table.project == project)
    indexed: dict[int, dict[Any, Any]] = {}
    for revision, name, previous in connection.execute(query):
        indexed.setdefault(revision, {})[name] = previous
    faults = {revision for revision in indexed if revision not in changed}
    faults |= {
        revision for revision, names in changed.items() if names is not None and names != indexed.get(revision, {})
    }
    return frozenset(faults)
