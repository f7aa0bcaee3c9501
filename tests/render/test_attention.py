"""What the report opens with: which accounts, in which order, and the course of verification as columns."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from reconciler.model.accounts.recorded import RecordedVerification, Suspension
from reconciler.model.journal.events import EventAccount, JournalEvent
from reconciler.render.html.site.attention import NAMED, RUNS, attention_of, chart_of, found_concerns
from reconciler.render.html.site.comparison import told_changes
from reconciler.render.html.site.pages import MOST_CREATED
from tests.render import values
from tests.render.reports import report, revision
from tests.render.test_site import links_of, pages_of, words_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.model.journal.entries import Revision

FAILED = RecordedVerification(outcome="failed", checked_at=values.NOON, depth="auth", reason="The login failed.")


def verified(sequence: int, count: int, **standings: str) -> JournalEvent:
    """Return a verification of so many accounts, after which these have another status."""
    return JournalEvent(
        sequence=sequence,
        at=values.NOON + timedelta(hours=sequence),
        event="verify",
        accounts=tuple(EventAccount(name=name, after=status) for name, status in standings.items()),
        details={"verified": count},
    )


def changed(number: int, *changes: Mapping[str, object]) -> Revision:
    """Return a revision with these changes."""
    return revision(number).model_copy(update={"changes": changes})


def test_each_matter_has_its_count_and_its_first_names() -> None:
    """The most urgent matter comes first; of many accounts five are named, and the others lead to the list."""
    failing = [values.recorded(f"desk-{number}", verification=FAILED) for number in range(NAMED + 3)]
    stopped = values.recorded(
        "post", suspension=Suspension(reason="spam", actor="anna", at=values.NOON), verification=values.PASSED
    )
    made = report([stopped, *failing], revisions=(), journal=(verified(1, 9),))
    first, second = attention_of(found_concerns(made))[:2]
    assert "failing" == first.matter
    assert NAMED + 3 == first.count
    assert 3 == first.more
    assert [f"desk-{number}" for number in range(NAMED)] == [each.name for each in first.named]
    assert "suspended" == second.matter
    assert "spam" == second.named[0].reason
    assert second.named[0].is_ours is False
    page = pages_of(made)["index.html"]
    told = words_of(page)
    assert told.index("Needs attention") < told.index(f"{NAMED + 3} failing") < told.index("All accounts")
    assert "#matter=failing" in links_of(page)


def test_nothing_to_look_at_is_said() -> None:
    """An empty state needs no attention."""
    assert "Nothing needs attention." in words_of(pages_of(report([], revisions=(), journal=()))["index.html"])


def test_the_report_does_not_depend_on_the_day_it_is_made() -> None:
    """How long ago something was is counted from the journal's last entry."""
    old = values.recorded("a", verification=values.PASSED)
    later = verified(1, 1).model_copy(update={"at": values.NOON + timedelta(days=30)})
    assert ["stale"] == [each.matter for each in found_concerns(report([old], revisions=(), journal=(later,)))]


def test_the_chart_tells_how_many_were_verified_and_how_many_failed() -> None:
    """An account fails until it passes, or a change to it is applied; the highest column is as high as the picture."""
    rename = {"action": "rename", "name": "c2", "previousName": "c", "fields": []}
    journal = (
        verified(1, 4, a="failing", b="failing", c="failing"),
        verified(2, 8, a="active"),
        JournalEvent(sequence=3, at=values.NOON, event="apply", revision=1),
        verified(4, 8),
    )
    chart = chart_of(report([], revisions=(changed(1, rename),), journal=journal))
    assert chart is not None
    assert [(4, 3), (8, 2), (8, 1)] == [(each.verified, each.failing) for each in chart.runs]
    assert [chart.height // 2, chart.height, chart.height] == [
        each.passed_height + each.failing_height for each in chart.runs
    ]
    assert all(each.top + each.passed_height == each.middle for each in chart.runs)


@pytest.mark.parametrize("count", [0, 1])
def test_one_verification_is_no_course(count: int) -> None:
    """Before the second one there is no chart."""
    journal = tuple(verified(number + 1, 3) for number in range(count))
    made = report([], revisions=(), journal=journal)
    assert None is chart_of(made)
    assert "svg" not in [tag for tag, _ in pages_of(made)["index.html"].elements]


def test_one_failing_account_of_ten_thousand_is_seen() -> None:
    """Its part of the column has a height; and of a long past the last runs are shown."""
    journal = [verified(number + 1, 10_000, a="failing") for number in range(RUNS + 5)]
    chart = chart_of(report([], revisions=(), journal=journal))
    assert chart is not None
    assert RUNS == len(chart.runs)
    assert 0 < chart.runs[-1].failing_height < 5


def test_the_picture_has_no_style_of_its_own() -> None:
    """Colours come from the style sheet, as the policy of the page wants it, and the numbers stand in a table."""
    page = pages_of(report([], revisions=(), journal=(verified(1, 4, a="failing"), verified(2, 4))))["index.html"]
    drawn = [attributes for tag, attributes in page.elements if tag in ("svg", "rect")]
    assert 4 < len(drawn)
    assert not any("style" in attributes or "fill" in attributes for attributes in drawn)
    assert "As a table" in words_of(page)


@pytest.mark.parametrize(("created", "folds"), [(MOST_CREATED, False), (MOST_CREATED + 1, True)])
def test_many_creations_are_folded_and_the_others_are_not(created: int, *, folds: bool) -> None:
    """A revision that creates many says how many; what it changed beside them is seen at once."""
    new = [{"action": "create", "kind": "OwnAccount", "name": f"new-{at}", "fields": []} for at in range(created)]
    other = {"action": "update", "kind": "OwnAccount", "name": "old", "fields": []}
    page = pages_of(report([], revisions=(changed(1, *new, other),)))["revisions/1.html"]
    assert folds == any(tag == "details" for tag, _ in page.elements)
    assert created + 1 == [tag for tag, _ in page.elements].count("article")
    if folds:
        told = words_of(page)
        assert told.index("updated old") < told.index(f"{created} created") < told.index("new-0")


def test_what_is_compared_is_told_once_and_safely() -> None:
    """Fields stand where something was before; creations and deletions by name alone."""
    field = {"path": "spec.displayName", "before": "A", "after": "B"}
    made = report(
        [values.recorded("a")],
        revisions=(
            changed(2, {"action": "update", "name": "a", "fields": [field]}),
            changed(1, {"action": "create", "name": "a\x1b", "fields": [field]}),
        ),
    )
    told = told_changes(made)
    assert [
        [1, [["create", "a\\x1b", "", []]]],
        [2, [["update", "a", "", [["displayName", "A", "B", False]]]]],
    ] == told["revisions"]
    assert {"a": "accounts/a.html"} == told["accounts"]
