"""Queries. Each works on one connection that sees one snapshot, and names the project whose rows it reads."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from dataclasses import replace
from itertools import chain, islice
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from reconciler.diagnostics import error
from reconciler.errors import RowUnreadable, StateMissing
from reconciler.model.journal.keys import (
    ABRIDGED,
    ACCOUNT_DIGESTS,
    ACCOUNT_PARTS,
    ACCOUNTS_BEFORE,
    OF_THE_CHAIN,
    PROJECT_ROW,
    ROUTE_DIGESTS,
)
from reconciler.store.abridged import read_short_form
from reconciler.store.journal import CHANGES, JournalReport, Link, check_links, genesis_hash, payload_text_digest
from reconciler.store.names import follow_names, read_earlier_names
from reconciler.store.rows import (
    ACCOUNT_COLUMNS,
    REVISION_COLUMNS,
    ROUTE_COLUMNS,
    account_from_row,
    changes_in_short,
    entry_from_row,
    known_route_from_row,
    link_from_row,
    payload_of,
    require_readable,
    revision_from_row,
    state_from_rows,
    with_changes,
)
from reconciler.store.schema import ACCOUNTS, JOURNAL, PAYLOADS, PROJECTS, REVISIONS, ROUTES
from reconciler.store.sql import ROWS_AT_ONCE, LongText, first_value, first_values, is_long, one_of, pieces_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
    from datetime import datetime

    from reconciler.model.accounts.recorded import RecordedAccount, RecordedState
    from reconciler.model.journal.entries import JournalEntry, Revision
    from reconciler.store.rows import Aside, KnownRoute
    from reconciler.store.sql import Connection

_ACCOUNT = ACCOUNTS.reading(ACCOUNT_COLUMNS)
_REVISION = REVISIONS.reading(REVISION_COLUMNS)
_ROUTE = ("secret", "fingerprint", "route")
_PAYLOADS = PAYLOADS.reading(("sequence", "payload"))
_PAYLOAD = PAYLOADS.reading(("payload",)) + " AND sequence = :sequence"
_PAYLOADS_SINCE = (
    "SELECT p.sequence, p.payload FROM journal_payloads p"
    " JOIN journal j ON j.project = p.project AND j.sequence = p.sequence"
    " WHERE p.project = :project AND p.sequence >= :first AND j.event <> :but ORDER BY p.sequence"
)
_LINK = JOURNAL.reading(Link._fields)
_LAST_REVISION = "SELECT max(revision) FROM revisions WHERE project = :project"
_NOT_IN_SHORT = OF_THE_CHAIN | {"verification"}
_ENDS = {
    ACCOUNT_DIGESTS: '},"',
    ACCOUNT_PARTS: f'}}}},"{ACCOUNTS_BEFORE}":',
    ACCOUNTS_BEFORE: '},"',
    ROUTE_DIGESTS: '],"',
    "changes": '],"commit":',
}
"""How the longest parts of an apply's payload end in canonical JSON: none of these is found within one that was written by us."""
_OF_PLAN = "SELECT revision FROM revisions WHERE project = :project AND plan_digest = :plan_digest ORDER BY revision"


def read_state(
    connection: Connection,
    project: str,
    *,
    routes: Sequence[Sequence[Any]] | None = None,
    names: Collection[str] | None = None,
    aside: Aside | None = None,
) -> RecordedState:
    """Return the whole state of a project, accounts by name; with ``names``, at most ``ROWS_AT_ONCE``, these accounts.

    Accounts that cannot be read are left out where they can be put ``aside``. ``routes`` are rows (secret, fingerprint, route) to take in the place of the register's; None: the register's
    own.
    """
    by_name = read_accounts(connection, project, names=names, aside=aside)
    if routes is None:
        routes = connection.execute(ROUTES.reading(_ROUTE), {"project": project}).fetchall()
    state = state_from_rows(read_project(connection, project), accounts=by_name, routes=routes)
    return replace(state, earlier_names=read_earlier_names(connection, project, by_name))


def read_accounts(
    connection: Connection, project: str, *, names: Collection[str] | None = None, aside: Aside | None = None
) -> dict[str, RecordedAccount]:
    """Return the accounts of a project by name, in that order; with ``names`` those of them that are recorded.

    Those that cannot be read are put ``aside``; without it they raise ``StateUnavailable`` when they are looked at.
    """
    # Sorted here: the database would look every row up through an index, or sort all its columns.
    condition, values = one_of("name", names) if names is not None else ("", {})
    rows = connection.execute(_ACCOUNT + condition, {"project": project, **values}).fetchall()
    return _accounts_of(sorted(rows, key=itemgetter(0)), aside)


def _accounts_of(rows: Iterable[Sequence[Any]], aside: Aside | None) -> dict[str, RecordedAccount]:
    if aside is None:
        return {row[0]: account_from_row(row) for row in rows}
    found: dict[str, RecordedAccount] = {}
    for row in rows:
        try:
            found[row[0]] = account_from_row(row)
            require_readable(found[row[0]])
        except RowUnreadable as failure:
            found.pop(row[0], None)
            aside.problems[row[0]] = failure.diagnostics[0]
    return found


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
    connection: Connection, project: str, *, may_be_wanted: Callable[[str], bool], aside: Aside | None = None
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
        found |= _accounts_of(read, aside)
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
        return tuple(map(revision_from_row, connection.execute(*_newest(REVISION_COLUMNS, project, limit=limit))))
    touching, _ = follow_names(connection, project, name)
    its_own = _REVISION + " AND revision = :revision"
    return tuple(
        # Where the index names one that is gone, its number alone is no row that can be read.
        revision_from_row(connection.execute(its_own, {"project": project, "revision": number}).fetchone() or (number,))
        for number in sorted(touching, reverse=True)[:limit]
    )


def _newest(columns: Sequence[str], project: str, *, limit: int | None) -> tuple[str, dict[str, Any]]:
    query = REVISIONS.reading(columns) + " ORDER BY revision DESC" + ("" if limit is None else " LIMIT :limit")
    return query, {"project": project, "limit": limit}


def read_heads(connection: Connection, project: str, *, limit: int | None) -> tuple[Revision, ...]:
    """Return revisions, newest first, without what they changed, which is not even read."""
    rows = connection.execute(*_newest(REVISION_COLUMNS[:-1], project, limit=limit))
    return tuple(revision_from_row((*row, "[]")) for row in rows)


def read_changes_in_short(connection: Connection, project: str, head: Revision) -> Revision:
    """Return a revision with what it changed: creations and deletions, where there are very many, come without fields."""
    key = {"project": project, "revision": head.revision}
    read = connection.text(REVISIONS.name, "changes", key)
    if is_long(read):
        try:
            return with_changes(head, changes_in_short(pieces_of(read)))
        except RowUnreadable:  # of another form than reconciler writes
            read = read.whole() if isinstance(read, LongText) else read
    return with_changes(head, read)


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
    connection: Connection,
    project: str,
    *,
    since: datetime | None = None,
    but: str = "",
    has_changes: bool = True,
    in_short: bool = False,
) -> Iterator[tuple[JournalEntry, dict[str, object]]]:
    """Yield what ``read_payloads`` returns, but parse each payload only when it is asked for.

    Those before ``since``, and those of the event ``but``, are not even read. Unless it ``has_changes``, a long payload comes
    without the changes of its revision, and without what the chain alone needs; ``in_short`` also without what was verified,
    and as its short form where it has one, which stands under ``ABRIDGED``.
    """
    entries = map(entry_from_row, read_links(connection, project))
    wanted = {entry.sequence: entry for entry in entries if (since is None or entry.at >= since) and entry.event != but}
    if not wanted:
        return
    if connection.has_pieces and not has_changes:
        payloads = _Payloads(connection, project)
        for sequence in sorted(wanted.keys() & payloads.keys()):
            yield wanted[sequence], _without_changes(sequence, payloads[sequence], in_short=in_short)
        return
    rows = connection.stream(_PAYLOADS_SINCE, {"project": project, "first": min(wanted), "but": but})
    for sequence, text in rows:
        if sequence in wanted:
            tells = _without_changes(sequence, text, in_short=True) if in_short else _in_full(sequence, text)
            yield wanted[sequence], tells


def _without_changes(sequence: int, text: str | LongText, *, in_short: bool) -> dict[str, object]:
    """Return what a payload tells; of a long one neither the revision's changes nor what the chain alone needs.

    ``in_short`` these are not even looked at where the text is as reconciler wrote it, and what was verified is left out.
    """
    short = read_short_form(text) if in_short else None
    if short is not None:
        return short
    if is_long(text):
        from reconciler.store.jsonpieces import OtherForm, read_object

        for ends, apart in ((_ENDS, _NOT_IN_SHORT), ({}, OF_THE_CHAIN)) if in_short else (({}, OF_THE_CHAIN),):
            try:
                return read_object(pieces_of(text), apart=apart, but=CHANGES, ends=ends)
            except OtherForm:
                continue
    return _in_full(sequence, text.whole() if isinstance(text, LongText) else text)


def _in_full(sequence: int, text: str) -> dict[str, object]:
    """Return all that a payload tells, and not in short once more."""
    return {key: part for key, part in payload_of(sequence, text).items() if key != ABRIDGED}


def read_routes(connection: Connection, project: str) -> tuple[KnownRoute, ...]:
    """Return the register of routes, row by row, in the order of their digests."""
    query = ROUTES.reading(("digest", *ROUTE_COLUMNS)) + " ORDER BY digest"
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
    from reconciler.store.stored import read_stored

    _, lineage, serial, _ = read_project(connection, project)
    return check_links(
        read_links(connection, project),
        _Payloads(connection, project),
        genesis=genesis_hash(project, lineage),
        stored=read_stored(connection, project, serial=serial, project_row=read_project_row(connection, project)),
        head=head,
    )
