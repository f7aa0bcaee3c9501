"""Lines fit the width, counted in terminal cells, at any width from 40 columns on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.plan import Summary
from reconciler.render.text import Style, account_text, accounts_table, history_text, plan_text, verification_text
from reconciler.render.text.parts.layout import cells, hang, wrap
from tests.render import golden, values

if TYPE_CHECKING:
    from reconciler.model.verification.evidence import Verification

WIDTHS = [40, 41, 55, 72, 80, 100, 132, 200]


def too_long(text: str, width: int) -> list[str]:
    """Return the lines of more columns than there are, those to copy apart."""
    return [line for line in text.split("\n") if cells(line) > width and not line.startswith(" " * 8)]


@pytest.mark.parametrize("width", WIDTHS)
def test_plans_fit_the_width(width: int) -> None:
    """No line of a plan is longer than the output is wide, long, Chinese and unbreakable values included."""
    long_values = values.CREATED.model_copy(
        update={
            "name": "n" * 63,
            "fields": (
                values.changed("metadata.annotations.note", "word " * 80, "日本語" * 60),
                values.changed("metadata.title", None, "x" * 300),
                values.changed("spec.displayName", None, "👩‍👩‍👧" * 50 + "e\u0301" * 90),
            ),
        }
    )
    style = Style(width=width)

    for view in golden.VIEWS:
        for plan in (values.plan([long_values]), golden.mixed_plan(), golden.blocked_plan(), golden.grouped_plan()):
            assert too_long(plan_text(plan, style=style, view=view), width) == []


@pytest.mark.parametrize("width", WIDTHS)
def test_views_fit_the_width(width: int) -> None:
    """No line of the other views is longer than the output is wide."""
    style = Style(width=width)
    findings: dict[str, Verification] = {"relay": values.failed("bad " * 60), "sales-pl": values.passed()}
    wide = values.recorded("a" * 63, metadata={"title": "標題" * 20, "labels": {}, "annotations": {"n": "long " * 50}})

    assert too_long(accounts_table([*values.ACCOUNTS, wide], style=style), width) == []
    assert too_long(account_text(wide, style=style), width) == []
    assert too_long(history_text(values.REVISIONS, style=style), width) == []
    assert too_long(verification_text(findings, dict.fromkeys(findings, "OwnAccount"), style=style), width) == []


def test_nothing_of_a_long_value_is_lost() -> None:
    """A long value is wrapped, never cut: a reviewer sees its last character too."""
    value = "".join(f"{number}," for number in range(400))
    change = values.CREATED.model_copy(update={"fields": (values.changed("metadata.title", None, value),)})

    text = plan_text(values.plan([change], summary=Summary(create=1)), style=Style(width=60))

    assert value in "".join(text.split())


@pytest.mark.parametrize(
    ("text", "width", "expected"),
    [
        ("", 20, [""]),
        ("one two three", 20, ["one two three"]),
        ("one two three four", 13, ["one two three", "four"]),
        ("abcdefghij", 4, ["abcd", "efgh", "ij"]),
        ("日本語日本", 4, ["日本", "語日", "本"]),
        ("see abcdefgh", 5, ["see", "abcde", "fgh"]),
    ],
)
def test_wrap_breaks_at_spaces_and_where_it_must(text: str, width: int, expected: list[str]) -> None:
    """Text is broken at spaces, and inside a word only when that is longer than a line."""
    assert wrap(text, width) == expected


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("", 0),
        ("abc", 3),
        ("żółw", 4),
        ("e\u0301", 1),
        ("日本語", 6),
        ("\uff21\uff42", 4),
        ("\uff76", 1),
        ("한국", 4),
        ("\u1112\u1161\u11ab", 2),
        ("नमस्ते", 4),
        ("क्\u200dष", 2),
        ("שלום", 4),
        ("🚀", 2),
        ("👩\u200d👩\u200d👧", 2),
        ("👍🏽", 2),
        ("❤", 1),
        ("❤\ufe0f", 2),
        ("🤷🏽\u200d♂\ufe0f x", 4),
        ("🇵🇱", 2),
        ("🏽", 2),
        ("─✓→", 3),
    ],
)
def test_columns_are_those_of_a_terminal(text: str, columns: int) -> None:
    """Wide characters take two columns, combining ones none, and what is joined into one emoji takes the room of one."""
    assert columns == cells(text)


def test_an_emoji_is_not_broken_apart() -> None:
    """What takes columns together stays together, also where a line breaks within a word."""
    assert ["👩\u200d👩\u200d👧❤\ufe0f", "❤\ufe0fe\u0301e\u0301"] == wrap(
        "👩\u200d👩\u200d👧❤\ufe0f❤\ufe0fe\u0301e\u0301", 4
    )


@given(st.text(st.characters(categories=["L", "N", "Zs", "Mn"])), st.integers(2, 60))
def test_wrap_keeps_every_character_but_spaces(text: str, width: int) -> None:
    """Whatever the text and width, wrapping loses nothing but spaces and no line is too long."""
    lines = wrap(text, width)

    assert "".join("".join(lines).split()) == "".join(text.split())
    assert [line for line in lines if cells(line) > width] == []


def test_hang_indents_later_lines_under_the_first() -> None:
    """What follows a label goes on below where it began."""
    assert hang("key: ", "one two three four", width=18) == ["key: one two three", "     four"]
