"""The emergency stop: it needs the state alone, and only resuming ends it."""

from __future__ import annotations

import shutil
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest

from tests.cli.project import VARIABLE, Project, marketing_account, own_account

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.mailserver import MailServer

STOP = ("--reason", "The password has leaked.", "--actor", "olga")


@pytest.fixture
def running(project: Project, server: MailServer) -> Project:
    """Return a project with an active own account, sales, and an approved marketing account, news."""
    project.write_account("sales", own_account("sales", server))
    project.write_account("news", marketing_account("news"))
    project.run_well("apply", "--auto-approve")
    project.run_well("approve", "news")
    return project


def shown(project: Project, name: str) -> dict[str, Any]:
    """Return an account as the view has it."""
    account: dict[str, Any] = project.run_well("accounts", "show", name, "--format", "json").document["accounts"][0]
    return account


def test_accounts_of_both_kinds_are_stopped_and_resumed(running: Project) -> None:
    """The stop shows in the view with reason, actor and time; resuming brings each account back as it was."""
    stopped = running.run_well("suspend", "sales", "news", *STOP)
    assert "Suspended sales (The password has leaked.); it cannot send.\n" in stopped.out
    assert "    reconciler resume news sales\n" in stopped.out
    assert {"news": "suspended", "sales": "suspended"} == running.statuses()
    account = shown(running, "sales")
    assert ("The password has leaked.", "olga") == (account["suspended"]["reason"], account["suspended"]["actor"])
    stopped_at = datetime.fromisoformat(account["suspended"]["at"])
    assert f"olga, {stopped_at:%Y-%m-%d %H:%M}" in running.run_well("accounts", "show", "sales").out
    in_full = running.run_well("accounts", "show", "sales", "--full").out
    assert f"by olga at {stopped_at:%Y-%m-%d %H:%M:%S} UTC" in in_full
    told = running.run_well("resume", "news", "sales").out
    assert told.startswith("Resumed news; it cannot send yet: the project file names no server")
    assert told.endswith("\nResumed sales; it may send.\n")
    assert {"news": "active", "sales": "active"} == running.statuses()
    assert None is shown(running, "sales")["suspended"]


def test_stop_and_resumption_are_journaled(running: Project) -> None:
    """The journal tells who, why, at which revision, and the standing before and after; it holds after each."""
    running.run_well("suspend", "sales", *STOP)
    event, payload = running.journal()[-1]
    told = payload["accounts"]["sales"]
    assert "suspend" == event
    assert "olga" == payload["actor"]
    assert "flag" == payload["actorSource"]
    assert "The password has leaked." == payload["reason"]
    assert "active" == told["before"]["status"]
    assert "suspended" == told["after"]["status"]
    assert 1 == told["revision"]
    running.run_well("resume", "sales", "--actor", "otto", "--format", "json")
    event, payload = running.journal()[-1]
    told = payload["accounts"]["sales"]
    assert "resume" == event
    assert "otto" == payload["actor"]
    assert payload["reason"] is None
    assert ("olga", None) == (told["before"]["suspension"]["actor"], told["after"]["suspension"])


@pytest.mark.parametrize("broken", ["manifest", "folder", "secret", "key"])
def test_whatever_else_is_broken_the_stop_works(running: Project, server: MailServer, broken: str) -> None:
    """No manifest, folder, secret, key or network is needed, and no server is contacted."""
    if broken == "manifest":
        running.write_account("sales", "kind: [")
    elif broken == "folder":
        shutil.rmtree(running.folder / "accounts.d")
    elif broken == "secret":
        running.unset_variable(VARIABLE)
    else:
        running.key_file.unlink()
    connections = server.connections
    running.run_well("suspend", "sales", *STOP)
    assert "suspended" == running.statuses()["sales"]
    running.run_well("resume", "sales")
    assert "active" == running.statuses()["sales"]
    assert connections == server.connections


def test_the_state_can_be_named(running: Project) -> None:
    """--state says where the register is, as for every command."""
    elsewhere = running.folder / "elsewhere.db"
    running.state_file.rename(elsewhere)
    state = ("--state", f"sqlite:///{elsewhere}")
    running.run_well(*state, "suspend", "sales", *STOP)
    listed = running.run_well(*state, "accounts", "list", "--status", "suspended", "--format", "json").document
    assert ["sales"] == [account["name"] for account in listed["accounts"]]


def test_suspending_twice_and_resuming_what_runs(running: Project) -> None:
    """Both are errors that say how the account stands, and with one bad name nothing is done."""
    running.run_well("suspend", "sales", *STOP)
    entries = running.journal()
    for words, codes in (
        (("suspend", "sales", "--reason", "again"), ["alreadySuspended"]),
        (("suspend", "news", "sales", "--reason", "again"), ["alreadySuspended"]),
        (("resume", "news"), ["notSuspended"]),
        (("resume", "sales", "unheard-of"), ["unknownAccount"]),
        (("suspend", "sales"), ["badUsage"]),
        (("resume",), ["badUsage"]),
    ):
        refused = running.run(*words, "--format", "json")
        assert (1, codes) == (refused.code, refused.codes), words
    assert "by olga at " in running.run("suspend", "sales", "--reason", "again").err
    assert entries == running.journal()
    assert {"news": "active", "sales": "suspended"} == running.statuses()


def test_applies_do_not_undo_the_stop(running: Project, server: MailServer) -> None:
    """An update and a rename leave the account stopped, and the plan says so each time."""
    running.remove_account("news")
    running.run_well("apply", "--auto-approve")
    running.run_well("suspend", "sales", *STOP)
    running.write_account("sales", own_account("sales", server, display_name="Other"))
    plan = running.run("plan", "--format", "json")
    assert (0, ["staysSuspended"]) == (plan.code, plan.codes)
    running.run_well("apply", "--auto-approve")
    assert ("suspended", 3) == (shown(running, "sales")["status"], shown(running, "sales")["revision"])
    running.remove_account("sales")
    running.write_account("desk", own_account("desk", server, display_name="Other", metadata="previousName: sales"))
    running.run_well("apply", "--auto-approve")
    account = shown(running, "desk")
    assert ("suspended", "olga") == (account["status"], account["suspended"]["actor"])
    assert ["staysSuspended"] == running.run("plan", "--format", "json").codes
    running.journal()


def test_a_plan_made_before_the_stop_does_not_undo_it(running: Project, server: MailServer) -> None:
    """A stop since the plan was made leaves the plan good, and survives its apply."""
    running.write_account("sales", own_account("sales", server, display_name="Other"))
    running.run_well("plan", "--out", "plan.json")
    running.run_well("suspend", "sales", *STOP)
    running.run_well("apply", "plan.json")
    account = shown(running, "sales")
    assert ("suspended", "Other") == (account["status"], account["displayName"])
    running.run_well("resume", "sales")
    assert "active" == running.statuses()["sales"]


def test_the_stop_and_the_platforms_decision_are_apart(running: Project) -> None:
    """A stopped account is not in the queue; deciding on it does not end the stop, nor does the stop undo a decision."""
    running.write_account("letter", marketing_account("letter"))
    running.run_well("apply", "--auto-approve")
    running.run_well("suspend", "letter", *STOP)
    assert "No account waits" in running.run_well("approve", "--all-pending").out
    assert "No account waits" in running.run_well("accounts", "list", "--status", "pending").out
    approved = running.run_well("approve", "letter").out
    assert "Approved letter; it cannot send: it is suspended (The password has leaked.).\n" == approved
    assert "suspended" == running.statuses()["letter"]
    running.run_well("reject", "letter", "--reason", "not ours")
    resumed = running.run_well("resume", "letter").out
    assert "Resumed letter; it cannot send: it is rejected (not ours).\n" == resumed


def test_a_suspended_account_can_be_deleted(running: Project) -> None:
    """The plan warns that the stop goes with the account; the history of the name remains."""
    running.run_well("suspend", "news", *STOP)
    running.remove_account("news")
    plan = running.run("plan", "--format", "json")
    assert (0, ["suspensionEnds"]) == (plan.code, plan.codes)
    running.run_well("apply", "--auto-approve")
    assert {"sales": "active"} == running.statuses()
    assert "suspend" in [event for event, _ in running.journal()]
    revisions = running.run_well("history", "news", "--format", "json").document["revisions"]
    assert [2, 1] == [each["revision"] for each in revisions]


def test_a_provider_is_stopped_by_one_command(running: Project, server: MailServer) -> None:
    """All accounts through a host stop and go on by one selector; those stopped already stay as they are."""
    for name in ("help", "office"):
        running.write_account(name, own_account(name, server))
    running.run_well("apply", "--auto-approve")
    running.run_well("suspend", "help", "--reason", "Leaked.")
    stopped = running.run_well("suspend", f"host:{server.host}", *STOP)
    assert "Suspended office" in stopped.out
    assert "help" not in stopped.out
    assert "    reconciler resume office sales\n" in stopped.out, "the selector would resume help too"
    assert {"help": "suspended", "news": "active", "office": "suspended", "sales": "suspended"} == running.statuses()
    resumed = running.run_well("resume", "status:suspended")
    assert 3 == resumed.out.count("Resumed ")
    assert {"active"} == set(running.statuses().values())
    again = running.run_well("suspend", f"host:{server.host}", *STOP)
    assert f"    reconciler resume host:{server.host}\n" in again.out
    running.run_well("resume", f"host:{server.host}")
    again = running.run_well("suspend", "status:active", *STOP)
    assert "    reconciler resume help news office sales\n" in again.out, "the selector means none of them any more"


def test_a_selector_without_anything_to_stop_is_an_error(running: Project) -> None:
    """A pattern that selects none, or only accounts that are stopped, changes nothing and says why."""
    nothing = running.run("suspend", "host:smtp.invalid", *STOP)
    assert 1 == nothing.code
    assert "There are: " in nothing.err
    running.run_well("suspend", "*", *STOP)
    again = running.run("suspend", "sa*", *STOP)
    assert 1 == again.code
    assert "sales is already suspended" in again.err


def test_the_stop_needs_no_project_file_where_the_state_is_named(
    running: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From an empty folder, with the state's address alone, accounts are stopped, looked at, and go on."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    state = ("--state", f"sqlite:///{running.state_file}")
    assert 1 == running.run("suspend", "sales", *STOP).code
    running.run_well(*state, "suspend", "*", *STOP)
    for looking in (("accounts", "list"), ("history", "--limit", "1"), ("accounts", "show", "sales")):
        assert "suspend" in running.run_well(*state, *looking).out
    assert "2 stopped" in running.run_well(*state, "status").out
    assert "The journal holds" in running.run_well(*state, "journal", "check").out
    running.set_variable("RECONCILER_STATE", state[1])
    assert "Resumed sales; it may send." in running.run_well("resume", "sales").out
    missing = running.run("--state", "sqlite:////tmp/no/such.db", "suspend", "sales", *STOP)
    assert (1, True) == (missing.code, "state init" in missing.err)
    assert 1 == running.run("plan").code


def test_of_several_projects_the_project_file_says_which(
    running: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A database of two projects is not guessed at; the names are told."""
    running.execute_sql(
        "INSERT INTO projects (project, lineage, serial, created_at) SELECT 'other', lineage, 0, created_at FROM projects"
    )
    monkeypatch.chdir(tmp_path)
    refused = running.run("--state", f"sqlite:///{running.state_file}", "suspend", "sales", *STOP)
    assert (1, True) == (refused.code, "holds several projects: mail, other." in refused.err)
