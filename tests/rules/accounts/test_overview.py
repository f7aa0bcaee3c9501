"""What there is to look at among recorded accounts."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Literal

import pytest

from reconciler.model.accounts.recorded import Approval, RecordedVerification, Suspension
from reconciler.model.verification.evidence import Evidence, Observed, Verification
from reconciler.rules.accounts.overview import concerns
from tests.rules.single import news
from tests.rules.states import NOW, desired_of, recorded_of

if TYPE_CHECKING:
    from datetime import datetime

    from reconciler.model.accounts.overview import Concern
    from reconciler.model.accounts.recorded import RecordedAccount

DAY = timedelta(days=1)


def account(name: str, host: str = "smtp.example.com") -> RecordedAccount:
    """Return an own account that logs in by password and passed just now."""
    (made,) = desired_of(f"""
apiVersion: reconciler/v1
kind: OwnAccount
metadata: {{name: {name}}}
spec:
  email: {name}@example.com
  displayName: {name}
  smtp: {{host: {host}, encryption: starttls, authentication: {{username: {name}, password: {{env: SMTP_X}}}}}}
""")
    return recorded_of(made, {})


def ending(name: str, ends: datetime) -> RecordedAccount:
    """Return an account whose server's certificate ends at a moment."""
    evidence = Evidence(
        settings_digest="", verification=Verification(status="passed"), observed=Observed(certificate_not_after=ends)
    )
    return replace(account(name), evidence=evidence)


def verified(name: str, outcome: str, at: datetime | None = None) -> RecordedAccount:
    """Return an account with the outcome of its last verification."""
    told = RecordedVerification.model_validate(
        {"outcome": outcome, "checked_at": at, "reason": "The words."}, by_name=True
    )
    return replace(account(name), verification=told)


def decided(decision: Literal["approved", "rejected"], reason: str | None = None) -> RecordedAccount:
    """Return a marketing account that the platform decided on."""
    approval = Approval(decision=decision, actor="p", at=NOW, reason=reason, subject_digest="")
    return replace(MARKETING, approval=approval)


SINCE = NOW - 3 * DAY
MARKETING = replace(recorded_of(news(), {}), verification=None)


@pytest.mark.parametrize(
    ("recorded", "expected"),
    [
        (account("good"), []),
        (verified("bad", "failed", NOW), [("failing", "The words.", SINCE, None)]),
        (
            replace(account("off"), suspension=Suspension(reason="Leaked.", actor="olga", at=NOW)),
            [("suspended", "Leaked.", SINCE, None)],
        ),
        (verified("forced", "overridden"), [("unverified", "The words.", SINCE, None)]),
        (verified("old", "passed", NOW - 8 * DAY), [("stale", "It was not verified for long.", NOW - 8 * DAY, None)]),
        (verified("new", "passed", NOW - 7 * DAY), []),
        (ending("far", NOW + 31 * DAY), []),
        (ending("near", NOW + 30 * DAY), [("certificate", "The certificate of smtp.example.com:587 ends soon.", None, NOW + 30 * DAY)]),
        (ending("over", NOW), [("certificate", "The certificate of smtp.example.com:587 has ended.", None, NOW)]),
        (
            account("office", "smtp.office365.com"),
            [("password", "It logs in to Microsoft 365 by password, which is dropped there or will be; what lasts is OAuth2.", None, None)],
        ),
        (account("app-password", "smtp.gmail.com"), []),
        (replace(account("never"), verification=None), [("unverified", "was never verified", SINCE, None)]),
        (replace(verified("undated", "passed", NOW), verification=RecordedVerification(outcome="passed")), [("stale", "It was not verified for long.", None, None)]),
        (MARKETING, [("pending", "awaits the platform's decision", SINCE, None)]),
        (decided("approved"), []),
        (replace(decided("approved"), verification=verified("x", "passed", NOW - 99 * DAY).verification), []),
        (decided("rejected"), [("rejected", "It is rejected.", SINCE, None)]),
        (decided("rejected", "Too loud."), [("rejected", "Too loud.", SINCE, None)]),
        (
            replace(decided("approved"), evidence=ending("x", NOW).evidence),
            [("certificate", "The certificate of the platform's server has ended.", None, NOW)],
        ),
    ],
)  # fmt: skip
def test_what_is_a_concern(
    recorded: RecordedAccount, expected: list[tuple[str, str, datetime | None, datetime | None]]
) -> None:
    """Each matter is told with its reason, since when or until when; what stands well is not told."""
    found = concerns([recorded], since={recorded.name: SINCE}, now=NOW, verified_within=7 * DAY, ends_within=30 * DAY)
    assert expected == [(each.matter, each.reason, each.since, each.until) for each in found]


def test_the_most_urgent_comes_first() -> None:
    """Concerns are in the order of their urgency, then of the accounts' names."""
    accounts = [verified("b", "failed", NOW), ending("a", NOW), verified("a2", "failed", NOW)]
    found = concerns(accounts, since={}, now=NOW, verified_within=7 * DAY, ends_within=30 * DAY)
    assert [("failing", "a2"), ("failing", "b"), ("certificate", "a")] == [each.identity for each in found]


def wavering(name: str, times: int, host: str = "smtp.example.com") -> RecordedAccount:
    """Return an account that passed, and since then failed so many times in a way that may pass by itself."""
    told = RecordedVerification(outcome="passed", checked_at=NOW, transient_failures=times)
    return replace(account(name, host), verification=told)


def test_a_failure_that_does_not_count_yet_is_told() -> None:
    """The account is active and still sends; who is on call sees all the same that its server does not answer."""
    found = found_in(wavering("a", 1), wavering("b", 0))
    assert [("wavering", "a")] == [(each.matter, each.account) for each in found]
    assert "smtp.example.com:587" in found[0].reason


def test_accounts_with_one_trouble_have_a_selector_of_exactly_these() -> None:
    """By their server, else by what only they have; none where every selector means another account too."""
    both = [wavering("a", 1), wavering("b", 1)]
    assert ["host:smtp.example.com"] * 2 == [
        each.together for each in found_in(*both, account("c", "other.example.com"))
    ]
    assert [None] == [each.together for each in found_in(both[0], account("c"))]
    assert [None] * 2 == [each.together for each in found_in(*both, account("c"))]
    stopped = [
        replace(account(name, f"{name}.example.com"), suspension=Suspension(reason="leak", actor="a", at=NOW))
        for name in "ab"
    ]
    assert ["secret:env:SMTP_X"] * 2 == [each.together for each in found_in(*stopped)]
    assert ["status:suspended"] * 2 == [each.together for each in found_in(*stopped, account("c"))]


def found_in(*accounts: RecordedAccount) -> tuple[Concern, ...]:
    """Return what there is to look at, with nothing stale and no certificate near its end."""
    return concerns(accounts, since={}, now=NOW, verified_within=DAY, ends_within=DAY)
