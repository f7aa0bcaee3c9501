"""An apply of very many accounts in short."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.model.canonical import canonical_json, sha256_hex
from reconciler.model.journal.events import JournalEvent
from reconciler.model.journal.keys import ABRIDGED, OF_THE_CHAIN
from reconciler.render.text import history_text
from reconciler.render.text.parts.style import Style
from reconciler.rules.journal import abridge
from reconciler.rules.journal.abridge import LEAST_CHANGES, ChangeGrouping, is_abridged, with_abridged
from tests.store.values import AT, change, revision

PORT = {"path": "spec.smtp.port", "before": 25, "after": 587}
OTHER = {"path": "spec.smtp.host", "before": "a.example.com", "after": "b.example.com"}
ADDRESS = {"path": "spec.email", "before": "a@example.com", "after": "b@example.com"}
names = st.builds("{}-{:02}".format, st.sampled_from(["desk", "sales", "x"]), st.integers(0, 99))
changes = st.builds(
    lambda name, action, fields, previous: {**change(name, action=action, previous=previous), "fields": fields},
    names,
    st.sampled_from(["create", "update", "delete"]),
    st.sampled_from([[], [PORT], [OTHER], [PORT, OTHER]]),
    st.none() | names,
)
payloads = st.fixed_dictionaries(
    {"actor": st.just("anna"), "isDirty": st.booleans(), "overrides": st.just({}), "verification": st.just({"a": {}})},
    optional={
        "held": st.lists(names, max_size=60),
        "targets": st.lists(names, max_size=60),
        "trustsProject": st.booleans(),
        "grantsUsed": st.lists(names, max_size=60),
        "liftedGuards": st.just([{"code": "tooManyChanges", "by": "--allow-many"}]),
        "reviewed": st.just({"planDigest": "sha256:1", "changesDigest": "sha256:2"}),
        "secretsNotCompared": st.dictionaries(names, st.lists(st.sampled_from(["env:A", "env:B"]), max_size=2)),
        "approvals": st.dictionaries(
            names, st.just({"before": None, "after": {"decision": "approved", "subjectDigest": "sha256:3"}})
        ),
    },
)


def payload(*told: dict[str, Any], **others: Any) -> dict[str, Any]:
    """Return the payload of an apply."""
    return {"revision": {"revision": 1, "actor": "anna", "changes": list(told)}, **others}


def many(**values: Any) -> list[dict[str, Any]]:
    """Return so many changes that they are told in short."""
    return [{**change(f"desk-{number:03}"), **values} for number in range(LEAST_CHANGES)]


def as_history(told: dict[str, Any], *shown: dict[str, Any]) -> str:
    """Return what people are told of a payload, and of a revision with these changes."""
    left_out = {"revision", "actor"} | OF_THE_CHAIN - {ABRIDGED}
    details = {key: part for key, part in told.items() if key not in left_out}
    event = JournalEvent(sequence=1, at=AT, event="apply", revision=1, details=details)
    applied = revision(1, *shown).model_copy(update={"summary": {"create": 1}})
    return history_text([applied], events=[event], style=Style())


@settings(max_examples=40)
@given(st.lists(changes, max_size=120), payloads)
def test_what_people_are_told_is_the_same(told: list[dict[str, Any]], others: dict[str, Any]) -> None:
    """Of the short form history tells, word for word, what it tells of the whole."""
    whole = json.loads(canonical_json(payload(*told, **others)))
    grouping = ChangeGrouping()
    for each in told:
        grouping.add_change(each)
    short = abridge.abridged(whole, grouping)
    assert short is not None
    assert is_abridged({**whole, ABRIDGED: short}, grouping)
    assert as_history({**short["told"], ABRIDGED: json.loads(canonical_json(short))}) == as_history(whole, *told)


def test_a_short_form_stays_as_it_was_first_made() -> None:
    """``journal check`` makes it anew of what an earlier version wrote: another form is another VERSION."""
    secrets = {f"desk-{number:03}": ["env:A"] for number in range(0, 90, 3)}
    approvals = {"desk-001": {"before": {"decision": "approved", "actor": "anna"}, "after": None}}
    updates = [{**change(f"sales-{number}", action="update"), "fields": [PORT]} for number in range(3)]
    renamed = change("new", action="rename", previous="old")
    told = payload(*many(), *updates, renamed, secretsNotCompared=secrets, approvals=approvals, held=list(secrets))
    short = with_abridged({**told, "isDirty": True, "overrides": {}})[ABRIDGED]
    assert "d7a36dadb4b7fdf9cd732541853ee9cb0f8c39d080c73d53275e30d98f366787" == sha256_hex(canonical_json(short))


def test_it_is_the_beginning_of_what_is_written() -> None:
    """No key comes before it, so who reads it reads nothing else."""
    others = (OF_THE_CHAIN | abridge.PARTS) - {ABRIDGED, "revision"}
    told = with_abridged(payload(*many(), **{key: [] for key in others}))
    assert canonical_json(told).startswith(f'{{"{ABRIDGED}":')


@pytest.mark.parametrize(
    "told",
    [
        payload(*many()[1:]),
        payload(*many(), overrides={"desk-001": "the server is down"}),
        payload(*many(), acceptedAltered={"desk-001": "anna did it"}),
        payload(*many(), reason="by hand"),
        payload(*many(action="update", fields=[ADDRESS])),
        payload(*many(action="update", fields=[{**OTHER, "after": "a@example.com"}])),
        payload(*many(), targets=["email=a@example.com"]),
        payload(*many(), grantsUsed=["[erased]"]),
        payload(*many(), secretsNotCompared={"desk-001": ["file:secrets/a@example.com"]}),
        {"name": "sales"},
    ],
    ids=[
        "few",
        "an override",
        "an acceptance",
        "a reason",
        "a personal field",
        "an address",
        "a selector",
        "erased before",
        "a reference",
        "no revision",
    ],
)
def test_what_few_are_told_of_or_can_be_erased_has_no_short_form(told: dict[str, Any]) -> None:
    """A redaction finds nothing in it, also one by a version that does not know of it."""
    assert with_abridged({**told, ABRIDGED: "an earlier one"}) == told


def test_who_applied_stays_whatever_is_erased() -> None:
    """So an address there is no reason against a short form."""
    who = {"actor": "anna@example.com", "actorSource": "flag"}
    told = {"revision": {**who, "revision": 1, "changes": many()}, **who}
    assert with_abridged(told)[ABRIDGED]["told"] == {**who, "revision": {**who, "revision": 1}}


def test_fields_of_what_was_created_are_not_told_and_so_not_kept() -> None:
    """They hold personal data, and are no reason against a short form."""
    assert "example.com" not in canonical_json(with_abridged(payload(*many(fields=[ADDRESS])))[ABRIDGED])
