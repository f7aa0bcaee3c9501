"""``state init``: makes the state and, beside a SQLite file, the key of fingerprints."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from reconciler.classes import dataclass
from reconciler.diagnostics import error
from reconciler.errors import InvalidInput, SecretUnreadable, StateMissing
from reconciler.secrets import make_key_file
from reconciler.store import create_state

if TYPE_CHECKING:
    from reconciler.diagnostics import Diagnostic
    from reconciler.model.accounts.recorded import RecordedState
    from reconciler.model.secrets.values import FingerprintKey
    from reconciler.operations.workspace import Workspace


@dataclass(frozen=True, slots=True)
class InitialState:
    """What ``state init`` found or made."""

    was_made: bool
    """False where the project had its state already; then nothing was changed."""
    lineage: str
    key_id: str | None


def init_state(workspace: Workspace, *, lineage: str) -> InitialState:
    """Make the state of the project with a fresh lineage; leave one that is there as it is.

    Raises ``SecretUnreadable`` where the state is there and its key is not: another key would make every secret look
    rotated, so none is made. A file that the pipeline names, for a project file that is not trusted to name a key, is
    made without a key, for plans that read no secret; the first apply that has one brings it.
    """
    existing: RecordedState | None = None
    with suppress(StateMissing), workspace.open_store() as store:
        existing = store.read_state()
    if existing is not None:
        _require_its_key(workspace, existing)
        return InitialState(was_made=False, lineage=existing.lineage, key_id=existing.fingerprint_key_id)
    key = _key(workspace)
    was_made = create_state(
        workspace.trusted_state_url(),
        base=workspace.project_file.parent,
        project=workspace.project.metadata.name,
        lineage=lineage,
        fingerprint_key_id=key.key_id if key is not None else None,
        at=workspace.now(),
    )
    with workspace.open_store() as store:
        recorded = store.read_state()
    return InitialState(was_made, recorded.lineage, recorded.fingerprint_key_id)


def _require_its_key(workspace: Workspace, recorded: RecordedState) -> None:
    if recorded.fingerprint_key_id is None:
        return
    key = workspace.fingerprint_key(workspace.secret_reader())
    if recorded.is_keyed_with(key.key_id if key is not None else None):
        return
    again = f"Bring back the key {recorded.fingerprint_key_id} that this state was made with."
    if key is None:
        raise SecretUnreadable(error("fingerprintKeyMissing", f"The state is there already, its key is not. {again}"))
    detail = f"The state is there already, and the key here is another one, {key.key_id}. {again}"
    raise SecretUnreadable(error("fingerprintKeyChanged", detail))


def _key(workspace: Workspace) -> FingerprintKey | None:
    state_file = workspace.state_file
    if workspace.project.secrets.fingerprint_key is None and state_file is not None:
        return make_key_file(state_file)
    if not workspace.is_project_trusted and state_file is not None and workspace.state_named_by != "project":
        return None
    key = workspace.fingerprint_key(workspace.secret_reader())
    if key is None:
        raise InvalidInput(unnamed_key())
    return key


def unnamed_key() -> Diagnostic:
    """Return what to tell where the project file has to name the key of fingerprints and does not."""
    detail = (
        "Beside a state in PostgreSQL lies no file, so the key of fingerprints has to come from elsewhere: state keeps "
        "fingerprints of secrets, and their key must not lie with them. Nothing was changed. Write in the project file:"
        "\n    secrets:\n      fingerprintKey: {env: RECONCILER_FINGERPRINT_KEY}\n"
        "Make a key, keep it where the other secrets are, and give it to every command in that variable:\n"
        "    openssl rand -hex 32"
    )
    return error("fingerprintKeyMissing", detail)
