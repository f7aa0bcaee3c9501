"""Contacts, a message and a run against a server on the loopback interface, with a clock that nobody waits for."""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from reconciler.envelope import identity_of
from reconciler.model.accounts.settings import Settings
from reconciler.model.mail.contacts import BrokenLine, Contact
from reconciler.model.mail.sending import ResultsHeader
from reconciler.model.secrets.values import SecretValue
from reconciler.sending import (
    Pacing,
    Patience,
    RunEnd,
    Sending,
    Waiting,
    open_results,
    read_template,
    send_to_all,
)
from tests.support.access import access_to

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from reconciler.sending import Card, Rate
    from reconciler.smtp.access import Access

EML = b"From: old@example.com\r\nSubject: June\r\n\r\nHello.\r\n.a dot\r\n"
NOW = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
IDENTITY = identity_of("OwnAccount", Settings(email="sales@example.com", display_name="Example Sales"))
DIGEST = "sha256:" + "0" * 64


@dataclass
class Clock:
    """A clock that moves when somebody pauses, and keeps what they paused for."""

    at: float = 1000.0
    pauses: list[float] = field(default_factory=list)

    def now(self) -> float:
        """Return the moment."""
        return self.at

    def pause(self, seconds: float) -> None:
        """Let the time pass at once."""
        self.pauses.append(seconds)
        self.at += seconds


def addresses(count: int) -> list[str]:
    """Return so many contacts' addresses."""
    return [f"contact-{number}@example.net" for number in range(1, count + 1)]


def cards_of(given: Sequence[str | BrokenLine]) -> list[Card]:
    """Return contacts, one a line from the second of a file, and broken lines as they are."""
    return [
        each if isinstance(each, BrokenLine) else Contact(email=each, line=number)
        for number, each in enumerate(given, start=2)
    ]


def header(**other: Any) -> ResultsHeader:
    """Return the first line of a results file."""
    values = {
        "format_version": "1.0",
        "id": "0123456789abcdef0123456789abcdef",
        "lineage": "here",
        "account": "sales",
        "settings": DIGEST,
        "message": DIGEST,
        "contacts": DIGEST,
        "at": NOW,
    }
    return ResultsHeader.model_validate({**values, **other})


@dataclass(kw_only=True)
class Bench:
    """All that a run needs, to be altered before it is made."""

    port: int
    path: Path
    encryption: Any = "none"
    username: str | None = None
    password: str | None = None
    eml: bytes = EML
    limit: int | None = None
    rate: Rate | None = None
    pacing: Pacing = field(default_factory=lambda: Pacing(retry_pauses=(60.0, 300.0), reconnect_pauses=(1.0, 5.0)))
    patience: Patience = field(default_factory=lambda: Patience(opening_seconds=5, message_seconds=5, answer_seconds=5))
    access: Access | None = None
    """Another way to a server than the port's."""
    clock: Clock = field(default_factory=Clock)
    watch: Callable[[], None] = lambda: None
    turns: int = 0

    def run(self, given: Sequence[str | BrokenLine]) -> tuple[RunEnd, list[dict[str, Any]]]:
        """Send to the contacts; return how it ended, and the records of the file after its header."""
        given_cards = cards_of(given)

        @contextlib.contextmanager
        def cards() -> Iterator[Iterator[Card]]:
            self.turns += 1
            yield iter(given_cards)

        with open_results(self.path, header()) as results:
            end = send_to_all(cards, results, self.sending())
        return end, self.records()

    def sending(self) -> Sending:
        """Return what the run is made with."""
        password = SecretValue(self.password) if self.password is not None else None
        pacing = self.pacing
        if self.rate is not None:
            pacing = Pacing(rate=self.rate, retry_pauses=pacing.retry_pauses, reconnect_pauses=pacing.reconnect_pauses)
        return Sending(
            template=read_template(self.eml),
            access=self.access
            or access_to(
                host="localhost",
                port=self.port,
                encryption=self.encryption,
                username=self.username,
                password=password,
            ),
            identity=IDENTITY,
            now=lambda: NOW,
            waiting=Waiting(clock=self.clock.now, pause=self.clock.pause, watch=self.watch),
            pacing=pacing,
            patience=self.patience,
            limit=self.limit,
        )

    def records(self) -> list[dict[str, Any]]:
        """Return the records of the results file, but for what was only claimed."""
        records = [json.loads(line) for line in self.path.read_text(encoding="utf-8").splitlines()[1:]]
        return [each for each in records if each["outcome"] not in {"claimed", "released"}]

    def outcomes(self) -> dict[str, str]:
        """Return the last outcome of each contact."""
        return {each["contact"]: each["outcome"] for each in self.records()}
