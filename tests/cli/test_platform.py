"""Marketing accounts are verified with the platform's server: one conversation for all, a sender for each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.cli.project import marketing_account, own_account
from tests.support.mailserver import MailServer, Refusals

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cli.project import Outcome, Project

PLATFORM_USER = "platform@example.com"
PLATFORM_VARIABLE = "SMTP_PLATFORM_PASSWORD"
PLATFORM_PASSWORD = "the-platform-and-nobody-else"
NEWS = ("news", "offers", "weekly")


@pytest.fixture
def platform() -> Iterator[MailServer]:
    """Run the platform's server, which refuses one sender."""
    refusals = Refusals(senders={"stranger@example.com": "553 5.7.1 not one of ours"})
    with MailServer(encryption="none", users={PLATFORM_USER: PLATFORM_PASSWORD}, refusals=refusals) as running:
        yield running


@pytest.fixture
def declared(project: Project, platform: MailServer) -> Project:
    """Return a project that declares the platform's server, with three marketing accounts."""
    declare(project, platform)
    project.set_variable(PLATFORM_VARIABLE, PLATFORM_PASSWORD)
    for name in NEWS:
        project.write_account(name, marketing_account(name, email=f"{name}@example.com"))
    return project


def declare(project: Project, server: MailServer, more: str = "") -> None:
    """Write the project file with the platform's server in it."""
    login = f"{{username: {PLATFORM_USER}, password: {{env: {PLATFORM_VARIABLE}}}}}"
    smtp = f"{{host: localhost, port: {server.port}, encryption: none, authentication: {login}}}"
    project.write_project(f"verification: {{domainChecks: off}}\nplatform:\n  smtp: {smtp}\n{more}")


def statuses(outcome: Outcome) -> dict[str, str]:
    """Return the verification's status by account."""
    return {change["name"]: change["verification"]["status"] for change in outcome.document["changes"]}


def test_one_conversation_tries_every_sender(declared: Project, platform: MailServer) -> None:
    """All marketing accounts share one login, and each one's sender is tried."""
    planned = declared.run_well("plan", "--format", "json")
    assert dict.fromkeys(NEWS, "passed") == statuses(planned)
    assert (1, 1) == (platform.connections, platform.login_attempts)
    assert [1, 1, 1] == [platform.commands[f"MAIL:{name}@example.com"] for name in NEWS]


def test_each_account_has_its_own_message_and_verdict(declared: Project, platform: MailServer) -> None:
    """A refused sender fails its own account and no other."""
    declared.write_account("stranger", marketing_account("stranger", email="stranger@example.com"))
    refused = declared.run("plan", "--depth", "message", "--format", "json")
    expected = {**dict.fromkeys(NEWS, "passed"), "stranger": "failed"}
    assert (3, expected) == (refused.code, statuses(refused))
    assert sorted(f"{name}@example.com" for name in NEWS) == sorted(each.envelope_from for each in platform.messages)


def test_apply_records_the_platform_s_route(declared: Project) -> None:
    """Once applied, the same credential goes to the same server without a question; to another one it is withheld."""
    declared.run_well("apply", "--auto-approve")
    assert dict.fromkeys(NEWS, "pending") == declared.statuses()
    declared.run_well("journal", "check")
    declared.write_account("news", marketing_account("news", email="other@example.com"))
    declared.run_well("plan")
    with MailServer(encryption="none", users={PLATFORM_USER: PLATFORM_PASSWORD}) as elsewhere:
        declare(declared, elsewhere)
        refused = declared.run("plan", "--format", "json")
        assert 4 == refused.code
        assert ["credentialWithheld"] == errors(refused)
        assert 0 == elsewhere.login_attempts
        assert PLATFORM_VARIABLE in refused.out
        assert PLATFORM_PASSWORD not in refused.out + refused.err


def errors(outcome: Outcome) -> list[str]:
    """Return the codes of the errors."""
    return [each["code"] for each in outcome.document["diagnostics"] if each["severity"] == "error"]


def test_the_platform_s_password_goes_to_no_account_s_server(declared: Project, server: MailServer) -> None:
    """An own account that borrows the platform's credential is withheld once it is known."""
    declared.run_well("apply", "--auto-approve")
    declared.write_account("thief", own_account("thief", server, secret=f"{{env: {PLATFORM_VARIABLE}}}"))
    refused = declared.run("plan", "--format", "json")
    assert 4 == refused.code
    assert ["credentialWithheld"] == errors(refused)
    assert 0 == server.login_attempts


@pytest.mark.parametrize("command", ["plan", "verify", "apply --auto-approve"])
def test_the_platform_s_password_is_not_lent_before_its_first_use(
    project: Project, platform: MailServer, command: str
) -> None:
    """Where state has never seen the platform's credential, a manifest cannot be the first to take it elsewhere."""
    declare(project, platform)
    project.set_variable(PLATFORM_VARIABLE, PLATFORM_PASSWORD)
    with MailServer(encryption="none", users={PLATFORM_USER: PLATFORM_PASSWORD}) as elsewhere:
        thief = own_account("thief", elsewhere, username=PLATFORM_USER, secret=f"{{env: {PLATFORM_VARIABLE}}}")
        project.write_account("thief", thief)
        assert 4 == project.run(*command.split()).code
        assert 0 == elsewhere.login_attempts


def test_an_offline_plan_lends_the_platform_s_password_to_nobody(project: Project, platform: MailServer) -> None:
    """What was planned without looking is judged again when apply reads the secret."""
    declare(project, platform)
    project.set_variable(PLATFORM_VARIABLE, PLATFORM_PASSWORD)
    with MailServer(encryption="none", users={PLATFORM_USER: PLATFORM_PASSWORD}) as elsewhere:
        project.write_account("thief", own_account("thief", elsewhere, secret=f"{{env: {PLATFORM_VARIABLE}}}"))
        project.run("plan", "--depth", "offline", "--out", "plan.json")
        assert 4 == project.run("apply", "plan.json").code
        assert 0 == elsewhere.login_attempts


def test_a_missing_platform_secret_is_an_error(declared: Project, platform: MailServer) -> None:
    """Without the platform's password all marketing accounts fail, which is told once; nothing is contacted."""
    declared.unset_variable(PLATFORM_VARIABLE)
    refused = declared.run("plan", "--format", "json")
    assert 3 == refused.code
    assert ["secretMissing"] == errors(refused)
    assert 0 == platform.connections


def test_own_accounts_do_not_need_the_platform_s_secret(declared: Project, server: MailServer) -> None:
    """A plan without changes to marketing accounts does without the platform's password; but a secret's first use waits."""
    declared.write_account("sales", own_account("sales", server))
    declared.run_well("apply", "--auto-approve")
    declared.unset_variable(PLATFORM_VARIABLE)
    declared.write_account("sales", own_account("sales", server, display_name="Another"))
    declared.run_well("plan")
    declared.set_variable("SMTP_NEW", "a-secret-of-its-own")
    declared.write_account("new", own_account("new", server, secret="{env: SMTP_NEW}"))
    refused = declared.run("plan", "--format", "json")
    (told,) = [each for each in refused.document["diagnostics"] if each["code"] == "credentialWithheld"]
    assert (4, True) == (refused.code, PLATFORM_VARIABLE in told["detail"])


def test_evidence_belongs_to_the_platform_s_server(declared: Project, platform: MailServer) -> None:
    """What was found at one server says nothing about another one; the same one is not asked twice."""
    declared.run_well("plan")
    declared.run_well("plan")
    assert 1 == platform.connections
    with MailServer(encryption="none", users={PLATFORM_USER: PLATFORM_PASSWORD}) as elsewhere:
        declare(declared, elsewhere)
        declared.run_well("plan")
        assert 1 == elsewhere.connections


def test_recorded_accounts_are_verified_with_the_platform(declared: Project, platform: MailServer) -> None:
    """The nightly run asks the platform once for all, and an account whose sender is refused now is failing."""
    declared.run_well("apply", "--auto-approve")
    declared.run_well("approve", "--all-pending")
    connections = platform.connections
    declared.run_well("verify", "--recorded")
    assert connections + 1 == platform.connections
    platform.refusals = Refusals(senders={"offers@example.com": "553 5.7.1 no longer"})
    assert 3 == declared.run("verify", "--recorded").code
    assert {"news": "active", "offers": "failing", "weekly": "active"} == declared.statuses()


def test_a_changed_platform_is_told_of_accounts_that_do_not_change(declared: Project, platform: MailServer) -> None:
    """The plan verifies none of them, but names those that would send and the command that mends it, as one warning."""
    declared.run_well("apply", "--auto-approve")
    declared.run_well("approve", "news", "weekly")
    declared.run_well("suspend", "weekly", "--reason", "why")
    assert "platformChanged" not in declared.run_well("plan", "--format", "json").codes
    with MailServer(encryption="none", users={PLATFORM_USER: PLATFORM_PASSWORD}) as moved:
        route = f"route: {{host: localhost, port: {moved.port}, encryption: none}}"
        grant = f"secrets: {{grants: [{{secret: 'env:{PLATFORM_VARIABLE}', {route}}}]}}\n"
        declare(declared, moved, grant)
        planned = declared.run_well("plan", "--format", "json")
        assert ("empty", 0) == (planned.document["status"], moved.connections)
        (told,) = (each for each in planned.document["diagnostics"] if each["code"] == "platformChanged")
        assert ("warning", None) == (told["severity"], told["subject"])
        assert f"localhost:{moved.port}" in told["detail"]
        assert told["detail"].endswith("\n    reconciler verify news offers --recorded")
        offline = declared.run_well("plan", "--depth", "offline", "--exclude", "offers", "--format", "json")
        assert ["news"] == [
            each["subject"] for each in offline.document["diagnostics"] if each["code"] == "platformChanged"
        ]
        declared.run_well("verify", "news", "offers", "--recorded")
        assert "platformChanged" not in declared.run_well("plan", "--format", "json").codes


def test_verify_checks_marketing_accounts_too(declared: Project, platform: MailServer) -> None:
    """Verify takes the platform's server as plan does."""
    found = declared.run_well("verify", "--format", "json").document["accounts"]
    assert dict.fromkeys(NEWS, "passed") == {each["name"]: each["verification"]["status"] for each in found}
    assert 1 == platform.login_attempts


def test_apply_gathers_what_an_offline_plan_lacks(declared: Project, platform: MailServer) -> None:
    """An offline plan of marketing accounts is verified at apply, in one conversation."""
    declared.run_well("plan", "--depth", "offline", "--out", "plan.json")
    assert 0 == platform.connections
    declared.run_well("apply", "plan.json")
    assert (1, 3) == (platform.login_attempts, len(platform.messages))


@pytest.mark.parametrize(
    ("login", "code"),
    [("{username: a}", "missingField"), (f"{{password: {{env: {PLATFORM_VARIABLE}}}}}", "missingField")],
    ids=["no password", "no user name"],
)
def test_an_incomplete_login_is_told_before_anything_is_contacted(project: Project, login: str, code: str) -> None:
    """The message says which line the project file lacks."""
    project.write_project(f"platform: {{smtp: {{host: localhost, authentication: {login}}}}}\n")
    project.write_account("news", marketing_account("news"))
    refused = project.run("validate", "--format", "json")
    assert (1, [code]) == (refused.code, errors(refused))


def test_an_unusable_private_ca_of_the_platform_is_told(project: Project) -> None:
    """A missing CA file is an error of the project file."""
    project.write_project("platform: {smtp: {host: localhost, caFile: missing.pem}}\n")
    project.write_account("news", marketing_account("news"))
    refused = project.run("validate", "--format", "json")
    assert (1, ["caFileUnusable"]) == (refused.code, errors(refused))
