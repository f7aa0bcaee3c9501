"""How long evidence counts, to the second, and of what."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from reconciler.model.verification.evidence import Check, Evidence, Verification
from reconciler.rules.verification.evidence import depth_needed, is_worth_keeping, may_be_reused, standing_of
from tests.rules.states import NOW, project

if TYPE_CHECKING:
    from datetime import datetime

    from reconciler.model.verification.depths import Depth


def evidence(*, checked_at: datetime | None = NOW, codes: tuple[str, ...] = ()) -> Evidence:
    """Return evidence that passed, or failed with checks of these codes."""
    checks = tuple(Check(check="message", status="failed", code=code, message="It failed.") for code in codes)
    found = Verification(status="failed" if codes else "passed", depth="message", checked_at=checked_at, checks=checks)
    return Evidence(settings_digest="d", verification=found)


@pytest.mark.parametrize(
    ("age", "expected"),
    [
        (timedelta(hours=24), "sufficient"),
        (timedelta(hours=24, seconds=1), "missing"),
        (timedelta(minutes=-5), "sufficient"),
        (timedelta(minutes=-5, seconds=-1), "missing"),
    ],
)
def test_evidence_is_fresh_for_so_long(age: timedelta, expected: str) -> None:
    """Evidence counts up to its last second, and five minutes ahead of the clock, which machines may differ by."""
    found = standing_of(evidence(), settings_digest="d", depth="message", ttl_hours=24, now=NOW + age)
    assert expected == found


def test_without_evidence_or_digest_it_is_missing() -> None:
    """No evidence, and settings that cannot be compared, are both gathered anew."""
    assert "missing" == standing_of(None, settings_digest="d", depth="message", ttl_hours=24, now=NOW)
    assert "missing" == standing_of(evidence(), settings_digest=None, depth="message", ttl_hours=24, now=NOW)


def test_one_unknown_delivery_is_enough() -> None:
    """A message that may have been delivered is not sent again, whatever else failed."""
    found = evidence(codes=("replyTimeout", "unknownDelivery"))
    assert is_worth_keeping(found)
    assert may_be_reused(found, depth="message", ttl_hours=24, now=NOW)
    other = evidence(codes=("replyTimeout",))
    assert not is_worth_keeping(other)
    assert not may_be_reused(other, depth="message", ttl_hours=24, now=NOW)


def test_kept_evidence_runs_out() -> None:
    """Reuse ends with freshness, of what passed and of an unknown delivery."""
    for found in (evidence(), evidence(codes=("unknownDelivery",))):
        later = [NOW + timedelta(hours=hours) for hours in (2, 3)]
        assert [True, False] == [may_be_reused(found, depth="message", ttl_hours=2, now=now) for now in later]


def test_exceptions_to_other_guards_lower_no_depth() -> None:
    """Only an exception to verification says how far an account is verified; the least deep counts."""
    exceptions = [
        {"delete": ["a"], "until": "2026-12-31", "reason": "gone"},
        {"scope": ["a"], "until": "2026-12-31", "reason": "moved"},
        {"verification": ["a"], "depth": "auth", "until": "2026-12-31", "reason": "far"},
        {"verification": ["a"], "depth": "connect", "until": "2026-12-31", "reason": "farther"},
    ]
    assert "message" == depth_needed("a", "message", project(guards={"exceptions": exceptions[:2]}), NOW.date())
    assert "connect" == depth_needed("a", "message", project(guards={"exceptions": exceptions}), NOW.date())


@pytest.mark.parametrize(
    ("hours", "status", "depth", "settings", "expected"),
    [
        (1, "passed", "message", "d", "sufficient"),
        (1, "passed", "envelope", "d", "missing"),
        (1, "failed", "connect", "d", "failed"),
        (25, "failed", "connect", "d", "missing"),
        (-1, "passed", "message", "d", "missing"),
        (1, "passed", "message", "other", "missing"),
        (1, "passed", None, "d", "missing"),
        (1, "withheld", "message", "d", "missing"),
    ],
)
def test_standing(hours: int, status: str, depth: Depth | None, settings: str, expected: str) -> None:
    """Evidence counts while it is fresh, of these very settings and deep enough."""
    found = Verification.model_validate(
        {"status": status, "depth": depth, "checkedAt": (NOW - timedelta(hours=hours)).isoformat()}
    )
    evidence = Evidence(settings_digest=settings, verification=found)
    seen = standing_of(evidence, settings_digest="d", depth="message", ttl_hours=24, now=NOW)
    assert expected == seen


def test_depth_needed() -> None:
    """An exception lowers the depth of the accounts it names until its last day, and never raises it."""
    exception = {"verification": ["relay-*"], "depth": "connect", "until": "2026-09-01", "reason": "far away"}
    rules = project(guards={"exceptions": [exception]})
    today = NOW.date()
    seen = [
        depth_needed("relay-a", "message", rules, today),
        depth_needed("relay-a", "offline", rules, today),
        depth_needed("other", "message", rules, today),
        depth_needed("relay-a", "message", rules, today + timedelta(days=1)),
    ]
    assert ["connect", "offline", "message", "message"] == seen
