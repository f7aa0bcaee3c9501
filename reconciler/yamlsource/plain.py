r"""Reads the plain YAML that most manifests are, line by line, in a third of the time that the parser's events take.

The premise: block mappings, lists of texts, and mappings in braces within one line, whose values are plain or simply quoted
texts within their lines, leave nothing to interpretation. What is read here is what the parser gives, places too. At the
first line that is not surely so the whole file is left to the parser, which alone knows what is wrong with it.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, TypeAlias

from reconciler.yamlsource.limits import DOCUMENT_VALUES, MAX_VALUES
from reconciler.yamlsource.text import is_safe_ascii
from reconciler.yamlsource.values import (
    COLUMN,
    COLUMN_BITS,
    LocatedMapping,
    LocatedSequence,
    YamlDocument,
)

if TYPE_CHECKING:
    from reconciler.yamlsource.values import Place

_MAX_CHARACTERS = 64 * 1024
"""A larger file may be beyond a limit, and none of one text in a line is."""
_MAX_LINE = 1_000
"""What the parser takes for a key has 1,024 characters at most, the colon included."""
_MAX_LEVELS = 50
_USUAL = r"\n -~\u00a1-\u00ac\u00ae-\u024f\u0370-\u052f"
"""Characters that are surely seen, and end no line but as the line feed does."""
_UNUSUAL = re.compile(f"[^{_USUAL}]")
_KEY = r"([A-Za-z0-9_][A-Za-z0-9_./-]*)"
_QUOTED = r"""("[^"\\]*"|'[^']*')"""
_PLAIN = r"([A-Za-z0-9_./~](?:[^ :#]+| +(?![ #]|$)|:(?=[^ ])|(?<=[^ ])#)*+)"
_PLAIN_IN_BRACES = r"([A-Za-z0-9_./](?:[A-Za-z0-9_./@+-]| +(?=[A-Za-z0-9_./@+]))*)"
_BRACES = r"(\{[^{}]*\})"
_LINE = re.compile(rf"( *)(?:{_KEY}:(?:( +)(?:{_PLAIN}|{_QUOTED}|{_BRACES}))?|-( +)(?:{_PLAIN}|{_QUOTED}))(?: +#.*| *)")
_EMPTY_LINE = re.compile(r" *(?:#.*)?")
_MEMBER = re.compile(rf" *{_KEY}: +(?:{_PLAIN_IN_BRACES}|{_QUOTED}) *[,}}]")

_WORDS: dict[str, bool | None] = {"true": True, "false": False, "null": None, "~": None, "": None}
_WHOLE_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,17})\Z")
_SURELY_TEXT = frozenset("abcdeghijklmopqrsuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
"""First letters that neither a word with a meaning nor a number begins with: most text is told by them."""
_DIGITS = frozenset("0123456789")


_LINES_AT_HAND = 1024
"""Most manifests are much alike: two lines of three are read once for all files that have them."""
_Scalar: TypeAlias = "str | int | bool | None"
_Members: TypeAlias = "tuple[dict[str, _Scalar], tuple[int, ...]]"
"""A mapping in braces, with the places of each key and each value in turn, counted from its beginning."""
_Line: TypeAlias = "tuple[int, str | None, int, _Scalar, _Members | None]"
"""Where a line begins; its key, None for an entry of a list; where its value begins, 0 for none; the value; or its members."""


class _NotPlain(Exception):
    """What is written may mean something else than it seems, or nothing."""


def plain_documents(octets: bytes, text: str, *, file: str) -> list[YamlDocument] | None:
    r"""Return the documents of a file, whose ``text`` the octets are; None where it is not surely plain.

    >>> [each.value for each in plain_documents(b"a: 1\n---\nb: {c: d}\n", "a: 1\n---\nb: {c: d}\n", file="a.yaml")]
    [{'a': 1}, {'b': {'c': 'd'}}]
    >>> plain_documents(b"a: |\n  b\n", "a: |\n  b\n", file="a.yaml") is None
    True
    """
    if len(text) > _MAX_CHARACTERS or "\t" in text or "\r" in text:
        return None
    if not is_safe_ascii(octets) and _UNUSUAL.search(text):
        return None
    lines = text.split("\n")
    if len(text) > _MAX_LINE and max(map(len, lines)) > _MAX_LINE:
        return None
    starts = [number for number, line in enumerate(lines) if line.startswith("---")] if "---" in text else []
    if any(lines[start].rstrip(" ") != "---" for start in starts):
        return None
    # What stands before the first --- is a document of its own, unless it is empty lines and comments.
    if not starts or any(map(_says_something, lines[: starts[0]])):
        starts.insert(0, -1)
    try:
        return [
            _document(lines, first + 1, behind, file)
            for first, behind in zip(starts, (*starts[1:], len(lines)), strict=True)
        ]
    except _NotPlain:
        return None


def _says_something(line: str) -> bool:
    return not _EMPTY_LINE.fullmatch(line)


def _document(lines: list[str], first: int, behind: int, file: str) -> YamlDocument:
    """Return the document in these lines; raise ``_NotPlain`` also for an empty one."""
    reading = _Document()
    for number in range(first, behind):
        read = _read_line(lines[number])
        if read is not None:
            reading.take(number << COLUMN_BITS, *read)
    top = reading.finished()
    return YamlDocument(top, file, top.places[0], 0, reading.values + DOCUMENT_VALUES)


@lru_cache(maxsize=_LINES_AT_HAND)
def _read_line(line: str) -> _Line | None:
    """Return what a line says, None for one that says nothing; raise ``_NotPlain``."""
    found = _LINE.fullmatch(line)
    if found is None:
        if _says_something(line):
            raise _NotPlain
        return None
    indent, key, gap, plain, quoted, braces, item_gap, item, quoted_item = found.groups()
    column = len(indent)
    if key is None:
        return column, None, column + 1 + len(item_gap), _text(item, quoted_item), None
    if gap is None:
        return column, key, 0, None, None
    value = column + len(key) + 1 + len(gap)
    if braces is not None:
        return column, key, value, None, _in_braces(braces)
    return column, key, value, _text(plain, quoted), None


class _Document:
    """One document, as far as it was read."""

    __slots__ = ("_column", "_key", "_key_place", "_list", "_list_column", "_mapping", "_mappings", "values")

    def __init__(self) -> None:
        """Begin before its first line."""
        self._mapping = LocatedMapping()
        self._mapping.places = []
        """The innermost that the next line may belong to, whose keys stand in the ``_column``."""
        self._column = 0
        self._mappings = [(0, self._mapping)]
        """It and those around it, the outermost first."""
        self._key: str | None = None
        """The key whose value begins in the next line; None: the last one has a value."""
        self._key_place = 0
        self._list: LocatedSequence | None = None
        """The list that the next line may go on with."""
        self._list_column = 0
        self.values = 1

    def take(
        self, line: Place, column: int, key: str | None, offset: int, value: object, members: _Members | None
    ) -> None:
        """Take a line, by the place of its beginning, with what it says."""
        if key is None:
            self._add_entry(line | column, value, line | offset)
            return
        if column != self._column or self._key is not None:
            self._turn_to(column, line | column)
        mapping, self._list = self._mapping, None
        if key in mapping:
            raise _NotPlain
        if not offset:
            self._key, self._key_place = key, line | column
            return
        place = line | offset
        if members is not None:
            value = inner = LocatedMapping()
            inner.update(members[0])
            inner.places = [place + each for each in members[1]]
            self.values += len(inner)
        mapping[key] = value
        mapping.places += (line | column, place)
        self.values += 1

    def _turn_to(self, column: int, place: Place) -> None:
        """Make the mapping whose keys stand in this column the innermost; it begins here where a key waits for it."""
        mappings = self._mappings
        if self._key is not None:
            if column <= self._column or len(mappings) > _MAX_LEVELS:
                raise _NotPlain  # the key has no value, or there are more levels than anybody needs
            inner = LocatedMapping()
            inner.places = []
            self._fill(inner, place)
            mappings.append((column, inner))
        while mappings[-1][0] > column:
            mappings.pop()
        self._column, self._mapping = mappings[-1]
        if self._column != column:
            raise _NotPlain

    def _add_entry(self, hyphen: Place, text: object, place: Place) -> None:
        column = hyphen & COLUMN
        if self._key is not None and column >= self._column:
            self._list, self._list_column = LocatedSequence(), column
            self._list.places = []
            self._fill(self._list, hyphen)
        if self._key is not None or self._list is None or column != self._list_column:
            raise _NotPlain
        self._list.append(text)
        self._list.places.append(place)
        self.values += 1

    def _fill(self, value: LocatedMapping | LocatedSequence, place: Place) -> None:
        """Give the key that waits its value."""
        self._mapping[self._key or ""] = value
        self._mapping.places += (self._key_place, place)
        self._key = None
        self.values += 1

    def finished(self) -> LocatedMapping:
        """Return the whole; raise ``_NotPlain`` where it has no end, no beginning, or too many values."""
        _, top = self._mappings[0]
        if self._key is not None or not top or self.values > MAX_VALUES:
            raise _NotPlain
        return top


def _text(plain: str | None, quoted: str) -> _Scalar:
    return quoted[1:-1] if plain is None else text_or_word(plain)


def _in_braces(braces: str) -> _Members:
    """Return the mapping of a text in braces."""
    mapping: dict[str, _Scalar] = {}
    places: list[int] = []
    at, end = 1, len(braces) if braces.strip("{ }") else 0
    while at < end:
        found = _MEMBER.match(braces, at)
        if found is None or found[1] in mapping:
            raise _NotPlain
        key, plain, quoted = found.groups()
        mapping[key] = _text(plain, quoted)
        places += (found.start(1), found.start(2 if quoted is None else 3))
        at = found.end()
    return mapping, tuple(places)


def text_or_word(written: str) -> str | int | bool | None:
    """Return ``plain_value``, at once for the most part of all texts.

    >>> text_or_word("sales"), text_or_word("587")
    ('sales', 587)
    """
    return written if written[:1] in _SURELY_TEXT else plain_value(written)


def plain_value(written: str) -> str | int | bool | None:
    """Return what a plain (unquoted) scalar stands for: true, false, null, a whole number, or text exactly as written.

    The rule is the core schema of YAML 1.2.2 (section 10.3.2) made narrower, so that nothing changes its type
    unnoticed: no ``yes``, ``no``, ``on``, ``off``, ``True`` or ``NULL``, no octal, hexadecimal, float, date or
    sexagesimal numbers, and no number of more than 18 digits. Quoted and block scalars never come here: they are text.

    >>> plain_value("587"), plain_value("true"), plain_value("~")
    (587, True, None)
    >>> plain_value("no"), plain_value("0755"), plain_value("1e3")
    ('no', '0755', '1e3')
    """
    if written[-1:] in _DIGITS:
        return int(written) if _WHOLE_NUMBER.match(written) else written
    return _WORDS.get(written, written)
