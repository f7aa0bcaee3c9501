"""The rows of the list: what is shown, sorted, searched and filtered by."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from reconciler.model.accounts.kinds import KindWord, kind_of
from reconciler.render.html.site.paths import account_path
from reconciler.render.json.documents import account_entry
from reconciler.render.safe import safe
from reconciler.render.words import day, last_check, minute

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reconciler.model.accounts.recorded import RecordedAccount
    from reconciler.model.accounts.statuses import Status

_LONGEST = 300


@dataclass(frozen=True, kw_only=True, slots=True)
class Reason:
    """Why an account has its status: a text as recorded, or a key of the catalog where it follows from the status."""

    text: str | None = None
    key: str | None = None
    is_ours: bool = False
    """The text is a sentence of this program's, in English."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One account in the list; all text is safe, and what is absent is empty."""

    name: str
    path: str
    title: str
    email: str
    address: str
    """The e-mail as it goes over the wire, where that is written otherwise; searched too."""
    display_name: str
    kind: KindWord
    status: Status
    reason: str
    reason_key: str
    is_reason_ours: bool
    created: str
    """The day, in UTC."""
    verified: str
    """The minute, in UTC; empty where nothing was ever checked."""
    owner: str
    labels: tuple[str, ...]
    """Each as ``KEY=VALUE``."""


def reason_of(account: RecordedAccount) -> Reason:
    """Return why an account is not active; nothing for an active one."""
    status = account.status
    if status == "pending":
        return Reason(key="reason.pending")
    if status not in {"failing", "unverified"}:
        return Reason(text=account.status_reason)
    found = account.verification
    if found is None or not found.reason:
        return Reason(key="reason.never")
    return Reason(text=found.reason, is_ours=found.outcome != "overridden")


def row_of(account: RecordedAccount) -> Row:
    """Return the account's row."""
    entry = account_entry(account)
    reason = reason_of(account)
    checked_at = last_check(account)
    email, address = str(entry["email"]), str(account.spec["email"])
    return Row(
        name=_short(account.name),
        path=account_path(account.name),
        title=_short(entry["title"]),
        email=_short(email),
        address=_short(address) if address != email else "",
        display_name=_short(entry["displayName"]),
        kind=kind_of(account).word,
        status=account.status,
        reason=_short(reason.text),
        reason_key=reason.key or "",
        is_reason_ours=reason.is_ours,
        created=day(account.created_at),
        verified=minute(checked_at) if checked_at else "",
        owner=_short(entry["owner"]),
        labels=tuple(_short(f"{key}={value}") for key, value in sorted(entry["labels"].items())),
    )


def data_of(rows: Iterable[Row]) -> dict[str, Any]:
    """Return the rows as the page's script reads them: the columns' names once, then the values of each row."""
    found = [asdict(row) for row in rows]
    columns = list(Row.__dataclass_fields__)
    return {"columns": columns, "rows": [[row[column] for column in columns] for row in found]}


def _short(text: object) -> str:
    return "" if text is None else safe(safe(text, limit=_LONGEST), limit=_LONGEST)
