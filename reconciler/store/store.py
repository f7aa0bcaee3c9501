"""A state that is open: what can be read of it, and the beginning of a write."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Self

from reconciler.classes import Frozen
from reconciler.errors import StateUnavailable
from reconciler.store import reading
from reconciler.store.altered import find_alterations, find_rows
from reconciler.store.database import state_not_compacted
from reconciler.store.digests import new_salt
from reconciler.store.journal import THE_ROUTES
from reconciler.store.names import names_of, read_earlier_names
from reconciler.store.publications import read_publications
from reconciler.store.register import Register, read_register, routes_known_by_name

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping
    from contextlib import AbstractContextManager
    from datetime import datetime
    from types import TracebackType

    from reconciler.model.accounts.recorded import RecordedAccount, RecordedState
    from reconciler.model.consumers.publication import Publication
    from reconciler.model.journal.entries import JournalEntry, Revision
    from reconciler.store.altered import Alteration
    from reconciler.store.database import Database
    from reconciler.store.journal import JournalReport
    from reconciler.store.rows import Aside
    from reconciler.store.sql import Connection
    from reconciler.store.transaction import Transaction


class Store:
    """The state of one project. Every method sees one consistent snapshot and raises ``StateError`` alone.

    Between calls nothing is held open, so no lock can be left behind. Not to be shared between threads.
    """

    def __init__(self, database: Database, project: str, *, make_salt: Callable[[], str] = new_salt) -> None:
        """Take a database that holds the project; ``open_store`` makes sure of that."""
        self.project = project
        self._make_salt = make_salt
        self._database = database
        self._is_writing = False

    def __enter__(self) -> Self:
        """Return the store itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, failure: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close the store."""
        self.close()

    def close(self) -> None:
        """Do nothing: no connection outlives the call that it was made for."""

    @contextmanager
    def snapshot(self) -> Iterator[Snapshot]:
        """Hand out reads that all see the same moment, also while others write."""
        with self._reading() as connection:
            yield Snapshot(connection, self.project)

    def read_state(self, aside: Aside | None = None) -> RecordedState:
        """Return the whole state, accounts by name; their parts are parsed when they are looked at.

        Accounts that cannot be read are left out where they can be put ``aside``; all parts are parsed for that.
        """
        with self._reading() as connection:
            return reading.read_state(connection, self.project, aside=aside)

    def read_accounts(self, aside: Aside | None = None) -> dict[str, RecordedAccount]:
        """Return the accounts by name; nothing else is read, so that a database user may see them and no route.

        ``aside`` as for ``read_state``.
        """
        with self._reading(self._database.reading_part) as connection:
            return reading.read_accounts(connection, self.project, aside=aside)

    def read_account(self, name: str) -> RecordedAccount | None:
        """Return one account; None where it is not recorded."""
        with self._reading(self._database.reading_part) as connection:
            return reading.read_account(connection, self.project, name=name)

    def find_accounts(
        self, may_be_wanted: Callable[[str], bool], aside: Aside | None = None
    ) -> dict[str, RecordedAccount]:
        """Return the accounts that may be wanted by what is written of them, by name; see ``reading.find_accounts``."""
        with self._reading(self._database.reading_part) as connection:
            return reading.find_accounts(connection, self.project, may_be_wanted=may_be_wanted, aside=aside)

    def has_accounts(self) -> bool:
        """Tell whether any account is recorded."""
        with self._reading(self._database.reading_part) as connection:
            return reading.has_accounts(connection, self.project)

    def revisions(self, name: str | None = None, *, limit: int | None = None) -> tuple[Revision, ...]:
        """Return revisions, newest first; with ``name`` only those that touched it, also under earlier names."""
        with self._reading() as connection:
            return reading.read_revisions(connection, self.project, name=name, limit=limit)

    def last_revision(self) -> int:
        """Return the number of the last revision; 0 without any."""
        with self._reading() as connection:
            return reading.last_revision(connection, self.project)

    def revision_of_plan(self, plan_digest: str) -> int | None:
        """Return the number of the revision that applied a plan; None where it was not applied."""
        with self._reading() as connection:
            return reading.revision_of_plan(connection, self.project, plan_digest=plan_digest)

    def alterations(self, names: Collection[str]) -> tuple[Alteration, ...]:
        """Return, by name, those of the accounts whose rows are not what the journal last recorded of them."""
        with self._reading() as connection:
            return find_alterations(connection, self.project, find_rows(connection, self.project, names))

    def read_vouched(
        self, accepted: Collection[str] = (), aside: Aside | None = None
    ) -> tuple[RecordedState, Register]:
        """Return the state with only the routes that the journal vouches for, and the register as it is.

        ``aside`` as for ``read_state``. With ``THE_ROUTES`` among ``accepted`` all routes count, and the register is taken as not altered.
        """
        with self._reading() as connection:
            if THE_ROUTES in accepted:
                state = reading.read_state(connection, self.project, aside=aside)
                return state, Register(rows=(), told=frozenset())
            register = read_register(connection, self.project)
            return reading.read_state(connection, self.project, routes=register.vouched, aside=aside), register

    def read_some(self, names: Collection[str], *, compares_values: bool) -> RecordedState:
        """Return the state with these accounts alone, as far as they are recorded, and with the routes to judge them by.

        For a state of which is known that its register is as the journal recorded it. Unless values are to be compared
        the routes may be fewer than all, see ``register.routes_known_by_name``.
        """
        with self._reading() as connection:
            routes = None if compares_values else routes_known_by_name(connection, self.project, names=names)
            return reading.read_state(connection, self.project, names=names, routes=routes)

    def publications(self) -> tuple[Publication, ...]:
        """Return what each consumer is to have of each account, and has."""
        with self._reading() as connection:
            return read_publications(connection, self.project)

    def journal(self) -> tuple[JournalEntry, ...]:
        """Return the journal's entries in their order."""
        with self._reading() as connection:
            return reading.read_journal(connection, self.project)

    def names_of(self, name: str) -> dict[str, int | None]:
        """Return the name and its earlier names, each with the revision that renamed it away; None for itself."""
        with self._reading() as connection:
            return names_of(connection, self.project, name=name)

    def journal_payload(self, sequence: int) -> dict[str, object] | None:
        """Return what an entry of the journal tells; None where it has no payload."""
        with self._reading() as connection:
            return reading.read_payload(connection, self.project, sequence=sequence)

    def journal_head(self) -> str:
        """Return the hash of the journal's last entry; of an empty one, the hash that its first entry will follow."""
        with self._reading() as connection:
            return reading.read_head(connection, self.project)

    def check_journal(self, *, head: str | None = None) -> JournalReport:
        """Check the journal, the rows that it vouches for, and what guards it; ``head`` was noted earlier, or is None.

        Raises ``StateUnavailable`` where the database itself finds damage, whatever else there is.
        """
        with self._reading() as connection, self._database.checking_integrity(connection):
            report = reading.check_journal(connection, self.project, head=head)
            return replace(report, unguarded=self._database.faults(connection))

    def faults(self) -> tuple[str, ...]:
        """Return, as sentences, what stands beside the tables otherwise than it was made, such as what guards them."""
        with self._reading() as connection:
            return self._database.faults(connection)

    def compact(self) -> None:
        """Write the database anew, without what was deleted from it.

        Where that fails, ``StateUnavailable`` says that what was written before stands.
        """
        try:
            self._database.compact()
        except StateUnavailable as failure:
            raise state_not_compacted(self._database.shown, failure) from None

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        """Begin a transaction that holds the write lock; commit at the end, roll back on any exception.

        Nothing is committed unless everything touched is told in the journal.
        """
        # Most commands only read.
        from reconciler.store.transaction import Transaction

        with self._reading_refused(), self._database.writing() as connection:
            transaction = Transaction(connection, self.project, make_salt=self._make_salt)
            try:
                yield transaction
                transaction.require_journal()
            finally:
                transaction.end()

    @contextmanager
    def _reading(self, begin: Callable[[], AbstractContextManager[Connection]] | None = None) -> Iterator[Connection]:
        if self._is_writing:
            raise RuntimeError("inside write(), read through the transaction")
        with (begin or self._database.reading)() as connection:
            yield connection

    @contextmanager
    def _reading_refused(self) -> Iterator[None]:
        """Refuse reads beside a transaction: they would not see what it wrote, and could wait for it for ever."""
        if self._is_writing:
            raise RuntimeError("a write is under way already")
        self._is_writing = True
        try:
            yield
        finally:
            self._is_writing = False


class Snapshot(Frozen):
    """A project's state at one moment; to be used only while ``Store.snapshot`` lasts."""

    _connection: Connection
    _project: str

    def state(self) -> RecordedState:
        """Return the whole state, accounts by name."""
        return reading.read_state(self._connection, self._project)

    def revisions(self, *, limit: int | None = None) -> tuple[Revision, ...]:
        """Return the revisions, newest first."""
        return reading.read_revisions(self._connection, self._project, name=None, limit=limit)

    def heads(self, *, limit: int | None = None) -> tuple[Revision, ...]:
        """Return the revisions, newest first, without what they changed."""
        return reading.read_heads(self._connection, self._project, limit=limit)

    def changes_in_short(self, head: Revision) -> Revision:
        """Return a revision with what it changed, see ``reading.read_changes_in_short``."""
        return reading.read_changes_in_short(self._connection, self._project, head)

    def journal(
        self, *, since: datetime | None = None, but: str = "", has_changes: bool = True, in_short: bool = False
    ) -> Iterator[tuple[JournalEntry, dict[str, object]]]:
        """Yield the journal's entries in their order, each with what it tells, one payload in memory at a time.

        None that were written before ``since``, and none of the event ``but``: their payloads are not even read. Unless it
        ``has_changes``, what revisions changed may be left out, and what the chain alone needs; ``in_short`` what was
        verified too.
        """
        return reading.iterate_payloads(
            self._connection, self._project, since=since, but=but, has_changes=has_changes, in_short=in_short
        )

    def earlier_names(self, accounts: Mapping[str, RecordedAccount]) -> dict[str, tuple[str, ...]]:
        """Return the earlier names of those of some recorded accounts that were renamed, the latest first."""
        return read_earlier_names(self._connection, self._project, accounts)

    def journal_head(self) -> str:
        """Return the hash of the journal's last entry; of an empty one, the hash that its first entry will follow."""
        return reading.read_head(self._connection, self._project)
