"""Which desired account is which recorded one, and what does not fit together."""

from __future__ import annotations

import pytest

from reconciler.planning.match import match
from tests.planning.states import desired_of, recorded_of


def manifest(name: str, *, previous: str = "", kind: str = "MarketingAccount") -> str:
    """Return the manifest of an account, that was called otherwise before."""
    was = f", previousName: {previous}" if previous else ""
    smtp = ", smtp: {host: smtp.example.com}" if kind == "OwnAccount" else ""
    return (
        f"---\napiVersion: reconciler/v1\nkind: {kind}\nmetadata: {{name: {name}{was}}}\n"
        f"spec: {{email: a@example.com, displayName: A{smtp}}}\n"
    )


def told(desired: str, recorded: str) -> tuple[list[tuple[str | None, str | None]], dict[str, str], list[str]]:
    """Return the names of the pairs, the refusals' first words by account, and the remarks'."""
    before = {account.name: recorded_of(account, {}) for account in desired_of(recorded)} if recorded else {}
    wanted = desired_of(desired) if desired else ()
    found = match(tuple(reversed(wanted)), before)
    pairs = [
        (each.before.name if each.before else None, each.after.name if each.after else None) for each in found.pairs
    ]
    refusals = {name: f"{each.code}: {each.detail.partition('. ')[0]}" for name, each in found.refusals.items()}
    return pairs, refusals, [f"{each.code} {each.subject} {each.location}: {each.detail}" for each in found.remarks]


@pytest.mark.parametrize(
    ("desired", "recorded", "pairs", "refusals"),
    [
        (manifest("c") + manifest("a"), manifest("b") + manifest("c"), [(None, "a"), ("b", None), ("c", "c")], {}),
        (manifest("b", previous="a"), manifest("a"), [("a", "b")], {}),
        (manifest("b", previous="a"), manifest("b"), [("b", "b")], {}),
        (
            manifest("a") + manifest("b", previous="a"),
            manifest("a") + manifest("b"),
            [("a", "a"), ("b", "b")],
            {"b": "renameStillDesired: b gives a as its previousName, but a manifest still declares a"},
        ),
        (
            manifest("b", previous="a"),
            manifest("a") + manifest("b"),
            [("a", None), ("b", "b")],
            {
                "b": "renameTaken: a cannot be renamed to b: an account is recorded under that name already",
            },
        ),
        (
            manifest("a", kind="OwnAccount"),
            manifest("a"),
            [("a", "a")],
            {"a": "changedKind: a is recorded as MarketingAccount, and the manifest declares OwnAccount"},
        ),
        (
            manifest("b", previous="a", kind="OwnAccount"),
            manifest("a"),
            [("a", "b")],
            {"b": "changedKind: a is recorded as MarketingAccount, and the manifest declares OwnAccount"},
        ),
        (
            manifest("b", previous="a", kind="OwnAccount"),
            manifest("a") + manifest("b"),
            [("a", None), ("b", "b")],
            {"b": "renameTaken: a cannot be renamed to b: an account is recorded under that name already"},
        ),
    ],
    ids=[
        "by name",
        "renamed",
        "renamed already",
        "still desired",
        "taken",
        "changed kind",
        "renamed and changed kind",
        "taken and changed kind",
    ],
)
def test_pairs(
    desired: str, recorded: str, pairs: list[tuple[str | None, str | None]], refusals: dict[str, str]
) -> None:
    """Accounts are paired by name or previous name; what does not fit is refused once, and left with its own name's."""
    assert (pairs, refusals, []) == told(desired, recorded)


def test_a_previous_name_that_nobody_has_is_told() -> None:
    """The account is created, and the remark says where the name stands; remarks come in the order of names."""
    pairs, refusals, remarks = told(manifest("a", previous="x") + manifest("b", previous="y"), "")
    assert ([(None, "a"), (None, "b")], {}) == (pairs, refusals)
    assert [
        "previousNameUnknown a accounts.d/accounts.yaml:2:1: No account is recorded as x, so a is created. Remove previousName, or correct it.",
        "previousNameUnknown b accounts.d/accounts.yaml:7:1: No account is recorded as y, so b is created. Remove previousName, or correct it.",
    ] == remarks


def test_a_rename_that_is_refused_is_no_unknown_name() -> None:
    """Where the previous name is known and the rename refused, nothing is said of an unknown name."""
    assert [] == told(manifest("b", previous="a") + manifest("a"), manifest("a"))[2]
