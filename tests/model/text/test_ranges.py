"""Of very many names the first ranges are found without sorting them all."""

from __future__ import annotations

from hypothesis import example, given, settings
from hypothesis import strategies as st

from reconciler.model.text.ranges import first_ranges_of, ranges_of

STEMS = st.sampled_from(["", "a-", "desk-", "desk-0", "x1-", "é"])
NAMES = st.lists(
    st.builds(lambda stem, number: f"{stem}{number}", STEMS, st.integers(0, 120)), unique=True, max_size=200
)


@settings(max_examples=300)
@given(NAMES, st.integers(1, 5))
@example([f"a-{number:03}" for number in range(100)], 1)
@example([f"a-{number:03}" for number in range(0, 200, 2)], 3)
@example([f"a-{number:03}" for number in (*range(38), 81, 82, 83)], 2)
def test_the_first_ranges_are_those_of_all(names: list[str], most: int) -> None:
    """Also where one of them goes on behind the names that were sorted, or begins there."""
    ranges = ranges_of(names)
    assert (ranges[:most], sum(map(len, ranges[most:]))) == first_ranges_of(names, most)
