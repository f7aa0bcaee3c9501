"""What ``status`` tells on a terminal: one screen, the most urgent first."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from reconciler.diagnostics import several
from reconciler.render.text.parts.layout import finish, hang, pad
from reconciler.render.times import day, moment

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from reconciler.model.accounts.overview import Concern, Matter, Overview
    from reconciler.render.text.parts.style import Role, Style

MATTER_WORDS: dict[Matter, str] = {
    "failing": "failing",
    "suspended": "stopped",
    "rejected": "rejected",
    "pending": "waiting for the platform",
    "unverified": "applied without verification",
    "stale": "not verified for long",
    "certificate": "certificate ends",
    "password": "password ends",
}
"""What each matter is called where people read it."""
_ROLES: dict[Matter, Role] = {"failing": "bad", "suspended": "bad", "rejected": "bad"}
_MOST_OF_A_MATTER = 5
_NEXT: dict[Matter, str] = {
    "failing": "reconciler accounts show {}",
    "suspended": "reconciler resume {}",
    "pending": "reconciler accounts list --status pending",
    "unverified": "reconciler verify --recorded {}",
    "stale": "reconciler verify --recorded",
}
"""The command that usually follows, for the first account of the most urgent matter."""


def overview_text(overview: Overview, *, style: Style, everything: bool = False) -> str:
    """Return counts, concerns by matter with the first five accounts of each, the journal, and what to do next."""
    counts = ", ".join(f"{count} {status}" for status, count in overview.statuses.items() if count) or "none recorded"
    title = f"{overview.project} at revision {overview.revision}: {several(overview.accounts, 'account')}"
    lines = hang("", style.paint(style.show(title), "strong") + f" ({counts}).", width=style.width)
    shown = overview.concerns if overview.since is None else overview.since.new
    if overview.since is not None:
        lines += _compared(overview, style)
    for matter, group in groupby(shown, key=lambda concern: concern.matter):
        lines += _of_matter(matter, list(group), style, everything=everything)
    lines += _journal(overview, style)
    return finish([*lines, *_next(overview.concerns)])


def _compared(overview: Overview, style: Style) -> list[str]:
    since = overview.since
    assert since is not None  # noqa: S101 - the caller has looked
    lines = [f"Since {moment(since.as_of)}: {len(since.new)} new, {len(since.gone)} gone."]
    for concern in since.gone:
        lines += hang(
            "  - ", style.show(f"{concern.account} is no longer {MATTER_WORDS[concern.matter]}"), width=style.width
        )
    return lines


def _of_matter(matter: Matter, concerns: Sequence[Concern], style: Style, *, everything: bool) -> list[str]:
    heading = f"{len(concerns)} {MATTER_WORDS[matter]}"
    lines = ["", style.paint(heading, _ROLES.get(matter, "warning"))]
    most = len(concerns) if everything else _MOST_OF_A_MATTER
    widest = max(len(style.show(each.account)) for each in concerns[:most])
    for concern in concerns[:most]:
        name = pad(style.show(concern.account), widest)
        lines += hang(f"  {name}  ", style.show(f"{when_of(concern)}{concern.reason}"), width=style.width)
    more = len(concerns) - most
    return [*lines, f"  and {more:,} more (--full)"] if more > 0 else lines


def when_of(concern: Concern) -> str:
    """Return since when or until when, to begin a reason with; empty where neither is known."""
    if concern.until is not None:
        return f"{day(concern.until)}: "
    return f"since {day(concern.since)}: " if concern.since is not None else ""


def _journal(overview: Overview, style: Style) -> list[str]:
    journal = overview.journal
    lines = [""]
    if journal.valid:
        lines += [f"The journal holds: {several(journal.entries, 'entry', 'entries')}."]
    else:
        lines += [style.paint("The journal does not hold.", "bad"), *_listed(journal.problems, style)]
    if journal.unguarded:
        lines += [style.paint("What guards it was altered:", "bad"), *_listed(journal.unguarded, style)]
        lines += ["What to do about it is told by", "    reconciler journal check"]
    return lines


def _listed(sentences: Iterable[str], style: Style) -> Iterable[str]:
    for each in sentences:
        yield from hang("  ", style.show(each), width=style.width)


def _next(concerns: Sequence[Concern]) -> list[str]:
    """Return the command for the most urgent concern; none where nothing is to be done by a command."""
    first = next((each for each in concerns if each.matter in _NEXT), None)
    return [] if first is None else ["Next:", f"    {_NEXT[first.matter].format(first.account)}"]
