"""What holds for every plan, whatever the accounts are."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.model.plan import SavedPlan
from reconciler.rules.plan.finish import Making, finish_plan
from reconciler.rules.plan.make import make_plan
from tests.rules.states import NOW, applied, desired_of, empty_state, policy, state_of

_NAMES = st.lists(st.from_regex(r"[a-z][a-z0-9]{0,5}", fullmatch=True), min_size=1, max_size=8, unique=True)
_ROOT = Path(__file__).parents[3]
_SHOW_PLAN = """
import random, sys
from reconciler.rules.plan.finish import Making, finish_plan
from reconciler.rules.plan.make import make_plan
from tests.rules.states import NOW, desired_of, policy, state_of
from tests.rules.plan.test_properties import manifests
names = [f"account{number}" for number in range(12)]
random.Random(int(sys.argv[1])).shuffle(names)
state = state_of(desired_of(manifests(names[:12], port=25)))
plan = finish_plan(make_plan(desired_of(manifests(names, port=2525)), state, policy()), {}, Making("test", NOW))
print(plan.model_dump_json())
"""


def manifests(names: list[str], *, port: int) -> str:
    """Return manifests of own accounts without login."""
    return "---\n".join(
        f"apiVersion: reconciler/v1\nkind: OwnAccount\nmetadata: {{name: {name}, labels: {{b: x, a: y}}}}\n"
        f"spec: {{email: {name}@example.com, displayName: Example, smtp: {{host: smtp.example.com, port: {port}}}}}\n"
        for name in names
    )


@given(names=_NAMES)
@settings(max_examples=30, deadline=None)
def test_state_against_itself(names: list[str]) -> None:
    """Planning a state against itself is empty."""
    desired = desired_of(manifests(names, port=587))
    draft = make_plan(desired, state_of(desired), policy())
    assert ((), len(names)) == (draft.steps, draft.unchanged)


@given(before=_NAMES, after=_NAMES, port=st.integers(1, 65535))
@settings(max_examples=30, deadline=None)
def test_apply_then_plan(before: list[str], after: list[str], port: int) -> None:
    """Applying a plan and planning again is empty."""
    state = state_of(desired_of(manifests(before, port=587)))
    desired = desired_of(manifests(after, port=port))
    plan = finish_plan(make_plan(desired, state, policy()), {}, Making("test", NOW))
    assert () == make_plan(desired, applied(plan, state), policy()).steps


_FEW = st.sampled_from("abc")
_STEPS = st.lists(st.dictionaries(_FEW, st.sampled_from(["", *"abc"]), min_size=1, max_size=3), min_size=1, max_size=5)


def _renamed(wanted: dict[str, str]) -> str:
    """Return manifests with previous names, none of them given twice; whose content tells them apart by name."""
    given: set[str] = set()
    documents = []
    for name, previous in sorted(wanted.items()):
        is_told = previous not in {"", name, *given}
        given.add(previous)
        metadata = f"name: {name}, previousName: {previous}" if is_told else f"name: {name}"
        documents.append(manifests([name], port=587).replace(f"name: {name}", metadata, 1))
    return "---\n".join(documents)


@given(steps=_STEPS)
@settings(max_examples=150, deadline=None)
def test_apply_then_plan_of_renames(steps: list[dict[str, str]]) -> None:
    """Whatever was renamed, created and deleted before: a plan that is ready leaves nothing, once it is applied."""
    state = empty_state()
    for wanted in steps:
        desired = desired_of(_renamed(wanted))
        plan = finish_plan(make_plan(desired, state, policy(allow_deletes=9)), {}, Making("test", NOW))
        if plan.status in {"blocked", "invalid"}:
            assert {each.code for each in plan.diagnostics if each.severity == "error"} <= {
                "renameTaken",
                "renameReverted",
                "previousNameUnknown",
            }
            continue
        before, state = state, applied(plan, state)
        again = make_plan(desired, state, policy(allow_deletes=9))
        assert ((), sorted(wanted)) == (again.steps, sorted(state.accounts))
        assert [] == [each for each in again.problems if each.severity == "error"]
        kept = [each for each in plan.changes if each.action == "rename"]
        assert [] == [
            each.name
            for each in kept
            if state.accounts[each.name].created_at != before.accounts[each.previous_name or ""].created_at
        ]


@given(names=_NAMES)
@settings(max_examples=20, deadline=None)
def test_plan_round_trip(names: list[str]) -> None:
    """A saved plan is the same value after it was written as JSON and read again."""
    plan = finish_plan(make_plan(desired_of(manifests(names, port=587)), empty_state(), policy()), {}, Making("t", NOW))
    assert plan == SavedPlan.model_validate_json(plan.model_dump_json())


def test_hash_seeds_and_order() -> None:
    """Five hash seeds and five orders of the manifests give the same bytes, digests among them."""
    outputs = {
        subprocess.run(
            [sys.executable, "-c", _SHOW_PLAN, seed],
            cwd=_ROOT,
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in "01234"
    }
    assert 1 == len(outputs)
    assert b'"update":12' in outputs.pop()
