"""The common base of all models that are read or written."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel


class Value(BaseModel):
    """A frozen value with camelCase keys outside and snake_case attributes inside.

    Types are strict: nothing is converted silently. Read foreign input with ``from_document``, which takes the
    camelCase keys only.
    """

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        strict=True,
        alias_generator=to_camel,
        validate_by_alias=True,
        validate_by_name=True,
        serialize_by_alias=True,
    )
