"""Whether a plan does no more than the one that was reviewed."""

from __future__ import annotations

import pytest

from reconciler.model.plan import Change, FieldChange, LiftedGuard, SavedPlan
from reconciler.rules.apply.review import unreviewed, unseen
from reconciler.rules.plan.finish import Making, finish_plan
from reconciler.rules.plan.make import make_plan
from tests.rules.states import NOW, empty_state, policy

UPDATE = Change(
    action="update", kind="OwnAccount", name="sales", fields=(FieldChange(path="spec.email", before="a", after="b"),)
)
LIFTED = LiftedGuard(code="deletesProtected", by="--allow-deletes 1")


def plan(*changes: Change, lifted: tuple[LiftedGuard, ...] = ()) -> SavedPlan:
    """Return a plan of these changes."""
    empty = finish_plan(make_plan([], empty_state(), policy()), {}, Making(tool="test", created_at=NOW))
    return empty.model_copy(update={"changes": changes, "lifted_guards": lifted})


def test_the_same_changes_are_reviewed_whatever_their_base() -> None:
    """Serial, verification and changes that are needed no longer do not count; nor does what is held now."""
    later = UPDATE.model_copy(update={"base_revision": 9})
    other = UPDATE.model_copy(update={"name": "other"})
    assert () == unreviewed(plan(later), plan(UPDATE, other, lifted=(LIFTED,)))
    assert () == unreviewed(plan(other.model_copy(update={"held": True})), plan())


@pytest.mark.parametrize(
    ("now", "reviewed", "expected"),
    [
        (UPDATE, (), "The update of sales is not in the reviewed plan."),
        (
            UPDATE,
            (UPDATE.model_copy(update={"fields": ()}),),
            "The update of sales is not the one that the reviewed plan shows.",
        ),
        (
            UPDATE.model_copy(update={"cause": "rotation"}),
            (UPDATE,),
            "The update of sales is not the one that the reviewed plan shows.",
        ),
        (
            UPDATE,
            (UPDATE.model_copy(update={"held": True}),),
            "The reviewed plan held the change of sales, and now it would be applied.",
        ),
    ],
    ids=["new", "other fields", "other cause", "was held"],
)
def test_a_change_nobody_has_seen_is_refused(now: Change, reviewed: tuple[Change, ...], expected: str) -> None:
    """A change that the reviewed plan lacks, shows otherwise or held is an error that says which."""
    (problem,) = unreviewed(plan(now), plan(*reviewed))
    assert ("notReviewed", "sales") == (problem.code, problem.subject)
    assert problem.detail.startswith(expected)


def test_a_guard_lifted_since_is_refused() -> None:
    """A guard that the reviewed plan did not show as lifted, or by another line, is an error."""
    assert () == unreviewed(plan(lifted=(LIFTED,)), plan(lifted=(LIFTED,)))
    (problem,) = unreviewed(plan(lifted=(LIFTED,)), plan(lifted=(LIFTED.model_copy(update={"by": "other"}),)))
    assert "The guard deletesProtected is lifted by --allow-deletes 1" in problem.detail


@pytest.mark.parametrize(
    "parts", [{"action": "create"}, {"kind": "MarketingAccount"}, {"name": "other"}, {"previous_name": "old"}]
)
def test_a_change_is_the_same_in_everything_that_was_shown(parts: dict[str, str]) -> None:
    """Another action, kind, name or previous name makes it another change, whatever else was reviewed."""
    (problem,) = unreviewed(plan(UPDATE.model_copy(update=parts)), plan(UPDATE))
    assert "notReviewed" == problem.code


def test_the_way_on_is_told() -> None:
    """Each error says which command makes a plan to review."""
    held = UPDATE.model_copy(update={"held": True})
    other = UPDATE.model_copy(update={"kind": "MarketingAccount"})
    for problem in [
        *unreviewed(plan(UPDATE, lifted=(LIFTED,)), plan()),
        *unreviewed(plan(UPDATE), plan(held)),
        *unreviewed(plan(UPDATE), plan(other)),
    ]:
        assert problem.detail.endswith(". Have the plan as it is now reviewed; reconciler plan --out FILE makes it.")


def test_before_anything_is_verified_what_was_held_counts_as_seen() -> None:
    """Whether it is held again is not known yet; what no reviewer saw, and a guard nobody saw lifted, is refused."""
    held, other = UPDATE.model_copy(update={"held": True}), UPDATE.model_copy(update={"name": "other"})
    assert () == unseen([UPDATE], [LIFTED], plan(held, lifted=(LIFTED,)))
    changed, lifted = unseen([UPDATE, other], [LIFTED], plan(held))
    assert "notReviewed" == changed.code
    assert "other" == changed.subject
    assert (
        "The update of other is not in the reviewed plan."
        == changed.detail[: len("The update of other is not in the reviewed plan.")]
    )
    assert lifted.detail.startswith("The guard deletesProtected is lifted by --allow-deletes 1, ")
    (otherwise,) = unseen([UPDATE], [], plan(UPDATE.model_copy(update={"fields": ()})))
    assert "is not the one that the reviewed plan shows" in otherwise.detail
