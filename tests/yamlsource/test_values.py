"""What is read, and where it stands."""

from __future__ import annotations

import pytest

from reconciler.diagnostics import Location
from reconciler.yamlsource import YamlDocument, YamlFile, each_document, read_documents


def read(text: str) -> YamlFile:
    """Return a text as a file that was read."""
    return read_documents(text.encode(), file="accounts.d/a.yaml")


def document(text: str) -> YamlDocument:
    """Return the only document of a text without problems."""
    file = read(text)
    assert file.problems == ()
    assert len(file.documents) == 1
    return file.documents[0]


def place(line: int, column: int) -> Location:
    """Return a place in the file that ``read`` reads."""
    return Location("accounts.d/a.yaml", line, column)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("true", True),
        ("false", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("0", 0),
        ("587", 587),
        ("-5", -5),
        ("123456789012345678", 123456789012345678),
        ("1234567890123456789", "1234567890123456789"),
        ("no", "no"),
        ("yes", "yes"),
        ("True", "True"),
        ("FALSE", "FALSE"),
        ("NULL", "NULL"),
        ("0755", "0755"),
        ("0x1f", "0x1f"),
        ("1e3", "1e3"),
        ("1.10", "1.10"),
        ("+1", "+1"),
        ("12:30:45", "12:30:45"),
        ("2027-01-31", "2027-01-31"),
        ("٣", "٣"),
        (".inf", ".inf"),
        ("'1'", "1"),
        ('"true"', "true"),
        ("''", ""),
        ("|\n  5", "5"),
    ],
)
def test_only_plain_words_and_digits_have_a_type(written: str, expected: object) -> None:
    """Only true, false, null and whole numbers have a type; everything else is text exactly as written."""
    value = document(f"key: {written}").value["key"]
    assert (type(value), value) == (type(expected), expected)


def test_keys_are_text() -> None:
    """A key that looks like a number or a truth value is the text that was written."""
    assert document("1: a\ntrue: b\nno: c\n").value == {"1": "a", "true": "b", "no": "c"}


def test_mappings_and_lists_are_dicts_and_lists() -> None:
    """What is read compares equal to, and is, plain Python."""
    value = document("a: {b: [1, {c: d}], e: []}\n").value
    assert value == {"a": {"b": [1, {"c": "d"}], "e": []}}
    assert (isinstance(value, dict), isinstance(value["a"]["b"], list)) == (True, True)


def test_places_of_keys_and_values() -> None:
    """Every key and value knows its line and column, both from 1."""
    found = document("# first\na:\n  b: [x, {c: y}]\n")
    assert found.location == place(2, 1)
    assert found.key_at(("a",)) == place(2, 1)
    assert found.value_at(("a",)) == place(3, 3)
    assert found.key_at(("a", "b")) == place(3, 3)
    assert found.value_at(("a", "b")) == place(3, 6)
    assert found.value_at(("a", "b", 0)) == place(3, 7)
    assert found.key_at(("a", "b", 1, "c")) == place(3, 11)
    assert found.value_at(("a", "b", 1, "c")) == place(3, 14)


def test_columns_count_characters() -> None:
    """A column counts characters, not octets."""
    assert document("żółw: {ą: x}\n").value_at(("żółw", "ą")) == place(1, 11)


@pytest.mark.parametrize("path", [("a", "x"), ("a", "x", "y"), ("a", 0)])
def test_place_of_what_does_not_exist(path: tuple[str | int, ...]) -> None:
    """A path that does not exist has the place of its nearest parent's value."""
    found = document("a:\n  b: 1\n")
    assert (found.value_at(path), found.key_at(path)) == (place(2, 3), place(2, 3))


def test_documents_of_a_file_keep_their_order_and_places() -> None:
    """Several documents are read in their order, empty ones left out, places counted from the file's beginning."""
    file = read("a: 1\n---\n---\n\n--- # nothing\n---\nb: 2\n")
    assert [each.value for each in file.documents] == [{"a": 1}, {"b": 2}]
    assert file.documents[1].key_at(("b",)) == place(7, 1)


def test_a_written_null_is_a_document() -> None:
    """A document that says null is kept, so that it can be refused as no mapping."""
    assert [each.value for each in read("~\n").documents] == [None]


def test_an_alias_is_the_anchored_value() -> None:
    """An alias stands for the anchored value; the alias's own place is the value's place."""
    found = document("a: &x {k: 1}\nb: *x\n")
    assert found.value == {"a": {"k": 1}, "b": {"k": 1}}
    assert found.value_at(("b",)) == place(2, 4)
    assert found.value_at(("b", "k")) == place(1, 11)


def test_merge_keys() -> None:
    """A merge key adds what is not there: own keys win, then the sources in their order; a quoted << is a plain key."""
    found = document("x: &x {a: 1, b: 2}\ny: {<<: *x, b: 3}\nz: {<<: [{c: 4, a: 5}, *x]}\nw: {'<<': 1}\n")
    assert found.value["y"] == {"b": 3, "a": 1}
    assert found.value["z"] == {"c": 4, "a": 5, "b": 2}
    assert found.value["w"] == {"<<": 1}
    assert found.value_at(("y", "b")) == place(2, 16)
    assert found.key_at(("y", "a")) == place(1, 8)


def test_a_byte_order_mark_at_the_start_is_no_matter() -> None:
    """A byte order mark at the start changes neither value nor places."""
    assert document("\ufeffa: 1\n").key_at(("a",)) == place(1, 1)


def test_windows_line_ends() -> None:
    """CR LF ends a line once."""
    assert document("a: 1\r\nb: 2\r\n").key_at(("b",)) == place(2, 1)


def test_reading_stops_where_the_reader_stops() -> None:
    """Documents come as they are read: who stops after the first never meets the problem behind it."""
    problems = []  # type: ignore[var-annotated]
    first = next(each_document(b"a: 1\n---\nb: 2\n---\nc: [\n", file="f", problems=problems))
    assert (first.value, problems) == ({"a": 1}, [])
