"""What apply is asked for that it refuses before it reads a secret, and which steps it has to verify."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from reconciler.errors import GuardRefused, InvalidInput, SecretUnreadable, VerificationFailed
from reconciler.model.accounts.recorded import RecordedVerification
from reconciler.model.journal.entries import Actor, Provenance
from reconciler.model.step import Create, Delete, Update
from reconciler.model.verification.evidence import Evidence, Verification
from reconciler.rules.apply.admission import Admission
from reconciler.rules.apply.demand import Demand, demand_of, require_demand
from reconciler.rules.apply.settle import is_open, settled
from reconciler.rules.plan.finish import Making, finish_plan
from reconciler.rules.plan.policy import ApplyOrder
from tests.rules.single import PROXY, THERE, VALUES, drafted, news, own
from tests.rules.states import KEY_ID, NOW, desired_of, empty_state, project, state_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reconciler.model.step import Changed

STATE = state_of([own()], VALUES)
EVIDENCE = Evidence(settings_digest="d", verification=Verification(status="passed", depth="message", checked_at=NOW))
PROVEN = Create(after=own(), needs_evidence=True, settings_digest="d", evidence=EVIDENCE)
LETTERS = "CDE"


def demand(**parts: Any) -> Demand:
    """Return what a trusted run demands of a sealed plan."""
    usual = {
        "project": project(), "now": NOW, "overrides": {}, "holds_failing": False, "is_sealed": True,
        "is_project_trusted": True, "plan_key_id": KEY_ID, "platform_routes": (),
    }  # fmt: skip
    return Demand(**{**usual, **parts})


def create(name: str = "a", **parts: Any) -> Create:
    """Return a new account with a password that was read, to be verified."""
    parts = {"after": own(name), "needs_evidence": True, "fingerprints": {"env:SMTP_A": "f"}, **parts}
    return Create(**parts)


def require(steps: Sequence[Changed], **parts: Any) -> None:
    """Refuse what is refused of these steps."""
    require_demand(steps, demand(**parts), STATE)


def many(proxy: str = "E") -> Create:
    """Return an account with three secrets."""
    login = (
        "mechanism: xoauth2, username: a, oauth2: {tokenUrl: 'https://login.example.com/token', clientId: c, clientSecret: "
        "{env: SMTP_C}, refreshToken: {env: SMTP_D}}"
    )
    (account,) = desired_of(
        "apiVersion: reconciler/v1\nkind: OwnAccount\nmetadata: {name: a}\nspec: {email: a@example.com, displayName: A, "
        f"smtp: {{host: h.example, authentication: {{{login}}}}}"
        f", proxy: {{type: http, host: q.example, port: 1, username: m, password: {{env: SMTP_{proxy}}}}}}}\n"
    )
    return create(after=account, fingerprints={})


def test_what_is_asked_for_as_it_is_planned_is_not_refused() -> None:
    """Neither new accounts, nor deletions, nor overrides of what needs verification."""
    require([create(), Delete(before=STATE.accounts["a"])], overrides={"a": "known"})


def test_an_override_of_nothing_is_told_with_the_first_name() -> None:
    """The others are told to be alike."""
    with pytest.raises(InvalidInput) as refused:
        require([create()], overrides=dict.fromkeys("zyxwvutsrqp", "why"))
    (problem,) = refused.value.diagnostics
    assert (True, tuple("pqrstuvwxyz")) == (" names p, " in problem.detail, problem.concerned)


@pytest.mark.parametrize(("step", "is_refused"), [(create(), True), (create(after=news()), False)])
def test_without_trust_nothing_is_verified_with_a_secret(step: Create, *, is_refused: bool) -> None:
    """What needs none may be verified all the same."""
    if is_refused:
        with pytest.raises(GuardRefused, match="not trusted"):
            require([step], is_project_trusted=False)
    else:
        require([step], is_project_trusted=False)


def test_another_key_than_states_refuses_where_a_secret_is_concerned() -> None:
    """One account with a secret is enough, and one without does not mind."""
    require([create(after=news())], plan_key_id="another")
    with pytest.raises(SecretUnreadable):
        require([create(after=news()), create()], plan_key_id="another")


def test_each_secret_that_may_not_be_used_is_told_in_order() -> None:
    """Whatever the order in which they stand in the account."""
    unusable = {f"env:SMTP_{letter}" for letter in LETTERS}
    with pytest.raises(InvalidInput) as refused:
        require([many()], unusable=unusable)
    assert [f"The plan would use env:SMTP_{letter}, " for letter in LETTERS] == [
        each.detail[: len("The plan would use env:SMTP_A, ")] for each in refused.value.diagnostics
    ]


SCOPED = {"allow": [{"secret": "env:*", "manifests": "m/**"}]}
TOP = {"allow": [{"secret": "env:*", "manifests": "*"}]}
HERE = replace(own(), file="m/a.yaml")
BEFORE = STATE.accounts["a"]
WITH_PROXY = state_of([own(spec=PROXY)], VALUES).accounts["a"]
OTHERS = state_of([own(secret="SMTP_B")], VALUES).accounts["a"]


@pytest.mark.parametrize(
    ("step", "rules", "sealed", "unsealed"),
    [
        (Create(after=HERE, manifest="m/a.yaml"), SCOPED, True, False),
        (Update(before=BEFORE, after=HERE, manifest="m/a.yaml"), SCOPED, True, True),
        (Update(before=WITH_PROXY, after=HERE, manifest="m/a.yaml"), SCOPED, True, True),
        (Update(before=OTHERS, after=HERE, manifest="m/a.yaml"), SCOPED, True, False),
        (Update(before=BEFORE, after=HERE, manifest=""), SCOPED, True, False),
        (Create(after=replace(own(), file="a.yaml"), manifest="a.yaml"), TOP, True, False),
    ],
    ids=["new", "known", "one of those known", "another is known", "no manifest", "the top folder"],
)
def test_without_a_seal_a_manifest_counts_for_secrets_that_state_has_from_it(
    step: Changed, rules: dict[str, Any], *, sealed: bool, unsealed: bool
) -> None:
    """Whatever the plan says of it; with a seal what it says counts."""
    told = []
    for is_sealed in (True, False):
        try:
            require([step], project=project(secrets=rules), is_sealed=is_sealed)
        except InvalidInput:
            told.append(False)
        else:
            told.append(True)
    assert [sealed, unsealed] == told


def test_an_override_needs_the_values_of_all_that_would_have_travelled() -> None:
    """Of a marketing account the platform's; of an own one that is no matter, nor of one that is not overridden."""
    unread = (THERE,)
    with pytest.raises(VerificationFailed) as refused:
        require([create(after=news())], overrides={"news": "why"}, platform_routes=unread)
    assert "env:SMTP_PLATFORM could not be read" in refused.value.diagnostics[0].detail
    require([create()], overrides={"a": "why"}, platform_routes=unread)
    require([create(fingerprints={})])


def test_all_that_could_not_be_read_is_told_in_order() -> None:
    """An override is refused for each of the account's secrets."""
    with pytest.raises(VerificationFailed) as refused:
        require([many()], overrides={"a": "why"})
    assert "env:SMTP_C, env:SMTP_D, env:SMTP_E could not be read" in refused.value.diagnostics[0].detail


@pytest.mark.parametrize(
    ("step", "parts", "expected"),
    [
        (PROVEN, {}, False),
        (PROVEN, {"is_sealed": False}, True),
        (replace(PROVEN, evidence=None), {}, True),
        (replace(PROVEN, evidence=None), {"overrides": {"a": "why"}}, False),
        (replace(PROVEN, needs_evidence=False, evidence=None), {}, False),
        (replace(PROVEN, settings_digest="other"), {}, True),
        (Delete(before=BEFORE), {}, False),
    ],
    ids=["proven", "no seal", "no evidence", "overridden", "needs none", "of other settings", "deleted"],
)
def test_which_steps_are_to_be_verified(step: Changed, parts: dict[str, Any], *, expected: bool) -> None:
    """Those that need evidence, have none that counts, and are not applied unverified on purpose."""
    assert expected == is_open(step, demand(**parts))


def test_what_needs_no_evidence_is_recorded_with_none() -> None:
    """What the plan brought of it vouches for nothing that is recorded."""
    step = settled(replace(PROVEN, needs_evidence=False), demand())
    assert (None, None) == (step.after and step.evidence, step.after and step.outcome)


def test_what_is_overridden_is_recorded_as_that() -> None:
    """With the reason, and without the evidence that it did not wait for."""
    step = settled(PROVEN, demand(overrides={"a": "known"}))
    assert step.after is not None
    assert (RecordedVerification(outcome="overridden", reason="applied unverified: known"), None) == (
        step.outcome,
        step.evidence,
    )


def test_a_state_without_secrets_takes_any_key() -> None:
    """Nothing is recorded that could not be compared."""
    require_demand([create()], demand(plan_key_id="another"), replace(empty_state(), fingerprint_key_id=None))


def test_what_is_demanded_is_as_the_plan_the_order_and_the_place_have_it() -> None:
    """Nothing of it is settled here."""
    plan = finish_plan(drafted([own()]), {}, Making(tool="test", created_at=NOW))
    plan = plan.model_copy(update={"inputs": plan.inputs.model_copy(update={"platform_routes": (THERE,)})})
    admission = Admission(plan=plan, steps=(), is_sealed=False, lifted_guards=(), grants_used=frozenset())
    order = ApplyOrder(
        provenance=Provenance(actor=Actor(name="anna", source="flag")), overrides={"a": "why"}, holds_failing=True
    )
    rules, links = project(), {"file:a": "file:b"}
    made = demand_of(
        admission, order, project=rules, now=NOW, is_project_trusted=False, places=links, unusable=("file:c",)
    )
    assert (
        Demand(
            project=rules,
            now=NOW,
            overrides={"a": "why"},
            holds_failing=True,
            is_sealed=False,
            is_project_trusted=False,
            plan_key_id=KEY_ID,
            platform_routes=(THERE,),
            places=links,
            unusable=("file:c",),
        )
        == made
    )
