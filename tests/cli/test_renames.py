"""Renames in a real state: swaps, chains, names used again, and a rename that git reverts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.cli.project import Project, marketing_account

if TYPE_CHECKING:
    from tests.cli.project import Outcome


@pytest.fixture
def news(project: Project) -> Project:
    """Return a project with three applied marketing accounts; the platform has approved the first."""
    for name in ("a", "b", "c"):
        write(project, name)
    project.run_well("apply", "--auto-approve")
    project.run_well("approve", "a")
    return project


def write(project: Project, name: str, *, previous: str = "", email: str = "", file: str = "") -> None:
    """Write an account's manifest; its address tells who it is, whatever it is called."""
    was = f"previousName: {previous}" if previous else ""
    text = marketing_account(name, email=f"{email or previous or name}@example.com", metadata=was)
    project.write_account(file or name, text)


def write_own(project: Project, name: str, *, previous: str = "") -> None:
    """Write the manifest of the one own account, which has no login."""
    was = f", previousName: {previous}" if previous else ""
    project.write_account(
        name,
        f"apiVersion: reconciler/v1\nkind: OwnAccount\nmetadata: {{name: {name}{was}}}\nspec: {{email: own@example.com, "
        "displayName: Own, shared: true, smtp: {host: relay.example.com}}\n",
    )


def emails(project: Project) -> dict[str, str]:
    """Return the recorded addresses by name."""
    listed = project.run_well("accounts", "list", "--format", "json").document["accounts"]
    return {each["name"]: each["email"].partition("@")[0] for each in listed}


def errors(outcome: Outcome) -> list[tuple[str, str | None]]:
    """Return code and subject of each error."""
    problems = outcome.document["diagnostics"]
    return [(each["code"], each["subject"]) for each in problems if each["severity"] == "error"]


def nothing_left(project: Project) -> None:
    """Assert that planning again is empty, whatever previousName still stands, and that the journal holds."""
    again = project.run_well("plan", "--detailed-exitcode", "--format", "json").document
    assert ("empty", []) == (again["status"], again["changes"])
    project.run_well("journal", "check")


def test_a_name_is_used_again_after_a_rename(news: Project) -> None:
    """A previousName that stays does no harm when another account takes the old name later."""
    news.remove_account("a")
    write(news, "d", previous="a")
    news.run_well("apply", "--auto-approve")
    write(news, "a", email="new")
    news.run_well("apply", "--auto-approve")
    assert {"a": "new", "b": "b", "c": "c", "d": "a"} == emails(news)
    assert ("active", "pending") == (news.statuses()["d"], news.statuses()["a"])
    nothing_left(news)
    news.remove_account("a")
    news.run_well("apply", "--auto-approve")
    assert ["b", "c", "d"] == sorted(emails(news))
    nothing_left(news)


def test_a_name_is_given_up_and_taken_in_one_plan(news: Project) -> None:
    """The old account keeps its approval under the new name, and the new one begins its own life."""
    write(news, "d", previous="a")
    write(news, "a", email="new")
    news.run_well("plan", "--out", "plan.json")
    news.run_well("apply", "plan.json")
    assert {"a": "new", "b": "b", "c": "c", "d": "a"} == emails(news)
    assert ("active", "pending") == (news.statuses()["d"], news.statuses()["a"])
    nothing_left(news)
    assert 5 == news.run("apply", "plan.json").code


@pytest.mark.parametrize(
    ("renames", "expected"),
    [
        ({"a": "b", "b": "a"}, {"a": "b", "b": "a", "c": "c"}),
        ({"a": "c", "b": "a", "c": "b"}, {"a": "c", "b": "a", "c": "b"}),
        ({"b": "a", "c": "b", "d": "c"}, {"b": "a", "c": "b", "d": "c"}),
        ({"b": "a", "d": "b"}, {"b": "a", "c": "c", "d": "b"}),
    ],
    ids=["swap", "circle", "chain", "short chain"],
)
@pytest.mark.parametrize("saved", [True, False])
def test_names_are_passed_on(news: Project, renames: dict[str, str], expected: dict[str, str], *, saved: bool) -> None:
    """All renames are applied in one transaction; the approval goes with its account, and a further plan is empty."""
    for name in renames.values():
        news.remove_account(name)
    for name, previous in renames.items():
        write(news, name, previous=previous)
    news.run_well("plan", "--out", "plan.json")
    news.run_well("apply", *(["plan.json"] if saved else ["--auto-approve", "--reviewed", "plan.json"]))
    assert expected == emails(news)
    approved = next(name for name, email in expected.items() if email == "a")
    assert [approved] == [name for name, status in news.statuses().items() if status == "active"]
    nothing_left(news)
    assert "created" not in news.run_well("plan").out


def test_a_swap_is_stale_when_either_name_has_changed(news: Project) -> None:
    """A decision on one of the two, after the plan was made, is one on an account that the plan moves."""
    for name, previous in (("a", "b"), ("b", "a")):
        write(news, name, previous=previous)
    news.run_well("plan", "--out", "plan.json")
    news.run_well("approve", "b")
    assert 5 == news.run("apply", "plan.json").code


def test_a_name_that_was_taken_meanwhile_makes_a_chain_stale(news: Project) -> None:
    """The end of a chain must be free, as for any rename."""
    news.remove_account("a")
    for name, previous in (("b", "a"), ("d", "b")):
        write(news, name, previous=previous)
    news.run_well("plan", "--out", "plan.json")
    for name in ("b", "d"):
        news.remove_account(name)
    for name in ("a", "b"):
        write(news, name)
    write(news, "d")
    news.run_well("apply", "--auto-approve")
    assert 5 == news.run("apply", "plan.json").code


def test_half_of_a_chain_is_refused(news: Project) -> None:
    """Half of a chain is refused with the reason and what to plan instead, and nothing is applied."""
    write(news, "d", previous="a")
    write(news, "a", email="new")
    for words in (("plan",), ("apply", "--auto-approve")):
        refused = news.run(*words, "--exclude", "d", "--format", "json")
        assert (4, [("nameStillTaken", "a")]) == (refused.code, errors(refused))
    assert {"a": "a", "b": "b", "c": "c"} == emails(news)


def test_a_reverted_rename_is_recognised(news: Project) -> None:
    """A reverted rename is refused with the line to write; with that line the account keeps its approval."""
    news.remove_account("a")
    write(news, "d", previous="a")
    news.run_well("apply", "--auto-approve")
    news.remove_account("d")
    write(news, "a")
    refused = news.run("plan", "--format", "json")
    assert (4, [("renameReverted", "a")]) == (refused.code, errors(refused))
    (problem,) = (each for each in refused.document["diagnostics"] if each["code"] == "renameReverted")
    assert "    previousName: d" in problem["detail"].splitlines()
    write(news, "a", previous="d", email="a")
    news.run_well("apply", "--auto-approve")
    assert ("active", {"a": "a", "b": "b", "c": "c"}) == (news.statuses()["a"], emails(news))
    nothing_left(news)


def test_a_name_of_an_account_that_is_gone_is_remembered_by_nobody(news: Project) -> None:
    """What was renamed and then deleted and made anew is another account."""
    news.remove_account("a")
    write(news, "d", previous="a")
    news.run_well("apply", "--auto-approve")
    news.remove_account("d")
    news.run_well("apply", "--auto-approve")
    write(news, "d")
    news.run_well("apply", "--auto-approve")
    news.remove_account("d")
    write(news, "a")
    assert 0 == news.run("plan").code


def test_a_taken_name_tells_both_plans(news: Project) -> None:
    """The two plans of the message do what it says."""
    news.remove_account("a")
    write(news, "b", previous="a")
    refused = news.run("plan", "--format", "json")
    assert (4, [("renameTaken", "b")]) == (refused.code, errors(refused))
    news.remove_account("b")
    write(news, "a", file="b")
    news.run_well("apply", "--auto-approve")
    write(news, "b", previous="a")
    news.run_well("apply", "--auto-approve")
    assert ({"b": "a", "c": "c"}, "active") == (emails(news), news.statuses()["b"])
    nothing_left(news)


def test_histories_stay_apart_after_a_swap(news: Project) -> None:
    """Each account's history is its own, under both of its names."""
    write(news, "a", email="altered")
    news.run_well("apply", "--auto-approve")
    for name, previous, email in (("a", "b", "b"), ("b", "a", "altered")):
        write(news, name, previous=previous, email=email)
    news.run_well("apply", "--auto-approve")
    assert {"a": "b", "b": "altered", "c": "c"} == emails(news)
    found = news.run_well("history", "b", "--format", "json").document["revisions"]
    assert [3, 2, 1] == [each["revision"] for each in found]


def test_a_swap_of_kinds_is_taken_straight_back(news: Project) -> None:
    """The kinds tell which account is which, so names are passed on again, and the approval goes along each time."""
    news.run_well("apply", "--auto-approve")
    write_own(news, "own")
    news.run_well("apply", "--auto-approve", "--depth", "offline")
    for mine, others in (("a", "own"), ("own", "a")):
        news.remove_account("a")
        news.remove_account("own")
        write(news, others, previous=mine, email="a")
        write_own(news, mine, previous=others)
        news.run_well("apply", "--auto-approve", "--depth", "offline")
        assert ("own", "a") == (emails(news)[mine], emails(news)[others])
        assert "active" == news.statuses()[others]
        nothing_left(news)


def test_two_renames_from_one_name_tell_which_to_end(news: Project) -> None:
    """A previousName left standing, and its old name used again and renamed: the message says what to remove."""
    news.remove_account("a")
    write(news, "d", previous="a")
    news.run_well("apply", "--auto-approve")
    write(news, "a", email="new")
    news.run_well("apply", "--auto-approve")
    news.remove_account("a")
    write(news, "e", previous="a", email="new")
    refused = news.run("plan", "--format", "json")
    assert (1, [("contradiction", "e")]) == (refused.code, errors(refused))
    assert "remove previousName from that account" in refused.document["diagnostics"][0]["detail"]
    write(news, "d", email="a")
    news.run_well("apply", "--auto-approve")
    assert {"b": "b", "c": "c", "d": "a", "e": "new"} == emails(news)
    nothing_left(news)
