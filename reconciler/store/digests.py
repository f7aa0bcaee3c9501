"""Rows of accounts, revisions and routes as plain mappings, and digests over them.

A digest covers the row as it is written: absent columns do not count, so that a column added by a later version
leaves the digests of older rows as they are.
"""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from functools import lru_cache
from json.encoder import encode_basestring
from typing import TYPE_CHECKING, Any

from reconciler.model.canonical import (
    JsonObject,
    JsonView,
    canonical_json,
    digest_of_pieces,
    sha256_hex,
    with_member,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from reconciler.model.accounts.recorded import RecordedAccount
    from reconciler.model.base import Value
    from reconciler.model.journal.entries import Revision
    from reconciler.model.once import Once
    from reconciler.model.secrets.routes import SecretRoute
    from reconciler.model.verification.evidence import Evidence

Row = JsonObject
"""Column name to value, without the project."""
_LONG = 1_000
"""A shorter text is written in less time than it is looked up in."""
_OWN = 512
"""What tells the long texts of accounts apart mostly stands before this character, and what many have in common behind it."""


def new_salt() -> str:
    """Return 128 random bits as hexadecimal digits."""
    return secrets.token_hex(16)


def time_text(moment: datetime) -> str:
    """Return ISO 8601 in UTC with Z; raise ``ValueError`` for a time without a zone."""
    if moment.tzinfo is None:
        raise ValueError("a time in state needs a time zone")
    return moment.astimezone(UTC).isoformat().removesuffix("+00:00") + "Z"


def row_digest(row: JsonView) -> str:
    """Return the digest of a row's columns that are not null: that of their canonical JSON as one object.

    >>> from reconciler.model.canonical import digest
    >>> row_digest({"b": 1, "a": "x", "c": None}) == digest({"a": "x", "b": 1})
    True
    """
    told = ",".join(f'"{column}":{value_text(row[column])}' for column in sorted(row) if row[column] is not None)
    return f"sha256:{sha256_hex(f'{{{told}}}')}"


def value_text(value: Any) -> str:
    """Return the canonical JSON of a column's value; of many rows the ends of the longest ones are the same, and the numbers."""
    if type(value) is not str:
        return _kept_text(value)
    if len(value) < _LONG:
        return encode_basestring(value)
    return encode_basestring(value[:_OWN])[:-1] + _kept_text(value[_OWN:])[1:]


@lru_cache(maxsize=256, typed=True)  # typed: 1 is no True
def _kept_text(value: Any) -> str:
    return encode_basestring(value) if isinstance(value, str) else canonical_json(value)


def row_digest_or_none(row: Mapping[Any, Any]) -> str | None:
    """Return the digest of a row as it was read; None for a row with values that reconciler never writes."""
    try:
        return row_digest(row)
    except (TypeError, ValueError):
        return None


def digest_of_read(columns: Iterable[str]) -> Callable[[Sequence[Any]], str | None]:
    """Return ``row_digest_or_none`` for many rows with these columns, which have to come sorted.

    >>> digest_of_read(["a", "b", "c"])(["x", 1, None]) == row_digest({"b": 1, "a": "x"})
    True
    """
    keys = [f',"{column}":' for column in columns]
    # From row to row most columns stay the same, and with them what is written of them.
    values: list[Any] = [None] * len(keys)
    written = [""] * len(keys)
    places = range(len(keys))

    def digest(row: Sequence[Any]) -> str | None:
        try:
            for place, value, before in zip(places, row, values, strict=True):
                if value is before or (type(value) is str and value == before):  # of numbers 1 and 1.0 are the same
                    continue
                if type(value) is str and len(value) < _LONG:  # as in value_text, which is called less often so
                    written[place] = keys[place] + encode_basestring(value)
                else:
                    written[place] = "" if value is None else keys[place] + value_text(value)
                values[place] = value
            return "sha256:" + sha256_hex("{" + "".join(written)[1:] + "}")
        except (TypeError, ValueError):
            return None

    return digest


def digest_with_pieces(row: JsonView, column: str, pieces: Iterable[str]) -> str | None:
    """Return ``row_digest_or_none`` of a row with one column more, whose text comes in pieces.

    >>> digest_with_pieces({"a": "x", "c": 1}, "b", ['"', "y"]) == row_digest({"a": "x", "b": '"y', "c": 1})
    True
    """
    members = {name: f'"{name}":{value_text(value)}' for name, value in row.items() if value is not None}

    def text() -> Iterator[str]:
        yield "{" + "".join(f"{members[name]}," for name in sorted(members) if name < column) + f'"{column}":"'
        for piece in pieces:
            yield encode_basestring(piece)[1:-1]
        yield '"' + "".join(f",{members[name]}" for name in sorted(members) if name > column) + "}"

    return digest_of_pieces(text())


def account_row(account: RecordedAccount, told: Once[str] | None = None) -> Row:
    """Return the row of an account; ``told`` has the texts of what accounts before it have in common with it."""
    if told is None:
        from reconciler.model.once import Once

        told = Once()
    return {
        "name": account.name,
        "kind": account.kind,
        "document": account.canonical,
        "written": _mapping_text(account.written),
        "revision": account.revision,
        "created_at": time_text(account.created_at),
        "updated_at": time_text(account.updated_at),
        "settings_digest": account.settings_digest,
        "ca_digest": account.ca_digest,
        "fingerprints": _mapping_text(account.fingerprints),
        "fingerprint_key_id": account.fingerprint_key_id,
        "approval": _value_text(account.approval),
        "verification": None if account.verification is None else told.of(account.verification, _dumped),
        "suspension": _value_text(account.suspension),
        "evidence": _evidence_text(account.evidence, told),
        "manifest": account.manifest,
        "server": account.server,
        "ca_pem": account.ca_pem,
    }


def account_digest(account: RecordedAccount) -> str:
    """Return the digest of everything that state keeps of an account, as the journal records it."""
    return row_digest(account_row(account))


def revision_row(revision: Revision) -> Row:
    """Return the row of a revision."""
    return {
        "revision": revision.revision,
        "at": time_text(revision.at),
        "actor": revision.actor,
        "actor_source": revision.actor_source,
        "commit": revision.commit,
        "reference": revision.reference,
        "plan_digest": revision.plan_digest,
        "summary": canonical_json(revision.summary),
        "changes": canonical_json(list(revision.changes)),
    }


def revision_digest(revision: Revision) -> str:
    """Return the digest of a revision, as the journal records it."""
    return row_digest(revision_row(revision))


def names_of_changes(changes: Iterable[JsonView]) -> dict[str, str | None]:
    """Return the names that a revision's changes touched, each with its name before a rename, or None."""
    names: dict[str, str | None] = {}
    for change in changes:
        previous = change.get("previousName")
        names[change["name"]] = previous
        if previous is not None:
            names.setdefault(previous, None)
    return names


def route_row(account: str, known: SecretRoute) -> Row:
    """Return the row of one route of one secret; its own digest is its key."""
    row = {
        "account": account,
        "secret": known.secret,
        "fingerprint": known.fingerprint,
        "route": known.route.key,
    }
    return {**row, "digest": row_digest(row)}


def _mapping_text(mapping: Mapping[str, str]) -> str | None:
    return canonical_json(mapping) if mapping else None


def _evidence_text(evidence: Evidence | None, told: Once[str]) -> str | None:
    """Return the canonical JSON of evidence: nearly all of it is what was found, which many accounts have in common."""

    def text(evidence: Evidence) -> str:
        own = evidence.model_dump(mode="json", exclude={"verification"})
        return with_member(own, "verification", told.of(evidence.verification, _dumped))

    return None if evidence is None else told.of(evidence, text)


def _dumped(value: Value) -> str:
    return canonical_json(value.model_dump(mode="json"))


def _value_text(value: Value | None) -> str | None:
    return None if value is None else _dumped(value)
