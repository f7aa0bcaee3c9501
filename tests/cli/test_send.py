"""Sending through an active account: who sees whom, what is recorded, and what stops it."""

from __future__ import annotations

import email
import email.policy
import json
import signal
import stat
import subprocess
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from reconciler.model.schemas import send_schema
from tests.cli.project import USER, Project, command, environment, marketing_account, own_account
from tests.support.mailserver import MailServer, Refusals
from tests.support.proxies import ProxyServer
from tests.support.scripted import SILENCE, ScriptedServer, polite

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from email.message import EmailMessage
    from pathlib import Path

    from tests.support.certificates import TestCA

PLATFORM_VARIABLE = "SMTP_PLATFORM_PASSWORD"
PLATFORM_USER = "platform@example.com"
PLATFORM_PASSWORD = "the-platform-and-nobody-else"
EML = (
    "Return-Path: <old@example.com>\r\nReceived: from old.example.com\r\nFrom: Old <old@example.com>\r\n"
    "To: everybody@example.com\r\nBcc: hidden@example.com\r\nDate: Mon, 1 Jan 2024 00:00:00 +0000\r\n"
    "Message-ID: <old@example.com>\r\nSubject: June\r\nX-Campaign: june\r\n\r\nHello.\r\n.dot\r\n"
)
OVERRIDE = (
    "  overrideFrom: {emailDetail: keeper_email, displayNameDetail: keeper_name}\n"
    "  overrideTo: {emailDetail: billing, onInvalid: skip}\n"
)
CONTACTS = (
    "email,name,keeper_email,keeper_name,billing\n"
    "one@example.net,One,kim@example.com,Kim Keeper,\n"
    "two@example.net,Two,lee@example.com,Lee Keeper,\n"
    "three@example.net,,max@example.com,Max Keeper,\n"
    "four@example.net,Four,,,\n"
    "five@example.net,Five,,,not an address\n"
)


@pytest.fixture
def platform() -> Iterator[MailServer]:
    """Run the platform's server."""
    refusals = Refusals(recipients={"no@example.net": "550 5.1.1 no such user"})
    with MailServer(encryption="none", users={PLATFORM_USER: PLATFORM_PASSWORD}, refusals=refusals) as running:
        yield running


@pytest.fixture
def sending(project: Project, server: MailServer, platform: MailServer) -> Project:
    """Return a project with an own account, sales, and a marketing account, news, both active, and a message."""
    declare(project, platform)
    project.set_variable(PLATFORM_VARIABLE, PLATFORM_PASSWORD)
    project.write_account("sales", own_account("sales", server))
    project.write_account("news", marketing_account("news") + OVERRIDE)
    project.run_well("apply", "--auto-approve", "--depth", "auth")
    project.run_well("approve", "news")
    server.messages.clear()
    platform.messages.clear()
    (project.folder / "june.eml").write_bytes(EML.encode())
    (project.folder / "contacts.csv").write_text(CONTACTS, encoding="utf-8")
    return project


def declare(
    project: Project, platform: MailServer | None, verification: str = "verification: {domainChecks: off}\n"
) -> None:
    """Write the project file, with the platform's server where there is one."""
    login = f"{{username: {PLATFORM_USER}, password: {{env: {PLATFORM_VARIABLE}}}}}"
    port = platform.port if platform is not None else 0
    smtp = f"platform:\n  smtp: {{host: localhost, port: {port}, encryption: none, authentication: {login}}}\n"
    project.write_project(verification + (smtp if platform is not None else ""))


def words(name: str = "news", *more: str) -> tuple[str, ...]:
    """Return the command that sends the message to the contacts."""
    return ("send", name, "--contacts", "contacts.csv", "--message", "june.eml", *more)


def read(content: bytes) -> EmailMessage:
    """Return a message as a mail program reads it."""
    message: EmailMessage = email.message_from_bytes(content.replace(b"\r\n", b"\n"), policy=email.policy.default)
    return message


def records(project: Project, name: str) -> list[dict[str, Any]]:
    """Return the records of a results file."""
    lines = (project.folder / name).read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def recipients(*servers: MailServer) -> Counter[str]:
    """Return how often each address got a message."""
    return Counter(address for each in servers for message in each.messages for address in message.recipients)


def write_contacts(project: Project, count: int) -> list[str]:
    """Write a contacts file of so many addresses, and return them."""
    written = [f"contact-{number}@example.net" for number in range(1, count + 1)]
    (project.folder / "contacts.csv").write_text("email\n" + "\n".join(written) + "\n", encoding="utf-8")
    return written


def begin(project: Project, *more: str) -> subprocess.Popen[str]:
    """Start the sending as a process of its own."""
    return subprocess.Popen(
        command(*words("news", *more)),
        cwd=project.folder,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )


def wait_for(process: subprocess.Popen[str], happened: Callable[[], bool]) -> None:
    """Wait until something has happened, while the process runs; fail where it ends before."""
    while not happened():
        try:
            process.wait(timeout=0.01)
        except subprocess.TimeoutExpired:
            continue
        pytest.fail(f"it ended before: {process.communicate()}")


def test_each_contact_sees_its_keeper(sending: Project, platform: MailServer) -> None:
    """From follows the contact's details and falls back; Reply-To and envelope sender are the account's."""
    sent = sending.run_well(*words("news", "--results", "r.jsonl", "--format", "json")).document
    assert ("complete", 4, 1) == (sent["ending"], sent["total"]["accepted"], sent["total"]["skipped"])
    seen = {each.recipients[0]: read(each.content) for each in platform.messages}
    authors = {address: message["From"].addresses[0] for address, message in seen.items()}
    expected = {
        "one@example.net": ("Kim Keeper", "kim@example.com"),
        "two@example.net": ("Lee Keeper", "lee@example.com"),
        "three@example.net": ("Max Keeper", "max@example.com"),
        "four@example.net": ("Example News", "news@example.com"),
    }
    assert expected == {address: (each.display_name, each.addr_spec) for address, each in authors.items()}
    assert {"news@example.com"} == {each.envelope_from for each in platform.messages}
    assert {"office@example.com"} == {message["Reply-To"].addresses[0].addr_spec for message in seen.values()}
    assert {address: address for address in seen} == {
        address: message["To"].addresses[0].addr_spec for address, message in seen.items()
    }
    assert (None, "news@example.com") == (
        seen["four@example.net"]["Sender"],
        seen["one@example.net"]["Sender"].address.addr_spec,
    )
    assert {PLATFORM_USER} == {each.username for each in platform.messages}


def test_the_governed_headers_are_set_and_the_rest_is_kept(sending: Project, platform: MailServer) -> None:
    """Traces and Bcc are gone, ours stand once, subject and body are as written; a note says what was left out."""
    sent = sending.run_well(*words("news", "--format", "json"))
    message = read(platform.messages[0].content)
    counts = {name: len(message.get_all(name, [])) for name in ("From", "To", "Date", "Message-ID", "Bcc", "Received")}
    assert {"From": 1, "To": 1, "Date": 1, "Message-ID": 1, "Bcc": 0, "Received": 0} == counts
    assert ("June", "june", "Hello.\n.dot\n") == (message["Subject"], message["X-Campaign"], message.get_content())
    assert message["Message-ID"].endswith("@example.com>")
    assert ["headersLeftOut"] == sent.codes
    assert "bcc, received, return-path" in sent.document["diagnostics"][0]["detail"]


def test_an_own_account_sends_a_text_through_its_mailbox(sending: Project, server: MailServer) -> None:
    """Subject and body may be given as options; the own account's From is its own, whatever the contacts' details."""
    (sending.folder / "body.txt").write_text("Zażółć.\n", encoding="utf-8")
    for more in (("--body", "Zażółć.\n"), ("--body-file", "body.txt")):
        server.messages.clear()
        text = ("send", "sales", "--contacts", "contacts.csv", "--subject", "Łódź", "--results", f"r{more[0]}", *more)
        assert "5  accepted by the server" in sending.run_well(*text).out
        message = read(server.messages[0].content)
        assert ("Łódź", "Zażółć.\n") == (message["Subject"], message.get_content())
        assert {USER} == {read(each.content)["From"].addresses[0].addr_spec for each in server.messages}


def test_the_document_keeps_to_its_schema(sending: Project) -> None:
    """What JSON says after a run, a dry run and an error is what the published schema describes."""
    from jsonschema import Draft202012Validator

    validator = Draft202012Validator(send_schema())
    for more in (words("news"), words("news"), words("news", "--dry-run", "drafts"), words("nobody")):
        validator.validate(sending.run(*more, "--format", "json").document)


def test_sending_again_sends_nothing(sending: Project, platform: MailServer) -> None:
    """The same command knows its results; a changed contacts file is refused until another results file is named."""
    sending.run_well(*words())
    again = sending.run_well(*words("news", "--format", "json")).document
    assert (4, 0, 4) == (len(platform.messages), again["thisRun"]["accepted"], again["total"]["accepted"])
    (sending.folder / "contacts.csv").write_text("email\nnew@example.net\n", encoding="utf-8")
    refused = sending.run(*words("news", "--format", "json"))
    assert (1, ["resultsMismatch"], 4) == (refused.code, refused.codes, len(platform.messages))
    sending.run_well(*words("news", "--results", "other.jsonl"))
    assert "new@example.net" == platform.messages[-1].recipients[0]


def test_what_was_not_accepted_is_exit_code_3(sending: Project) -> None:
    """A refused contact and a broken line are told with counts; what the overrides skip is no failure."""
    text = "email,name\nno@example.net,No\nyes@example.net,Yes\nnonsense,\nbroken@example.net,B,too,many\n"
    (sending.folder / "contacts.csv").write_text(text, encoding="utf-8")
    sent = sending.run(*words("news", "--results", "r.jsonl", "--format", "json"))
    assert ["headersLeftOut", *["detailNeverPresent"] * 3, "notAccepted"] == sent.codes
    assert (3, {"accepted": 1, "refused": 1, "deferred": 0, "unknown": 0, "skipped": 0, "invalid": 2}) == (
        sent.code,
        sent.document["total"],
    )
    assert "notAccepted" in sent.codes
    refused = [each for each in records(sending, "r.jsonl")[1:] if each["outcome"] == "refused"]
    assert ("no@example.net", 2, "recipientRefused", "550 5.1.1 no such user") == tuple(
        refused[0][key] for key in ("contact", "line", "code", "words")
    )
    shown = sending.run(*words("news", "--results", "r.jsonl"))
    assert (3, True) == (shown.code, "1 refused, 2 invalid; r.jsonl says which and why." in shown.err)


@pytest.mark.parametrize("status", ["pending", "rejected", "suspended", "failing", "unverified"])
def test_only_active_accounts_send(sending: Project, server: MailServer, platform: MailServer, status: str) -> None:
    """An account of any other status refuses, with its reason, and nothing is contacted."""
    name = "sales" if status in {"failing", "unverified"} else "news"
    if status == "pending":
        sending.write_account("news", marketing_account("news", email="other@example.com"))
        sending.run_well("apply", "--auto-approve")
    elif status == "rejected":
        sending.run_well("reject", "news", "--reason", "not ours")
    elif status == "suspended":
        sending.run_well("suspend", "news", "--reason", "The password has leaked.")
    elif status == "failing":
        server.refusals = Refusals(senders={USER: "553 5.7.1 not yours"})
        assert 3 == sending.run("verify", "sales", "--recorded").code
    else:
        server.refusals = Refusals(senders={"x@example.com": "553 5.7.1 not yours"})
        sending.write_account("sales", own_account("sales", server, email="x@example.com"))
        sending.run_well("apply", "--auto-approve", "--override-verification", "sales=because")
    assert status == sending.statuses()[name]
    contacted = (server.connections, platform.connections)
    refused = sending.run(*words(name, "--format", "json"))
    assert (4, ["accountNotActive"]) == (refused.code, refused.codes)
    assert f"{name} is {status}" in refused.document["diagnostics"][0]["detail"]
    assert contacted == (server.connections, platform.connections)
    assert not (sending.folder / ".reconciler" / "sending").exists()


def test_a_secret_travels_recorded_routes_only(sending: Project, platform: MailServer) -> None:
    """The platform's password does not go to a server that no apply has recorded; a missing one is an error."""
    sending.unset_variable(PLATFORM_VARIABLE)
    missing = sending.run(*words("news", "--format", "json"))
    assert (1, ["secretMissing"]) == (missing.code, missing.codes)
    sending.set_variable(PLATFORM_VARIABLE, PLATFORM_PASSWORD)
    with MailServer(encryption="none", users={PLATFORM_USER: PLATFORM_PASSWORD}) as elsewhere:
        declare(sending, elsewhere)
        withheld = sending.run(*words("news", "--format", "json"))
        assert (4, ["credentialWithheld"], 0) == (withheld.code, withheld.codes, elsewhere.connections)
        assert PLATFORM_PASSWORD not in withheld.out + withheld.err
    declare(sending, None)
    none = sending.run(*words("news", "--format", "json"))
    assert (1, ["noPlatformServer"]) == (none.code, none.codes)
    declare(sending, platform, "verification: {servers: [smtp.example.com], domainChecks: off}\n")
    forbidden = sending.run(*words("news", "--format", "json"))
    assert (4, ["destinationForbidden"]) == (forbidden.code, forbidden.codes)
    declare(sending, platform)
    sending.key_file.unlink()
    keyless = sending.run(*words("news", "--format", "json"))
    assert (1, ["fingerprintKeyMissing"]) == (keyless.code, keyless.codes)
    assert [] == platform.messages


def test_in_ci_a_project_file_in_the_checkout_is_not_trusted(sending: Project, platform: MailServer) -> None:
    """Where CI is set no secret is read by the word of that file, unless somebody says that it may be; journaled."""
    contacted = platform.connections
    sending.set_variable("CI", "true")
    refused = sending.run(*words("news", "--format", "json"))
    assert (4, ["projectNotTrusted"], contacted) == (refused.code, refused.codes, platform.connections)
    sending.run_well(*words("news", "--trust-project"))
    assert (4, True) == (len(platform.messages), sending.journal()[-1][1]["trustsProject"])


def test_a_secret_that_is_no_longer_allowed_is_not_read(sending: Project, server: MailServer) -> None:
    """What the project file forbids since the apply is an error, and the own account's server is not contacted."""
    contacted = server.connections
    sending.write_project("secrets: {allow: ['env:OTHER_*']}\n")
    refused = sending.run(*words("sales", "--format", "json"))
    assert (1, ["secretNotAllowed"], contacted) == (refused.code, refused.codes, server.connections)


def test_a_state_that_git_tracks_is_refused(sending: Project, platform: MailServer) -> None:
    """Who put state into git chose where secrets may travel, so nothing is sent."""
    for more in (("init", "-q"), ("add", "-f", ".reconciler")):
        subprocess.run(["git", *more], cwd=sending.folder, check=True)
    refused = sending.run(*words("news", "--format", "json"))
    assert (4, ["stateTracked"], []) == (refused.code, refused.codes, platform.messages)


def test_results_that_cannot_be_kept_stop_before_anything_is_sent(sending: Project, platform: MailServer) -> None:
    """Where neither the usual folder nor the file that is named can be written, nobody gets anything."""
    (sending.folder / ".reconciler" / "sending").write_text("in the way", encoding="utf-8")
    for more in ((), ("--results", "missing/r.jsonl"), ("--results", "contacts.csv"), ("--results", ".")):
        refused = sending.run(*words("news", *more, "--format", "json"))
        assert (1, ["resultsUnusable"], []) == (refused.code, refused.codes, platform.messages), more
    assert CONTACTS == (sending.folder / "contacts.csv").read_text(encoding="utf-8")


def test_a_wrong_password_stops_after_one_login(sending: Project, platform: MailServer) -> None:
    """An authentication failure stops the run: one attempt, exit code 3, nobody spent; no password in any output."""
    sending.set_variable(PLATFORM_VARIABLE, "canary-Wrong-51e8d2")
    before = platform.login_attempts
    stopped = sending.run(*words("news", "--format", "json"))
    assert (3, ["headersLeftOut", "sendStopped"]) == (stopped.code, stopped.codes)
    assert ("stopped", 0, before + 1) == (
        stopped.document["ending"],
        stopped.document["total"]["accepted"],
        platform.login_attempts,
    )
    detail = stopped.document["diagnostics"][-1]["detail"]
    assert "535 5.7.8 Error: authentication failed" in detail
    sending.set_variable(PLATFORM_VARIABLE, PLATFORM_PASSWORD)
    sending.run_well(*words("news"))
    assert 4 == len(platform.messages)
    kept = b"".join(path.read_bytes() for path in sending.folder.rglob("*") if path.is_file())
    assert [] == [
        each
        for each in ("canary-Wrong-51e8d2", PLATFORM_PASSWORD)
        if each.encode() in kept or each in stopped.out + stopped.err
    ]


def test_a_dry_run_writes_what_would_be_sent(sending: Project, platform: MailServer) -> None:
    """Each message is a file, for its owner alone; no server, secret, results file or journal is touched."""
    sending.unset_variable(PLATFORM_VARIABLE)
    sending.run_well("suspend", "news", "--reason", "for now")
    contacted, journal = platform.connections, sending.journal()
    text = CONTACTS + "///etc/passwd@example.net,,,,\n"
    (sending.folder / "contacts.csv").write_text(text, encoding="utf-8")
    shown = sending.run_well(*words("news", "--dry-run", "drafts/june"))
    assert "nothing was sent" in shown.out
    assert "note" in shown.err
    folder = sending.folder / "drafts" / "june"
    expected = [
        "000002-one@example.net.eml",
        "000003-two@example.net.eml",
        "000004-three@example.net.eml",
        "000005-four@example.net.eml",
    ]
    assert expected == sorted(path.name for path in folder.iterdir())[:4]
    assert ["000007-_etc_passwd@example.net.eml"] == sorted(path.name for path in folder.iterdir())[4:]
    assert {0o600} == {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
    assert "kim@example.com" == read((folder / expected[0]).read_bytes())["From"].addresses[0].addr_spec
    assert (contacted, journal) == (platform.connections, sending.journal())
    assert not (sending.folder / ".reconciler" / "sending").exists()
    again = sending.run(*words("news", "--dry-run", "drafts/june", "--format", "json"))
    assert (1, ["folderUnusable"]) == (again.code, again.codes)
    limited = sending.run_well(*words("news", "--dry-run", "two", "--limit", "2", "--format", "json"))
    assert (2, 2) == (limited.document["total"]["accepted"], len(list((sending.folder / "two").iterdir())))
    assert ["headersLeftOut", "accountNotActive", "limitReached"] == limited.codes


def test_a_dry_run_tells_of_contacts_that_are_none(sending: Project) -> None:
    """Broken lines and unusable addresses are counted, and are exit code 3, as they would be when sending."""
    (sending.folder / "contacts.csv").write_text("email\nnonsense\ngood@example.net\n", encoding="utf-8")
    shown = sending.run(*words("news", "--dry-run", "drafts"))
    assert (3, "Wrote 1 message to drafts; nothing was sent.") == (shown.code, shown.out.splitlines()[0])
    assert "1 of the lines" in shown.err


def test_an_own_account_sends_over_its_tls_and_proxy(sending: Project, ca: TestCA) -> None:
    """Private CA and proxy are those that were applied; a CA file that was altered since stops it before it connects."""
    more = "  proxy: {type: http, host: 127.0.0.1, port: %s}\n"
    with (
        MailServer(tls_context=ca.server_context("localhost"), users={USER: "another-password"}) as server,
        ProxyServer("http") as proxy,
    ):
        pem = ca.write_pem(sending.folder / "ca.pem")
        sending.set_variable("SMTP_SAFE", "another-password")
        safe = own_account("safe", server, secret="{env: SMTP_SAFE}", ca_file="ca.pem", more=more % proxy.port)
        sending.write_account("safe", safe)
        sending.run_well("apply", "--auto-approve", "--depth", "auth")
        sending.run_well(*words("safe"))
        assert 5 == len(server.messages)
        pem.write_text(ca.pem + ca.pem, encoding="ascii")
        connections = proxy.connections
        refused = sending.run(*words("safe", "--results", "r", "--format", "json"))
        assert (1, ["caFileUnusable"], connections) == (refused.code, refused.codes, proxy.connections)


def test_history_tells_of_runs(sending: Project) -> None:
    """A run stands in the history of its account: who sent, how many, and how it ended."""
    sending.run_well(*words("news", "--actor", "olga"))
    assert "through news: 4 accepted, 1 skipped; complete" in sending.run_well("history", "news").out


def test_a_run_is_journaled_without_personal_data(sending: Project) -> None:
    """One entry a run, with counts and digests; a run that had nothing to do writes none."""
    sending.run_well(*words("news", "--limit", "3", "--actor", "olga"))
    sending.run_well(*words("news", "--actor", "olga"))
    sending.run_well(*words("news"))
    told = [payload for event, payload in sending.journal() if event == "send"]
    assert [("limited", 3), ("complete", 1)] == [(each["ending"], each["thisRun"]["accepted"]) for each in told]
    assert ("olga", "flag", "news", 1, 4) == (
        *(told[1][key] for key in ("actor", "actorSource", "name", "accountRevision")),
        told[1]["total"]["accepted"],
    )
    assert "example.net" not in json.dumps(told)


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
    assert ["send", "resume", "send"] == events[-3:]
    assert "suspend" == events[-4]


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


def usual_results(project: Project) -> Path:
    """Return the one results file that was made where none was named."""
    (found,) = (project.folder / ".reconciler" / "sending").glob("*.jsonl")
    return found


def last_records(project: Project) -> dict[int, dict[str, Any]]:
    """Return the last record of each contact, by line."""
    lines = usual_results(project).read_text(encoding="utf-8").splitlines()[1:]
    return {record["line"]: record for record in map(json.loads, lines)}


def test_the_one_in_flight_is_named_after_a_kill(project: Project) -> None:
    """Killed between the end of a message and the server's answer, a run leaves one contact of unknown fate."""
    with ScriptedServer(polite({".": ["250 queued as A1B2C3", SILENCE, "250 queued as D4E5F6"]})) as server:
        prepare_silent(project, server)
        running = begin_silent(project)
        wait_for(running, lambda: server.lines.count(b".") == 2)
        running.send_signal(signal.SIGKILL)
        running.communicate()
        again = project.run(*SILENT, "--format", "json")
        assert (3, ["deliveryUnknown", "notAccepted"]) == (again.code, again.codes)
        assert [{"line": 3, "contact": "contact-2@example.net"}] == again.document["inFlight"]
        assert "contact-2@example.net (line 3)" in again.document["diagnostics"][0]["detail"]
        assert [1, 1, 1] == [server.received(f"RCPT TO:<contact-{number}@".encode()) for number in (1, 2, 3)]
        last = project.run(*SILENT, "--format", "json")
        assert (3, ["notAccepted"], []) == (last.code, last.codes, last.document["inFlight"])


def test_ctrl_c_leaves_the_results_consistent(project: Project) -> None:
    """Ctrl-C ends with 130; what was in flight is recorded as unknown, the run is journaled, and can be gone on with."""
    with ScriptedServer(polite({".": ["250 queued as A1B2C3", SILENCE, "250 queued as D4E5F6"]})) as server:
        prepare_silent(project, server)
        running = begin_silent(project)
        wait_for(running, lambda: server.lines.count(b".") == 2)
        running.send_signal(signal.SIGINT)
        running.communicate(timeout=30)
        assert 130 == running.returncode
        assert ["accepted", "unknown"] == [each["outcome"] for each in last_records(project).values()]
        event, payload = project.journal()[-1]
        assert ("send", "interrupted", 1, 1) == (
            event,
            payload["ending"],
            payload["thisRun"]["accepted"],
            payload["thisRun"]["unknown"],
        )
        assert 3 == project.run(*SILENT).code
        assert [1, 1, 1] == [server.received(f"RCPT TO:<contact-{number}@".encode()) for number in (1, 2, 3)]


SILENT = ("send", "sales", "--contacts", "contacts.csv", "--subject", "June", "--body", "Hello.")


def prepare_silent(project: Project, server: ScriptedServer) -> None:
    """Have an active own account at a scripted server, and three contacts."""
    project.write_account("sales", own_account("sales", server.port, username=None))
    project.run_well("apply", "--auto-approve", "--depth", "envelope", "--override-verification", "sales=test")
    project.run_well("verify", "sales", "--recorded", "--depth", "auth")
    write_contacts(project, 3)
    server.lines.clear()


def begin_silent(project: Project) -> subprocess.Popen[str]:
    """Start sending through it as a process of its own."""
    return subprocess.Popen(
        command(*SILENT),
        cwd=project.folder,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )


def test_hostile_contacts_are_invalid_and_steer_no_terminal(sending: Project, platform: MailServer) -> None:
    """Whatever a card holds, the others are sent to, and the results file is plain ASCII without control characters."""
    hostile = [
        "\ud800@example.net",
        "a\u202eb@example.net",
        "a\r\nBcc: x@y.z",
        "a@b.c, d@e.f",
        "\x1b[2J@example.net",
        "\x9b",
    ]
    cards = [{"email": each} for each in hostile] + [{"email": "good@example.net", "name": "a\nBcc: x@example.net"}]
    text = "".join(json.dumps(card) + "\n" for card in cards) + '{"email": "torn'
    (sending.folder / "contacts.csv").write_text(text, encoding="utf-8")
    (sending.folder / "contacts.csv").rename(sending.folder / "contacts.jsonl")
    sent = sending.run("send", "news", "--contacts", "contacts.jsonl", "--message", "june.eml", "--format", "json")
    assert (3, 1, 7) == (sent.code, sent.document["total"]["accepted"], sent.document["total"]["invalid"])
    assert ["good@example.net"] == [address for each in platform.messages for address in each.recipients]
    kept = usual_results(sending).read_bytes()
    assert [] == [octet for octet in kept if octet != 10 and not 32 <= octet < 127]


@pytest.mark.parametrize(
    "more",
    [
        ("--message", "june.eml", "--subject", "x"),
        ("--subject", "x"),
        ("--subject", "x", "--body", "y", "--body-file", "z"),
        ("--body", "y"),
        (),
        ("--message", "june.eml", "--rate", "fast"),
        ("--message", "june.eml", "--limit", "0"),
        ("--message", "june.eml", "--dry-run", "d", "--results", "r"),
    ],
)
def test_contradictory_options_are_refused(sending: Project, more: tuple[str, ...]) -> None:
    """What is unclear is asked for again rather than guessed."""
    refused = sending.run("send", "news", "--contacts", "contacts.csv", *more, "--format", "json")
    assert (1, ["badUsage"]) == (refused.code, refused.codes)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (("june.eml", b"no message"), "messageInvalid"),
        (("june.eml", None), "fileUnreadable"),
        (("contacts.csv", None), "fileUnreadable"),
        (("contacts.csv", b"name\nOne\n"), "contactsInvalid"),
    ],
)
def test_what_cannot_be_read_is_told_before_anything_is_sent(
    sending: Project, platform: MailServer, change: tuple[str, bytes | None], code: str
) -> None:
    """A message or contacts file of no use is an error, and nobody gets anything."""
    name, content = change
    path = sending.folder / name
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    refused = sending.run(*words("news", "--format", "json"))
    assert (1, code, []) == (refused.code, refused.codes[-1], platform.messages)
    assert ["badUsage"] == sending.run(*words()[:2], "--contacts", "-", *words()[4:], "--format", "json").codes
