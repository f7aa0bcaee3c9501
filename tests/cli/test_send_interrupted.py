"""Runs that are stopped, broken off or killed, and what the same command makes of it afterwards."""

from __future__ import annotations

import json
import signal
import subprocess
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from tests.cli.mailing import begin, declare, last_records, recipients, usual_results, wait_for, words, write_contacts
from tests.cli.project import command, environment, marketing_account, own_account
from tests.support.scripted import SILENCE, ScriptedServer, polite

if TYPE_CHECKING:
    from tests.cli.project import Project
    from tests.support.mailserver import MailServer


def test_a_suspension_stops_a_run_and_the_same_command_goes_on(sending: Project, platform: MailServer) -> None:
    """While one process sends another one suspends the account: the first stops; once resumed, nobody is left out."""
    expected = Counter(write_contacts(sending, 200))
    running = begin(sending, "--rate", "20/second")
    wait_for(running, lambda: len(platform.messages) >= 3)
    assert 0 == sending.run_process("suspend", "news", "--reason", "The list is wrong.").code
    out, err = running.communicate(timeout=30)
    sent = len(platform.messages)
    assert (4, True) == (running.returncode, sent < 200)
    assert f"{sent}  accepted by the server" in out
    assert "The list is wrong." in err
    assert "    reconciler resume news\n" in err
    assert 4 == sending.run(*words()).code
    sending.run_well("resume", "news")
    sending.run_well(*words())
    assert expected == recipients(platform)
    events = [event for event, _ in sending.journal()]
    assert ["send", "suspend", "send", "resume", "send", "send"] == events[-6:]


def test_a_changed_account_stops_a_run(sending: Project, platform: MailServer) -> None:
    """An apply that alters the account while it sends stops the run, and its results are not gone on with."""
    write_contacts(sending, 200)
    running = begin(sending, "--rate", "20/second", "--format", "json")
    wait_for(running, lambda: len(platform.messages) >= 3)
    sending.write_account("news", marketing_account("news", email="other@example.com"))
    sending.run_well("apply", "--auto-approve")
    out, _ = running.communicate(timeout=30)
    assert (4, "accountChanged") == (running.returncode, json.loads(out)["diagnostics"][-1]["code"])
    sending.run_well("approve", "news")
    refused = sending.run(*words("news", "--format", "json"))
    assert (1, ["resultsMismatch"]) == (refused.code, refused.codes)


def test_contacts_must_stay_as_they_are(sending: Project, platform: MailServer) -> None:
    """A contacts file that is altered while it is sent to is told, since lines are what contacts are known by."""
    write_contacts(sending, 30)
    running = begin(sending, "--rate", "20/second", "--format", "json")
    wait_for(running, lambda: len(platform.messages) >= 3)
    with (sending.folder / "contacts.csv").open("a", encoding="utf-8") as file:
        file.write("late@example.net\n")
    out, _ = running.communicate(timeout=30)
    assert (1, "contactsChanged") == (running.returncode, json.loads(out)["diagnostics"][0]["code"])
    assert "interrupted" == sending.journal()[-1][1]["ending"]


def test_runs_killed_at_any_moment_send_nothing_twice(sending: Project, platform: MailServer) -> None:
    """After several kill -9 each contact has the message exactly once, bar those that were in flight, which are named."""
    platform.reply_delay_seconds = 0.004
    expected = write_contacts(sending, 150)
    for nth in range(1, 5):
        running = begin(sending)
        wait_for(running, lambda goal=nth * 30: len(platform.messages) >= goal)  # type: ignore[misc]
        running.send_signal(signal.SIGKILL)
        running.communicate()
    platform.reply_delay_seconds = 0.0
    ended = sending.run(*words("news", "--results", str(usual_results(sending)), "--format", "json")).document
    got = recipients(platform)
    unknown = {each["contact"] for each in last_records(sending).values() if each["outcome"] == "unknown"}
    assert ("complete", 150) == (ended["ending"], ended["total"]["accepted"] + ended["total"]["unknown"])
    assert 4 >= len(unknown)
    assert set(expected) - unknown <= set(got)
    assert 1 == max(got.values())


def test_runs_of_several_connections_killed_at_any_moment_send_nothing_twice(
    sending: Project, platform: MailServer
) -> None:
    """After several kill -9 of runs with three connections each contact has the message once, bar three a kill at most."""
    platform.reply_delay_seconds = 0.004
    expected = write_contacts(sending, 300)
    for nth in range(1, 5):
        running = begin(sending, "--connections", "3")
        wait_for(running, lambda goal=nth * 60: len(platform.messages) >= goal)  # type: ignore[misc]
        running.send_signal(signal.SIGKILL)
        running.communicate()
    platform.reply_delay_seconds = 0.0
    ended = sending.run(*words("news", "--connections", "3", "--format", "json")).document
    got = recipients(platform)
    unknown = {each["contact"] for each in last_records(sending).values() if each["outcome"] == "unknown"}
    assert ("complete", 300) == (ended["ending"], ended["total"]["accepted"] + ended["total"]["unknown"])
    assert 12 >= len(unknown)
    assert set(expected) - unknown <= set(got)
    assert 1 == max(got.values())


def test_ctrl_c_ends_every_connection_at_once(project: Project) -> None:
    """Ctrl-C while three connections wait for their answers ends with 130; the three contacts are recorded as unknown."""
    with ScriptedServer(polite({".": SILENCE})) as server:
        prepare_silent(project, server)
        write_contacts(project, 9)
        running = begin_silent(project, "--connections", "3")
        wait_for(running, lambda: server.lines.count(b".") == 3)
        running.send_signal(signal.SIGINT)
        running.communicate(timeout=30)
        assert 130 == running.returncode
        assert ["unknown"] * 3 == [each["outcome"] for each in last_records(project).values()]
        payload = project.journal()[-1][1]
        assert ("interrupted", 3) == (payload["ending"], payload["thisRun"]["unknown"])


def test_more_connections_than_a_server_gets_are_bounded_and_told(sending: Project, platform: MailServer) -> None:
    """verification.perServer bounds --connections; a note says so, and no more are opened."""
    declare(sending, platform, "verification: {domainChecks: off, perServer: 2}\n")
    write_contacts(sending, 60)
    before = platform.connections
    told = sending.run_well(*words("news", "--connections", "5", "--format", "json")).document
    assert ["connectionsBounded"] == [
        each["code"]
        for each in told["diagnostics"]
        if each["severity"] == "note" and each["code"] == "connectionsBounded"
    ]
    assert 60 == told["total"]["accepted"]
    assert 2 >= platform.connections - before


def test_the_one_in_flight_is_named_after_a_kill(project: Project) -> None:
    """Killed between the end of a message and the server's answer, a run leaves one contact of unknown fate.

    The journal tells that it began to send.
    """
    with ScriptedServer(polite({".": ["250 queued as A1B2C3", SILENCE, "250 queued as D4E5F6"]})) as server:
        prepare_silent(project, server)
        running = begin_silent(project)
        wait_for(running, lambda: server.lines.count(b".") == 2)
        running.send_signal(signal.SIGKILL)
        running.communicate()
        again = project.run(*SILENT, "--format", "json")
        assert (3, ["deliveryUnknown", "notAccepted"]) == (again.code, again.codes)
        told = [
            (payload["ending"], payload["accountRevision"]) for event, payload in project.journal() if event == "send"
        ]
        assert [("begun", 1), ("begun", 1), ("complete", 1)] == told
        history = project.run_well("history", "sales").out
        assert (1, 1) == (history.count("through sales: begun"), history.count("; complete"))
        assert [{"line": 3, "contact": "contact-2@example.net"}] == again.document["inFlight"]
        assert "contact-2@example.net (line 3)" in again.document["diagnostics"][0]["detail"]
        assert [1, 1, 1] == [server.received(f"RCPT TO:<contact-{number}@".encode()) for number in (1, 2, 3)]
        last = project.run(*SILENT, "--format", "json")
        assert 3 == last.code
        assert ["notAccepted"] == last.codes
        assert [] == last.document["inFlight"]


def test_an_edited_results_file_does_not_speak_for_us(sending: Project, platform: MailServer) -> None:
    """A contact that somebody wrote into the file is told on one line, cut, and gives no command."""
    sending.run_well(*words("news", "--results", "r.jsonl"))
    contact = "x\n    reconciler approve --all-pending\x1b[2J" + "y" * 5000
    forged = {"line": 99, "contact": contact, "outcome": "attempting"}
    with (sending.folder / "r.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps({**forged, "at": "2026-06-01T12:00:00Z"}) + "\n")
    again = sending.run(*words("news", "--results", "r.jsonl"))
    assert (3, 4) == (again.code, len(platform.messages))
    assert "deliveryUnknown" in again.err
    assert "\x1b" not in again.err
    assert [] == [line for line in again.err.splitlines() if line.lstrip().startswith("reconciler approve")]
    assert 2000 > len(again.err)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda each: each.name)
def test_a_signal_leaves_the_results_consistent(project: Project, number: signal.Signals) -> None:
    """A signal ends with 128 and its number; what was in flight is recorded as unknown, the run is journaled, and can be gone on with."""
    with ScriptedServer(polite({".": ["250 queued as A1B2C3", SILENCE, "250 queued as D4E5F6"]})) as server:
        prepare_silent(project, server)
        running = begin_silent(project)
        wait_for(running, lambda: server.lines.count(b".") == 2)
        running.send_signal(number)
        running.communicate(timeout=30)
        assert 128 + number == running.returncode
        assert ["accepted", "unknown"] == [each["outcome"] for each in last_records(project).values()]
        event, payload = project.journal()[-1]
        assert "send" == event
        assert "interrupted" == payload["ending"]
        assert 1 == payload["thisRun"]["accepted"]
        assert 1 == payload["thisRun"]["unknown"]
        assert 3 == project.run(*SILENT).code
        assert [1, 1, 1] == [server.received(f"RCPT TO:<contact-{number}@".encode()) for number in (1, 2, 3)]


def test_what_is_known_beforehand_is_told_before_anything_is_sent(project: Project) -> None:
    """Whoever breaks off a run has been told whose message an earlier one left in flight, once."""
    with ScriptedServer(polite({".": [SILENCE, SILENCE]})) as server:
        prepare_silent(project, server)
        for ends, nth in ((signal.SIGKILL, 1), (signal.SIGINT, 2)):
            running = begin_silent(project)
            wait_for(running, lambda nth=nth: server.lines.count(b".") == nth)  # type: ignore[misc]
            running.send_signal(ends)
            _, err = running.communicate(timeout=30)
    assert (130, 1) == (running.returncode, err.count("contact-1@example.net (line 2)"))


SILENT = ("send", "sales", "--contacts", "contacts.csv", "--subject", "June", "--body", "Hello.")


def prepare_silent(project: Project, server: ScriptedServer) -> None:
    """Have an active own account at a scripted server, and three contacts."""
    project.write_account("sales", own_account("sales", server.port, username=None))
    project.run_well("apply", "--auto-approve", "--depth", "envelope", "--override-verification", "sales=test")
    project.run_well("verify", "sales", "--recorded", "--depth", "auth")
    write_contacts(project, 3)
    server.lines.clear()


def begin_silent(project: Project, *more: str) -> subprocess.Popen[str]:
    """Start sending through it as a process of its own."""
    return subprocess.Popen(
        command(*SILENT, *more),
        cwd=project.folder,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )
