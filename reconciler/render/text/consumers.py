"""Consumers as text: what was published, and what each consumer has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.diagnostics import enumerated, several
from reconciler.render.text.parts.layout import finish, hang
from reconciler.render.times import moment

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from reconciler.model.consumers.publication import Told
    from reconciler.model.consumers.view import Difference
    from reconciler.render.text.parts.style import Style

_DONE = {
    "new": "added",
    "changed": "changed",
    "removed": "removed",
    "edited": "hand edit replaced",
    "secret": "secret replaced",
}
_FOUND = {
    "new": "missing there",
    "changed": "changed",
    "removed": "still there",
    "edited": "edited by hand",
    "secret": "has another secret",
}
_MOST = 20


def published_text(told: Sequence[Told], *, style: Style) -> str:
    """Return what came of a publication, or of a check, a line a consumer; empty where there is none."""
    lines = [line for each in told for line in hang("", style.show(_line(each)), width=style.width, indent=2)]
    return finish(lines) if lines else ""


def _line(told: Told) -> str:
    count = several(told.accounts, "account")
    if told.outcome == "unchanged":
        return f"{told.consumer}: has its {count} as applied."
    if told.outcome == "failed" and 0 < len(told.failed) < told.accounts:
        return f"{told.consumer}: published, but for {enumerated(told.failed, most=_MOST)} of its {count}; the errors say why."
    if told.outcome == "failed":
        return f"{told.consumer}: not published; the errors say why."
    words, done = (_FOUND, "differs") if told.outcome == "pending" else (_DONE, "published")
    edited = "what somebody edited beside the accounts" if told.is_edited and not told.differences else ""
    what = _named(told.differences, words) or edited or "nothing of it had to change"
    return f"{told.consumer}: {done}: {what}. {count[0].upper()}{count[1:]} in all."


def _named(differences: Sequence[Difference], words: dict[str, str]) -> str:
    shown = [f"{each.account} {words[each.drift]}" for each in differences[:_MOST]]
    more = len(differences) - _MOST
    return ", ".join(shown) + (f" and {more} more" if more > 0 else "")


def consumers_text(rows: Iterable[tuple[str, str, str, int, int, str | None]], *, style: Style) -> str:
    """Return the list of consumers; rows are name, form, place, accounts, how many it was not brought to, and why none can be."""
    lines = []
    for name, form, place, accounts, waiting, problem in rows:
        state = f"{several(waiting, 'account')} not as applied" if waiting else "as applied"
        has = f"{several(accounts, 'account')}, {state}" if problem is None else problem
        text = f"{name} ({form}) at {place}: {has}"
        lines += hang("", style.show(text), width=style.width, indent=2)
    return finish(lines or ["The project file declares no consumers."])


def consumer_text(
    head: str, accounts: Iterable[tuple[str, bool, bool, datetime | None, str | None]], *, style: Style
) -> str:
    """Return one consumer: its head, and for each account whether it is to be there, is there since when, or why not."""
    lines = hang("", style.show(head), width=style.width)
    for name, is_wanted, is_published, since, reason in accounts:
        symbol = style.symbol("passed" if is_published else "warned")
        when = f", since {moment(since)}" if since is not None else ""
        what = "published" if is_wanted and is_published else "not published" if is_wanted else "not there"
        why = f": {reason}" if reason else ""
        lines += hang(f"  {symbol} ", style.show(f"{name} {what}{when}{why}"), width=style.width, indent=4)
    return finish(lines)


def conformance_text(steps: Iterable[tuple[str, str | None]], *, style: Style) -> str:
    """Return each step of the conformance suite, and at the first that does not hold why."""
    lines = []
    for sentence, problem in steps:
        symbol = style.symbol("passed" if problem is None else "failed")
        text = sentence if problem is None else f"{sentence}: {problem}"
        lines += hang(f"{symbol} ", style.show(text), width=style.width, indent=2)
    return finish(lines)
