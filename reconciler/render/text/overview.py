"""What ``status`` tells on a terminal: one screen, the most urgent first."""

from __future__ import annotations

import shlex
from itertools import groupby
from typing import TYPE_CHECKING

from reconciler.diagnostics import several
from reconciler.render.text.parts.layout import finish, hang, pad
from reconciler.render.text.parts.names import listed
from reconciler.render.times import day, moment

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from reconciler.diagnostics import Diagnostic
    from reconciler.model.accounts.overview import Concern, Matter, Overview
    from reconciler.render.text.parts.style import Role, Style

MATTER_WORDS: dict[Matter, str] = {
    "failing": "failing",
    "wavering": "failing for now",
    "suspended": "stopped",
    "rejected": "rejected",
    "pending": "waiting for the platform",
    "unverified": "applied without verification",
    "stale": "without a recent verification",
    "certificate": "with a certificate that ends",
    "password": "with a password that ends",
}
"""What each matter is called where people read it: after a count, and after "is no longer"."""
_ROLES: dict[Matter, Role] = {"failing": "bad", "suspended": "bad", "rejected": "bad"}
_MOST_OF_A_MATTER = 5
_MOST_NAMES = 40
_NEXT: dict[Matter, tuple[str, ...]] = {
    "failing": ("reconciler accounts show {account}", "reconciler verify --recorded {together}"),
    "wavering": ("reconciler verify --recorded {together}",),
    "suspended": ("reconciler resume {together}",),
    "pending": ("reconciler accounts list --status pending",),
    "unverified": ("reconciler verify --recorded {together}",),
    "stale": ("reconciler verify --recorded",),
}
"""The commands that usually follow, for the first account of the most urgent matter, or all that share its reason."""


def overview_text(overview: Overview, *, style: Style, everything: bool = False) -> str:
    """Return counts, concerns by matter with the first five accounts of each, the journal, and what to do next."""
    counts = ", ".join(f"{count} {status}" for status, count in overview.statuses.items() if count) or "none recorded"
    title = f"{overview.project} at revision {overview.revision}: {several(overview.accounts, 'account')}"
    lines = hang("", style.paint(style.show(title), "strong") + f" ({counts}).", width=style.width)
    shown = overview.concerns if overview.since is None else overview.since.new
    if overview.since is not None:
        lines += _compared(overview, style)
    if overview.diagnostics:
        lines += ["", style.paint(f"{len(overview.diagnostics)} that cannot be read", "bad")]
        lines += _listed((unreadable_in_words(each) for each in overview.diagnostics), style)
    for matter, group in groupby(shown, key=lambda concern: concern.matter):
        lines += _of_matter(matter, list(group), style, everything=everything)
    journal = overview.journal
    lines.append("")
    if journal.valid:
        lines += [f"The journal holds: {several(journal.entries, 'entry', 'entries')}."]
    else:
        lines += [style.paint("The journal does not hold.", "bad"), *_listed(journal.problems, style)]
    if journal.unguarded:
        lines += [style.paint("What guards it was altered:", "bad"), *_listed(journal.unguarded, style)]
    if journal.unguarded or not journal.valid or overview.diagnostics:
        lines += ["What to do about it is told by", "    reconciler journal check"]
    return finish([*lines, *_next(shown)])


def _compared(overview: Overview, style: Style) -> list[str]:
    since = overview.since
    assert since is not None  # noqa: S101 - the caller has looked
    lines = [f"Since {moment(since.as_of)}: {len(since.new)} new, {len(since.gone)} gone."]
    over: dict[Matter, list[str]] = {}
    for concern in since.gone:
        over.setdefault(concern.matter, []).append(concern.account)
    for matter, names in over.items():
        told = (
            f"{listed(names, most=_MOST_NAMES)} {'is' if len(names) == 1 else 'are'} no longer {MATTER_WORDS[matter]}"
        )
        lines += hang("  - ", style.show(told), width=style.width)
    return lines


def _of_matter(matter: Matter, concerns: Sequence[Concern], style: Style, *, everything: bool) -> list[str]:
    heading = f"{len(concerns)} {MATTER_WORDS[matter]}"
    lines = ["", style.paint(heading, _ROLES.get(matter, "warning"))]
    groups = [[each] for each in concerns] if everything else alike(concerns)
    most = len(groups) if everything else _MOST_OF_A_MATTER
    names = [style.show(_named(group)) for group in groups[:most]]
    for name, group in zip(names, groups, strict=False):
        first = f"  {pad(name, max(map(len, names)))}  "
        lines += hang(first, style.show(f"{when_of(group[0])}{group[0].reason}"), width=style.width)
    more = sum(map(len, groups[most:]))
    return [*lines, f"  and {more:,} more (--full)"] if more > 0 else lines


def alike(concerns: Sequence[Concern]) -> list[Sequence[Concern]]:
    """Return concerns of one matter in groups that are told in one line: with the same reason, since the same day."""
    groups: dict[str, list[Concern]] = {}
    for concern in concerns:
        groups.setdefault(f"{when_of(concern)}{concern.reason}", []).append(concern)
    return list(groups.values())


def _named(group: Sequence[Concern]) -> str:
    # Of two, the second name takes no more room than that there is one more.
    first, *others = [each.account for each in group]
    return ", ".join((first, *others)) if len(others) <= 1 else f"{first} and {len(others):,} more"


def when_of(concern: Concern) -> str:
    """Return since when or until when, to begin a reason with; empty where neither is known."""
    if concern.until is not None:
        return f"{day(concern.until)}: "
    return f"since {day(concern.since)}: " if concern.since is not None else ""


def unreadable_in_words(problem: Diagnostic) -> str:
    """Return what is wrong with an account that cannot be read, as one sentence."""
    return f"{problem.detail.partition('. ')[0]}."


def _listed(sentences: Iterable[str], style: Style) -> Iterable[str]:
    for each in sentences:
        yield from hang("  ", style.show(each), width=style.width)


def _next(concerns: Sequence[Concern]) -> list[str]:
    """Return the commands for the most urgent concern; none where nothing is to be done by a command."""
    first = next((each for each in concerns if each.matter in _NEXT), None)
    if first is None:
        return []
    together = shlex.quote(first.together or first.account)
    commands = (each.format(account=first.account, together=together) for each in _NEXT[first.matter])
    return ["Next:", *(f"    {command}" for command in commands)]
