"""Resolutions as one JSON document, as JSON lines and as CSV, piece by piece: a file of any length passes through.

Counts and problems are complete only when the last contact has passed, so what they are made of is handed in as a
function, called then.
"""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any

from reconciler.model.plan import FORMAT_VERSION
from reconciler.render.documents import diagnostic_documents
from reconciler.render.safe import safe_json
from reconciler.render.table import cell

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from reconciler.diagnostics import Diagnostic
    from reconciler.model.resolution import Mailbox, Resolution, ResolutionSummary

COLUMNS = (
    "contact", "line", "outcome", "envelopeFrom", "fromEmail", "fromDisplayName", "senderEmail", "senderDisplayName",
    "toEmail", "toDisplayName", "replyToEmail", "replyToDisplayName", "needsSmtputf8", "reasons",
)  # fmt: skip
"""The columns of the CSV; ``reasons`` is ``field:code`` of each, joined by semicolons."""

_ENCODER = json.JSONEncoder(ensure_ascii=False)


def resolution_json(resolution: Resolution) -> str:
    """Return one resolution as JSON on one line, without an end of line."""
    document = resolution.model_dump(by_alias=True)
    return safe_json(_ENCODER.encode(document))


def resolutions_document(
    account: str,
    resolutions: Iterable[Resolution],
    *,
    summary: Callable[[], ResolutionSummary],
    diagnostics: Callable[[], Sequence[Diagnostic]],
) -> Iterator[str]:
    """Return the pieces of the one JSON document, a contact a line."""
    yield f'{{\n  "formatVersion": {_json(FORMAT_VERSION)},\n  "account": {_json(account)},\n  "contacts": ['
    separator = "\n    "
    for resolution in resolutions:
        yield separator + resolution_json(resolution)
        separator = ",\n    "
    told = diagnostic_documents(diagnostics())
    counts = summary().model_dump(by_alias=True)
    closing = "]" if separator == "\n    " else "\n  ]"
    yield f'{closing},\n  "summary": {_json(counts)},\n  "diagnostics": {_json(told)}\n}}\n'


def resolutions_lines(resolutions: Iterable[Resolution]) -> Iterator[str]:
    """Return a line of JSON for each contact."""
    for resolution in resolutions:
        yield resolution_json(resolution) + "\n"


def resolutions_csv(resolutions: Iterable[Resolution]) -> Iterator[str]:
    """Return a CSV line for each contact after the header; cells are safe to open in a spreadsheet, see ``table``."""
    yield _csv_line(COLUMNS)
    for resolution in resolutions:
        yield _csv_line([cell(value) for value in _row(resolution)])


def _row(resolution: Resolution) -> list[Any]:
    return [
        resolution.contact,
        resolution.line,
        resolution.outcome,
        resolution.envelope_from,
        *_halves(resolution.author),
        *_halves(resolution.sender),
        *_halves(resolution.to),
        *_halves(resolution.reply_to),
        resolution.needs_smtputf8,
        ";".join(f"{reason.field}:{reason.code}" for reason in resolution.reasons),
    ]


def _halves(mailbox: Mailbox | None) -> tuple[str | None, str | None]:
    return (mailbox.email, mailbox.display_name) if mailbox else (None, None)


def _csv_line(cells: Sequence[str]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\r\n").writerow(cells)
    return line.getvalue()


def _json(value: Any) -> str:
    return safe_json(_ENCODER.encode(value))
