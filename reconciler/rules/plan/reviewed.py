"""Whether a plan made now does no more than one that people have reviewed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.diagnostics import Diagnostic, error
from reconciler.model.canonical import canonical_json

if TYPE_CHECKING:
    from reconciler.model.plan import Change, SavedPlan

_AGAIN = "Have the plan as it is now reviewed; reconciler plan --out FILE makes it."


def unreviewed(plan: SavedPlan, reviewed: SavedPlan) -> tuple[Diagnostic, ...]:
    """Return an error for each change, and each lifted guard, of ``plan`` that ``reviewed`` did not show.

    The same change means the same action on the same account with the same fields before and after. What the reviewed
    plan held was to be left out, so it counts as not shown. Reviewed changes that are no longer needed are fine.
    """
    shown = {_subject(change) for change in reviewed.changes if not change.held}
    held = {change.name for change in reviewed.changes if change.held}
    problems = [
        error("notReviewed", _explain(change, reviewed, is_held=change.name in held), subject=change.name)
        for change in plan.changes
        if not change.held and _subject(change) not in shown
    ]
    problems += [
        error(
            "notReviewed",
            f"The guard {guard.code} is lifted by {guard.by}, which the reviewed plan did not show. {_AGAIN}",
        )
        for guard in plan.lifted_guards
        if guard not in reviewed.lifted_guards
    ]
    return tuple(problems)


def _subject(change: Change) -> str:
    """Return what a reviewer has seen of a change, as text to compare."""
    seen = change.model_dump(include={"action", "kind", "name", "previous_name", "cause", "fields"})
    return canonical_json(seen)


def _explain(change: Change, reviewed: SavedPlan, *, is_held: bool) -> str:
    if is_held:
        return f"The reviewed plan held the change of {change.name}, and now it would be applied. {_AGAIN}"
    if all(each.name != change.name for each in reviewed.changes):
        return f"The {change.action} of {change.name} is not in the reviewed plan. {_AGAIN}"
    return f"The {change.action} of {change.name} is not the one that the reviewed plan shows. {_AGAIN}"
