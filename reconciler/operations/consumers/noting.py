"""Rows of what each consumer is to have, kept in the transaction that makes it so: nothing can be lost between the two."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from reconciler.errors import ReconcilerError
from reconciler.model.consumers.publication import Publication

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reconciler.operations.consumers.observe import Wanted
    from reconciler.operations.workspace import Workspace
    from reconciler.store import Transaction


def note_wanted(transaction: Transaction, workspace: Workspace) -> None:
    """Record what consumers are to have of the accounts as the transaction leaves them.

    By a project file that is not trusted nothing is noted: its consumers are nobody's yet. Whatever is not noted here is
    noted by the next publication.
    """
    if not workspace.is_project_trusted or not workspace.project.consumers:
        return
    from reconciler.consumers.command import CommandTarget
    from reconciler.operations.consumers.observe import candidates_of, wanted_of
    from reconciler.operations.consumers.places import open_targets
    from reconciler.operations.manifests import read_platform

    # An account that cannot be read must not stand in the way of stopping another one.
    with contextlib.suppress(ReconcilerError):
        platform, _ = read_platform(workspace)
        candidates = candidates_of(transaction.state(), platform, workspace)
        # What a command can carry is asked when it is published to: nothing is run while the state is locked.
        targets = [each for each in open_targets(workspace).usable.values() if not isinstance(each, CommandTarget)]
        rows = rows_after(transaction.publications(), [wanted_of(each, candidates, workspace) for each in targets])
        transaction.put_publications(rows)


def rows_after(rows: Iterable[Publication], all_wanted: Iterable[Wanted]) -> list[Publication]:
    """Return the rows that change because consumers are to have something else now."""
    before = {(each.consumer, each.account): each for each in rows}
    changed = []
    for wanted in all_wanted:
        digests = wanted.digests
        names = digests.keys() | {account for consumer, account in before if consumer == wanted.name}
        for name in sorted(names):
            was = before.get((wanted.name, name), Publication(consumer=wanted.name, account=name))
            now = was.model_copy(update={"wanted": digests.get(name)})
            if now != was or (wanted.name, name) not in before:
                changed.append(now)
    return changed
