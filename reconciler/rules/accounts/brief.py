"""Why an account is not active, in a few words. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.characters import SHOWN_WORD, clip
from reconciler.model.verification.briefly import briefly

if TYPE_CHECKING:
    from reconciler.model.accounts.recorded import RecordedAccount


def brief_reason(account: RecordedAccount) -> str:
    """Return the reason of a status in a few words, for a line of a list; empty where there is none.

    >>> from dataclasses import replace
    >>> from datetime import UTC, datetime
    >>> from reconciler.model.accounts.recorded import RecordedAccount, Suspension
    >>> at = datetime(2026, 9, 7, tzinfo=UTC)
    >>> eu = RecordedAccount(kind="OwnAccount", name="eu", canonical="{}", revision=3, created_at=at, updated_at=at)
    >>> brief_reason(eu)
    'was never verified'
    >>> stop = Suspension(reason="Complaints since Monday. Ask Anna.", actor="anna", at=at)
    >>> brief_reason(replace(eu, suspension=stop))
    'Complaints since Monday'
    """
    reason = account.status_reason or ""
    if account.status == "failing" and account.evidence is not None:
        failed = next((check for check in account.evidence.verification.checks if check.status == "failed"), None)
        words = failed and briefly(failed.code, host="", place="")  # the list has the server beside it
        return words or _clipped(reason)
    return _clipped(reason)


def _clipped(reason: str) -> str:
    return clip(reason.partition(". ")[0].rstrip("."), SHOWN_WORD)
