"""What words for encryption mean, and in which order ways are tried; ``words.csv`` has a row for each, without Python."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from reconciler.rules.adoption import words
from reconciler.rules.adoption.ways import ways_to_try

if TYPE_CHECKING:
    from reconciler.model.servers.terms import Encryption

_TABLE = Path(__file__).with_name("words.csv").read_text(encoding="utf-8")
_ROWS = list(csv.DictReader(_TABLE.splitlines(), delimiter="|"))
_READINGS = {"word": words.word, "secure": words.secure}
_PORTS = (None, 25, 465, 587, 1025, 2525, 8465)


@pytest.mark.parametrize("row", _ROWS, ids=lambda row: f"{row['reading']}-{row['said']}-{row['port']}")
def test_words_for_encryption(row: dict[str, str]) -> None:
    """Each word with its port is certain, a contradiction, or left to the server, and written as the table says."""
    found = _READINGS[row["reading"]](row["said"], int(row["port"]) if row["port"] else None)
    assert (row["encryption"], row["certainty"]) == (found.encryption or "", found.certainty)
    assert bool(found.why) == (row["certainty"] != "certain")


@pytest.mark.parametrize("port", _PORTS)
def test_nothing_becomes_none_unless_it_says_so(port: int | None) -> None:
    """No word for encryption, no absent one and no yes or no is ever written as no encryption."""
    said = {row["said"] for row in _ROWS} | {"", "?", "plaintext"}
    found = [reading(each, port) for each in said for reading in _READINGS.values()]
    assert "none" not in {each.encryption for each in [*found, words.unsaid(port)]}


def test_boxes() -> None:
    """Two boxes of Django: only where both are off the source sends in the clear."""
    django = {
        (starttls, implicit): words.two_boxes(starttls=starttls, implicit=implicit, port=465)
        for starttls in (True, False)
        for implicit in (True, False)
    }
    assert {
        (True, True): ("tls", "contradiction"),
        (True, False): ("starttls", "certain"),
        (False, True): ("tls", "certain"),
        (False, False): ("none", "certain"),
    } == {boxes: (each.encryption, each.certainty) for boxes, each in django.items()}


@pytest.mark.parametrize("encryption", [None, "starttls", "tls", "none"])
@pytest.mark.parametrize("port", _PORTS)
def test_ways_are_safe_and_keep_to_what_was_said(port: int | None, encryption: Encryption | None) -> None:
    """No encryption is a way only where it was asked for; what was said holds in every way; none comes twice."""
    ways = ways_to_try(port, encryption)
    assert ways
    assert len(ways) == len(set(ways))
    assert all(port is None or way.port == port for way in ways)
    assert all(encryption is None or way.encryption == encryption for way in ways)
    assert encryption == "none" or "none" not in {way.encryption for way in ways}


def test_implicit_tls_is_tried_first() -> None:
    """Of all ways TLS from the first byte comes first, then STARTTLS on submission."""
    assert ["port 465 with tls", "port 587 with starttls"] == [str(way) for way in ways_to_try(None, None)][:2]
    assert ["port 587 with starttls", "port 587 with tls"] == [str(way) for way in ways_to_try(587, None)]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("true 1 yes on y t enabled True YES", True),
        ("false 0 no off n f disabled null none nil (null) undefined plain notls unencrypted No", False),
        ("perhaps tls 2 max", None),
    ],
)
def test_what_a_word_says_as_yes_or_no(said: str, *, expected: bool | None) -> None:
    """In any case; nothing, and what stands for nothing, is a no."""
    assert dict.fromkeys(said.split(), expected) == {each: words.flag(each) for each in said.split()}
    assert [False, False] == [words.flag(each) for each in ("", "No encryption")]


def test_a_word_is_read_without_what_sources_leave_around_it() -> None:
    """Spaces and quotes, in which spaces may stand too; letters are none of it."""
    assert ["tls", "tls", "max", "1"] == [words.plain(each) for each in (" 'TLS' ", '" tls "', "MAX", 1)]


CLEAR = "the source sends in the clear"
OFFERED = "the source took STARTTLS only where it was offered, and sent in the clear elsewhere; here that fails"
NO_WORD = "the source says no encryption, and programs of its kind then take STARTTLS where it is offered"


@pytest.mark.parametrize(
    ("reading", "said", "port", "expected"),
    [
        ("word", "explicit", 465, "explicit on port 465 contradicts itself: that port speaks TLS from the first byte"),
        ("word", "TLS (STARTTLS)", 465, "tls (starttls) on port 465 contradicts itself: that port speaks TLS from the first byte"),
        ("word", "ssl", 587, "ssl on port 587 contradicts itself: that port speaks STARTTLS"),
        ("word", "Implicit TLS", 25, "implicit tls on port 25 contradicts itself: that port speaks STARTTLS"),
        ("word", "tls", 8465, "tls on port 8465 may be STARTTLS or TLS from the first byte"),
        ("word", "no", 465, "no encryption on port 465 contradicts itself: that port speaks TLS"),
        ("word", "no", 587, NO_WORD),
        ("word", "auto", 587, OFFERED),
        ("word", "frobnicate", 587, "the source has a word for encryption that is not known"),
        ("secure", "true", 587, "secure: true on port 587 contradicts itself: that port speaks STARTTLS"),
        ("secure", "false", 465, "secure: false on port 465 contradicts itself"),
        ("secure", "false", 587, OFFERED),
        ("secure", "plain", 587, OFFERED),
    ],
)  # fmt: skip
def test_why_a_word_is_not_certain(reading: str, said: str, port: int, expected: str) -> None:
    """It names the word and the port."""
    assert expected == _READINGS[reading](said, port).why


def test_why_boxes_are_not_certain() -> None:
    """Both contradict each other; neither sends in the clear."""
    both = words.two_boxes(starttls=True, implicit=True, port=587)
    assert "both STARTTLS and implicit TLS are set, and one connection has one of them" == both.why
    assert "starttls" == both.encryption
    assert CLEAR == words.two_boxes(starttls=False, implicit=False, port=587).why
