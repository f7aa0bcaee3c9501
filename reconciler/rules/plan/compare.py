"""What two sides differ in, account by account and value by value; and what a plan is as a side."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.model.comparison import Comparison, Difference, Side
from reconciler.rules.plan.diff import field_changes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.model.comparison import Leaves
    from reconciler.model.plan import Change, FieldChange, Plan

_ROTATED = "(rotated)"


def compare(first: Side, second: Side, before: Mapping[str, Leaves], after: Mapping[str, Leaves]) -> Comparison:
    """Return what the accounts of two sides differ in, by name.

    >>> first, second = (Side(source="plan", name=name, told="") for name in ("old.plan", "new.plan"))
    >>> found = compare(first, second, {"a": {"port": 25}, "b": {"port": 25}, "c": {}}, {"a": {"port": 587}, "c": {}})
    >>> [(each.name, each.difference) for each in found.differences], found.same
    ([('a', 'changed'), ('b', 'removed')], 1)
    """
    found = [
        Difference(
            name=name,
            difference="added" if name not in before else "changed" if name in after else "removed",
            fields=fields,
        )
        for name in sorted(before.keys() | after.keys())
        if (fields := _fields(name, before, after)) or name not in before or name not in after
    ]
    changed = sum(each.difference == "changed" for each in found)
    return Comparison(
        first=first, second=second, differences=tuple(found), same=len(before.keys() & after.keys()) - changed
    )


def _fields(name: str, before: Mapping[str, Leaves], after: Mapping[str, Leaves]) -> tuple[FieldChange, ...]:
    return field_changes(before.get(name, {}), after.get(name, {}), written_before={}, written_after={})


def side_of_plan(plan: Plan, name: str) -> Side:
    """Return a plan as a side, under the name of its file.

    >>> from reconciler.model.plan import Plan
    >>> side_of_plan(Plan.model_construct(serial=3, status="ready"), "new.plan").told
    'against revision 3, ready'
    >>> side_of_plan(Plan.model_construct(serial=None, status="invalid"), "new.plan").told
    'without state, invalid'
    """
    against = "without state" if plan.serial is None else f"against revision {plan.serial}"
    return Side(source="plan", name=name, told=f"{against}, {plan.status}")


def leaves_of_plan(plan: Plan) -> dict[str, Leaves]:
    """Return what a plan would do to each account: action, how its verification ended, and the values it would have.

    >>> from reconciler.model.plan import Change, Plan
    >>> gone = Change(action="delete", kind="OwnAccount", name="sales", base_revision=3)
    >>> leaves_of_plan(Plan.model_construct(changes=(gone,)))
    {'sales': {'action': 'delete', 'verification': 'unchanged'}}
    """
    return {change.name: _leaves(change) for change in plan.changes}


def _leaves(change: Change) -> Leaves:
    failed = next((check for check in change.verification.checks if check.status == "failed"), None)
    leaves: Leaves = {
        "action": change.action,
        "verification": (
            change.verification.status + (f" ({failed.check}: {failed.code})" if failed is not None else "")
        ),
    }
    if change.previous_name is not None:
        leaves["previousName"] = change.previous_name
    if change.held:
        leaves["held"] = True
    if change.action != "delete":
        leaves |= {field.path: _ROTATED if field.rotated else field.after for field in change.fields}
    return leaves
