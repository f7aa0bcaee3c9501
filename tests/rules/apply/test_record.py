"""What state records of a settled step, field by field; and what it keeps of what it had."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from reconciler.model.accounts.recorded import RecordedAccount, RecordedVerification, Suspension
from reconciler.model.canonical import canonical_json
from reconciler.model.plan import FieldChange
from reconciler.model.step import Create, Delete, Rename, Update
from reconciler.model.verification.evidence import Evidence, Verification
from reconciler.rules.apply.record import _outcome_told, as_of_now, change_told, recorded_account
from tests.rules.single import VALUES, own
from tests.rules.states import KEY_ID, NOW, desired_of, fingerprints_of, state_of

if TYPE_CHECKING:
    from reconciler.model.accounts.desired import DesiredAccount
    from reconciler.model.step import Changed

LATER = NOW + timedelta(days=1)
EVIDENCE = Evidence(
    settings_digest="now", verification=Verification(status="passed", depth="message", checked_at=LATER)
)
PASSED = RecordedVerification(outcome="passed", checked_at=LATER, depth="message")
ACCOUNT = replace(own(smtp=", caFile: ca.pem", contents={"ca.pem": "text"}), written={"spec.email": "ą"}, file="m.yaml")
BEFORE = replace(
    state_of([own()], VALUES).accounts["a"],
    settings_digest="before",
    suspension=Suspension(reason="leak", actor="olga", at=NOW),
    evidence=EVIDENCE.model_copy(update={"settings_digest": "before"}),
)

ROTATED = FieldChange(path="spec.smtp.authentication.password", before="env:A", after="env:A", rotated=True)
MOVED = FieldChange(path="metadata.owner", before=None, after="a@example.com", origin="overlay.yaml:3")


def recorded(step: Create | Update, *, key_id: str | None = "k") -> RecordedAccount:
    """Return what revision 7 records of a step."""
    return recorded_account(step, revision=7, at=LATER, is_approved=False, key_id=key_id)


def test_a_new_account_is_recorded_with_all_that_is_known_of_it() -> None:
    """Document, spellings, manifest, private CA, fingerprints with their key, verification and its evidence."""
    step = Create(
        after=ACCOUNT, fingerprints={"env:SMTP_A": "f"}, settings_digest="now", evidence=EVIDENCE, outcome=PASSED
    )
    expected = RecordedAccount(
        kind="OwnAccount",
        name="a",
        canonical=ACCOUNT.canonical,
        written={"spec.email": "ą"},
        revision=7,
        created_at=LATER,
        updated_at=LATER,
        settings_digest="now",
        ca_digest=ACCOUNT.ca_digest,
        fingerprints={"env:SMTP_A": "f"},
        fingerprint_key_id="k",
        verification=PASSED,
        evidence=EVIDENCE,
        manifest="m.yaml",
    )
    assert (expected, False) == (recorded(step), ACCOUNT.ca_digest is None)


@pytest.mark.parametrize("made", [Update, Rename])
def test_an_account_that_is_verified_anew_keeps_when_it_was_made_and_that_it_is_stopped(made: type[Update]) -> None:
    """What was found of it replaces what was recorded of its verification."""
    account = recorded(made(before=BEFORE, after=own(), settings_digest="now", evidence=EVIDENCE, outcome=PASSED))
    assert NOW == account.created_at
    assert LATER == account.updated_at
    assert BEFORE.suspension == account.suspension
    assert "now" == account.settings_digest
    assert PASSED == account.verification
    assert EVIDENCE == account.evidence


def test_an_account_that_is_not_verified_keeps_what_is_recorded_of_its_verification() -> None:
    """A changed title says nothing of settings, so digest, outcome and evidence stay those of the last verification."""
    account = recorded(Update(before=BEFORE, after=own(), settings_digest="now"))
    assert "before" == account.settings_digest
    assert BEFORE.verification == account.verification
    assert BEFORE.evidence == account.evidence


def test_a_new_account_that_was_not_verified_has_the_digest_of_its_settings_all_the_same() -> None:
    """There is nothing to keep: its verification is unknown, and what it would vouch for is known."""
    account = recorded(Create(after=own(), settings_digest="now"))
    assert "now" == account.settings_digest
    assert account.verification is None
    assert account.evidence is None


@pytest.mark.parametrize(("account", "expected"), [(own(), "k"), (replace(own(), file=""), None)])
def test_a_key_is_recorded_where_a_fingerprint_was_made_with_it(account: DesiredAccount, expected: str | None) -> None:
    """Without fingerprints there is no key; without a manifest it is unknown."""
    fingerprints = {"env:SMTP_A": "f"} if expected else {}
    made = recorded(Create(after=account, fingerprints=fingerprints))
    assert (expected, expected is not None) == (made.fingerprint_key_id, made.manifest is not None)


STATE = state_of([own(), own("b", secret="SMTP_B")], VALUES)
KNOWN = fingerprints_of(VALUES)
READ = {"env:SMTP_A": "read"}


@pytest.mark.parametrize(
    ("key_id", "outcome", "expected"),
    [
        (KEY_ID, PASSED, READ),
        (KEY_ID, None, {"env:SMTP_A": KNOWN["env:SMTP_A"]}),
        ("another", PASSED, {"env:SMTP_A": KNOWN["env:SMTP_A"]}),
        (None, None, {"env:SMTP_A": KNOWN["env:SMTP_A"]}),
    ],
    ids=["verified", "not verified", "with another key", "nothing read"],
)
def test_fingerprints_of_an_account_are_those_read_where_they_were_verified_with_the_key_of_state(
    key_id: str | None, outcome: RecordedVerification | None, expected: dict[str, str]
) -> None:
    """In every other case those that state has count."""
    step = Update(before=BEFORE, after=own(), fingerprints=READ, outcome=outcome)
    assert expected == as_of_now(step, STATE, key_id).fingerprints


@pytest.mark.parametrize(("key_id", "expected"), [(KEY_ID, READ), ("another", {})])
def test_fingerprints_of_a_new_account_are_those_read_with_the_key_of_state(
    key_id: str, expected: dict[str, str]
) -> None:
    """State knows none of its own; those made with another key could not be compared with any."""
    assert expected == as_of_now(Create(after=own("new"), fingerprints=READ), STATE, key_id).fingerprints


def test_secrets_that_the_account_no_longer_has_are_forgotten() -> None:
    """A fingerprint that was read or recorded for another secret is not the account's."""
    step = Update(before=BEFORE, after=own(secret="SMTP_B"), fingerprints={"env:SMTP_B": "b", "env:SMTP_C": "c"})
    assert {"env:SMTP_B": "b"} == as_of_now(step, STATE, KEY_ID).fingerprints


def test_fingerprints_come_by_reference() -> None:
    """Whatever the order in which they were read."""
    secrets = [f"SMTP_{letter}" for letter in "CDE"]
    login = (
        "mechanism: xoauth2, username: a, oauth2: {tokenUrl: 'https://login.example.com/token', clientId: c, clientSecret: "
        "{env: SMTP_C}, refreshToken: {env: SMTP_D}}"
    )
    proxy = "proxy: {type: http, host: q.example, port: 1, username: m, password: {env: SMTP_E}}"
    (account,) = desired_of(
        "apiVersion: reconciler/v1\nkind: OwnAccount\nmetadata: {name: new}\nspec: {email: a@example.com, displayName: A, "
        f"smtp: {{host: h.example, authentication: {{{login}}}}}, {proxy}}}\n"
    )
    read = {f"env:{name}": name for name in reversed(secrets)}
    made = as_of_now(Create(after=account, fingerprints=read), STATE, KEY_ID)
    assert [f"env:{name}" for name in secrets] == [*made.fingerprints]


def test_what_has_happened_to_the_account_since_counts() -> None:
    """A step is recorded over what state has by now, under the name that it had."""
    step = Rename(before=BEFORE, after=own("new"), outcome=PASSED)
    assert STATE.accounts["a"] == as_of_now(step, STATE, KEY_ID).before


@pytest.mark.parametrize(
    "step",
    [
        Create(after=replace(own(), server="shared"), fields=(FieldChange(path="spec.shared", before=None, after=True),)),
        Update(before=BEFORE, after=own(), cause="rotation", fields=(ROTATED, MOVED)),
        Rename(before=BEFORE, after=own("b"), fields=(FieldChange(path="spec.smtp.port", before=1, after=None),), held=True),
        Delete(before=BEFORE, fields=(FieldChange(path="spec.shared", before=1, after=None),)),
    ],
    ids=lambda step: step.action,
)  # fmt: skip
def test_history_tells_of_a_change_what_the_plan_shows(step: Changed) -> None:
    """All but what was verified, and the line of an overlay; with absent what is absent there."""
    shown = step.change.model_dump(mode="json", exclude={"verification": True, "fields": {"__all__": {"origin"}}})
    assert canonical_json(shown) == canonical_json(change_told(step))


def test_outcomes_are_told_as_json() -> None:
    """The journal keeps text alone: what stands in an entry is what it gives when it is read again."""
    outcome = RecordedVerification(outcome="failed", checked_at=NOW, depth="auth", reason="refused")
    told = _outcome_told(outcome)
    assert json.loads(json.dumps(told)) == told
