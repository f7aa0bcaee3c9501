"""What a plan says of a consumer: what that has of each account, beside what it is to have."""

from typing import Literal

from pydantic import Field

from reconciler.model.base import Value

Drift = Literal["new", "changed", "removed", "edited", "secret"]
"""How what a consumer has of an account differs: it lacks it, has it as it was, has it still, has it as somebody edited it,
or has another secret."""
Look = Literal["read", "notLookedAt", "unreadable"]


class Difference(Value):
    """How what a consumer has of one account differs from what it is to have."""

    account: str = Field(description="The account's name.")
    drift: Drift = Field(
        description="new, changed or removed by reconciler's own doing; edited by hand; or another secret."
    )


class ConsumerView(Value):
    """What a plan says of one consumer."""

    name: str = Field(description="The consumer's name.")
    type: str = Field(description="Its type.")
    look: Look = Field(
        description="read; or notLookedAt where the project file is not trusted; or unreadable, which the diagnostics explain."
    )
    differences: tuple[Difference, ...] = Field(
        (), strict=False, description="What publishing would change once the plan is applied, by account."
    )
    is_edited: bool = Field(
        default=False, description="Somebody has edited what reconciler has written; publishing replaces it."
    )
    accounts: tuple[str, ...] = Field(
        (), strict=False, description="The accounts that it is to have once the plan is applied, by name."
    )

    @property
    def has_drift(self) -> bool:
        """Whether publishing would change anything."""
        return bool(self.differences) or self.is_edited
