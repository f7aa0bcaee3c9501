"""``Event``: one thing that happened while a command ran, as a line of its log."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from reconciler.model.base import Value, is_none
from reconciler.model.verification.evidence import (
    CheckName,
    CheckStatus,
    FailureClass,
    Instant,
    VerificationStatus,
)

EventName = Literal[
    "runBegan", "checkBegan", "checkEnded", "verified", "settled", "held", "recorded", "publicationBegan",
    "publicationEnded", "messageEnded", "said", "diagnostic", "message", "runEnded",
]  # fmt: skip
LOG_FORMAT_VERSION = "1.0"
Speaker = Literal["client", "server", "note"]


def _is_empty(value: object) -> bool:
    return value == ()


class Event(Value):
    """One thing that happened; a field that has nothing to say is absent."""

    event: EventName = Field(description="What happened.")
    accounts: Annotated[tuple[str, ...], Field(strict=False)] = Field(
        (), description="The accounts concerned, by name; absent where it concerns all or none.", exclude_if=_is_empty
    )
    server: str | None = Field(None, description="Host and port of the server.", exclude_if=is_none)
    check: CheckName | None = Field(None, description="The step of verification.", exclude_if=is_none)
    status: CheckStatus | VerificationStatus | None = Field(
        None, description="What came of the step, or of the verification.", exclude_if=is_none
    )
    class_: FailureClass | None = Field(
        None, alias="class", description="permanent or transient, for a failure.", exclude_if=is_none
    )
    severity: str | None = Field(None, description="error, warning or note, of a diagnostic.", exclude_if=is_none)
    code: str | None = Field(None, description="Stable code of the outcome; explain tells of it.", exclude_if=is_none)
    text: str | None = Field(None, description="What there is to say, on one line, masked.", exclude_if=is_none)
    seconds: float | None = Field(None, description="How long it took.", exclude_if=is_none)
    revision: int | None = Field(None, description="The revision that was recorded.", exclude_if=is_none)
    consumer: str | None = Field(None, description="The consumer of a publication.", exclude_if=is_none)
    outcome: str | None = Field(
        None, description="What came of a publication, or of a message to a contact.", exclude_if=is_none
    )
    contact: str | None = Field(None, description="Who a message went to.", exclude_if=is_none)
    connection: int | None = Field(
        None, description="The connection, counted from 1; absent for look-ups.", exclude_if=is_none
    )
    speaker: Speaker | None = Field(
        None, description="Who said it: client, server, or note for what is told of the connection.", exclude_if=is_none
    )
    is_encrypted: bool | None = Field(
        None, alias="encrypted", description="Whether it was said by TLS.", exclude_if=is_none
    )
    is_end: bool | None = Field(
        None, alias="closed", description="Whether nothing follows over this connection.", exclude_if=is_none
    )
    format_version: str | None = Field(
        None,
        description="Of the log, in its first line. A minor adds; an unknown major is refused.",
        exclude_if=is_none,
    )
    command: str | None = Field(None, description="The command that runs.", exclude_if=is_none)
    exit_code: int | None = Field(None, description="The exit code that the command ended with.", exclude_if=is_none)


class LoggedEvent(Event):
    """One line of ``--log-format json``."""

    at: Instant = Field(description="When, in UTC.")
