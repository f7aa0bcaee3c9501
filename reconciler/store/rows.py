"""Rows read back as values, each part parsed when it is first looked at.

A plan over thousands of accounts looks at the document text and the settings digest of most of them and at nothing
else; parsing evidence and approvals of all would cost several times the reading.
"""

from __future__ import annotations

import json
import re
from dataclasses import fields
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from reconciler.diagnostics import error
from reconciler.errors import RowUnreadable
from reconciler.model.accounts.kinds import KINDS
from reconciler.model.accounts.recorded import (
    Approval,
    RecordedAccount,
    RecordedState,
    RecordedVerification,
    Suspension,
)
from reconciler.model.accounts.settings import Document, ResolvedMetadata, Settings
from reconciler.model.secrets.routes import Route, SecretRoute
from reconciler.model.verification.evidence import Evidence
from reconciler.store.journal import Link
from reconciler.store.schema import REVISIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from reconciler.diagnostics import Diagnostic
    from reconciler.model.canonical import JsonObject
    from reconciler.model.journal.entries import JournalEntry, Revision

T = TypeVar("T")

ACCOUNT_COLUMNS = (
    "name", "kind", "document", "revision", "settings_digest", "ca_digest", "fingerprint_key_id",
    "written", "created_at", "updated_at", "fingerprints", "approval", "verification", "suspension", "evidence",
    "manifest", "server", "ca_pem",
)  # fmt: skip
"""The columns that ``account_from_row`` takes: first what every plan looks at, then what is parsed when wanted."""
REVISION_COLUMNS = tuple(column for column in REVISIONS.columns if column != "project")
"""The columns that ``revision_from_row`` takes."""
ROUTE_COLUMNS = ("account", "secret", "fingerprint", "route")
"""What a row of the register of routes has beside its digest."""
_TEXTS = frozenset({str, type(None)})
_PLACES = {column: place for place, column in enumerate(ACCOUNT_COLUMNS)}


_NEXT_CHANGE = '},{"action":"'
_FIELDS_OF_WHOLE = re.compile(
    r'("action":"(?:create|delete)",[^\[\]{}]*"fields":)\[[^\]]*(?:\](?!,"kind":")[^\]]*)*\](?=,"kind":")'
)
"""The fields of a creation or deletion, up to the key that follows them in canonical JSON.

Quotes of a string are escaped, so a key that is found with its quotes stands where keys stand. Were it the key of a value within the
fields, brackets would be left open, and what remains were no JSON."""


class StoredAccount(RecordedAccount):
    """An account read from a row. Equal to a ``RecordedAccount`` of the same content."""

    _row: Sequence[Any]
    """The row as it was read."""

    @cached_property
    def written(self) -> dict[str, str]:
        """Path to text of domains written otherwise."""
        return self._mapping("written")

    @cached_property
    def fingerprints(self) -> dict[str, str]:
        """Secret reference to keyed fingerprint."""
        return self._mapping("fingerprints")

    @cached_property
    def created_at(self) -> datetime:
        """When the account was first recorded."""
        return self._parsed("created_at", datetime.fromisoformat)

    @cached_property
    def updated_at(self) -> datetime:
        """When the account was last changed."""
        return self._parsed("updated_at", datetime.fromisoformat)

    @cached_property
    def approval(self) -> Approval | None:
        """The platform's decision."""
        return self._optional("approval", Approval.model_validate_json)

    @cached_property
    def verification(self) -> RecordedVerification | None:
        """The last verification."""
        return self._optional("verification", RecordedVerification.model_validate_json)

    @cached_property
    def suspension(self) -> Suspension | None:
        """The emergency stop."""
        return self._optional("suspension", Suspension.model_validate_json)

    @cached_property
    def evidence(self) -> Evidence | None:
        """The last evidence in full."""
        return self._optional("evidence", Evidence.model_validate_json)

    @cached_property
    def document(self) -> Document:
        """The document, parsed."""
        return parsed("document", self.name, self.canonical, _document_of)

    @property
    def content(self) -> tuple[object, ...]:
        """The row as it was read: nothing of it is parsed."""
        return tuple(self._row)

    @property
    def spec(self) -> Document:
        """The recorded settings as JSON; what is shown must be an account's, as what is decided on."""
        _ = self.settings
        return super().spec

    @cached_property
    def metadata(self) -> ResolvedMetadata:
        """Title, owner, labels, annotations, protection."""
        return parsed("document", self.name, self.document["metadata"], ResolvedMetadata.model_validate)

    @cached_property
    def settings(self) -> Settings:
        """The recorded settings."""
        return parsed("document", self.name, self.document["spec"], Settings.model_validate)

    def _mapping(self, column: str) -> dict[str, str]:
        return self._optional(column, _texts_of) or {}

    def _optional(self, column: str, parse: Callable[[str], T]) -> T | None:
        text = self._row[_PLACES[column]]
        return None if text is None else parsed(column, self.name, text, parse)

    def _parsed(self, column: str, parse: Callable[[str], T]) -> T:
        return parsed(column, self.name, self._row[_PLACES[column]], parse)

    def __eq__(self, other: object) -> bool:
        """Compare content, whatever has been parsed so far."""
        if not isinstance(other, RecordedAccount):
            return NotImplemented
        return all(getattr(self, each.name) == getattr(other, each.name) for each in fields(RecordedAccount))

    def __hash__(self) -> int:
        """Hash by what tells accounts apart."""
        return hash((self.name, self.canonical, self.revision))


def account_from_row(row: Sequence[Any]) -> RecordedAccount:
    """Return the account of a row with the columns ``ACCOUNT_COLUMNS``.

    Raises ``StateUnavailable`` for a kind that does not exist, and where what is taken as it is is no text or number;
    other parts that cannot be read raise it when looked at.
    """
    name, kind, document, revision, settings_digest, ca_digest, fingerprint_key_id, *_, manifest, server, ca_pem = row
    if kind not in KINDS:
        raise _unreadable("kind", name)
    texts = (name, document, settings_digest, ca_digest, fingerprint_key_id, manifest, server, ca_pem)
    if type(revision) is not int or not _TEXTS.issuperset(map(type, texts)):
        raise _unreadable("row", name)
    account = object.__new__(StoredAccount)
    # Set past the frozen __init__, which costs more than the database's read.
    account.__dict__.update(
        name=name,
        kind=kind,
        canonical=document,
        revision=revision,
        settings_digest=settings_digest,
        ca_digest=ca_digest,
        fingerprint_key_id=fingerprint_key_id,
        manifest=manifest,
        server=server,
        ca_pem=ca_pem,
        _row=row,
    )
    return account


class Aside(NamedTuple):
    """The accounts whose rows cannot be read, for those who go on with all others, and tell of these."""

    problems: dict[str, Diagnostic]
    """By name, what is wrong."""


_PARTS = (
    "written", "fingerprints", "created_at", "updated_at", "approval", "verification", "suspension", "metadata",
    "settings", "evidence",
)  # fmt: skip
"""What of an account is parsed only when it is looked at."""


def require_readable(account: RecordedAccount) -> None:
    """Look at every part of an account; raise ``StateUnavailable`` for one that cannot be read."""
    for part in _PARTS:
        getattr(account, part)


class StoredState(RecordedState):
    """A state read from rows; its routes are parsed when they are first looked at."""

    _route_rows: Sequence[Sequence[Any]]

    @cached_property
    def routes(self) -> tuple[SecretRoute, ...]:
        """Every route that any secret has been recorded with, each once, by secret, route and fingerprint."""
        rows = sorted({tuple(row) for row in self._route_rows}, key=_route_order)
        return tuple(parsed("route", row[0], row, _route_of) for row in rows)

    def __eq__(self, other: object) -> bool:
        """Compare content, whatever has been parsed so far."""
        if not isinstance(other, RecordedState):
            return NotImplemented
        return all(getattr(self, each.name) == getattr(other, each.name) for each in fields(RecordedState))

    def __hash__(self) -> int:
        """Hash by what tells states apart."""
        return hash((self.project, self.lineage, self.serial))


def state_from_rows(
    project: Sequence[Any], *, accounts: dict[str, RecordedAccount], routes: Sequence[Sequence[Any]]
) -> RecordedState:
    """Return a state.

    Takes the project's row (project, lineage, serial, fingerprint key's id), its accounts, and the rows (secret,
    fingerprint, route) of its routes.
    """
    name, lineage, serial, fingerprint_key_id = project
    state = object.__new__(StoredState)
    state.__dict__.update(
        project=name,
        lineage=lineage,
        serial=serial,
        accounts=accounts,
        fingerprint_key_id=fingerprint_key_id,
        _route_rows=routes,
    )
    return state


class KnownRoute(NamedTuple):
    """One row of the register of routes."""

    digest: str
    """Its key."""
    account: str
    """The account that brought it."""
    known: SecretRoute


def known_route_from_row(row: Sequence[Any]) -> KnownRoute:
    """Return a row of the register: digest, account, secret, fingerprint, route."""
    digest, account, *route = row
    return KnownRoute(digest, account, parsed("route", str(route[0]), route, _route_of))


def revision_from_row(row: Sequence[Any]) -> Revision:
    """Return the revision of a row: revision, at, actor, actor source, commit, reference, plan, summary, changes."""
    return parsed("revision", str(row[0]), row, _revision_of)


def with_changes(head: Revision, changes: Any) -> Revision:
    """Return a revision that was read without what it changed, with this text of it."""
    return parsed(
        "revision",
        str(head.revision),
        changes,
        lambda text: type(head)(**{**dict(head), "changes": tuple(json.loads(text))}),
    )


def changes_in_short(pieces: Iterable[str]) -> str:
    """Return the JSON of what a revision changed, its text given in pieces: creations and deletions without their fields.

    Of a text that reconciler wrote the rest is as it was; what stands in those fields is not looked at.

    >>> changes_in_short(['[{"action":"create","fields":[{"path":"spec.e', 'mail"}],"kind":"OwnAccount","name":"sales"}]'])
    '[{"action":"create","fields":[],"kind":"OwnAccount","name":"sales"}]'
    """
    told, rest = [], ""
    for piece in pieces:
        text = rest + piece
        end = text.rfind(_NEXT_CHANGE) + 1
        told.append(_FIELDS_OF_WHOLE.sub(r"\1[]", text[:end]))
        rest = text[end:]
    return "".join((*told, _FIELDS_OF_WHOLE.sub(r"\1[]", rest)))


def entry_from_row(row: Sequence[Any]) -> JournalEntry:
    """Return the journal entry of a row: sequence, at, event, payload digest, previous, hash."""
    return parsed("journal entry", str(row[0]), row, _entry_of)


def link_from_row(row: Sequence[Any]) -> Link:
    """Return a row of the journal as it is stored; raise ``StateUnavailable`` for columns of another type."""
    sequence, *texts = row
    if type(sequence) is not int or not all(isinstance(text, str) for text in texts):
        raise _unreadable("journal entry", sequence)
    return Link(sequence, *texts)


def payload_of(sequence: int, text: str) -> JsonObject:
    """Return the payload of a journal entry, parsed."""
    return parsed("journal payload", str(sequence), text, _mapping_of)


def _route_order(row: Sequence[Any]) -> tuple[str, str, str]:
    secret, fingerprint, route = row
    return str(secret), str(route), fingerprint or ""


def _route_of(row: Sequence[Any]) -> SecretRoute:
    secret, fingerprint, route = row
    return SecretRoute(secret=secret, fingerprint=fingerprint, route=Route.model_validate_json(route))


def _revision_of(row: Sequence[Any]) -> Revision:
    number, at, actor, actor_source, commit, reference, plan_digest, summary, changes = row
    from reconciler.model.journal.entries import Revision

    if number < 1:
        raise ValueError(number)
    return Revision(
        revision=number,
        at=datetime.fromisoformat(at),
        actor=actor,
        actor_source=actor_source,
        commit=commit,
        reference=reference,
        plan_digest=plan_digest,
        summary=json.loads(summary),
        changes=tuple(json.loads(changes)),
    )


def _entry_of(row: Sequence[Any]) -> JournalEntry:
    sequence, at, event, payload_digest, previous, own_hash = row
    from reconciler.model.journal.entries import JournalEntry

    return JournalEntry(
        sequence=sequence,
        at=datetime.fromisoformat(at),
        event=event,
        payload_digest=payload_digest,
        previous=previous,
        hash=own_hash,
    )


def _document_of(text: str) -> Document:
    document = _mapping_of(text)
    if not all(isinstance(document.get(part), dict) for part in ("metadata", "spec")):
        raise TypeError("metadata or spec is missing")
    return document


def _texts_of(text: str) -> dict[str, str]:
    mapping = _mapping_of(text)
    if not all(isinstance(value, str) for value in mapping.values()):
        raise TypeError("a value is no text")
    return mapping


def _mapping_of(text: str) -> JsonObject:
    mapping = json.loads(text)
    if not isinstance(mapping, dict):
        raise TypeError("not a mapping")
    return mapping


def parsed(part: str, owner: str, raw: Any, parse: Callable[[Any], T], *, is_vouched_for: bool = True) -> T:
    """Return what ``parse`` makes of a stored part, or raise ``StateUnavailable`` without showing the part."""
    try:
        return parse(raw)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise _unreadable(part, owner, is_vouched_for=is_vouched_for) from None


def _unreadable(part: str, owner: Any, *, is_vouched_for: bool = True) -> RowUnreadable:
    """Return what to raise for a stored part that is not as reconciler writes it; the journal may vouch for the part, or not."""
    shown = " This shows what was altered:\n    reconciler journal check" if is_vouched_for else ""
    return RowUnreadable(
        error(
            "stateUnavailable",
            f"The {part.replace('_', ' ')} of {str(owner)[:80]} in the state's database cannot be read: the database "
            f"was altered by something other than reconciler, or is damaged. Restore it from a backup.{shown}",
            subject=str(owner)[:80],
        )
    )
