"""Whether accounts in state are what the journal last recorded of them, asked before one is written over.

Premise: what is written over an altered row would be vouched for by the journal from then on, and the alteration
would be laundered. So whoever writes asks first, and only for the accounts that are written.

The journal is read from its end backwards, once for all of them, and no further than to the last entry that tells
of each; what an entry tells counts as far as the chain holds from there on. A name without a row is looked for as
well, back to the beginning, because its row may have been removed. So most payloads are only hashed, and parsed
where one of the names occurs. The rows hold no digest of themselves: whoever can alter a row could alter that too.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from reconciler.classes import dataclass
from reconciler.diagnostics import Diagnostic, enumerated, error
from reconciler.errors import GuardRefused, RowUnreadable
from reconciler.model.canonical import sha256_hex
from reconciler.model.journal.keys import ACCOUNT_DIGESTS, ACCOUNT_PARTS, REVISION_DIGESTS
from reconciler.store.digests import row_digest_or_none, value_text
from reconciler.store.journal import REDACT, THE_STATE, Link, is_intact, read_backwards
from reconciler.store.rows import ACCOUNT_COLUMNS, account_from_row, link_from_row, require_readable
from reconciler.store.schema import ACCOUNTS
from reconciler.store.sql import first_value, one_of

if TYPE_CHECKING:
    from collections.abc import Collection, Generator, Mapping

    from reconciler.model.canonical import JsonView
    from reconciler.store.digests import Row
    from reconciler.store.journal import JournalReport
    from reconciler.store.sql import Connection

Kind = Literal["altered", "added", "removed", "untold"]
_WORDS = {
    "kind": "kind",
    "document": "settings",
    "written": "domains as written",
    "revision": "revision",
    "created_at": "creation time",
    "updated_at": "time of the last change",
    "settings_digest": "digest of the verified settings",
    "ca_digest": "digest of the private CA",
    "fingerprints": "fingerprints of secrets",
    "fingerprint_key_id": "key of the fingerprints",
    "approval": "approval",
    "verification": "verification",
    "suspension": "suspension",
    "evidence": "evidence",
    "manifest": "manifest file",
    "server": "MailServer",
    "ca_pem": "private CA",
}
"""What people call the columns of an account."""
_UNCHANGED = "Nothing was changed, because that would hide what was altered"
_ACCOUNT = ACCOUNTS.reading(ACCOUNT_COLUMNS)
_LAST_REVISION = "SELECT max(revision) FROM revisions WHERE project = :project"
_BACKWARDS = (
    "SELECT j.sequence, j.at, j.event, j.payload_digest, j.previous, j.hash, p.payload FROM journal j"
    " LEFT JOIN journal_payloads p ON p.project = j.project AND p.sequence = j.sequence"
    " WHERE j.project = :project ORDER BY j.sequence DESC"
)
_PART_DIGITS = 8
_MOST_NAMED = 500
"""The most names that a query lists; for more, the whole table is read."""
_MOST_SOUGHT = 20
"""The most names that are looked for in the text of a payload; for more, every payload is parsed."""
_ENTRIES_AT_ONCE = 20


class Found(NamedTuple):
    """The row of an account as it is in state, and its digest; both None where there is no row."""

    row: Row | None
    digest: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Alteration:
    """An account whose row is not what the journal last recorded of it."""

    name: str
    kind: Kind
    """``altered``: another row; ``added``: a row that was never recorded, or was recorded as deleted; ``removed``: no
    row where one was recorded; ``untold``: the journal cannot tell. Every kind stops a write; only the words
    differ.
    """
    columns: tuple[str, ...] = ()
    """The columns that differ, for the message only; empty where the journal does not tell columns apart."""
    entry: int | None = None
    """The entry that recorded the account last; for ``untold`` the entry that does not hold."""
    is_readable: bool = True
    """Whether the row can be read, as far as there is one: another is not taken as it is by any command."""

    @property
    def problem(self) -> Diagnostic:
        """The error that stops a write over the account, whose command takes the option that it names."""
        return self._problem(f"    --accept-altered {self.name}=REASON")

    @property
    def problem_of_plan(self) -> Diagnostic:
        """The error that blocks a plan: what takes the account as it is is the apply to come."""
        return self._problem(f"    reconciler apply --accept-altered {self.name}=REASON")

    @property
    def problem_of_use(self) -> Diagnostic:
        """The error that stops who sends through the account or hands it on: what takes it as it is is another command."""
        way = f"    reconciler verify --recorded {self.name} --accept-altered {self.name}=REASON"
        return self._problem(way, consequence="it is not relied on")

    def _problem(self, way: str, *, consequence: str = "nothing is recorded over it") -> Diagnostic:
        detail = (
            f"{self._fact} Something other than reconciler wrote to the database, so {consequence}. This "
            "shows all that was altered:\n    reconciler journal check\n"
            "Find out who did it, and restore a backup from before:\n    reconciler state restore FILE"
        )
        if self.is_readable:
            detail += (
                f"\nOr, if the account is right as state has it now, say so, and why; the journal keeps it:\n{way}"
            )
        return error("accountAltered", detail, subject=self.name)

    @property
    def _fact(self) -> str:
        name = self.name
        if self.kind == "added":
            return f"{name} is in state, and the journal has not recorded it, or has recorded that it was deleted."
        if self.kind == "removed":
            return (
                f"{name} is missing from state, and the journal has recorded it (entry {self.entry}) and no deletion."
            )
        if self.kind == "untold":
            return f"The journal cannot tell what it last recorded of {name}: entry {self.entry} does not hold."
        fields = [_WORDS.get(column, column) for column in self.columns]
        told = (
            f" What differs: {enumerated(fields)}."
            if fields
            else " Which of its fields differs is not told, because an earlier version recorded it."
        )
        return f"{name} in state is not what the journal last recorded of it (entry {self.entry}).{told}"


def find_rows(connection: Connection, project: str, names: Collection[str]) -> dict[str, Found]:
    """Return what state has of each of the accounts."""
    if not names:
        return {}
    condition, values = one_of("name", sorted(names)) if len(names) <= _MOST_NAMED else ("", {})
    found = {}
    for read in connection.execute(_ACCOUNT + condition, {"project": project, **values}):
        if read[0] in names:
            row = dict(zip(ACCOUNT_COLUMNS, read, strict=True))
            found[read[0]] = Found(row, row_digest_or_none(row) or "")
    return {name: found.get(name, Found(None, None)) for name in names}


def find_alterations(connection: Connection, project: str, found: Mapping[str, Found]) -> tuple[Alteration, ...]:
    """Return, by name, the accounts whose rows in ``found`` are not what the journal last recorded of them."""
    told = _last_told(connection, project, found.keys())
    altered = (_compare(name, found[name], told.get(name)) for name in sorted(found))
    return tuple(
        alteration if _is_readable(found[alteration.name].row) else replace(alteration, is_readable=False)
        for alteration in altered
        if alteration is not None
    )


def _is_readable(row: Row | None) -> bool:
    """Tell whether every part of a row can be read; one that is missing has none that cannot."""
    if row is None:
        return True
    try:
        require_readable(account_from_row([row[column] for column in ACCOUNT_COLUMNS]))
    except RowUnreadable:
        return False
    return True


def require_serial(connection: Connection, project: str, serial: int) -> None:
    """Raise ``GuardRefused`` unless the serial is the number of the last revision, in the table and in the journal.

    A new revision under a number that was given already would take the place of the one that the journal vouches
    for; one beyond a gap would make the serial look right.
    """
    last = first_value(connection, _LAST_REVISION, {"project": project})
    recorded = _last_recorded_revision(connection, project)
    if serial == (last or 0) and recorded in {None, serial}:
        return
    told = "" if recorded is None else f", of the last that the journal recorded {recorded}"
    detail = (
        f"The serial in state is {serial}; the number of the last revision in state is {last or 0}{told}. Something "
        "other than reconciler wrote to the database, so no revision is added. This shows all that was altered:\n"
        "    reconciler journal check\nRestore a backup from before:\n    reconciler state restore FILE"
    )
    raise GuardRefused(error("stateAltered", detail))


def _last_recorded_revision(connection: Connection, project: str) -> int | None:
    """Return the number of the last revision that the journal recorded; None where an entry on the way does not hold.

    Redactions tell of revisions too, of those whose text they changed, so the search goes on behind them to the
    entry that recorded a revision, and the highest number counts.
    """
    last = 0
    with closing(entries_backwards(connection, project)) as entries:
        for link, payload in read_backwards(entries, is_wanted=lambda text: f'"{REVISION_DIGESTS}":' in text):
            if payload.tells is None:
                return None
            numbers = payload.tells.get(REVISION_DIGESTS, {})
            last = max(last, *map(int, numbers)) if numbers else last
            if numbers and link.event != REDACT:
                break
    return last


def account_parts(row: Row, digest: str) -> dict[str, str]:
    """Return a short digest for each column of a row that is not null, so that an alteration can be told by column.

    They are salted with ``digest``, the digest of the whole row: a short digest of a short value could be guessed.
    """
    return {column: _part(digest, column, value) for column, value in row.items() if value is not None}


class _Told(NamedTuple):
    """What the last entry that tells of an account says of it; or, where the chain breaks first, the broken entry."""

    entry: int
    holds: bool
    digest: str | None = None
    parts: Mapping[str, str] | None = None


def _last_told(connection: Connection, project: str, names: Collection[str]) -> dict[str, _Told]:
    """Return what the journal last told of each of these accounts; those that it never told of are left out."""
    told: dict[str, _Told] = {}
    sought = set(names)
    if not sought:
        return told
    follower: Link | None = None

    def is_sought(text: str) -> bool:
        # The text is canonical JSON, so a name that is a key stands there just so; a name within a value costs a parse.
        return len(sought) > _MOST_SOUGHT or any(f'"{name}":' in text for name in sought)

    with closing(entries_backwards(connection, project)) as entries:  # a server's cursor is not left to be collected
        for link, payload in read_backwards(entries, is_wanted=is_sought):
            tells = payload.tells
            # The newest entry has no follower: that nothing was cut off behind it is known by a noted head only.
            is_followed = follower is None or (follower.previous, follower.sequence) == (link.hash, link.sequence + 1)
            digests = tells.get(ACCOUNT_DIGESTS, {}) if tells is not None else None
            if not is_followed or not is_intact(link) or not isinstance(digests, dict):
                return told | {name: _Told(link.sequence, holds=False) for name in sought}
            parts = (tells or {}).get(ACCOUNT_PARTS, {})
            for name in sought & digests.keys():
                told[name] = _Told(link.sequence, holds=True, digest=digests[name], parts=parts.get(name))
            sought.difference_update(told)
            if not sought:
                break
            follower = link
    return told


def entries_backwards(connection: Connection, project: str) -> Generator[tuple[Link, str | None]]:
    """Yield the entries, newest first, each with the text of its payload; only as many are read as the caller takes."""
    with closing(connection.stream(_BACKWARDS, {"project": project}, at_once=_ENTRIES_AT_ONCE)) as rows:
        for *link, text in rows:
            yield link_from_row(link), text


def _compare(name: str, found: Found, told: _Told | None) -> Alteration | None:
    if told is not None and not told.holds:
        return Alteration(name=name, kind="untold", entry=told.entry)
    recorded = told.digest if told is not None else None
    if recorded == found.digest:
        return None
    entry = told.entry if told is not None else None
    if recorded is None:
        return Alteration(name=name, kind="added", entry=entry)
    if found.row is None:
        return Alteration(name=name, kind="removed", entry=entry)
    # Entries of earlier versions hold the digest of the whole row alone, so which column differs is not told.
    parts = (told.parts if told is not None else None) or {}
    differing = [
        column
        for column, value in found.row.items()
        if parts and parts.get(column) != (None if value is None else _part(recorded, column, value))
    ]
    return Alteration(name=name, kind="altered", columns=tuple(differing), entry=entry)


def _part(digest: str, column: str, value: Any) -> str:
    try:
        return sha256_hex(f"{digest} {column} {value_text(value)}")[:_PART_DIGITS]
    except (TypeError, ValueError):  # what reconciler never writes, such as bytes
        return ""


def needless_acceptance(name: str) -> Diagnostic:
    """Return the error for ``--accept-altered`` with a name that was not altered."""
    detail = (
        f"--accept-altered names {name}, which is what the journal last recorded of it, or is not concerned. Leave the "
        "option out. Nothing was changed."
    )
    return error("selectorMatchesNothing", detail, subject=name)


def altered_state(told: JsonView, found: Mapping[str, str | None]) -> Diagnostic:
    """Return the error for a project row (``found``) that is not what the last entry told of it."""
    words = {"created_at": "creation time", "fingerprint_key_id": "id of the key of fingerprints"}
    differing = " and ".join(word for column, word in words.items() if told.get(column) != found.get(column))
    detail = (
        f"The {differing} in state is not what the journal last recorded. Something other than reconciler wrote to the "
        "database, so nothing is recorded over it. Restore a backup from before:\n    reconciler state restore FILE\n"
        f"Or, if it is right as it is, say so, and why; the journal keeps it:\n    --accept-altered {THE_STATE}=REASON"
    )
    return error("stateAltered", detail)


def broken_chain(report: JournalReport) -> Diagnostic | None:
    """Return the error that the journal itself does not hold, for a write over all of the state; None where it does."""
    beside = {*report.account_problems.values(), *report.state_problems}
    broken = next((problem for problem in report.problems if problem not in beside), None)
    if broken is None:
        return None
    return error("journalBroken", f"{_UNCHANGED}: {broken} See\n    reconciler journal check")


def altered_beside_accounts(report: JournalReport, names: Collection[str]) -> Diagnostic | None:
    """Return the error for rows beside accounts that were altered, with the ways on; None where all are accepted.

    ``names`` are accepted: of accounts, ``THE_STATE`` and ``THE_ROUTES``.
    """
    accepted = {each for name in names for each in report.acceptable.get(name, ())}
    refused = [each for each in report.state_problems if each not in accepted]
    if not refused:
        return None
    detail = f"{_UNCHANGED}: {refused[0]} Restore a backup from before:\n    reconciler state restore FILE"
    if all(any(each in problems for problems in report.acceptable.values()) for each in refused):
        ways = [
            f"    --accept-altered {name}=REASON"
            for name, problems in report.acceptable.items()
            if not accepted.issuperset(problems)
        ]
        detail += "\nOr, if it is right as state has it now, say so, and why; the journal keeps it:\n" + "\n".join(ways)
    return error("stateAltered", detail)
