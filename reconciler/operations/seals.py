"""What the seal of a plan or a review says here, where its key is at hand or not; and reviews with the seal of here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.diagnostics import error
from reconciler.errors import InvalidInput
from reconciler.planfile import has_valid_seal, is_sealed_with, seal_plan
from reconciler.rules.apply.review import require_current, review_of

if TYPE_CHECKING:
    from reconciler.model.plan import SavedPlan
    from reconciler.model.review import Review
    from reconciler.model.secrets.values import FingerprintKey
    from reconciler.operations.workspace import Workspace
    from reconciler.rules.apply.review import Seal


def seal_of(workspace: Workspace, plan: SavedPlan | Review) -> Seal:
    """Return what the plan's seal says, by the plan key where one is set, else by the key of fingerprints."""
    key = workspace.plan_key()
    if key is not None and not is_sealed_with(plan, key):
        return "required"
    if key is None:
        key = _fingerprint_key(workspace)
    if key is None or not is_sealed_with(plan, key):
        return "absent"
    return "valid" if has_valid_seal(plan, key) else "broken"


def sealed_review(workspace: Workspace, plan: SavedPlan, *, reference: str) -> Review:
    """Return what a comment at ``reference`` is to say of the plan that it shows, sealed.

    Raises ``InvalidInput`` where no key is at hand, because apply takes no review without a seal.
    """
    key = workspace.plan_key() or _fingerprint_key(workspace)
    if key is None:
        detail = (
            "A comment that apply is to take needs a seal, and no key is at hand. Plan where the state's key of fingerprints is, "
            "or RECONCILER_PLAN_KEY; or leave --reference out."
        )
        raise InvalidInput(error("fingerprintKeyMissing", detail))
    return seal_plan(review_of(plan, reference=reference), key)


def require_current_review(workspace: Workspace, review: Review, *, reference: str | None) -> None:
    """Refuse a review that is not sealed here, is of another place or state, or has been applied: see ``require_current``."""
    with workspace.open_store() as store:
        recorded = store.read_state()
        since = store.revisions(limit=max(recorded.serial - review.serial, 0))
    require_current(review, seal_of(workspace, review), recorded, since, reference=reference)


def _fingerprint_key(workspace: Workspace) -> FingerprintKey | None:
    """Return the key of fingerprints; None where a project file that is not trusted says which it is."""
    if workspace.project.secrets.fingerprint_key is not None and not workspace.is_project_trusted:
        return None
    return workspace.fingerprint_key(workspace.secret_reader())
