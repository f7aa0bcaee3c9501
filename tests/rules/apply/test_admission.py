"""What is told of a plan that no longer fits, or never did: the account, what was, and what is now."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from reconciler.errors import GuardRefused, PlanStale
from reconciler.model.plan import Change, SavedPlan
from reconciler.rules.apply.admission import Submission, admit, require_belonging, require_fresh
from reconciler.rules.plan.finish import Making, finish_plan
from tests.rules.apply.test_cases import altered
from tests.rules.single import VALUES, drafted, news, own
from tests.rules.states import NOW, policy, project, state_of

if TYPE_CHECKING:
    from reconciler.rules.apply.review import Seal

AGAIN = "Plan again, and have the new plan reviewed:\n    reconciler plan --out FILE"


def plan(*changes: Change) -> SavedPlan:
    """Return a plan of these changes."""
    made = finish_plan(drafted([own()], state_of([own()], VALUES)), {}, Making(tool="test", created_at=NOW))
    return made.model_copy(update={"changes": changes})


def change(action: str, name: str = "a", *, before: str | None = None, revision: int | None = None) -> Change:
    """Return a change of an own account."""
    return Change.model_validate(
        {"action": action, "kind": "OwnAccount", "name": name, "previousName": before, "baseRevision": revision}
    )


@pytest.mark.parametrize(
    ("stale", "expected"),
    [
        (change("update", revision=3), "a was at revision 3 when the plan was made and is now at revision 1."),
        (change("update", "b", revision=3), "b was at revision 3 when the plan was made and is now not recorded."),
        (change("create"), "a was not recorded when the plan was made and is now at revision 1."),
        (change("rename", "c", before="a", revision=0), "a was at revision 0 when the plan was made and is now at"),
        (change("rename", "a", before="b", revision=1), "a has been recorded since the plan was made."),
    ],
    ids=["changed", "gone", "recorded", "changed before its rename", "its new name is recorded"],
)
def test_what_has_changed_since_is_told_with_what_it_was(stale: Change, expected: str) -> None:
    """The message says which revision the plan was made from, which there is now, and to plan again."""
    state = state_of([own()], VALUES)
    if stale.previous_name == "b":
        state = replace(state, accounts={**state.accounts, "b": replace(state.accounts["a"], name="b")})
    with pytest.raises(PlanStale) as refused:
        require_fresh(plan(stale), state, applied_as=None)
    (problem,) = refused.value.diagnostics
    assert (True, True) == (problem.detail.startswith(expected), problem.detail.endswith(f". {AGAIN}"))


def test_a_decision_since_is_told() -> None:
    """The message names the account that the platform has decided on."""
    decided = plan(change("update", revision=1))
    decided = decided.model_copy(
        update={"inputs": decided.inputs.model_copy(update={"approvals": {"a": "approved x"}})}
    )
    with pytest.raises(PlanStale) as refused:
        require_fresh(decided, state_of([own()], VALUES), applied_as=None)
    assert f"The platform has decided on a since the plan was made. {AGAIN}" == refused.value.diagnostics[0].detail


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (plan(change("delete"), change("delete")), "The plan file changes an account twice. Somebody altered it."),
        (plan(change("create", "b")), "The plan file lacks accounts that it would change. Somebody altered it."),
    ],
    ids=["twice", "lacking"],
)
def test_what_is_wrong_with_a_plan_file_is_told(made: SavedPlan, expected: str) -> None:
    """The message says by which fact it can be seen that somebody altered the file."""
    with pytest.raises(GuardRefused) as refused:
        require_belonging(made, state_of([own()], VALUES))
    assert f"{expected} Make the plan again." == refused.value.diagnostics[0].detail


def test_another_kind_is_told_with_both() -> None:
    """The one that is recorded, and the one that the plan gives it."""
    state = state_of([news()])
    made = finish_plan(drafted([news(", title: T")], state), {}, Making(tool="test", created_at=NOW))
    submission = Submission(plan=altered(made, {"changes/0/kind": "OwnAccount"}), seal_of=lambda _: "valid")
    with pytest.raises(GuardRefused) as refused:
        admit(submission, state, policy())
    assert refused.value.diagnostics[0].detail.startswith(
        "news is recorded as MarketingAccount, and the manifest declares OwnAccount. "
    )


@pytest.mark.parametrize(
    ("seal", "recorded_from", "senders", "is_refused"),
    [
        ("valid", "accounts.d/accounts.yaml", ["*@example.com"], False),
        ("valid", "accounts.d/accounts.yaml", ["*@example.org"], True),
        ("valid", "elsewhere/a.yaml", ["*@example.org"], True),
        ("absent", "accounts.d/accounts.yaml", ["*@example.org"], True),
        ("absent", "elsewhere/a.yaml", ["*@example.org"], False),
    ],
    ids=["allowed", "not allowed", "by the manifest", "without a seal", "without a seal, by the manifest of state"],
)
def test_a_plan_declares_nothing_that_a_scope_does_not_let_its_manifest(
    seal: Seal, recorded_from: str, senders: list[str], *, is_refused: bool
) -> None:
    """The project file may have changed since; without a seal the manifest that state has counts."""
    state = state_of([own()], VALUES)
    state = replace(state, accounts={"a": replace(state.accounts["a"], manifest=recorded_from)})
    made = finish_plan(drafted([own(metadata=", title: T")], state), {}, Making(tool="test", created_at=NOW))
    now = policy(VALUES, project=project(scopes=[{"manifests": "accounts.d/**", "senders": senders}]))
    submission = Submission(plan=made, seal_of=lambda _: seal)
    codes: list[str] = []
    try:
        assert ["a"] == [step.name for step in admit(submission, state, now).steps]
    except GuardRefused as refused:
        codes = [each.code for each in refused.diagnostics]
    assert is_refused == ("outOfScope" in codes)
