"""`state migrate`: the state brought to the format of this version."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.diagnostics import enumerated, note
from reconciler.model.journal.payloads import MigratePayload, who
from reconciler.operations.journal.history import guards_altered
from reconciler.operations.state.backup import _keep_copies_out_of_git
from reconciler.store import MigrationOrder, migrate_state

if TYPE_CHECKING:
    from reconciler.diagnostics import Diagnostic
    from reconciler.model.journal.entries import Actor
    from reconciler.operations.workspace import Workspace
    from reconciler.store import Migrated


def remarks_on(done: Migrated, workspace: Workspace) -> tuple[Diagnostic, ...]:
    """Return what is to be told of a migration: private CAs to keep, and what guards the state no longer all the same."""
    found = (_private_cas_to_keep(done, workspace), guards_altered(done.unguarded))
    return tuple(each for each in found if each is not None)


def _private_cas_to_keep(done: Migrated, workspace: Workspace) -> Diagnostic | None:
    """Return a note that names the project's accounts of whose private CA state keeps the digest alone; None without any.

    What sends through them away from the checkout, such as a consumer, needs the certificate itself.
    """
    project = workspace.project.metadata.name
    names = sorted(name for its_project, name in done.without_ca if its_project == project)
    others = {its_project for its_project, _ in done.without_ca} - {project}
    if not done.without_ca:
        return None
    concerned = [*names, *(f"those of the project {each}" for each in sorted(others))]
    detail = (
        f"From this format on state keeps private CAs themselves, and of {enumerated(concerned)} it has the digest alone. "
        "Programs away from the checkout, to which accounts are published, cannot verify their servers until it has. Where "
        "the files of the CAs are at hand, the next apply that changes an account keeps its CA, and so does\n"
        "    reconciler verify --recorded"
    )
    return note("privateCaNotKept", detail)


def migrate(workspace: Workspace, actor: Actor) -> Migrated:
    """Bring the state to the format of this version, after a copy was kept beside it."""
    if workspace.state_file is None:
        _keep_copies_out_of_git(workspace)
    order = MigrationOrder(payload=MigratePayload(**who(actor)), at=workspace.now())
    return migrate_state(workspace.trusted_state_url(), base=workspace.project_file.parent, order=order)
