"""Payloads of the journal: what is read is written again, whatever version wrote it, and damage costs one part only."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from typing import Any

import pytest

from reconciler.model.canonical import canonical_json
from reconciler.model.journal.payloads import PAYLOADS, ApplyPayload, Payload, SendPayload, read_payload
from tests.kept import FIRST


def _entries(script: str) -> list[tuple[str, str]]:
    with closing(sqlite3.connect(":memory:")) as database:
        database.executescript(script)
        return list(
            database.execute("SELECT event, payload FROM journal JOIN journal_payloads USING (project, sequence)")
        )


KEPT = [
    (each["event"], each["payload"])
    for each in map(
        json.loads,
        (FIRST / "payloads.jsonl").read_text(encoding="utf-8").splitlines(),
    )
]


OLDER = [
    (event, text)
    for name in ("state-1.sql", "state-2-without-tokens.sql", "state-2.sql")
    for event, text in _entries((FIRST / name).read_text(encoding="utf-8"))
]
"""What earlier versions wrote, whose payloads lack parts."""


def test_every_event_has_a_kept_payload() -> None:
    """Of each event that has a class there is a payload that the version before the classes wrote."""
    assert PAYLOADS.keys() == {event for event, _ in KEPT}


@pytest.mark.parametrize(
    ("event", "text"), KEPT + OLDER, ids=[f"{n}-{event}" for n, (event, _) in enumerate(KEPT + OLDER)]
)
def test_a_kept_payload_is_written_as_it_was_read(event: str, text: str) -> None:
    """The text is the one that was read, byte for byte: the hash chain covers it."""
    assert text == canonical_json(read_payload(event, json.loads(text)).document())


@pytest.mark.parametrize(("event", "text"), KEPT, ids=[f"{n}-{event}" for n, (event, _) in enumerate(KEPT)])
def test_a_kept_payload_has_no_part_that_its_class_does_not_know(event: str, text: str) -> None:
    """Whatever the verbs write stands in the class, except for what the store adds for the chain."""
    payload = read_payload(event, json.loads(text))
    of_the_store = {"accountDigests", "accountParts", "accountsBefore", "forgottenRoutes", "projectRow",
                    "redactedPayloads", "revisionDigests", "routeDigests", "salt"}  # fmt: skip
    assert set() == (payload.model_extra or {}).keys() - of_the_store


@pytest.mark.parametrize("event", [*PAYLOADS, "unheardOf"])
def test_an_entry_of_another_version_is_read(event: str) -> None:
    """A payload may lack every part, and may have parts that are not known here, at any depth: they are kept."""
    later: dict[str, Any] = {"later": {"deep": [1, None]}, "accounts": {"sales": {"later": 1, "after": {"later": 2}}}}
    assert {} == read_payload(event, {}).document()
    assert later == read_payload(event, later).document()


@pytest.mark.parametrize(
    ("event", "told", "kept"),
    [
        ("suspend", {"reason": 7, "actor": "anna"}, {"actor": "anna"}),
        ("suspend", {"actorSource": "elsewhere"}, {}),
        ("suspend", {"accounts": {"sales": "text", "news": {}}}, {"accounts": {"news": {}}}),
        ("suspend", {"accounts": {"sales": {"after": {"status": 3, "reason": "x"}}}},
         {"accounts": {"sales": {"after": {"reason": "x"}}}}),
        ("suspend", {"accounts": []}, {}),
        ("apply", {"revision": {"revision": "7", "changes": [1, {"name": "a"}]}},
         {"revision": {"changes": [1, {"name": "a"}]}}),
        ("apply", {"held": ["a", 3, "b", None]}, {"held": ["a", "b"]}),
        ("apply", {"liftedGuards": {"code": "x"}, "trustsProject": "yes"}, {}),
        ("restore", {"serial": True, "lostEntries": 4}, {"lostEntries": 4}),
        ("verify", {"verified": "many", "snake_case": 1}, {"snake_case": 1}),
    ],
)  # fmt: skip
def test_damage_costs_the_damaged_part_only(event: str, told: dict[str, Any], kept: dict[str, Any]) -> None:
    """A part of another type than it is written with is left out, in a list that one alone; all others are read."""
    before = canonical_json(told)
    assert kept == read_payload(event, told).document()
    assert before == canonical_json(told)


def test_a_part_that_was_not_given_is_absent() -> None:
    """Absent is not null: a verb writes the parts that it gives, and none beside them."""
    assert {"reason": None} == Payload(reason=None).document()


def test_some_parts_are_told_only_where_there_is_something_to_tell() -> None:
    """An apply without selectors, and a sending that only begins, have no part for what there is not."""
    assert {"held": []} == ApplyPayload(targets=(), reviewed=None, secrets_not_compared={}, held=()).document()
    assert {"ending": "begun"} == SendPayload(ending="begun", this_run=None, total=None).document()


def test_names_of_changes_are_read_past_damage() -> None:
    """Of a rename both names are told; what is no change, and what is no name, is passed over."""
    changes = [1, {"name": "a", "previousName": "b"}, {"name": ["c"]}, "d", {"previousName": None}]
    payload = read_payload("apply", {"revision": {"changes": changes}})
    assert isinstance(payload, ApplyPayload)
    assert payload.revision is not None
    assert {"a", "b"} == payload.revision.names


def test_who_applied_is_told_by_the_revision() -> None:
    """An apply says who in its revision; a payload that says so itself is believed first."""
    made = {"revision": {"actor": "anna", "actorSource": "ci"}}
    assert ("anna", "ci") == read_payload("apply", made).acted
    assert ("ola", "ci") == read_payload("apply", {**made, "actor": "ola"}).acted


@pytest.mark.parametrize("event", sorted(PAYLOADS))
def test_half_a_character_costs_nothing_else(event: str) -> None:
    """A lone surrogate, as altered JSON may have it in a key or a text, keeps nobody from reading the rest."""
    told = {"accounts": {"\ud800": 7, "b": {}}, "actor": "anna\ud801", "\ud802": {"\ud803": "\ud804"}}
    assert "anna?" == read_payload(event, told).document()["actor"]
