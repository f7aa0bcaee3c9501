"""What the status of a recorded account can be, and when it is a concern: what views and the command line read."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal, NamedTuple, get_args

Status = Literal["suspended", "rejected", "pending", "failing", "unverified", "active"]
STATUSES: tuple[Status, ...] = get_args(Status)
"""All statuses; an account has the first that holds."""


class StatusMeaning(NamedTuple):
    """What a status means: whether the account sends, why it has the status, and what changes that."""

    summary: str
    cause: str
    cure: str


STATUS_MEANINGS: dict[Status, StatusMeaning] = {
    "suspended": StatusMeaning("Stopped, sends nothing", "Somebody stopped the account with reconciler suspend; no apply undoes it.", "reconciler resume NAME ends it."),
    "rejected": StatusMeaning("Refused by the platform, sends nothing", "The platform decided against the marketing account, for the reason beside it.", "Mend what the reason says and apply; the platform then decides again."),
    "pending": StatusMeaning("Waits for the platform, sends nothing", "A marketing account is new, or what the platform had accepted was changed.", "The platform decides with reconciler approve NAME or reconciler reject NAME."),
    "failing": StatusMeaning("Fails verification, sends nothing", "The last verification of the recorded account failed for good, or too often in a row.", "Mend what reconciler accounts show NAME says, then verify it with reconciler verify NAME --recorded."),
    "unverified": StatusMeaning("Applied without verification, sends nothing", "The account was applied with --override-verification, and has not passed since.", "reconciler verify NAME --recorded; once it passes the account is active."),
    "active": StatusMeaning("Sends", "The account passed verification, and nothing stops it.", "Nothing to do."),
}  # fmt: skip

VERIFIED_WITHIN = timedelta(days=7)
"""An active account that passed longer ago is told as not verified for long, where nobody says otherwise."""
ENDS_WITHIN = timedelta(days=30)
"""A certificate that ends sooner is told, where nobody says otherwise."""
