"""The rows of the list: what is shown, sorted, searched and filtered by."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.characters import SHOWN_REPLY
from reconciler.classes import dataclass
from reconciler.model.accounts.kinds import KindWord, kind_of
from reconciler.render.html.site.paths import account_path
from reconciler.render.json.documents import account_entry
from reconciler.render.safe import safe
from reconciler.render.times import day, minute

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reconciler.model.accounts.overview import Matter
    from reconciler.model.accounts.recorded import RecordedAccount
    from reconciler.model.accounts.statuses import Status
    from reconciler.model.canonical import JsonObject


@dataclass(frozen=True, kw_only=True, slots=True)
class Reason:
    """Why an account has its status: a recorded text, or a key of the catalog where the status says it."""

    text: str | None = None
    key: str | None = None
    is_ours: bool = False
    """Whether the text is a sentence of this program's, in English."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One account in the list; all text is safe, and absent text is empty."""

    name: str
    path: str
    title: str
    email: str
    address: str
    """The e-mail as it goes over the wire, where that differs from the way it is written; it is searched too."""
    display_name: str
    kind: KindWord
    status: Status
    reason: str
    reason_key: str
    is_reason_ours: bool
    created: str
    """The day, in UTC."""
    verified: str
    """The minute, in UTC, in which it last passed; empty where it never did."""
    failed: str
    """The minute of the last attempt, where that failed; else empty."""
    server: str
    """The MailServer that the settings came through, else the server's host; empty for the platform's own."""
    host: str
    """The server's host, where the column names a MailServer; it is searched too."""
    owner: str
    labels: tuple[str, ...]
    """Each as ``KEY=VALUE``."""
    matters: tuple[Matter, ...]
    """What there is to look at."""


def reason_of(account: RecordedAccount) -> Reason:
    """Return the reason why an account is not active; an empty one for an active account."""
    status = account.status
    if status == "pending":
        return Reason(key="reason.pending")
    if status not in {"failing", "unverified"}:
        return Reason(text=account.status_reason)
    found = account.verification
    if found is None or not found.reason:
        return Reason(key="reason.never")
    return Reason(text=found.reason, is_ours=found.outcome != "overridden")


def row_of(account: RecordedAccount, matters: tuple[Matter, ...] = ()) -> Row:
    """Return the account's row; ``matters`` are what there is to look at in it."""
    entry = account_entry(account)
    reason = reason_of(account)
    passed, failed = account.last_passed, account.last_failed
    server = account.settings.server
    host = server.host if server is not None else ""
    email, address = str(entry["email"]), account.settings.email
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
        verified=minute(passed) if passed else "",
        failed=minute(failed) if failed else "",
        server=_short(account.server or host),
        host=_short(host) if account.server else "",
        owner=_short(entry["owner"]),
        labels=tuple(_short(f"{key}={value}") for key, value in sorted(entry["labels"].items())),
        matters=matters,
    )


def data_of(rows: Iterable[Row]) -> JsonObject:
    """Return the rows as the page's script reads them: the names of the columns once, then each row's values."""
    columns = list(Row.__dataclass_fields__)
    return {"columns": columns, "rows": [[getattr(row, column) for column in columns] for row in rows]}


def _short(text: object) -> str:
    return "" if text is None else safe(safe(text, limit=SHOWN_REPLY), limit=SHOWN_REPLY)
