"""What refuses a plan: how many deletions are too many, what lifts a guard, and the lines that the texts hold."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from reconciler.rules.plan.guards import (
    expired_exceptions,
    guard_deletes,
    guard_depths,
    guard_manifests,
    guard_state_folder,
)
from tests.rules.states import desired_of, policy, project, recorded_of
from tools.mutants.prose import exact_words

if TYPE_CHECKING:
    from reconciler.model.accounts.recorded import RecordedAccount
    from reconciler.rules.plan.guards import GuardFindings

NAMES = [f"a{number:02}" for number in (7, 3, 11, 0, 9, 5, 1, 10, 8, 2, 6, 4)]
OVER = "2026-08-31"
LAST_DAY = "2026-09-01"
TODAY = date(2026, 9, 1)


def accounts(*names: str) -> list[RecordedAccount]:
    """Return recorded accounts of these names."""
    text = "apiVersion: reconciler/v1\nkind: MarketingAccount\nspec: {email: a@example.com, displayName: A}\n"
    return [recorded_of(desired_of(f"{text}metadata: {{name: {name}}}\n")[0], {}) for name in names]


def deleted(
    *names: str, of: int, allow: int | None = None, count: int = 5, percent: int = 30, **guards: Any
) -> GuardFindings:
    """Return what the guard says of these deletions."""
    rules = project(guards={"maxDeletes": {"count": count, "percent": percent}, **guards})
    return guard_deletes(accounts(*names), of, policy(project=rules, allow_deletes=allow))


@pytest.mark.parametrize(
    ("number", "of", "count", "percent", "told"),
    [
        (5, 100, 5, 30, ""),
        (6, 100, 5, 30, "The plan would delete 6 accounts; guards.maxDeletes.count is 5."),
        (1, 100, 0, 30, "The plan would delete 1 account; guards.maxDeletes.count is 0."),
        (2, 2, 5, 30, ""),
        (3, 9, 5, 30, "The plan would delete 3 of 9 accounts, 33 percent; guards.maxDeletes.percent is 30."),
        (3, 10, 5, 30, ""),
        (3, 11, 5, 30, ""),
        (4, 10, 5, 30, "The plan would delete 4 of 10 accounts, 40 percent; guards.maxDeletes.percent is 30."),
        (3, 3, 5, 99, "The plan would delete 3 of 3 accounts, 100 percent; guards.maxDeletes.percent is 99."),
        (3, 3, 5, 100, ""),
        (3, 0, 5, 0, ""),
    ],
)
def test_how_many_deletions_are_too_many(number: int, of: int, count: int, percent: int, told: str) -> None:
    """More than the count, and from the third on a greater share than the percentage."""
    found = deleted(*NAMES[:number], of=of, count=count, percent=percent)
    assert (1 if told else 0) == len(found.refusals)
    assert all(refusal.detail.startswith(f"{told} They are: ") for refusal in found.refusals)
    assert ((), ()) == (found.lifted, found.remarks)


@pytest.mark.parametrize(
    ("names", "listed"),
    [
        (["b", "a"], "a, b"),
        (NAMES[:10], ", ".join(sorted(NAMES[:10]))),
        (NAMES[:11], "a00, a01, a02, a03, a05, a06, a07, a08, a09, a10 and 1 more"),
    ],
)
def test_ten_deletions_are_named(names: list[str], listed: str) -> None:
    """The refusal names ten accounts, in order, and counts the others; it says what to add if all are meant."""
    (refusal,) = deleted(*names, of=100, count=1).refusals
    assert f" They are: {listed}. " in refusal.detail
    assert refusal.detail.endswith(f"\n    --allow-deletes {len(names)}")


@pytest.mark.parametrize(("allow", "is_lifted"), [(2, False), (3, True), (4, True)])
def test_deletions_are_allowed_by_number(allow: int, *, is_lifted: bool) -> None:
    """--allow-deletes lifts the guard for at most as many, and the lift is noted."""
    found = deleted("a", "b", "c", of=3, allow=allow)
    expected = [("tooManyDeletes", f"--allow-deletes {allow}")] if is_lifted else []
    assert (expected, not is_lifted) == ([(each.code, each.by) for each in found.lifted], bool(found.refusals))
    assert () == deleted("a", of=3, allow=allow).lifted


def exception(**parts: Any) -> dict[str, Any]:
    """Return an exception that has not run out."""
    return {"until": LAST_DAY, "reason": "contract", **parts}


@pytest.mark.parametrize(
    ("exceptions", "lifted", "is_refused"),
    [
        ([exception(delete=["a"])], ["contract"], False),
        ([exception(delete=["a"]), exception(delete=["b"], reason="moved")], ["contract", "moved"], False),
        ([exception(delete=["a"]), exception(delete=["x"], reason="moved")], ["contract"], False),
        ([exception(delete=["x"])], [], True),
        ([exception(delete=["a"], until=OVER)], [], True),
        ([exception(verification=["*"], depth="offline")], [], True),
        ([exception(scope=["*"])], [], True),
    ],
    ids=["one", "two", "one of two", "of others", "over", "of another guard", "of scopes"],
)
def test_exceptions_lift_the_deletion_of_accounts(
    exceptions: list[dict[str, Any]], lifted: list[str], *, is_refused: bool
) -> None:
    """Accounts that an exception names are not counted; each exception that was needed is noted once."""
    found = deleted("a", "b", "c", of=3, exceptions=exceptions)
    assert [("tooManyDeletes", f"guards.exceptions: {why}") for why in lifted] == [
        (each.code, each.by) for each in found.lifted
    ]
    assert is_refused == bool(found.refusals)


def test_an_exception_that_was_not_needed_lifts_nothing() -> None:
    """Where the deletions were few enough anyway, or are too many all the same, no exception is noted."""
    allowed = [exception(delete=["a"])]
    assert ((), ()) == (deleted("a", of=3, exceptions=allowed).refusals, deleted("a", of=3, exceptions=allowed).lifted)
    found = deleted("a", "b", "c", "d", of=4, exceptions=allowed)
    assert ((), True) == (found.lifted, "They are: b, c, d. " in found.refusals[0].detail)


def test_protected_accounts_are_refused_whatever_is_allowed() -> None:
    """An account that is recorded with preventDelete is refused, and the line to apply first is told."""
    text = "apiVersion: reconciler/v1\nkind: MarketingAccount\nspec: {email: a@example.com, displayName: A}\n"
    desired = desired_of(f"{text}metadata: {{name: safe, preventDelete: true}}\n")
    found = guard_deletes([recorded_of(desired[0], {}), *accounts("a")], 2, policy(allow_deletes=9))
    (refusal,) = found.refusals
    assert ("protectedAccount", "safe") == (refusal.code, refusal.subject)
    assert refusal.detail.startswith("safe is recorded with preventDelete: true, ")
    assert refusal.detail.endswith("\n    preventDelete: false")


@pytest.mark.parametrize(
    ("parts", "names", "told"),
    [
        ({"verification": ["a"], "depth": "connect"}, ["a"], ["guards.exceptions: contract (to connect)"]),
        ({"verification": ["a"], "depth": "connect"}, ["b", "a"], ["guards.exceptions: contract (to connect)"]),
        ({"verification": ["a"], "depth": "connect"}, ["b"], []),
        ({"verification": ["a"], "depth": "connect", "until": OVER}, ["a"], []),
        ({"verification": ["a"], "depth": "message"}, ["a"], []),
        ({"delete": ["a"]}, ["a"], []),
        ({"scope": ["a"]}, ["a"], []),
    ],
)
def test_less_verification_than_asked_for_is_noted(parts: dict[str, Any], names: list[str], told: list[str]) -> None:
    """Only an exception to verification, of an account that is verified, to less than the project's depth counts."""
    found = guard_depths(names, policy(project=project(guards={"exceptions": [exception(**parts)]})))
    assert [("verificationIncomplete", by) for by in told] == [(each.code, each.by) for each in found.lifted]
    assert () == found.refusals


@pytest.mark.parametrize(
    "parts",
    [{"delete": ["a*"]}, {"verification": ["a*"], "depth": "offline"}, {"scope": ["a*"]}],
    ids=["delete", "verification", "scope"],
)
def test_an_exception_that_is_over_is_told_by_its_guard(parts: dict[str, Any]) -> None:
    """The warning says whose it was, and when it ended; it is told for its own guard and for accounts it names."""
    rules = policy(project=project(guards={"exceptions": [exception(**parts, until=OVER)]}))
    told = {
        guard: expired_exceptions(["b", *NAMES], rules, guard=guard) for guard in ("delete", "verification", "scope")
    }
    ((guard, (warning,)),) = [(guard, found) for guard, found in told.items() if found]
    assert guard in parts
    assert "exceptionExpired" == warning.code
    assert "warning" == warning.severity
    assert warning.detail.startswith(
        "An exception of guards.exceptions (contract) would apply to "
        "a00, a01, a02, a03, a04, a05, a06, a07, a08, a09 and 2 more, but it ended on 2026-08-31."
    )
    assert () == expired_exceptions(["b"], rules, guard=guard)  # type: ignore[arg-type]
    current = policy(project=project(guards={"exceptions": [exception(**parts)]}))
    assert () == expired_exceptions(["a"], current, guard=guard)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("folder_exists", "recorded", "allow", "told", "names"),
    [
        (True, 2, None, "holds no account, while state records 2 accounts.", ["accounts.d", "--allow-deletes 2"]),
        (True, 1, None, "holds no account, while state records 1 account.", ["accounts.d", "--allow-deletes 1"]),
        (True, 2, 1, "holds no account, while state records 2 accounts.", ["accounts.d", "--allow-deletes 2"]),
        (False, 2, 2, "does not exist, while state records 2 accounts.", ["accounts.d"]),
        (False, 0, None, "does not exist, while state records 0 accounts.", ["accounts.d"]),
    ],
)
def test_an_empty_folder_is_refused(
    recorded: int, allow: int | None, told: str, names: list[str], *, folder_exists: bool
) -> None:
    """An empty or missing folder is refused with what to check, and how to go on if it is meant."""
    rules = policy(manifests_folder_exists=folder_exists, allow_deletes=allow)
    found = guard_manifests(0, recorded, rules)
    (refusal,) = found.refusals
    assert ("emptyManifests", ()) == (refusal.code, found.lifted)
    assert f"The manifests folder accounts.d {told}" in refusal.detail
    assert names == exact_words(refusal.detail)


@pytest.mark.parametrize("allow", [2, 3])
def test_an_empty_folder_may_be_allowed(allow: int) -> None:
    """--allow-deletes for at least as many accounts as are recorded lifts the guard, and the lift is noted."""
    found = guard_manifests(0, 2, policy(allow_deletes=allow))
    assert ((), [("emptyManifests", f"--allow-deletes {allow}")]) == (
        found.refusals,
        [(each.code, each.by) for each in found.lifted],
    )


@pytest.mark.parametrize(("desired", "is_refused"), [(1, False), (0, True)])
def test_a_folder_with_accounts_is_fine(desired: int, *, is_refused: bool) -> None:
    """One account is enough, as long as the folder is there."""
    assert is_refused == bool(guard_manifests(desired, 2, policy()).refusals)
    assert guard_manifests(desired, 2, policy(manifests_folder_exists=False)).refusals


def test_tracked_state_is_refused() -> None:
    """Files of the state folder that git tracks are named, ten at most, with what takes them out of git."""
    assert () == guard_state_folder(policy()).refusals
    (refusal,) = guard_state_folder(policy(tracked_state_files=tuple(NAMES))).refusals
    assert "stateTracked" == refusal.code
    assert refusal.detail.startswith(f"git tracks {', '.join(NAMES[:10])}. ")
    assert "\n    git rm -r --cached .reconciler\n" in refusal.detail
