"""``Overview``: what ``status`` tells of a whole project, and ``Concern``: one thing in it that somebody should look at."""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from pydantic import Field

from reconciler.diagnostics import Diagnostic
from reconciler.model.accounts.statuses import Status
from reconciler.model.base import Value
from reconciler.model.verification.evidence import Instant

FORMAT_VERSION = "1.0"

Matter = Literal[
    "failing", "wavering", "suspended", "rejected", "pending", "unverified", "stale", "certificate", "password"
]
MATTERS: tuple[Matter, ...] = get_args(Matter)
"""What there is to look at, the most urgent first."""


class Concern(Value):
    """One account and one thing to look at; what a nightly run compares with that of the night before."""

    matter: Matter = Field(
        description="failing, suspended, rejected, pending or unverified: the status; wavering: active, but the last verification failed in a way that may pass by itself and is not counted yet; stale: not verified for long; certificate: the server's ends soon; password: the provider drops logins by password."
    )
    account: str = Field(description="The account.")
    reason: str = Field(description="Why, as one sentence.")
    since: Instant | None = Field(None, description="Since when; null where that is not recorded.")
    until: Instant | None = Field(None, description="When it ends, for a certificate.")
    together: str | None = Field(
        None,
        description="A selector of exactly the accounts with the same matter and reason; null for one alone, or where there is none.",
    )

    @property
    def identity(self) -> tuple[Matter, str]:
        """What makes it the same concern tomorrow, whatever the words."""
        return self.matter, self.account


class JournalStanding(Value):
    """What a check of the journal came to."""

    valid: bool = Field(description="Whether its chain holds, and state is what it tells.")
    entries: int = Field(description="How many entries it has.")
    head: str = Field(description="The hash of the last one.")
    problems: Annotated[tuple[str, ...], Field(strict=False)] = Field((), description="What does not hold.")
    unguarded: Annotated[tuple[str, ...], Field(strict=False)] = Field(
        (), description="What guards it in the database, and does not stand as it was made."
    )


class Since(Value):
    """What changed since an earlier overview."""

    as_of: Instant = Field(description="When the earlier one was made.")
    new: Annotated[tuple[Concern, ...], Field(strict=False)] = Field(description="What was no concern then.")
    gone: Annotated[tuple[Concern, ...], Field(strict=False)] = Field(description="What is none any more.")


class Overview(Value):
    """What ``status`` prints as JSON."""

    format_version: str = Field(FORMAT_VERSION, description="The form of this document; a minor version adds.")
    project: str = Field(description="The project.")
    revision: int = Field(description="The last revision; 0 before the first apply.")
    as_of: Instant = Field(description="When this was read.")
    accounts: int = Field(description="How many accounts are recorded.")
    statuses: dict[Status, int] = Field(
        description="How many of them have each status; one that cannot be read has none."
    )
    concerns: Annotated[tuple[Concern, ...], Field(strict=False)] = Field(
        description="What to look at, the most urgent first, then by account."
    )
    journal: JournalStanding = Field(description="Whether the journal holds.")
    since: Since | None = Field(None, description="What changed since the overview given with --since; else null.")
    diagnostics: Annotated[tuple[Diagnostic, ...], Field(strict=False)] = Field(
        (), description="An error for each account whose row in state cannot be read; it has no status."
    )

    def compared(self, earlier: Overview) -> Overview:
        """Return the overview with what changed since an earlier one of the same project."""
        then = {concern.identity for concern in earlier.concerns}
        now = {concern.identity for concern in self.concerns}
        since = Since(
            as_of=earlier.as_of,
            new=tuple(concern for concern in self.concerns if concern.identity not in then),
            gone=tuple(concern for concern in earlier.concerns if concern.identity not in now),
        )
        return self.model_copy(update={"since": since})
