"""How an account's times read where accounts are listed: in a terminal's table, and on the site."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.render.json.documents import instant

if TYPE_CHECKING:
    from datetime import datetime

    from reconciler.model.accounts.recorded import RecordedAccount

_DAYS = len("2026-01-01")
_MINUTES = len("2026-01-01T00:00")
_CHECKED = frozenset({"passed", "failed"})


def day(moment: datetime) -> str:
    """Return the day of a moment, in UTC: ``2026-01-01``."""
    return instant(moment)[:_DAYS]


def minute(moment: datetime) -> str:
    """Return a moment to the minute, in UTC: ``2026-01-01 12:30``."""
    return instant(moment)[:_MINUTES].replace("T", " ")


def last_check(account: RecordedAccount) -> datetime | None:
    """Return when the account was verified last; None where that was skipped or overridden, or never was."""
    found = account.verification
    return found.checked_at if found is not None and found.outcome in _CHECKED else None
