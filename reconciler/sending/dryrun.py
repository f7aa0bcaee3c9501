"""A dry run: each message as a file in a folder, in place of sending it."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from reconciler.diagnostics import error
from reconciler.envelope import Resolver
from reconciler.errors import InvalidInput
from reconciler.files import reason_of
from reconciler.model.mail.contacts import BrokenLine
from reconciler.model.mail.sending import SendSummary
from reconciler.model.text.domains import address_domain
from reconciler.sending.entries import entry_of, line_of, verdict_without_message

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime
    from pathlib import Path

    from reconciler.envelope import Identity
    from reconciler.sending.entries import Card
    from reconciler.sending.template import Template

_UNSAFE = re.compile(r"[^A-Za-z0-9.@+_-]+|(?<![A-Za-z0-9])\.|\.(?![A-Za-z0-9])")
_MAX_NAME = 80


def write_drafts(
    cards: Iterable[Card],
    template: Template,
    folder: Path,
    *,
    identity: Identity,
    run_id: str,
    now: Callable[[], datetime],
    limit: int | None = None,
) -> tuple[SendSummary, bool]:
    """Write the message for each contact as ``LINE-ADDRESS.eml``; return the counts, and False if ``limit`` ended it.

    Messages that would be sent count as accepted. The folder is made, and must be empty where it exists; its files
    are for their owner alone. Raises ``InvalidInput`` where it cannot be written.
    """
    resolver = Resolver(identity)
    counts = {"accepted": 0, "skipped": 0, "invalid": 0}
    try:
        _make_empty(folder)
        for card in cards:
            entry = entry_of(card, resolver)
            known = verdict_without_message(entry)
            if known is not None or isinstance(entry, BrokenLine) or entry.to is None:
                counts[known.outcome if known else "invalid"] += 1
                continue
            if counts["accepted"] == limit:
                return SendSummary(**counts), False
            message_id = f"{run_id}.{line_of(card)}@{address_domain(identity.mailbox.email)}"
            try:
                content = template.write(entry, at=now(), message_id=message_id)
            except ValueError:
                counts["invalid"] += 1
                continue
            _write(folder / file_name(line_of(card), entry.to.email), content)
            counts["accepted"] += 1
    except OSError as failure:
        detail = f"{folder} cannot be written: {reason_of(failure)}. Name another folder with --dry-run."
        raise InvalidInput(error("folderUnusable", detail, subject=str(folder))) from None
    return SendSummary(**counts), True


def file_name(line: int, address: str) -> str:
    """Return a file name for an address that every file system takes, whatever the address is."""
    return f"{line:06}-{_UNSAFE.sub('_', address)[:_MAX_NAME]}.eml"


def _make_empty(folder: Path) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if any(folder.iterdir()):
        detail = (
            f"{folder} is not empty, and messages of two runs would mix in it. Name a new folder, or empty this one."
        )
        raise InvalidInput(error("folderUnusable", detail, subject=str(folder)))


def _write(path: Path, content: bytes) -> None:
    with open(path, "xb", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        file.write(content)
