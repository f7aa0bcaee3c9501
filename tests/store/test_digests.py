"""Rows that are digested one after the other have the digest that each has by itself."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.store.digests import digest_of_read, row_digest_or_none

COLUMNS = ("document", "evidence", "name", "revision")
LONG = st.builds(
    lambda beginning, place, put, end: beginning + "x" * place + put + "y" * end,
    st.sampled_from(["", '{"a":"', "\\", "\x00"]),
    st.sampled_from([0, 505, 510, 511, 512, 513, 990]),
    st.sampled_from(["", '"', "\\", "\n", "\x1f", "\x7f", "é", "\u2028", "\U0001f600", "\ud800"]),
    st.sampled_from([0, 480, 487, 488, 489, 1_000]),
)
VALUES = (
    st.none() | st.sampled_from(["", "a", "1", '"', "\\", "\x01", "é", 0, 1, 10**6, 0.0, -0.0, 1.0, b"", b"a"]) | LONG
)
ROWS = st.lists(st.tuples(*[VALUES] * len(COLUMNS)), max_size=8)


@settings(max_examples=300)
@given(ROWS, st.lists(st.integers(0, 7), max_size=20))
def test_a_digest_does_not_hang_on_the_rows_before(rows: list[tuple[Any, ...]], order: list[int]) -> None:
    """Whatever columns have in common with the row before: also numbers that are equal, and rows that nobody can digest."""
    digest = digest_of_read(COLUMNS)
    for place in order:
        for row in rows[place : place + 1]:
            assert row_digest_or_none(dict(zip(COLUMNS, row, strict=True))) == digest(row)
