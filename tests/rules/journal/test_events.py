"""What history tells of the journal's entries, whole or altered."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.model.journal.entries import JournalEntry
from reconciler.model.journal.events import EventAccount
from reconciler.rules.journal.erasure import Erasure
from reconciler.rules.journal.events import events_of
from tests.rules.states import NOW


def journal(*payloads: dict[str, Any]) -> list[tuple[JournalEntry, dict[str, Any]]]:
    """Return entries with these payloads, numbered from 1."""
    return [
        (JournalEntry(sequence=number, at=NOW, event="apply", payload_digest="d", previous="p", hash="h"), payload)
        for number, payload in enumerate(payloads, start=1)
    ]


def applied(revision: int, *changes: dict[str, str]) -> dict[str, Any]:
    """Return the payload of an apply."""
    return {"revision": {"revision": revision, "actor": "anna", "actorSource": "flag", "changes": list(changes)}}


def sequences(payloads: list[dict[str, Any]], names: dict[str, int | None]) -> list[int]:
    """Return the numbers of the entries that concern an account of these names."""
    return [event.sequence for event in events_of(journal(*payloads), [Erasure(names=names)])]


def test_events_are_told_newest_first() -> None:
    """Without an account every entry is told, the last one first."""
    assert [3, 2, 1] == [event.sequence for event in events_of(journal({}, {}, {}))]


def test_the_actor_of_an_apply_is_told_from_its_revision() -> None:
    """Who acted stands in the payload, or for an apply in its revision; what only the chain needs is not told."""
    own = {"actor": "ola", "actorSource": "ci", "reason": "spam", "salt": "s", "routeDigests": {}, "count": 3}
    second, first = events_of(journal(applied(7), own))
    assert "anna" == first.actor
    assert "flag" == first.actor_source
    assert 7 == first.revision
    assert "ola" == second.actor
    assert "ci" == second.actor_source
    assert "spam" == second.reason
    assert second.revision is None
    assert {"count": 3} == second.details


def test_the_accounts_of_an_event_are_told_by_name() -> None:
    """Each account stands with its status before and after and the reason; a side that is missing is None."""
    became = {"status": "failing", "reason": "535"}
    accounts = {"b": {"before": {"status": "ready"}, "after": became, "rotated": ["env:SMTP_B"]}, "a": {}}
    (event,) = events_of(journal({"accounts": accounts}))
    changed = EventAccount(name="b", before="ready", after="failing", reason="535", rotated=("env:SMTP_B",))
    expected = (EventAccount(name="a"), changed)
    assert expected == event.accounts


def test_of_several_accounts_those_asked_for_are_told() -> None:
    """What an event did to others is not the history of this one, nor of whoever has its name today."""
    payload: dict[str, Any] = {"accounts": {"a": {}, "b": {}, "old": {}}}
    (event,) = events_of(journal(payload), [Erasure(names={"b": None, "old": 0})])
    assert (EventAccount(name="b"),) == event.accounts


@pytest.mark.parametrize(
    "payload",
    [
        {"revision": "text", "accounts": "text", "actor": 3, "actorSource": "elsewhere", "reason": []},
        {"revision": {"revision": "text", "changes": "text"}, "accounts": []},
        {"accounts": {"sales": "text"}},
    ],
)
def test_an_altered_payload_is_told_as_far_as_it_can_be(payload: dict[str, Any]) -> None:
    """What is of another type than it was written with is left out, and the entry is still told."""
    (event,) = events_of(journal(payload))
    assert 1 == event.sequence
    assert event.actor is None
    assert event.actor_source is None
    assert event.reason is None
    assert event.revision is None
    assert all((None, None, None) == (each.before, each.after, each.reason) for each in event.accounts)
    assert [] == sequences([payload], {"other": None})


def test_an_event_concerns_an_account_by_any_way_of_naming_it() -> None:
    """An account is named among the accounts, as the name of an order, or by a change under either name."""
    payloads: list[dict[str, Any]] = [
        {"accounts": {"sales": {}}},
        {"name": "sales"},
        applied(1, {"name": "sales"}),
        applied(2, {"name": "other", "previousName": "sales"}),
        applied(3, {"name": "other"}),
        {"accounts": {"other": {}}, "name": ["sales"]},
        {"name": "other"},
    ]
    assert [4, 3, 2, 1] == sequences(payloads, {"sales": None})


def test_an_earlier_name_concerns_an_account_until_it_was_renamed_away() -> None:
    """The rename itself is told; later the name may be another account's, by change or by status."""
    payloads: list[dict[str, Any]] = [
        applied(1, {"name": "old"}),
        {"accounts": {"old": {}}},
        applied(2, {"name": "new", "previousName": "old"}),
        applied(3, {"name": "old"}),
        {"accounts": {"old": {}}},
        {"accounts": {"new": {}}},
        {"name": "old"},
    ]
    assert [6, 3, 2, 1] == sequences(payloads, {"new": None, "old": 2})
    assert [3, 2, 1] == sequences(payloads, {"old": 2})
    both = events_of(journal(*payloads), [Erasure(names={"new": None}), Erasure(names={"old": 2})])
    assert [6, 3, 2, 1] == [event.sequence for event in both]


@pytest.mark.parametrize(
    ("runs", "unfinished"),
    [
        ([("a", "begun"), ("a", "complete")], []),
        ([("a", "begun")], [1]),
        ([("a", "begun"), ("a", "begun"), ("a", "complete")], [1]),
        ([("a", "begun"), ("b", "begun"), ("a", "stopped")], [2]),
        ([("a", "complete"), ("a", "begun")], [2]),
        ([("a", "begun"), ("a", "complete"), ("a", "stopped")], []),
        ([(7, "begun"), (7, "complete")], [1]),
    ],
)
def test_a_sending_that_was_killed_has_no_end(runs: list[tuple[Any, str]], unfinished: list[int]) -> None:
    """The beginning of a run is marked where its end is told; one without an end, or an altered one, is not."""
    entries = [
        (entry.model_copy(update={"event": "send"}), payload)
        for entry, payload in journal(*({"run": run, "ending": ending} for run, ending in runs))
    ]
    events = events_of(entries)
    open_ones = [
        each.sequence for each in events if each.details["ending"] == "begun" and not each.details.get("hasEnded")
    ]
    assert unfinished == sorted(open_ones)
    others = events_of(journal({"run": "a", "ending": "begun"}, {"run": "a", "ending": "complete"}))
    assert [None, None] == [each.details.get("hasEnded") for each in others]


@pytest.mark.parametrize("source", ["flag", "ci", "login"])
def test_the_source_of_a_name_is_told(source: str) -> None:
    """Whether the actor was named by a flag, by CI or by the login."""
    (event,) = events_of(journal({"actorSource": source}))
    assert source == event.actor_source


def test_details_are_what_nothing_else_tells() -> None:
    """What has a place of its own, and what only the chain needs, is left out of the details."""
    told = {"actor": "a", "actorSource": "ci", "reason": "r", "revision": {}, "accounts": {}}
    chain = dict.fromkeys(
        ("accountDigests", "revisionDigests", "routeDigests", "forgottenRoutes", "redactedPayloads", "salt"), "x"
    )
    (event,) = events_of(journal({**told, **chain, "held": ["a"]}))
    assert {"held": ["a"]} == event.details


def test_before_the_first_revision_names_are_told_too() -> None:
    """An entry from before any revision is the account's under an earlier name, and nobody else's."""
    assert [1] == sequences([{"accounts": {"sales": {}}}], {"sales": 1})
    altered: dict[str, Any] = {"revision": {"changes": [{"name": "other"}, {}]}}
    assert [] == sequences([altered], {"sales": None})
    assert [1] == sequences([{"revision": {"changes": [{"name": "sales"}]}}], {"sales": 0})
