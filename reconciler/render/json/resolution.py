"""Resolutions as one JSON document and as JSON lines, piece by piece: a file of any length passes through.

Counts and problems are complete only after the last contact, so they are handed in as a function, which is called
then.
"""

from __future__ import annotations

import json
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from reconciler.model.formats import FORMAT_VERSION
from reconciler.render.json.documents import diagnostic_documents
from reconciler.render.safe import safe_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from reconciler.diagnostics import Diagnostic
    from reconciler.model.mail.resolution import Mailbox, Reason, Resolution, ResolutionSummary

_ENCODER = json.JSONEncoder(ensure_ascii=False)
_text = json.encoder.encode_basestring
"""Returns a text as JSON has it."""


def resolution_json(resolution: Resolution) -> str:
    """Return one resolution as one line of JSON, without its line end, as its schema has it.

    It is written here field by field because a model takes three times as long. All but the contact and whom the message
    is for comes again with many contacts.
    """
    contact, to = safe_json(_text(resolution.contact)), safe_json(_mailbox(resolution.to))
    line = "null" if resolution.line is None else resolution.line
    return (
        f'{{"contact": {contact}, "line": {line}, "outcome": "{resolution.outcome}", '
        f'{_author_json(resolution.envelope_from, resolution.author, resolution.sender)}, "to": {to}, '
        f"{_replies_json(resolution.reply_to, resolution.further_replies)}, "
        f'"needsSmtputf8": {"true" if resolution.needs_smtputf8 else "false"}, {_reasons_json(resolution.reasons)}}}'
    )


@lru_cache(maxsize=256)
def _author_json(envelope_from: str, author: Mailbox | None, sender: Mailbox | None) -> str:
    """Return the fields of whom a message comes from: many contacts see the same."""
    return safe_json(
        f'"envelopeFrom": {_text(envelope_from)}, "from": {_mailbox(author)}, "sender": {_mailbox(sender)}'
    )


@lru_cache(maxsize=256)
def _replies_json(reply_to: Mailbox | None, further: tuple[Mailbox, ...]) -> str:
    listed = f', "furtherReplies": [{", ".join(map(_mailbox, further))}]' if further else ""
    return safe_json(f'"replyTo": {_mailbox(reply_to)}{listed}')


def _mailbox(mailbox: Mailbox | None) -> str:
    if mailbox is None:
        return "null"
    name = "null" if mailbox.display_name is None else _text(mailbox.display_name)
    return f'{{"email": {_text(mailbox.email)}, "displayName": {name}}}'


@lru_cache(maxsize=256)
def _reasons_json(reasons: tuple[Reason, ...]) -> str:
    return f'"reasons": [{", ".join(map(_reason_json, reasons))}]'


@lru_cache(maxsize=256)
def _reason_json(reason: Reason) -> str:
    return _json({"field": reason.field, "code": reason.code, "message": reason.message})


def resolutions_document(
    account: str,
    resolutions: Iterable[Resolution],
    *,
    summary: Callable[[], ResolutionSummary],
    diagnostics: Callable[[], Sequence[Diagnostic]],
) -> Iterator[str]:
    """Yield the pieces of the one JSON document, a contact a line."""
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
    """Yield a line of JSON for each contact."""
    for resolution in resolutions:
        yield resolution_json(resolution) + "\n"


def _json(value: Any) -> str:
    return safe_json(_ENCODER.encode(value))
