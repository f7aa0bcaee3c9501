"""What one write may do to a state: all of it is committed together with its journal record, or nothing."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, bindparam, select, update

from reconciler.diagnostics import error
from reconciler.errors import GuardRefused, InvalidInput, JournalBroken
from reconciler.model.canonical import canonical_json
from reconciler.store import reading
from reconciler.store.altered import Found, account_parts, find_alterations, find_rows, require_serial
from reconciler.store.digests import (
    account_row,
    names_of_changes,
    revision_row,
    route_row,
    row_digest,
    time_text,
)
from reconciler.store.journal import (
    ACCEPTED_ALTERED,
    ACCOUNT_DIGESTS,
    ACCOUNT_PARTS,
    ACCOUNTS_BEFORE,
    FORGOTTEN_ROUTES,
    KEY_ID,
    PROJECT_ROW,
    REDACT,
    REDACTED_PAYLOADS,
    REVISION_DIGESTS,
    ROUTE_DIGESTS,
    SALT,
    THE_STATE,
    JournalReport,
    Link,
    link_hash,
    payload_text_digest,
)
from reconciler.store.rows import entry_from_row
from reconciler.store.schema import ACCOUNTS, JOURNAL, PAYLOADS, PROJECTS, REVISED_ACCOUNTS, REVISIONS, ROUTES

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping
    from datetime import datetime

    from reconciler.diagnostics import Diagnostic
    from reconciler.model.accounts.recorded import RecordedAccount, RecordedState
    from reconciler.model.journal.entries import JournalEntry, Revision
    from reconciler.model.secrets.routes import SecretRoute
    from reconciler.store.rows import KnownRoute


_DELETE_ACCOUNT = ACCOUNTS.delete().where(
    ACCOUNTS.c.project == bindparam("its_project"), ACCOUNTS.c.name == bindparam("its_name")
)
_DELETE_ROUTE = ROUTES.delete().where(
    ROUTES.c.project == bindparam("its_project"), ROUTES.c.digest == bindparam("its_digest")
)


class Transaction:
    """One write to the state of one project, under the write lock.

    What it touches has to be told by ``append_journal`` before it ends: the store adds the digests of what was
    touched to the payload, so that ``check_journal`` finds rows altered behind the journal's back. A row that was
    altered so is not written over: ``append_journal`` refuses it, unless it was accepted as it is.
    """

    def __init__(self, connection: Connection, project: str, *, make_salt: Callable[[], str]) -> None:
        """Take a connection that holds the write lock; every payload gets a salt of its own.

        Without one, who has the chain could try out what an erased payload may have held.
        """
        self._open_connection: Connection | None = connection
        self._project = project
        self._make_salt = make_salt
        self._redacted: dict[str, dict[str, str]] = {}
        self._forgotten_routes: set[str] = set()
        self._new_key_id: str | None = None
        self._touched_accounts: dict[str, str | None] = {}
        self._parts: dict[str, dict[str, str]] = {}
        self._found: dict[str, Found] = {}
        self._accepted: dict[str, str] = {}
        self._project_row = reading.read_project_row(connection, project)
        self._touched_revisions: dict[str, str] = {}
        self._touched_routes: list[str] = []
        self._unwritten_accounts: dict[str, dict[str, Any]] = {}
        self._unwritten_routes: list[dict[str, Any]] = []

    def state(self) -> RecordedState:
        """Return the whole state as this transaction sees it."""
        return reading.read_state(self._connection, self._project)

    def account(self, name: str) -> RecordedAccount | None:
        """Return one account as this transaction sees it; None where it is not recorded."""
        return reading.read_account(self._connection, self._project, name=name)

    def put_account(self, account: RecordedAccount, *, previous_name: str | None = None) -> None:
        """Record an account, new or over the one of its name; with ``previous_name`` in place of that one.

        Raises ``LookupError`` where nothing is recorded under ``previous_name``.
        """
        if previous_name is not None and previous_name != account.name:
            self.delete_account(previous_name)
        row = account_row(account)
        self._unwritten_accounts[account.name] = {"project": self._project, **row}
        self._touched_accounts[account.name] = row_digest(row)
        self._parts[account.name] = account_parts(row, self._touched_accounts[account.name] or "")

    def delete_account(self, name: str) -> None:
        """Remove an account; its routes and its history remain. Raises ``LookupError`` where it is not recorded."""
        connection = self._connection
        self._look_at([name])
        removed = connection.execute(_DELETE_ACCOUNT, {"its_project": self._project, "its_name": name})
        if not removed.rowcount:
            raise LookupError(f"no account {name!r} is recorded")
        self._touched_accounts[name] = None
        self._parts.pop(name, None)

    def accept_altered(self, reasons: Mapping[str, str]) -> None:
        """Take these accounts as state has them, each for a reason that the journal keeps, whatever it recorded of them.

        ``THE_STATE`` among them stands for creation time and key id of the state itself.
        """
        self._accepted = dict(reasons)

    def require_recorded(self, names: Iterable[str]) -> None:
        """Raise ``GuardRefused`` for those of the accounts that are not what the journal last recorded of them.

        So does ``append_journal`` for all that were touched; this is for whoever decides by what is recorded.
        """
        connection = self._connection
        found = find_rows(connection, self._project, {*names} - self._accepted.keys())
        altered = find_alterations(connection, self._project, found)
        if altered:
            raise GuardRefused([each.problem for each in altered])

    def put_routes(self, account: str, routes: Iterable[SecretRoute]) -> None:
        """Record the routes that an account's secrets take now.

        Routes recorded earlier stay known, so that a secret stays known after its account has moved or gone.
        """
        rows = {row["digest"]: row for row in (route_row(account, route) for route in routes)}
        added = [{"project": self._project, **row} for key, row in rows.items() if key not in self._known_routes]
        self._unwritten_routes += added
        self._touched_routes += [row["digest"] for row in added]
        self._known_routes.update(row["digest"] for row in added)

    def routes(self) -> tuple[KnownRoute, ...]:
        """Return the register of routes, row by row."""
        return reading.read_routes(self._connection, self._project)

    def forget_routes(self, digests: Collection[str]) -> None:
        """Remove rows of the register of routes; the journal tells that they are gone."""
        self._remove_routes(digests)
        self._forgotten_routes.update(digests)
        self._touched_routes = [digest for digest in self._touched_routes if digest not in self._forgotten_routes]

    def erase_routes(self, digests: Collection[str]) -> None:
        """Remove rows of the register of routes for payloads that do not tell of them any more.

        Takes effect together with ``redact_payload`` for each payload that told of them.
        """
        self._remove_routes(digests)

    def require_whole(self) -> None:
        """Raise where the journal, or anything that it vouches for, was altered: for writes that concern all of it.

        ``GuardRefused`` for accounts, unless they are accepted, and other rows; ``JournalBroken`` for the journal itself.
        """
        report = self.check_journal()
        beside = {*report.account_problems.values(), *report.state_problems}
        broken = [problem for problem in report.problems if problem not in beside]
        again = "Nothing was changed, because that would hide what was altered"
        if broken:
            detail = f"{again}: {broken[0]} See\n    reconciler journal check"
            raise JournalBroken(error("journalBroken", detail))
        self.require_recorded(report.account_problems)
        if report.state_problems:
            detail = (
                f"{again}: {report.state_problems[0]} Restore a backup from before:\n    reconciler state restore FILE"
            )
            raise GuardRefused(error("stateAltered", detail))

    def revisions(self) -> tuple[Revision, ...]:
        """Return every revision, newest first."""
        return reading.read_revisions(self._connection, self._project, name=None, limit=None)

    def journal(self) -> tuple[tuple[JournalEntry, dict[str, Any]], ...]:
        """Return every entry of the journal with what it tells."""
        return reading.read_payloads(self._connection, self._project)

    def check_journal(self) -> JournalReport:
        """Return what is wrong with the journal as this transaction sees it."""
        return reading.check_journal(self._connection, self._project, head=None)

    def names_of(self, name: str) -> dict[str, int | None]:
        """Return the name and its earlier names, each with the revision that renamed it away; None for itself."""
        return reading.names_of(self._connection, self._project, name=name)

    def renamed_to(self, name: str) -> str | None:
        """Return what an account of this name was renamed to, where nothing happened under the name since."""
        return reading.renamed_to(self._connection, self._project, name=name)

    def redact_payload(self, entry: JournalEntry, payload: dict[str, Any]) -> None:
        """Put another payload in the place of an entry's, with a salt of its own.

        The next entry has to be a ``redact``: only there does ``check_journal`` look for what became of payloads.
        """
        key = str(entry.sequence)
        its_row = (PAYLOADS.c.project == self._project) & (PAYLOADS.c.sequence == entry.sequence)
        before: str = self._connection.execute(select(PAYLOADS.c.payload).where(its_row)).scalar_one()
        after = self._salted(payload)
        self._connection.execute(update(PAYLOADS).where(its_row), {"payload": after})
        first = self._redacted.get(key, {"before": payload_text_digest(before)})
        self._redacted[key] = {**first, "after": payload_text_digest(after)}

    def redact_revision(self, revision: Revision) -> None:
        """Put other changes in the place of a revision's; the names that they touch stay."""
        row = revision_row(revision)
        its_row = (REVISIONS.c.project == self._project) & (REVISIONS.c.revision == revision.revision)
        self._connection.execute(update(REVISIONS).where(its_row), {"changes": row["changes"]})
        self._touched_revisions[str(revision.revision)] = row_digest(row)

    def add_revision(self, revision: Revision) -> None:
        """Record an applied plan; raise unless its number follows the last one that state and journal know."""
        _, _, serial, _ = reading.read_project(self._connection, self._project)
        if not self._touched_revisions:
            require_serial(self._connection, self._project, serial)
        if revision.revision != serial + 1:
            raise ValueError(f"revision {revision.revision} does not follow {serial}")
        row = revision_row(revision)
        self._connection.execute(REVISIONS.insert(), {"project": self._project, **row})
        names = names_of_changes(revision.changes)
        if names:
            self._connection.execute(
                REVISED_ACCOUNTS.insert(),
                [
                    {"project": self._project, "revision": revision.revision, "name": name, "previous_name": previous}
                    for name, previous in sorted(names.items())
                ],
            )
        self._update_project(serial=revision.revision)
        self._touched_revisions[str(revision.revision)] = row_digest(row)

    def revision_of_plan(self, plan_digest: str) -> int | None:
        """Return the number of the revision that applied a plan; None where it was not applied."""
        return reading.revision_of_plan(self._connection, self._project, plan_digest=plan_digest)

    def append_journal(self, event: str, payload: dict[str, Any], *, at: datetime) -> JournalEntry:
        """Append an entry that tells ``payload`` and the digests of everything touched since the last one."""
        if self._redacted and event != REDACT:
            raise RuntimeError("payloads were redacted: the entry that tells so has to be a redact")
        self._settle_alterations()
        text = self._salted(self._with_digests(payload))
        head = reading.read_head(self._connection, self._project)
        last = reading.read_last_link(self._connection, self._project)
        sequence = last.sequence + 1 if last else 1
        payload_digest = payload_text_digest(text)
        moment = time_text(at)
        own_hash = link_hash(sequence, moment, event=event, payload_digest=payload_digest, previous=head)
        link = Link(sequence, moment, event, payload_digest, head, own_hash)
        self._connection.execute(JOURNAL.insert(), {"project": self._project, **link._asdict()})
        self._connection.execute(PAYLOADS.insert(), {"project": self._project, "sequence": sequence, "payload": text})
        self._touched_accounts, self._touched_revisions, self._touched_routes = {}, {}, []
        self._redacted, self._forgotten_routes, self._new_key_id = {}, set(), None
        self._parts, self._found, self._accepted = {}, {}, {}
        return entry_from_row(link)

    def set_fingerprint_key_id(self, key_id: str) -> None:
        """Record the id of the key that the fingerprints are made with."""
        self._require_project_row()
        self._update_project(fingerprint_key_id=key_id)
        self._project_row = {**self._project_row, "fingerprint_key_id": key_id}
        self._new_key_id = key_id

    def require_journal(self) -> None:
        """Raise ``RuntimeError`` where something was touched that no journal entry tells."""
        touched = (self._touched_accounts, self._touched_revisions, self._touched_routes, self._redacted)
        if any(touched) or self._forgotten_routes or self._new_key_id is not None:
            raise RuntimeError("state was changed without a journal entry: call append_journal last")

    def end(self) -> None:
        """Make the transaction unusable."""
        self._open_connection = None

    @property
    def _connection(self) -> Connection:
        """The connection, after what was put so far has been written.

        Rows are written many at a time, because one statement costs ten times what one more row of it does.
        """
        if self._open_connection is None:
            raise RuntimeError("the transaction has ended")
        accounts, self._unwritten_accounts = list(self._unwritten_accounts.values()), {}
        routes, self._unwritten_routes = self._unwritten_routes, []
        if accounts:
            self._look_at([row["name"] for row in accounts])
            self._open_connection.execute(
                _DELETE_ACCOUNT,
                [{"its_project": self._project, "its_name": row["name"]} for row in accounts],
            )
            self._open_connection.execute(ACCOUNTS.insert(), accounts)
        if routes:
            self._open_connection.execute(ROUTES.insert(), routes)
        return self._open_connection

    def _look_at(self, names: Collection[str]) -> None:
        """Note what state has of accounts before they are first touched."""
        assert self._open_connection is not None  # noqa: S101 - the callers have it
        new = {name for name in names if name not in self._found}
        self._found |= find_rows(self._open_connection, self._project, new)

    def _settle_alterations(self) -> None:
        """Refuse accounts that are not what the journal last recorded, unless accepted; note those accepted as they are."""
        connection = self._connection
        if self._new_key_id is None:
            self._require_project_row()
        names = self._accepted.keys() - {THE_STATE}
        self._look_at(names)
        altered = {each.name: each for each in find_alterations(connection, self._project, self._found)}
        refused = [altered[name].problem for name in sorted(altered.keys() - self._accepted.keys())]
        if refused:
            raise GuardRefused(refused)
        needless = sorted(names - altered.keys())
        if needless:
            raise InvalidInput([_needless(name) for name in needless])
        for name in sorted(names - self._touched_accounts.keys()):
            row, digest = self._found[name]
            self._touched_accounts[name] = digest
            if row is not None and digest is not None:
                self._parts[name] = account_parts(row, digest)

    def _require_project_row(self) -> None:
        """Refuse a state whose own row is not what the last entry told of it, unless that is accepted."""
        told = reading.read_last_project_row(self._connection, self._project)
        is_altered = told is not None and told != self._project_row
        if is_altered and THE_STATE not in self._accepted:
            raise GuardRefused(_altered_state(told or {}, self._project_row))
        if not is_altered and THE_STATE in self._accepted:
            raise InvalidInput(_needless(THE_STATE))

    @cached_property
    def _known_routes(self) -> set[str]:
        return set(self._connection.execute(select(ROUTES.c.digest).where(ROUTES.c.project == self._project)).scalars())

    def _with_digests(self, payload: dict[str, Any]) -> dict[str, Any]:
        told = dict(payload)
        if self._touched_accounts:
            told[ACCOUNT_DIGESTS] = {**payload.get(ACCOUNT_DIGESTS, {}), **self._touched_accounts}
            told[ACCOUNTS_BEFORE] = {name: self._found[name].digest for name in self._touched_accounts}
            told[ACCOUNT_PARTS] = {name: self._parts[name] for name in self._touched_accounts if name in self._parts}
        if self._accepted:
            told[ACCEPTED_ALTERED] = self._accepted
        if self._touched_revisions:
            told[REVISION_DIGESTS] = {**payload.get(REVISION_DIGESTS, {}), **self._touched_revisions}
        if self._touched_routes:
            told[ROUTE_DIGESTS] = sorted(self._touched_routes)
        if self._forgotten_routes:
            told[FORGOTTEN_ROUTES] = sorted(self._forgotten_routes)
        if self._redacted:
            told[REDACTED_PAYLOADS] = self._redacted
        if self._new_key_id is not None:
            told[KEY_ID] = self._new_key_id
        return {**told, PROJECT_ROW: self._project_row}

    def _salted(self, payload: dict[str, Any]) -> str:
        """Return the text of a payload with a new salt, so that its digest tells nothing of it once it is erased."""
        return canonical_json({**payload, SALT: self._make_salt()})

    def _remove_routes(self, digests: Collection[str]) -> None:
        """Remove rows of the register, also of what was put in this transaction."""
        for digest in sorted(digests):
            self._connection.execute(_DELETE_ROUTE, {"its_project": self._project, "its_digest": digest})
        self._known_routes.difference_update(digests)

    def _update_project(self, **columns: Any) -> None:
        self._connection.execute(update(PROJECTS).where(PROJECTS.c.project == self._project), columns)


def _needless(name: str) -> Diagnostic:
    detail = (
        f"--accept-altered names {name}, which is what the journal last recorded of it, or is not concerned. Leave the "
        "option out. Nothing was changed."
    )
    return error("selectorMatchesNothing", detail, subject=name)


def _altered_state(told: Mapping[str, Any], found: Mapping[str, str | None]) -> Diagnostic:
    words = {"created_at": "creation time", "fingerprint_key_id": "id of the key of fingerprints"}
    differing = " and ".join(word for column, word in words.items() if told.get(column) != found.get(column))
    detail = (
        f"The {differing} in state is not what the journal last recorded. Something other than reconciler wrote to the "
        "database, so nothing is recorded over it. Restore a backup from before:\n    reconciler state restore FILE\n"
        f"Or, if it is right as it is, say so, and why; the journal keeps it:\n    --accept-altered {THE_STATE}=REASON"
    )
    return error("stateAltered", detail)
