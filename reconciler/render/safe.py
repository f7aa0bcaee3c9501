"""Foreign text made harmless: what is shown is what is there, and it cannot steer a terminal or a CI log.

Escaped are the characters that a terminal obeys (C0 and C1 controls, DEL), that break or hide lines (U+2028, U+2029),
that change the direction of text, that have no shape of their own (``characters.WITHOUT_SHAPE``), and surrogates, which
no encoding can write. Joiners and the selectors of an emoji's look stay where letters and emoji need them.
"""

from __future__ import annotations

import re

from reconciler.characters import WITHOUT_SHAPE

UNSAFE = WITHOUT_SHAPE
"""One character that must not reach a terminal."""

_LOG_COMMAND = re.compile(r"#(?=#[a-z]*\[)")
_LOG_COMMAND_AT_START = re.compile(r"\A((?:\s|\x1b\[[0-9;]*m)*)(?=::)")
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
_LAST_OF_TWO_DIGITS = 0xFF
_LAST_OF_FOUR_DIGITS = 0xFFFF


def safe(text: object, *, limit: int | None = None) -> str:
    r"""Return text as one line that a terminal shows and does not obey.

    Control characters appear as ``\n``, ``\x1b``, ``\u202e`` or ``\U000e0041``. What CI systems would take for a
    command wherever it stands in a line (``##vso[``, ``##[``, ``##teamcity[``) is broken by a backslash. With
    ``limit``, text of more characters is cut to that many, the last of them an ellipsis.
    """
    shown = str(text)
    if limit is not None and len(shown) > limit:
        shown = shown[: max(limit - 1, 0)] + "…"
    return _LOG_COMMAND.sub(r"#\\", UNSAFE.sub(_escape, shown))


def safe_lines(text: object) -> list[str]:
    r"""Return text of several lines, each made safe; only ``\n`` and ``\r\n`` end a line.

    No line begins a command of a CI log, see ``guard_line_start``.
    """
    return [guard_line_start(safe(line)) for line in str(text).replace("\r\n", "\n").split("\n")]


def guard_line_start(line: str) -> str:
    r"""Return the line with ``\`` before a ``::`` that it begins with, which GitHub would take for a command.

    Our own colour codes before it count as nothing: a viewer may take them off.
    """
    return _LOG_COMMAND_AT_START.sub(r"\1\\", line)


def safe_json(text: str) -> str:
    r"""Return JSON text with what ``safe`` escapes written as ``\uXXXX``: the same document, safe to look at.

    So is a ``#`` that would begin a command of a CI log. Line feeds stay: in JSON text they stand between values only.
    """
    return _LOG_COMMAND.sub(r"\\u0023", UNSAFE.sub(_escape_json, text))


def _escape(match: re.Match[str]) -> str:
    character = match.group()
    if character in _SHORT:
        return _SHORT[character]
    number = ord(character)
    if number <= _LAST_OF_TWO_DIGITS:
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number <= _LAST_OF_FOUR_DIGITS else f"\\U{number:08x}"


def _escape_json(match: re.Match[str]) -> str:
    character = match.group()
    if character == "\n":
        return character
    octets = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{octets[at]:02x}{octets[at + 1]:02x}" for at in range(0, len(octets), 2))
