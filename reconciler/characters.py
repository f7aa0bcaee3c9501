"""Characters of foreign text: which have no shape of their own or steer what shows them, and how much is shown.

A letter without a shape makes two texts look alike that are not, and hides a message in one that looks harmless. The
tables are data of the Unicode Character Database; ``tests/test_characters.py`` goes over every one of their characters.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_PLANE_END = 0xFFFF


class CharacterPattern:
    """A pattern of one character, compiled when it is first used: a table of many ranges takes long, and most runs need none.

    Most text is ASCII, for which ``in_ascii`` says the same with one or two ranges, where it is given.
    """

    def __init__(self, pattern: Callable[[], str], *, in_ascii: str = "") -> None:
        """Keep what makes the pattern."""
        self._pattern = pattern
        self._in_ascii = in_ascii

    @cached_property
    def _compiled(self) -> re.Pattern[str]:
        return re.compile(self._pattern())

    @cached_property
    def _plain(self) -> re.Pattern[str]:
        return re.compile(self._in_ascii) if self._in_ascii else self._compiled

    def search(self, text: str) -> re.Match[str] | None:
        """Return the first such character."""
        if self._in_ascii and text.isascii() and text.isprintable():
            return None  # in ASCII these are characters that do not print
        return (self._plain if text.isascii() else self._compiled).search(text)

    def finditer(self, text: str) -> Iterator[re.Match[str]]:
        """Yield each such character in turn."""
        return (self._plain if text.isascii() else self._compiled).finditer(text)

    def match(self, text: str) -> re.Match[str] | None:
        """Return such a character at the text's beginning."""
        return self._compiled.match(text)

    def findall(self, text: str) -> list[str]:
        """Return all such characters."""
        return self._compiled.findall(text)

    def sub(self, replacement: str | Callable[[re.Match[str]], str], text: str) -> str:
        """Return a text with another in the place of each."""
        return (self._plain if text.isascii() else self._compiled).sub(replacement, text)


def _class_of(table: str) -> str:
    """Return the ranges of a table as the inside of a character class, written in ASCII."""
    return "".join("-".join(_escape(int(end, 16)) for end in span.split("-")) for span in table.split())


def _escape(number: int) -> str:
    return f"\\u{number:04x}" if number <= _PLANE_END else f"\\U{number:08x}"


def _without(table: str, numbers: set[int]) -> str:
    """Return a table without some of its code points."""
    left: list[str] = []
    for span in table.split():
        first, last = (int(end, 16) for end in (span.split("-") * 2)[:2])
        inside = sorted(number for number in numbers if first <= number <= last)
        for number in [*inside, last + 1]:
            if first < number:
                left.append(f"{first:X}-{number - 1:X}")
            first = number + 1
    return " ".join(left)


def _numbers_of(table: str) -> set[int]:
    """Return the code points of a table."""
    spans = ((span.split("-") * 2)[:2] for span in table.split())
    return {number for first, last in spans for number in range(int(first, 16), int(last, 16) + 1)}


DEFAULT_IGNORABLE = (
    "00AD 034F 061C 115F-1160 17B4-17B5 180B-180F 200B-200F 202A-202E 2060-206F 3164 FE00-FE0F FEFF FFA0 "
    "FFF0-FFF8 1BCA0-1BCA3 1D173-1D17A E0000-E0FFF"
)
"""The property Default_Ignorable_Code_Point: what a program shows as nothing where it does not know better.

Source: DerivedCoreProperties.txt of Unicode 14.0 to 17.0, which agree; it covers code points not yet assigned too.
"""

_EXTENDED_PICTOGRAPHIC = (
    "00A9 00AE 203C 2049 2122 2139 2194-2199 21A9-21AA 231A-231B 2328 2388 23CF 23E9-23F3 23F8-23FA 24C2 "
    "25AA-25AB 25B6 25C0 25FB-25FE 2600-2605 2607-2612 2614-2685 2690-2705 2708-2712 2714 2716 271D 2721 "
    "2728 2733-2734 2744 2747 274C 274E 2753-2755 2757 2763-2767 2795-2797 27A1 27B0 27BF 2934-2935 "
    "2B05-2B07 2B1B-2B1C 2B50 2B55 3030 303D 3297 3299 1F000-1F0FF 1F10D-1F10F 1F12F 1F16C-1F171 "
    "1F17E-1F17F 1F18E 1F191-1F19A 1F1AD-1F1E5 1F201-1F20F 1F21A 1F22F 1F232-1F23A 1F23C-1F23F "
    "1F249-1F3FA 1F400-1F53D 1F546-1F64F 1F680-1F6FF 1F774-1F77F 1F7D5-1F7FF 1F80C-1F80F 1F848-1F84F "
    "1F85A-1F85F 1F888-1F88F 1F8AE-1F8FF 1F90C-1F93A 1F93C-1F945 1F947-1FAFF 1FC00-1FFFD"
)
"""The property Extended_Pictographic: emoji, and what may become one. Source: emoji-data.txt of Unicode 14.0."""

_NONCHARACTERS = "FDD0-FDEF " + " ".join(f"{plane:X}FFFE-{plane:X}FFFF" for plane in range(17))
"""The property Noncharacter_Code_Point: never a letter, by Unicode's promise."""
_PRIVATE_USE = "E000-F8FF F0000-FFFFD 100000-10FFFD"
"""The general category Co: whatever a font makes of it."""
_EMPTY_SHAPES = "2800 FFF9-FFFB 13430-13455 1D159"
"""Assigned to be blank or to annotate: braille without dots, interlinear annotation, Egyptian layout, the null note."""
_CONTROLS = "0000-001F 007F-009F 2028-2029 D800-DFFF"
"""C0, DEL, C1, line and paragraph separators, surrogates."""

_SHAPERS = "180B-180D 180F 200C-200D FE00-FE0F E0100-E01EF"
"""Joiners and variation selectors: names of people are written with them, so manifests may hold them."""

_JOINERS, _EMOJI_SELECTORS, _ENCLOSING_KEYCAP = "\\u200c\\u200d", "\\ufe0e\\ufe0f", "\\u20e3"
_WITHOUT_JOINING = "\\u0000-\\u058f\\u1e00-\\u1fff\\u2c60-\\u2c7f\\ua640-\\ua69f\\ua720-\\ua7ff\\uab30-\\uab6f\\ufb00-\\ufb06\\uff01-\\uff5e"
"""ASCII, Latin, Greek, Cyrillic and Armenian: scripts in which no letter joins another, nor needs a joiner."""


def _without_shape() -> str:
    """Return the pattern of ``WITHOUT_SHAPE``."""
    held_back = "".join(map(_class_of, (_CONTROLS, _EMPTY_SHAPES, _NONCHARACTERS, _PRIVATE_USE)))
    joiners_and_selectors = {0x200C, 0x200D, 0xFE0E, 0xFE0F}
    hidden = _class_of(_without(DEFAULT_IGNORABLE, joiners_and_selectors))
    pictures = _class_of(_EXTENDED_PICTOGRAPHIC)
    return (
        f"[{hidden}{held_back}]"
        f"|(?<=[{_WITHOUT_JOINING}{hidden}{_JOINERS}{held_back}])[{_JOINERS}]"
        f"|(?<![{pictures}0-9#*])[{_EMOJI_SELECTORS}]"
        f"|(?<=[0-9#*])[{_EMOJI_SELECTORS}](?!{_ENCLOSING_KEYCAP})"
    )


WITHOUT_SHAPE = CharacterPattern(_without_shape)
"""One character that is shown as its code wherever foreign text is shown.

It steers a terminal, or has no shape of its own. A joiner stays but after a letter that nothing joins, and the selector
of an emoji's look stays after an emoji or inside a keycap: Persian, Indic scripts and emoji are misspelt without them.
"""

_HIDING = " ".join((_without(DEFAULT_IGNORABLE, _numbers_of(_SHAPERS)), "2800 FFF9-FFFB 1D159", _NONCHARACTERS))
_HIDING_IN_SCHEMAS = " ".join(span for span in _HIDING.split() if int(span.partition("-")[0], 16) <= _PLANE_END)
"""The same within the first plane: beyond it, engines of JSON Schema differ in how a pattern writes a character."""
_STEERING = "0000-001F 007F-009F 2028 2029 202A-202E 2066-2069 FEFF"
"""C0 and C1 controls, line and paragraph separators, bidirectional overrides and isolates, byte order mark."""

_IN_ASCII = "[\\x00-\\x1f\\x7f]"

UNSAFE_CHARACTER = CharacterPattern(lambda: f"[{_class_of(_STEERING)}]", in_ascii=_IN_ASCII)
"""One character that steers whatever shows it: none stands in a value that is not shown escaped."""
REFUSED_CHARACTER = CharacterPattern(lambda: f"[{_class_of(_STEERING)}{_class_of(_HIDING)}]", in_ascii=_IN_ASCII)
"""These, and what nobody would see: no text of a manifest holds one."""
REFUSED_IN_SCHEMAS = f"{_class_of(_STEERING)}{_class_of(_HIDING_IN_SCHEMAS)}"
"""The inside of a character class: the same for JSON Schema, as far as its patterns go."""
REFUSED_IN_FILES = CharacterPattern(
    lambda: f"[{_class_of(_without(_STEERING, {9, 10, 13}))}{_class_of(_HIDING)}]",
    in_ascii="[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\x7f]",
)
"""The same but for tab and line ends, which stand between the values of a file.

Among that are the two that the YAML parser refuses as soon as they come into its buffer, thousands of lines ahead.
"""
_NOT_ON_CARDS = (
    "0000-001F 007F-009F 00AD 061C 180E 200B 200E 200F 2028-202E 2060-206F D800-DFFF FDD0-FDEF FEFF FFF0-FFFB "
    "FFFE FFFF 13430-1345F 1BCA0-1BCA3 1D173-1D17A E0000-E007F"
)
_SHOWN_AS_NOTHING = "034F 115F 1160 17B4 17B5 200C 200D 2800 3164 FFA0 FE00-FE0F E0100-E01EF"

REFUSED_ON_CARDS = CharacterPattern(lambda: f"[{_class_of(_NOT_ON_CARDS)}]")
"""What no value of a contact's card holds that becomes a header: it would not show, or break the line.

Fewer than in a manifest: cards come from elsewhere, and who is written with a filler is to be reached too.
"""
INVISIBLE = CharacterPattern(lambda: f"[\\s{_class_of(_SHOWN_AS_NOTHING)}]")
"""What takes part in text and shows nothing: spaces, joiners, fillers, the blank Braille cell, variation selectors."""

SHOWN_CODE = 40
"""How much is shown of a code word of a protocol."""
SHOWN_WORD = 60
"""Of what somebody named or wrote, as much as a sentence needs to be understood: a key, a field, a host, a place."""
SHOWN_NAME = 160
"""Of a name or a summary that stands by itself."""
SHOWN_PATH = 200
"""Of a path, an address of a file, a command, a title."""
SHOWN_REPLY = 300
"""Of what a server said, and of a cell of a table."""
SHOWN_ADDRESS = 320
"""Of an e-mail address; no valid one is longer (RFC 3696, erratum 1690, and RFC 5321 section 4.5.3.1)."""
SHOWN_VALUE = 400
"""Of the value of a field that is compared."""
SHOWN_SENTENCE = 1200
"""Of a sentence that quotes several of these."""

_LINE_END = re.compile("[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]")


def clip(text: str, limit: int) -> str:
    """Return a text whole, or its first ``limit`` characters, the last of them an ellipsis in place of what is cut.

    >>> clip("reconciler", 10), clip("reconciler", 4)
    ('reconciler', 'rec…')
    """
    return text if len(text) <= limit else text[: max(limit - 1, 0)] + "…"


def clip_start(text: str, limit: int) -> str:
    """Return a text whole, or its last ``limit`` characters after an ellipsis: the end of a path tells more."""
    return text if len(text) <= limit else "…" + text[-limit:]


def one_line(text: object, *, limit: int | None = None) -> str:
    r"""Return text on one line, its line ends shown as ``\n`` and the like; beyond ``limit`` characters it is cut."""
    shown = str(text) if limit is None else clip(str(text), limit)
    return _LINE_END.sub(lambda match: match.group().encode("unicode_escape").decode("ascii"), shown)


def composed(text: str) -> str:
    """Return a text in Unicode form NFC: equal for two texts that differ in nothing that anybody sees."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def folded(text: str) -> str:
    """Return a text as it is searched for: without case, and in NFC."""
    return composed(composed(text).casefold())
