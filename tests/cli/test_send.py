"""Sending through an active account: who sees whom, what is sent, and what is recorded."""

from __future__ import annotations

import json
import stat
import subprocess
from typing import TYPE_CHECKING

from reconciler.model.schema.schemas import send_schema
from tests.cli.mailing import (
    CONTACTS,
    PLATFORM_USER,
    PLATFORM_VARIABLE,
    read,
    records,
    usual_results,
    words,
)
from tests.cli.project import USER, command, environment, own_account
from tests.support.mailserver import MailServer
from tests.support.proxies import ProxyServer

if TYPE_CHECKING:
    from tests.cli.project import Project
    from tests.support.certificates import TestCA


def test_each_contact_sees_its_keeper(sending: Project, platform: MailServer) -> None:
    """From follows the contact's details and falls back; Reply-To and envelope sender are the account's."""
    sent = sending.run_well(*words("news", "--results", "r.jsonl", "--format", "json")).document
    assert "complete" == sent["ending"]
    assert 4 == sent["total"]["accepted"]
    assert 1 == sent["total"]["skipped"]
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


def test_contacts_are_read_from_standard_input(sending: Project, platform: MailServer) -> None:
    """Piped in they are sent to as from a file; the same command goes on, and sends to nobody twice."""
    for limit, expected in (("2", 2), ("9", 4), ("9", 4)):
        ran = subprocess.run(
            command("send", "news", "--contacts", "-", "--message", "june.eml", "--limit", limit),
            cwd=sending.folder, env=environment(), input=CONTACTS, capture_output=True, check=False, encoding="utf-8",
        )  # fmt: skip
        assert 0 == ran.returncode, ran
        assert expected == len(platform.messages)
        assert "reconciler-" not in ran.stdout + ran.stderr
    broken = subprocess.run(
        command("send", "news", "--contacts", "-", "--message", "june.eml", "--dry-run", "drafts"),
        cwd=sending.folder, env=environment(), input="email\nnobody\n", capture_output=True, check=False, encoding="utf-8",
    )  # fmt: skip
    assert "lines of standard input held no contact" in " ".join(broken.stderr.split())
    assert "reconciler resolve news --contacts -\n" in broken.stderr


def test_standard_input_is_one_thing(sending: Project) -> None:
    """It is the contacts or the message; which of them it should be nobody guesses."""
    for more in (("--message", "-"), ("--subject", "x", "--body-file", "-")):
        refused = sending.run("send", "news", "--contacts", "-", *more)
        assert (1, True) == (refused.code, "contacts or the message" in refused.err)


def test_the_governed_headers_are_set_and_the_rest_is_kept(sending: Project, platform: MailServer) -> None:
    """Traces and Bcc are gone, ours stand once, subject and body are as written; a note says what was left out."""
    sent = sending.run_well(*words("news", "--format", "json"))
    message = read(platform.messages[0].content)
    counts = {name: len(message.get_all(name, [])) for name in ("From", "To", "Date", "Message-ID", "Bcc", "Received")}
    assert {"From": 1, "To": 1, "Date": 1, "Message-ID": 1, "Bcc": 0, "Received": 0} == counts
    assert "June" == message["Subject"]
    assert "june" == message["X-Campaign"]
    assert "Hello.\n.dot\n" == message.get_content()
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
    assert 4 == len(platform.messages)
    assert 0 == again["thisRun"]["accepted"]
    assert 4 == again["total"]["accepted"]
    (sending.folder / "contacts.csv").write_text("email\nnew@example.net\n", encoding="utf-8")
    refused = sending.run(*words("news", "--format", "json"))
    assert 1 == refused.code
    assert ["resultsMismatch"] == refused.codes
    assert 4 == len(platform.messages)
    sending.run_well(*words("news", "--results", "other.jsonl"))
    assert "new@example.net" == platform.messages[-1].recipients[0]


def test_a_misspelt_detail_is_told_with_the_nearest_one(sending: Project) -> None:
    """Before the first message the warning names the file, the detail, and the name that contacts have instead."""
    contacts = sending.folder / "contacts.csv"
    contacts.write_text(contacts.read_text(encoding="utf-8").replace("keeper_email", "keeper_mail"), encoding="utf-8")
    told = " ".join(sending.run(*words()).err.split())
    assert "No contact of contacts.csv has the detail keeper_email" in told
    assert "Did you mean keeper_mail?" in told


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


def test_a_results_file_that_others_may_read_is_told(sending: Project) -> None:
    """With the command that takes the rights away; the file that send makes itself is nobody else's."""
    path = sending.folder / "june results"
    for mode, codes in ((0o644, ["resultsReadable"]), (0o600, [])):
        path.write_bytes(b"")
        path.chmod(mode)
        told = sending.run(*words("news", "--results", str(path), "--limit", "1", "--format", "json"))
        found = [each for each in told.document["diagnostics"] if each["code"] == "resultsReadable"]
        assert codes == [each["code"] for each in found]
        assert all(each["detail"].endswith(f"\n    chmod go= '{path}'") for each in found)
        assert mode == path.stat().st_mode & 0o777


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
        assert 1 == refused.code
        assert ["caFileUnusable"] == refused.codes
        assert connections == proxy.connections


def test_history_tells_of_runs(sending: Project) -> None:
    """A run stands in the history of its account: who sent, how many, and how it ended."""
    sending.run_well(*words("news", "--actor", "olga"))
    assert "through news: 4 accepted, 1 skipped; complete" in sending.run_well("history", "news").out


def test_a_run_is_journaled_without_personal_data(sending: Project) -> None:
    """A run's beginning and end, with counts and digests; a run that had nothing to do writes nothing."""
    sending.run_well(*words("news", "--limit", "3", "--actor", "olga"))
    sending.run_well(*words("news", "--actor", "olga"))
    sending.run_well(*words("news"))
    told = [payload for event, payload in sending.journal() if event == "send"]
    begun, told = told[::2], told[1::2]
    assert [("begun", each["run"]) for each in told] == [(each["ending"], each["run"]) for each in begun]
    assert [("limited", 3), ("complete", 1)] == [(each["ending"], each["thisRun"]["accepted"]) for each in told]
    assert ("olga", "flag", "news", 1, 4) == (
        *(told[1][key] for key in ("actor", "actorSource", "name", "accountRevision")),
        told[1]["total"]["accepted"],
    )
    assert "example.net" not in json.dumps(begun + told)


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
    assert 3 == sent.code
    assert 1 == sent.document["total"]["accepted"]
    assert 7 == sent.document["total"]["invalid"]
    assert ["good@example.net"] == [address for each in platform.messages for address in each.recipients]
    kept = usual_results(sending).read_bytes()
    assert [] == [octet for octet in kept if octet != 10 and not 32 <= octet < 127]
