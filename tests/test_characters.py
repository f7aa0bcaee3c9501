"""Which characters have no shape: the tables against what Unicode says, and what becomes of each of their characters."""

from __future__ import annotations

import unicodedata

import pytest
from pydantic import TypeAdapter, ValidationError

from reconciler.characters import (
    DEFAULT_IGNORABLE,
    REFUSED_CHARACTER,
    REFUSED_IN_FILES,
    UNSAFE_CHARACTER,
    WITHOUT_SHAPE,
    CharacterPattern,
    composed,
    folded,
)
from reconciler.model.text.types import Text
from reconciler.render.safe import safe

_JOINERS = frozenset("\u200c\u200d")
_SHAPERS = frozenset(chr(each) for span in ((0x180B, 0x180D), (0x180F, 0x180F), (0x200C, 0x200D), (0xFE00, 0xFE0F), (0xE0100, 0xE01EF)) for each in range(span[0], span[1] + 1))  # fmt: skip
"""What names of people are written with."""


def _characters(table: str) -> list[str]:
    spans = [(span.split("-") * 2)[:2] for span in table.split()]
    return [chr(number) for first, last in spans for number in range(int(first, 16), int(last, 16) + 1)]


_IGNORABLE = _characters(DEFAULT_IGNORABLE)


def test_the_table_is_the_whole_property() -> None:
    """Unicode counts 4,174 code points with the property, and every assigned one is of a category without ink."""
    assert len(set(_IGNORABLE)) == 4174
    assert {unicodedata.category(each) for each in _IGNORABLE} <= {"Cf", "Cn", "Lo", "Mn"}


@pytest.mark.parametrize("before", ["", "a", "1", "Ω", "\u3164", "\u200b", "\n", "名"])
def test_every_character_without_a_shape_is_shown_as_its_code(before: str) -> None:
    """After whatever it stands, nothing of the property is shown as nothing; joiners stay where no Latin letter is."""
    left = {each for each in _IGNORABLE if safe(f"{before}{each}z").endswith(f"{each}z")}
    assert left <= (_JOINERS if before in {"", "名"} else set())


@pytest.mark.parametrize(
    "character",
    ["\u2800", "\ufff9", "\ufffb", "\U0001d159", "\U00013437", "\ufdd0", "\uffff", "\U0010ffff", "\ue000", "\U000f0000",
     "\u061c", "\u1160", "\U0001d173", "\U0001bca0", "\U000e0041", "\U000e0100", "\ufe00", "\ufe0f", "\u00ad", "\u2063"],
)  # fmt: skip
def test_what_is_blank_or_nobodys_is_shown_as_its_code(character: str) -> None:
    """Blank letters, annotations, noncharacters and private use are no letters that anybody can compare."""
    number = ord(character)
    expected = f"\\x{number:02x}" if number < 256 else f"\\u{number:04x}" if number < 65536 else f"\\U{number:08x}"
    assert f"a{expected}b" == safe(f"a{character}b")


@pytest.mark.parametrize(
    "text",
    ["می‌خواهم", "क्‍ष", "👩‍👩‍👧", "❤️", "☎︎", "1️⃣", "#️⃣", "🏳️‍🌈", "👩🏽‍🚀", "Ελληνικά", "渡邉", "각", "ᄀ", "e\u0301", "a\u00a0b", "日本　語"],
)  # fmt: skip
def test_what_people_write_stays_as_it_is(text: str) -> None:
    """Joiners between letters that join, and selectors after emoji, are part of the word."""
    assert text == safe(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("pay\u200cpal", r"pay\u200cpal"), ("pay\u200dpal", r"pay\u200dpal"), ("❤\ufe0f\ufe0f", "❤\ufe0f" + r"\ufe0f"),
     ("a\ufe0f", r"a\ufe0f"), ("1\ufe0f", r"1\ufe0f"), ("\u200b\u200d", r"\u200b\u200d")],
)  # fmt: skip
def test_what_is_needed_nowhere_is_shown(text: str, expected: str) -> None:
    """A joiner after a Latin letter, and a selector after what is no emoji, hide something or nothing."""
    assert expected == safe(text)


def test_no_manifest_holds_what_hides() -> None:
    """Text of manifests, and the files themselves, hold nothing of the property but joiners and selectors."""
    assert {each for each in _IGNORABLE if not REFUSED_CHARACTER.search(each)} == _SHAPERS
    assert {each for each in _IGNORABLE if not REFUSED_IN_FILES.search(each)} == _SHAPERS


@pytest.mark.parametrize("pattern", [UNSAFE_CHARACTER, REFUSED_CHARACTER, REFUSED_IN_FILES])
def test_ascii_alone_is_read_as_among_other_letters(pattern: CharacterPattern) -> None:
    """The short pattern for texts of ASCII finds what the whole one does."""
    for character in map(chr, range(128)):
        found = [(each.start(), each.group()) for each in pattern.finditer(f"é{character}b")]
        assert found == [(each.start(), each.group()) for each in pattern.finditer(f"a{character}b")]
        assert bool(found) == bool(pattern.search(character)) == (pattern.sub("", character) == "")


@pytest.mark.parametrize(
    "character", ["\u3164", "\uffa0", "\u034f", "\u17b4", "\u2800", "\u00ad", "\u2061", "\U000e0041", "\uffff"]
)
def test_a_name_cannot_hold_a_letter_that_nobody_sees(character: str) -> None:
    """The refusal names the character by its code."""
    with pytest.raises(ValidationError, match=f"U\\+{ord(character):04X}"):
        TypeAdapter(Text).validate_python(f"Example{character}Sales")


def test_codes_are_shown_once() -> None:
    """What was made safe is safe, and stays as it is."""
    everything = "".join(chr(number) for number in range(0x110000))
    shown = safe(everything)
    assert WITHOUT_SHAPE.search(shown) is None
    assert shown == safe(shown)


@pytest.mark.parametrize(
    ("one", "other"),
    [("\u0141\u00f3d\u017a", "\u0141o\u0301dz\u0301"), ("\ud55c", "\u1112\u1161\u11ab"), ("K", "\u212a")],
)
def test_two_forms_of_a_text_are_composed_alike(one: str, other: str) -> None:
    """NFC and NFD of a text, and what Unicode calls canonically equivalent, become one."""
    assert (one, one) == (composed(one), composed(other))


@pytest.mark.parametrize(
    ("one", "other"), [("\u00dcNAL", "u\u0308nal"), ("Stra\u00dfe", "STRASSE"), ("\u0390", "\u1fd3")]
)
def test_two_cases_of_a_text_are_folded_alike(one: str, other: str) -> None:
    """Searching looks at neither case nor form."""
    assert folded(one) == folded(other)
