"""Contacts from JSON lines: ``{"email": …, "name": …, "details": {…}}``, an object a line.

Details may be text, numbers (taken as they are written), true and false (taken as these words) or null (missing).
Any other key or type is a broken line: a detail that stands beside ``details`` would otherwise count as missing for
every contact, and nobody would be told.
"""

from __future__ import annotations

import json
import unicodedata
from collections import Counter
from typing import TYPE_CHECKING, Any

from reconciler.contacts.records import MAX_RECORD_OCTETS
from reconciler.diagnostics import one_line
from reconciler.model.mail.contacts import BrokenLine, Contact

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reconciler.contacts.records import Line, Lines

_KEYS = {"email", "name", "details"}
_MAX_SHOWN = 60


class _Refused(ValueError):
    """The line is JSON, and no card; the message says why."""


def read_json_lines(lines: Lines) -> Iterator[Contact | BrokenLine]:
    """Return the cards and the broken lines, in the order of the file; blank lines are passed over."""
    while (line := lines.next()) is not None:
        if not line.is_whole:
            lines.skip_rest_of_line()
            yield BrokenLine(line=line.number, reason=f"it is longer than {MAX_RECORD_OCTETS:,} octets")
        elif line.octets.strip():
            yield _card(line)


def _card(line: Line) -> Contact | BrokenLine:
    try:
        text = line.octets.decode("utf-8")
        document = json.loads(
            text, object_pairs_hook=_without_duplicates, parse_constant=_no_number, parse_int=str, parse_float=str
        )
        return _contact(document, line.number)
    except UnicodeDecodeError as failure:
        octet = line.octets[failure.start]
        return BrokenLine(line=line.number, reason=f"octet {failure.start + 1} (0x{octet:02X}) is not UTF-8")
    except json.JSONDecodeError as failure:
        return BrokenLine(line=line.number, reason=f"it is not JSON: {failure.msg} at character {failure.colno}")
    except RecursionError:
        return BrokenLine(line=line.number, reason="it is nested too deeply")
    except _Refused as refusal:
        return BrokenLine(line=line.number, reason=one_line(refusal))


def _contact(document: Any, number: int) -> Contact:
    if not isinstance(document, dict):
        raise _Refused(
            "it is not a JSON object, such as " + '{"email": "anna@example.com", "name": "Anna", "details": {}}'
        )
    unknown = sorted(document.keys() - _KEYS)
    if unknown:
        raise _Refused(f"{unknown[0][:_MAX_SHOWN]} is not a key of a contact; a detail belongs under details")
    details = document.get("details")
    if details is not None and not isinstance(details, dict):
        raise _Refused("details is not an object")
    named = {
        unicodedata.normalize("NFC", key): _text(value, f"the detail {key[:_MAX_SHOWN]}")
        for key, value in (details or {}).items()
    }
    if len(named) != len(details or {}):
        raise _Refused("two details have the same name")
    email, name = _text(document.get("email"), "email"), _text(document.get("name"), "name")
    return Contact(email=email or "", name=name, details=named, line=number)


def _text(value: Any, what: str) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    raise _Refused(f"{what} is {'a list' if isinstance(value, list) else 'an object'}, not a text")


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        twice = Counter(key for key, _ in pairs).most_common(1)[0][0]
        raise _Refused(f"the key {twice[:_MAX_SHOWN]} is given twice")
    return found


def _no_number(word: str) -> None:
    raise _Refused(f"{word} is not JSON")
