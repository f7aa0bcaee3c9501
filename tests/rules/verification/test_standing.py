"""What a new verification makes of a recorded standing, and when kept evidence spares one."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from reconciler.model.accounts.recorded import RecordedVerification
from reconciler.model.verification.evidence import Check, Evidence, Verification
from reconciler.rules.verification.evidence import is_worth_keeping, may_be_reused
from reconciler.rules.verification.failures import failure_of
from reconciler.rules.verification.standing import is_transient, recheck
from tests.rules.states import NOW

if TYPE_CHECKING:
    from reconciler.model.verification.depths import Depth
    from reconciler.model.verification.evidence import CheckStatus, FailureClass

LATER = NOW + timedelta(hours=1)


def check(status: CheckStatus, code: str = "ok", class_: FailureClass | None = None) -> Check:
    """Return a check of the login."""
    return Check(check="auth", status=status, code=code, class_=class_, message=f"It {status}.")


def found(status: str, *checks: Check, **parts: Any) -> Verification:
    """Return what a verification to the depth of a message found."""
    return Verification.model_validate(
        {"status": status, "depth": "message", "checked_at": LATER, "checks": checks, **parts}, by_name=True
    )


TRANSIENT = found("failed", check("passed"), check("failed", "tryLater", "transient"))
PERMANENT = found("failed", check("failed", "tryLater", "transient"), check("failed", "badLogin", "permanent"))


@pytest.mark.parametrize(
    ("verification", "expected"),
    [
        (TRANSIENT, True),
        (PERMANENT, False),
        (found("failed", check("skipped", "serverDown")), True),
        (found("failed", check("skipped", "deadline")), True),
        (found("failed", check("skipped", "offline")), False),
        (found("failed", check("skipped", "deadline"), check("failed", "badLogin", "permanent")), False),
        (found("failed"), False),
    ],
)
def test_what_may_pass_by_itself(verification: Verification, expected: bool) -> None:  # noqa: FBT001
    """A failure is transient where every failed check is, or where none failed and the server or time was to blame."""
    assert expected == is_transient(verification)


def standing(outcome: str, failures: int = 0) -> RecordedVerification:
    """Return what was recorded an hour ago."""
    return RecordedVerification.model_validate(
        {"outcome": outcome, "checked_at": NOW, "depth": "connect", "transient_failures": failures}, by_name=True
    )


@pytest.mark.parametrize("before", [None, standing("failed", 2), standing("passed", 2)])
def test_one_success_mends_everything(before: RecordedVerification | None) -> None:
    """A verification that passed is recorded whatever was before, and counting begins anew."""
    expected = RecordedVerification(outcome="passed", checked_at=LATER, depth="message")
    assert expected == recheck(before, found("passed", check("passed")), fail_after=3)


FAILED = RecordedVerification(outcome="failed", checked_at=LATER, depth="message", reason="auth: It failed.")
FAILED_AFTER_PASSING = FAILED.model_copy(update={"passed_at": NOW})


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        (standing("passed"), PERMANENT, FAILED_AFTER_PASSING),
        (FAILED_AFTER_PASSING, PERMANENT, FAILED_AFTER_PASSING),
        (None, PERMANENT, FAILED),
        (standing("passed"), TRANSIENT, standing("passed", 1)),
        (standing("passed", 1), TRANSIENT, standing("passed", 2)),
        (standing("passed", 2), TRANSIENT, FAILED_AFTER_PASSING),
        (standing("failed"), TRANSIENT, FAILED),
        (
            None,
            TRANSIENT,
            RecordedVerification(outcome="skipped", reason="auth: It failed.", transient_failures=1),
        ),
    ],
    ids=[
        "permanent",
        "failing for long",
        "permanent at first",
        "first",
        "second",
        "third",
        "failing already",
        "never verified",
    ],
)
def test_transient_failures_count_in_a_row(
    before: RecordedVerification | None, now: Verification, expected: RecordedVerification
) -> None:
    """A permanent failure counts at once, the third transient one in a row too; when it last passed is kept."""
    assert expected == recheck(before, now, fail_after=3)


@pytest.mark.parametrize(
    ("verification", "expected"),
    [
        (PERMANENT, "auth: It failed."),
        (found("failed", check("passed"), check("skipped", "serverDown")), "auth: It skipped."),
        (found("failed", check("skipped", "deadline"), check("failed")), "auth: It skipped."),
        (found("failed", check("skipped", "unknownDestination")), "auth: It skipped."),
        (found("withheld", check("skipped", "withheld")), "auth: It skipped."),
        (found("failed", check("skipped", "offline")), "It was not verified."),
        (found("failed", check("passed")), "It was not verified."),
        (found("failed"), "It was not verified."),
    ],
)
def test_the_reason_is_the_first_check_to_blame(verification: Verification, expected: str) -> None:
    """A failure is told by its first failed check, or the one that stopped it; without any nothing was verified."""
    assert expected == failure_of(verification)


def evidence(verification: Verification) -> Evidence:
    """Return evidence of some settings."""
    return Evidence(settings_digest="d", verification=verification)


UNKNOWN = found("failed", check("failed", "unknownDelivery", "permanent"))


@pytest.mark.parametrize(
    ("verification", "expected"), [(found("passed"), True), (UNKNOWN, True), (TRANSIENT, False), (PERMANENT, False)]
)
def test_evidence_worth_keeping(verification: Verification, expected: bool) -> None:  # noqa: FBT001
    """What passed is kept, and a message that may have been delivered; any other failure is looked at anew."""
    assert expected == is_worth_keeping(evidence(verification))


@pytest.mark.parametrize(
    ("verification", "depth", "expected"),
    [
        (found("passed"), "message", True),
        (found("passed", depth="connect"), "message", False),
        (found("passed", checked_at=None), "message", False),
        (UNKNOWN, "message", True),
        (UNKNOWN, "connect", False),
        (PERMANENT, "message", False),
    ],
)
def test_evidence_that_spares_a_conversation(
    verification: Verification,
    depth: Depth,
    expected: bool,  # noqa: FBT001
) -> None:
    """Kept evidence answers where it is deep enough and dated; an unknown delivery only forbids to send again."""
    assert expected == may_be_reused(evidence(verification), depth=depth, ttl_hours=24, now=LATER)
