"""``verify --recorded``: what is in state is verified again, and how it stands is recorded and journaled."""

from __future__ import annotations

import json
import os
import pty
import select
import sqlite3
import subprocess
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from reconciler.model.accounts.recorded import Suspension
from reconciler.store import open_store
from tests.cli.project import (
    PASSWORD,
    PROCESS_SECONDS,
    USER,
    VARIABLE,
    Outcome,
    Project,
    command,
    environment,
    own_account,
)
from tests.support.mailserver import MailServer
from tests.support.scripted import ScriptedServer, Wire, polite

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.certificates import TestCA

NEWER = "a-newer-password"


@pytest.fixture
def applied(project: Project, server: MailServer) -> Project:
    """Return a project with one applied account, sales, whose transient failures count from the second."""
    project.write_project("verification: {domainChecks: off, failAfter: 2, timeoutSeconds: 1}\n")
    project.write_account("sales", own_account("sales", server))
    project.run_well("apply", "--auto-approve")
    return project


def verify(project: Project, *words: str) -> Outcome:
    """Verify what is recorded."""
    return project.run("verify", "--recorded", *words, "--format", "json")


def journal(project: Project) -> list[tuple[str, dict[str, Any]]]:
    """Return event and payload of every entry of the journal."""
    query = "SELECT event, payload FROM journal JOIN journal_payloads USING (project, sequence) ORDER BY sequence"
    with closing(sqlite3.connect(project.state_file)) as connection:
        return [(event, json.loads(payload)) for event, payload in connection.execute(query)]


def standing_changes(project: Project) -> dict[str, Any]:
    """Return what the journal's last entry tells of accounts whose standing changed."""
    event, payload = journal(project)[-1]
    assert "verify" == event
    changes: dict[str, Any] = payload["accounts"]
    return changes


def recorded(project: Project) -> dict[str, Any]:
    """Return the account sales as the view shows it."""
    account: dict[str, Any] = project.run_well("accounts", "show", "sales", "--format", "json").document["accounts"][0]
    return account


def test_an_account_that_passes_stays_active(applied: Project, server: MailServer) -> None:
    """The check goes to an envelope, sends no message, is recorded, and changes no standing."""
    before = recorded(applied)["verification"]["checkedAt"]
    outcome = verify(applied)
    assert (0, []) == (outcome.code, outcome.codes)
    assert [("sales", "passed")] == [
        (each["name"], each["verification"]["status"]) for each in outcome.document["accounts"]
    ]
    after = recorded(applied)
    assert ("active", "envelope") == (after["status"], after["verification"]["depth"])
    assert after["verification"]["checkedAt"] > before
    assert (1, {}) == (len(server.messages), standing_changes(applied))
    applied.run_well("journal", "check")


def test_no_manifest_is_needed(applied: Project) -> None:
    """An account is verified as it was applied, whatever the manifests say now."""
    applied.remove_account("sales")
    assert 0 == verify(applied).code


def test_a_permanent_failure_counts_at_once_and_is_forgotten_when_mended(applied: Project, server: MailServer) -> None:
    """A rejected login makes the account failing with the reason; a later pass makes it active again."""
    server.users[USER] = NEWER
    failed = verify(applied)
    assert (3, ["verificationFailed", "statusFailing"]) == (failed.code, failed.codes)
    account = recorded(applied)
    assert "failing" == account["status"]
    assert "rejects the user name or the password" in account["statusReason"]
    assert ("active", "failing") == tuple(
        standing_changes(applied)["sales"][when]["status"] for when in ("before", "after")
    )
    assert "recordedFailing" in applied.run("plan", "--format", "json").codes
    server.users[USER] = PASSWORD
    mended = verify(applied)
    assert (0, ["statusRecovered"]) == (mended.code, mended.codes)
    assert {"sales": "active"} == applied.statuses()
    assert "active" == standing_changes(applied)["sales"]["after"]["status"]
    applied.run_well("journal", "check")


def test_the_view_tells_the_last_pass_beside_the_last_failure(applied: Project) -> None:
    """VERIFIED is the last time that it passed; the attempt that failed stands beside it, and since when, and why."""
    passed = recorded(applied)["verification"]["lastPassedAt"]
    applied.set_variable(VARIABLE, "wrong")
    for _ in range(2):
        verify(applied)
    account = recorded(applied)
    assert passed == account["verification"]["lastPassedAt"]
    assert passed < account["statusSince"] < account["verification"]["lastFailedAt"]
    assert account["verification"]["checkedAt"] == account["verification"]["lastFailedAt"]
    row = applied.run_well("accounts", "list").out.splitlines()[1]
    assert f"failing since {account['statusSince'][:10]}: password rejected by the server" in row
    assert ["localhost", passed[:10]] == [row.split()[3], row.split()[-3]]
    shown = applied.run_well("accounts", "show", "sales").out
    assert f"verified  {passed[:16].replace('T', ' ')} UTC" in shown
    assert "auth failed (permanent, credentialsRejected)" in shown


def test_a_failure_that_does_not_count_yet_is_told_beside_the_pass(project: Project) -> None:
    """The account is active, and the attempt that failed is there."""
    with MailServer(encryption="none", users={USER: PASSWORD}) as server:
        project.write_account("sales", own_account("sales", server))
        project.run_well("apply", "--auto-approve")
    verify(project)
    account = recorded(project)
    assert ("active", None) == (account["status"], account["statusSince"])
    assert account["verification"]["lastPassedAt"] < account["verification"]["lastFailedAt"]


def test_transient_failures_count_after_some_in_a_row(applied: Project, server: MailServer) -> None:
    """Each transient failure is exit code 3; the account stays active until failAfter of them."""
    server.stop()
    first = verify(applied)
    assert (3, {"failureNotCounted", "verificationFailed"}) == (first.code, set(first.codes))
    assert {"sales": "active"} == applied.statuses()
    second = verify(applied)
    assert (3, ["verificationFailed", "statusFailing"]) == (second.code, second.codes)
    third = verify(applied)
    assert (3, ["verificationFailed"]) == (third.code, third.codes)
    assert {"sales": "failing"} == applied.statuses()
    assert 3 == verify(applied).code
    assert {"sales": "failing"} == applied.statuses()


def test_a_pass_between_begins_the_count_anew(applied: Project, server: MailServer) -> None:
    """Failures count in a row only."""
    refusing = "451 4.3.0 try later"
    for reply, expected in ((refusing, 3), (None, 0), (refusing, 3)):
        senders = {USER: reply} if reply else {}
        server.refusals = type(server.refusals)(senders=senders)
        assert expected == verify(applied).code
    assert {"sales": "active"} == applied.statuses()


def test_a_rotated_secret_that_passes_is_recorded(applied: Project, server: MailServer) -> None:
    """The new fingerprint is recorded and journaled, so that the next plan is empty."""
    server.users[USER] = NEWER
    applied.set_variable(VARIABLE, NEWER)
    rotated = verify(applied)
    assert (0, ["rotationRecorded"]) == (rotated.code, rotated.codes)
    assert [f"env:{VARIABLE}"] == standing_changes(applied)["sales"]["rotated"]
    planned = applied.run_well("plan", "--format", "json").document
    assert ("empty", []) == (planned["status"], planned["changes"])
    applied.run_well("journal", "check")
    assert NEWER not in str(journal(applied)) + rotated.out


def test_a_rotated_secret_that_fails_is_not_recorded(applied: Project) -> None:
    """A wrong new value makes the account failing, and the value that worked stays the recorded one."""
    applied.set_variable(VARIABLE, "not-the-password")
    assert 3 == verify(applied).code
    assert [] == standing_changes(applied)["sales"]["rotated"]
    applied.set_variable(VARIABLE, PASSWORD)
    assert ["statusRecovered"] == verify(applied).codes


def test_an_overridden_account_that_passes_is_active(project: Project, server: MailServer) -> None:
    """What was applied unverified is active once it has passed."""
    project.write_account("sales", own_account("sales", server))
    project.run_well("apply", "--auto-approve", "--override-verification", "sales=migration night")
    assert {"sales": "unverified"} == project.statuses()
    assert ["statusRecovered"] == verify(project).codes
    assert {"sales": "active"} == project.statuses()


def test_a_missing_secret_is_no_verdict(applied: Project, server: MailServer) -> None:
    """An account whose secret cannot be read here is not contacted and stays as it stood."""
    applied.unset_variable(VARIABLE)
    connections = server.connections
    refused = verify(applied)
    assert 3 == refused.code
    assert ["secretMissing"] == refused.codes
    assert connections == server.connections
    assert {"sales": "active"} == applied.statuses()


def test_a_secret_that_is_no_longer_allowed_is_not_read(applied: Project, server: MailServer) -> None:
    """The project file rules over what was recorded."""
    applied.write_project('verification: {domainChecks: off}\nsecrets: {allow: ["env:OTHER_*"]}\n')
    connections = server.connections
    refused = verify(applied)
    assert 1 == refused.code
    assert ["secretNotAllowed"] == refused.codes
    assert connections == server.connections


def test_another_key_is_refused(applied: Project, server: MailServer) -> None:
    """With another key of fingerprints every secret would look rotated, so nothing is verified."""
    connections = server.connections
    applied.key_file.write_text("0" * 64 + "\n")
    refused = verify(applied)
    assert 1 == refused.code
    assert ["fingerprintKeyChanged"] == refused.codes
    assert connections == server.connections
    applied.key_file.unlink()
    assert ["fingerprintKeyMissing"] == verify(applied).codes


@pytest.mark.parametrize("content", [None, "other"])
def test_another_private_ca_is_refused(project: Project, ca: TestCA, content: str | None) -> None:
    """A CA file that is gone, or another one, is not what the account was applied with."""
    path: Path = project.folder / "ca.pem"
    path.write_text(ca.pem)
    context = ca.server_context("localhost")
    with MailServer(tls_context=context, users={USER: PASSWORD}) as server:
        project.write_account("sales", own_account("sales", server, ca_file="ca.pem"))
        project.run_well("apply", "--auto-approve")
        assert 0 == verify(project).code
        path.unlink() if content is None else path.write_text(type(ca)().pem)
        attempts = server.login_attempts
        refused = verify(project)
        assert 1 == refused.code
        assert ["caFileUnusable"] == refused.codes
        assert attempts == server.login_attempts


def test_offline_records_nothing(applied: Project, server: MailServer) -> None:
    """At depth offline no socket is opened, no secret read, and no verdict recorded."""
    entries, connections = len(journal(applied)), server.connections
    applied.unset_variable(VARIABLE)
    outcome = verify(applied, "--depth", "offline")
    assert 0 == outcome.code
    assert entries == len(journal(applied))
    assert connections == server.connections


def test_selectors_choose_among_recorded_accounts(applied: Project, server: MailServer) -> None:
    """Names, globs and labels select; what selects nothing is an error."""
    attempts = server.login_attempts
    assert 0 == verify(applied, "sa*").code
    assert (1, ["selectorMatchesNothing"]) == ((outcome := verify(applied, "label:team=sales")).code, outcome.codes)
    assert attempts + 1 == server.login_attempts


def test_a_suspended_account_is_left_alone(applied: Project, server: MailServer) -> None:
    """The emergency stop holds for verification too."""
    at = datetime(2026, 9, 1, tzinfo=UTC)
    stop = Suspension(reason="leak", actor="anna", at=at)
    with (
        open_store(f"sqlite:///{applied.state_file}", base=applied.folder, project="mail") as store,
        store.write() as transaction,
    ):
        transaction.put_account(replace(transaction.state().accounts["sales"], suspension=stop))
        transaction.append_journal("suspend", {}, at=at)
    connections = server.connections
    outcome = verify(applied)
    assert 0 == outcome.code
    assert ["suspendedNotVerified"] == outcome.codes
    assert connections == server.connections


def test_an_account_changed_meanwhile_is_not_overwritten(project: Project) -> None:
    """What is found of an account that somebody deletes during the run is told and not recorded."""
    replies = polite({"EHLO": "250-test.example\r\n250 AUTH PLAIN"})
    is_armed: list[bool] = []

    def play(wire: Wire) -> None:
        if is_armed:
            is_armed.clear()
            path = project.folder / "accounts.d" / "sales.yaml"
            path.unlink()
            deleted = project.run_process("apply", "--auto-approve", "--allow-deletes", "9")
            assert 0 == deleted.code, deleted
        replies(wire)

    with ScriptedServer(play) as server:
        project.write_account("sales", own_account("sales", server.port))
        project.run_well("apply", "--auto-approve")
        is_armed.append(True)
        outcome = verify(project)
    assert (0, ["changedMeanwhile"]) == (outcome.code, outcome.codes)
    assert {} == project.statuses()
    project.run_well("journal", "check")


def test_an_account_that_the_deadline_cut_off_stands_as_it_did(project: Project) -> None:
    """Others can use up a run's time, even on purpose: that is told and ends with 3, and says nothing of the account."""
    replies = polite({"EHLO": "250-test.example\r\n250 AUTH PLAIN"})
    is_silent: list[bool] = []

    def play(wire: Wire) -> None:
        if is_silent:
            wire.wait_for_close()
        else:
            replies(wire)

    with ScriptedServer(play) as server:
        for name in ("first", "second"):
            project.write_account(name, own_account(name, server.port))
        project.run_well("apply", "--auto-approve")
        is_silent.append(True)
        project.write_project("verification: {domainChecks: off, failAfter: 1, perServer: 1, deadlineSeconds: 1}\n")
        outcome = verify(project)
    assert (3, {"first": "failing", "second": "active"}) == (outcome.code, project.statuses())
    assert ["first"] == list(standing_changes(project))
    assert "deadlineSeconds" in outcome.out


def test_secrets_are_not_asked_for_without_a_terminal(applied: Project) -> None:
    """In a pipe nobody can answer, so --ask-secrets is bad usage."""
    refused = applied.run_process("verify", "--ask-secrets")
    assert 1 == refused.code
    assert "there is none" in refused.err


@pytest.mark.parametrize(
    ("answer", "code", "told"),
    [(PASSWORD, 0, "Verified 1 account"), ("wrong", 3, "rejects the user name"), ("", 3, f"{VARIABLE} is not set")],
    ids=["right", "wrong", "none"],
)
@pytest.mark.parametrize("flags", [(), ("--recorded",)], ids=["manifests", "recorded"])
def test_secrets_are_asked_for_on_a_terminal(
    applied: Project, flags: tuple[str, ...], answer: str, code: int, told: str
) -> None:
    """What is typed is used and shown nowhere; Enter leaves the secret out."""
    applied.unset_variable(VARIABLE)
    outcome = in_terminal(applied, ("verify", "sales", "--ask-secrets", *flags), answer)
    assert code == outcome.code, outcome
    assert f"Value of env:{VARIABLE}" in outcome.out
    assert told in outcome.out
    assert not answer or answer not in outcome.out


def in_terminal(project: Project, words: tuple[str, ...], answer: str) -> Outcome:
    """Run a command on a terminal of its own and type an answer once it asks."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        command(*words),
        cwd=project.folder,
        env=environment({"TERM": "dumb", "COLUMNS": "200"}),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    shown, has_answered = b"", False
    while select.select([ours], [], [], PROCESS_SECONDS)[0]:
        try:
            octets = os.read(ours, 4096)
        except OSError:  # the other end has gone
            break
        if not octets:
            break
        shown += octets
        if not has_answered and b"leave it out)" in shown:
            has_answered = True
            os.write(ours, answer.encode() + b"\n")
    os.close(ours)
    return Outcome(process.wait(PROCESS_SECONDS), shown.decode(), "")
