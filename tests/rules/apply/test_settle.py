"""What the evidence of a step settles, what is missing of it, and what a failed step refuses or has held."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from reconciler.diagnostics import Location, error
from reconciler.errors import GuardRefused, SecretUnreadable, VerificationFailed
from reconciler.model.accounts.recorded import RecordedVerification
from reconciler.model.secrets.reading import SecretsRead
from reconciler.model.step import Create, Delete, Rename, Update
from reconciler.model.verification.evidence import Check, Evidence, Verification
from reconciler.rules.apply.demand import Demand
from reconciler.rules.apply.settle import held_or_refused, lacking, proven, refreshed
from reconciler.rules.verification.settings import settings_digest
from tests.rules.single import SERVER, VALUES, news, own
from tests.rules.states import KEY, KEY_ID, NOW, project, state_of

if TYPE_CHECKING:
    from reconciler.model.verification.evidence import VerificationStatus

STATE = state_of([own()], VALUES)
BEFORE = STATE.accounts["a"]
STEP = Create(after=own(smtp=", caFile: ca.pem", contents={"ca.pem": "text"}), needs_evidence=True)
REFUSED = Check(check="auth", status="failed", class_="permanent", code="credentialsRejected", message="535 no")


def demand(*, holds_failing: bool = False) -> Demand:
    """Return what a trusted run demands of a sealed plan."""
    return Demand(
        project=project(),
        now=NOW,
        overrides={},
        holds_failing=holds_failing,
        is_sealed=True,
        is_project_trusted=True,
        plan_key_id=KEY_ID,
        platform_routes=(),
    )


def evidence(status: VerificationStatus, *checks: Check) -> Evidence:
    """Return evidence of an hour."""
    return Evidence(
        settings_digest="d", verification=Verification(status=status, depth="auth", checked_at=NOW, checks=checks)
    )


@pytest.mark.parametrize(
    ("status", "checks", "outcome", "reason"),
    [
        ("passed", (), "passed", None),
        ("skipped", (), "skipped", "It was not verified."),
        ("failed", (REFUSED,), "failed", "auth: 535 no"),
        ("withheld", (), "failed", "It was not verified."),
    ],
)
def test_what_evidence_comes_to(
    status: VerificationStatus, checks: tuple[Check, ...], outcome: Any, reason: str | None
) -> None:
    """When, how deep, and why, unless it passed; what was withheld has failed."""
    found = evidence(status, *checks)
    expected = RecordedVerification(outcome=outcome, checked_at=NOW, depth="auth", reason=reason)
    assert replace(STEP, evidence=found, outcome=expected) == proven(STEP, found)


def test_a_step_whose_secret_is_missing_has_failed() -> None:
    """It keeps no evidence, and says why; one that stays offline needs no secret."""
    problem = error("secretMissing", "It is not set.", subject="env:SMTP_A")
    had = replace(STEP, evidence=evidence("passed"))
    offline = replace(STEP, depth="offline")
    step, other = lacking([had, offline], {"env:SMTP_A": problem, "env:OTHER": problem})
    assert offline == other
    assert step.evidence is None
    assert (problem,) == tuple(each.problem for each in step.missing)
    assert step.outcome is not None
    assert ("failed", True) == (step.outcome.outcome, "It is not set." in (step.outcome.reason or ""))


@pytest.mark.parametrize(
    ("step", "secret", "is_refused"),
    [
        (STEP, "env:SMTP_A", True),
        (STEP, "env:OTHER", False),
        (replace(STEP, depth="offline"), "env:SMTP_A", False),
    ],
    ids=["needed", "another's", "not needed"],
)
def test_a_secret_that_may_not_be_read_refuses_where_it_is_needed(
    step: Create, secret: str, *, is_refused: bool
) -> None:
    """It is no failed verification: nobody may go on with it."""
    problem = error("secretIsKey", "It is a key.", subject=secret)
    if is_refused:
        with pytest.raises(SecretUnreadable) as refused:
            lacking([step], {secret: problem})
        assert (problem,) == refused.value.diagnostics
    else:
        assert [step] == lacking([step], {secret: problem})


def test_what_was_read_just_now_counts_before_what_was_read_for_the_plan() -> None:
    """Of the account's own secrets; what was not read again stays, and the digest of the settings goes with it."""
    read = {"env:SMTP_A": "now", "env:OTHER": "x"}
    step = refreshed(replace(STEP, fingerprints={"env:SMTP_A": "then"}), SecretsRead(key=KEY, fingerprints=read))
    after = STEP.after
    expected = settings_digest(
        after.kind, after.settings, ca_digest=after.ca_digest, fingerprints={"env:SMTP_A": "now"}, platform=None
    )
    assert {"env:SMTP_A": "now"} == step.fingerprints
    assert expected == step.settings_digest
    assert expected is not None
    kept = refreshed(replace(STEP, fingerprints={"env:SMTP_A": "then"}), SecretsRead(were_read=False))
    assert {"env:SMTP_A": "then"} == kept.fingerprints
    assert kept.settings_digest not in {None, expected}


def test_the_platforms_secrets_count_in_a_marketing_accounts_settings() -> None:
    """They are read for it, and none of its own."""
    read = {"env:SMTP_PLATFORM": "f"}
    account = news()
    step = refreshed(Create(after=account, platform=SERVER), SecretsRead(key=KEY, fingerprints=read))
    expected = settings_digest(account.kind, account.settings, ca_digest=None, fingerprints=read, platform=SERVER)
    assert {} == step.fingerprints
    assert expected == step.settings_digest
    assert expected is not None


def failed(name: str, reason: str | None = "auth: 535 no", **parts: Any) -> Create:
    """Return a new account whose verification failed."""
    outcome = RecordedVerification(outcome="failed", reason=reason)
    return Create(**{"after": own(name), "needs_evidence": True, "outcome": outcome, **parts})


def test_what_was_withheld_refuses_as_a_guard_whatever_may_be_held() -> None:
    """A credential that would have gone where it may not is no failure to leave out."""
    step = failed("a", "It was withheld.", evidence=evidence("withheld"))
    with pytest.raises(GuardRefused) as refused:
        held_or_refused([step, failed("b")], demand(holds_failing=True))
    assert [("credentialWithheld", "It was withheld.", "a")] == [
        (each.code, each.detail, each.subject) for each in refused.value.diagnostics
    ]


def test_each_failed_step_refuses_with_its_reason() -> None:
    """By one cause they are told once, by name; what is missing is told with the secret."""
    problem = error("secretMissing", "It is not set.", subject="env:SMTP_A")
    (missing,) = lacking([replace(STEP, after=own("m"))], {"env:SMTP_A": problem})
    steps = [failed(name) for name in "zyx"]
    with pytest.raises(VerificationFailed) as refused:
        held_or_refused([*steps, failed("other", None), missing], demand())
    assert {
        ("verificationFailed", "auth: 535 no", ("x", "y", "z")),
        ("verificationFailed", "It was not verified.", ("other",)),
    } == {
        (each.code, each.detail, each.concerned) for each in refused.value.diagnostics if each.code != "secretMissing"
    }
    assert [("m",)] == [each.concerned for each in refused.value.diagnostics if each.code == "secretMissing"]


def test_failures_of_one_server_are_told_where_it_is_declared() -> None:
    """With the evidence of a step its endpoint is known: a MailServer, or the platform's server."""
    down = Check(check="connect", status="failed", class_="transient", code="connectionRefused", message="refused")
    there, project_file = Location("servers.yaml", 1, 1), Location("reconciler.yaml", 2, 2)
    platform = replace(SERVER, location=project_file)
    accounts = [replace(own(name), server_location=there) for name in "ab"]
    steps = [
        *(failed(each.name, "connect: refused", after=each, evidence=evidence("failed", down)) for each in accounts),
        *(
            failed(
                name, "other", after=replace(news(), name=name), evidence=evidence("failed", down), platform=platform
            )
            for name in "xy"
        ),
    ]
    with pytest.raises(VerificationFailed) as refused:
        held_or_refused(steps, demand())
    assert {(("a", "b"), there, "connect: refused"), (("x", "y"), project_file, "other")} == {
        (each.concerned, each.location, each.detail) for each in refused.value.diagnostics
    }


def test_a_rotated_secret_that_fails_is_held_and_nothing_else() -> None:
    """Unless all that fails may be: then what takes a name that stays is held with it."""
    outcome = RecordedVerification(outcome="failed", reason="auth: 535 no")
    rotated = Update(before=BEFORE, after=own(), cause="rotation", outcome=outcome)
    held = held_or_refused([rotated, Delete(before=BEFORE), replace(failed("b"), outcome=None)], demand())
    assert {"a": "The change of a is left out: auth: 535 no"} == {name: each.detail for name, each in held.items()}
    renamed = Rename(before=BEFORE, after=own("c"), outcome=outcome)
    held = held_or_refused([renamed, replace(failed("a"), outcome=None)], demand(holds_failing=True))
    assert [
        ("heldChange", "warning", "c", "The change of c is left out: auth: 535 no"),
        ("heldChange", "warning", "a", "a is left out too: it takes a name that c gives up, and that change is held."),
    ] == [(each.code, each.severity, each.subject, each.detail) for each in held.values()]


def test_what_has_passed_is_neither_held_nor_refused() -> None:
    """Nor is what was never to be verified."""
    passed = replace(failed("a"), outcome=RecordedVerification(outcome="passed"))
    assert {} == held_or_refused([passed, replace(failed("b"), outcome=None)], demand())
