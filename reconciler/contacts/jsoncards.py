"""Contacts from JSON lines: ``{"email": …, "name": …, "details": {…}}``, an object a line.

Details may be text, numbers (as they are written), true and false (as these words) or null (missing). Any other key
or type makes a broken line: a detail beside ``details`` would otherwise count as missing for every contact, and
nobody would be told.
"""

from __future__ import annotations

import json
import unicodedata
from typing import TYPE_CHECKING, Any

from reconciler.characters import SHOWN_WORD, clip, one_line
from reconciler.contacts.records import MAX_RECORD_OCTETS
from reconciler.model.canonical import DuplicateKey, unique_keys
from reconciler.model.mail.contacts import BrokenLine, Contact

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reconciler.contacts.records import Line, Lines

_KEYS = {"email", "name", "details"}


class _Refused(ValueError):
    """The line is JSON, but not a card; the message says why."""


def read_json_lines(lines: Lines) -> Iterator[Contact | BrokenLine]:
    """Yield the cards and the broken lines, in the order of the file; blank lines are passed over."""
    while (line := lines.next()) is not None:
        if not line.is_whole:
            lines.skip_rest_of_line()
            yield BrokenLine(line=line.number, reason=f"it is longer than {MAX_RECORD_OCTETS:,} octets")
        elif line.octets.strip():
            yield _card(line)


def _card(line: Line) -> Contact | BrokenLine:
    try:
        text = line.octets.decode("utf-8")
        # Numbers stay text: a customer number must not lose its zeros, nor a long one its last digits.
        document = json.loads(
            text, object_pairs_hook=unique_keys, parse_constant=_no_number, parse_int=str, parse_float=str
        )
        return _contact(document, line.number)
    except UnicodeDecodeError as failure:
        octet = line.octets[failure.start]
        return BrokenLine(line=line.number, reason=f"octet {failure.start + 1} (0x{octet:02X}) is not UTF-8")
    except json.JSONDecodeError as failure:
        return BrokenLine(line=line.number, reason=f"it is not JSON: {failure.msg} at character {failure.colno}")
    except DuplicateKey as twice:
        return BrokenLine(line=line.number, reason=one_line(f"the key {clip(twice.key, SHOWN_WORD)} is given twice"))
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
        raise _Refused(f"{clip(unknown[0], SHOWN_WORD)} is not a key of a contact; a detail belongs under details")
    details = document.get("details")
    if details is not None and not isinstance(details, dict):
        raise _Refused("details is not an object")
    named = {
        unicodedata.normalize("NFC", key): _text(value, f"the detail {clip(key, SHOWN_WORD)}")
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


def _no_number(word: str) -> None:
    raise _Refused(f"{word} is not JSON")
