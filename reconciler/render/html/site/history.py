"""Revisions and events as the site shows them: entries of the history, steps of an account's timeline, diffs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from reconciler.classes import dataclass
from reconciler.model.accounts.kinds import KINDS
from reconciler.model.plan import ACTIONS, FieldChange
from reconciler.render.html.site.paths import account_path, revision_path
from reconciler.render.html.site.told import EVENTS, Fact, facts_about, facts_of
from reconciler.render.review import field_rows
from reconciler.rules.journal.choose import is_told
from reconciler.rules.journal.erasure import ERASED

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from reconciler.model.canonical import JsonView
    from reconciler.model.journal.entries import Revision
    from reconciler.model.journal.events import EventAccount, JournalEvent
    from reconciler.model.journal.report import Occurrence, Report
    from reconciler.render.entries import FieldRow

CHANGES_PER_PAGE = 200
_MOST_ACCOUNTS = 50
_MOST_FIELDS = 12
_COUNTS = ("create", "update", "rename", "delete", "held", "unchanged")
_SAFE_LINK = re.compile(
    r"https://[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?(?::[0-9]{1,5})?(?:[/?#][!-~]{0,1500})?"
)
"""An https address that may be a link: without a user part, and without anything that could hide in it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """What an event did to one account; ``path`` is its page, None where it is no longer recorded."""

    name: str
    path: str | None
    before: str | None
    after: str | None
    reason: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class EventEntry:
    """An event of the journal."""

    event: JournalEvent
    key: str | None
    """The event's name in the catalog; None where the catalog does not have it."""
    facts: tuple[Fact, ...]
    standings: tuple[Standing, ...]
    more: int
    """The number of accounts that are not listed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ChangeEntry:
    """One change of a revision."""

    anchor: str
    place: str
    """The page of the revision with the anchor of the change."""
    action: str
    key: str | None
    """The action's name in the catalog; None where the catalog does not have it."""
    kind: str
    name: str
    path: str | None
    """The account's page, under its present name; None where it is no longer recorded."""
    previous_name: str | None
    present_name: str | None
    """The account's name today, where it is another one."""
    is_rotation: bool
    is_redacted: bool
    fields: tuple[FieldRow, ...]
    more: int = 0
    """The number of fields that are not listed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RevisionEntry:
    """A revision with what the journal tells of its apply."""

    revision: Revision
    path: str
    link: str | None
    """The pull request's address; None where it may not be a link."""
    counts: tuple[tuple[str, int], ...]
    facts: tuple[Fact, ...]
    changes: tuple[ChangeEntry, ...] = ()
    """The changes to show: on a timeline those of its account, on a page of the revision those of the page."""


Entry = RevisionEntry | EventEntry


def parts_of(revision: Revision) -> int:
    """Return the number of pages that the changes of a revision take."""
    return max(1, -(-len(revision.changes) // CHANGES_PER_PAGE))


def told_occurrences(report: Report) -> tuple[Occurrence, ...]:
    """Return what the whole history shows to people, newest first."""
    return tuple(
        each
        for each in report.occurrences
        if each.revision is not None or (each.event is not None and is_told(each.event))
    )


def told_entries(report: Report, occurrences: Iterable[Occurrence]) -> Iterator[Entry]:
    """Yield the entries of occurrences that the whole history shows."""
    for occurrence in occurrences:
        if occurrence.revision is not None:
            yield revision_entry(occurrence.revision, occurrence.event)
        elif occurrence.event is not None:
            yield event_entry(occurrence.event, report)


def timeline_entries(report: Report, name: str) -> Iterator[Entry]:
    """Yield the entries of one account, newest first; a revision has the account's changes alone."""
    for step in report.timelines[name]:
        revision, event = step.occurrence.revision, step.occurrence.event
        if revision is not None:
            changes = [_change(report, step.occurrence, number, most_fields=_MOST_FIELDS) for number in step.changes]
            yield revision_entry(revision, event, changes, only=report.earlier_names[name])
        elif event is not None and (event.revision is not None or is_told(event)):
            yield event_entry(event, report, only=report.earlier_names[name])


def revision_entry(
    revision: Revision,
    event: JournalEvent | None,
    changes: Iterable[ChangeEntry] = (),
    *,
    only: frozenset[str] | None = None,
) -> RevisionEntry:
    """Return the entry of a revision; ``event`` is the entry of the journal that tells of its apply.

    With ``only`` it has the facts of these names alone: what else was done is told on the page of the revision.
    """
    facts: tuple[Fact, ...] = ()
    if event is not None:
        facts = facts_of(event) if only is None else facts_about(event, only)
    return RevisionEntry(
        revision=revision,
        path=revision_path(revision.revision),
        link=revision.reference if revision.reference and _SAFE_LINK.fullmatch(revision.reference) else None,
        counts=tuple((name, revision.summary[name]) for name in _COUNTS if revision.summary.get(name)),
        facts=facts,
        changes=tuple(changes),
    )


def event_entry(event: JournalEvent, report: Report, *, only: frozenset[str] | None = None) -> EventEntry:
    """Return the entry of an event with its accounts and facts, or with ``only`` those of these names."""
    accounts = event.accounts if only is None else event.accounts_of(only)
    return EventEntry(
        event=event,
        key=f"event.{event.event}" if event.event in EVENTS else None,
        facts=facts_of(event) if only is None else facts_about(event, only),
        standings=tuple(_standing(each, event, report) for each in accounts[:_MOST_ACCOUNTS]),
        more=max(0, len(accounts) - _MOST_ACCOUNTS),
    )


def change_entries(report: Report, occurrence: Occurrence, part: int) -> Iterator[ChangeEntry]:
    """Yield the changes on one page (``part``, from 1) of a revision."""
    count = len(occurrence.revision.changes) if occurrence.revision is not None else 0
    first = (part - 1) * CHANGES_PER_PAGE
    for index in range(first, min(first + CHANGES_PER_PAGE, count)):
        yield _change(report, occurrence, index)


def _change(report: Report, occurrence: Occurrence, index: int, *, most_fields: int | None = None) -> ChangeEntry:
    """Return one change; with ``most_fields`` no more of them, and none of what an account was created with."""
    revision: Revision = occurrence.revision  # type: ignore[assignment]  # of a revision, by its callers
    change = revision.changes[index]
    action, name = str(change.get("action")), str(change.get("name"))
    previous = change.get("previousName")
    present = report.present_names.get((occurrence.sequence, name))
    fields = [] if most_fields is not None and action == "create" else fields_of(change)
    listed = fields[:most_fields]
    anchor = f"change-{index + 1}"
    kind = str(change.get("kind"))
    return ChangeEntry(
        anchor=anchor,
        place=f"{revision_path(revision.revision, index // CHANGES_PER_PAGE + 1)}#{anchor}",
        action=action,
        key=f"action.{action}" if action in ACTIONS else None,
        kind=KINDS[kind].word if kind in KINDS else kind,
        name=name,
        path=account_path(present) if present is not None else None,
        previous_name=None if previous is None else str(previous),
        present_name=present if present != name else None,
        is_rotation=change.get("cause") == "rotation",
        is_redacted=any(ERASED in (field.before, field.after) for field in fields),
        fields=field_rows(listed),
        more=len(fields) - len(listed),
    )


def fields_of(change: JsonView) -> list[FieldChange]:
    """Return the fields of a change as a revision keeps it."""
    return [_field(each) for each in change.get("fields") or () if isinstance(each, dict)]


def _field(field: JsonView) -> FieldChange:
    return FieldChange(
        path=str(field.get("path")),
        before=_scalar(field.get("before")),
        after=_scalar(field.get("after")),
        rotated=field.get("rotated") is True,
    )


def _scalar(value: Any) -> str | int | bool | None:
    """Return the value of a field; a value that no plan could have written becomes text."""
    return value if value is None or isinstance(value, (str, int)) else str(value)


def _standing(account: EventAccount, event: JournalEvent, report: Report) -> Standing:
    present = report.present_names.get((event.sequence, account.name))
    return Standing(
        name=account.name,
        path=account_path(present) if present is not None else None,
        before=account.before,
        after=account.after,
        reason=account.reason,
    )
