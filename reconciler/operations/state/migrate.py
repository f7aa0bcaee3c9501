"""`state migrate`: the state brought to the format of this version."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.operations.state.backup import _keep_copies_out_of_git, _who
from reconciler.store import MigrationOrder, migrate_state

if TYPE_CHECKING:
    from reconciler.model.journal.entries import Actor
    from reconciler.operations.workspace import Workspace
    from reconciler.store import Migrated


def migrate(workspace: Workspace, actor: Actor) -> Migrated:
    """Bring the state to the format of this version, after a copy was kept beside it."""
    if workspace.state_file is None:
        _keep_copies_out_of_git(workspace)
    order = MigrationOrder(payload=_who(actor), at=workspace.now())
    return migrate_state(workspace.trusted_state_url(), base=workspace.project_file.parent, order=order)
