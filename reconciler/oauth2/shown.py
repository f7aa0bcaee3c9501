"""What a request for a token and its answer look like in a transcript: what proves or is issued is masked whole."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from reconciler.smtp.wire import MASKED

if TYPE_CHECKING:
    from reconciler.smtp.https import Answer

_TOLD_OF_FORM = frozenset({"grant_type", "client_id", "scope", "client_assertion_type"})
_TOLD_OF_ANSWER = frozenset(
    {"error", "error_description", "error_uri", "error_codes", "token_type", "expires_in", "ext_expires_in", "scope"}
)


def shown_form(form: bytes) -> bytes:
    """Return a form, a field a line, the values of secrets masked."""
    fields = parse_qsl(form.decode("ascii", "replace"), keep_blank_values=True)
    lines = [f"{name}={value if name in _TOLD_OF_FORM else MASKED}" for name, value in fields]
    return "\r\n".join(lines).encode()


def shown_answer(answer: Answer) -> bytes:
    """Return an answer: its status, and the fields of its JSON, those masked that are not known to be harmless."""
    lines = [f"HTTP status {answer.status}"]
    try:
        document = json.loads(answer.content)
    except (ValueError, RecursionError):
        document = None
    if isinstance(document, dict):
        lines += [
            f"{str(name)[:40]}: {json.dumps(value) if name in _TOLD_OF_ANSWER else MASKED}"
            for name, value in list(document.items())[:40]
        ]
    else:
        lines.append(f"[{len(answer.content):,} octets that are no JSON object]")
    return "\r\n".join(lines).encode()
