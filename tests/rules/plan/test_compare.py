"""What two sides differ in, and what a plan is as a side."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from reconciler.model.comparison import Comparison, Side
from reconciler.model.plan import Change, FieldChange, Plan
from reconciler.model.verification.evidence import Check, Verification
from reconciler.rules.plan.compare import compare, leaves_of_plan, side_of_plan

if TYPE_CHECKING:
    from reconciler.model.comparison import Leaves

FIRST, SECOND = (Side(source="plan", name=name, told="") for name in ("a.plan", "b.plan"))


def told(before: dict[str, Leaves], after: dict[str, Leaves]) -> tuple[list[tuple[Any, ...]], int]:
    """Return each difference with its values, and how many accounts are alike."""
    found: Comparison = compare(FIRST, SECOND, before, after)
    assert (FIRST, SECOND) == (found.first, found.second)
    return [
        (each.name, each.difference, [(field.path, field.before, field.after) for field in each.fields])
        for each in found.differences
    ], found.same


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({}, {}, ([], 0)),
        ({"a": {"x": 1}, "b": {}}, {"a": {"x": 1}, "b": {}}, ([], 2)),
        ({"a": {"x": 1}}, {"a": {"x": 2}}, ([("a", "changed", [("x", 1, 2)])], 0)),
        ({}, {"a": {"x": 1}}, ([("a", "added", [("x", None, 1)])], 0)),
        ({"a": {"x": 1}}, {}, ([("a", "removed", [("x", 1, None)])], 0)),
        ({}, {"a": {}}, ([("a", "added", [])], 0)),
        ({"a": {}}, {}, ([("a", "removed", [])], 0)),
        (
            {"c": {"x": 1}, "b": {"x": 1}, "d": {"x": 1}},
            {"d": {"x": 1}, "a": {"x": 1}, "c": {"x": 1, "y": None}},
            (
                [("a", "added", [("x", None, 1)]), ("b", "removed", [("x", 1, None)]), ("c", "changed", [("y", None, None)])],
                1,
            ),
        ),
    ],
)  # fmt: skip
def test_what_two_sides_differ_in(
    before: dict[str, Leaves], after: dict[str, Leaves], expected: tuple[list[tuple[Any, ...]], int]
) -> None:
    """Accounts in the order of their names, each with the values that only one side has or that differ."""
    assert expected == told(before, after)


def change(action: str, status: str = "passed", *checks: tuple[str, str], **parts: Any) -> Change:
    """Return a change of an account; a check is its name and the code of its failure, empty where it passed."""
    found = tuple(
        Check(check=name, status="failed" if code else "passed", code=code or "ok", message="")  # type: ignore[arg-type]
        for name, code in checks
    )
    given = {"name": "a", "kind": "OwnAccount", "action": action, "cause": "manifest", "fields": (), **parts}
    verification = Verification(status=status, checks=found)  # type: ignore[arg-type]
    return Change.model_validate({**given, "verification": verification}, by_name=True)


HOST = FieldChange(path="spec.smtp.host", before="h.example", after="i.example")
SECRET = FieldChange(path="spec.smtp.password", before="env:A", after="env:A", rotated=True)


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (
            change("update", fields=(HOST, SECRET)),
            {"action": "update", "verification": "passed", "spec.smtp.host": "i.example", "spec.smtp.password": "(rotated)"},
        ),
        (
            change("rename", "skipped", previous_name="b"),
            {"action": "rename", "verification": "skipped", "previousName": "b"},
        ),
        (change("create", held=True), {"action": "create", "verification": "passed", "held": True}),
        (change("delete", "skipped", fields=(HOST,)), {"action": "delete", "verification": "skipped"}),
        (
            change("create", "failed", ("dns", ""), ("connect", "timedOut"), ("auth", "credentialsRejected")),
            {"action": "create", "verification": "failed (connect: timedOut)"},
        ),
    ],
    ids=["values and rotation", "an earlier name", "held", "nothing is left of a deletion", "what failed first"],
)  # fmt: skip
def test_what_a_plan_has_of_an_account(made: Change, expected: Leaves) -> None:
    """What would be done, how its verification ended, and the values that it would have."""
    assert {"a": expected} == leaves_of_plan(plan(made))


def plan(*changes: Change, **parts: Any) -> Plan:
    """Return a plan of these changes."""
    given: dict[str, Any] = {"changes": changes, "status": "ready", "serial": None, **parts}
    return Plan.model_construct(**given)


def test_two_accounts_of_a_plan_are_two() -> None:
    """By their names."""
    assert ["a", "b"] == [*leaves_of_plan(plan(change("create"), change("create").model_copy(update={"name": "b"})))]


@pytest.mark.parametrize(
    ("serial", "expected"), [(None, "without state, blocked"), (0, "against revision 0, blocked"), (7, "against revision 7, blocked")]
)  # fmt: skip
def test_a_plan_as_a_side(serial: int | None, expected: str) -> None:
    """It is told by its file, by what it was made against, and by how it ended."""
    side = side_of_plan(plan(serial=serial, status="blocked"), "x.plan")
    assert "plan" == side.source
    assert "x.plan" == side.name
    assert expected == side.told
