"""Foreign text made harmless: a reader sees what is there, and no terminal or CI log is steered by it.

Escaped are the characters that a terminal obeys (C0 and C1 controls, DEL), that break or hide lines (U+2028,
U+2029), that change the direction of text, that have no shape of their own (``characters.WITHOUT_SHAPE``), and
surrogates, which no encoding can write. Joiners and the selectors of an emoji's look stay where letters and emoji
need them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from reconciler.characters import SHOWN_NAME, SHOWN_VALUE, WITHOUT_SHAPE, clip

if TYPE_CHECKING:
    from collections.abc import Callable

UNSAFE = WITHOUT_SHAPE
"""Matches one character that must not reach a terminal."""

_SUSPECT = re.compile(r"[^ -~…—→]+")
"""Runs of characters among which an unsafe one may be: hardly any text has many, and the full table is slow to search.

Those that are not ASCII and are written in sentences of ours are none."""
_LOG_COMMAND = re.compile(r"#(?=#[a-z]*\[)")
_LOG_COMMAND_AT_START = re.compile(r"^((?:[^\S\n]|\x1b\[[0-9;]*m)*)(?=::)", re.MULTILINE)
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
_LAST_OF_TWO_DIGITS = 0xFF
_LAST_OF_FOUR_DIGITS = 0xFFFF


def safe(text: object, *, limit: int | None = None) -> str:
    r"""Return text as one line that a terminal shows and does not obey.

    Control characters appear as ``\n``, ``\x1b``, ``\u202e`` or ``\U000e0041``. Words that CI systems take for a
    command anywhere in a line (``##vso[``, ``##[``, ``##teamcity[``) are broken by a backslash. A text of more than
    ``limit`` characters is cut to that many, the last of them an ellipsis.
    """
    if (
        type(text) is str
        and (limit is None or len(text) <= limit)
        and text.isascii()
        and text.isprintable()
        and "##" not in text
    ):
        return text  # for speed alone: nearly every text is such
    shown = str(text) if limit is None else clip(str(text), limit)
    return _without_commands(_escaped(shown, _escape), r"#\\")


def clipped(text: str) -> str:
    """Return text made safe; a long one is cut, with the number of characters that are missing."""
    more = len(text) - SHOWN_VALUE
    shown = short(text[:SHOWN_VALUE], SHOWN_VALUE)
    return f"{shown}… ({more:,} characters more)" if more > 0 else shown


def short(text: str, limit: int) -> str:
    """Return text made safe and of at most ``limit`` characters.

    Escaping makes a text longer than it was when it was cut, so it is cut twice.
    """
    return safe(safe(text, limit=limit), limit=limit)


def short_or_none(text: str | None) -> str | None:
    """Return a name or a place made safe and short; None stays None."""
    return None if text is None else short(text, SHOWN_NAME)


def safe_lines(text: object) -> list[str]:
    r"""Return text of several lines, each made safe; only ``\n`` and ``\r\n`` end a line.

    No line begins a command of a CI log, see ``guard_line_starts``.
    """
    return guard_line_starts("\n".join([safe(line) for line in str(text).replace("\r\n", "\n").split("\n")])).split(
        "\n"
    )


def guard_line_starts(text: str) -> str:
    r"""Return a text with ``\`` before a ``::`` at the start of a line, which GitHub would take for a command.

    Our own colour codes before it do not count: a viewer may take them off.
    """
    return _LOG_COMMAND_AT_START.sub(r"\1\\", text) if "::" in text else text


def safe_json(text: str) -> str:
    r"""Return JSON text with the unsafe characters written as ``\uXXXX``: the same document, safe to look at.

    A ``#`` that would begin a command of a CI log is escaped, too. Line feeds stay: in JSON they stand between
    values only.
    """
    return _without_commands(_escaped(text, _escape_json), r"\\u0023")


def _without_commands(text: str, hash_sign: str) -> str:
    return _LOG_COMMAND.sub(hash_sign, text) if "##" in text else text


def _escaped(text: str, escape: Callable[[re.Match[str]], str]) -> str:
    """Return a text with each unsafe character escaped; whether one is unsafe may hang on the character before it."""
    if text.isascii() and text.isprintable():  # nearly every text is, and looking at each character takes longer
        return text

    def of(run: re.Match[str]) -> str:
        before = text[max(run.start() - 1, 0) : run.start()]
        return UNSAFE.sub(escape, before + run.group())[len(before) :]

    return _SUSPECT.sub(of, text)


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
