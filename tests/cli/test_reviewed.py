"""``apply --reviewed``: plans anew, and applies nothing that the reviewed plan did not show."""

from __future__ import annotations

import shutil
from typing import Any

import pytest

from tests.cli.project import VARIABLE, Project, alter_plan, marketing_account, own_account
from tests.support.mailserver import MailServer


@pytest.fixture
def reviewed(project: Project) -> Project:
    """Return a project where the creation of ``one`` and ``two`` was reviewed."""
    for name in ("one", "two"):
        project.write_account(name, marketing_account(name))
    project.run_well("plan", "--out", "reviewed.json")
    return project


def refuse(project: Project, *words: str, exit_code: int = 5, code: str = "notReviewed") -> None:
    """Fail unless applying with the reviewed plan ends so, and records nothing."""
    before = project.serial()
    refused = project.run("apply", "--reviewed", "reviewed.json", *words, "--format", "json")
    assert exit_code == refused.code, refused
    assert {code} == set(refused.codes), refused
    assert "refused" == refused.document["status"], refused
    assert before == project.serial()


def test_what_was_reviewed_is_applied(reviewed: Project) -> None:
    """Without a question, and the journal tells which plan was reviewed."""
    shown = reviewed.run_well("show", "reviewed.json", "--format", "json").document
    reviewed.run_well("apply", "--reviewed", "reviewed.json")
    event, payload = reviewed.journal()[-1]
    assert ("apply", ["one", "two"]) == (event, list(reviewed.statuses()))
    assert {"planDigest": shown["planDigest"], "changesDigest": shown["changesDigest"]} == payload["reviewed"]


def test_what_is_no_longer_needed_is_no_hindrance(reviewed: Project) -> None:
    """A reviewed change that has been applied meanwhile, or was taken back, is left out."""
    reviewed.run_well("apply", "--auto-approve", "--target", "one")
    reviewed.run_well("apply", "--reviewed", "reviewed.json")
    assert ["one", "two"] == list(reviewed.statuses())
    again = reviewed.run_well("apply", "--reviewed", "reviewed.json", "--format", "json")
    assert "empty" == again.document["status"]


@pytest.mark.parametrize("change", ["another", "other fields", "other action"])
def test_what_was_not_reviewed_is_refused(reviewed: Project, change: str) -> None:
    """A further account, other values, and another action on the same account end with 5."""
    if change == "another":
        reviewed.write_account("three", marketing_account("three"))
    elif change == "other fields":
        reviewed.write_account("two", marketing_account("two", email="other@example.com"))
    else:
        reviewed.run_well("apply", "--auto-approve")
        reviewed.remove_account("two")
    refuse(reviewed)


def test_a_lifted_guard_must_have_been_shown(project: Project) -> None:
    """--allow-deletes that the reviewed plan did not show is refused; the same one is not."""
    for number in range(6):
        project.write_account(f"n{number}", marketing_account(f"n{number}"))
    project.run_well("apply", "--auto-approve")
    for number in range(4):
        project.remove_account(f"n{number}")
    assert 4 == project.run("plan", "--out", "reviewed.json").code
    refuse(project, "--allow-deletes", "4")
    refuse(project, exit_code=4, code="tooManyDeletes")
    project.run_well("plan", "--allow-deletes", "4", "--out", "reviewed.json")
    project.run_well("apply", "--reviewed", "reviewed.json", "--allow-deletes", "4")
    assert 2 == len(project.statuses())


def test_a_rotation_that_came_later_is_refused(project: Project, server: MailServer) -> None:
    """A value changed since the review is a change that nobody has seen."""
    project.write_account("sales", own_account("sales", server))
    project.run_well("apply", "--auto-approve")
    project.write_account("one", marketing_account("one"))
    project.run_well("plan", "--out", "reviewed.json")
    server.users["sales@example.com"] = "another-password"
    project.set_variable(VARIABLE, "another-password")
    refuse(project)


def test_a_held_change_was_not_reviewed_as_applied(project: Project, server: MailServer) -> None:
    """What the reviewed plan left out because it failed is not applied because it passes now."""
    project.write_account("one", marketing_account("one"))
    project.write_account("sales", own_account("sales", server))
    project.set_variable(VARIABLE, "wrong")
    project.run_well("plan", "--hold-failing", "--out", "reviewed.json")
    project.set_variable(VARIABLE, "correct-horse-battery")
    refuse(project)


def test_the_reviewed_plan_must_belong_here(reviewed: Project) -> None:
    """A plan of another state is refused with 4 before anything is compared."""
    reviewed.set_variable("RECONCILER_STATE", "sqlite:///elsewhere/state.db")
    reviewed.init()
    refuse(reviewed, exit_code=4, code="lineageMismatch")


def test_an_altered_reviewed_plan_is_refused(reviewed: Project) -> None:
    """Somebody who adds a change to the reviewed plan breaks its digest, then its seal."""

    def review_more(document: dict[str, Any]) -> None:
        document["changes"][1]["fields"][0]["after"] = "more"

    reviewed.write_account("two", marketing_account("two", email="other@example.com"))
    alter_plan(reviewed.folder / "reviewed.json", review_more)
    refused = reviewed.run("apply", "--reviewed", "reviewed.json", "--format", "json")
    assert (4, ["planAltered"]) == (refused.code, refused.codes)
    alter_plan(reviewed.folder / "reviewed.json", lambda _: None, fits_digest=True)
    refuse(reviewed, exit_code=4, code="planAltered")


def test_a_plan_file_and_a_reviewed_one_exclude_each_other(reviewed: Project) -> None:
    """Either exactly this plan is applied, or one made anew."""
    assert 1 == reviewed.run("apply", "reviewed.json", "--reviewed", "reviewed.json").code
    assert 1 == reviewed.run("apply", "--reviewed", "missing.json").code


def contacted(server: MailServer) -> tuple[int, int]:
    """Return how many logins were tried at a server, and how many messages it took."""
    return server.login_attempts, len(server.messages)


@pytest.mark.parametrize("case", ["another account", "another server", "a rotation", "a lifted guard", "a guard"])
def test_nobody_is_contacted_for_what_is_refused(project: Project, server: MailServer, case: str) -> None:
    """What no reviewer saw, or a guard refuses, is refused before a login is tried or a test message sent."""
    project.write_project("verification: {depth: {apply: message}}\nguards: {maxDeletes: {count: 0, percent: 0}}\n")
    for name in ("gone", "sales"):
        project.write_account(name, own_account(name, server))
    project.run_well("apply", "--auto-approve")
    project.write_account("sales", own_account("sales", server, email="new@example.com"))
    words, code, exit_code = ["apply", "--reviewed", "reviewed.json"], "notReviewed", 5
    if case in {"a lifted guard", "a guard"}:
        project.remove_account("gone")
    project.run("plan", "--depth", "offline", "--out", "reviewed.json")
    with MailServer(encryption="none", users=server.users) as other:
        if case == "another account":
            project.write_account("two", own_account("two", server, email="two@example.com"))
        elif case == "another server":
            project.write_account("two", own_account("two", other, email="two@example.com"))
        elif case == "a rotation":
            server.users["sales@example.com"] = "another-password"
            project.set_variable(VARIABLE, "another-password")
        elif case == "a lifted guard":
            words += ["--allow-deletes", "1"]
        else:
            code, exit_code = "tooManyDeletes", 4
        shutil.rmtree(project.folder / ".reconciler" / "evidence", ignore_errors=True)
        before = contacted(server)
        refused = project.run(*words, "--format", "json")
        assert (exit_code, {code}) == (refused.code, set(refused.codes)), refused
        assert (before, (0, 0)) == (contacted(server), contacted(other))


def test_an_applied_plan_that_a_guard_refuses_contacts_nobody(project: Project, server: MailServer) -> None:
    """Without a question there is nobody whom a verification of what is refused would tell anything."""
    project.write_project("guards: {maxDeletes: {count: 0, percent: 0}}\n")
    project.write_account("gone", marketing_account("gone"))
    project.run_well("apply", "--auto-approve")
    project.remove_account("gone")
    project.write_account("sales", own_account("sales", server))
    assert 4 == project.run("apply", "--auto-approve").code
    assert (0, 0) == contacted(server)
    assert 4 == project.run("plan").code
    assert (1, 0) == contacted(server)


def test_what_was_held_when_reviewed_may_be_held_again(project: Project, server: MailServer) -> None:
    """Reviewers saw a held change, so it is verified again; held again, it does not keep the rest back."""
    project.write_account("one", marketing_account("one"))
    project.write_account("sales", own_account("sales", server))
    project.set_variable(VARIABLE, "wrong")
    project.run_well("plan", "--hold-failing", "--out", "reviewed.json")
    project.run_well("apply", "--reviewed", "reviewed.json", "--hold-failing")
    assert ["one"] == list(project.statuses())
