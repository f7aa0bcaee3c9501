"""What a recorded account says of its standing."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from reconciler.model.accounts.recorded import RecordedAccount, RecordedVerification


def test_the_status_is_one_sentence() -> None:
    """A reason that is a sentence already brings no second full stop."""
    at = datetime(2026, 9, 1, tzinfo=UTC)
    failed = RecordedVerification(outcome="failed", reason="dns: It does not exist. Correct smtp.host.")
    account = RecordedAccount(
        kind="OwnAccount", name="sales", canonical="{}", revision=1, created_at=at, updated_at=at, verification=failed
    )
    assert "sales is failing: dns: It does not exist. Correct smtp.host." == account.status_sentence
    active = replace(account, verification=RecordedVerification(outcome="passed"))
    assert "sales is active." == active.status_sentence
