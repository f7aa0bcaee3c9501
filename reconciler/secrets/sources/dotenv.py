r"""Reads dotenv text strictly: what other readers guess at is an error here, because a guess would be a password.

The rules, a line at a time:

- blank lines and lines that begin with ``#`` are passed over; ``export`` before a name is, too;
- ``NAME=value``: letters, digits and ``_ . -``; spaces around name and value do not count;
- without quotes a value is taken as it stands, up to the end of the line or to a ``#`` after a space;
- in single quotes everything is taken as it stands;
- in double quotes ``\\``, ``\"`` and ``\$`` stand for the character after the backslash; no other escape is known;
- nothing is filled in: ``$`` and ``${NAME}`` are themselves, whatever the quotes;
- a name given twice, a quote that does not end on its line, and anything else are errors.

No message of this module holds any text of a line.
"""

from __future__ import annotations

import re

_LINE = re.compile(r"(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_.-]*)[ \t]*=[ \t]*(.*)\Z", re.DOTALL)
_SINGLE = re.compile(r"'([^']*)'[ \t]*(?:#.*)?\Z")
_DOUBLE = re.compile(r'"((?:[^"\\]|\\.)*)"[ \t]*(?:#.*)?\Z')
_ESCAPE = re.compile(r"\\(.)")
_ESCAPABLE = frozenset('\\"$')
_REMARK = re.compile(r"(?:^|[ \t])#.*\Z")


class NotDotenv(ValueError):
    """The text breaks a rule; the message says which, and on which line."""


def parse_dotenv(text: str) -> dict[str, str]:
    """Return values by name; raise ``NotDotenv`` with a sentence that holds nothing of the text."""
    values: dict[str, str] = {}
    for number, line in enumerate(text.split("\n"), start=1):
        stripped = line.strip(" \t\r")
        if not stripped or stripped.startswith("#"):
            continue
        matched = _LINE.match(stripped)
        if matched is None:
            raise NotDotenv(f"line {number} is not of the form NAME=value")
        if matched[1] in values:
            raise NotDotenv(f"line {number} gives a name that an earlier line has given already")
        values[matched[1]] = _value(matched[2], number)
    return values


def _value(written: str, number: int) -> str:
    if written.startswith("'"):
        quoted = _SINGLE.match(written)
        if quoted is None:
            raise NotDotenv(f"on line {number} a single quote does not end, or something stands after it")
        return quoted[1]
    if written.startswith('"'):
        quoted = _DOUBLE.match(written)
        if quoted is None:
            raise NotDotenv(f"on line {number} a double quote does not end, or something stands after it")
        if any(escaped not in _ESCAPABLE for escaped in _ESCAPE.findall(quoted[1])):
            raise NotDotenv(f'on line {number} a backslash stands before something else than \\, " or $')
        return _ESCAPE.sub(r"\1", quoted[1])
    return _REMARK.sub("", written).rstrip(" \t")
