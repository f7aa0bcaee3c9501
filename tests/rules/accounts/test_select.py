"""What selectors select, and what is said of one that selects nothing."""

from __future__ import annotations

import pytest

from reconciler.rules.accounts.select import Selectable, is_selected, selects, unmatched

RENAMED = Selectable(names=("new", "old"), labels=({"team": "sales", "a": "x=y", "city": "Łódź"}, {"team": "help"}))
DECOMPOSED = Selectable(names=("mac",), labels=({"city": "\u0141o\u0301dz\u0301"},))
PLAIN = Selectable(names=("plain",), labels=({},))


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        ("new", True),
        ("old", True),
        ("o*", True),
        ("plain", False),
        ("label:team=sales", True),
        ("label:team=help", True),
        ("label:team=s*", True),
        ("label:team=other", False),
        ("label:none=sales", False),
        ("label:team", False),
        ("label:a=x=y", True),
        ("label:a=x", False),
        ("label:city=\u0141o\u0301dz\u0301", True),
        ("label:city=*o\u0301*", True),
        ("label:city=Łódz", False),
    ],
)
def test_what_a_selector_selects(selector: str, *, expected: bool) -> None:
    """A name or glob by any of the account's names, a label by what it was or will be, in NFC or NFD."""
    assert expected == selects(selector, RENAMED)


def test_a_label_in_nfd_is_selected_in_nfc() -> None:
    """A label that a Mac has written is selected by what anybody types."""
    assert selects("label:city=Łódź", DECOMPOSED)


@pytest.mark.parametrize(
    ("targets", "excludes", "expected"),
    [
        ([], [], True),
        (["new"], [], True),
        (["plain", "new"], [], True),
        (["plain"], [], False),
        ([], ["new"], False),
        ([], ["plain"], True),
        ([], ["plain", "new"], False),
        (["new"], ["old"], False),
    ],
)
def test_who_is_wanted(targets: list[str], excludes: list[str], *, expected: bool) -> None:
    """Some target must select an account where there are any, and no exclusion may."""
    assert expected == is_selected(RENAMED, targets, excludes)


@pytest.mark.parametrize(
    ("selector", "told"),
    [
        ("label:team", "label:team is not a label selector; write label:KEY=VALUE."),
        ("label:team=x", "No account has the label that label:team=x asks for."),
        ("z*", "No account's name matches z*."),
        ("z?", "No account's name matches z?."),
        ("plane", "No account is called plane. Did you mean plain?"),
        ("odl", "No account is called odl. Did you mean old?"),
        ("zzzz", "No account is called zzzz."),
    ],
)
def test_a_selector_that_selects_nothing_is_told(selector: str, told: str) -> None:
    """The error is the selector's, and names an account that is called nearly so; those that select are no matter."""
    (problem,) = unmatched(["plain", selector, "new"], [RENAMED, PLAIN])
    assert ("selectorMatchesNothing", selector, told) == (problem.code, problem.subject, problem.detail)
