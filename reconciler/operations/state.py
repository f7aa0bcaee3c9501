"""``state init``: makes the state and, beside a SQLite file, the key of fingerprints."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reconciler.diagnostics import error
from reconciler.errors import InvalidInput
from reconciler.secrets import make_key_file
from reconciler.store import create_state

if TYPE_CHECKING:
    from reconciler.model.secrets import FingerprintKey
    from reconciler.operations.workspace import Workspace


@dataclass(frozen=True, slots=True)
class InitialState:
    """What ``state init`` found or made."""

    was_made: bool
    """False where the project had its state already; then nothing was changed."""
    lineage: str
    key_id: str | None


def init_state(workspace: Workspace, *, lineage: str) -> InitialState:
    """Make the state of the project with a fresh lineage; leave one that is there as it is."""
    key = _key(workspace)
    was_made = create_state(
        workspace.state_url,
        base=workspace.project_file.parent,
        project=workspace.project.metadata.name,
        lineage=lineage,
        fingerprint_key_id=key.key_id,
        at=workspace.now(),
    )
    with workspace.open_store() as store:
        recorded = store.read_state()
    return InitialState(was_made, recorded.lineage, recorded.fingerprint_key_id)


def _key(workspace: Workspace) -> FingerprintKey:
    state_file = workspace.state_file
    if workspace.project.secrets.fingerprint_key is None and state_file is not None:
        return make_key_file(state_file)
    key = workspace.fingerprint_key(workspace.secret_reader())
    if key is None:
        detail = (
            "State that is not a SQLite file needs a fingerprint key of its own. Write under secrets:\n"
            "    fingerprintKey: {env: RECONCILER_FINGERPRINT_KEY}"
        )
        raise InvalidInput(error("fingerprintKeyMissing", detail))
    return key
