"""Seals of plans and reviews: an HMAC over what they say, behind the id of its key."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import TypeVar

    from reconciler.model.plan import SavedPlan
    from reconciler.model.review import Review
    from reconciler.model.secrets.values import FingerprintKey

    Sealed = TypeVar("Sealed", SavedPlan, Review)


def seal_plan(plan: Sealed, key: FingerprintKey) -> Sealed:
    """Return a plan or a review with a seal over its digest; the seal begins with the key's id."""
    return plan.model_copy(update={"seal": _seal(plan, key)})


def is_sealed_with(plan: SavedPlan | Review, key: FingerprintKey) -> bool:
    """Tell whether the plan claims a seal of this key; whether the seal is right tells ``has_valid_seal``."""
    return plan.seal is not None and plan.seal.startswith(f"{key.key_id} ")


def _seal(plan: SavedPlan | Review, key: FingerprintKey) -> str:
    return f"{key.key_id} {key.seal(plan.sealed_text)}"


def has_valid_seal(plan: SavedPlan | Review, key: FingerprintKey) -> bool:
    """Tell whether the plan bears this key's seal over its digest; False for a plan without a seal.

    That the digest fits the content is ``read_plan``'s to check.
    """
    if plan.seal is None:
        return False
    return hmac.compare_digest(plan.seal.encode("utf-8", "surrogatepass"), _seal(plan, key).encode())
