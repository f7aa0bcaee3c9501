"""Queries, each over one connection that sees one snapshot."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, select

from reconciler.diagnostics import error
from reconciler.errors import StateMissing
from reconciler.store.digests import names_of_changes, row_digest_or_none
from reconciler.store.journal import (
    PROJECT_ROW,
    JournalReport,
    Link,
    StoredDigests,
    check_links,
    genesis_hash,
    payload_text_digest,
)
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
    from collections.abc import Iterator, Mapping

    from sqlalchemy import Select

    from reconciler.model.accounts.recorded import RecordedAccount, RecordedState
    from reconciler.model.journal.entries import JournalEntry, Revision
    from reconciler.store.rows import KnownRoute

_ACCOUNT = [ACCOUNTS.c[column] for column in ACCOUNT_COLUMNS]
_REVISION = [column for column in REVISIONS.c if column.name != "project"]
_LINK = [JOURNAL.c[column] for column in Link._fields]


def read_state(connection: Connection, project: str) -> RecordedState:
    """Return the whole state of a project; accounts by name."""
    # Sorted here: the database would look every row up through an index, or sort all its columns.
    accounts = connection.execute(select(*_ACCOUNT).where(ACCOUNTS.c.project == project)).all()
    routes = select(ROUTES.c.secret, ROUTES.c.fingerprint, ROUTES.c.route).where(ROUTES.c.project == project)
    by_name = {row[0]: account_from_row(row) for row in sorted(accounts, key=itemgetter(0))}
    state = state_from_rows(
        read_project(connection, project), accounts=by_name, routes=connection.execute(routes).all()
    )
    return replace(state, earlier_names=_earlier_names(connection, project, by_name))


def _earlier_names(
    connection: Connection, project: str, accounts: Mapping[str, RecordedAccount]
) -> dict[str, tuple[str, ...]]:
    """Return the names that each account had before it was renamed, the latest first; only of those that were.

    A name may have been another account's before: only renames since the account was created count.
    """
    table = REVISED_ACCOUNTS.c
    of_project = (table.project == project) & (REVISIONS.c.project == project) & table.previous_name.is_not(None)
    query = select(table.name, table.previous_name, table.revision, REVISIONS.c.at).where(
        of_project, REVISIONS.c.revision == table.revision
    )
    renames: dict[str, list[tuple[int, str, str]]] = {}
    for name, previous, revision, at in connection.execute(query):
        renames.setdefault(name, []).append((revision, previous, at))
    found: dict[str, tuple[str, ...]] = {}
    for name in accounts.keys() & renames.keys():
        names: list[str] = []
        current, last = name, accounts[name].revision + 1
        while earlier := [
            each for each in renames.get(current, ()) if each[0] < last and _is_since(each[2], accounts[name])
        ]:
            last, current, _ = max(earlier)
            names.append(current)
        if names:
            found[name] = tuple(names)
    return found


def _is_since(at: str, account: RecordedAccount) -> bool:
    """Tell whether a revision was applied since the account was created; not where its time cannot be read."""
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
    """Return of the project's row what each entry of the journal vouches for beside lineage and serial."""
    columns = (PROJECTS.c.created_at, PROJECTS.c.fingerprint_key_id)
    row = connection.execute(select(*columns).where(PROJECTS.c.project == project)).mappings().first()
    return dict(row) if row is not None else {}


def read_last_project_row(connection: Connection, project: str) -> dict[str, Any] | None:
    """Return what the last entry of the journal told of the project's row; None where it tells nothing that holds."""
    link = read_last_link(connection, project)
    query = select(PAYLOADS.c.payload).where(PAYLOADS.c.project == project)
    text = connection.execute(query.where(PAYLOADS.c.sequence == link.sequence)).scalar() if link is not None else None
    if link is None or text is None or payload_text_digest(text) != link.payload_digest:
        return None
    told = payload_of(link.sequence, text).get(PROJECT_ROW)
    return told if isinstance(told, dict) else None


def read_account(connection: Connection, project: str, *, name: str) -> RecordedAccount | None:
    """Return one account."""
    query = select(*_ACCOUNT).where(ACCOUNTS.c.project == project, ACCOUNTS.c.name == name)
    row = connection.execute(query).first()
    return None if row is None else account_from_row(row)


def read_revisions(
    connection: Connection, project: str, *, name: str | None, limit: int | None
) -> tuple[Revision, ...]:
    """Return revisions, newest first; with a name those that touched it, also under its earlier names."""
    query = select(*_REVISION).where(REVISIONS.c.project == project).order_by(REVISIONS.c.revision.desc())
    if name is None:
        return tuple(revision_from_row(row) for row in connection.execute(_limited(query, limit)))
    numbers = sorted(_revisions_of(connection, project, name=name), reverse=True)[:limit]
    return tuple(
        revision_from_row(connection.execute(query.where(REVISIONS.c.revision == number)).one()) for number in numbers
    )


def _limited(query: Select[Any], limit: int | None) -> Select[Any]:
    return query if limit is None else query.limit(limit)


def _revisions_of(connection: Connection, project: str, *, name: str) -> set[int]:
    """Return the revisions that touched a name, and before each rename those that touched the name before it."""
    found, _ = _follow(connection, project, name)
    return found


def names_of(connection: Connection, project: str, *, name: str) -> dict[str, int | None]:
    """Return the name and its earlier names, each with the revision that renamed it away; None for the name itself."""
    _, followed = _follow(connection, project, name)
    return followed


def renamed_to(connection: Connection, project: str, *, name: str) -> str | None:
    """Return what an account of this name was renamed to, where nothing happened under the name since."""
    table = REVISED_ACCOUNTS.c
    of_project = table.project == project
    away = select(table.revision, table.name).where(of_project, table.previous_name == name)
    last = connection.execute(away.order_by(table.revision.desc())).first()
    if last is None:
        return None
    since = select(table.revision).where(of_project, table.name == name, table.revision > last[0])
    return None if connection.execute(since).first() is not None else str(last[1])


def _follow(connection: Connection, project: str, name: str) -> tuple[set[int], dict[str, int | None]]:
    table = REVISED_ACCOUNTS.c
    query = select(table.revision, table.previous_name).where(table.project == project)
    found: set[int] = set()
    followed: dict[str, int | None] = {}
    names: list[tuple[str, int | None]] = [(name, None)]
    while names:
        current, last = names.pop()
        if current in followed and not _is_later(last, followed[current]):
            continue
        followed[current] = last
        touched = query.where(table.name == current)
        rows = connection.execute(touched if last is None else touched.where(table.revision <= last)).all()
        found.update(revision for revision, _ in rows)
        # In the revision that gave the name away another account may have taken it, as in a swap.
        before = [row for row in rows if row[1] is not None and (last is None or row[0] < last)]
        names.extend((previous, revision) for revision, previous in before)
    return found, followed


def _is_later(last: int | None, followed: int | None) -> bool:
    """Tell whether a bound reaches later than one followed already; None has no bound."""
    return followed is not None and (last is None or last > followed)


def revision_of_plan(connection: Connection, project: str, *, plan_digest: str) -> int | None:
    """Return the number of the revision that applied a plan."""
    query = select(REVISIONS.c.revision).where(REVISIONS.c.project == project, REVISIONS.c.plan_digest == plan_digest)
    return connection.execute(query.order_by(REVISIONS.c.revision)).scalars().first()


def read_journal(connection: Connection, project: str) -> tuple[JournalEntry, ...]:
    """Return the journal's entries in their order."""
    return tuple(entry_from_row(link) for link in read_links(connection, project))


def read_payload(connection: Connection, project: str, *, sequence: int) -> dict[str, Any] | None:
    """Return what an entry of the journal tells; None where there is none."""
    query = select(PAYLOADS.c.payload).where(PAYLOADS.c.project == project, PAYLOADS.c.sequence == sequence)
    text = connection.execute(query).scalar()
    return None if text is None else payload_of(sequence, text)


def read_payloads(connection: Connection, project: str) -> tuple[tuple[JournalEntry, dict[str, Any]], ...]:
    """Return every entry of the journal with what it tells, in their order; entries without a payload are left out."""
    query = select(PAYLOADS.c.sequence, PAYLOADS.c.payload).where(PAYLOADS.c.project == project)
    texts = {row[0]: row[1] for row in connection.execute(query)}
    return tuple(
        (entry_from_row(link), payload_of(link.sequence, texts[link.sequence]))
        for link in read_links(connection, project)
        if link.sequence in texts
    )


def iterate_payloads(connection: Connection, project: str) -> Iterator[tuple[JournalEntry, dict[str, Any]]]:
    """Yield what ``read_payloads`` returns, parsing each payload when it is asked for."""
    links = {link.sequence: link for link in read_links(connection, project)}
    query = select(PAYLOADS.c.sequence, PAYLOADS.c.payload).where(PAYLOADS.c.project == project)
    rows = connection.execute(query.order_by(PAYLOADS.c.sequence), execution_options={"stream_results": True})
    for sequence, text in rows:
        if sequence in links:
            yield entry_from_row(links[sequence]), payload_of(sequence, text)


def read_routes(connection: Connection, project: str) -> tuple[KnownRoute, ...]:
    """Return the register of routes, row by row, in the order of their digests."""
    columns = (ROUTES.c.digest, ROUTES.c.account, ROUTES.c.secret, ROUTES.c.fingerprint, ROUTES.c.route)
    query = select(*columns).where(ROUTES.c.project == project).order_by(ROUTES.c.digest)
    return tuple(known_route_from_row(row) for row in connection.execute(query))


def read_links(connection: Connection, project: str) -> list[Link]:
    """Return the journal's entries as they are stored."""
    query = select(*_LINK).where(JOURNAL.c.project == project).order_by(JOURNAL.c.sequence)
    return [link_from_row(row) for row in connection.execute(query)]


def read_last_link(connection: Connection, project: str) -> Link | None:
    """Return the journal's last entry."""
    query = select(*_LINK).where(JOURNAL.c.project == project).order_by(JOURNAL.c.sequence.desc()).limit(1)
    row = connection.execute(query).first()
    return None if row is None else link_from_row(row)


def read_head(connection: Connection, project: str) -> str:
    """Return the hash of the journal's last entry; of its lineage where it has none."""
    last = read_last_link(connection, project)
    if last is not None:
        return last.hash
    _, lineage, _, _ = read_project(connection, project)
    return genesis_hash(project, lineage)


def check_journal(connection: Connection, project: str, *, head: str | None) -> JournalReport:
    """Return what is wrong with the journal and with the rows that it vouches for."""
    _, lineage, serial, _ = read_project(connection, project)
    payloads = connection.execute(select(PAYLOADS.c.sequence, PAYLOADS.c.payload).where(PAYLOADS.c.project == project))
    return check_links(
        read_links(connection, project),
        {row[0]: row[1] for row in payloads},
        genesis=genesis_hash(project, lineage),
        stored=_stored_digests(connection, project, serial=serial),
        head=head,
    )


def _stored_digests(connection: Connection, project: str, *, serial: int) -> StoredDigests:
    accounts = connection.execute(select(*_ACCOUNT).where(ACCOUNTS.c.project == project)).mappings().all()
    revisions = connection.execute(select(*_REVISION).where(REVISIONS.c.project == project)).mappings().all()
    columns = (ROUTES.c.account, ROUTES.c.secret, ROUTES.c.fingerprint, ROUTES.c.route)
    routes = connection.execute(select(*columns).where(ROUTES.c.project == project)).mappings()
    keys = connection.execute(select(ROUTES.c.digest).where(ROUTES.c.project == project)).scalars()
    digests = frozenset(row_digest_or_none(row) for row in routes)
    return StoredDigests(
        accounts={row["name"]: row_digest_or_none(row) for row in accounts},
        revisions={row["revision"]: row_digest_or_none(row) for row in revisions},
        routes=digests,
        serial=serial,
        project_row=read_project_row(connection, project),
        account_key_ids=frozenset(row["fingerprint_key_id"] for row in accounts if row["fingerprint_key_id"]),
        misplaced_routes=len(set(keys) - digests),
        index_faults=_index_faults(connection, project, {row["revision"]: row["changes"] for row in revisions}),
    )


def _index_faults(connection: Connection, project: str, changes: dict[int, Any]) -> frozenset[int]:
    """Return the revisions whose names the index tells otherwise; what cannot be read is told by its digest."""
    table = REVISED_ACCOUNTS.c
    query = select(table.revision, table.name, table.previous_name).where(table.project == project)
    indexed: dict[int, dict[Any, Any]] = {}
    for revision, name, previous in connection.execute(query):
        indexed.setdefault(revision, {})[name] = previous
    faults = {revision for revision in indexed if revision not in changes}
    for revision, text in changes.items():
        try:
            names = names_of_changes(json.loads(text))
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            continue
        if names != indexed.get(revision, {}):
            faults.add(revision)
    return frozenset(faults)
