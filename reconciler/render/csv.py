"""Accounts, history and resolutions as CSV (RFC 4180): a header line, CRLF line ends, UTF-8 without a mark.

Spreadsheets run a cell that begins with ``=``, ``+``, ``-`` or ``@`` as a formula, and titles, addresses and reasons
come from outside. Such a cell gets a leading apostrophe, which a spreadsheet takes for "this is text"; a program that
needs the exact value reads the JSON. A cell that begins with ``::`` gets one too: at the start of a line GitHub would
take it for a command. Control characters are escaped as in ``safe``.
"""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from reconciler.render.json.documents import account_entry
from reconciler.render.safe import safe
from reconciler.render.times import instant

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from reconciler.model.accounts.recorded import RecordedAccount
    from reconciler.model.canonical import JsonObject
    from reconciler.model.journal.entries import Revision
    from reconciler.model.mail.resolution import Mailbox, Resolution

ACCOUNT_COLUMNS: Mapping[str, str] = {
    "name": "Its name.",
    "kind": "`OwnAccount` or `MarketingAccount`.",
    "title": "What people call it.",
    "email": "The address that it sends from, as it is written.",
    "displayName": "The name beside that address.",
    "owner": "Who answers for it.",
    "shared": "Whether other users see it; marketing accounts are everybody's.",
    "labels": "`key=value`, several with `;` between them; a key has no `=`, and `;` and `\\` within a value are `\\;` and `\\\\`.",
    "status": "The first that holds of suspended, rejected, pending, failing, unverified, active.",
    "statusReason": "Why it is not active.",
    "approval": "What the platform decided: approved or rejected.",
    "verification": "How the last verification ended.",
    "verifiedAt": "When that was.",
    "verifiedDepth": "How far it went.",
    "suspended": "Why it was stopped, where it is.",
    "createdAt": "When it was recorded first.",
    "updatedAt": "When an apply last changed it.",
    "revision": "The revision that did.",
    "server": "The MailServer that its settings come through.",
    "host": "The host of its mail server.",
    "port": "The port there.",
    "encryption": "`starttls`, `tls` or `none`.",
    "username": "What it logs in as.",
    "secrets": "The references of its secrets, several with `;` between them, as among the labels.",
    "certificateEnds": "When the certificate ends that its server last showed.",
    "statusSince": "Since when it is not active.",
    "lastPassedAt": "When a verification last passed.",
    "lastFailedAt": "When one last failed.",
}
"""What an account's line may tell, in its order, each with its words in the reference; a new column comes last."""
HISTORY_COLUMNS = (
    "revision", "at", "actor", "actorSource", "commit", "reference", "planDigest",
    "create", "update", "rename", "delete", "unchanged", "held",
)  # fmt: skip
RESOLUTION_COLUMNS = (
    "contact", "line", "outcome", "envelopeFrom", "fromEmail", "fromDisplayName", "senderEmail", "senderDisplayName",
    "toEmail", "toDisplayName", "replyToEmail", "replyToDisplayName", "needsSmtputf8", "reasons",
)  # fmt: skip
"""Of these ``reasons`` is ``field:code`` of each reason, joined by semicolons."""
_COUNTS = HISTORY_COLUMNS[7:]
_FORMULA_STARTS = frozenset("=+-@\uff1d\uff0b\uff0d\uff20")
"""Characters that begin a formula; some spreadsheets take those in full width for the same."""


def accounts_csv(
    accounts: Iterable[RecordedAccount],
    columns: Sequence[str] = tuple(ACCOUNT_COLUMNS),
    *,
    since: Mapping[str, datetime] | None = None,
) -> str:
    """Return a line for each account, in the order given; labels as ``key=value``, and secrets, joined by ``;``."""
    began = since or {}
    told = (account_facts(account, began.get(account.name)) for account in accounts)
    rows = [[facts[column] for column in columns] for facts in told]
    return "".join(map(_line, [columns, *rows]))


def history_csv(revisions: Iterable[Revision]) -> str:
    """Return a line for each revision, in the order given, with its counts."""
    rows = [
        (
            revision.revision, instant(revision.at), revision.actor, revision.actor_source, revision.commit,
            revision.reference, revision.plan_digest, *(revision.summary.get(count, 0) for count in _COUNTS),
        )
        for revision in revisions
    ]  # fmt: skip
    return "".join(map(_line, [HISTORY_COLUMNS, *rows]))


def resolutions_csv(resolutions: Iterable[Resolution]) -> Iterator[str]:
    """Yield the header line and a line for each contact, one at a time: a file of any length passes through."""
    yield _line(RESOLUTION_COLUMNS)
    for resolution in resolutions:
        yield _line(
            [
                resolution.contact,
                resolution.line,
                resolution.outcome,
                resolution.envelope_from,
                *_halves(resolution.author),
                *_halves(resolution.sender),
                *_halves(resolution.to),
                *_joined(resolution.replies),
                resolution.needs_smtputf8,
                ";".join(f"{reason.field}:{reason.code}" for reason in resolution.reasons),
            ]
        )


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


def _line(row: Sequence[object]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\r\n").writerow([cell(value) for value in row])
    return line.getvalue()


def account_facts(account: RecordedAccount, since: datetime | None = None) -> JsonObject:
    """Return what an account's line has, by column; ``since`` is when it began not to be active."""
    entry = account_entry(account, since)
    verification, server = entry["verification"] or {}, entry["server"] or {}
    return {
        **entry,
        **{column: server.get(column) for column in ("host", "port", "encryption", "username")},
        "server": server.get("name"),
        "secrets": _several(entry["secrets"]),
        "labels": _several(f"{key}={value}" for key, value in sorted(entry["labels"].items())),
        "approval": entry["approval"] and entry["approval"]["decision"],
        "verification": verification.get("outcome"),
        "verifiedAt": verification.get("checkedAt"),
        "verifiedDepth": verification.get("depth"),
        "lastPassedAt": verification.get("lastPassedAt"),
        "lastFailedAt": verification.get("lastFailedAt"),
        "suspended": entry["suspended"] and entry["suspended"]["reason"],
    }


def _several(texts: Iterable[str]) -> str:
    r"""Return several texts as one cell, from which each can be told again.

    >>> print(_several(["a=1;2", "b=3"]))
    a=1\;2;b=3
    """
    return ";".join(map(_as_one_of_several, texts))


def _as_one_of_several(text: str) -> str:
    r"""Return a text that stands in a cell with others, ``;`` between them: its own is ``\;``, and ``\`` is ``\\``."""
    return text.replace("\\", "\\\\").replace(";", "\\;")


def _joined(mailboxes: Sequence[Mailbox]) -> tuple[str | None, str | None]:
    """Return addresses and names of several mailboxes, each in its place among the others."""
    if len(mailboxes) <= 1:
        return _halves(mailboxes[0] if mailboxes else None)
    names = (_as_one_of_several(each.display_name or "") for each in mailboxes)
    return "; ".join(each.email for each in mailboxes), "; ".join(names)


def _halves(mailbox: Mailbox | None) -> tuple[str | None, str | None]:
    return (mailbox.email, mailbox.display_name) if mailbox else (None, None)
