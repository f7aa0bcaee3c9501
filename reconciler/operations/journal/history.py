"""`history`, `journal check` and `journal head`: what was applied, and that nothing was altered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.classes import dataclass
from reconciler.diagnostics import error
from reconciler.errors import InvalidInput
from reconciler.model.journal.keys import ABRIDGED
from reconciler.operations.accounts.select import select_accounts
from reconciler.rules.accounts.select import is_pattern, unknown_account
from reconciler.rules.journal.choose import Period, own_changes, within
from reconciler.rules.journal.erasure import Erasure
from reconciler.rules.journal.events import events_of
from reconciler.store import Aside

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reconciler.diagnostics import Diagnostic
    from reconciler.model.accounts.recorded import RecordedState
    from reconciler.model.journal.entries import Revision
    from reconciler.model.journal.events import JournalEvent
    from reconciler.operations.workspace import Workspace
    from reconciler.store import JournalReport, Snapshot, Store


@dataclass(frozen=True, slots=True)
class History:
    """The applied plans, and every entry of the journal, both newest first."""

    revisions: tuple[Revision, ...]
    events: tuple[JournalEvent, ...]


def history(
    workspace: Workspace,
    selectors: Sequence[str],
    period: Period,
    *,
    in_short: bool = False,
    tells_changes: bool = True,
) -> History:
    """Return what was applied and what else was done in a period, newest first.

    With selectors it is what touched these accounts, of each revision their changes alone, renames followed; a name may
    be one that is recorded no more. Without them it can be read ``in_short``, as people are told it: of very many accounts the
    event of the apply has what it changed, ``abridged``, in the place of its revision; or of an earlier version the fields of creations
    and deletions, and what was verified, are left out. Unless that ``tells_changes``, no revision has any. Raises
    ``InvalidInput`` for selectors that mean no account, and a revision that there is not.
    """
    with workspace.open_store() as store:
        if selectors:
            # A pattern means accounts by what they have, which cannot be told of one that cannot be read.
            aside = None if any(map(is_pattern, selectors)) else Aside({})
            names = _names(selectors, store.read_state(aside), store)
            found, events = _touching(names, store)
        else:
            # Who asks for all of them needs no account, and who asks for the newest no revision before.
            with store.snapshot() as snapshot:
                found, events = _all(snapshot, period, in_short=in_short, tells_changes=tells_changes)
        last = store.last_revision()
    if period.revision is not None and period.revision > last:
        detail = f"There is no revision {period.revision}: the last one is {last}."
        raise InvalidInput(error("unknownRevision", detail))
    return History(*within(found, events, period))


def _all(
    snapshot: Snapshot, period: Period, *, in_short: bool, tells_changes: bool
) -> tuple[Sequence[Revision], tuple[JournalEvent, ...]]:
    """Return the revisions and events of all accounts, at least those of a period."""
    newest = period.limit if period == Period(limit=period.limit) else None
    found = snapshot.heads(limit=newest) if in_short else snapshot.revisions(limit=newest)
    # Who asks for so many of the newest is told nothing older than the last of as many revisions.
    oldest = found[-1].at if newest is not None and len(found) == newest else None
    # What an apply changed is told by its revision.
    events = events_of(snapshot.journal(since=oldest, has_changes=False, in_short=in_short))
    if in_short and tells_changes:
        have_it = {each.revision for each in events if ABRIDGED in each.details}
        found = tuple(each if each.revision in have_it else snapshot.changes_in_short(each) for each in found)
    return found, events


def _touching(names: Sequence[str], store: Store) -> tuple[Sequence[Revision], tuple[JournalEvent, ...]]:
    """Return what touched accounts, newest first, of each revision their changes alone."""
    lives = [Erasure(names=store.names_of(name)) for name in names]
    by_number = {each.revision: each for name in names for each in store.revisions(name)}
    with store.snapshot() as snapshot:
        events = events_of(snapshot.journal(), lives)
    return [own_changes(by_number[number], lives) for number in sorted(by_number, reverse=True)], events


def _names(selectors: Sequence[str], recorded: RecordedState, store: Store) -> list[str]:
    """Return the names meant: those written, which must have been recorded once, and those of patterns, which are now."""
    patterns = [selector for selector in selectors if is_pattern(selector)]
    named = [selector for selector in selectors if not is_pattern(selector)]
    unknown = [name for name in named if name not in recorded.accounts and not store.revisions(name, limit=1)]
    if unknown:
        raise InvalidInput([unknown_account(name, recorded.accounts, ever=True) for name in unknown])
    found = select_accounts(patterns, recorded.accounts.values()) if patterns else []
    return sorted({*named, *(account.name for account in found)})


def check_journal(workspace: Workspace, *, head: str | None) -> JournalReport:
    """Return whether the journal's chain holds and contains the head noted elsewhere, and whether it is guarded."""
    with workspace.open_store() as store:
        return store.check_journal(head=head)


def guards_altered(unguarded: Sequence[str]) -> Diagnostic | None:
    """Return the error that tells what guards the state no longer, and what to do; None where all does."""
    if not unguarded:
        return None
    detail = (
        f"{' '.join(unguarded)} Nothing that was written meanwhile was held by it. Find out who did it, and compare the "
        'journal with a head that was noted elsewhere:\n    reconciler journal check --head "$(cat journal-head.txt)"\n'
        "Then whoever owns the state has all that is reconciler's made anew; the journal tells that it had been altered:\n"
        "    reconciler state migrate"
    )
    return error("guardsAltered", detail)


def journal_head(workspace: Workspace) -> str:
    """Return the hash of the journal's last entry, to be noted elsewhere."""
    with workspace.open_store() as store:
        return store.journal_head()
