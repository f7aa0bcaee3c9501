"""What may be decided on an account, and what a decision or the emergency stop leaves."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from reconciler.model.accounts.recorded import approval_digest
from reconciler.rules.accounts.decisions import (
    MAX_REASON_LENGTH,
    Decision,
    decided,
    refuse_decision,
    refuse_reason,
    refuse_resumption,
    refuse_stale,
    refuse_suspension,
    resumed,
    suspended,
)
from reconciler.rules.plan.make import make_plan
from tests.rules.states import NOW, desired_of, policy, recorded_of, state_of

if TYPE_CHECKING:
    from reconciler.model.accounts.recorded import RecordedAccount

LATER = NOW + timedelta(hours=1)
_HEAD = "apiVersion: reconciler/v1\nmetadata: {name: a}\n"
_OWN = _HEAD + "kind: OwnAccount\nspec: {email: a@example.com, displayName: A, smtp: {host: h.example.com}}\n"
_MARKETING = _HEAD + "kind: MarketingAccount\nspec: {email: a@example.com, displayName: A}\n"


def account(text: str = _MARKETING) -> RecordedAccount:
    """Return an account of revision 1 that nobody has decided on."""
    return recorded_of(desired_of(text)[0], {})


def approved() -> RecordedAccount:
    """Return an approved account."""
    return decided(account(), "approved", actor="paula", at=NOW, reason=None)


def rejected() -> RecordedAccount:
    """Return a rejected account."""
    return decided(account(), "rejected", actor="paula", at=NOW, reason="not ours")


def test_a_decision_is_bound_to_what_is_recorded() -> None:
    """Actor, time, reason and the digest of what was decided on are kept; the status follows."""
    after = rejected()
    assert after.approval is not None
    assert "rejected" == after.status
    assert "not ours" == after.status_reason
    assert "paula" == after.approval.actor
    assert NOW == after.approval.at
    assert approval_digest(after.kind, after.settings) == after.approval.subject_digest
    assert "active" == approved().status
    assert (account().revision, account().updated_at) == (after.revision, after.updated_at)


@pytest.mark.parametrize("decision", ["approved", "rejected"])
def test_the_platform_does_not_decide_on_own_accounts(decision: Decision) -> None:
    """An own account is refused, and the message says what stops one."""
    refused = refuse_decision(account(_OWN), decision)
    assert refused is not None
    assert ("approvalNotNeeded", "a") == (refused.code, refused.subject)
    assert "    reconciler suspend a --reason TEXT" in refused.detail


def test_the_same_decision_is_not_made_twice() -> None:
    """The refusal names who decided, when and why; the other decision may replace the one that was made."""
    again = refuse_decision(rejected(), "rejected")
    assert again is not None
    assert "alreadyDecided" == again.code
    assert f"by paula at {NOW:%Y-%m-%d %H:%M} UTC (not ours)" in again.detail
    twice = refuse_decision(approved(), "approved")
    assert twice is not None
    assert "already approved" in twice.detail
    assert None is refuse_decision(approved(), "rejected")
    assert None is refuse_decision(rejected(), "approved")
    assert None is refuse_decision(account(), "approved")


@pytest.mark.parametrize(
    ("revision", "seen", "is_stale"), [(7, 7, False), (7, 9, False), (8, 7, True), (8, None, False)]
)
def test_an_account_changed_after_the_revision_seen_is_stale(
    revision: int, seen: int | None, *, is_stale: bool
) -> None:
    """A later revision of another account does not matter; without a revision nothing is compared."""
    refused = refuse_stale(replace(account(), revision=revision), seen)
    assert is_stale == (refused is not None)
    assert refused is None or "decisionStale" == refused.code


@pytest.mark.parametrize("text", [_OWN, _MARKETING])
def test_a_stop_takes_any_account_and_leaves_all_else(text: str) -> None:
    """A suspended account is suspended whatever else it is, and resuming brings back what it was."""
    before = account(text)
    stopped = suspended(before, actor="olga", at=LATER, reason="leak")
    assert ("suspended", "leak") == (stopped.status, stopped.status_reason)
    assert None is refuse_suspension(before)
    again = refuse_suspension(stopped)
    assert again is not None
    assert f"by olga at {LATER:%Y-%m-%d %H:%M} UTC (leak)" in again.detail
    assert None is refuse_resumption(stopped)
    assert before == resumed(stopped)


def test_what_is_not_suspended_cannot_be_resumed() -> None:
    """The refusal says what the account is instead, and why it does not send."""
    refused = refuse_resumption(account())
    assert refused is not None
    assert "notSuspended" == refused.code
    assert "it is pending: awaits the platform's decision" in refused.detail


def test_an_approved_account_that_is_suspended_stays_suspended() -> None:
    """A decision does not end a stop."""
    stopped = suspended(account(), actor="olga", at=NOW, reason="leak")
    after = decided(stopped, "approved", actor="paula", at=LATER, reason=None)
    assert "suspended" == after.status
    assert "active" == resumed(after).status


@pytest.mark.parametrize(
    ("reason", "is_good"),
    [
        ("The domain is not ours.", True),
        ("Żółw — nie nasz 🐢", True),
        ("x" * MAX_REASON_LENGTH, True),
        ("x" * (MAX_REASON_LENGTH + 1), False),
        ("", False),
        (" \t", False),
        ("two\nlines", False),
        ("a\tb", False),
        ("a\x1b[2Jb", False),
        ("a\u202eb", False),
        ("a\u2028b", False),
        ("a\x00b", False),
        ("a\udcffb", False),
    ],
)
def test_a_reason_is_one_line_of_text(reason: str, *, is_good: bool) -> None:
    """Empty, long, and text that would not show as it is are refused, and the refusal does not repeat them."""
    refused = refuse_reason(reason)
    assert is_good == (refused is None)
    if refused is not None:
        assert "reasonInvalid" == refused.code
        assert refused.detail.isprintable()


@pytest.mark.parametrize("is_suspended", [False, True])
def test_of_many_accounts_the_plan_names_ten(*, is_suspended: bool) -> None:
    """One note stands for all that wait, and one for all that are stopped, however many they are."""
    accounts = desired_of("---\n".join(_MARKETING.replace("name: a", f"name: a{number:02}") for number in range(12)))
    state = state_of(accounts)
    if is_suspended:
        stopped = {name: suspended(each, actor="o", at=NOW, reason="leak") for name, each in state.accounts.items()}
        state = replace(state, accounts=stopped)
    (told,) = make_plan(accounts, state, policy()).problems
    assert ("staysSuspended" if is_suspended else "awaitingApproval") == told.code
    assert ("note", None) == (told.severity, told.subject)
    assert told.detail.endswith(", and 2 more.")
    assert 10 == told.detail.count("a0") + told.detail.count("a1")


def test_a_reason_has_five_hundred_characters_at_most() -> None:
    """The refusal of a longer one says how long it is."""
    assert None is refuse_reason("x" * 500)
    refused = refuse_reason("x" * 1501)
    assert refused is not None
    assert refused.detail.startswith("The reason has 1,501 characters, and at most 500 are kept.")


@pytest.mark.parametrize(
    ("reason", "told"), [("two\nlines", "U+000A at position 4;"), ("\x1bx", "U+001B at position 1;")]
)
def test_a_control_character_is_told_by_its_number_and_place(reason: str, told: str) -> None:
    """Characters are counted from one."""
    refused = refuse_reason(reason)
    assert refused is not None
    assert f"The reason holds the control character {told}" in refused.detail


def test_refusals_are_told_of_the_account() -> None:
    """Each names the account, what it is, and what to look at; nothing is said of a reason that was not given."""
    stopped = suspended(approved(), actor="olga", at=LATER, reason="leak")
    refusals = [
        refuse_decision(approved(), "approved"),
        refuse_stale(replace(account(), revision=8), 7),
        refuse_suspension(stopped),
        refuse_resumption(approved()),
    ]
    expected = [
        ("alreadyDecided", "a is already approved, by paula at 2026-09-01 12:00 UTC, and has not changed since."),
        ("decisionStale", "a was last changed by revision 8, after the revision 7 that you looked at."),
        ("alreadySuspended", "a is already suspended, by olga at 2026-09-01 13:00 UTC (leak)."),
        ("notSuspended", "a is not suspended; it is active."),
    ]
    for refusal, (code, told) in zip(refusals, expected, strict=True):
        assert refusal is not None
        assert code == refusal.code
        assert "a" == refusal.subject
        assert refusal.detail.startswith(f"{told} Nothing was ")
    assert refusals[1] is not None
    assert refusals[1].detail.endswith("\n    reconciler accounts show a")
