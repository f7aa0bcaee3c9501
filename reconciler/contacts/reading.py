"""Opening a contacts file: which of the two forms it has, its byte order mark, and standard input."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from reconciler.characters import SHOWN_PATH, clip
from reconciler.contacts.csvcards import read_csv
from reconciler.contacts.jsoncards import read_json_lines
from reconciler.contacts.records import Lines
from reconciler.diagnostics import error
from reconciler.errors import InvalidInput
from reconciler.files import reason_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

    from reconciler.model.mail.contacts import BrokenLine, Contact

_ENDINGS: dict[str, Literal["csv", "json"]] = {".csv": "csv", ".jsonl": "json", ".ndjson": "json"}
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_UTF_16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_SNIFFED_OCTETS = 4096
_VCARD = b"BEGIN:VCARD"
_MAKE_CSV_OF_VCARDS = (
    'awk \'function take(line) {key = toupper(line); sub(/:.*/, "", key); value = substr(line, length(key) + 2)} '
    '{sub(/\\r$/, "")} /^[ \\t]/ {card = card substr($0, 2); next} {one(card); card = $0} END {one(card)} '
    'BEGIN {print "email,name"} '
    "function one(line) {take(line); "
    'if (line ~ /^[Bb][Ee][Gg][Ii][Nn]:/) {mail = name = ""} '
    'if (key ~ /^([A-Z0-9-]+[.])?FN(;|$)/ && key !~ /QUOTED-PRINTABLE/) {name = value; gsub(/\\\\/, "", name); gsub(/"/, "\\"\\"", name)} '
    'if (key ~ /^([A-Z0-9-]+[.])?EMAIL(;|$)/ && mail == "") {mail = value; gsub(/"/, "\\"\\"", mail)} '
    'if (key == "END" && mail != "") {print "\\"" mail "\\",\\"" name "\\""}}\' contacts.vcf > contacts.csv'
)
_NO_TEXT = (
    (b"\x1f\x8b", "a compressed file (gzip). Unpack it:\n    gunzip -c contacts.csv.gz > contacts.csv"),
    (b"PK\x03\x04", "a workbook or another packed file (ZIP), no text. Open it, and save the table as CSV UTF-8."),
    (b"\xd0\xcf\x11\xe0", "a workbook of an older Excel, no text. Open it, and save the table as CSV UTF-8."),
    (b"%PDF-", "a PDF, no table. Have the program that made it export CSV UTF-8."),
    (b"<", "HTML or XML, no table. Have the program that made it export CSV UTF-8."),
)
"""What people have instead of a text, by its first octets, and what to do."""


@contextlib.contextmanager
def open_contacts(path: str, *, stdin: BinaryIO) -> Iterator[Iterator[Contact | BrokenLine]]:
    """Open a contacts file, ``-`` being standard input, and hand out its cards and broken lines, streamed in order.

    The form follows the ending (.csv, .jsonl, .ndjson), else the first character that is not blank: ``{`` begins
    JSON lines. A pipe, which cannot be read twice, is first copied to a temporary file. Raises ``InvalidInput`` for
    a file that cannot be read at all; reading on may raise it too, where the disk fails.
    """
    shown = "standard input" if path == "-" else clip(path, SHOWN_PATH)
    with contextlib.ExitStack() as opened:
        with _readable(shown):
            file = stdin if path == "-" else opened.enter_context(Path(path.replace("\0", "\ufffd")).open("rb"))
            if not file.seekable() or path == "-":
                file = opened.enter_context(_copied(file))
            form = _form(file, Path(path).suffix.lower(), shown)
        yield _guarded(file, form, shown)


@contextlib.contextmanager
def _readable(shown: str) -> Iterator[None]:
    try:
        yield
    except OSError as failure:
        detail = f"The contacts in {shown} cannot be read: {reason_of(failure)}."
        raise InvalidInput(error("fileUnreadable", detail, subject=shown)) from None


def _guarded(file: BinaryIO, form: Literal["csv", "json"], shown: str) -> Iterator[Contact | BrokenLine]:
    lines = Lines(file)
    with _readable(shown):
        entries = read_csv(lines, file=shown) if form == "csv" else read_json_lines(lines)
    return _reading(entries, shown)


def _reading(entries: Iterator[Contact | BrokenLine], shown: str) -> Iterator[Contact | BrokenLine]:
    with _readable(shown):
        yield from entries


@contextlib.contextmanager
def _copied(file: BinaryIO) -> Iterator[BinaryIO]:
    with tempfile.TemporaryFile() as copy:
        shutil.copyfileobj(file, copy)
        copy.seek(0)
        yield copy


def _form(file: BinaryIO, ending: str, shown: str) -> Literal["csv", "json"]:
    """Return the form of a file, and leave the file behind its byte order mark."""
    begin = file.read(_SNIFFED_OCTETS)
    if begin.startswith(_UTF_16_MARKS):
        detail = f"{shown} is UTF-16. Save it as UTF-8; spreadsheets call that CSV UTF-8."
        raise InvalidInput(error("notUtf8", detail, subject=shown))
    for sign, what in _NO_TEXT:
        if begin.removeprefix(_BYTE_ORDER_MARK).lstrip().startswith(sign):
            raise InvalidInput(error("contactsInvalid", f"{shown} is {what}", subject=shown))
    if b"\0" in begin.partition(b"\n")[0]:
        detail = f"The first line of {shown} holds NUL octets: it is UTF-16, or no text. Save it as UTF-8; spreadsheets call that CSV UTF-8."
        raise InvalidInput(error("notUtf8", detail, subject=shown))
    mark = len(_BYTE_ORDER_MARK) if begin.startswith(_BYTE_ORDER_MARK) else 0
    file.seek(mark)
    first = begin[mark:].lstrip()[:1]
    if begin[mark:].lstrip()[: len(_VCARD)].upper() == _VCARD:
        detail = (
            f"{shown} holds vCards (RFC 6350), which are not read. Have the address book export CSV, with email and name in its "
            "first line; or make it of the cards, with the first e-mail of each:\n"
            f"    {_MAKE_CSV_OF_VCARDS}"
        )
        raise InvalidInput(error("contactsInvalid", detail, subject=shown))
    if first == b"[" and ending != ".csv":
        detail = (
            f"{shown} is a JSON array. Write one object a line instead:\n    jq -c '.[]' contacts.json > contacts.jsonl"
        )
        raise InvalidInput(error("contactsInvalid", detail, subject=shown))
    form = _ENDINGS.get(ending) or ("json" if first == b"{" else "csv")
    if first == b"{" and form == "csv":
        detail = f"{shown} holds JSON, and is called CSV. Give its name the ending .jsonl."
        raise InvalidInput(error("contactsInvalid", detail, subject=shown))
    if form == "json" and begin[mark:].lstrip().partition(b"\n")[0].strip() == b"{":
        detail = f"{shown} has a JSON object over several lines. Write one object a line instead:\n    jq -c . contacts.json > contacts.jsonl"
        raise InvalidInput(error("contactsInvalid", detail, subject=shown))
    return form
