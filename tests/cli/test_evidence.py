"""What was verified once is not verified again while it is fresh, and nothing false is concluded from it."""

from __future__ import annotations

import contextlib
import signal
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.cli.project import PASSWORD, USER, VARIABLE, command, environment, own_account
from tests.support.scripted import CLOSE, ScriptedServer, polite

if TYPE_CHECKING:
    from tests.cli.project import Project
    from tests.support.mailserver import MailServer


def test_planning_again_neither_connects_nor_mails(project: Project, server: MailServer) -> None:
    """The second plan of the same settings takes the evidence of the first, and says so."""
    project.write_account("sales", own_account("sales", server))
    project.run_well("plan", "--depth", "message")
    connections = server.connections
    again = project.run_well("plan", "--depth", "message", "--format", "json")
    assert (connections, 1) == (server.connections, len(server.messages))
    assert (["evidenceReused"], "passed") == (again.codes, again.document["changes"][0]["verification"]["status"])


def test_a_plan_and_a_later_apply_send_one_message(project: Project, server: MailServer) -> None:
    """Apply without a plan file takes what plan found a minute ago."""
    project.write_account("sales", own_account("sales", server))
    project.run_well("plan", "--depth", "message")
    project.run_well("apply", "--auto-approve")
    assert (1, {"sales": "active"}) == (len(server.messages), project.statuses())


def test_less_depth_does_not_answer_more(project: Project, server: MailServer) -> None:
    """Evidence of depth envelope does not stand for a message; a message stands for an envelope."""
    project.write_account("sales", own_account("sales", server))
    project.run_well("plan", "--depth", "envelope")
    project.run_well("plan", "--depth", "message")
    project.run_well("plan", "--depth", "envelope")
    assert (2, 1) == (server.login_attempts, len(server.messages))


def test_changed_settings_are_verified_anew(project: Project, server: MailServer) -> None:
    """Another display name, and another value of the password, are other settings."""
    project.write_account("sales", own_account("sales", server))
    project.run_well("plan")
    project.write_account("sales", own_account("sales", server, display_name="Another Name"))
    project.run_well("plan")
    project.set_variable(VARIABLE, "not-the-password")
    assert 3 == project.run("plan").code
    assert 3 == server.login_attempts


def test_failures_are_looked_at_anew(project: Project, server: MailServer) -> None:
    """What failed may have been mended since, so the next plan tries again."""
    project.write_account("sales", own_account("sales", server))
    server.users[USER] = "something else"
    assert 3 == project.run("plan").code
    server.users[USER] = PASSWORD
    project.run_well("plan")


def test_verify_always_verifies_and_serves_the_next_plan(project: Project, server: MailServer) -> None:
    """Verify is asked on purpose, so it connects each time; the next plan takes what it found."""
    project.write_account("sales", own_account("sales", server))
    project.run_well("verify")
    project.run_well("verify")
    assert 2 == server.login_attempts
    project.run_well("plan")
    assert 2 == server.login_attempts


def test_a_narrower_rule_of_the_project_is_obeyed(project: Project, server: MailServer) -> None:
    """A host that verification.servers no longer allows is refused, whatever was found of it before."""
    project.write_account("sales", own_account("sales", server))
    project.run_well("plan")
    project.write_project("verification: {domainChecks: off, servers: [mail.example.com]}\n")
    assert 3 == project.run("plan").code


def test_a_message_of_unknown_delivery_is_not_sent_by_planning_again(project: Project) -> None:
    """A message whose connection was lost after the final dot may have arrived; only verify sends another."""
    replies = {"EHLO": "250-test.example\r\n250 AUTH PLAIN", ".": CLOSE}
    with ScriptedServer(polite(replies)) as server:
        project.write_account("sales", own_account("sales", server.port))
        for _ in range(2):
            refused = project.run("plan", "--depth", "message", "--format", "json")
            checks = {each["check"]: each["code"] for each in refused.document["changes"][0]["verification"]["checks"]}
            assert (3, "unknownDelivery") == (refused.code, checks["message"])
        assert 1 == server.received(b"DATA")
        assert 3 == project.run("verify", "sales", "--depth", "message").code
        assert 2 == server.received(b"DATA")


def test_the_message_says_which_changes_it_tests(project: Project, server: MailServer) -> None:
    """The test message names the account and the plan's changesDigest, by plan and by apply alike."""
    project.write_account("sales", own_account("sales", server))
    planned = project.run_well("plan", "--format", "json").document
    project.run_well("apply", "--auto-approve")
    (message,) = server.messages
    text = message.content.replace(b"=\r\n", b"").decode()
    assert f"Plan:     changes {planned['changesDigest']}" in text
    assert "Account:  sales (OwnAccount)" in text


def test_what_was_found_before_an_interruption_is_kept(project: Project, server: MailServer) -> None:
    """Ctrl-C ends the run with 130; accounts verified by then are not mailed again by the next one."""
    with ScriptedServer(lambda wire: wire.wait_for_close()) as silent:
        project.write_account("a-good", own_account("a-good", server))
        project.set_variable("SMTP_OTHER_PASSWORD", "another")
        project.write_account("b-silent", own_account("b-silent", silent.port, secret="{env: SMTP_OTHER_PASSWORD}"))
        process = subprocess.Popen(
            command("plan", "--depth", "message"),
            cwd=project.folder,
            env=environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        kept = project.folder / ".reconciler" / "evidence"
        while not any(kept.glob("*.json")):
            with contextlib.suppress(subprocess.TimeoutExpired):
                pytest.fail(f"the plan ended with {process.wait(0.02)} before anything was kept")
        process.send_signal(signal.SIGINT)
        assert 130 == process.wait(10)
    project.run_well("plan", "--depth", "message", "--target", "a-good")
    assert 1 == len(server.messages)
