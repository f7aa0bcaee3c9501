"""The two digests of a plan: of what it changes, and of the whole file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reconciler.model.canonical import digest

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reconciler.model.plan import Change, LiftedGuard, SavedPlan


def changes_digest(changes: Iterable[Change], lifted_guards: Iterable[LiftedGuard]) -> str:
    """Return the digest of actions, fields, base revisions and lifted guards: the same for the same input.

    Verification and what follows from it (``held``) are left out: they depend on the network.
    """
    shown = [change.model_dump(exclude={"verification", "held", "server"}) for change in changes]
    return digest({"changes": shown, "liftedGuards": [guard.model_dump() for guard in lifted_guards]})


def plan_digest(plan: SavedPlan) -> str:
    """Return the digest of everything in a plan file but this digest itself and the seal."""
    return plan_document_digest(plan.model_dump(mode="json"))


def plan_document_digest(document: dict[str, Any]) -> str:
    """Return the digest of a plan file's content as read, so that unknown additions count too."""
    return digest({key: value for key, value in document.items() if key not in {"planDigest", "seal"}})
