"""What a consumer is to have of an account and has, as state has it, and what came of giving it that."""

from typing import TYPE_CHECKING, Literal, Self

from pydantic import Field

from reconciler.classes import FrozenByName
from reconciler.model.base import Value, is_none
from reconciler.model.verification.evidence import Instant

if TYPE_CHECKING:
    from reconciler.model.consumers.view import Difference


class Publication(Value):
    """One row of state: one consumer and one account."""

    consumer: str = Field(description="The consumer's name.")
    account: str = Field(description="The account's name.")
    wanted: str | None = Field(None, description="Digest of what the consumer is to have; null: nothing.")
    published: str | None = Field(None, description="Digest of what it was given; null: nothing, or it is not known.")
    place: str | None = Field(None, description="Where that was written: a path, or the command.")
    since: Instant | None = Field(None, description="When it was given that.")
    attempts: int = Field(0, description="How often it was begun since, and did not come to its end.")
    last_error: str | None = Field(None, exclude_if=is_none, description="Why it was in vain the last time.")

    @property
    def is_settled(self) -> bool:
        """Whether the consumer was given what it is to have."""
        return self.is_known_to_have(self.wanted)

    def at(self, place: str) -> Self:
        """Return the row as it counts at a place: of what the consumer was given at another one, nothing is known here."""
        if self.place in {None, place}:
            return self
        return self.model_copy(update={"published": None, "since": None})

    def is_known_to_have(self, digest: str | None) -> bool:
        """Tell whether the consumer has what a digest stands for, None nothing; never of what was begun and not ended."""
        return self.published == digest and not self.attempts and self.last_error is None


class Told(FrozenByName):
    """What came of the publication to one consumer."""

    consumer: str
    outcome: Literal["published", "unchanged", "pending", "failed"]
    """``pending``: it was only checked, and something differs."""
    differences: "tuple[Difference, ...]" = ()
    accounts: int = 0
    """How many accounts it is to have."""
    failed: tuple[str, ...] = ()
    """Those of them that it was not given as they are applied; the others have failed only where this is empty."""
    is_edited: bool = False
