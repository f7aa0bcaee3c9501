"""Care of the state: backup and restore, migration, and forgetting the routes of a secret."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.classes import FrozenByName
from reconciler.diagnostics import Diagnostic, error, warning
from reconciler.errors import StateUnavailable
from reconciler.files import keep_out_of_git, reason_of
from reconciler.model.journal.payloads import RestorePayload, who
from reconciler.secrets import STATE_FOLDER
from reconciler.store import RestoreOrder, back_up_state, restore_state

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from reconciler.model.journal.entries import Actor
    from reconciler.operations.workspace import Workspace
    from reconciler.store import Copy, Restored
    from reconciler.store.rows import KnownRoute


def back_up(workspace: Workspace, target: Path, *, replaces: bool) -> tuple[Copy, list[Diagnostic]]:
    """Write a copy of the state and read it back; return it, and an error where its journal does not hold."""
    copy = back_up_state(
        workspace.trusted_state_url(),
        base=workspace.project_file.parent,
        project=workspace.project.metadata.name,
        target=target,
        replaces=replaces,
    )
    problems = [
        error("backupBroken", f"{target} was written, and its journal does not hold: {each}")
        for each in copy.journal.problems[:1]
    ]
    return copy, problems


class RestoreRequest(FrozenByName):
    """Which backup to restore, and what may be lost."""

    source: Path
    actor: Actor
    replaces_foreign: bool = False
    goes_back: bool = False


def restore(workspace: Workspace, request: RestoreRequest) -> tuple[Restored, list[Diagnostic]]:
    """Restore a backup in place of what is recorded; return the outcome, and remarks on what to look after now."""
    _keep_copies_out_of_git(workspace)
    restored = restore_state(
        workspace.trusted_state_url(),
        base=workspace.project_file.parent,
        project=workspace.project.metadata.name,
        source=request.source,
        order=RestoreOrder(
            replaces_foreign=request.replaces_foreign,
            goes_back=request.goes_back,
            payload=RestorePayload(**who(request.actor)),
            at=workspace.now(),
        ),
    )
    return restored, [*_lost_redactions(restored), *_other_key(workspace, restored)]


def _keep_copies_out_of_git(workspace: Workspace) -> None:
    """Make the folder of copies where it is ours to make: beside a SQLite file, below the project for PostgreSQL.

    Raises ``StateUnavailable`` where that cannot be.
    """
    state_file = workspace.state_file
    folder = state_file.parent if state_file is not None else workspace.project_file.parent / STATE_FOLDER
    if folder.name != STATE_FOLDER:
        return
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        keep_out_of_git(folder)
    except OSError as failure:
        detail = (
            f"The folder {folder}, where a copy of what is replaced is kept, cannot be used: {reason_of(failure)}. Nothing "
            "was changed. Give whoever runs reconciler the right to write there."
        )
        raise StateUnavailable(error("stateUnavailable", detail)) from None


def _lost_redactions(restored: Restored) -> Iterable[Diagnostic]:
    for name in restored.lost_redactions:
        detail = (
            f"Personal data of {name} had been erased, and the backup is older. Erase it again:\n"
            f"    reconciler journal redact {name}"
        )
        yield warning("redactionLost", detail, subject=name)


def _other_key(workspace: Workspace, restored: Restored) -> Iterable[Diagnostic]:
    if workspace.project.secrets.fingerprint_key is not None:
        return  # it may have to be read from somewhere; the next plan says so
    key = workspace.fingerprint_key(workspace.secret_reader())
    if restored.fingerprint_key_id is None or (key is not None and key.key_id == restored.fingerprint_key_id):
        return
    if workspace.state_file is None:
        detail = (
            f"The state that was restored was made with the fingerprint key {restored.fingerprint_key_id}. Name a key in the "
            "project file:\n    secrets:\n      fingerprintKey: {env: RECONCILER_FINGERPRINT_KEY}\n"
            "If the state's own was a file beside a SQLite state, let the new one follow it:\n"
            "    reconciler state rekey --old-key-file .reconciler/fingerprint.key"
        )
        yield warning("fingerprintKeyMissing", detail)
        return
    code = "fingerprintKeyMissing" if key is None else "fingerprintKeyChanged"
    detail = (
        f"The state that was restored was made with the fingerprint key {restored.fingerprint_key_id}, which is not "
        "beside it. Bring back the file fingerprint.key that belongs to the backup."
    )
    yield warning(code, detail)


def _logins_by_lost_tokens(rows: list[KnownRoute], gone: list[KnownRoute]) -> list[KnownRoute]:
    """Return the logins of secrets whose last exchange for a token goes, where an earlier version recorded them.

    It did not tell of a token; without an exchange beside it such a login would pass for that of a password.
    """
    lost, kept = (
        {row.known.secret for row in part if row.known.route.purpose == "oauth2"}
        for part in (gone, [row for row in rows if row not in gone])
    )
    return [
        row
        for row in rows
        if row.known.secret in lost - kept
        and row not in gone
        and row.known.route.purpose == "smtp"
        and row.known.route.token is None
        and row.known.route.proof is None
    ]
