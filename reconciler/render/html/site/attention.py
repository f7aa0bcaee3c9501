"""What the list opens with: what needs attention, by matter, and how verification went over time."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import groupby
from typing import TYPE_CHECKING

from reconciler.characters import SHOWN_REPLY
from reconciler.classes import dataclass
from reconciler.model.accounts.statuses import ENDS_WITHIN, VERIFIED_WITHIN
from reconciler.model.journal.payloads import VerifyPayload
from reconciler.render.html.site.paths import account_path
from reconciler.render.safe import safe
from reconciler.render.times import day
from reconciler.rules.accounts.overview import concerns

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from reconciler.model.accounts.overview import Concern, Matter
    from reconciler.model.journal.entries import Revision
    from reconciler.model.journal.report import Report

NAMED = 5
"""How many accounts of one matter are named; the others are in the list."""
RUNS = 60
"""How many verifications the chart has, the last ones."""
_HEIGHT = 96
_WIDTH, _STEP = 8, 10
_LEAST_COLUMNS = 20
"""As many columns as the picture has room for at least, so that a few do not look like walls."""
_SAID_BY_MATTER = frozenset({"pending", "stale", "wavering"})
_OURS = frozenset({"failing", "certificate", "password"})
"""Of the other matters the reason is somebody's words."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Named:
    """One account that is named under a matter."""

    name: str
    path: str
    since: str
    """The day since when; empty where unknown."""
    until: str
    """The day when a certificate ends; else empty."""
    reason: str
    """Empty where the matter says all that there is to say."""
    is_ours: bool
    """Whether the reason is a sentence of this program's, in English."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Attention:
    """One matter: how many accounts, and the first of them."""

    matter: Matter
    count: int
    named: tuple[Named, ...]

    @property
    def more(self) -> int:
        """How many are not named."""
        return self.count - len(self.named)


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """One verification of recorded accounts, with its place in the chart, in the chart's units."""

    at: datetime
    verified: int
    failing: int
    """How many accounts were failing when it had ended; never more than were verified."""
    x: int
    passed_height: int
    failing_height: int

    @property
    def top(self) -> int:
        """Where the part of those that did not fail begins, from above."""
        return _HEIGHT - self.failing_height - self.passed_height

    @property
    def middle(self) -> int:
        """Where the part of those that fail begins, from above."""
        return _HEIGHT - self.failing_height


@dataclass(frozen=True, kw_only=True, slots=True)
class Chart:
    """The last verifications as columns, the oldest first."""

    runs: tuple[Run, ...]
    most: int
    """What the highest column stands for."""
    width: int
    height: int = _HEIGHT
    bar: int = _WIDTH


def found_concerns(report: Report) -> tuple[Concern, ...]:
    """Return what to look at as of the journal's last entry: the same state gives the same report at any time."""
    now = report.as_of or datetime(1970, 1, 1, tzinfo=UTC)
    return concerns(
        report.accounts, since=report.since, now=now, verified_within=VERIFIED_WITHIN, ends_within=ENDS_WITHIN
    )


def attention_of(found: tuple[Concern, ...]) -> tuple[Attention, ...]:
    """Return what to look at by matter, the most urgent first."""
    by_matter = ((matter, tuple(each)) for matter, each in groupby(found, key=lambda concern: concern.matter))
    return tuple(
        Attention(matter=matter, count=len(alike), named=tuple(_named(each) for each in alike[:NAMED]))
        for matter, alike in by_matter
    )


def _named(concern: Concern) -> Named:
    return Named(
        name=concern.account,
        path=account_path(concern.account),
        since=day(concern.since) if concern.since is not None else "",
        until=day(concern.until) if concern.until is not None else "",
        reason="" if concern.matter in _SAID_BY_MATTER else safe(concern.reason, limit=SHOWN_REPLY),
        is_ours=concern.matter in _OURS,
    )


def chart_of(report: Report) -> Chart | None:
    """Return the chart of the last verifications; None where there were fewer than two to compare."""
    told = list(_verifications(report))[-RUNS:]
    if len(told) < 2:  # noqa: PLR2004 - one column shows no course
        return None
    most = max(1, *(verified for _, verified, _ in told))
    runs = tuple(_run(number, *each, most=most) for number, each in enumerate(told))
    return Chart(runs=runs, most=most, width=max(len(runs), _LEAST_COLUMNS) * _STEP)


def _run(number: int, at: datetime, verified: int, failing: int, *, most: int) -> Run:
    height = round(verified * _HEIGHT / most)
    red = min(height, max(round(failing * _HEIGHT / most), 2 if failing else 0))  # one of ten thousand is seen too
    return Run(
        at=at, verified=verified, failing=failing, x=number * _STEP, passed_height=height - red, failing_height=red
    )


def _verifications(report: Report) -> Iterator[tuple[datetime, int, int]]:
    """Yield of each verification when it was, how many accounts it verified and how many were failing then.

    The journal tells of a verification whose standing changed. A change that is applied was verified or overridden, so
    from there on the account does not count as failing.
    """
    failing: set[str] = set()
    for occurrence in reversed(report.occurrences):
        if occurrence.revision is not None:
            _apply(occurrence.revision, failing)
        event = occurrence.event
        if event is None:
            continue
        for account in event.accounts:
            (failing.add if account.after == "failing" else failing.discard)(account.name)
        if isinstance(event.told, VerifyPayload) and event.told.verified:
            yield event.at, event.told.verified, min(len(failing), event.told.verified)


def _apply(revision: Revision, failing: set[str]) -> None:
    for change in revision.changes:
        _settle(change, failing)


def _settle(change: Mapping[str, object], failing: set[str]) -> None:
    for key in ("name", "previousName"):
        name = change.get(key)
        if isinstance(name, str):
            failing.discard(name)
