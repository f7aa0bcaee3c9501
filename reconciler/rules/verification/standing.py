"""What a new verification makes of a recorded account's standing. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.model.accounts.recorded import RecordedVerification
from reconciler.rules.verification.failures import failure_of

if TYPE_CHECKING:
    from reconciler.model.verification.evidence import Verification

_MAY_PASS = frozenset({"serverDown", "deadline"})


def is_transient(verification: Verification) -> bool:
    """Tell whether everything that failed may pass by itself, so that one failure alone says little.

    >>> from reconciler.model.verification.evidence import Check, Verification
    >>> busy = Check(check="greeting", status="failed", class_="transient", code="serverBusy", message="Later.")
    >>> refused = Check(check="auth", status="failed", class_="permanent", code="credentialsRejected", message="No.")
    >>> [is_transient(Verification(status="failed", checks=checks)) for checks in ((busy,), (busy, refused))]
    [True, False]
    """
    failed = [check for check in verification.checks if check.status == "failed"]
    if failed:
        return all(check.class_ == "transient" for check in failed)
    return any(check.code in _MAY_PASS for check in verification.checks)


def recheck(before: RecordedVerification | None, found: Verification, *, fail_after: int) -> RecordedVerification:
    """Return what to record once an account that was recorded as ``before`` is verified again: passed or failed.

    A permanent failure counts at once. Of transient ones ``fail_after`` in a row count; until then the outcome, and
    what it refers to, stay as they were.

    >>> from reconciler.model.verification.evidence import Check, Verification
    >>> busy = Check(check="greeting", status="failed", class_="transient", code="serverBusy", message="Later.")
    >>> found, passed = Verification(status="failed", checks=(busy,)), RecordedVerification(outcome="passed")
    >>> recheck(passed, found, fail_after=3).outcome, recheck(passed, found, fail_after=1).outcome
    ('passed', 'failed')
    >>> recheck(passed, Verification(status="failed"), fail_after=3).outcome
    'failed'
    """
    if found.status == "passed":
        return RecordedVerification(outcome="passed", checked_at=found.checked_at, depth=found.depth)
    reason = failure_of(found)
    in_a_row = before.transient_failures + 1 if before is not None else 1
    is_failing = before is not None and before.outcome == "failed"
    if is_transient(found) and in_a_row < fail_after and not is_failing:
        standing = before or RecordedVerification(outcome="skipped", reason=reason)
        return standing.model_copy(update={"transient_failures": in_a_row})
    return RecordedVerification(
        outcome="failed",
        checked_at=found.checked_at,
        depth=found.depth,
        reason=reason,
        passed_at=before.last_passed if before is not None else None,
    )
