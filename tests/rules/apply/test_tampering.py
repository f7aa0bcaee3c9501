"""A plan is held to what it shows: fields are made anew from state and the documents that it carries."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from reconciler.model.plan import FieldChange
from reconciler.rules.apply.shown import altered_changes
from reconciler.rules.plan.diff import CA_CONTENT
from reconciler.rules.plan.digests import changes_digest
from reconciler.rules.plan.finish import Making, finish_plan
from reconciler.rules.plan.make import make_plan
from tests.rules.states import NOW, desired_of, policy, project, state_of

if TYPE_CHECKING:
    from reconciler.model.accounts.recorded import RecordedState
    from reconciler.model.plan import SavedPlan

VALUES = {"env:SMTP_A": "one"}
PASSWORD = "spec.smtp.authentication.password"


def manifests(*, title: str, host: str = "żółw.example") -> str:
    """Return one own account and one marketing account."""
    return (
        f"apiVersion: reconciler/v1\nkind: OwnAccount\nmetadata: {{name: sales, title: {title}}}\n"
        f"spec: {{email: a@żółw.example, displayName: A, smtp: {{host: {host}, authentication: "
        "{username: a, password: {env: SMTP_A}}}}\n---\n"
        "apiVersion: reconciler/v1\nkind: MarketingAccount\nmetadata: {name: news}\n"
        "spec: {email: n@example.com, displayName: N}\n"
    )


def made(before: str, after: str, values: dict[str, str] | None = None) -> tuple[SavedPlan, RecordedState]:
    """Return the plan from one set of manifests to another, and the state that it was made from."""
    recorded = state_of(desired_of(before), VALUES)
    draft = make_plan(desired_of(after), recorded, policy(values or VALUES, allow_deletes=5))
    return finish_plan(draft, {}, Making(tool="test", created_at=NOW)), recorded


def altered(plan: SavedPlan, **parts: Any) -> SavedPlan:
    """Return the plan with other parts of its first change, the digest of changes made to fit."""
    first, *others = plan.changes
    changes = (first.model_copy(update=parts), *others)
    digest = changes_digest(changes, plan.lifted_guards)
    return plan.model_copy(update={"changes": changes, "changes_digest": digest})


def with_account(plan: SavedPlan, **parts: Any) -> SavedPlan:
    """Return the plan with other parts of what it would record of ``sales``."""
    account = plan.inputs.accounts["sales"].model_copy(update=parts)
    inputs = plan.inputs.model_copy(update={"accounts": {**plan.inputs.accounts, "sales": account}})
    return plan.model_copy(update={"inputs": inputs})


EMPTY = "apiVersion: reconciler/v1\nkind: MailServer\nmetadata: {name: none}\nspec: {host: h.example}\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (EMPTY, manifests(title="A")),
        (manifests(title="A"), manifests(title="B")),
        (manifests(title="A"), manifests(title="A").replace("name: sales,", "name: new, previousName: sales,")),
        (manifests(title="A"), EMPTY),
    ],
    ids=["create", "update", "rename", "delete"],
)
def test_what_the_planner_makes_is_as_shown(before: str, after: str) -> None:
    """Every plan of ours records what it shows, of each action, with domains as their authors wrote them."""
    plan, recorded = made(before, after)
    assert plan.changes
    assert () == altered_changes(plan, recorded.accounts)


def test_a_rotation_is_as_shown() -> None:
    """A rotated secret is shown by its reference on both sides, and the plan carries another fingerprint."""
    plan, recorded = made(manifests(title="A"), manifests(title="A"), {"env:SMTP_A": "two"})
    assert [PASSWORD] == [field.path for field in plan.changes[0].fields]
    assert () == altered_changes(plan, recorded.accounts)
    unchanged = with_account(plan, fingerprints=recorded.accounts["sales"].fingerprints)
    assert ("sales",) == altered_changes(unchanged, recorded.accounts)
    assert ("sales",) == altered_changes(with_account(plan, fingerprints={}), recorded.accounts)
    (field,) = plan.changes[0].fields
    others: list[dict[str, Any]] = [
        {"before": "env:OTHER"},
        {"path": "spec.displayName"},
        {"path": "spec.displayName", "before": "A", "after": "A"},
    ]
    for wrong in others:
        fields = (replace(field, **wrong),)
        assert ("sales",) == altered_changes(altered(plan, fields=fields), recorded.accounts)


def test_a_digest_that_does_not_fit_alters_all() -> None:
    """Changes, or lifted guards, that the digest of changes does not cover are nobody's plan."""
    plan, recorded = made(EMPTY, manifests(title="A"))
    assert ("news", "sales") == altered_changes(
        plan.model_copy(update={"changes_digest": "sha256:0"}), recorded.accounts
    )


@pytest.mark.parametrize("action", ["create", "rename", "delete"])
def test_an_update_under_another_name_is_altered(action: str) -> None:
    """The action is what state and the change make of it."""
    plan, recorded = made(manifests(title="A"), manifests(title="B"))
    assert ("sales",) == altered_changes(altered(plan, action=action), recorded.accounts)


@pytest.mark.parametrize("text", ["other.example", "-", "a@other.example", "a@"])
def test_a_domain_written_otherwise_is_altered(text: str) -> None:
    """What is shown as the author's spelling must mean the domain that would be recorded."""
    plan, recorded = made(EMPTY, manifests(title="A"))
    path = "spec.email" if "@" in text else "spec.smtp.host"
    account = plan.inputs.accounts["sales"]
    forged = with_account(plan, written={**account.written, path: text})
    shown = tuple(replace(each, after=text) if each.path == path else each for each in plan.changes[1].fields)
    changes = (plan.changes[0], plan.changes[1].model_copy(update={"fields": shown}))
    forged = forged.model_copy(update={"changes": changes, "changes_digest": changes_digest(changes, ())})
    assert ("sales",) == altered_changes(forged, recorded.accounts)


def test_a_held_change_records_nothing() -> None:
    """What is left out of the plan is not looked at."""
    plan, recorded = made(manifests(title="A"), manifests(title="B"))
    assert () == altered_changes(altered(plan, held=True, fields=()), recorded.accounts)


@pytest.mark.parametrize("is_hidden", [True, False])
def test_fields_that_are_not_what_would_be_recorded_are_altered(*, is_hidden: bool) -> None:
    """A field that the plan leaves out, shows with another value, or shows twice, is not what apply would record."""
    plan, recorded = made(manifests(title="A"), manifests(title="B"))
    (field,) = plan.changes[0].fields
    fields = () if is_hidden else (replace(field, after="C"),)
    assert ("sales",) == altered_changes(altered(plan, fields=fields), recorded.accounts)
    doubled = (replace(field, after="C"), field)
    assert ("sales",) == altered_changes(altered(plan, fields=doubled), recorded.accounts)


ROTATED = FieldChange(path=PASSWORD, before="env:SMTP_A", after="env:SMTP_A", rotated=True)


@pytest.mark.parametrize(
    ("before", "after"), [(EMPTY, manifests(title="A")), (manifests(title="A"), EMPTY)], ids=["create", "delete"]
)
def test_what_comes_or_goes_has_no_rotation(before: str, after: str) -> None:
    """A field shown as rotated needs an account on both sides."""
    plan, recorded = made(before, after)
    news, sales = plan.changes
    changes = (news, sales.model_copy(update={"fields": (*sales.fields, ROTATED)}))
    forged = plan.model_copy(update={"changes": changes, "changes_digest": changes_digest(changes, plan.lifted_guards)})
    assert ("sales",) == altered_changes(forged, recorded.accounts)


def test_the_content_of_a_private_ca_is_as_shown() -> None:
    """A changed certificate is a field; one that the plan would record without showing it is not."""
    text = manifests(title="A").replace("authentication:", "caFile: ca.pem, authentication:")
    (news, sales) = desired_of(text, {"ca.pem": "one"})
    recorded = state_of([news, sales], VALUES)
    draft = make_plan(desired_of(text, {"ca.pem": "two"}), recorded, policy(VALUES))
    plan = finish_plan(draft, {}, Making(tool="test", created_at=NOW))
    assert [CA_CONTENT] == [field.path for field in plan.changes[0].fields]
    assert () == altered_changes(plan, recorded.accounts)
    assert ("sales",) == altered_changes(altered(plan, fields=()), recorded.accounts)


def test_a_move_to_another_scope_is_as_shown() -> None:
    """The manifest that an account moves from and to is shown beside its fields, and is none of them."""
    (news, sales) = desired_of(manifests(title="A"))
    recorded = state_of([news, replace(sales, file="elsewhere/a.yaml")], VALUES)
    scoped = {"allow": ["env:SMTP_*", {"secret": "env:X_*", "manifests": "elsewhere/**"}]}
    draft = make_plan([news, sales], recorded, policy(VALUES, project=project(secrets=scoped)))
    plan = finish_plan(draft, {}, Making(tool="test", created_at=NOW))
    assert ["manifest"] == [field.path for field in plan.changes[0].fields]
    assert () == altered_changes(plan, recorded.accounts)
