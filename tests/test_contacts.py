"""Contacts from real files: both forms, whatever is wrong with a line or with the whole file, in bounded memory."""

from __future__ import annotations

import gzip
import io
import os
import subprocess
import threading
import tracemalloc
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.contacts import open_contacts
from reconciler.contacts.csvcards import Quotes, read_csv
from reconciler.contacts.records import MAX_RECORD_OCTETS, Line, Lines
from reconciler.errors import InvalidInput
from reconciler.model.mail.contacts import BrokenLine, Contact

if TYPE_CHECKING:
    from pathlib import Path

_HEADER = b"email,name,keeper\n"


def _read(path: Path | str, stdin: bytes = b"") -> list[Contact | BrokenLine]:
    with open_contacts(str(path), stdin=io.BytesIO(stdin)) as entries:
        return list(entries)


def _file(folder: Path, octets: bytes, name: str = "contacts.csv") -> Path:
    path = folder / name
    path.write_bytes(octets)
    return path


def _short(entries: list[Contact | BrokenLine]) -> list[tuple[int | None, str]]:
    return [(each.line, each.email if isinstance(each, Contact) else f"! {each.reason}") for each in entries]


def _refusal(path: Path) -> str:
    with pytest.raises(InvalidInput) as refused:
        _read(path)
    (problem,) = refused.value.diagnostics
    return f"{problem.code}: {problem.detail}"


@pytest.mark.parametrize("name", ["contacts.csv", "contacts.CSV", "contacts", "contacts.txt"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
@pytest.mark.parametrize("delimiter", [b",", b";", b"\t"])
def test_csv(tmp_path: Path, name: str, mark: bytes, end: bytes, delimiter: bytes) -> None:
    """A header names the columns; a byte order mark, either line end and the usual delimiters are understood."""
    lines = [b"email,name, keeper ", b'anna@example.org,"Nowak; Anna",kasia', b"", b'"b@example.org","",""""']
    octets = mark + end.join(line.replace(b",", delimiter) for line in lines)
    expected = [
        Contact(email="anna@example.org", name="Nowak; Anna", details={"keeper": "kasia"}, line=2),
        Contact(email="b@example.org", name="", details={"keeper": '"'}, line=4),
    ]
    assert expected == _read(_file(tmp_path, octets, name))


def test_csv_fields_may_hold_line_breaks(tmp_path: Path) -> None:
    """A quoted field goes on over lines, and the card has the line that it begins on."""
    octets = _HEADER + b'a@example.org,"Anna\r\n\nNowak, ""A""",\nb@example.org,Ben,\n'
    expected = [
        Contact(email="a@example.org", name='Anna\r\n\nNowak, "A"', details={"keeper": ""}, line=2),
        Contact(email="b@example.org", name="Ben", details={"keeper": ""}, line=5),
    ]
    assert expected == _read(_file(tmp_path, octets))


def test_csv_columns_may_stand_in_any_order_and_be_unnamed(tmp_path: Path) -> None:
    """Only email is needed; a column without a name is passed over; names are normalised."""
    octets = "opiekun_z\u0307,,email\nkasia,x,a@example.org\n".encode()
    expected = [Contact(email="a@example.org", details={"opiekun_ż": "kasia"}, line=2)]
    assert expected == _read(_file(tmp_path, octets))


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"x", "it has 1 value where the header has 3"),
        (b"x,y", "it has 2 values where the header has 3"),
        (b"x,y,z,", "it has 4 values where the header has 3"),
        (b"x,\xff,z", "octet 3 (0xFF) is not UTF-8"),
        (b"x,\xed\xa0\x80,z", "octet 3 (0xED) is not UTF-8"),
        (b"x,\0,z", "it holds a NUL character"),
        (b"x,a\rb,z", "its quotes or line ends do not fit"),
        (b'x,"a"b,z', "its quotes or line ends do not fit"),
        (b'x,"a,z', "a quote is opened here and never closed"),
        (b'"', "a quote is opened here and never closed"),
        (b"x," + b"y" * MAX_RECORD_OCTETS + b",z", "the card is longer than 131,072 octets"),
        (b'x,"' + b"y\n" * MAX_RECORD_OCTETS + b'",z', "the card is longer than 131,072 octets"),
    ],
)
def test_a_broken_csv_line_does_not_stop_the_rest(tmp_path: Path, line: bytes, reason: str) -> None:
    """A line that cannot be read is told with its number, and the contacts before and after it are read."""
    octets = _HEADER + b"a@example.org,,\n" + line + b"\nb@example.org,,\n"
    after = 4 + line.count(b"\n")
    expected = [(2, "a@example.org"), (3, f"! {reason}"), (after, "b@example.org")]
    assert expected == _short(_read(_file(tmp_path, octets)))


def test_a_quote_too_many_costs_one_line_only(tmp_path: Path) -> None:
    """A stray quote that a later, honest quote would close takes no other contact with it."""
    octets = _HEADER + b'a@example.org,"Anna,\nb@example.org,Ben,\nc@example.org,"Nowak, Cezary",\nd@example.org,,\n'
    expected = [
        (2, "! its quotes or line ends do not fit"),
        (3, "b@example.org"),
        (4, "c@example.org"),
        (5, "d@example.org"),
    ]
    assert expected == _short(_read(_file(tmp_path, octets)))


def test_the_lines_of_a_long_field_are_never_contacts(tmp_path: Path) -> None:
    """Whoever may write a detail cannot add contacts by writing lines that look like them, however many."""
    rows = b"victim@example.net,Victim,x\n" * 20_000
    octets = _HEADER + b'a@example.org,"' + rows + b'",\nb@example.org,,\n'
    expected = [(2, "! the card is longer than 131,072 octets"), (20_003, "b@example.org")]
    assert expected == _short(_read(_file(tmp_path, octets)))


def test_a_hostile_file_is_read_a_few_times_over_at_most(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file whose every line opens a quote for good is not read over and over without end: the octets are counted."""
    octets = _HEADER + (b'a""","' + b"b" * 73 + b"\n") * 20_000
    read_octets = 0
    next_line = Lines.next

    def counted(lines: Lines) -> Line | None:
        nonlocal read_octets
        line = next_line(lines)
        read_octets += len(line.octets) if line else 0
        return line

    monkeypatch.setattr(Lines, "next", counted)
    entries = _read(_file(tmp_path, octets))
    assert entries
    assert all(isinstance(each, BrokenLine) for each in entries)
    assert len(octets) <= read_octets <= 4 * 1024 * 1024 + 3 * len(octets)
    last = entries[-1]
    assert isinstance(last, BrokenLine)
    assert last.reason.endswith("to 20001 were left out")


@pytest.mark.parametrize(
    ("octets", "message"),
    [
        (b"", "it is empty"),
        (b"name,keeper\nx,y\n", "it has no column email. Its first line names: name, keeper"),
        (b"Email,Name\n", "it has no column email. Its first line names: Email, Name. Call the column Email email"),
        (b"Name,E-mail address\n", "Call the column E-mail address email, in small letters"),
        (b"Work email,Home email\n", "names: Work email, Home email.\n"),
        (b"anna@example.org,Anna\n", "Its first line is a contact already. Put a line before it"),
        (b"email|name\n", "Have commas, semicolons or tabs between columns"),
        (b"\n  \n", "it is empty"),
        (b"sep=;\nemail,name\n", "it has no column email"),
        (b"email,keeper,keeper\n", "it has more than one column keeper"),
        (b"email,name,email\n", "it has more than one column email"),
        ("email,z\u0307,ż\n".encode(), "it has more than one column ż"),
        (b"email,n\xffme\n", "its first line is not UTF-8"),
        (b"email,name\ra@example.org,x\r", "carriage return alone"),
        (b'email,"name\n', "it has no column email"),
        (b"x" * (MAX_RECORD_OCTETS + 1), "its first line is longer than 131,072 octets"),
        (",".join(f"column{number}" for number in range(20)).encode(), "column7, …"),
    ],
)
def test_a_csv_file_without_a_usable_header_is_refused(tmp_path: Path, octets: bytes, message: str) -> None:
    """Where the header does not say what is what, no contact is read."""
    refusal = _refusal(_file(tmp_path, octets))
    assert refusal.startswith("contactsInvalid: ")
    assert message in f"{refusal}\n"


@pytest.mark.parametrize("before", [b"", b"\n", b"  \r\n\n", b"sep=;\r\n", b'"sep=;"\n', b"\nSEP=;\n\n"])
def test_blank_lines_and_the_line_of_excel_may_stand_before_the_header(tmp_path: Path, before: bytes) -> None:
    """They are passed over, and contacts keep the numbers of their lines."""
    found = _read(_file(tmp_path, before + b"email;name\nanna@example.org;Nowak, Anna\n"))
    expected = Contact(email="anna@example.org", name="Nowak, Anna", details={}, line=before.count(b"\n") + 2)
    assert [expected] == found


@pytest.mark.parametrize("name", ["contacts.csv", "contacts.jsonl", "contacts"])
@pytest.mark.parametrize(
    ("octets", "told"),
    [
        (gzip.compress(b"email\n", mtime=0), "a compressed file (gzip). Unpack it:\n    gunzip"),
        (b"PK\x03\x04\x14\x00[Content_Types].xml", "a workbook or another packed file (ZIP)"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "a workbook of an older Excel"),
        (b"%PDF-1.7\n", "a PDF"),
        (b"\xef\xbb\xbf\n<html><table>", "HTML or XML"),
        ("email,name\n".encode("utf-16-le"), "UTF-16, or no text"),
    ],
)
def test_what_is_no_text_is_refused_as_what_it_is(tmp_path: Path, name: str, octets: bytes, told: str) -> None:
    """Its ending may say otherwise; nobody is told to save a workbook as UTF-8."""
    assert told in _refusal(_file(tmp_path, octets, name))


@pytest.mark.parametrize(
    ("name", "octets", "told"),
    [
        ("contacts.csv", b'{"email": "a@example.org"}\n', "holds JSON, and is called CSV"),
        ("contacts.json", b'{\n  "email": "a@example.org"\n}\n', "jq -c . contacts.json"),
    ],
)
def test_json_in_another_form_is_refused_with_the_way_out(tmp_path: Path, name: str, octets: bytes, told: str) -> None:
    """One message tells it, and not one for each line."""
    assert told in _refusal(_file(tmp_path, octets, name))


@pytest.mark.parametrize("name", ["contacts.jsonl", "contacts.ndjson", "contacts"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_json_lines(tmp_path: Path, name: str, mark: bytes) -> None:
    """Each line is an object; details are text, numbers as written, true, false or null; blank lines do not count."""
    octets = mark + (
        b'\n{"email": "a@example.org", "name": "Anna", "details": '
        b'{"t": "x", "n": 1.10, "i": 12345678901234567890, "y": true, "f": false, "z": null}}\r\n'
        b'  \n{"email": null}\n{}\n{"email": "b@example.org", "name": 7, "details": null}'
    )
    details = {"t": "x", "n": "1.10", "i": "12345678901234567890", "y": "true", "f": "false", "z": None}
    expected = [
        Contact(email="a@example.org", name="Anna", details=details, line=2),
        Contact(email="", line=4),
        Contact(email="", line=5),
        Contact(email="b@example.org", name="7", line=6),
    ]
    assert expected == _read(_file(tmp_path, octets, name))


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"{", "it is not JSON: Expecting property name enclosed in double quotes at character"),
        (b"nonsense", "it is not JSON: Expecting value at character 1"),
        (b"{} {}", "it is not JSON: Extra data at character 4"),
        (b"[]", "it is not a JSON object"),
        (b'"a@example.org"', "it is not a JSON object"),
        (b"NaN", "NaN is not JSON"),
        (b'{"details": {"x": Infinity}}', "Infinity is not JSON"),
        (b'{"email": "x", "keeper": "y"}', "keeper is not a key of a contact; a detail belongs under details"),
        (b'{"email": "x", "email": "y"}', "the key email is given twice"),
        (b'{"details": {"a": 1, "a": 2}}', "the key a is given twice"),
        ('{"details": {"ż": 1, "z\u0307": 2}}'.encode(), "two details have the same name"),
        (b'{"details": []}', "details is not an object"),
        (b'{"details": "x"}', "details is not an object"),
        (b'{"details": {"tags": ["x"]}}', "the detail tags is a list, not a text"),
        (b'{"name": {}}', "name is an object, not a text"),
        (b'{"email": []}', "email is a list, not a text"),
        (b'{"email": "\xff"}', "octet 12 (0xFF) is not UTF-8"),
        (b"[" * 100_000, "it is nested too deeply"),
        (b'{"email": "' + b"x" * MAX_RECORD_OCTETS + b'"}', "it is longer than 131,072 octets"),
        (b"x" * (3 * MAX_RECORD_OCTETS), "it is longer than 131,072 octets"),
    ],
)
def test_a_broken_json_line_does_not_stop_the_rest(tmp_path: Path, line: bytes, reason: str) -> None:
    """A line that is no contact is told with its number, and the contacts before and after it are read."""
    octets = b'{"email": "a@example.org"}\n' + line + b'\n{"email": "b@example.org"}\n'
    first, broken, last = _short(_read(_file(tmp_path, octets, "contacts.jsonl")))
    assert [(1, "a@example.org"), (3, "b@example.org")] == [first, last]
    assert (2, True) == (broken[0], broken[1].startswith(f"! {reason}")), broken


def test_lone_surrogates_pass_through(tmp_path: Path) -> None:
    """Half a character, as JSON can write it, reaches whoever judges the value."""
    octets = b'{"email": "a@example.org", "details": {"keeper": "\\ud800"}}\n'
    (contact,) = _read(_file(tmp_path, octets, "contacts.jsonl"))
    assert isinstance(contact, Contact)
    assert {"keeper": "\ud800"} == contact.details


def test_a_json_array_is_refused_with_the_way_out(tmp_path: Path) -> None:
    """One document of all contacts would have to be held in memory: it is refused, with the command to convert it."""
    refusal = _refusal(_file(tmp_path, b' [\n{"email": "a@example.org"}]', "contacts.json"))
    assert refusal.startswith("contactsInvalid: ")
    assert "\n    jq -c '.[]' contacts.json" in refusal


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_is_refused_by_name(tmp_path: Path, encoding: str) -> None:
    """What some spreadsheets save as Unicode text is named as what it is."""
    refusal = _refusal(_file(tmp_path, "\ufeffemail,name\n".encode(encoding)))
    assert refusal.startswith("notUtf8: ")
    assert "UTF-16" in refusal


@pytest.mark.parametrize("name", ["missing.csv", ".", "a\0b.csv"])
def test_a_file_that_cannot_be_read_is_an_error(tmp_path: Path, name: str) -> None:
    """A missing file, a folder and an impossible name are refused before anything is read."""
    assert _refusal(tmp_path / name).startswith("fileUnreadable: ")


def test_an_empty_file_of_json_lines_has_no_contacts(tmp_path: Path) -> None:
    """A file without a line has no contact."""
    assert [] == _read(_file(tmp_path, b"", "contacts.jsonl"))


def test_standard_input_is_read(tmp_path: Path) -> None:
    """A hyphen reads standard input, in either form."""
    assert [(2, "a@example.org")] == _short(_read("-", _HEADER + b"a@example.org,,\n"))
    assert [(1, "a@example.org")] == _short(_read("-", b'{"email": "a@example.org"}\n'))


def test_a_pipe_is_read(tmp_path: Path) -> None:
    """A named pipe, as a shell's process substitution gives it, is read like a file, with its stray quotes."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    octets = _HEADER + b'a@example.org,"Anna,\nb@example.org,Ben,\n'
    writer = threading.Thread(target=pipe.write_bytes, args=(octets,))
    writer.start()
    assert [2, 3] == [each.line for each in _read(pipe)]
    writer.join()


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_memory_does_not_grow_with_the_file(tmp_path: Path, form: str) -> None:
    """Many contacts take no more memory than few."""
    path = tmp_path / f"contacts.{form}"
    with path.open("w") as file:
        file.write("email,name\n" if form == "csv" else "")
        for number in range(50_000):
            written = f"a{number}@example.org,Anna {number}\n"
            file.write(written if form == "csv" else f'{{"email": "a{number}@example.org"}}\n')
    with open_contacts(str(path), stdin=io.BytesIO()) as entries:
        next(entries)
        tracemalloc.start()
        count = sum(1 for _ in entries)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert 49_999 == count
    assert peak < 2_000_000


_CELL = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)


@given(st.lists(st.tuples(_CELL, _CELL, _CELL), max_size=8), st.sampled_from([",", ";", "\t"]))
def test_what_is_quoted_is_read_as_it_was(rows: list[tuple[str, str, str]], delimiter: str) -> None:
    """Properly quoted cells of any text come back exactly, and never as more contacts."""
    quoted = [delimiter.join('"' + cell.replace('"', '""') + '"' for cell in row) for row in rows]
    octets = "".join(f"{line}\r\n" for line in [delimiter.join(("email", "name", "keeper")), *quoted]).encode()
    entries = list(read_csv(Lines(io.BytesIO(octets)), file="contacts.csv"))
    assert rows == [(each.email, each.name, each.details["keeper"]) for each in entries if isinstance(each, Contact)]
    assert len(rows) == len(entries)


@given(st.lists(st.sampled_from([b'"', b",", b"\n", b"\r\n", b"\r", b"a", b"\0", b"\xff", b'""']), max_size=60))
def test_any_octets_are_read_to_the_end(pieces: list[bytes]) -> None:
    """Whatever a file holds after its header, reading ends, each line is told at most once, and in order."""
    octets = _HEADER + b"".join(pieces) + b"\nlast@example.org,,\n"
    entries = list(read_csv(Lines(io.BytesIO(octets)), file="contacts.csv"))
    numbers = [each.line or 0 for each in entries]
    assert sorted(set(numbers)) == numbers


@given(st.binary(max_size=40), st.integers(min_value=1, max_value=5))
def test_a_line_may_come_in_pieces(octets: bytes, size: int) -> None:
    """Where a line is cut makes no difference to where its quotes end, but within a line end."""
    octets = octets.replace(b"\r", b"")
    whole, pieced = Quotes(","), Quotes(",")
    expected = whole.feed(octets)
    found: list[str] = [pieced.feed(octets[at : at + size]) for at in range(0, len(octets), size)] or ["ended"]
    assert ("malformed" in found or found[-1] == "malformed") == (expected == "malformed")
    if expected != "malformed":
        assert expected == found[-1]


@pytest.mark.parametrize("name", ["contacts.vcf", "contacts.csv", "contacts"])
def test_vcards_are_refused_with_a_command_that_makes_contacts_of_them(tmp_path: Path, name: str) -> None:
    """The command that is told makes of cards what is read: one contact a card with an e-mail, whatever its name holds."""
    cards = (
        b'BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Anna \\"Ann\\" Kowalska\\, Dr.\r\nitem1.EMAIL;TYPE=work:anna@example.com\r\n'
        b"EMAIL:second@example.com\r\nEND:VCARD\r\nBEGIN:VCARD\r\nFN:Nobody\r\nEND:VCARD\r\n"
        b"begin:vcard\nemail:bo@example.com\nfn;charset=utf-8:Bo\nend:vcard\n"
        # Folded as RFC 6350 section 3.2 says, where half of the address is another's; a name that is not as it reads.
        b"BEGIN:VCARD\r\nVERSION:2.1\r\nFN;ENCODING=QUOTED-PRINTABLE:=5A=6F\r\nEMAIL:cy@example.co\r\n m\r\nX-EMAIL:x@example.com\r\nEND:VCARD\r\n"
        b'BEGIN:VCARD\r\nEMAIL:d"d,e@example.com\r\nEND:VCARD\r\n'
    )
    path = _file(tmp_path, cards, name)
    with pytest.raises(InvalidInput) as refused:
        _read(path)
    (problem,) = refused.value.diagnostics
    assert problem.detail.startswith(f"{path} holds vCards")
    (command,) = [line for line in problem.detail.splitlines() if line.startswith("    ")]
    _file(tmp_path, cards, "contacts.vcf")
    subprocess.run(command.strip(), shell=True, cwd=tmp_path, check=True)  # noqa: S602 - it is to be pasted into a shell
    assert [
        ("anna@example.com", 'Anna "Ann" Kowalska, Dr.'),
        ("bo@example.com", "Bo"),
        ("cy@example.com", ""),
        ('d"d,e@example.com', ""),
    ] == [(each.email, each.name) for each in _read(tmp_path / "contacts.csv") if isinstance(each, Contact)]
