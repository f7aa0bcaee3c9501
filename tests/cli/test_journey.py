"""From manifests to the view: plan, apply, and a plan that is empty, over every kind of local server."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from tests.cli.project import OPERATOR, PASSWORD, USER, marketing_account, own_account
from tests.support.mailserver import MailServer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cli.project import Project
    from tests.support.certificates import TestCA
    from tests.support.mailserver import Encryption


@pytest.fixture(params=["starttls", "tls", "none"])
def any_server(request: pytest.FixtureRequest, ca: TestCA) -> Iterator[MailServer]:
    """Run a mail server of each encryption in turn."""
    encryption: Encryption = request.param
    context = None if encryption == "none" else ca.server_context("localhost")
    with MailServer(encryption=encryption, tls_context=context, users={USER: PASSWORD}) as running:
        yield running


def trust(project: Project, ca: TestCA, encryption: str) -> str | None:
    """Have the CA trusted by caFile for STARTTLS, by SSL_CERT_FILE for implicit TLS; return the caFile."""
    path = ca.write_pem(project.folder / "ca.pem")
    if encryption == "tls":
        project.set_variable("SSL_CERT_FILE", str(path))
    return "ca.pem" if encryption == "starttls" else None


@pytest.mark.parametrize("mechanism", ["plain", "login"])
def test_plan_apply_and_an_empty_plan(project: Project, any_server: MailServer, ca: TestCA, mechanism: str) -> None:
    """What is planned is applied with one test message to the operator, and planning again finds nothing to do."""
    ca_file = trust(project, ca, any_server.encryption)
    project.write_account("sales", own_account("sales", any_server, mechanism=mechanism, ca_file=ca_file))
    project.write_account("news", marketing_account("news"))
    before = project.run("plan", "--detailed-exitcode")
    assert (2, 0) == (before.code, len(any_server.messages))
    applied = project.run_well("apply", "--auto-approve")
    assert "recorded as revision 1" in applied.out.lower()
    assert [(OPERATOR,)] == [message.recipients for message in any_server.messages]
    assert [USER] == [message.username for message in any_server.messages]
    assert 0 == project.run("plan").code
    after = project.run("plan", "--detailed-exitcode", "--format", "json")
    assert (0, "empty") == (after.code, after.document["status"])
    assert {"news": "pending", "sales": "active"} == project.statuses()


def test_the_view_tells_when_an_account_was_verified(project: Project, server: MailServer) -> None:
    """An own account is active with the time and depth of its verification, a marketing account waits."""
    project.write_account("sales", own_account("sales", server))
    project.write_account("news", marketing_account("news"))
    project.run_well("apply", "--auto-approve")
    listed = {each["name"]: each for each in project.run("accounts", "list", "--format", "json").document["accounts"]}
    verification = listed["sales"]["verification"]
    assert ("passed", "message") == (verification["outcome"], verification["depth"])
    age = datetime.now(UTC) - datetime.fromisoformat(verification["checkedAt"])
    assert timedelta(0) <= age < timedelta(minutes=1)
    assert ("pending", None) == (listed["news"]["status"], listed["news"]["approval"])


def test_saved_plan_is_shown_and_applied_once(project: Project, server: MailServer) -> None:
    """A saved plan shows as it was planned, applies as one revision, and never a second time."""
    project.write_account("sales", own_account("sales", server))
    planned = project.run("plan", "--out", "plan.json", "--format", "json")
    assert planned.document == project.run_well("show", "plan.json", "--format", "json").document
    assert "sales" in project.run_well("show", "plan.json").out
    applied = project.run_well("apply", "plan.json", "--format", "json").document
    assert "applied" == applied["status"]
    assert 1 == applied["revision"]
    assert 1 == applied["summary"]["create"]
    again = project.run("apply", "plan.json")
    assert (5, "") == (again.code, again.out)
    assert "already applied as revision 1" in again.err
    assert "refused" == project.run("apply", "plan.json", "--format", "json").document["status"]


def test_deep_evidence_of_a_sealed_plan_is_not_gathered_again(project: Project, server: MailServer) -> None:
    """Apply sends nothing when the sealed plan has already verified as deeply as apply needs."""
    project.write_account("sales", own_account("sales", server))
    project.run_well("plan", "--depth", "message", "--out", "plan.json")
    assert (1, 1) == (server.login_attempts, len(server.messages))
    connections = server.connections
    project.run_well("apply", "plan.json")
    assert connections == server.connections
    assert 1 == server.login_attempts
    assert 1 == len(server.messages)


def test_shallow_evidence_is_deepened_by_apply(project: Project, server: MailServer) -> None:
    """Apply gathers what the plan lacks: a plan up to the envelope leaves the message to apply."""
    project.write_account("sales", own_account("sales", server))
    project.run_well("plan", "--out", "plan.json")
    assert (1, 0) == (server.login_attempts, len(server.messages))
    project.run_well("apply", "plan.json")
    assert (2, 1) == (server.login_attempts, len(server.messages))


def test_fresh_failed_evidence_refuses_without_reconnecting(project: Project, server: MailServer) -> None:
    """A saved plan whose verification failed is refused from its evidence alone."""
    project.set_variable("SMTP_SALES_PASSWORD", "not-the-password")
    project.write_account("sales", own_account("sales", server))
    assert 3 == project.run("plan", "--out", "plan.json").code
    connections = server.connections
    refused = project.run("apply", "plan.json", "--format", "json")
    assert 3 == refused.code
    assert ["verificationFailed"] == refused.codes
    assert "refused" == refused.document["status"]
    assert connections == server.connections
    assert {} == project.statuses()


def test_relabelling_and_renaming_need_no_evidence(project: Project, server: MailServer) -> None:
    """A change that leaves the settings as they are is applied without a connection, and history follows the name."""
    project.write_account("sales", own_account("sales", server))
    project.run_well("apply", "--auto-approve")
    connections = server.connections
    project.write_account("sales", own_account("sales", server, metadata="labels: {team: sales}"))
    project.run_well("apply", "--auto-approve")
    project.remove_account("sales")
    project.write_account("verkauf", own_account("verkauf", server, metadata="previousName: sales, labels: {team: x}"))
    project.run_well("apply", "--auto-approve")
    assert connections == server.connections
    assert {"verkauf": "active"} == project.statuses()
    history = project.run("history", "verkauf", "--format", "json").document["revisions"]
    assert [3, 2, 1] == [each["revision"] for each in history]
    assert ["rename", "update", "create"] == [each["changes"][0]["action"] for each in history]
