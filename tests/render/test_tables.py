"""Tables: aligned and inside the width on a terminal, a row on a line with whole values where there is none."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from reconciler.model.verification.evidence import UNCHANGED, Check, Verification
from reconciler.render.text import Style, accounts_table, history_table, history_text, verification_text
from reconciler.render.text.parts.layout import cells, fitted_widths, natural_widths
from reconciler.render.text.parts.tables import Cell, table_lines
from tests.render import values

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reconciler.model.accounts.recorded import RecordedAccount

WIDTHS = [40, 60, 80, 120, 200]
PIPE = Style(width=100, is_terminal=False)
COLOUR_CODE = re.compile("\x1b\\[[0-9;]*m")


def lines_of(rows: Sequence[Sequence[str]], titles: Sequence[str], style: Style, unbroken: int = 16) -> list[str]:
    """Return a table that must fit."""
    lines = table_lines(titles, [[Cell(text) for text in row] for row in rows], style=style, unbroken=unbroken)
    assert lines is not None
    return [line.rstrip() for line in lines]


def many(count: int) -> list[RecordedAccount]:
    """Return accounts with titles of every kind: plain, wide, of joined emoji, and such as libraries take for markup."""
    titles = ["", "Sprzedaż Polska", "日本の営業チーム", "👩‍👩‍👧 team", "[red]Loud[/red] :smile: [link=x]"]
    return [
        values.recorded(f"client-{n:05}", metadata={"title": titles[n % 5], "labels": {}, "annotations": {}})
        for n in range(count)
    ]


def test_a_terminal_gets_a_rule_below_the_heading() -> None:
    """Somebody who looks sees the heading apart from the rows; ASCII where the output has nothing else."""
    rows, titles = [("ab", "x"), ("c", "yz")], ("NAME", "B")
    assert ["NAME  B", "────────", "ab    x", "c     yz"] == lines_of(rows, titles, Style())
    assert ["NAME  B", "--------", "ab    x", "c     yz"] == lines_of(rows, titles, Style(unicode=False))
    assert ["NAME  B", "ab    x", "c     yz"] == lines_of(rows, titles, PIPE)


@pytest.mark.parametrize("style", [Style(), PIPE], ids=["terminal", "pipe"])
def test_wide_characters_are_aligned(style: Style) -> None:
    """A Chinese character takes two columns, a combining accent none, so that the next column stands straight."""
    rows = [("日本", "x"), ("e\u0301", "y")]
    assert ["A     B", "日本  x", "e\u0301     y"] == [
        line for line in lines_of(rows, ("A", "B"), style) if "─" not in line
    ]


def test_colour_changes_nothing_but_colour() -> None:
    """With the colours taken off, a coloured table is the plain one, few rows and many, on a terminal and in a pipe."""
    for accounts in (values.ACCOUNTS, [*many(1001), *values.ACCOUNTS]):
        for style in (Style(width=80), PIPE):
            painted = Style(width=80, colour=True, is_terminal=style.is_terminal)
            coloured = accounts_table(accounts, style=painted)
            bare = [COLOUR_CODE.sub("", line).rstrip() for line in coloured.splitlines()]
            assert "\x1b[" in coloured
            assert accounts_table(accounts, style=style).splitlines() == bare


def test_markup_in_names_is_text() -> None:
    """What a library would take for a colour, an emoji or a link stands there as it was written."""
    for style in (Style(width=160), Style(width=160, colour=True), PIPE):
        assert "[red]Loud[/red] :smile: [link=x]" in accounts_table(many(5), style=style)


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_is_clipped_on_a_terminal(width: int) -> None:
    """At every width each line fits, and what a table leaves out is named."""
    shown = accounts_table([*values.ACCOUNTS, *many(5)], style=Style(width=width))
    assert [] == [line for line in shown.splitlines() if cells(line) > width and not line.startswith("    ")]
    assert "…" not in shown
    left_out = re.search(r"Too narrow for:([^.]*)", shown)
    named = left_out[1].split() if left_out else []
    for title in ("kind", "verified", "created", "title"):
        is_there = title.upper() in shown or f"\n  {title}  " in shown
        assert is_there is not (title in " ".join(named))


def test_a_pipe_gets_whole_rows() -> None:
    """Where a program reads, each account is one line with every value whole, whatever the width."""
    long = values.recorded("a" * 63, metadata={"title": "word " * 30 + "end", "labels": {}, "annotations": {}})
    _, *rows = accounts_table([*values.ACCOUNTS, long], style=Style(width=40, is_terminal=False)).splitlines()
    (row,) = [row for row in rows if row.startswith("a" * 63)]
    assert row.endswith("word end")
    assert len(values.ACCOUNTS) + 3 == len(rows)


def test_a_name_that_fits_nowhere_stacks_the_facts() -> None:
    """Where no table fits, each account has its facts below its name."""
    shown = accounts_table([values.recorded("a" * 63)], style=Style(width=40))
    assert "\n  email     " in shown
    assert "EMAIL" not in shown


def test_bad_accounts_lead_to_their_reason() -> None:
    """Who looks at an account that cannot send is told how to see why; a pipe is not."""
    command = "    reconciler accounts show contest\n"
    assert accounts_table(values.ACCOUNTS, style=Style()).endswith(command)
    assert command not in accounts_table(values.ACCOUNTS, style=PIPE)
    assert "accounts show" not in accounts_table([values.ACTIVE], style=Style())


def test_words_are_broken_last() -> None:
    """Room is taken between words first, then within words that are too long, and never from what must stay whole."""
    rows = [("TITLE", "AT"), ("one two three", "2026-09-01 12:00"), ("x" * 20, "never")]
    assert [20, 16] == natural_widths(rows)
    assert [20, 10] == fitted_widths(rows, width=32, unbroken=16)
    assert [16, 10] == fitted_widths(rows, width=28, unbroken=16)
    assert fitted_widths(rows, width=27, unbroken=16) is None
    assert fitted_widths(rows, width=33, unbroken=16, whole=("AT",)) is None
    assert [16, 16] == fitted_widths(rows, width=34, unbroken=16, whole=("AT",))


def test_history_as_a_table() -> None:
    """Each revision is a row; the commit and the reference give way where there is no room, and then the table."""
    wide = history_table(values.REVISIONS, style=Style(width=160)).splitlines()
    assert ["WHAT", "WHEN", "(UTC)", "BY", "CHANGES", "COMMIT", "REFERENCE"] == wide[0].split()
    assert wide[2].startswith(
        "revision 7  2026-09-01 12:00:00  anna  1 created, 1 updated, 1 renamed  0123456789ab  http"
    )
    narrow = history_table(values.REVISIONS, style=Style(width=60))
    assert ["WHAT", "WHEN", "(UTC)", "BY", "CHANGES"] == narrow.splitlines()[0].split()
    assert history_text(values.REVISIONS, style=Style(width=40)) == history_table(
        values.REVISIONS, style=Style(width=40)
    )
    assert "Nothing has been applied yet.\n" == history_table([], style=PIPE)


def withheld(route: str) -> Verification:
    """Return a verification whose credential was withheld from a route."""
    check = Check(check="auth", status="skipped", code="withheld", message=f"It was not sent to {route}.")
    return Verification(status="withheld", depth="envelope", checks=(check,))


def test_alike_failures_are_told_once() -> None:
    """Eighty accounts with one wrong password share a row, and the reason stands once and says how many they are."""
    findings = {f"client-{n:02}": values.failed("535 wrong") for n in range(80)} | {"good": values.passed()}
    shown = verification_text(findings, dict.fromkeys(findings, "OwnAccount"), style=Style(width=100))
    assert 1 == shown.count("✗ auth failed  ")
    assert "\nclient-00 and 79 more  own " in shown
    assert 1 == shown.count("535 wrong")
    assert "\n80 accounts: client-00, client-01, client-02 and 77 more\n" in shown
    assert shown.endswith("\nVerified 81 accounts (depth envelope): 1 passed, 80 failed.\n")


def test_withheld_credentials_are_told_once() -> None:
    """Routes differ from account to account, and an error lists them; one remark speaks for all."""
    findings = {"a": withheld("one"), "b": withheld("two"), "c": withheld("two")}
    shown = verification_text(findings, dict.fromkeys(findings, "OwnAccount"), style=Style(width=100))
    assert "\na, b, c\n    ✗ auth withheld: no credential was sent: each would take a route" in shown
    same = verification_text(
        {"b": withheld("two"), "c": withheld("two")}, {"b": "OwnAccount", "c": "OwnAccount"}, style=Style(width=100)
    )
    assert "\nb, c\n    ✗ auth withheld: It was not sent to two.\n" in same


def test_the_worst_is_told_last() -> None:
    """What stands at the end is still there when the table has scrolled away."""
    findings = {"a": values.failed(), "b": values.warned(), "c": values.offline(), "d": UNCHANGED, "e": values.passed()}
    shown = verification_text(findings, dict.fromkeys(findings, "OwnAccount"), style=Style(width=100))
    headings = [line for line in shown.splitlines() if line in findings]
    assert ["b", "c", "a"] == headings
    assert "d        own   ○ unchanged" in shown


@pytest.mark.parametrize("width", WIDTHS)
def test_verifications_fit(width: int) -> None:
    """Names that leave no room for columns get a line each; every line fits."""
    for name in ("sales", "n" * 63):
        findings = {name: values.failed(), "other": Verification(status="failed"), "w": values.withheld()}
        shown = verification_text(findings, dict.fromkeys(findings, "OwnAccount"), style=Style(width=width))
        assert [] == [line for line in shown.splitlines() if cells(line) > width]
        assert "✗ auth failed" in shown.replace("\n", " ")
        assert "✗ failed" in shown
