"""Moments on the command line: a day, a minute, or so long ago."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import click

from reconciler.classes import dataclass

_AGO = re.compile(r"(\d{1,5})([mhdw])")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}


@dataclass(frozen=True, slots=True)
class Moment:
    """What was written: a moment, or a day, which begins and ends; or a time before now."""

    at: datetime | None = None
    is_day: bool = False
    ago: timedelta = timedelta()

    def begins(self, now: datetime) -> datetime:
        """Return the moment, of a day its first."""
        return now - self.ago if self.at is None else self.at

    def ends(self, now: datetime) -> datetime:
        """Return the moment, of a day its last."""
        return self.begins(now) + (timedelta(days=1, microseconds=-1) if self.is_day else timedelta())


class _MomentType(click.ParamType[Moment]):
    """Reads ``2026-11-01``, ``2026-11-01T08:00`` with or without a zone (UTC by default), and ``7d``."""

    name = "when"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Moment:
        """Return the moment that a text means; fail with the forms that there are."""
        text = str(value)
        if (ago := _AGO.fullmatch(text)) is not None:
            return Moment(ago=int(ago[1]) * _UNITS[ago[2]])
        try:
            at = datetime.fromisoformat(text)
            return Moment(at=at if at.tzinfo is not None else at.replace(tzinfo=UTC), is_day=bool(_DAY.fullmatch(text)))
        except (ValueError, OverflowError):
            self.fail(
                f"{text!r} is no moment. Write a day (2026-11-01), a time (2026-11-01T08:00), or how long ago "
                "(30m, 12h, 7d, 4w).",
                param,
                ctx,
            )


MOMENT = _MomentType()
