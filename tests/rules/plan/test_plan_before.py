"""A plan file that was saved before an account's document was read as typed settings: it is read, meant and applied the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.planfile import read_plan
from reconciler.rules.plan.finish import Making, finish_plan
from reconciler.rules.plan.make import make_plan
from tests.kept import FIRST
from tests.rules.single import SERVER
from tests.rules.states import NOW, applied, desired_of, empty_state, policy

if TYPE_CHECKING:
    from reconciler.model.plan import SavedPlan


def plan_now() -> SavedPlan:
    """Return what the manifests that it was made of come to today."""
    desired = desired_of((FIRST / "plan.yaml").read_text(encoding="utf-8"), {"ca.pem": "a CA"})
    draft = make_plan(desired, empty_state(), policy(platform=SERVER))
    return finish_plan(draft, {}, Making("reconciler 0.1.0", NOW))


def test_it_is_the_plan_that_is_made_today() -> None:
    """Documents, written domains, digests of settings and of changes, and every route are the same, octet by octet."""
    before, now = read_plan(FIRST / "plan.json"), plan_now()
    assert now.inputs.accounts == before.inputs.accounts
    assert now.changes_digest == before.changes_digest
    assert now.inputs.platform_routes == before.inputs.platform_routes
    for name, account in before.inputs.accounts.items():
        assert now.inputs.accounts[name].secret_routes == account.secret_routes


def test_what_applying_it_leaves_is_what_the_manifests_want() -> None:
    """Planning again finds no change."""
    state = applied(read_plan(FIRST / "plan.json"), empty_state())
    desired = desired_of((FIRST / "plan.yaml").read_text(encoding="utf-8"), {"ca.pem": "a CA"})
    assert {"news", "plain", "sales"} == set(state.accounts)
    assert () == make_plan(desired, state, policy(platform=SERVER)).steps
