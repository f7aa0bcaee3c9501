"""Which accounts are looked at beside those whose manifests changed, and of which problems nobody else is told."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.diagnostics import Diagnostic, error, note, warning
from reconciler.model.accounts.rest import NOBODY, Facts, Rest
from reconciler.rules.accounts.meetings import are_told_apart, by_login, by_name, met, named


def facts(name: str, *, was: str | None = None, logins: tuple[str, ...] = (), user: str | None = None) -> Facts:
    """Return what is known of an account whose file has its name in capitals; its user is its name unless given."""
    return Facts(name, "OwnAccount", name.upper(), was, None, logins, logins, name if user is None else user, None)


A, B, C, D = (facts(name) for name in "abcd")
WAS_A, WAS_B = facts("f", was="a"), facts("g", was="b")
ONE, TWO, THREE = (facts(name, logins=("env:P",)) for name in "klm")
BOTH, OTHER = facts("n", logins=("env:P", "env:Q")), facts("o", logins=("env:Q",))
FIRST = facts("e", logins=("env:P",), user="k")

Case = tuple[tuple[Facts, ...], tuple[Facts, ...], tuple[Facts, ...], str]
NAMES: dict[str, Case] = {
    "nothing is looked at": ((), (), (A, B), ""),
    "another name": ((A,), (), (B, C), ""),
    "the same name, now": ((A,), (), (A, B), "A"),
    "the same name, before": ((), (A,), (A, B), "A"),
    "the name that another says it had": ((A,), (), (WAS_A, B), "F"),
    "the name that another says it had, before": ((), (A,), (WAS_A, B), "F"),
    "says that it had another's name": ((WAS_A,), (), (A, B), "A"),
    "said that it had another's name": ((), (WAS_A,), (A, B), "A"),
    "both say that they had one name": ((WAS_A,), (), (facts("h", was="a"), B), "H"),
    "all who have the name or say that they had it": ((A,), (), (A, WAS_A, facts("h", was="a"), B), "AFH"),
    "all who meet any of several": ((A, B), (C,), (WAS_A, WAS_B, facts("h", was="c"), D), "FGH"),
}
"""Accounts that are looked at as they are now and were before, those that are not, and the files of those they meet."""
LOGINS: dict[str, Case] = {
    "nothing in common": ((OTHER,), (), (ONE,), ""),
    "no password": ((A,), (), (B,), ""),
    "the first of two is of the rest": ((TWO,), (), (ONE,), "K"),
    "the first of two is looked at": ((ONE,), (), (TWO,), ""),
    "the first by name, whatever the order": ((), (), (THREE, TWO, ONE), "K"),
    "two of the rest": ((A,), (), (ONE, TWO), "K"),
    "one user of all of them": ((facts("z", logins=("env:P",), user="k"),), (), (ONE, FIRST), ""),
    "two users of one account each, and one of two": ((), (), (ONE, FIRST, TWO), "E"),
    "a name twice, which is refused": ((ONE, facts("k", was="x", logins=("env:P",))), (), (TWO,), ""),
    "the first of each password": ((), (), (ONE, TWO, BOTH, OTHER), "KN"),
    "what was before counts no more": ((), (TWO,), (ONE,), ""),
}


@pytest.mark.parametrize("case", NAMES)
def test_accounts_meet_under_the_names_that_they_have_or_had(case: str) -> None:
    """Whoever has, or says it had, a name of an account that is looked at is looked at too, and nobody else."""
    now, before, rest, files = NAMES[case]
    assert set(files) == by_name(now, before, Rest(rest))


@pytest.mark.parametrize("case", LOGINS)
def test_accounts_meet_where_a_shared_password_is_told(case: str) -> None:
    """The first by name of those of different users with one password is looked at, where it is not already."""
    now, before, rest, files = LOGINS[case]
    assert set(files) == by_login(now, before, Rest(rest))


@pytest.mark.parametrize("case", NAMES)
def test_whom_accounts_meet_by_name_is_met(case: str) -> None:
    """Names count, as they are now and as they were before; none of these has a password in common."""
    now, before, rest, files = NAMES[case]
    assert set(files) == met(now, before, Rest(rest))


@pytest.mark.parametrize("case", LOGINS)
def test_whom_accounts_meet_by_password_is_met(case: str) -> None:
    """Passwords count too; none of these has a name in common."""
    now, before, rest, files = LOGINS[case]
    assert set(files) == met(now, before, Rest(rest))


def test_nobody_is_met_of_nobody() -> None:
    """Where all accounts are looked at there is nobody to be met."""
    assert met((A, ONE, TWO), (B,), NOBODY) == frozenset()


ALONE = warning("noReplyTo", "x", subject="a")
OF_ALL = note("unusedServer", "x", subject="relay")
OF_CHANGES = warning("looksRenamed", "x", subject="b")
WHOLE = warning("previousNameOver", "x", subject="c")
REFUSED = error("duplicateName", "x", subject="d")
WRONG = replace(ALONE, severity="error")
UNKNOWN = replace(ALONE, code="notOfTheTable")


APART = ((), (ALONE,), (ALONE, OF_ALL, ALONE))
TOGETHER = ((OF_CHANGES,), (ALONE, OF_CHANGES), (OF_CHANGES, ALONE), (WHOLE,), (REFUSED,), (WRONG,), (UNKNOWN,))


@pytest.mark.parametrize("problems", APART)
def test_problems_are_told_apart_where_each_is_of_these_scopes(problems: tuple[Diagnostic, ...]) -> None:
    """So are remarks of one account each, and those that are made of facts."""
    assert are_told_apart(problems, frozenset({"one", "all"}))


@pytest.mark.parametrize("problems", TOGETHER)
def test_problems_are_not_told_apart_where_one_is_of_no_such_scope(problems: tuple[Diagnostic, ...]) -> None:
    """An error is looked at as a whole whatever its code says, and so is a remark without a row."""
    assert not are_told_apart(problems, frozenset({"one", "all"}))


def test_changes_are_told_apart_where_they_are_among_the_scopes() -> None:
    """What is told of changes counts for whoever looks at all that changes."""
    assert are_told_apart((OF_CHANGES, ALONE), frozenset({"one", "all", "changes"}))
    assert not are_told_apart((OF_ALL,), frozenset({"one", "changes"}))


def test_whoever_is_named_by_a_remark_of_one_account_each_is_looked_at() -> None:
    """All subjects of one remark count, and nobody of remarks that are made of facts, of changes or of the whole."""
    several = replace(warning("unencryptedLogin", "x"), subjects=("e", "f"))
    nameless = warning("recordedFailing", "x")
    assert named((ALONE, OF_ALL, OF_CHANGES, WHOLE, UNKNOWN, several, nameless)) == {"a", "e", "f"}
    assert named(()) == frozenset()
