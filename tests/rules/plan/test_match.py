"""Which desired account is which recorded one, and what does not fit together."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from reconciler.rules.plan.match import match, unmarked_renames
from tests.rules.single import news, own
from tests.rules.states import desired_of, state_of

if TYPE_CHECKING:
    from reconciler.diagnostics import Diagnostic


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
    before = state_of(desired_of(recorded) if recorded else ())
    wanted = desired_of(desired) if desired else ()
    found = match(tuple(reversed(wanted)), before)
    pairs = [
        (each.before.name if each.before else None, each.after.name if each.after else None) for each in found.steps
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
            manifest("a"),
            [(None, "a"), ("a", "b")],
            {},
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
        "renamed, and another under its name",
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
    assert [] == told(manifest("b", previous="a"), manifest("a") + manifest("b"))[2]


def test_renames_that_are_over_are_told_once() -> None:
    """All of them in one warning, at the first."""
    both = manifest("a") + manifest("b", previous="a") + manifest("c") + manifest("d", previous="c")
    pairs, refusals, remarks = told(both, "".join(manifest(name) for name in "abcd"))
    assert ([(name, name) for name in "abcd"], {}) == (pairs, refusals)
    assert [
        "previousNameOver None accounts.d/accounts.yaml:7:1: Both names are recorded, so nothing is renamed: b (previousName: a), d (previousName: c). Remove previousName there."
    ] == remarks
    alone = told(manifest("a") + manifest("b", previous="a"), manifest("a") + manifest("b"))[2]
    assert ["previousNameOver b"] == [each.partition(" accounts")[0] for each in alone]


@pytest.mark.parametrize(
    ("desired", "recorded", "earlier", "pairs"),
    [
        ({"a": "b", "b": "a"}, "ab", {}, ["b>a", "a>b"]),
        ({"a": "b", "b": "a"}, "ab", {"a": ("b",), "b": ("a",)}, ["a>a", "b>b"]),
        ({"a": "c", "b": "a", "c": "b"}, "abc", {}, ["c>a", "a>b", "b>c"]),
        ({"a": "c", "b": "a", "c": "b"}, "abc", {"c": ("x", "b")}, ["a>a", "b>b", "c>c"]),
        ({"a": "c", "b": "a", "c": "b"}, "abc", {"c": ("x",)}, ["c>a", "a>b", "b>c"]),
        ({"b": "a", "c": "b"}, "ab", {}, ["a>b", "b>c"]),
        ({"b": "a", "c": "b", "d": "c"}, "abc", {}, ["a>b", "b>c", "c>d"]),
        ({"b": "a", "c": "b"}, "ab", {"b": ("a",)}, ["a>b", "b>c"]),
        ({"a": "", "b": "a", "c": "b"}, "ab", {"b": ("a",)}, ["a>a", ">b", "b>c"]),
        ({"a": "", "b": "a", "c": "b"}, "ab", {}, [">a", "a>b", "b>c"]),
        ({"b": "a", "c": "b"}, "bc", {}, ["b>b", "c>c"]),
        ({"b": "a", "c": "b"}, "c", {}, [">b", "c>c"]),
        ({"b": "a"}, "ab", {"b": ("a",)}, ["a>", "b>b"]),
        ({"a": "", "b": "a"}, "a", {}, [">a", "a>b"]),
        ({"a": "b", "b": ""}, "b", {}, ["b>a", ">b"]),
        ({"a": "b", "b": "a", "c": "x"}, "abx", {}, ["b>a", "a>b", "x>c"]),
    ],
)
def test_chains_and_circles(
    desired: dict[str, str], recorded: str, earlier: dict[str, tuple[str, ...]], pairs: list[str]
) -> None:
    """A name that is given up in the same plan may be taken; a circle that state remembers is over."""
    wanted = desired_of("".join(manifest(name, previous=previous) for name, previous in desired.items()))
    state = replace(state_of(desired_of("".join(manifest(name) for name in recorded))), earlier_names=earlier)
    found = match(wanted, state)
    assert ({}, pairs) == (
        found.refusals,
        [f"{each.before.name if each.before else ''}>{each.after.name if each.after else ''}" for each in found.steps],
    )


def test_a_circle_that_nobody_recorded_is_refused() -> None:
    """It would be created, and the next plan, which cannot tell, would swap it."""
    swapped = manifest("a", previous="b") + manifest("b", previous="a") + manifest("c", previous="c1")
    _, refusals, remarks = told(swapped, "")
    reason = "previousNameUnknown: a, b give each other's names as previousName, and none of them is recorded, so there is nothing to rename; once they were, the next plan would"
    assert {"a": reason, "b": reason} == refusals
    assert ["previousNameUnknown c"] == [each.partition(" accounts")[0] for each in remarks]
    assert {} == told(swapped, manifest("a"))[1]


def test_renames_that_lead_into_a_circle_come_to_an_end() -> None:
    """Two accounts that ask for one name are refused where manifests are resolved; nothing goes round here for ever."""
    asked = {"x": "a", "a": "b", "b": "a"}
    wanted = [each for name, previous in asked.items() for each in desired_of(manifest(name, previous=previous))]
    found = match(wanted, state_of(desired_of(manifest("a") + manifest("b"))))
    assert sorted(asked) == [step.name for step in found.steps]


def test_each_circle_that_nobody_recorded_is_told_once_at_its_first_account() -> None:
    """The message names all that take part, and what to remove."""
    circles = [("d", "e"), ("e", "d"), ("c", "b"), ("b", "a"), ("a", "c")]
    desired = desired_of("".join(manifest(name, previous=previous) for name, previous in circles))
    refusals = match(tuple(reversed(desired)), state_of(())).refusals
    places = {account.name: account.location for account in desired}
    assert {"a": "a", "b": "a", "c": "a", "d": "d", "e": "d"} == {
        name: refusal.subject for name, refusal in refusals.items()
    }
    assert (places["a"], places["d"]) == (refusals["b"].location, refusals["e"].location)
    assert refusals["c"].detail.startswith("a, b, c give each other's names as previousName, ")
    assert refusals["c"].detail.endswith(" Remove previousName from them.")


@pytest.mark.parametrize(
    ("gone", "new", "earlier", "refused", "warned"),
    [
        ({"z": "s"}, {"a": "other"}, {}, [], []),
        ({"z": "s"}, {"a": "s"}, {}, [], ["a"]),
        ({"z": "s"}, {"b": "s", "a": "s"}, {}, [], ["a"]),
        ({"y": "s", "z": "s"}, {"a": "s", "b": "s"}, {}, [], ["a", "b"]),
        ({"y": "s", "z": "s"}, {"a": "s"}, {}, [], ["a"]),
        ({"z": "s"}, {"a": "other"}, {"z": ("a",)}, ["a"], []),
        ({"y": "t", "z": "s"}, {"a": "s", "b": "s"}, {"y": ("a",)}, ["a"], ["b"]),
        ({"y": "t", "z": "s"}, {"a": "s"}, {"y": ("a",)}, ["a"], []),
    ],
)
def test_what_looks_renamed_is_told_once_for_each_of_both(
    gone: dict[str, str],
    new: dict[str, str],
    earlier: dict[str, tuple[str, ...]],
    refused: list[str],
    warned: list[str],
) -> None:
    """A name from before refuses, the same content warns; what one was told to have become, another is not."""
    before = state_of([own(name, metadata=f", title: {title}") for name, title in gone.items()])
    state = replace(before, earlier_names=earlier)
    steps = match([own(name, metadata=f", title: {title}") for name, title in new.items()], state).steps
    refusals, warnings = unmarked_renames(steps, state)
    assert (refused, warned) == ([each.subject for each in refusals], [each.subject for each in warnings])


def test_an_account_of_another_kind_is_no_rename_taken_back() -> None:
    """However it was called before."""
    state = replace(state_of([own("z")]), earlier_names={"z": ("news",)})
    assert ([], []) == unmarked_renames(match([news()], state).steps, state)


def test_what_looks_renamed_says_what_would_be_lost_and_what_to_write() -> None:
    """Where the name was had before it refuses, with two plans for two accounts; else it is a warning."""
    lost = " and create new: approval, suspension and history would be lost. These two look like one rename. Write under metadata of new\n    previousName: old\n"
    state = state_of([own("old")])
    refusals, _ = unmarked_renames(match([own("new")], state).steps, replace(state, earlier_names={"old": ("new",)}))
    assert [
        (
            f"The plan would delete old, which was called new before,{lost}If they are two accounts, make two plans and apply "
            "each: one that deletes old, and one that creates new."
        )
    ] == [each.detail for each in refusals]
    _, warnings = unmarked_renames(match([own("new")], state).steps, state)
    assert [
        f"The plan would delete old, with the very same content,{lost}If they are two accounts, nothing needs doing."
    ] == [each.detail for each in warnings]


@pytest.mark.parametrize("is_remembered", [True, False])
def test_many_that_look_renamed_are_told_as_one(*, is_remembered: bool) -> None:
    """Of four the first is told with its line to write, and all four are counted; of three each by itself."""
    names = ("a", "b", "c", "d")

    def found(count: int) -> list[Diagnostic]:
        state = state_of([own(name, metadata=f", title: {name}") for name in names[:count]])
        earlier = {name: (f"x{name}",) for name in names} if is_remembered else {}
        steps = match([own(f"x{name}", metadata=f", title: {name}") for name in names[:count]], state).steps
        return unmarked_renames(steps, replace(state, earlier_names=earlier))[0 if is_remembered else 1]

    assert ["xa", "xb", "xc"] == [each.subject for each in found(3)]
    (told,) = found(4)
    assert ("renameReverted" if is_remembered else "looksRenamed") == told.code
    assert ("xa", "xb", "xc", "xd") == told.concerned
    why = "which were called so before" if is_remembered else "with the very same content"
    otherwise = (
        "If they are others, make two plans and apply each: one that deletes, and one that creates."
        if is_remembered
        else "If they are others, nothing needs doing."
    )
    assert told.detail == (
        f"The plan would delete 4 accounts, and create as many, {why}: approval, suspension and history would be lost. "
        "They look renamed: a to xa, b to xb, c to xc, d to xd. Write under metadata of each its earlier name, as under "
        f"that of xa\n    previousName: a\n{otherwise}"
    )


def test_the_same_address_in_another_form_looks_renamed_too() -> None:
    """A letter with its accent apart is the same letter; another address is another account."""
    recorded = desired_of(manifest("z").replace("a@example.com", "\u00e9@example.com"))
    state = state_of(recorded)
    for address, warned in (("e\u0301@example.com", ["y"]), ("e@example.com", [])):
        steps = match(desired_of(manifest("y").replace("a@example.com", address)), state).steps
        assert warned == [each.subject for each in unmarked_renames(steps, state)[1]]
