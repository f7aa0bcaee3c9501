"""Dates as people write them."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from pydantic import BeforeValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

_DATE_RULE = "is not a date such as 2027-01-31"


def _parse_date(written: Any) -> Any:
    if isinstance(written, date):
        return written
    try:
        if len(written) != len("2027-01-31"):
            raise ValueError  # noqa: TRY301 - ISO 8601 has shorter forms, which people misread
        return date.fromisoformat(written)
    except (TypeError, ValueError):
        raise PydanticCustomError("invalidValue", _DATE_RULE) from None


Date = Annotated[
    date,
    BeforeValidator(_parse_date),
    WithJsonSchema(
        {
            "type": "string",
            "format": "date",
            "pattern": r"^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$(?!\n)",
            "patternErrorMessage": f"This {_DATE_RULE}.",
        }
    ),
]
