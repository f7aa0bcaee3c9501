"""Failed verification blocks a plan, and each way round it is explicit and journaled."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from tests.cli.project import PASSWORD, USER, VARIABLE, Project, marketing_account, own_account
from tests.support.mailserver import MailServer

if TYPE_CHECKING:
    from collections.abc import Iterator

WRONG = "SMTP_WRONG_PASSWORD"


@pytest.fixture
def failing(project: Project, server: MailServer) -> Iterator[Project]:
    """Return a project with an account that passes and, at another server, one that fails."""
    with MailServer(encryption="none", users={USER: PASSWORD}) as other:
        project.set_variable(WRONG, "not-the-password")
        project.write_account("good", own_account("good", server))
        project.write_account("bad", own_account("bad", other, secret=f"{{env: {WRONG}}}"))
        yield project


def journal_payload(project: Project) -> dict[str, Any]:
    """Return what the last entry of the journal tells."""
    with closing(sqlite3.connect(project.state_file)) as connection:
        statement = "SELECT payload FROM journal_payloads ORDER BY sequence DESC LIMIT 1"
        payload: dict[str, Any] = json.loads(connection.execute(statement).fetchone()[0])
    return payload


@pytest.mark.parametrize("words", [("plan",), ("apply", "--auto-approve"), ("verify",)], ids=" ".join)
def test_one_failure_blocks_everything(failing: Project, words: tuple[str, ...]) -> None:
    """A failed account is exit code 3, and nothing is recorded, not even the accounts that passed."""
    refused = failing.run(*words, "--format", "json")
    assert (3, ["verificationFailed"]) == (refused.code, refused.codes)
    assert ["bad"] == [problem["subject"] for problem in refused.document["diagnostics"]]
    assert ({}, 0) == (failing.statuses(), failing.serial())


@pytest.mark.parametrize("flags", [("--exclude", "bad"), ("--target", "good"), ("--target", "g*")], ids=" ".join)
def test_selectors_leave_the_failing_account_out(failing: Project, flags: tuple[str, ...]) -> None:
    """What is not selected is neither verified nor recorded."""
    failing.run_well("apply", "--auto-approve", *flags)
    assert {"good": "active"} == failing.statuses()


def test_ways_round_a_failure_are_journaled(project: Project, server: MailServer) -> None:
    """What an apply was limited to, what it left out and that it held what fails stand in the journal and in history."""
    for name in ("good", "other", "third"):
        project.write_account(name, own_account(name, server))
    project.run_well("plan", "--target", "good", "--target", "o*", "--exclude", "other", "--out", "plan.json")
    project.run_well("apply", "plan.json")
    told = project.journal()[-1][1]
    assert ["good", "o*"] == told["targets"]
    assert ["other"] == told["excludes"]
    assert told["holdsFailing"] is False
    project.run_well("apply", "--auto-approve", "--hold-failing", "--exclude", "third")
    told = project.journal()[-1][1]
    assert "targets" not in told
    assert ["third"] == told["excludes"]
    assert told["holdsFailing"] is True
    project.run_well("plan", "--hold-failing", "--out", "plan.json")
    project.run_well("apply", "plan.json")
    assert (False, True) == ("excludes" in project.journal()[-1][1], project.journal()[-1][1]["holdsFailing"])
    history = project.run_well("history").out
    assert [True] * 3 == [line in history for line in ("limited to: good, o*", "left out: other", "left out: third")]


def test_a_selector_that_selects_nothing_is_an_error(failing: Project) -> None:
    """A misspelt selector does not quietly do less than was meant."""
    for flags in (("--target", "god"), ("--target", "good", "--exclude", "god")):
        refused = failing.run("plan", *flags, "--format", "json")
        assert 1 == refused.code
        assert "invalid" == refused.document["status"]
        assert ["selectorMatchesNothing"] == refused.codes
    assert 1 == failing.run("verify", "god").code


def test_hold_failing_leaves_failed_changes_out(failing: Project) -> None:
    """With --hold-failing the rest is recorded and the failed change is shown as held, with a warning."""
    planned = failing.run("plan", "--hold-failing", "--format", "json")
    assert 0 == planned.code
    assert "ready" == planned.document["status"]
    assert 1 == planned.document["summary"]["held"]
    applied = failing.run("apply", "--auto-approve", "--hold-failing")
    assert 0 == applied.code
    assert "held" in (applied.out + applied.err).lower()
    assert {"good": "active"} == failing.statuses()
    assert ["bad"] == journal_payload(failing)["held"]


def test_an_override_leaves_the_account_unverified_and_is_journaled(failing: Project) -> None:
    """An overridden account is recorded as unverified, with the reason, also from a saved plan."""
    assert 3 == failing.run("plan", "--out", "plan.json").code
    failing.run_well("apply", "plan.json", "--override-verification", "bad=migration night")
    assert {"bad": "unverified", "good": "active"} == failing.statuses()
    assert {"bad": "migration night"} == journal_payload(failing)["overrides"]
    assert "migration night" in failing.run_well("accounts", "show", "bad").out


def test_an_overridden_account_is_not_connected_to(failing: Project) -> None:
    """A fresh apply does not verify what it is told to override."""
    failing.run_well("apply", "--auto-approve", "--override-verification", "bad=migration night")
    assert {"bad": "unverified", "good": "active"} == failing.statuses()


def test_an_override_of_nothing_is_an_error(failing: Project) -> None:
    """A name that is no change of the plan ends with 1 and records nothing."""
    refused = failing.run("apply", "--auto-approve", "--override-verification", "bda=typo", "--format", "json")
    assert 1 == refused.code
    assert "selectorMatchesNothing" in refused.codes
    assert {} == failing.statuses()


def test_a_rotated_password_is_an_update(project: Project, server: MailServer) -> None:
    """A new value behind the same reference is an update with cause rotation, verified and recorded once."""
    project.write_account("sales", own_account("sales", server))
    project.run_well("apply", "--auto-approve")
    server.users[USER] = "a-newer-password"
    project.set_variable(VARIABLE, "a-newer-password")
    planned = project.run("plan", "--format", "json", "--detailed-exitcode")
    change = planned.document["changes"][0]
    assert 2 == planned.code
    assert "update" == change["action"]
    assert "rotation" == change["cause"]
    reference = f"env:{VARIABLE}"
    expected = {"path": "spec.smtp.authentication.password", "before": reference, "after": reference, "rotated": True}
    assert [expected] == change["fields"]
    project.run_well("apply", "--auto-approve")
    assert "empty" == project.run("plan", "--format", "json").document["status"]


def test_a_rotation_that_fails_is_held(project: Project, server: MailServer) -> None:
    """A wrong new value is held with a warning, and other changes go through."""
    project.write_account("sales", own_account("sales", server))
    project.run_well("apply", "--auto-approve")
    project.set_variable(VARIABLE, "not-the-password")
    alone = project.run("plan", "--format", "json")
    assert 0 == alone.code
    assert "empty" == alone.document["status"]
    assert ["heldChange"] == alone.codes
    project.write_account("news", marketing_account("news"))
    planned = project.run("plan", "--format", "json")
    assert (0, "ready") == (planned.code, planned.document["status"])
    assert [True] == [change["held"] for change in planned.document["changes"] if change["name"] == "sales"]
    project.run_well("apply", "--auto-approve")
    assert {"news": "pending", "sales": "active"} == project.statuses()
    project.set_variable(VARIABLE, PASSWORD)
    assert "empty" == project.run("plan", "--format", "json").document["status"]


def test_an_offline_plan_opens_no_socket(project: Project, server: MailServer) -> None:
    """At depth offline nothing is connected to and no secret is read."""
    project.unset_variable(VARIABLE)
    project.write_account("sales", own_account("sales", server))
    project.run_well("plan", "--depth", "offline", "--out", "plan.json")
    assert 0 == server.connections
    project.set_variable(VARIABLE, PASSWORD)
    project.run_well("apply", "plan.json")
    assert (1, {"sales": "active"}) == (len(server.messages), project.statuses())
    assert "empty" == project.run("plan", "--format", "json").document["status"]


def test_verify_records_nothing(project: Project, server: MailServer) -> None:
    """What verify finds is told for each account, and state is left alone."""
    project.write_account("sales", own_account("sales", server))
    before = project.state_file.read_bytes()
    found = project.run_well("verify", "sales", "--format", "json").document["accounts"]
    assert [("sales", "passed")] == [(each["name"], each["verification"]["status"]) for each in found]
    assert before == project.state_file.read_bytes()
    assert (1, 0) == (server.login_attempts, len(server.messages))


def test_message_depth_needs_an_operator(project: Project, server: MailServer) -> None:
    """Without an operator the message check fails with the line to write, and nothing is recorded."""
    (project.folder / "reconciler.yaml").write_text(
        "apiVersion: reconciler/v1\nkind: Project\nmetadata: {name: mail}\nverification: {domainChecks: off}\n",
        encoding="utf-8",
    )
    project.write_account("sales", own_account("sales", server))
    refused = project.run("apply", "--auto-approve")
    assert refused.code in {1, 3}
    assert "operator" in refused.err
    assert ({}, []) == (project.statuses(), server.messages)


def test_an_account_behind_a_proxy_is_not_verified_around_it(project: Project, server: MailServer) -> None:
    """A declared proxy that cannot be taken fails the check; the mail server is not contacted directly."""
    around = "  proxy: {type: socks5, host: 127.0.0.1, port: 1}\n"
    project.write_account("behind", own_account("behind", server).rstrip() + "\n" + around)
    refused = project.run("plan", "--format", "json")
    checks = {check["check"]: check["code"] for check in refused.document["changes"][0]["verification"]["checks"]}
    assert (3, 0) == (refused.code, server.connections)
    assert "notDeclared" == checks["dns"]
    assert "proxyConnectionRefused" == checks["proxy"]
    assert "earlierFailure" == checks["connect"]


def test_an_access_token_is_never_sent_as_a_password(project: Project, server: MailServer) -> None:
    """With mechanism auto, a token is not tried by PLAIN or LOGIN."""
    manifest = own_account("token", server).replace("password:", "accessToken:")
    project.write_account("token", manifest)
    refused = project.run("plan", "--format", "json")
    checks = {check["check"]: check["code"] for check in refused.document["changes"][0]["verification"]["checks"]}
    assert 3 == refused.code
    assert "mechanismNotOffered" == checks["auth"]
    assert 0 == len(server.logins)


def test_domains_are_shown_as_their_author_wrote_them(project: Project) -> None:
    """Messages name the host as the manifest has it, although the A-label is what is compared."""
    project.write_project("verification: {domainChecks: off, servers: [mail.example.com]}\n")
    project.write_account("odd", own_account("odd", 2525, host="żółw.invalid", encryption="tls"))
    refused = project.run("plan", "--format", "json")
    checks = {check["check"]: check["message"] for check in refused.document["changes"][0]["verification"]["checks"]}
    assert checks["dns"].startswith("żółw.invalid is not among the hosts")
    assert "xn--" not in checks["dns"]


def test_an_address_in_brackets_is_explained(project: Project) -> None:
    """The brackets of a URL are not part of an IPv6 address."""
    project.write_account("odd", own_account("odd", 2525, host='"[::1]"', encryption="tls"))
    refused = project.run("validate", "--format", "json")
    assert (1, ["invalidHost"]) == (refused.code, refused.codes)
    assert "without brackets" in refused.out
