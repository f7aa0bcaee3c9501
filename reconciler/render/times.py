"""How moments read: to programs, to people, and where accounts are listed; always in UTC."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

_DAYS = len("2026-01-01")
_MINUTES = len("2026-01-01T00:00")


def instant(moment: datetime) -> str:
    """Return a moment as ISO 8601 in UTC with Z; one without a time zone counts as UTC."""
    aware = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return aware.isoformat().removesuffix("+00:00") + "Z"


def moment(at: datetime) -> str:
    """Return a moment as people read it, in UTC, to the second; one without a time zone counts as UTC."""
    aware = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    return f"{aware:%Y-%m-%d %H:%M:%S} UTC"


def day(moment: datetime) -> str:
    """Return the day of a moment, in UTC: ``2026-01-01``."""
    return instant(moment)[:_DAYS]


def minute(moment: datetime) -> str:
    """Return a moment to the minute, in UTC: ``2026-01-01 12:30``."""
    return instant(moment)[:_MINUTES].replace("T", " ")
