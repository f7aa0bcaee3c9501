"""What two things compared differ in: plans, or whatever else has accounts with values by path."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from reconciler.model.base import Value
from reconciler.model.plan import FieldChange, Scalar

DifferenceKind = Literal["added", "removed", "changed"]
Leaves = dict[str, Scalar]
"""An account's values by path."""


class Side(Value):
    """One of two things that are compared."""

    source: Literal["plan", "revision"] = Field(description="plan or revision.")
    name: str = Field(description="The file, or the number, as it was called.")
    told: str = Field(description="What it is, in words.")


class Difference(Value):
    """What one account differs in."""

    name: str = Field(description="The account.")
    difference: DifferenceKind = Field(
        description="added where the second side alone has it, removed where the first alone has it, else changed."
    )
    fields: Annotated[tuple[FieldChange, ...], Field(strict=False)] = Field(
        description="The values that differ: before on the first side, after on the second."
    )


class Comparison(Value):
    """Two sides, and what they differ in."""

    first: Side = Field(description="What was named first.")
    second: Side = Field(description="What was named second.")
    differences: Annotated[tuple[Difference, ...], Field(strict=False)] = Field(description="By account.")
    same: int = Field(description="How many accounts are on both sides and alike.")
