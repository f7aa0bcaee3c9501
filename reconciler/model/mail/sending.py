"""What became of each message of a run, and the counts: values of the results file and of what ``send`` prints."""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from pydantic import Field

from reconciler.diagnostics import Diagnostic
from reconciler.model.base import Value
from reconciler.model.verification.evidence import Instant

Outcome = Literal["accepted", "refused", "deferred", "unknown", "skipped", "invalid"]
Stage = Literal["claimed", "released", "attempting", "accepted", "refused", "deferred", "unknown", "skipped", "invalid"]
Ending = Literal["complete", "limited", "stopped", "interrupted", "written"]

OUTCOMES: dict[Outcome, str] = {
    "accepted": "The server took the message.",
    "refused": "The server refused the message or its recipient for good (5xx), or cannot carry the address.",
    "deferred": "The server did not take the message for the time being (4xx), at the last attempt too.",
    "unknown": "The connection or the run ended between the message and the server's answer: it may have arrived.",
    "skipped": "The account's overrides say to send nothing to this contact (onMissing or onInvalid: skip).",
    "invalid": "The line cannot be read, or the contact has no address that can be used.",
}
"""What each outcome means."""

ENDINGS: dict[Ending, str] = {
    "complete": "Every contact was gone through.",
    "limited": "As many messages were attempted as --limit allows.",
    "stopped": "Something that concerns every contact stopped the run; diagnostics say what.",
    "interrupted": "The run was broken off.",
    "written": "Nothing was sent: the messages were written to a folder.",
}
"""What each ending of a run means."""


class SendRecord(Value):
    """One line of the results file: how far it got with one contact. The last line of a contact counts."""

    line: int = Field(ge=1, description="The line of the contacts file that the contact begins on.")
    contact: str = Field(description="The contact's e-mail as the file has it, cut to 320 characters.")
    outcome: Stage = Field(
        description="claimed: the contact is one of the next. released: it was, and was not attempted. "
        "attempting: the whole message but its end was sent. "
        + " ".join(f"{outcome}: {meaning}" for outcome, meaning in OUTCOMES.items())
    )
    queue_id: str | None = Field(None, description="The server's name for the message, where its words hold one.")
    code: str | None = Field(None, description="Why not: a code of the reference of checks, or of resolve.")
    words: str | None = Field(None, description="The server's words, or what is wrong, on one line.")
    boot: str | None = Field(None, description="Of claimed: the start of the machine that it was written in.")
    at: Instant = Field(description="When.")


class ResultsHeader(Value):
    """The first line of a results file: what it belongs to. Everything but id and time must fit to go on with it."""

    format_version: str = Field(description="A minor adds; an unknown major is refused.")
    id: str = Field(pattern=r"^[0-9a-f]{32}$", description="Random; Message-IDs are made of it and the line.")
    lineage: str = Field(description="The state that the account is recorded in.")
    account: str = Field(description="The account's name.")
    settings: str = Field(description="Digest of e-mail, display name, reply-to and overrides.")
    message: str = Field(description="Digest of the message as it was given.")
    contacts: str = Field(description="Digest of the contacts file.")
    at: Instant = Field(description="When it was begun.")


class SendSummary(Value):
    """How many contacts it was, by outcome."""

    accepted: int = Field(0, description=OUTCOMES["accepted"])
    refused: int = Field(0, description=OUTCOMES["refused"])
    deferred: int = Field(0, description=OUTCOMES["deferred"])
    unknown: int = Field(0, description=OUTCOMES["unknown"])
    skipped: int = Field(0, description=OUTCOMES["skipped"])
    invalid: int = Field(0, description=OUTCOMES["invalid"])

    @property
    def not_accepted(self) -> int:
        """How many should have got the message and did not for certain; skipping is what was asked for."""
        return self.refused + self.deferred + self.unknown + self.invalid


class InFlight(Value):
    """A contact whose message may or may not have been accepted when an earlier run ended."""

    line: int = Field(description="The line of the contacts file that the contact begins on.")
    contact: str = Field(description="The contact's e-mail as the file has it.")


class SendDocument(Value):
    """What ``send --format json`` prints."""

    format_version: str = Field(description="A minor adds; an unknown major is refused.")
    account: str = Field(description="The account's name.")
    ending: Ending = Field(
        description="How the run ended. " + " ".join(f"{ending}: {meaning}" for ending, meaning in ENDINGS.items())
    )
    results: str | None = Field(description="The results file; null for a dry run.")
    folder: str | None = Field(description="The folder of a dry run; else null.")
    this_run: SendSummary = Field(description="The contacts that this run dealt with; of a dry run, accepted: written.")
    total: SendSummary = Field(description="The contacts of the results file, earlier runs included.")
    in_flight: Annotated[tuple[InFlight, ...], Field(strict=False)] = Field(
        description="Messages that an earlier run had handed over without an answer; they are not sent again."
    )
    diagnostics: Annotated[tuple[Diagnostic, ...], Field(strict=False)] = Field(description="What is to be known.")


assert set(OUTCOMES) == set(get_args(Outcome))  # noqa: S101 - an outcome without its meaning must not load
assert set(ENDINGS) == set(get_args(Ending))  # noqa: S101 - the same
