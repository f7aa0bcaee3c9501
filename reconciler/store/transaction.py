"""What one write may do to a state: all of it is committed together with its journal record, or nothing."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from reconciler.errors import GuardRefused, InvalidInput, JournalBroken
from reconciler.model.canonical import canonical_json
from reconciler.model.journal.keys import PROJECT_ROW, SALT
from reconciler.model.once import Once
from reconciler.rules.journal.abridge import with_abridged
from reconciler.store import reading
from reconciler.store.accountrows import delete_row, rename_rows, write_rows
from reconciler.store.altered import (
    altered_beside_accounts,
    altered_state,
    broken_chain,
    find_alterations,
    find_rows,
    needless_acceptance,
    require_serial,
)
from reconciler.store.digests import (
    account_row,
    names_of_changes,
    revision_row,
    route_row,
    row_digest,
    time_text,
)
from reconciler.store.journal import REDACT, THE_ROUTES, THE_STATE, JournalReport, Link, link_hash, payload_text_digest
from reconciler.store.names import names_of, renamed_to
from reconciler.store.publications import read_publications, write_publications
from reconciler.store.register import RegisterWatch
from reconciler.store.rows import entry_from_row
from reconciler.store.schema import JOURNAL, PAYLOADS, PROJECTS, REVISED_ACCOUNTS, REVISIONS, ROUTES
from reconciler.store.sql import ROWS_AT_ONCE, first_values
from reconciler.store.touched import Touched

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping
    from datetime import datetime

    from reconciler.model.accounts.recorded import RecordedAccount, RecordedState
    from reconciler.model.canonical import JsonObject
    from reconciler.model.consumers.publication import Publication
    from reconciler.model.journal.entries import JournalEntry, Revision
    from reconciler.model.secrets.routes import SecretRoute
    from reconciler.store.rows import KnownRoute
    from reconciler.store.sql import Connection


class Transaction:
    """One write to the state of one project, under the write lock.

    Whatever it touches has to be told by ``append_journal`` before it ends: the store adds the digests of the
    touched rows to the payload, so that ``check_journal`` finds rows that were altered without an entry. A row that
    was altered in that way is not written over: ``append_journal`` refuses it, unless ``accept_altered`` names it.
    """

    def __init__(self, connection: Connection, project: str, *, make_salt: Callable[[], str]) -> None:
        """Take a connection that holds the write lock, and where each payload gets its salt from.

        Without a salt, whoever has the chain could try out what an erased payload may have held.
        """
        self._open_connection: Connection | None = connection
        self._project = project
        self._make_salt = make_salt
        self._touched = Touched()
        self._told = Once[str]()
        self._project_row = reading.read_project_row(connection, project)
        self._register = RegisterWatch(connection, project)
        self._unwritten_accounts: dict[str, JsonObject] = {}
        self._unwritten_routes: list[JsonObject] = []

    def state(self) -> RecordedState:
        """Return the whole state as this transaction sees it."""
        return reading.read_state(self._connection, self._project)

    def account(self, name: str) -> RecordedAccount | None:
        """Return one account as this transaction sees it; None where it is not recorded."""
        return reading.read_account(self._connection, self._project, name=name)

    def put_account(self, account: RecordedAccount, *, previous_name: str | None = None) -> None:
        """Record an account, new or over the one of its name; a rename gives ``previous_name``, whose row it takes.

        Raises ``LookupError`` where nothing is recorded under ``previous_name``.
        """
        if previous_name is not None and previous_name != account.name:
            self.rename_accounts({previous_name: account.name})
        row = account_row(account, self._told)
        self._unwritten_accounts[account.name] = row
        self._touched.put(account.name, row, row_digest(row))
        self._register.note(account.name, secrets=account.fingerprints, values=account.fingerprints.values())
        if len(self._unwritten_accounts) >= ROWS_AT_ONCE:
            _ = self._connection  # writes them, so that no more are held

    def delete_account(self, name: str) -> None:
        """Remove an account; its routes and its history remain. Raises ``LookupError`` where it is not recorded."""
        connection = self._connection
        self._look_at([name])
        delete_row(connection, self._project, name)
        self._touched.put(name, None, None)
        self._register.note(name)

    def rename_accounts(self, names: Mapping[str, str]) -> None:
        """Give accounts other names, old to new, before they are put under these; two may take each other's.

        Raises ``LookupError`` where nothing is recorded under one of the old names.
        """
        connection = self._connection
        self._look_at([*names, *names.values()])
        rename_rows(connection, self._project, names)
        for name in names:
            self._touched.put(name, None, None)
            self._register.note(name)

    def accept_altered(self, reasons: Mapping[str, str]) -> None:
        """Allow to write over these accounts although they were altered, each for a reason that the journal keeps.

        The name ``THE_STATE`` stands for creation time and key id of the state itself, ``THE_ROUTES`` for the
        register of routes.
        """
        self._touched.accepted = dict(reasons)

    def require_recorded(self, names: Iterable[str]) -> None:
        """Raise ``GuardRefused`` where one of these accounts is not what the journal last recorded of it.

        ``append_journal`` does so for all that were touched; this is for callers that decide by what is recorded.
        """
        connection = self._connection
        concerned = {*names}
        found = find_rows(connection, self._project, concerned - self._touched.accepted.keys())
        altered = find_alterations(connection, self._project, found)
        if altered:
            raise GuardRefused([each.problem for each in altered])
        for name in concerned:
            self._register.note(name)
        self._require_register()

    def put_routes(self, account: str, routes: Iterable[SecretRoute]) -> None:
        """Record the routes that an account's secrets take now, beside those recorded earlier.

        Earlier routes stay, so that a secret stays known after its account has moved or gone.
        """
        taken = list(routes)
        rows = {row["digest"]: row for row in (route_row(account, route) for route in taken)}
        values = [each.fingerprint for each in taken if each.fingerprint is not None]
        self._register.note(account, secrets=[each.secret for each in taken], values=values)
        added = [{"project": self._project, **row} for key, row in rows.items() if key not in self._known_routes]
        self._unwritten_routes += added
        self._touched.routes += [row["digest"] for row in added]
        self._known_routes.update(row["digest"] for row in added)
        self._register.add(row["digest"] for row in added)

    def routes(self) -> tuple[KnownRoute, ...]:
        """Return the register of routes, row by row."""
        return reading.read_routes(self._connection, self._project)

    def forget_routes(self, digests: Collection[str]) -> None:
        """Remove rows of the register of routes, and have the journal tell that they are gone."""
        self._remove_routes(digests)
        self._touched.forgotten_routes.update(digests)
        self._touched.routes = [
            digest for digest in self._touched.routes if digest not in self._touched.forgotten_routes
        ]

    def erase_routes(self, digests: Collection[str]) -> None:
        """Remove rows of the register of routes for a redaction, which erases them from the journal too.

        ``redact_payload`` has to be called for each payload that told of them, or the journal would miss them.
        """
        self._remove_routes(digests)

    def require_whole(self) -> None:
        """Raise where the journal or anything that it vouches for was altered: for writes over all of the state.

        ``JournalBroken`` for the journal itself, ``GuardRefused`` for accounts that are not accepted, and for other
        rows. Routes that are accepted are the register from here on, so that what is written next goes on from them.
        """
        report = self.check_journal()
        # A broken chain vouches for nothing, so it is told before what the chain would say of rows.
        broken = broken_chain(report)
        if broken is not None:
            raise JournalBroken(broken)
        self.require_recorded(report.account_problems)
        refused = altered_beside_accounts(report, self._touched.accepted)
        if refused is not None:
            raise GuardRefused(refused)
        self._settle_register()

    def revisions(self) -> tuple[Revision, ...]:
        """Return every revision, newest first."""
        return reading.read_revisions(self._connection, self._project, name=None, limit=None)

    def journal(self) -> tuple[tuple[JournalEntry, JsonObject], ...]:
        """Return every entry of the journal with what it tells."""
        return reading.read_payloads(self._connection, self._project)

    def check_journal(self) -> JournalReport:
        """Return what is wrong with the journal as this transaction sees it."""
        return reading.check_journal(self._connection, self._project, head=None)

    def names_of(self, name: str) -> dict[str, int | None]:
        """Return the name and its earlier names, each with the revision that renamed it away; None for itself."""
        return names_of(self._connection, self._project, name=name)

    def renamed_to(self, name: str) -> str | None:
        """Return what an account of this name was renamed to, where nothing happened under the name since."""
        return renamed_to(self._connection, self._project, name=name)

    def redact_payload(self, entry: JournalEntry, payload: JsonObject) -> None:
        """Replace the payload of an entry, with a new salt.

        The next entry has to be a ``redact``: only there does ``check_journal`` look for redactions.
        """
        key = str(entry.sequence)
        its_row = {"project": self._project, "sequence": entry.sequence}
        before: str = reading.payload_text(self._connection, self._project, sequence=entry.sequence)
        after = self._salted(payload)
        self._connection.execute(PAYLOADS.changing(("payload",)), {**its_row, "payload": after})
        first = self._touched.redacted.get(key, {"before": payload_text_digest(before)})
        self._touched.redacted[key] = {**first, "after": payload_text_digest(after)}

    def redact_revision(self, revision: Revision) -> None:
        """Replace the changes and the reference of a revision; it must touch the same names as before."""
        row = revision_row(revision)
        self._connection.execute(REVISIONS.changing(("changes", "reference")), {"project": self._project, **row})
        self._touched.revisions[str(revision.revision)] = row_digest(row)

    def publications(self) -> tuple[Publication, ...]:
        """Return what each consumer is to have of each account, and has."""
        return read_publications(self._connection, self._project)

    def put_publications(self, put: Iterable[Publication], gone: Iterable[Publication] = ()) -> None:
        """Record what consumers are to have, and have; no entry of the journal vouches for it, and none is needed."""
        write_publications(self._connection, self._project, put=put, gone=gone)

    def add_revision(self, revision: Revision) -> None:
        """Record an applied plan.

        Raises ``ValueError`` unless its number follows the serial, ``GuardRefused`` where the serial was altered.
        """
        _, _, serial, _ = reading.read_project(self._connection, self._project)
        # Only before the first one: the journal does not know yet of what this transaction adds.
        if not self._touched.revisions:
            require_serial(self._connection, self._project, serial)
        if revision.revision != serial + 1:
            raise ValueError(f"revision {revision.revision} does not follow {serial}")
        row = revision_row(revision)
        self._connection.execute(REVISIONS.adding, {"project": self._project, **row})
        its_revision = {"project": self._project, "revision": revision.revision}
        self._connection.executemany(
            REVISED_ACCOUNTS.adding,
            [
                {**its_revision, "name": name, "previous_name": previous}
                for name, previous in sorted(names_of_changes(revision.changes).items())
            ],
        )
        self._update_project(serial=revision.revision)
        self._touched.revisions[str(revision.revision)] = row_digest(row)

    def continue_from(self, serial: int) -> None:
        """Let a state that holds no past go on from a revision of the state that it was copied from."""
        self._update_project(serial=serial)

    def revision_of_plan(self, plan_digest: str) -> int | None:
        """Return the number of the revision that applied a plan; None where it was not applied."""
        return reading.revision_of_plan(self._connection, self._project, plan_digest=plan_digest)

    def append_journal(self, event: str, payload: JsonObject, *, at: datetime) -> JournalEntry:
        """Append an entry with ``payload`` and the digests of everything touched since the last entry; return it."""
        if self._touched.redacted and event != REDACT:
            raise RuntimeError("payloads were redacted: the entry that tells so has to be a redact")
        self._settle_alterations()
        digests = self._touched.told_beside(payload, register=self._register.digest)
        text = self._salted({**payload, **digests, PROJECT_ROW: self._project_row})
        head = reading.read_head(self._connection, self._project)
        last = reading.read_last_link(self._connection, self._project)
        sequence = last.sequence + 1 if last else 1
        payload_digest = payload_text_digest(text)
        moment = time_text(at)
        own_hash = link_hash(sequence, moment, event=event, payload_digest=payload_digest, previous=head)
        link = Link(sequence, moment, event, payload_digest, head, own_hash)
        self._connection.execute(JOURNAL.adding, {"project": self._project, **link._asdict()})
        self._connection.execute(PAYLOADS.adding, {"project": self._project, "sequence": sequence, "payload": text})
        self._touched = Touched()
        return entry_from_row(link)

    def set_fingerprint_key_id(self, key_id: str) -> None:
        """Record the id of the key that the fingerprints are made with."""
        self._require_project_row()
        self._update_project(fingerprint_key_id=key_id)
        self._project_row = {**self._project_row, "fingerprint_key_id": key_id}
        self._touched.key_id = key_id

    def require_journal(self) -> None:
        """Raise ``RuntimeError`` where something was touched that no journal entry tells."""
        if self._touched.needs_entry:
            raise RuntimeError("state was changed without a journal entry: call append_journal last")

    def end(self) -> None:
        """Make the transaction unusable."""
        self._open_connection = None

    @property
    def _connection(self) -> Connection:
        """The connection, after the rows that were put so far have been written.

        Rows are written many at a time, because one statement costs ten times what one more row of it does.
        """
        if self._open_connection is None:
            raise RuntimeError("the transaction has ended")
        accounts, self._unwritten_accounts = list(self._unwritten_accounts.values()), {}
        routes, self._unwritten_routes = self._unwritten_routes, []
        if accounts:
            # Once they are written over, nothing tells any more whether they had been altered.
            self._look_at([row["name"] for row in accounts])
            write_rows(self._open_connection, self._project, accounts)
        if routes:
            self._open_connection.executemany(ROUTES.adding, routes)
        return self._open_connection

    def _look_at(self, names: Collection[str]) -> None:
        """Read the rows of accounts as they were before this transaction first touches them."""
        assert self._open_connection is not None  # noqa: S101 - the callers have it
        new = {name for name in names if name not in self._touched.found}
        self._touched.found |= find_rows(self._open_connection, self._project, new)

    def _settle_alterations(self) -> None:
        """Refuse accounts that are not what the journal last recorded, unless accepted.

        Accepted accounts that nothing else has touched are counted as touched, so that the entry records them as
        they are.
        """
        connection = self._connection
        if self._touched.key_id is None:  # a new key has changed that row, and asked before
            self._require_project_row()
        self._settle_register()
        names = self._touched.accepted.keys() - {THE_STATE, THE_ROUTES}
        self._look_at(names)
        altered = {
            alteration.name: alteration
            for alteration in find_alterations(connection, self._project, self._touched.found)
        }
        refused = [altered[name].problem for name in sorted(altered.keys() - self._touched.accepted.keys())]
        if refused:
            raise GuardRefused(refused)
        # A reason for nothing means that somebody expected something else here, so nothing is written.
        needless = sorted(names - altered.keys())
        if needless:
            raise InvalidInput([needless_acceptance(name) for name in needless])
        for name in sorted(names - self._touched.accounts.keys()):
            self._touched.put(name, *self._touched.found[name])

    def _require_register(self) -> None:
        problem = self._register.problem()
        if problem is not None and THE_ROUTES not in self._touched.accepted:
            raise GuardRefused(problem)

    def _settle_register(self) -> None:
        """Refuse routes that are not what the journal last recorded; have the entry tell of those that are accepted."""
        self._require_register()
        if THE_ROUTES not in self._touched.accepted or self._touched.has_settled_register:
            return
        self._touched.has_settled_register = True
        accepted = self._register.accept(self._connection, self._project)
        if accepted is None:
            raise InvalidInput(needless_acceptance(THE_ROUTES))
        added, gone = accepted
        self._touched.routes += sorted(added - {*self._touched.routes})
        self._touched.forgotten_routes |= gone

    def _require_project_row(self) -> None:
        """Refuse a project row that is not what the last entry told of it, unless ``THE_STATE`` is accepted."""
        told = reading.read_last_project_row(self._connection, self._project)
        is_altered = told is not None and told != self._project_row
        if is_altered and THE_STATE not in self._touched.accepted:
            raise GuardRefused(altered_state(told or {}, self._project_row))
        if not is_altered and THE_STATE in self._touched.accepted:
            raise InvalidInput(needless_acceptance(THE_STATE))

    @cached_property
    def _known_routes(self) -> set[str]:
        return set(first_values(self._connection, ROUTES.reading(("digest",)), {"project": self._project}))

    def _salted(self, payload: JsonObject) -> str:
        """Return the text of a payload with a new salt: once the payload is erased, its digest tells nothing of it."""
        return canonical_json(with_abridged({**payload, SALT: self._make_salt()}))

    def _remove_routes(self, digests: Collection[str]) -> None:
        """Remove rows of the register, also rows that this transaction has put."""
        rows = [{"project": self._project, "digest": digest} for digest in sorted(digests)]
        self._connection.executemany(ROUTES.removing, rows)
        self._known_routes.difference_update(digests)
        self._register.remove(digests)

    def _update_project(self, **columns: Any) -> None:
        self._connection.execute(PROJECTS.changing(columns), {"project": self._project, **columns})
