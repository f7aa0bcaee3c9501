"""What history tells beside the applied plans: one event for each entry of the journal."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from reconciler.model.base import Value
from reconciler.model.canonical import JsonObject
from reconciler.model.journal.payloads import Payload, read_payload
from reconciler.model.verification.evidence import Instant

if TYPE_CHECKING:
    from collections.abc import Iterable


class EventAccount(Value):
    """What an event did to one account."""

    name: str = Field(description="The account.")
    before: str | None = Field(None, description="Its status before; null where the event does not tell.")
    after: str | None = Field(None, description="Its status after.")
    reason: str | None = Field(None, description="Why it has that status.")
    rotated: Annotated[tuple[str, ...], Field(strict=False)] = Field(
        (), description="The references of its secrets that were found to have another value than recorded."
    )


class JournalEvent(Value):
    """One entry of the journal, as history shows it."""

    sequence: int = Field(description="The entry's number in the journal.")
    at: Instant = Field(description="When.")
    event: str = Field(description="What happened: apply, approve, reject, suspend, resume, verify, redact, …")
    actor: str | None = Field(None, description="Who did it: a claim.")
    actor_source: Literal["flag", "ci", "login"] | None = Field(None, description="Where that name was taken from.")
    reason: str | None = Field(None, description="Why, where a reason was given for all of it.")
    revision: int | None = Field(None, description="The revision that an apply made.")
    accounts: Annotated[tuple[EventAccount, ...], Field(strict=False)] = Field(
        (), description="The accounts whose standing it changed; of an apply, see its revision."
    )
    details: JsonObject = Field({}, description="What else the journal tells of it.")

    @cached_property
    def _by_name(self) -> dict[str, EventAccount]:
        return {each.name: each for each in self.accounts}

    def accounts_of(self, names: Iterable[str]) -> tuple[EventAccount, ...]:
        """Return the accounts of these names, by name, without looking at the others."""
        return tuple(self._by_name[name] for name in sorted(names) if name in self._by_name)

    @cached_property
    def told(self) -> Payload:
        """The details as the event's payload, for whoever renders them."""
        return read_payload(self.event, self.details)
