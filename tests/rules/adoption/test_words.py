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
