"""The view: all accounts as a table, one account in full."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reconciler.render.documents import account_entry, instant, spec_as_written
from reconciler.render.text.fields import scalar
from reconciler.render.text.layout import cells, columns, finish, hang, pad
from reconciler.render.text.verified import verification_lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from reconciler.model.recorded import RecordedAccount, RecordedVerification, Status
    from reconciler.render.text.style import Role, Style

_TITLES = ("NAME", "KIND", "EMAIL", "STATUS", "VERIFIED", "CREATED", "TITLE")
_KINDS = {"MarketingAccount": "marketing", "OwnAccount": "own"}
_METADATA = ("title", "owner", "labels", "annotations", "preventDelete")
_LONGEST_UNBROKEN = 16
_DAYS = len("2026-01-01")
_MINUTES = len("2026-01-01T00:00")
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
    """Return the accounts in the order given, a line each, times in UTC; in a narrow output a few lines each.

    Titles have a column where there are any and they fit without breaking another column's words.
    """
    if not accounts:
        return finish(["No accounts."])
    rows = [_row(account, style) for account in accounts]
    table = _table(rows, style)
    if table is None:
        return finish(_stacked(rows, accounts, style))
    heading, *blocks = table
    lines = [style.paint(line, "strong") for line in heading]
    for account, block in zip(accounts, blocks, strict=True):
        lines += _painted(block, account, style)
    return finish([*lines, "", _count(accounts)])


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
    when = [f"  at {instant(found.checked_at)}"] if found.checked_at else []
    return finish([*lines, *when, *verification_lines(found, style=style, indent=2)])


def _facts(account: RecordedAccount) -> dict[str, Any]:
    metadata = account.metadata
    told = {path: fact for key in _METADATA for path, fact in _flat({key: metadata.get(key)})}
    times = {"created": instant(account.created_at), "updated": instant(account.updated_at)}
    return {**told, **times, "revision": account.revision}


def _decisions(account: RecordedAccount) -> dict[str, Any]:
    reason = account.status_reason
    lines: dict[str, Any] = {"status": account.status + (f": {reason}" if reason else "")}
    if account.approval:
        told = f" ({account.approval.reason})" if account.approval.reason else ""
        approval = account.approval
        lines["approval"] = f"{approval.decision} by {approval.actor} at {instant(approval.at)}{told}"
    if account.suspension:
        stop = account.suspension
        lines["suspended"] = f"by {stop.actor} at {instant(stop.at)}: {stop.reason}"
    if account.verification:
        lines["verified"] = _verified(account.verification)
    return lines


def _verified(last: RecordedVerification) -> str:
    depth = f" to {last.depth}" if last.depth else ""
    when = f" at {instant(last.checked_at)}" if last.checked_at else ""
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


def _row(account: RecordedAccount, style: Style) -> tuple[str, ...]:
    entry = account_entry(account)
    found = entry["verification"]
    was_checked = found is not None and found["outcome"] in {"passed", "failed"}
    checked_at = found["checkedAt"] if was_checked else None
    facts = (
        account.name, _KINDS[account.kind], entry["email"], account.status,
        _minute(checked_at), entry["createdAt"][:_DAYS], entry["title"] or "",
    )  # fmt: skip
    return tuple(style.show(fact) for fact in facts)


def _table(rows: Sequence[Sequence[str]], style: Style) -> list[list[str]] | None:
    """Return the widest table that fits, None if none does; broken words are worse than a missing title."""
    without_title = len(_TITLES) - 1
    table = None
    if any(row[-1] for row in rows):
        table = columns(rows, width=style.width, titles=_TITLES, unbroken=style.width)
    narrower = [row[:without_title] for row in rows]
    return table or columns(narrower, width=style.width, titles=_TITLES[:without_title], unbroken=_LONGEST_UNBROKEN)


def _minute(moment: str | None) -> str:
    return moment[:_MINUTES].replace("T", " ") if moment else "never"


def _stacked(rows: Sequence[Sequence[str]], accounts: Sequence[RecordedAccount], style: Style) -> list[str]:
    lines: list[str] = []
    for row, account in zip(rows, accounts, strict=True):
        facts = dict(zip((title.lower() for title in _TITLES[1:]), row[1:], strict=True))
        block = hang("", row[0], width=style.width)
        block += _pairs({title: fact for title, fact in facts.items() if fact}, style, indent=2)
        lines += [*_painted(block, account, style), ""]
    return [*lines, _count(accounts)]


def _painted(block: Iterable[str], account: RecordedAccount, style: Style) -> list[str]:
    role = _ROLES[account.status]
    return [style.paint(line, role) if role else line for line in block]


def _count(accounts: Sequence[RecordedAccount]) -> str:
    return f"{len(accounts)} account{'' if len(accounts) == 1 else 's'}; times are UTC."
