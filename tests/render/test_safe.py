"""Foreign text cannot steer a terminal or a CI log, and stays readable."""

from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.render.json.documents import to_json
from reconciler.render.safe import UNSAFE, guard_line_starts, safe, safe_lines

_JOINERS = {"\u200c", "\u200d"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("\x1b[31mred", r"\x1b[31mred"),
        ("a\nb\r\tc", r"a\nb\r\tc"),
        ("\x00\x7f\x9b", r"\x00\x7f\x9b"),
        ("invoice\u202efdp.exe", r"invoice\u202efdp.exe"),
        ("\u2028\u2029\ufeff\u2066\u200b", r"\u2028\u2029\ufeff\u2066\u200b"),
        ("\U000e0041", r"\U000e0041"),
        ("\ud800", r"\ud800"),
        ("Sprzedaż 日本語 👩‍👩‍👧 e\u0301", "Sprzedaż 日本語 👩‍👩‍👧 e\u0301"),
        ("##vso[task.setvariable]", r"#\#vso[task.setvariable]"),
        ("see ##[error] here", r"see #\#[error] here"),
        ("## heading", "## heading"),
    ],
)
def test_safe_escapes_what_a_terminal_obeys(text: str, expected: str) -> None:
    """Controls, direction and invisible characters and surrogates are escaped; other text stays as it is."""
    assert expected == safe(text)


def test_safe_cuts_to_the_limit() -> None:
    """Text over the limit is cut to it, the last character being an ellipsis."""
    assert [safe("abcdef", limit=4), safe("abcd", limit=4)] == ["abc…", "abcd"]


def test_safe_lines_keeps_line_feeds_only() -> None:
    """Text of several lines is split at line feeds; other line separators are escaped."""
    assert safe_lines("one\ntwo\r\nthree\rfour\x0bfive") == ["one", "two", r"three\rfour\x0bfive"]


@pytest.mark.parametrize("line", ["::error::x", "   ::set-env name=A::b"])
def test_a_line_never_begins_a_workflow_command(line: str) -> None:
    """GitHub takes a line that begins with two colons, indented or not, for a command; a backslash prevents it."""
    assert guard_line_starts(line) == line.replace("::", r"\::", 1)
    assert safe_lines(f"x\n{line}")[1].lstrip().startswith("\\::")


@given(st.text())
def test_nothing_of_the_dangerous_categories_survives(text: str) -> None:
    """Whatever comes in, no control, format, surrogate or separator character but the two joiners comes out."""
    left = {character for character in safe(text) if unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"}}

    assert left == set()
    assert UNSAFE.search(safe(text)) is None


def test_every_format_character_but_joiners_and_visible_ones_is_escaped() -> None:
    """All invisible format characters that Unicode knows are escaped, so that what is shown is what is there."""
    visible = {"\u0600", "\u0601", "\u0602", "\u0603", "\u0604", "\u0605", "\u06dd", "\u070f", "\u0890", "\u0891"}
    visible |= {"\u08e2", "\U000110bd", "\U000110cd"}
    every = {chr(number) for number in range(0x110000) if unicodedata.category(chr(number)) == "Cf"}

    assert {character for character in every - visible if safe(character) == character} == _JOINERS


@given(st.dictionaries(st.text(), st.text() | st.lists(st.text())))
def test_json_is_the_same_document_and_safe(document: dict[str, object]) -> None:
    """JSON text reads back as the very document, and holds no character that a terminal obeys but line feeds."""
    text = to_json(document)

    assert json.loads(text) == document
    assert UNSAFE.search(text.replace("\n", "")) is None


def test_json_writes_characters_beyond_the_basic_plane_as_pairs() -> None:
    """A tag character is written as two escapes, as RFC 8259 section 7 demands, and a CI command is broken."""
    assert to_json({"a": "\U000e0041\u009b##vso[x]"}) == '{\n  "a": "\\udb40\\udc41\\u009b\\u0023#vso[x]"\n}\n'
