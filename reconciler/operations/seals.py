"""What the seal of a plan file says here, where its key is at hand or not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.planfile import has_valid_seal, is_sealed_with

if TYPE_CHECKING:
    from reconciler.model.plan import SavedPlan
    from reconciler.model.secrets.values import FingerprintKey
    from reconciler.operations.workspace import Workspace
    from reconciler.rules.apply.admission import Seal


def seal_of(workspace: Workspace, plan: SavedPlan) -> Seal:
    """Return what the plan's seal says, by the plan key where one is set, else by the key of fingerprints."""
    key = workspace.plan_key()
    if key is not None and not is_sealed_with(plan, key):
        return "required"
    if key is None:
        key = _fingerprint_key(workspace)
    if key is None or not is_sealed_with(plan, key):
        return "absent"
    return "valid" if has_valid_seal(plan, key) else "broken"


def _fingerprint_key(workspace: Workspace) -> FingerprintKey | None:
    """Return the key of fingerprints; None where a project file that is not trusted says which it is."""
    if workspace.project.secrets.fingerprint_key is not None and not workspace.is_project_trusted:
        return None
    return workspace.fingerprint_key(workspace.secret_reader())
