"""An apply of very many accounts as people are told it: groups that are alike, each with its first names and counts."""

from __future__ import annotations

from typing import Annotated, Any, TypeVar

from pydantic import Field

from reconciler.model.base import Value
from reconciler.model.canonical import JsonObject

T = TypeVar("T")
Several = Annotated[tuple[T, ...], Field(strict=False)]


class Names(Value):
    """Many names: the first runs of them in their order, and how many more there are."""

    runs: Several[Several[str]] = Field(description="Each the first and the last name of a range, or one name.")
    more: int = Field(description="How many names are in none of these.")


class Alike(Value):
    """What is the same for several accounts."""

    value: Any = Field(description="What is told of each of them.")
    count: int = Field(description="How many they are.")
    names: Names = Field(description="Which.")


class Groups(Value):
    """The first groups of accounts that are alike, in the order of their first account."""

    first: Several[Alike] = Field(description="The groups.")
    more: int = Field(description="How many accounts are in none of these.")


class Abridged(Value):
    """What history tells people of an apply, as the payload of the journal has it beside the whole."""

    version: int = Field(description="Of the rule that it was made by.")
    changes: Groups = Field(description="What the revision changed; of updates with their fields.")
    accounts: dict[str, Groups] = Field(description="Parts of the payload that are told by account, by key.")
    told: JsonObject = Field(description="Other parts of the payload; of long lists the beginning.")
    more: dict[str, int] = Field(description="How many more such lists have, by key.")
