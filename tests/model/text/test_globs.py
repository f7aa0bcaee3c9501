"""Globs: what they match, whatever the number of their stars, and in bounded work."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.text.globs import _compiled, _matches_by_places, matches


@pytest.mark.parametrize(
    ("glob", "text", "expected"),
    [
        ("env:SMTP_*", "env:SMTP_SALES", True),
        ("env:SMTP_*", "env:PATH", False),
        ("file:secrets/*", "file:secrets/a/b", False),
        ("file:secrets/**", "file:secrets/a/b", True),
        ("accounts.d/**/sales.yaml", "accounts.d/sales.yaml", True),
        ("**x*y", "x/xy", True),
        ("?", "/", False),
        ("a*b*c*d*e*f", "aabbccddeef", True),
        ("a*b*c*d*e*f", "aabb/ccddeef", False),
    ],
)
def test_what_globs_match(glob: str, text: str, *, expected: bool) -> None:
    """A star and a question mark stop at a slash, two stars do not."""
    assert expected == matches(glob, text)


@given(st.text(alphabet="ab/*?", max_size=8), st.text(alphabet="ab/", max_size=8))
def test_both_ways_of_matching_agree(glob: str, text: str) -> None:
    """Following places gives what the regular expression gives."""
    assert (_compiled(glob).fullmatch(text) is not None) == _matches_by_places(glob, text)


def test_many_stars_do_not_stall() -> None:
    """A glob of forty stars against a long text that almost matches is told apart at once."""
    assert not matches("*a" * 40 + "b", "a" * 2_000)
