"""Which revisions and events a question about the past means, and since when an account stands as it does."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from reconciler.model.accounts.recorded import Suspension
from reconciler.model.journal.entries import Revision
from reconciler.model.journal.events import EventAccount, JournalEvent
from reconciler.rules.journal.choose import Period, is_told, own_changes, within
from reconciler.rules.journal.erasure import Erasure
from reconciler.rules.journal.since import status_since
from tests.rules.single import VALUES, own
from tests.rules.states import NOW, state_of


def at(hour: int) -> datetime:
    """Return a moment, by hours after noon."""
    return NOW + timedelta(hours=hour)


def revision(number: int, *, hour: int = 0, actor: str = "anna", changes: tuple[dict[str, Any], ...] = ()) -> Revision:
    """Return a revision."""
    return Revision(
        revision=number, at=at(hour), actor=actor, actor_source="flag", plan_digest="d", summary={}, changes=changes
    )


def event(number: int, *, hour: int = 0, what: str = "suspend", **parts: Any) -> JournalEvent:
    """Return an event."""
    return JournalEvent(**{"sequence": number, "at": at(hour), "event": what, "actor": "anna", **parts})


@pytest.mark.parametrize(
    ("period", "revisions", "events"),
    [
        (Period(), [3, 2, 1], [5, 4]),
        (Period(since=at(2)), [3, 2], [5]),
        (Period(until=at(2)), [2, 1], [4]),
        (Period(since=at(2), until=at(2)), [2], []),
        (Period(actor="anna"), [3, 1], [5]),
        (Period(actor="an*"), [3, 1], [5]),
        (Period(actor="Anna"), [], []),
        (Period(actor="*"), [3, 2, 1], [5, 4]),
        (Period(actor="?*"), [3, 2, 1], [5]),
        (Period(revision=2), [2], [4]),
        (Period(limit=1), [], [5]),
        (Period(limit=2), [3], [5]),
        (Period(limit=4), [3, 2], [5, 4]),
        (Period(limit=9), [3, 2, 1], [5, 4]),
        (Period(limit=0), [], []),
        (Period(limit=1, until=at(2)), [2], []),
    ],
)
def test_a_period_has_what_lies_in_it(period: Period, revisions: list[int], events: list[int]) -> None:
    """Its ends count in, the actor is a glob in which case counts, and the limit counts both together, newest first."""
    made = [revision(3, hour=3), revision(2, hour=2, actor="ola"), revision(1)]
    happened = [event(5, hour=4), event(4, hour=1, actor=None, revision=2, what="apply")]
    if period.limit == 4:
        happened = [event(5, hour=4), event(4, hour=1)]
    kept, told = within(made, happened, period)
    assert (revisions, events) == ([each.revision for each in kept], [each.sequence for each in told])


def test_what_is_not_told_takes_no_place_of_a_limit() -> None:
    """A verification that changed nothing comes with what is told, and pushes nothing out."""
    quiet = [event(number, hour=number, what="verify") for number in (9, 8, 7)]
    loud = [event(number, hour=number) for number in (6, 5)]
    assert [9, 8, 7, 6] == [each.sequence for each in within([], [*quiet, *loud], Period(limit=1))[1]]


SALES = (EventAccount(name="sales"),)


@pytest.mark.parametrize(
    ("happened", "expected"),
    [
        (event(1), True),
        (event(1, what="apply", revision=1), False),
        (event(1, what="verify"), False),
        (event(1, what="verify", accounts=SALES), True),
        (event(1, what="verify", details={"acceptedAltered": {"sales": "by hand"}}), True),
        (event(1, what="send", details={"run": "a", "ending": "begun"}), True),
        (event(1, what="send", details={"run": "a", "ending": "begun", "hasEnded": True}), False),
        (event(1, what="send", details={"run": "a", "ending": "complete"}), True),
        (event(1, what="suspend", details={"hasEnded": True}), True),
    ],
    ids=[
        "a suspension",
        "an apply, which is told as its revision",
        "a verification that changed nothing",
        "one that changed an account",
        "one that took what was altered",
        "a sending that goes on",
        "the beginning of one that ended",
        "its end",
        "no sending",
    ],
)
def test_an_event_is_told_by_itself_where_nothing_else_tells_it(happened: JournalEvent, *, expected: bool) -> None:
    """What happened is told once."""
    assert expected == is_told(happened)


@pytest.mark.parametrize(
    ("lives", "expected"),
    [
        ([{"sales": None}], ["sales", "moved"]),
        ([{"moved": None, "sales": 3}], ["sales", "moved"]),
        ([{"moved": None, "sales": 2}], ["moved"]),
        ([{"other": None}], ["other"]),
        ([{"other": None}, {"sales": None}], ["sales", "other", "moved"]),
        ([{"nobody": None}], []),
    ],
    ids=["its name", "until this revision", "until an earlier one", "another", "two", "nobody"],
)
def test_a_revision_is_told_with_the_changes_of_the_accounts(
    lives: list[dict[str, int | None]], expected: list[str]
) -> None:
    """Under whatever name they had then; of a rename either name is enough, and what is no name is passed over."""
    changes: tuple[dict[str, Any], ...] = (
        {"name": "sales"},
        {"name": "other"},
        {"name": "moved", "previousName": "sales"},
        {"name": 7},
    )
    found = own_changes(revision(3, changes=changes), [Erasure(names=names) for names in lives])
    assert (3, expected) == (found.revision, [each["name"] for each in found.changes])


def told(name: str, before: str | None, after: str | None, *, hour: int) -> JournalEvent:
    """Return an event that moved an account from one status to another."""
    return event(hour, hour=hour, accounts=(EventAccount(name=name, before=before, after=after),))


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([], NOW),
        ([told("a", "active", "suspended", hour=2)], at(2)),
        ([told("a", "active", "suspended", hour=4), told("a", "active", "suspended", hour=2)], at(4)),
        ([told("a", "suspended", "suspended", hour=4), told("a", "active", "suspended", hour=2)], at(2)),
        ([told("a", "suspended", "active", hour=4)], NOW),
        ([told("other", "active", "suspended", hour=4)], NOW),
        ([told("earlier", "active", "suspended", hour=2)], at(2)),
        ([told("earliest", "active", "suspended", hour=2)], at(2)),
        ([told("a", None, "suspended", hour=2)], at(2)),
    ],
    ids=[
        "the journal tells of none",
        "a change",
        "the last of two",
        "one that left it",
        "a change to another",
        "another account's",
        "under its earlier name",
        "under the one before",
        "without a status before",
    ],
)
def test_a_status_began_with_the_last_event_that_led_to_it(events: list[JournalEvent], expected: datetime) -> None:
    """Under whatever name the account had; else with the last change of the account."""
    state = state_of([own(), own("b")], VALUES)
    stopped = replace(state.accounts["a"], suspension=Suspension(reason="r", actor="anna", at=NOW))
    state = replace(
        state, accounts={**state.accounts, "a": stopped}, earlier_names={"a": ("earlier", "earliest"), "b": ("b0",)}
    )
    assert {"a": expected, "b": NOW} == status_since(state.accounts, events, earlier_names=state.earlier_names)


def test_one_event_may_have_led_several_accounts_to_their_status() -> None:
    """Each account is told apart, whatever comes before it."""
    accounts = tuple(EventAccount(name=name, before="failing", after="active") for name in ("gone", "a", "b"))
    state = state_of([own(), own("b")], VALUES)
    events = [event(1, hour=1, accounts=accounts)]
    assert {"a": at(1), "b": at(1)} == status_since(state.accounts, events, earlier_names={})
