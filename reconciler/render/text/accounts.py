"""The view: all accounts as a table, one account in full."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reconciler.model.accounts.kinds import kind_of
from reconciler.render.json.documents import account_entry, spec_as_written
from reconciler.render.text.parts.fields import moment, scalar
from reconciler.render.text.parts.layout import cells, finish, hang, pad
from reconciler.render.text.parts.tables import Cell, table_lines
from reconciler.render.text.verification import verification_lines
from reconciler.render.words import day, last_check, minute

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from reconciler.model.accounts.recorded import RecordedAccount, RecordedVerification
    from reconciler.model.accounts.statuses import Status
    from reconciler.render.text.parts.style import Role, Style

_TITLES = ("NAME", "KIND", "EMAIL", "STATUS", "VERIFIED", "CREATED", "TITLE")
_METADATA = ("title", "owner", "labels", "annotations", "preventDelete")
_WHOLE = ("KIND", "STATUS", "VERIFIED", "CREATED")
_ATTEMPTS: tuple[tuple[tuple[str, ...], int | None], ...] = (
    ((), None),
    (("TITLE",), None),
    (("CREATED", "TITLE"), None),
    (("KIND", "CREATED", "TITLE"), None),
    (("KIND", "VERIFIED", "CREATED", "TITLE"), None),
    (("CREATED", "TITLE"), 16),
)
"""What a table may leave out, and the longest word that it must not break, in the order in which it is tried."""

_ROLES: dict[Status, Role | None] = {
    "suspended": "bad",
    "rejected": "bad",
    "failing": "bad",
    "pending": "warning",
    "unverified": "warning",
    "active": None,
}
_LEAST_VALUE_ROOM = 24


def accounts_table(accounts: Sequence[RecordedAccount], *, style: Style) -> str:
    """Return the accounts in the order given, a line each, times in UTC; on a narrow terminal a few lines each.

    Titles have a column where there are any and they fit without breaking another column's words.
    """
    if not accounts:
        return finish(["No accounts."])
    rows = [_row(account, style) for account in accounts]
    lines, left_out = _table(rows, style)
    return finish([*(lines or _stacked(rows, style)), "", *_closing(accounts, left_out, style)])


def account_text(account: RecordedAccount, *, style: Style) -> str:
    """Return all that is recorded of one account: the view's facts, its settings, and how it was verified."""
    title = f"{account.name} ({account.kind})"
    lines = [style.paint(line, "strong") for line in hang("", style.show(title), width=style.width)]
    lines += _pairs({**_decisions(account), **_facts(account)}, style, indent=2)
    lines += ["", style.paint("Settings", "strong"), *_pairs(dict(_flat(spec_as_written(account))), style, indent=2)]
    lines += ["", style.paint("Verification", "strong")]
    if account.evidence is None:
        return finish([*lines, "  no evidence is recorded"])
    found = account.evidence.verification
    when = [f"  at {moment(found.checked_at)}"] if found.checked_at else []
    return finish([*lines, *when, *verification_lines(found, style=style, indent=2)])


def _facts(account: RecordedAccount) -> dict[str, Any]:
    metadata = account.metadata
    told = {path: fact for key in _METADATA for path, fact in _flat({key: metadata.get(key)})}
    times = {"created": moment(account.created_at), "updated": moment(account.updated_at)}
    return {**told, **times, "revision": account.revision}


def _decisions(account: RecordedAccount) -> dict[str, Any]:
    reason = account.status_reason
    lines: dict[str, Any] = {"status": account.status + (f": {reason}" if reason else "")}
    if account.approval:
        told = f" ({account.approval.reason})" if account.approval.reason else ""
        approval = account.approval
        lines["approval"] = f"{approval.decision} by {approval.actor} at {moment(approval.at)}{told}"
    if account.suspension:
        stop = account.suspension
        lines["suspended"] = f"by {stop.actor} at {moment(stop.at)}: {stop.reason}"
    if account.verification:
        lines["verified"] = _verified(account.verification)
    return lines


def _verified(last: RecordedVerification) -> str:
    depth = f" to {last.depth}" if last.depth else ""
    when = f" at {moment(last.checked_at)}" if last.checked_at else ""
    return f"{last.outcome}{depth}{when}"


def _flat(settings: Mapping[str, Any], path: str = "") -> Iterable[tuple[str, Any]]:
    """Return the leaves of nested settings by dotted path, sorted; what is absent or empty is left out."""
    for key, value in sorted(settings.items()):
        if isinstance(value, dict):
            yield from _flat(value, f"{path}{key}.")
        elif value is not None:
            yield f"{path}{key}", value


def _pairs(facts: Mapping[str, Any], style: Style, *, indent: int) -> list[str]:
    labels = {key: style.show(key) for key in facts}
    widest = max(map(cells, labels.values()), default=0)
    has_columns = style.width - (indent + widest + 2) >= _LEAST_VALUE_ROOM
    lines: list[str] = []
    for key, value in facts.items():
        text = style.show(scalar(value))
        if has_columns:
            lines += hang(" " * indent + pad(labels[key], widest) + "  ", text, width=style.width)
        else:
            lines += hang(" " * indent, labels[key], width=style.width)
            lines += hang(" " * (indent + 2), text, width=style.width)
    return lines


def _row(account: RecordedAccount, style: Style) -> tuple[Cell, ...]:
    entry = account_entry(account)
    checked_at = last_check(account)
    role = _ROLES[account.status]
    return (
        Cell(style.show(account.name), "bad" if role == "bad" else None),
        Cell(kind_of(account).word),
        Cell(style.show(entry["email"])),
        Cell(account.status, role),
        Cell(minute(checked_at) if checked_at else "never"),
        Cell(day(account.created_at)),
        Cell(style.show(entry["title"] or "")),
    )


def _table(rows: Sequence[Sequence[Cell]], style: Style) -> tuple[list[str], list[str]]:
    """Return the table with the most columns that fits, and the columns that it leaves out; no lines where none fits.

    Broken words are worse than a missing column, and better than no table.
    """
    has_titles = any(row[-1].text for row in rows)
    kept = [title for title in _TITLES if has_titles or title != "TITLE"]
    for missing, unbroken in _ATTEMPTS:
        shown = [title for title in kept if title not in missing]
        lines = _with_columns(shown, rows, style, unbroken or style.width)
        if lines is not None:
            return lines, [title for title in kept if title in missing]
    return [], []


def _with_columns(
    shown: Sequence[str], rows: Sequence[Sequence[Cell]], style: Style, unbroken: int
) -> list[str] | None:
    places = [_TITLES.index(title) for title in shown]
    kept = [[row[place] for place in places] for row in rows]
    return table_lines(shown, kept, style=style, unbroken=unbroken, whole=_WHOLE)


def _stacked(rows: Sequence[Sequence[Cell]], style: Style) -> list[str]:
    lines: list[str] = []
    for name, *facts in rows:
        lines += [style.paint(line, name.role or "strong") for line in hang("", name.text, width=style.width)]
        told = zip((title.lower() for title in _TITLES[1:]), facts, strict=True)
        lines += [*_pairs({title: cell.text for title, cell in told if cell.text}, style, indent=2), ""]
    return lines[:-1]


def _closing(accounts: Sequence[RecordedAccount], left_out: Sequence[str], style: Style) -> list[str]:
    """Return the count, what is left out, and to somebody who looks where the reason of a bad status is told."""
    told = f"{len(accounts)} account{'' if len(accounts) == 1 else 's'}; times are UTC."
    if left_out:
        told += f" Too narrow for: {', '.join(title.lower() for title in left_out)}."
    lines = hang("", told, width=style.width)
    bad = [account.name for account in accounts if _ROLES[account.status] == "bad"]
    if style.is_terminal and bad:
        lines += ["Why one cannot send:", f"    reconciler accounts show {style.show(bad[0])}"]
    return lines
