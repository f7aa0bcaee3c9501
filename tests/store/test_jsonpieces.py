"""JSON that is read piece by piece is what ``json.loads`` reads, or is left to it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.model.canonical import canonical_json
from reconciler.store.jsonpieces import OtherForm, read_list, read_object

KEYS = st.text(alphabet='ab"\\{}[],: é\n', max_size=3)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | KEYS,
    lambda inner: st.lists(inner, max_size=6) | st.dictionaries(KEYS, inner, max_size=6),
    max_leaves=20,
)
OBJECTS = st.dictionaries(KEYS, VALUES, max_size=4)
SIZES = st.integers(1, 30)
WRONG = (
    "", " ", "{", "}", "[", "[]", "7", "null", '"a"', "{}{}", "{} ", "{,}", '{"a"}', '{"a":}', '{"a":1,}', '{"a":1]', "{1:2}",
    '{"a":[1,]}', '{"a":[1', '{"a":{"b":1,"c":2}', '{"a":1}}', '{"a":tru}', '{"a":"b', '{"a":"\x01"}', '{"a":01}',
    '{"a":[{"b":[{"c":1},{"c":2}]},{"b":[{"c":1},{"c":}]}]}', '{"a":' + "[" * 100_000, '{"a":[' + "9" * 5_000 + "]}",
)  # fmt: skip
"""What is no object of JSON; the last two only for Python, which reads neither so deep nor such long numbers."""


def pieces_of(text: str, size: int) -> list[str]:
    """Return a text in pieces of so many characters."""
    return [text[start : start + size] for start in range(0, len(text), size)]


def without(found: dict[str, Any], only: set[str] | None, but: dict[str, set[str]]) -> dict[str, Any]:
    """Return an object as ``read_object`` keeps it."""
    kept = {key: value for key, value in found.items() if only is None or key in only}
    return {
        key: {name: each for name, each in value.items() if name not in but[key]}
        if key in but and isinstance(value, dict)
        else value
        for key, value in kept.items()
    }


@settings(max_examples=60)
@given(OBJECTS, SIZES, st.none() | st.sets(KEYS), st.dictionaries(KEYS, st.sets(KEYS), max_size=3))
def test_an_object_is_read_whatever_its_pieces(
    found: dict[str, Any], size: int, only: set[str] | None, but: dict[str, set[str]]
) -> None:
    """Members, their order and what is left out do not hang on where the text is cut."""
    read = read_object(pieces_of(canonical_json(found), size), only=only, but=but)
    assert json.dumps(without(json.loads(canonical_json(found)), only, but)) == json.dumps(read)


@settings(max_examples=60)
@given(st.lists(VALUES, max_size=30), SIZES)
def test_a_list_is_read_whatever_its_pieces(entries: list[Any], size: int) -> None:
    """All entries come, in their order."""
    text = canonical_json(entries)
    assert json.loads(text) == [entry for several in read_list(pieces_of(text, size)) for entry in several]


@settings(max_examples=60)
@given(
    OBJECTS, SIZES, st.integers(0, 200), st.sampled_from(["", "x", '"', "{", "}", "[", "]", ",", ":", " ", "\\", "1"])
)
def test_what_is_no_json_is_never_read(found: dict[str, Any], size: int, place: int, put: str) -> None:
    """A text with one character altered is read as ``json.loads`` reads it, or not at all."""
    text = canonical_json(found)
    altered = text[:place] + put + text[place + 1 :]
    try:
        read = read_object(pieces_of(altered, size))
    except OtherForm:
        return
    assert json.dumps(json.loads(altered)) == json.dumps(read)


@pytest.mark.parametrize("size", [1, 7, 100_000])
@pytest.mark.parametrize("text", WRONG, ids=range(len(WRONG)))
def test_what_is_no_object_is_refused(text: str, size: int) -> None:
    """Whether it is cut short, wrong in the middle, or goes on behind its end; also where it is left out."""
    for only in (None, set[str]()):
        with pytest.raises(OtherForm):
            read_object(pieces_of(text, size), only=only)


@pytest.mark.parametrize("text", ['{ "a":1}', '{"a" :1}', '{"a": 1}', '{"a":1 }', '{"a":{ }}'])
def test_json_of_another_form_is_left_to_others(text: str) -> None:
    """Spaces are JSON, and none of ours."""
    with pytest.raises(OtherForm):
        read_object([text])


def test_entries_of_every_form_are_read() -> None:
    """Entries alike come many at once, and others one by one: lists in objects, cuts within an entry, another form midway."""
    alike = {f"a{number:03}": {"x": {"y": number}, "z": [{"y": 1}, {"y": 2}]} for number in range(300)}
    mixed: dict[str, Any] = {f"b{number:03}": None if number < 150 else "text," for number in range(300)}
    found = {"alike": alike, "listed": [*alike.values(), *mixed], "mixed": mixed}
    text = canonical_json(found)
    for size in (50, 1_000, len(text)):
        assert found == read_object(pieces_of(text, size))


def test_what_several_members_have_in_common_is_held_once() -> None:
    """The names of accounts stand as keys in many of them, and most accounts have the same lists; 1 is no True."""
    told = {"a": {"sales": ["env:A"], "desk": [1], "news": [True]}, "b": {"sales": ["env:A"], "desk": [1.0]}}
    read = read_object(pieces_of(canonical_json(told), 7))
    assert json.dumps(told, sort_keys=True) == json.dumps(read)
    assert read["a"]["sales"] is read["b"]["sales"]
    assert {id(key) for key in read["b"]} <= {id(key) for key in read["a"]}
