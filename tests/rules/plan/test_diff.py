"""Which fields of a document differ, and how they are shown."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.diagnostics import Location
from reconciler.model.plan import FieldChange, Scalar
from reconciler.model.step import Keep, Update
from reconciler.rules.plan.diff import CA_CONTENT, compared, field_changes, flatten
from tests.rules.single import VALUES, own
from tests.rules.states import policy, state_of


def test_leaves_are_told_by_path() -> None:
    """A path has dots between plain keys, and quotes and brackets around any other.

    A list is a leaf, unless each of its parts has fields of its own.
    """
    labels = {"team": "sales", "a-b_9": "x", "a.b": "y", "a b": "z"}
    document = {"metadata": {"labels": labels}, "spec": {"shared": True, "many": ["a"], "none": None}}
    several = {"replyTo": [{"email": "a", "displayName": "A"}, {"email": "b"}], "mixed": ["a", {"email": "b"}]}
    assert {
        "metadata.labels.team": "sales",
        "metadata.labels.a-b_9": "x",
        'metadata.labels["a.b"]': "y",
        'metadata.labels["a b"]': "z",
        "spec.shared": True,
        "spec.many": ["a"],
        "spec.none": None,
    } == flatten(document)
    assert {
        "replyTo.0.email": "a",
        "replyTo.0.displayName": "A",
        "replyTo.1.email": "b",
        "mixed": ["a", {"email": "b"}],
    } == flatten(several)
    assert {"plain": 1, "a b": 2} == flatten({"plain": 1, "a b": 2})


def test_the_content_of_a_private_ca_is_a_leaf() -> None:
    """The digest stands without the name of its algorithm, under a path of its own."""
    assert {"a": 1, "spec.smtp.caFile.sha256": "0123"} == flatten({"a": 1}, ca_digest="sha256:0123")
    assert {"spec.smtp.caFile.sha256": "0123"} == flatten({}, ca_digest="0123")
    assert "spec.smtp.caFile.sha256" == CA_CONTENT


def test_fields_are_compared_in_canonical_form_and_shown_as_written() -> None:
    """What is the same in canonical form is no change; what is not is shown as its author wrote it."""
    before: dict[str, Scalar] = {"a": "xn--1", "b": "xn--2", "c": "plain", "same": 1}
    after: dict[str, Scalar] = {"a": "xn--1", "b": "xn--3", "c": "other", "same": 1}
    changes = field_changes(
        before, after, written_before={"a": "ą", "b": "ż"}, written_after={"a": "Ą", "b": "ź", "same": "x"}
    )
    assert (
        FieldChange(path="b", before="ż", after="ź"),
        FieldChange(path="c", before="plain", after="other"),
    ) == changes


def test_a_field_that_comes_or_goes_is_a_change_whatever_its_value() -> None:
    """An empty value that was not there before, or is there no longer, differs from an absent one."""
    assert (FieldChange(path="a", before=None, after=None), FieldChange(path="b", before=None, after=None)) == (
        field_changes({"b": None}, {"a": None}, written_before={}, written_after={})
    )


def test_of_a_new_account_every_leaf_is_told_as_written() -> None:
    """And no other, whatever else was written."""
    assert (FieldChange(path="a", before=None, after="Ą"),) == field_changes(
        {}, {"a": "xn--1"}, written_before={}, written_after={"a": "Ą", "gone": "x"}
    )


def test_changes_come_in_the_order_of_paths() -> None:
    """The order of the documents does not matter."""
    paths = [f"p{number}" for number in (3, 9, 1, 7, 0, 5, 8, 2, 6, 4)]
    changes = field_changes(dict.fromkeys(paths, 1), {}, written_before={}, written_after={})
    assert sorted(paths) == [each.path for each in changes]


def test_an_account_of_which_nothing_changes_is_kept_with_all_that_is_known_of_it() -> None:
    """A step without a change still says what is recorded, what is to be, and which manifest vouches for it."""
    account = own()
    state = state_of([account], VALUES)
    (before,) = state.accounts.values()
    step = Update(before=before, after=account, manifest="accounts.d/a.yaml")
    expected = Keep(before=before, after=account, manifest="accounts.d/a.yaml")
    assert expected == compared(step, state, policy(VALUES))


HOST = "spec.smtp.host"
LABEL = 'metadata.labels["example.com/team"]'


@pytest.mark.parametrize(
    ("overlaid", "changed", "line"),
    [
        ([("spec", "smtp", "host")], HOST, 1),
        ([("spec", "smtp")], HOST, 1),
        ([("spec",)], HOST, 1),
        ([("spec", "smtp", "host", "part")], HOST, 1),
        ([("spec", "smtp", "host", "part"), ("spec", "smtp")], HOST, 2),
        ([("spec", "email"), ("spec", "smtp", "host")], HOST, 2),
        ([("spec", "smtp", "ho"), ("spec", "smtp", "hosts"), ("smtp", "host"), ("host",)], HOST, None),
        ([("metadata", "labels", "example.com/team")], LABEL, 1),
        ([("metadata", "labels", "example.com")], LABEL, None),
        ([], HOST, None),
    ],
    ids=[
        "the field itself",
        "the mapping around it",
        "all of it",
        "a part of it",
        "around it before a part",
        "another field first",
        "fields that read alike",
        "a key in quotes",
        "another key",
        "no overlay",
    ],
)
def test_a_field_tells_which_overlay_gave_its_value(
    overlaid: list[tuple[str, ...]], changed: str, line: int | None
) -> None:
    """Each place stands on a line of its own here; what comes from the manifest itself has no place."""
    state = state_of([own()], VALUES)
    places = {path: Location("overlay.yaml", number, 7) for number, path in enumerate(overlaid, start=1)}
    after = replace(own(host="i.example", metadata=", labels: {example.com/team: x}"), overlaid=places)
    found = compared(Update(before=state.accounts["a"], after=after), state, policy(VALUES))
    assert isinstance(found, Update)
    origins = {each.path: each.origin for each in found.fields}
    assert {HOST, LABEL} == origins.keys()
    assert (f"overlay.yaml:{line}" if line else None) == origins[changed]
