"""Foreign text within our sentences never brings lines of its own."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.characters import SHOWN_WORD, one_line
from reconciler.diagnostics.phrasing import nearest


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("a\nb", "a\\nb"),
        ("a\r\nb", "a\\r\\nb"),
        ("\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029", "\\x0b\\x0c\\x1c\\x1d\\x1e\\x85\\u2028\\u2029"),
        ("żółw\t\x1b[2J", "żółw\t\x1b[2J"),
        (7, "7"),
        ("", ""),
    ],
)
def test_line_ends_are_shown(text: object, shown: str) -> None:
    """Each line end is shown as an escape; everything else is left to whoever renders it."""
    assert shown == one_line(text)


@pytest.mark.parametrize(
    ("text", "limit", "shown"),
    [
        ("abc", 3, "abc"),
        ("abcd", 3, "ab…"),
        ("a\nbcd", 3, "a\\n…"),
        ("x" * 61, SHOWN_WORD, "x" * 59 + "…"),
        ("ab", 0, "…"),
    ],
)
def test_long_text_is_cut(text: str, limit: int, shown: str) -> None:
    """Beyond the limit the last character shown is an ellipsis."""
    assert shown == one_line(text, limit=limit)


@given(st.text())
def test_whatever_the_text_there_is_one_line(text: str) -> None:
    """No text has more than one line then."""
    assert one_line(text).splitlines() in ([], [one_line(text)])


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("valdiate", "validate"),
        ("aply", "apply"),
        ("paln", "plan"),
        ("Plan", "plan"),
        ("valid", "validate"),
        ("import", None),
        ("export", None),
        ("x", None),
        ("", None),
        ("p" * 1_000_000, None),
    ],
)
def test_only_what_is_near_is_suggested(word: str, meant: str | None) -> None:
    """A slip of the fingers or the beginning of one word; a wrong suggestion misleads more than none."""
    assert meant == nearest(word, ["report", "plan", "apply", "validate", "verify"])


@given(st.text(max_size=8), st.lists(st.text(max_size=8), max_size=4))
def test_what_is_suggested_is_known_whatever_the_order(word: str, known: list[str]) -> None:
    """A suggestion is one of the known words, and does not depend on their order."""
    found = nearest(word, known)
    assert found is None or found in known
    assert found == nearest(word, reversed(known))
