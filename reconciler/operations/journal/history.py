"""`history`, `journal check` and `journal head`: what was applied, and that nothing was altered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reconciler.diagnostics import error
from reconciler.diagnostics.phrasing import did_you_mean
from reconciler.errors import InvalidInput
from reconciler.rules.journal.erasure import Erasure
from reconciler.rules.journal.events import events_of

if TYPE_CHECKING:
    from reconciler.model.journal.entries import Revision
    from reconciler.model.journal.events import JournalEvent
    from reconciler.operations.workspace import Workspace
    from reconciler.store import JournalReport


@dataclass(frozen=True, slots=True)
class History:
    """The applied plans, and every entry of the journal, both newest first."""

    revisions: tuple[Revision, ...]
    events: tuple[JournalEvent, ...]


def history(workspace: Workspace, name: str | None) -> History:
    """Return what was applied and what else was done; with a name what touched the account, renames followed."""
    with workspace.open_store() as store:
        revisions = store.revisions(name)
        journal = store.journal_with_payloads()
        names = None if name is None else Erasure(names=store.names_of(name))
        if name is not None and not revisions:
            known = store.read_state().accounts
            detail = f"No account called {name} was ever recorded.{did_you_mean(name, known)}"
            raise InvalidInput(error("unknownAccount", detail, subject=name))
    return History(revisions, events_of(journal, names))


def check_journal(workspace: Workspace, *, head: str | None) -> JournalReport:
    """Return whether the journal's chain holds and contains the head noted elsewhere."""
    with workspace.open_store() as store:
        return store.check_journal(head=head)


def journal_head(workspace: Workspace) -> str:
    """Return the hash of the journal's last entry, to be noted elsewhere."""
    with workspace.open_store() as store:
        return store.journal_head()
