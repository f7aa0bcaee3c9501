"""``report``: gathers what is in state, and follows every account through its renames."""

from __future__ import annotations

import os
from collections import defaultdict
from dataclasses import field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.classes import dataclass
from reconciler.model.journal.keys import ACCOUNT_DIGESTS, REVISION_DIGESTS
from reconciler.model.journal.report import Occurrence, Report, TimelineStep
from reconciler.operations.accounts.edit import folder_of
from reconciler.operations.accounts.select import select_accounts
from reconciler.rules.journal.choose import own_changes
from reconciler.rules.journal.erasure import Erasure
from reconciler.rules.journal.events import events_of
from reconciler.rules.journal.since import status_since
from reconciler.secrets import STATE_FOLDER

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from reconciler.model.accounts.recorded import RecordedState
    from reconciler.model.journal.entries import Revision
    from reconciler.model.journal.events import JournalEvent
    from reconciler.operations.workspace import Workspace

_NOT_TOLD = frozenset({"verification", ACCOUNT_DIGESTS, REVISION_DIGESTS})
"""Parts of payloads as large as state itself, which the account's own records tell better."""


@dataclass
class _Life:
    """One account under whatever name; after a deletion, also what was made under its name again."""

    names: set[str] = field(default_factory=set)
    steps: list[TimelineStep] = field(default_factory=list)
    told_as: list[tuple[int, str]] = field(default_factory=list)


def gather_report(workspace: Workspace, selectors: Sequence[str] = ()) -> Report:
    """Return what state holds at this moment; raise ``StateMissing`` where there is none.

    With selectors it is of these accounts alone, as they are recorded now, and of what touched them under any name.
    Raises ``InvalidInput`` for selectors that select nothing.
    """
    with workspace.open_store() as store:
        names = {each.name for each in select_accounts(selectors, store.read_state().accounts.values())}
        lives = [Erasure(names=store.names_of(name)) for name in sorted(names)] if selectors else []
        with store.snapshot() as snapshot:
            recorded = snapshot.state()
            revisions = snapshot.revisions()
            # Together, since what an entry says can depend on a later one; without what is large, one payload at a time.
            told = (
                (entry, {key: value for key, value in payload.items() if key not in _NOT_TOLD})
                for entry, payload in snapshot.journal()
            )
            events = events_of(told, lives)[::-1]
            head = snapshot.journal_head()
    if selectors:
        recorded = replace(
            recorded, accounts={name: recorded.accounts[name] for name in names & recorded.accounts.keys()}
        )
        own = (own_changes(revision, lives) for revision in revisions)
        revisions = tuple(revision for revision in own if revision.changes)
    return make_report(recorded, revisions, events, head=head)


def reserved_around(folder: Path, workspace: Workspace) -> str | None:
    """Return what a folder lies in that is no place for a report, as words of a sentence; None where it lies well.

    Links on the way are followed. A manifests folder that is the whole project is none to keep out of.
    """
    place, root, manifests = (Path(os.path.realpath(each)) for each in (folder, workspace.root, folder_of(workspace)))
    if ".git" in place.parts:
        return "git's own folder"
    if place.is_relative_to(root / STATE_FOLDER):
        return "the folder of state and keys"
    if manifests != root and place.is_relative_to(manifests):
        return "the manifests folder"
    return None


def make_report(
    recorded: RecordedState, revisions: Iterable[Revision], events: Sequence[JournalEvent], *, head: str
) -> Report:
    """Return the report of a state; ``events`` oldest first, revisions in any order."""
    occurrences = _in_order(revisions, events)
    lives = _follow(occurrences)
    known = {name: lives.get(name, _Life({name})) for name in sorted(recorded.accounts)}
    return Report(
        project=recorded.project,
        serial=recorded.serial,
        head=head,
        as_of=events[-1].at if events else None,
        accounts=tuple(recorded.accounts[name] for name in known),
        occurrences=tuple(reversed(occurrences)),
        timelines={name: tuple(reversed(life.steps)) for name, life in known.items()},
        earlier_names={name: frozenset(life.names) for name, life in known.items()},
        since=status_since(recorded.accounts, reversed(events), earlier_names=recorded.earlier_names),
        present_names={told: name for name, life in known.items() for told in life.told_as},
    )


def _in_order(revisions: Iterable[Revision], events: Iterable[JournalEvent]) -> list[Occurrence]:
    """Return everything, oldest first: a revision stands where the journal tells of its apply."""
    told = list(events)
    applied = {event.revision: event for event in told if event.revision is not None}
    occurrences = []
    known: set[int] = set()
    last = 0
    for revision in sorted(revisions, key=lambda each: each.revision):
        event = applied.get(revision.revision)
        last = event.sequence if event is not None else last
        known |= {event.sequence} if event is not None else set()
        occurrences.append(Occurrence(sequence=last, revision=revision, event=event))
    others = [Occurrence(sequence=event.sequence, event=event) for event in told if event.sequence not in known]
    return sorted([*others, *occurrences], key=lambda each: (each.sequence, _number(each)))


def _number(occurrence: Occurrence) -> int:
    return occurrence.revision.revision if occurrence.revision is not None else 0


def _follow(occurrences: Iterable[Occurrence]) -> dict[str, _Life]:
    """Return each account's life by the name that it ended with.

    Premise: a name belongs to one account at a time. A rename moves the life to the new name, and whoever takes the
    old name afterwards begins another one.
    """
    lives: defaultdict[str, _Life] = defaultdict(_Life)
    for occurrence in occurrences:
        for name, changes in _concerned(occurrence, lives).items():
            life = lives[name]
            life.names.add(name)
            life.steps.append(TimelineStep(occurrence=occurrence, changes=tuple(changes)))
            life.told_as.append((occurrence.sequence, name))
    return dict(lives)


def _concerned(occurrence: Occurrence, lives: defaultdict[str, _Life]) -> dict[str, list[int]]:
    """Move the accounts that an occurrence renames, and return which accounts it concerns, each with its changes."""
    if occurrence.revision is None:
        return {name: [] for name in _names_of_event(occurrence.event)} if occurrence.event is not None else {}
    found: dict[str, list[int]] = {}
    moved: list[tuple[str, _Life | None]] = []
    for index, change in enumerate(occurrence.revision.changes):
        name, previous = change.get("name"), change.get("previousName")
        if isinstance(name, str):
            found.setdefault(name, []).append(index)
            moved += [(name, lives.pop(previous, None))] if isinstance(previous, str) else []
    for name, life in moved:
        if life is not None:
            lives[name] = life
    return found


def _names_of_event(event: JournalEvent) -> list[str]:
    told = event.details.get("name")
    names = [account.name for account in event.accounts]
    return [*names, told] if isinstance(told, str) and told not in names else names
