"""Which evidence apply needs, and whether what there is will do."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Literal

from reconciler.model.text.globs import matches_any
from reconciler.model.verification.depths import DEPTHS, reaches

if TYPE_CHECKING:
    from datetime import date, datetime

    from reconciler.model.project import Project
    from reconciler.model.step import Create, Update
    from reconciler.model.verification.depths import Depth
    from reconciler.model.verification.evidence import Evidence, Verification

Standing = Literal["sufficient", "failed", "missing"]
_CLOCK_SKEW = timedelta(minutes=5)


def depth_needed(name: str, wanted: Depth, project: Project, today: date) -> Depth:
    """Return how far to verify an account: as wanted, or less where an exception of the project says so.

    >>> from datetime import date
    >>> from reconciler.model.project import Project
    >>> until = {"verification": ["old-*"], "depth": "connect", "until": "2026-12-30", "reason": "the server moves"}
    >>> said = {"metadata": {"name": "mail"}, "guards": {"exceptions": [until]}}
    >>> project = Project.model_validate({"apiVersion": "reconciler/v1", "kind": "Project", **said})
    >>> [depth_needed("old-sales", "message", project, date(2026, 12, day)) for day in (30, 31)]
    ['connect', 'message']
    """
    excepted = [
        exception.depth
        for exception in project.guards.exceptions
        if exception.depth is not None and today <= exception.until and matches_any(exception.verification or (), name)
    ]
    return min((wanted, *excepted), key=DEPTHS.index) if excepted else wanted


def standing_of(
    evidence: Evidence | None, *, settings_digest: str | None, depth: Depth, ttl_hours: int, now: datetime
) -> Standing:
    """Return whether evidence suffices: fresh, of these very settings, and deep enough.

    Fresh failed evidence of these settings stands as failed, so that nobody connects again to learn it twice.
    Without a settings digest nothing can be compared, and the evidence counts as missing.

    >>> from datetime import UTC, datetime
    >>> from reconciler.model.verification.evidence import Evidence, Verification
    >>> at = datetime(2026, 9, 7, tzinfo=UTC)
    >>> passed = Evidence(settings_digest="a", verification=Verification(status="passed", depth="auth", checked_at=at))
    >>> [standing_of(passed, settings_digest="a", depth=depth, ttl_hours=24, now=at) for depth in ("auth", "message")]
    ['sufficient', 'missing']
    >>> standing_of(passed, settings_digest="b", depth="auth", ttl_hours=24, now=at)
    'missing'
    """
    if evidence is None or evidence.settings_digest != settings_digest:
        return "missing"
    verification = evidence.verification
    if verification.depth is None or not _is_fresh(verification, ttl_hours, now):
        return "missing"
    if verification.status == "failed":
        return "failed"
    is_enough = verification.status == "passed" and reaches(verification.depth, depth)
    return "sufficient" if is_enough else "missing"


def standing_in(step: Create | Update, project: Project, *, depth: Depth, now: datetime) -> Standing:
    """Return whether the evidence that a step has suffices to verify it to a depth; ``standing_of`` says when it does."""
    return standing_of(
        step.evidence,
        settings_digest=step.settings_digest,
        depth=depth,
        ttl_hours=project.verification.evidence_ttl_hours,
        now=now,
    )


def is_worth_keeping(evidence: Evidence) -> bool:
    """Tell whether evidence may spare a later run its conversation: it passed, or a message may have been delivered.

    Any other failure is looked at anew, because what caused it may have been mended since. A message whose delivery
    is unknown must not be sent again by planning again.

    >>> from reconciler.model.verification.evidence import Evidence, Verification
    >>> is_worth_keeping(Evidence(settings_digest="a", verification=Verification(status="passed")))
    True
    >>> is_worth_keeping(Evidence(settings_digest="a", verification=Verification(status="failed")))
    False
    """
    return evidence.verification.status == "passed" or _is_delivery_unknown(evidence.verification)


def may_be_reused(evidence: Evidence, *, depth: Depth, ttl_hours: int, now: datetime) -> bool:
    """Tell whether kept evidence of these very settings answers what a verification to ``depth`` would ask.

    >>> from datetime import UTC, datetime
    >>> from reconciler.model.verification.evidence import Evidence, Verification
    >>> at = datetime(2026, 9, 7, tzinfo=UTC)
    >>> passed = Evidence(settings_digest="a", verification=Verification(status="passed", depth="auth", checked_at=at))
    >>> [may_be_reused(passed, depth="auth", ttl_hours=24, now=at + timedelta(hours=hours)) for hours in (23, 25)]
    [True, False]
    """
    standing = standing_of(
        evidence, settings_digest=evidence.settings_digest, depth=depth, ttl_hours=ttl_hours, now=now
    )
    if standing == "failed":
        return depth == "message" and _is_delivery_unknown(evidence.verification)
    return standing == "sufficient"


def _is_delivery_unknown(verification: Verification) -> bool:
    return any(check.code == "unknownDelivery" for check in verification.checks)


def _is_fresh(verification: Verification, ttl_hours: int, now: datetime) -> bool:
    if verification.checked_at is None:
        return False
    return -_CLOCK_SKEW <= now - verification.checked_at <= timedelta(hours=ttl_hours)
