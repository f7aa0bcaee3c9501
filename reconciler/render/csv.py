"""Accounts and history as CSV (RFC 4180): a header line, CRLF line ends, quotes where needed, UTF-8 without mark.

Spreadsheets run a cell that begins with ``=``, ``+``, ``-`` or ``@`` as a formula, and titles, addresses and reasons
come from outside. Such a cell gets a leading apostrophe, which a spreadsheet takes for "this is text". A program that
needs the exact value reads the JSON. So does one that begins with ``::``, which at the start of a line GitHub would take
for a command. Control characters are escaped as in ``safe``.
"""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

from reconciler.render.json.documents import account_entry, instant
from reconciler.render.safe import safe

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from reconciler.model.accounts.recorded import RecordedAccount
    from reconciler.model.journal.entries import Revision


if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from reconciler.model.mail.resolution import Mailbox, Resolution

ACCOUNT_COLUMNS = (
    "name", "kind", "title", "email", "displayName", "owner", "shared", "labels", "status", "statusReason",
    "approval", "verification", "verifiedAt", "verifiedDepth", "suspended", "createdAt", "updatedAt", "revision",
)  # fmt: skip
HISTORY_COLUMNS = (
    "revision", "at", "actor", "actorSource", "commit", "reference", "planDigest",
    "create", "update", "rename", "delete", "unchanged", "held",
)  # fmt: skip
_COUNTS = HISTORY_COLUMNS[7:]
_FORMULA_STARTS = frozenset("=+-@\uff1d\uff0b\uff0d\uff20")
"""What begins a formula, also in full width, which some spreadsheets take for the same."""


def accounts_csv(accounts: Iterable[RecordedAccount]) -> str:
    """Return a line for each account, in the order given; labels as ``key=value`` joined by ``;``."""
    return _csv(ACCOUNT_COLUMNS, (_account_row(account) for account in accounts))


def history_csv(revisions: Iterable[Revision]) -> str:
    """Return a line for each revision, in the order given, with its counts."""
    return _csv(HISTORY_COLUMNS, (_revision_row(revision) for revision in revisions))


def cell(value: object) -> str:
    """Return a value as a CSV cell before quoting: null empty, booleans true and false, no control, no formula."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    text = safe(value)
    start = text.lstrip()
    return f"'{text}" if start[:1] in _FORMULA_STARTS or start.startswith("::") else text


def _csv(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    lines = io.StringIO()
    writer = csv.writer(lines, lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows([cell(value) for value in row] for row in rows)
    return lines.getvalue()


def _account_row(account: RecordedAccount) -> list[Any]:
    entry = account_entry(account)
    verification = entry["verification"] or {}
    shown = {
        **entry,
        "labels": ";".join(f"{key}={value}" for key, value in sorted(entry["labels"].items())),
        "approval": entry["approval"] and entry["approval"]["decision"],
        "verification": verification.get("outcome"),
        "verifiedAt": verification.get("checkedAt"),
        "verifiedDepth": verification.get("depth"),
        "suspended": entry["suspended"] and entry["suspended"]["reason"],
    }
    return [shown[column] for column in ACCOUNT_COLUMNS]


def _revision_row(revision: Revision) -> list[Any]:
    facts = [
        revision.revision, instant(revision.at), revision.actor, revision.actor_source,
        revision.commit, revision.reference, revision.plan_digest,
    ]  # fmt: skip
    return [*facts, *(revision.summary.get(count, 0) for count in _COUNTS)]


RESOLUTION_COLUMNS = (
    "contact", "line", "outcome", "envelopeFrom", "fromEmail", "fromDisplayName", "senderEmail", "senderDisplayName",
    "toEmail", "toDisplayName", "replyToEmail", "replyToDisplayName", "needsSmtputf8", "reasons",
)  # fmt: skip
"""The columns of the CSV; ``reasons`` is ``field:code`` of each, joined by semicolons."""


def resolutions_csv(resolutions: Iterable[Resolution]) -> Iterator[str]:
    """Return a CSV line for each contact after the header; cells are safe to open in a spreadsheet, see ``table``."""
    yield _csv_line(RESOLUTION_COLUMNS)
    for resolution in resolutions:
        yield _csv_line([cell(value) for value in _row(resolution)])


def _row(resolution: Resolution) -> list[Any]:
    return [
        resolution.contact,
        resolution.line,
        resolution.outcome,
        resolution.envelope_from,
        *_halves(resolution.author),
        *_halves(resolution.sender),
        *_halves(resolution.to),
        *_halves(resolution.reply_to),
        resolution.needs_smtputf8,
        ";".join(f"{reason.field}:{reason.code}" for reason in resolution.reasons),
    ]


def _halves(mailbox: Mailbox | None) -> tuple[str | None, str | None]:
    return (mailbox.email, mailbox.display_name) if mailbox else (None, None)


def _csv_line(cells: Sequence[str]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\r\n").writerow(cells)
    return line.getvalue()
