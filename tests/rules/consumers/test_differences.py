"""How what a consumer has differs: by reconciler's own doing, by somebody else's, or not at all."""

from __future__ import annotations

import pytest

from reconciler.rules.consumers.differences import Shape, differences

WANTED = Shape(text="a", fingerprint="1")


@pytest.mark.parametrize(
    ("wanted", "found", "is_settled", "was_published", "tells_secrets", "drift"),
    [
        (WANTED, WANTED, True, True, True, None),
        (WANTED, WANTED, False, False, True, None),
        (WANTED, None, False, False, True, "new"),
        (WANTED, None, True, True, True, "edited"),
        (WANTED, Shape(text="b", fingerprint="1"), False, True, True, "changed"),
        (WANTED, Shape(text="b", fingerprint="1"), True, True, True, "edited"),
        (WANTED, Shape(text="a", fingerprint="2"), True, True, True, "secret"),
        (WANTED, Shape(text="a", fingerprint="2"), False, True, True, "secret"),
        (WANTED, Shape(text="a"), True, True, True, "secret"),
        (WANTED, Shape(text="a"), True, True, False, None),
        (WANTED, Shape(text="a"), False, True, False, "changed"),
        (Shape(text="a"), Shape(text="a", fingerprint="2"), False, True, True, None),
        (WANTED, Shape(text="a", fingerprint="2"), True, True, False, "secret"),
        (WANTED, WANTED, False, True, False, None),
        (None, WANTED, False, True, True, "removed"),
        (None, WANTED, False, False, True, "edited"),
    ],
)
def test_a_difference_is_told_by_who_made_it(
    wanted: Shape | None,
    found: Shape | None,
    *,
    is_settled: bool,
    was_published: bool,
    tells_secrets: bool,
    drift: str | None,
) -> None:
    """What was settled and differs, somebody else has done; a secret that is not told is taken for what was given."""
    told = differences(
        {} if wanted is None else {"sales": wanted},
        {} if found is None else {"sales": found},
        settled={"sales"} if is_settled else set(),
        published={"sales"} if was_published else set(),
        tells_secrets=tells_secrets,
    )
    assert [drift] * (drift is not None) == [each.drift for each in told]


def test_differences_are_told_by_account() -> None:
    """In the order of their names, whatever the order of what is wanted and found."""
    names = "hcgbfaed"
    told = differences(
        dict.fromkeys(names[:4], WANTED),
        dict.fromkeys(names[4:], WANTED),
        settled=(),
        published=names,
        tells_secrets=True,
    )
    assert sorted(names) == [each.account for each in told]
