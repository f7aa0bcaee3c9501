"""Rows of accounts, revisions and routes as plain mappings, and digests over them.

A digest covers the row as it is written: absent columns do not count, so that a column added by a later version
leaves the digests of older rows as they are.
"""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from reconciler.model.canonical import JsonObject, JsonView, canonical_json, digest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from reconciler.model.accounts.recorded import RecordedAccount
    from reconciler.model.base import Value
    from reconciler.model.journal.entries import Revision
    from reconciler.model.secrets.routes import SecretRoute

Row = JsonObject
"""Column name to value, without the project."""


def new_salt() -> str:
    """Return 128 random bits as hexadecimal digits."""
    return secrets.token_hex(16)


def time_text(moment: datetime) -> str:
    """Return ISO 8601 in UTC with Z; raise ``ValueError`` for a time without a zone."""
    if moment.tzinfo is None:
        raise ValueError("a time in state needs a time zone")
    return moment.astimezone(UTC).isoformat().removesuffix("+00:00") + "Z"


def row_digest(row: JsonView) -> str:
    """Return the digest of a row's columns that are not null."""
    return digest({column: value for column, value in row.items() if value is not None})


def row_digest_or_none(row: Mapping[Any, Any]) -> str | None:
    """Return the digest of a row as it was read; None for a row with values that reconciler never writes."""
    try:
        return row_digest(row)
    except (TypeError, ValueError):
        return None


def account_row(account: RecordedAccount) -> Row:
    """Return the row of an account."""
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
        "verification": _value_text(account.verification),
        "suspension": _value_text(account.suspension),
        "evidence": _value_text(account.evidence),
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


def _value_text(value: Value | None) -> str | None:
    return None if value is None else canonical_json(value.model_dump(mode="json"))
