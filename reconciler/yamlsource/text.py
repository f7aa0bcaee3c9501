"""From octets to text that is what it looks like: UTF-8, and no character that hides or reorders what stands there."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from reconciler.characters import REFUSED_IN_FILES
from reconciler.diagnostics import Diagnostic, Location, error

if TYPE_CHECKING:
    from collections.abc import Iterator

BYTE_ORDER_MARK = "\ufeff"
_SAFE_ASCII = bytes([0x09, 0x0A, 0x0D, *range(0x20, 0x7F)])
_LINE_END = re.compile("\r\n|\r|\n")


class Cursor:
    """Counts lines and columns on the way through a text, so that a thousand places cost one pass."""

    def __init__(self, text: str, file: str) -> None:
        """Begin at the first character."""
        self._text = text
        self._file = file
        self.line = 0
        """The line, from 0, of the place asked for last."""
        self._line_start = 0
        self._counted = 0

    def location_of(self, index: int) -> Location:
        """Return the place of the character at an index; no index may lie before the one asked for last."""
        for line_end in _LINE_END.finditer(self._text, self._counted, index):
            self.line += 1
            self._line_start = line_end.end()
        self._counted = index
        return Location(self._file, self.line + 1, index - self._line_start + 1)


def decode(octets: bytes, *, file: str) -> str | Diagnostic:
    r"""Return the text without a byte order mark at its start, or the problem that the octets are not UTF-8.

    >>> decode(b"\xef\xbb\xbfkind: A", file="a.yaml")
    'kind: A'
    >>> decode(b"name: caf\xe9", file="a.yaml").code
    'notUtf8'
    """
    try:
        return octets.decode("utf-8").removeprefix(BYTE_ORDER_MARK)
    except UnicodeDecodeError as refusal:
        start = refusal.start
    if octets.startswith((b"\xff\xfe", b"\xfe\xff")):
        detail = "The file is UTF-16. Save it as UTF-8, which every editor offers."
    else:
        detail = (
            f"The byte 0x{octets[start]:02X} here is not UTF-8 text; the file was probably saved in another encoding, "
            "such as Windows-1250 or Latin-1. Save it as UTF-8, which every editor offers."
        )
    before = octets[:start].decode("utf-8").removeprefix(BYTE_ORDER_MARK)
    return error("notUtf8", detail, location=Cursor(before, file).location_of(len(before)))


def is_safe_ascii(octets: bytes) -> bool:
    r"""Tell whether octets are nothing but printable ASCII, tabs and line ends, as in most files: a quick look.

    >>> is_safe_ascii(b"kind: A\n"), is_safe_ascii("name: Zoë".encode())
    (True, False)
    """
    return not octets.translate(None, _SAFE_ASCII)


def unsafe_characters(text: str, *, file: str) -> Iterator[tuple[int, Diagnostic]]:
    r"""Yield line (from 0) and problem of each control character and each character that changes the direction of text.

    >>> [(line, problem.code) for line, problem in unsafe_characters("a: 1\nb: \u202e2\n", file="a.yaml")]
    [(1, 'controlCharacter')]
    """
    cursor = Cursor(text, file)
    for unsafe in REFUSED_IN_FILES.finditer(text):
        place = cursor.location_of(unsafe.start())
        yield cursor.line, error("controlCharacter", _unsafe(unsafe.group()), location=place)


def _unsafe(character: str) -> str:
    name = f"U+{ord(character):04X}"
    if character == BYTE_ORDER_MARK:
        return f"A byte order mark ({name}) stands inside the file, usually because two files were joined. Remove it."
    if "\u202a" <= character <= "\u202e" or "\u2066" <= character <= "\u2069":
        return (
            f"The character {name} changes the direction of text, so that people see something else than what "
            "stands there. Remove it."
        )
    if character in {"\ufffe", "\uffff"}:
        return f"{name} stands here, which Unicode keeps free of any character. Remove it."
    return f"The invisible character {name} stands here, which nobody sees who reads the file. Remove it."
