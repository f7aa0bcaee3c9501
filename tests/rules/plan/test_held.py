"""A change whose name another change keeps is held with it, however long the chain is."""

from __future__ import annotations

import pytest

from reconciler.model.plan import Change
from reconciler.rules.plan.match import held_with, why_held_with


def create(name: str) -> Change:
    """Return a new account."""
    return Change(action="create", kind="OwnAccount", name=name)


def rename(before: str, name: str) -> Change:
    """Return a rename."""
    return Change(action="rename", kind="OwnAccount", name=name, previous_name=before)


def delete(name: str) -> Change:
    """Return a deletion."""
    return Change(action="delete", kind="OwnAccount", name=name)


def update(name: str) -> Change:
    """Return an update."""
    return Change(action="update", kind="OwnAccount", name=name)


@pytest.mark.parametrize(
    ("changes", "held", "expected"),
    [
        ([create("b"), rename("b", "c")], {"c"}, {"b": "c"}),
        ([rename("a", "b"), rename("b", "c")], {"c"}, {"b": "c"}),
        ([create("a"), rename("a", "b"), rename("b", "c")], {"c"}, {"a": "b", "b": "c"}),
        ([rename("b", "c"), rename("a", "b"), create("a")], {"c"}, {"a": "b", "b": "c"}),
        ([rename("a", "b"), rename("b", "a")], {"b"}, {"a": "b"}),
        ([rename("a", "b"), rename("b", "c"), rename("c", "a")], {"a"}, {"c": "a", "b": "c"}),
        ([create("a"), rename("a", "b"), create("x"), rename("x", "y")], {"b"}, {"a": "b"}),
        ([create("a"), rename("a", "b")], set(), {}),
        ([create("a"), rename("a", "b")], {"a"}, {}),
        ([rename("a", "b"), rename("b", "c")], {"b", "c"}, {}),
        ([create("b"), update("a")], {"a"}, {}),
        ([create("b"), update("a")], {"b"}, {}),
        ([update("b"), rename("b", "c")], {"c"}, {}),
        ([delete("b"), create("c")], {"b"}, {}),
        ([], {"a"}, {}),
    ],
    ids=[
        "a new account of the old name",
        "a rename to the old name",
        "a chain",
        "a chain from its end",
        "an exchange",
        "a ring",
        "another chain goes on",
        "nothing is held",
        "what gives the name up goes on",
        "what is held itself is no news",
        "an update gives nothing up",
        "a new account gives nothing up",
        "an update takes nothing",
        "other names",
        "no changes",
    ],
)
def test_what_takes_a_name_that_stays_is_held(changes: list[Change], held: set[str], expected: dict[str, str]) -> None:
    """Each change that cannot be applied is told with the held change that keeps its name."""
    assert expected == held_with(changes, held)


def test_where_nothing_is_held_no_change_is_looked_at() -> None:
    """They are made while they are looked at, and there may be thousands."""
    changes = iter([rename("a", "b")])
    assert {} == held_with(changes, set())
    assert 1 == len([*changes])


def test_the_reason_says_which_change_keeps_the_name() -> None:
    """Both changes are named, the one that waits first."""
    sentence = "b is left out too: it takes a name that c gives up, and that change is held."
    assert sentence == why_held_with("b", "c")
