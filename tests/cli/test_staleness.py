"""Staleness is per account and fails closed; evidence that will not do is gathered anew at apply."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from tests.cli.project import PASSWORD, USER, VARIABLE, Project, own_account
from tests.support.mailserver import MailServer

if TYPE_CHECKING:
    from collections.abc import Callable

NOW = datetime(2026, 9, 1, 12, tzinfo=UTC)
OTHER_VARIABLE = "SMTP_OTHER_PASSWORD"


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[[datetime], None]:
    """Return a way to set the command line's clock, which begins at noon of the first of September."""
    moment = [NOW]
    monkeypatch.setattr("reconciler.cli.session.utc_now", lambda: moment[0])

    def set_clock(to: datetime) -> None:
        moment[0] = to

    return set_clock


@pytest.fixture
def two(project: Project, server: MailServer) -> Project:
    """Return a project with two own accounts applied."""
    project.write_account("one", own_account("one", server))
    project.write_account("two", own_account("two", server))
    project.run_well("apply", "--auto-approve")
    return project


def change(project: Project, server: MailServer, name: str, display_name: str) -> None:
    """Give an account another display name."""
    project.write_account(name, own_account(name, server, display_name=display_name))


def display_names(project: Project) -> dict[str, str]:
    """Return the recorded display names."""
    listed = project.run_well("accounts", "list", "--format", "json").document["accounts"]
    return {account["name"]: account["displayName"] for account in listed}


def test_plans_over_disjoint_accounts_both_apply(two: Project, server: MailServer) -> None:
    """Each was planned before the other was applied, and neither spoils the other."""
    change(two, server, "one", "One A")
    two.run_well("plan", "--target", "one", "--out", "one.json")
    change(two, server, "two", "Two A")
    two.run_well("plan", "--target", "two", "--out", "two.json")
    two.run_well("apply", "two.json")
    two.run_well("apply", "one.json")
    assert ({"one": "One A", "two": "Two A"}, 3) == (display_names(two), two.serial())
    two.run_well("journal", "check")


@pytest.mark.parametrize("second", ["update", "delete", "rename"])
def test_of_plans_over_the_same_account_the_second_is_stale(two: Project, server: MailServer, second: str) -> None:
    """Whatever the second would do to the account that the first has changed, it ends with 5 and changes nothing."""
    change(two, server, "one", "One A")
    two.run_well("plan", "--out", "first.json")
    change(two, server, "one", "One B")
    if second == "delete":
        two.remove_account("one")
    if second == "rename":
        two.write_account("one", own_account("uno", server, metadata="previousName: one"))
    two.run_well("plan", "--out", "second.json")
    two.run_well("apply", "first.json")
    before, head = display_names(two), two.run_well("journal", "head").out
    attempts, messages = server.login_attempts, len(server.messages)
    stale = two.run("apply", "second.json", "--format", "json")
    assert 5 == stale.code
    assert ["planStale"] == stale.codes
    assert "refused" == stale.document["status"]
    assert (before, head) == (display_names(two), two.run_well("journal", "head").out)
    assert (attempts, messages) == (server.login_attempts, len(server.messages))


def test_one_stale_account_spoils_the_whole_plan(two: Project, server: MailServer) -> None:
    """A plan is all or nothing: the account that nobody touched is not recorded either."""
    change(two, server, "one", "One A")
    change(two, server, "two", "Two A")
    two.run_well("plan", "--out", "both.json")
    two.run_well("apply", "--auto-approve", "--target", "one")
    assert 5 == two.run("apply", "both.json").code
    assert {"one": "One A", "two": "Example Sales"} == display_names(two)


def test_a_plan_is_applied_once(two: Project, server: MailServer) -> None:
    """The second time it ends with 5 and names the revision that it is."""
    change(two, server, "one", "One A")
    two.run_well("plan", "--out", "plan.json")
    two.run_well("apply", "plan.json")
    again = two.run("apply", "plan.json", "--format", "json")
    assert (5, ["planApplied"]) == (again.code, again.codes)
    assert "revision 2" in again.document["diagnostics"][0]["detail"]


def test_suspending_does_not_spoil_a_plan_nor_does_a_plan_end_it(two: Project, server: MailServer) -> None:
    """The emergency stop is apart from the settings: the plan applies, and the account stays stopped."""
    change(two, server, "one", "One A")
    two.run_well("plan", "--out", "plan.json")
    two.run_well("suspend", "one", "--reason", "leak")
    two.run_well("apply", "plan.json")
    assert ("suspended", "One A") == (two.statuses()["one"], display_names(two)["one"])


@pytest.mark.parametrize(("hours", "logins"), [(23, 0), (25, 1)], ids=["fresh", "too old"])
def test_evidence_that_is_too_old_is_gathered_anew(
    two: Project, server: MailServer, at: Callable[[datetime], None], hours: int, logins: int
) -> None:
    """Up to evidenceTtlHours a saved plan's evidence will do; after that apply connects and mails itself."""
    change(two, server, "one", "One A")
    two.run_well("plan", "--depth", "message", "--out", "plan.json")
    attempts, messages = server.login_attempts, len(server.messages)
    at(NOW + timedelta(hours=hours))
    two.run_well("apply", "plan.json")
    assert (attempts + logins, messages + logins) == (server.login_attempts, len(server.messages))


def test_evidence_of_the_project_s_own_age_limit(
    two: Project, server: MailServer, at: Callable[[datetime], None]
) -> None:
    """The limit is the project's: two hours later, evidence that may be one hour old is gathered anew."""
    two.write_project("verification: {evidenceTtlHours: 1}\n")
    change(two, server, "one", "One A")
    two.run_well("plan", "--depth", "message", "--out", "plan.json")
    attempts = server.login_attempts
    at(NOW + timedelta(hours=2))
    two.run_well("apply", "plan.json")
    assert attempts + 1 == server.login_attempts


def test_evidence_from_the_future_is_gathered_anew(
    two: Project, server: MailServer, at: Callable[[datetime], None]
) -> None:
    """A plan whose evidence was found after now, by a clock that runs ahead, does not count as fresh."""
    change(two, server, "one", "One A")
    two.run_well("plan", "--depth", "message", "--out", "plan.json")
    attempts = server.login_attempts
    at(NOW - timedelta(hours=1))
    two.run_well("apply", "plan.json")
    assert attempts + 1 == server.login_attempts


@pytest.mark.parametrize(("depth", "logins"), [("message", 0), ("envelope", 1), ("connect", 1)])
def test_evidence_of_lesser_depth_is_gathered_anew(two: Project, server: MailServer, depth: str, logins: int) -> None:
    """Apply needs depth message; a plan that went less far is verified again, and then all the way."""
    change(two, server, "one", "One A")
    two.run_well("plan", "--depth", depth, "--out", "plan.json")
    attempts = server.login_attempts
    two.run_well("apply", "plan.json")
    assert (attempts + logins, 3) == (server.login_attempts, len(server.messages))


def test_evidence_of_other_settings_is_gathered_anew(two: Project, server: MailServer) -> None:
    """A secret that was rotated since the plan makes other settings: the new value is what apply verifies."""
    change(two, server, "one", "One A")
    two.run_well("plan", "--depth", "connect", "--out", "plan.json")
    server.users[USER] = "another-password"
    two.set_variable(VARIABLE, "another-password")
    attempts = server.login_attempts
    two.run_well("apply", "plan.json")
    assert attempts + 1 == server.login_attempts
    planned = two.run_well("plan", "--target", "one", "--format", "json").document
    assert "empty" == planned["status"]


def test_evidence_of_a_value_that_fails_now_refuses(two: Project, server: MailServer) -> None:
    """What apply gathers anew and fails ends with 3, and nothing is recorded."""
    change(two, server, "one", "One A")
    two.run_well("plan", "--depth", "envelope", "--out", "plan.json")
    server.users[USER] = "another-password"
    refused = two.run("apply", "plan.json", "--format", "json")
    assert (3, ["verificationFailed"]) == (refused.code, refused.codes)
    assert ("Example Sales", 1) == (display_names(two)["one"], two.serial())


def test_fresh_failed_evidence_refuses_without_connecting(two: Project) -> None:
    """What the plan found broken an hour ago is not tried again by the same plan."""
    two.set_variable(OTHER_VARIABLE, PASSWORD)
    with MailServer(encryption="none", users={USER: "not-this-one"}) as other:
        two.write_account("three", own_account("three", other, secret=f"{{env: {OTHER_VARIABLE}}}"))
        route = f"{{host: localhost, port: {other.port}, encryption: none}}"
        two.write_project(f"secrets: {{grants: [{{secret: 'env:SMTP_*', route: {route}}}]}}\n")
        assert 3 == two.run("plan", "--out", "plan.json").code
        connections = other.connections
        assert (3, connections) == (two.run("apply", "plan.json").code, other.connections)
