"""What a report tells: the accounts, and all that happened, as one moment of state has it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.classes import FrozenByName, dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from reconciler.model.accounts.recorded import RecordedAccount
    from reconciler.model.journal.entries import Revision
    from reconciler.model.journal.events import JournalEvent


@dataclass(frozen=True, kw_only=True, slots=True)
class Occurrence:
    """A revision, or another entry of the journal; never neither."""

    sequence: int
    """The number of its journal entry. A revision without an entry has the number of the entry before it."""
    revision: Revision | None = None
    event: JournalEvent | None = None
    """The entry; of a revision, the one that tells of its apply."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TimelineStep:
    """An occurrence as one account's timeline has it."""

    occurrence: Occurrence
    changes: tuple[int, ...] = ()
    """Of a revision, the positions of the account's changes among all of it."""


class Report(FrozenByName):
    """State at one moment, ordered for people."""

    project: str
    serial: int
    """The number of the last revision; 0 before the first."""
    head: str
    """The hash of the journal's last entry."""
    as_of: datetime | None
    """When the journal's last entry was written; None where it has none."""
    accounts: tuple[RecordedAccount, ...]
    """By name."""
    occurrences: tuple[Occurrence, ...]
    """All that happened, newest first."""
    timelines: Mapping[str, tuple[TimelineStep, ...]]
    """What happened to each account of ``accounts``, newest first; under earlier names too."""
    earlier_names: Mapping[str, frozenset[str]]
    """The names that each of them had, its present one among them."""
    since: Mapping[str, datetime]
    """When the status of each of ``accounts`` began."""
    present_names: Mapping[tuple[int, str], str]
    """By sequence and the name used then: what the account is called now, for accounts that are still recorded."""
