"""Of a plan without a seal nothing counts but what it shows."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from reconciler.diagnostics import error, note, warning
from reconciler.model.plan import FieldChange, LiftedGuard
from reconciler.model.step import Create, Update
from reconciler.model.verification.evidence import Evidence, Verification
from reconciler.rules.apply.wishes import Ground, as_wishes, is_document, unproven_rotations
from reconciler.rules.plan.finish import Making, finish_plan
from reconciler.rules.verification.settings import settings_digest
from tests.rules.single import PASSWORD, SERVER, THERE, VALUES, approved, drafted, news, only, own
from tests.rules.states import NOW, empty_state, state_of

if TYPE_CHECKING:
    from reconciler.model.accounts.desired import DesiredAccount
    from reconciler.model.accounts.recorded import RecordedState
    from reconciler.model.plan import Change, PreparedAccount, SavedPlan


def planned(desired: list[DesiredAccount], recorded: RecordedState | None = None) -> SavedPlan:
    """Return the finished plan, with all values read."""
    return finish_plan(drafted(desired, recorded), {}, Making(tool="test", created_at=NOW))


def ground(recorded: RecordedState | None = None, **parts: Any) -> Ground:
    """Return what wishes are judged by: a project without a platform that approves nothing by itself."""
    judged = {"recorded": recorded or empty_state(), "platform": None, "approves_automatically": False}
    return Ground(**{**judged, **parts})


def claiming(plan: SavedPlan, **parts: Any) -> SavedPlan:
    """Return the plan with other claims about its only account."""
    ((name, account),) = plan.inputs.accounts.items()
    return plan.model_copy(
        update={"inputs": plan.inputs.model_copy(update={"accounts": {name: account.model_copy(update=parts)}})}
    )


def shown(plan: SavedPlan, **parts: Any) -> SavedPlan:
    """Return the plan with other parts of its only change."""
    (change,) = plan.changes
    return plan.model_copy(update={"changes": (change.model_copy(update=parts),)})


def prepared(plan: SavedPlan, judged: Ground) -> PreparedAccount:
    """Return what is to be recorded of the only account."""
    (account,) = as_wishes(plan, judged).inputs.accounts.values()
    return account


def changed(plan: SavedPlan, judged: Ground) -> Change:
    """Return the only change that is wished for."""
    (change,) = as_wishes(plan, judged).changes
    return change


def test_claims_about_an_account_do_not_count() -> None:
    """Fingerprints, digests, evidence and the server of a new account are dropped, and it is to be verified."""
    plan = claiming(
        planned([own()]),
        fingerprints={"env:SMTP_A": "f"},
        settings_digest="d",
        needs_evidence=False,
        server_manifest="x.yaml",
        server_secrets=("env:SMTP_A",),
        leaves_server=True,
        awaits_approval=True,
        manifest="claimed.yaml",
    )
    made = prepared(plan, ground())
    assert {} == made.fingerprints
    assert made.settings_digest is None
    assert made.needs_evidence is True
    assert made.server_manifest is None
    assert () == made.server_secrets
    assert made.leaves_server is False
    assert made.evidence is None
    assert made.awaits_approval is False
    assert "claimed.yaml" == made.manifest


def test_claims_about_the_run_do_not_count() -> None:
    """Depth, limits, grants and the key are absent; approvals that the plan saw stay, to be compared."""
    plan = planned([own()])
    claims = {
        "fingerprint_key_id": "k", "depth": "connect", "allow_deletes": 9, "targets": ("a",), "excludes": ("b",),
        "holds_failing": True, "grants_used": ("g",), "approvals": {"a": None},
    }  # fmt: skip
    inputs = plan.inputs.model_copy(update=claims)
    made = as_wishes(plan.model_copy(update={"inputs": inputs}), ground()).inputs
    assert made == type(made)(accounts=made.accounts, approvals={"a": None})


def test_errors_stay_and_nothing_else_that_is_told() -> None:
    """A guard that refused goes on to refuse; guards that were lifted are no longer."""
    refused = error("tooManyDeletes", "x")
    told = (refused, warning("heldChange", "x"), note("secretsNotRead", "x"))
    lifted = (LiftedGuard(code="tooManyDeletes", by="--allow-deletes"),)
    made = as_wishes(planned([own()]).model_copy(update={"diagnostics": told, "lifted_guards": lifted}), ground())
    assert ((refused,), ()) == (made.diagnostics, made.lifted_guards)


def test_held_changes_are_left_out_of_everything() -> None:
    """They are neither recorded nor counted."""
    made = as_wishes(shown(planned([own()]), held=True), ground())
    assert ((), {}) == (made.changes, made.inputs.accounts)
    assert 0 == made.summary.create
    assert 0 == made.summary.unchanged
    assert 0 == made.summary.held


def test_counts_are_made_anew() -> None:
    """What is not changed is what state has beside the changes."""
    recorded = state_of([own("a"), own("b"), own("gone")], VALUES)
    plan = finish_plan(
        drafted([own("a", metadata=", title: T"), own("b"), own("new")], recorded, allow_deletes=1),
        {},
        Making(tool="test", created_at=NOW),
    )
    made = as_wishes(plan, ground(recorded))
    assert 1 == made.summary.create
    assert 1 == made.summary.update
    assert 1 == made.summary.delete
    assert 0 == made.summary.rename
    assert 1 == made.summary.unchanged
    assert {"a", "new"} == made.inputs.accounts.keys()


def test_known_values_are_those_of_state() -> None:
    """The fingerprints of the same references come from state, of others there is none; titles need no evidence."""
    recorded = state_of([own()], VALUES)
    same = claiming(planned([own(metadata=", title: T")], recorded), fingerprints={"env:SMTP_A": "f"})
    made = prepared(same, ground(recorded))
    assert (recorded.accounts["a"].fingerprints, False) == (made.fingerprints, made.needs_evidence)
    other = prepared(planned([own(secret="SMTP_B")], recorded), ground(recorded))
    assert ({}, True) == (other.fingerprints, other.needs_evidence)


@pytest.mark.parametrize("claimed", ["manifest", "rotation"])
def test_the_cause_and_the_server_are_not_what_it_says(claimed: str) -> None:
    """A change of a title is one of the manifest; a rotated secret alone is a rotation, and needs evidence."""
    recorded = state_of([own()], {**VALUES, "env:SMTP_A": "before"})
    rotated = shown(planned([own()], recorded), cause=claimed, server="s")
    assert ("rotation", None) == (changed(rotated, ground(recorded)).cause, changed(rotated, ground(recorded)).server)
    assert prepared(rotated, ground(recorded)).needs_evidence
    titled = shown(planned([own(metadata=", title: T")], state_of([own()], VALUES)), cause=claimed)
    assert changed(titled, ground(recorded)).cause == "manifest"
    created = shown(planned([own()]), cause=claimed)
    assert changed(created, ground()).cause == "manifest"


def test_domains_are_written_as_state_has_them_where_nothing_changes() -> None:
    """A plan respells what it changes; of the rest it is believed nothing."""
    before = own(host="żółw.example")
    recorded = state_of([before], VALUES)
    plan = claiming(
        planned([own(host="żółw.example", metadata=", title: T")], recorded), written={"spec.smtp.host": "X"}
    )
    assert before.written == prepared(plan, ground(recorded)).written
    moved = claiming(planned([own(host="łódź.example")], recorded), written={"spec.smtp.host": "łódź.example"})
    assert {"spec.smtp.host": "łódź.example"} == prepared(moved, ground(recorded)).written
    plain = claiming(planned([own(host="plain.example")], recorded), written={})
    assert {} == prepared(plain, ground(recorded)).written


@pytest.mark.parametrize(
    ("is_approved", "is_automatic", "expected"), [(False, False, True), (True, False, False), (False, True, False)]
)
def test_the_platform_decides_by_state_and_project(*, is_approved: bool, is_automatic: bool, expected: bool) -> None:
    """A marketing account waits unless state has its approval or the project approves by itself."""
    recorded = approved(news()) if is_approved else state_of([news()], VALUES)
    plan = claiming(planned([news(", title: T")], recorded), awaits_approval=not expected)
    assert expected == prepared(plan, ground(recorded, approves_automatically=is_automatic)).awaits_approval


def test_a_marketing_account_is_verified_with_the_server_of_today() -> None:
    """One that was verified without a server, or with another, needs evidence where the project has one."""
    recorded = state_of([news()], VALUES)
    plan = claiming(planned([news(", title: T")], recorded), needs_evidence=False)
    assert not prepared(plan, ground(recorded)).needs_evidence
    assert prepared(plan, ground(recorded, platform=SERVER)).needs_evidence
    account = replace(recorded.accounts["news"], settings_digest="of another server")
    state = replace(recorded, accounts={"news": account})
    assert prepared(plan, ground(state)).needs_evidence


def test_a_marketing_account_verified_with_this_server_needs_no_evidence() -> None:
    """The digest that state has is that of the platform's server, or of none where the project has none."""
    recorded = state_of([news()], VALUES)
    account = recorded.accounts["news"]
    plan = planned([news(", title: T")], recorded)
    route = THERE.model_copy(update={"fingerprint": "f"})
    for platform in (SERVER, None):
        made = settings_digest(
            account.kind, account.settings, ca_digest=None, fingerprints={THERE.secret: "f"}, platform=platform
        )
        state = replace(recorded, accounts={"news": replace(account, settings_digest=made)}, routes=(route,))
        assert not prepared(plan, ground(state, platform=platform)).needs_evidence
        assert prepared(plan, ground(state, platform=None if platform else SERVER)).needs_evidence


def test_an_own_account_is_verified_by_its_own_settings() -> None:
    """Neither the platform nor the digest of values counts for it, and the content of its private CA does."""
    contents = {"ca.pem": "one"}
    before = own(smtp=", caFile: ca.pem", contents=contents)
    recorded = state_of([before], VALUES)
    state = replace(recorded, accounts={"a": replace(recorded.accounts["a"], settings_digest="d")})
    plan = planned([own(smtp=", caFile: ca.pem", metadata=", title: T", contents=contents)], recorded)
    assert not prepared(plan, ground(state, platform=SERVER)).needs_evidence
    assert not prepared(plan, ground(state)).needs_evidence
    other = planned([own(smtp=", caFile: ca.pem", contents={"ca.pem": "two"})], recorded)
    assert prepared(other, ground(state)).needs_evidence


def test_an_approval_of_other_settings_does_not_count() -> None:
    """A changed sender waits for the platform anew, and a new marketing account too."""
    recorded = approved(news())
    (account,) = planned([news()]).inputs.accounts.values()
    document = {**account.document, "spec": {**account.document["spec"], "displayName": "Other"}}
    other = claiming(planned([news(", title: T")], recorded), document=document)
    assert prepared(other, ground(recorded)).awaits_approval
    assert prepared(planned([news()]), ground()).awaits_approval


def test_claimed_evidence_does_not_count() -> None:
    """What a plan says was found is not what was found."""
    found = Evidence(settings_digest="d", verification=Verification(status="passed"))
    assert prepared(claiming(planned([own()]), evidence=found), ground()).evidence is None


@pytest.mark.parametrize("account", [own(), own(spec=", shared: true"), news()], ids=["own", "spec", "marketing"])
def test_what_a_manifest_resolves_to_is_a_document(account: DesiredAccount) -> None:
    """Every document of a plan of ours is one; none with a field more, or less, is."""
    plan = planned([account])
    (change,), (made,) = plan.changes, plan.inputs.accounts.values()
    assert is_document(change, made)
    document = made.document
    for wrong in (
        {**document, "more": {}},
        {"spec": document["spec"]},
        {**document, "metadata": "x"},
        {**document, "spec": {**document["spec"], "more": 1}},
        {**document, "metadata": {**document["metadata"], "more": "x"}},
        {**document, "spec": {**document["spec"], "email": "a@ŻÓŁW.example"}},
    ):
        assert not is_document(change, made.model_copy(update={"document": wrong}))
    assert not is_document(change, made.model_copy(update={"ca_digest": "sha256:0"}))


def test_a_private_ca_has_a_digest() -> None:
    """A document with a private CA is one with the digest of its content only."""
    plan = planned([own(smtp=", caFile: ca.pem", contents={"ca.pem": "one"})])
    (change,), (made,) = plan.changes, plan.inputs.accounts.values()
    assert is_document(change, made)
    assert not is_document(change, made.model_copy(update={"ca_digest": None}))


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ({"env:SMTP_A": "new"}, ()),
        ({"env:SMTP_A": "old"}, ("a",)),
        ({}, ("a",)),
    ],
    ids=["another value", "the recorded value", "not read"],
)
def test_a_rotation_is_proven_by_another_value(now: dict[str, str], expected: tuple[str, ...]) -> None:
    """A value that was not read, or is the one recorded, was not rotated."""
    step = only(drafted([own()], state_of([own()], {**VALUES, "env:SMTP_A": "before"})))
    assert [PASSWORD] == [field.path for field in step.fields]
    assert isinstance(step, Update)
    account = replace(step.before, fingerprints={"env:SMTP_A": "old"})
    assert expected == unproven_rotations([replace(step, before=account, fingerprints=now)])


def test_a_field_that_is_not_rotated_proves_nothing() -> None:
    """Other changes go by whatever was read."""
    step = only(drafted([own(metadata=", title: T")], state_of([own()], VALUES)))
    assert isinstance(step, Update)
    assert () == unproven_rotations([step])


def test_a_rename_is_no_rotation_and_neither_is_another_private_ca() -> None:
    """Whatever the plan calls the cause: the manifest changed."""
    recorded = state_of([own()], VALUES)
    renamed = shown(planned([own("b", metadata=", previousName: a")], recorded), cause="rotation")
    assert "manifest" == changed(renamed, ground(recorded)).cause
    before, after = (own(smtp=", caFile: ca.pem", contents={"ca.pem": text}) for text in ("one", "two"))
    state = state_of([before], VALUES)
    assert "manifest" == changed(shown(planned([after], state), cause="rotation"), ground(state)).cause


def test_a_rotated_secret_beside_another_change_needs_evidence() -> None:
    """One field that is shown as rotated is enough."""
    recorded = state_of([own()], {**VALUES, "env:SMTP_A": "before"})
    both = claiming(planned([own(metadata=", title: T")], recorded), needs_evidence=False)
    assert prepared(both, ground(recorded)).needs_evidence


def test_domains_are_recorded_as_written_where_they_change_as_shown() -> None:
    """Of a new account as the plan says; elsewhere as state has them, of what is still there."""
    new = planned([own(host="żółw.example")])
    assert {"spec.smtp.host": "żółw.example"} == prepared(new, ground()).written
    before = own(host="żółw.example", smtp=", heloName: łoś.example")
    recorded = state_of([before], VALUES)
    same = claiming(planned([own(host="żółw.example", metadata=", title: T")], recorded), written={})
    assert {"spec.smtp.host": "żółw.example"} == prepared(same, ground(recorded)).written
    other = planned([own(host="ŁOŚ.example")], recorded)
    assert {"spec.smtp.host": "ŁOŚ.example"} == prepared(other, ground(recorded)).written


def is_planned_as_document(account: DesiredAccount, **parts: Any) -> bool:
    """Tell whether what a plan holds of a new account is a document, with parts of its login otherwise."""
    plan = planned([account])
    (change,) = plan.changes
    (held,) = plan.inputs.accounts.values()
    document = json.loads(json.dumps(held.document))
    document["spec"]["smtp"]["authentication"].update(parts)
    return is_document(change, held.model_copy(update={"document": document}))


def test_a_document_with_a_private_ca_or_a_colon_in_a_key_is_one() -> None:
    """The path of the CA is what the manifest says; of a reference all but the source is its key."""
    assert is_planned_as_document(own(smtp=", caFile: ca.pem", contents={"ca.pem": "text"}))
    assert is_planned_as_document(own(), password="env:SMTP_B")
    assert is_planned_as_document(own(), password="file:secrets/a:b")


def test_a_secret_that_is_no_text_is_in_no_document() -> None:
    """Whoever wrote the plan file."""
    assert not is_planned_as_document(own(), password=5)


def test_only_what_is_recorded_can_be_rotated() -> None:
    """A new account that shows such a field is refused elsewhere."""
    field = FieldChange(path=PASSWORD, before="env:SMTP_A", after="env:SMTP_A", rotated=True)
    assert () == unproven_rotations([Create(after=own(), fields=(field,))])


_CERTIFIED = ", clientCertificate: {certFile: c.pem, key: {file: secrets/k}}"


@pytest.mark.parametrize(
    ("parts", "is_one"),
    [
        ({}, True),
        ({"fingerprint": f"sha256:{'a' * 64}"}, True),
        ({"certFile": "other.pem"}, True),
        ({"key": "env:SMTP_K"}, True),
        ({"fingerprint": "sha256:aa"}, False),
        ({"fingerprint": None}, False),
        ({"certFile": None}, False),
        ({"certFile": 1}, False),
        ({"certFile": []}, False),
        ({"key": {"file": "secrets/k"}}, False),
        ({"key": "secrets/k"}, False),
        ({"more": "x"}, False),
    ],
    ids=str,
)
def test_a_client_certificate_is_one_with_a_fingerprint(parts: dict[str, Any], *, is_one: bool) -> None:
    """Which, is compared with the file when the plan is applied; manifests have no fingerprint, and documents have one."""
    plan = planned([own(smtp=_CERTIFIED)])
    (change,), (made,) = plan.changes, plan.inputs.accounts.values()
    document = json.loads(json.dumps(made.document))
    document["spec"]["smtp"]["clientCertificate"].update(parts)
    assert is_one == is_document(change, made.model_copy(update={"document": document}))
    assert "fingerprint" in made.document["spec"]["smtp"]["clientCertificate"]


@pytest.mark.parametrize("declared", ["c.pem", None, [], {}])
def test_what_is_no_client_certificate_makes_no_document(declared: Any) -> None:
    """Nor does it end the command."""
    plan = planned([own()])
    (change,), (made,) = plan.changes, plan.inputs.accounts.values()
    document = json.loads(json.dumps(made.document))
    document["spec"]["smtp"]["clientCertificate"] = declared
    assert not is_document(change, made.model_copy(update={"document": document}))


def test_a_document_without_settings_is_none() -> None:
    """Whatever stands in their place."""
    plan = planned([own()])
    (change,), (made,) = plan.changes, plan.inputs.accounts.values()
    replaced: tuple[Any, ...] = ("x", [], None)
    for spec in replaced:
        assert not is_document(change, made.model_copy(update={"document": {**made.document, "spec": spec}}))
