"""The view of all accounts, as a table."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from reconciler.diagnostics import several
from reconciler.model.accounts.kinds import kind_of
from reconciler.render.csv import account_facts, cell
from reconciler.render.json.documents import account_entry
from reconciler.render.text.parts.layout import finish, hang
from reconciler.render.text.parts.pairs import pair_lines
from reconciler.render.text.parts.tables import Cell, table_lines
from reconciler.render.times import day
from reconciler.rules.accounts.brief import brief_reason

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from reconciler.model.accounts.recorded import RecordedAccount
    from reconciler.model.accounts.statuses import Status
    from reconciler.render.text.parts.style import Role, Style

_TITLES = ("NAME", "KIND", "EMAIL", "SERVER", "STATUS", "VERIFIED", "FAILED", "CREATED", "TITLE")
_NOT_ALWAYS = ("FAILED", "TITLE")
"""Columns that are there only where some account has something in them."""
_WHOLE = ("KIND", "VERIFIED", "FAILED", "CREATED")
_ATTEMPTS: tuple[tuple[tuple[str, ...], int | None], ...] = (
    ((), None),
    (("TITLE",), None),
    (("CREATED", "TITLE"), None),
    (("FAILED", "CREATED", "TITLE"), None),
    (("KIND", "FAILED", "CREATED", "TITLE"), None),
    (("KIND", "VERIFIED", "FAILED", "CREATED", "TITLE"), None),
    (("KIND", "SERVER", "VERIFIED", "FAILED", "CREATED", "TITLE"), None),
    (("FAILED", "CREATED", "TITLE"), 16),
)
"""Columns that a table may leave out, with the longest word that it must not break, in the order of the attempts."""

_ROLES: dict[Status, Role | None] = {
    "suspended": "bad",
    "rejected": "bad",
    "failing": "bad",
    "pending": "warning",
    "unverified": "warning",
    "active": None,
}


def accounts_table(
    accounts: Sequence[RecordedAccount], *, style: Style, since: Mapping[str, datetime] | None = None
) -> str:
    """Return the accounts in the order given, a line each, times in UTC; on a narrow terminal a few lines each.

    One that is not active has its reason in words, and by ``since`` the day on which that began. Titles get a column
    where there are any, and where it breaks no other column's words.
    """
    if not accounts:
        return finish(["No accounts."])
    began = since or {}
    rows = [_row(account, began.get(account.name), style) for account in accounts]
    lines, left_out = _table(rows, style)
    told = f"{several(len(accounts), 'account')}; times are UTC."
    if left_out:
        told += f" Too narrow for: {', '.join(title.lower() for title in left_out)}."
    lines = [*(lines or _stacked(rows, style)), "", *hang("", told, width=style.width)]
    bad = [account.name for account in accounts if _ROLES[account.status] == "bad"]
    if style.is_terminal and bad:
        lines += ["Why one cannot send:", f"    reconciler accounts show {style.show(bad[0])}"]
    return finish(lines)


def chosen_table(
    accounts: Sequence[RecordedAccount],
    columns: Sequence[str],
    *,
    style: Style,
    since: Mapping[str, datetime] | None = None,
) -> str:
    """Return the accounts in the order given with these columns of the CSV; wider than the terminal where they do not fit."""
    began = since or {}
    told = (account_facts(account, began.get(account.name)) for account in accounts)
    rows = [[Cell(style.show(cell(facts[column]))) for column in columns] for facts in told]
    titles = [column.upper() for column in columns]
    if not rows:
        return finish(["No accounts."])
    wide = replace(style, is_terminal=False)
    return finish(table_lines(titles, rows, style=style) or table_lines(titles, rows, style=wide) or ())


def _row(account: RecordedAccount, since: datetime | None, style: Style) -> tuple[Cell, ...]:
    entry, passed, failed = account_entry(account), account.last_passed, account.last_failed
    role = _ROLES[account.status]
    return (
        Cell(style.show(account.name), "bad" if role == "bad" else None),
        Cell(kind_of(account).word),
        Cell(style.show(entry["email"])),
        Cell(style.show(_server_of(account))),
        Cell(style.show(status_in_words(account, since)), role),
        Cell(day(passed) if passed else "never"),
        Cell(day(failed) if failed else ""),
        Cell(day(account.created_at)),
        Cell(style.show(entry["title"] or "")),
    )


def _server_of(account: RecordedAccount) -> str:
    """Return the MailServer that the settings came through, else the server's host, or that it is the platform's."""
    server = account.settings.server
    host = account.written.get("spec.smtp.host", server.host) if server is not None else "platform"
    return account.server or host


def status_in_words(account: RecordedAccount, since: datetime | None) -> str:
    """Return the status. Where the account is not active, the day on which that began and a brief reason stand behind it."""
    if account.status == "active":
        return "active"
    began = f" since {day(since)}" if since is not None else ""
    reason = "" if account.status == "pending" else brief_reason(account)
    return f"{account.status}{began}" + (f": {reason}" if reason else "")


def _table(rows: Sequence[Sequence[Cell]], style: Style) -> tuple[list[str], list[str]]:
    """Return the table with the most columns that fits, and the columns left out; no lines where none fits.

    A missing column is better than broken words, and these are better than no table.
    """
    filled = {title for place, title in enumerate(_TITLES) if any(row[place].text for row in rows)}
    kept = [title for title in _TITLES if title in filled or title not in _NOT_ALWAYS]
    for missing, unbroken in _ATTEMPTS:
        shown = [title for title in kept if title not in missing]
        cells = [[row[_TITLES.index(title)] for title in shown] for row in rows]
        lines = table_lines(shown, cells, style=style, unbroken=unbroken or style.width, whole=_WHOLE)
        if lines is not None:
            return lines, [title for title in kept if title in missing]
    return [], []


def _stacked(rows: Sequence[Sequence[Cell]], style: Style) -> list[str]:
    lines: list[str] = []
    for name, *facts in rows:
        lines += [style.paint(line, name.role or "strong") for line in hang("", name.text, width=style.width)]
        told = zip((title.lower() for title in _TITLES[1:]), facts, strict=True)
        lines += [*pair_lines({title: cell.text for title, cell in told if cell.text}, style, indent=2), ""]
    return lines[:-1]
