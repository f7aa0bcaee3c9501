"""Contacts from CSV (RFC 4180): a header with ``email``, ``name`` and the details' names, then a card a record.

Before the header may stand blank lines, and Excel's ``sep=;``.

Comma, semicolon or tab, whichever makes the header hold ``email``: spreadsheets write what their country uses.

A quoted field may hold line breaks, so with one quote too many a reader takes the rest of the file for one field.
Such a record is reported at its first line, and reading goes on with the line after that. But the lines of a field
that is properly closed are never read as cards, however long it is: they may come from somebody who would like to
be one.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from collections import Counter
from typing import TYPE_CHECKING, Literal

from reconciler.characters import SHOWN_WORD, one_line
from reconciler.contacts.records import MAX_RECORD_OCTETS
from reconciler.diagnostics import error
from reconciler.errors import InvalidInput
from reconciler.model.mail.contacts import BrokenLine, Contact

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from reconciler.contacts.records import Line, Lines

_DELIMITERS = (",", ";", "\t")
_MAX_SHOWN_COLUMNS = 8
_SEPARATOR = re.compile(rb'"?sep=([,;\t])"?\r?\n', re.IGNORECASE)
"""Before the header, what tells Excel how columns are separated."""
_MEANS_EMAIL = re.compile(r"e-?mail|courriel|correo", re.IGNORECASE)
_WITHOUT_QUOTE = re.compile(rb'[^"\r\n]*+\r?\n?\Z')
"""A line that is a whole record, whatever delimits its fields, as nearly every line is."""
_Where = Literal["start", "plain", "quoted", "quote"]
_State = Literal["open", "ended", "malformed"]


def read_csv(lines: Lines, *, file: str) -> Iterator[Contact | BrokenLine]:
    """Read the header, or raise ``InvalidInput``; then yield cards and broken lines, in the order of the file."""
    header = _next_not_blank(lines)
    said = _SEPARATOR.fullmatch(header.octets) if header is not None else None
    if said is not None:
        header = _next_not_blank(lines)
    if header is None:
        raise _unusable(file, "it is empty. Its first line must name the columns, among them email")
    delimiter, columns = _columns(header, file, (said[1].decode(),) if said is not None else _DELIMITERS)
    return _cards(lines, columns, delimiter)


def _next_not_blank(lines: Lines) -> Line | None:
    line = lines.next()
    while line is not None and line.is_whole and not line.octets.strip():
        line = lines.next()
    return line


def _columns(header: Line, file: str, delimiters: Sequence[str]) -> tuple[str, list[str]]:
    if not header.is_whole:
        raise _unusable(file, f"its first line is longer than {MAX_RECORD_OCTETS:,} octets")
    try:
        text = header.octets.decode("utf-8")
    except UnicodeDecodeError:
        raise _unusable(file, "its first line is not UTF-8. Save the file as UTF-8") from None
    if "\r" in text.rstrip("\r\n"):
        raise _unusable(file, "its lines end in a carriage return alone. Save it with line feeds")
    readings = [(delimiter, _names(text, delimiter)) for delimiter in delimiters]
    for delimiter, names in readings:
        if "email" in names:
            return delimiter, _checked(names, file)
    # The delimiter that gives the most columns is the likeliest one, so its names are shown.
    _, names = max(readings, key=lambda reading: len(reading[1]))
    raise _unusable(file, f"it has no column email. Its first line {_misses(names)}")


def _misses(names: Sequence[str]) -> str:
    """Return what stands in the place of the titles, and which of them is to be called email."""
    if any("@" in name for name in names):
        return "is a contact already. Put a line before it that names the columns, such as email or email,name"
    if len(names) == 1 and "|" in names[0]:
        return f"names: {_listed(names)}. Have commas, semicolons or tabs between columns"
    alike = [name for name in names if _MEANS_EMAIL.search(name)]
    advice = (
        f". Call the column {one_line(alike[0], limit=SHOWN_WORD)} email, in small letters" if len(alike) == 1 else ""
    )
    return f"names: {_listed(names)}{advice}"


def _names(text: str, delimiter: str) -> list[str]:
    try:
        cells = next(csv.reader([text], delimiter=delimiter, strict=True), [])
    except csv.Error:
        return []
    return [unicodedata.normalize("NFC", cell.strip()) for cell in cells]


def _checked(names: list[str], file: str) -> list[str]:
    twice = sorted(name for name, count in Counter(names).items() if name and count > 1)
    if twice:
        raise _unusable(
            file,
            f"it has more than one column {one_line(twice[0], limit=SHOWN_WORD)}, so it is not clear which is meant",
        )
    return names


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(one_line(name, limit=SHOWN_WORD) for name in names[:_MAX_SHOWN_COLUMNS])
    return f"{shown}, …" if len(names) > _MAX_SHOWN_COLUMNS else shown


def _unusable(file: str, reason: str) -> InvalidInput:
    return InvalidInput(
        error("contactsInvalid", f"{file[:200]} cannot be read as contacts: {reason}.", subject=file[:200])
    )


def _cards(lines: Lines, columns: list[str], delimiter: str) -> Iterator[Contact | BrokenLine]:
    # Nearly every line is a whole record: no state is needed for it. The quantifiers are possessive, so that no
    # line takes long to refuse.
    mark = re.escape(delimiter.encode())
    field = rb'(?:"[^"]*+(?:""[^"]*+)*+"|[^"' + mark + rb"\r\n][^" + mark + rb"\r\n]*+|)"
    complete = re.compile(field + rb"(?:" + mark + field + rb")*+\r?\n?\Z")
    for line in iter(lines.next, None):
        if line.is_whole and (_WITHOUT_QUOTE.match(line.octets) or complete.match(line.octets)):
            entry = _card(line.octets, columns, delimiter=delimiter, number=line.number)
        else:
            entry = _long_card(line, lines, columns, delimiter)
        if entry is not None:
            yield entry


def _long_card(first: Line, lines: Lines, columns: list[str], delimiter: str) -> Contact | BrokenLine | None:
    """Return the record that begins on a line and goes on over further ones, and read on to its end."""
    record = _Record(Quotes(delimiter))
    after_first = None
    line: Line | None = first
    while line is not None:
        record.take(line)
        last = line.number
        # From here reading goes on, should the record turn out not to end.
        if after_first is None and line.is_whole:
            after_first = lines.place()
        if record.state == "malformed" or (line.is_whole and record.state == "ended"):
            break
        line = lines.next()
    if record.state != "ended":
        reason = (
            "a quote is opened here and never closed"
            if record.state == "open"
            else "its quotes or line ends do not fit"
        )
        if after_first is not None and lines.go_back(after_first):
            return BrokenLine(line=first.number, reason=reason)
        lines.skip_rest_of_line()
        return BrokenLine(line=first.number, reason=f"{reason}; lines {first.number} to {last} were left out")
    if record.size > MAX_RECORD_OCTETS:
        return BrokenLine(line=first.number, reason=f"the card is longer than {MAX_RECORD_OCTETS:,} octets")
    return _card(b"".join(record.octets), columns, delimiter=delimiter, number=first.number)


class _Record:
    """The lines of one record as far as they were read; of an oversized one only its size is kept."""

    def __init__(self, quotes: Quotes) -> None:
        self.octets: list[bytes] = []
        self.size = 0
        self.state: _State = "ended"
        self._quotes = quotes

    def take(self, line: Line) -> None:
        """Add a line or a piece of one."""
        self.size += len(line.octets)
        if self.size <= MAX_RECORD_OCTETS:
            self.octets.append(line.octets)
        self.state = self._quotes.feed(line.octets)


def _card(octets: bytes, columns: list[str], *, delimiter: str, number: int) -> Contact | BrokenLine | None:
    """Return the card of one whole record, or the broken line; None for a blank line."""
    try:
        text = octets.decode("utf-8")
    except UnicodeDecodeError as failure:
        return BrokenLine(line=number, reason=f"octet {failure.start + 1} (0x{octets[failure.start]:02X}) is not UTF-8")
    if "\0" in text:
        return BrokenLine(line=number, reason="it holds a NUL character")
    if not text.strip():
        return None
    try:
        # Without a quote, which nearly every record is, the delimiter is all that means anything.
        cells = (
            next(csv.reader([text], delimiter=delimiter, strict=True))
            if '"' in text
            else text.rstrip("\r\n").split(delimiter)
        )
    except (csv.Error, StopIteration):
        return BrokenLine(line=number, reason="its quotes or line ends do not fit")
    if len(cells) != len(columns):
        reason = f"it has {len(cells)} {'value' if len(cells) == 1 else 'values'} where the header has {len(columns)}"
        return BrokenLine(line=number, reason=reason)
    named = dict(zip(columns, cells, strict=True))
    # A column without a name is nobody's detail.
    named.pop("", None)
    return Contact(email=named.pop("email"), name=named.pop("name", None), details=named, line=number)


class Quotes:
    """Whether a record ends with the line that was fed last, by its quotes (RFC 4180 section 2)."""

    def __init__(self, delimiter: str) -> None:
        """Begin before a record."""
        self._delimiter = delimiter.encode()
        self._where: _Where = "start"
        mark = re.escape(self._delimiter)
        self._token = re.compile(rb'"|\r?\n|\r|' + mark + rb'|[^"\r\n' + mark + rb"]+")

    def feed(self, octets: bytes) -> _State:
        """Take a line, or a piece of one; ``open``: a quoted field goes on with the next."""
        for token in self._token.finditer(octets):
            if not self._step(token.group()):
                return "malformed"
        return "open" if self._where == "quoted" else "ended"

    def _step(self, token: bytes) -> bool:
        """Move on by one token: a quote, a delimiter, a line end or other text; return False where it cannot stand."""
        if self._where == "quoted":
            self._where = "quote" if token == b'"' else "quoted"
            return True
        if token == b'"' and self._where in {"start", "quote"}:
            self._where = "quoted"
        elif token in {self._delimiter, b"\r\n", b"\n"}:
            self._where = "start"
        elif self._where == "quote" or token == b"\r":
            return False
        else:
            self._where = "plain"
        return True
