"""Which revisions and events a question about the past means. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.classes import FrozenByName
from reconciler.model.journal.payloads import SendPayload, VerifyPayload
from reconciler.model.text.globs import matches

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from reconciler.model.journal.entries import Revision
    from reconciler.model.journal.events import JournalEvent
    from reconciler.rules.journal.erasure import Erasure


class Period(FrozenByName):
    """Which part of the past is asked for; what is None does not narrow."""

    since: datetime | None = None
    until: datetime | None = None
    actor: str | None = None
    """A name or glob; case counts."""
    revision: int | None = None
    """This revision alone."""
    limit: int | None = None
    """So many of the newest revisions and told events together."""

    def has(self, what: Revision | JournalEvent) -> bool:
        """Tell whether a revision or an event lies in it, its limit aside."""
        return (
            (self.since is None or what.at >= self.since)
            and (self.until is None or what.at <= self.until)
            and (self.actor is None or matches(self.actor, what.actor or ""))
            and (self.revision is None or what.revision == self.revision)
        )


def is_told(event: JournalEvent) -> bool:
    """Tell whether people are shown an event by itself.

    An apply is shown as its revision, a sending by its end, and a verification only where it changed something:
    most do not.

    >>> from datetime import UTC, datetime
    >>> from reconciler.model.journal.events import JournalEvent
    >>> at = datetime(2026, 9, 7, tzinfo=UTC)
    >>> [is_told(JournalEvent(sequence=1, at=at, event=event)) for event in ("suspend", "verify")]
    [True, False]
    """
    told = event.told
    is_quiet = isinstance(told, VerifyPayload) and not event.accounts and not told.accepted_altered
    has_ended = isinstance(told, SendPayload) and told.has_ended
    return event.revision is None and not is_quiet and not has_ended


def within(
    revisions: Iterable[Revision], events: Iterable[JournalEvent], period: Period
) -> tuple[tuple[Revision, ...], tuple[JournalEvent, ...]]:
    """Return the revisions and events of a period, both newest first as they came.

    >>> from datetime import UTC, datetime
    >>> from reconciler.model.journal.events import JournalEvent
    >>> days = [datetime(2026, 9, day, tzinfo=UTC) for day in (9, 8, 7)]
    >>> events = [JournalEvent(sequence=at.day, at=at, event="suspend", actor="anna") for at in days]
    >>> periods = (Period(since=days[1]), Period(limit=1))
    >>> [[each.sequence for each in within((), events, period)[1]] for period in periods]
    [[9, 8], [9]]
    """
    kept = [revision for revision in revisions if period.has(revision)]
    told = [event for event in events if period.has(event)]
    if period.limit is not None:
        moments = [*(revision.at for revision in kept), *(event.at for event in told if is_told(event))]
        oldest = sorted(moments, reverse=True)[: period.limit]
        kept = [revision for revision in kept if oldest and revision.at >= oldest[-1]]
        told = [event for event in told if oldest and event.at >= oldest[-1]]
    return tuple(kept), tuple(told)


def own_changes(revision: Revision, lives: Sequence[Erasure]) -> Revision:
    """Return the revision with only the changes that touch one of the accounts, under whatever name they had then.

    >>> from datetime import UTC, datetime
    >>> from reconciler.model.journal.entries import Revision
    >>> from reconciler.rules.journal.erasure import Erasure
    >>> about = {"actor": "anna", "actor_source": "login", "plan_digest": "", "summary": {}}
    >>> changes = ({"name": "sales"}, {"name": "news"})
    >>> revision = Revision(revision=3, at=datetime(2026, 9, 7, tzinfo=UTC), changes=changes, **about)
    >>> own_changes(revision, [Erasure(names={"news": None})]).changes
    ({'name': 'news'},)
    """
    return revision.model_copy(
        update={"changes": tuple(each for each in revision.changes if _touches(each, revision.revision, lives))}
    )


def _touches(change: Mapping[str, object], serial: int, lives: Sequence[Erasure]) -> bool:
    names = [name for key in ("name", "previousName") if isinstance(name := change.get(key), str)]
    return any(life.reaches(name, serial) for name in names for life in lives)
