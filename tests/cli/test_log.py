"""``-v``, ``-vv``, ``--transcript``, ``--log-format json`` and ``RECONCILER_LOG``: what a run tells while it goes, masked."""

from __future__ import annotations

import json
import stat
from typing import TYPE_CHECKING, Any

import pytest

from tests.cli.project import OPERATOR, PASSWORD, USER, VARIABLE, Outcome, Project, own_account
from tests.cli.test_canary import find
from tests.cli.test_oauth2 import CLIENT_SECRET, REFRESH, REFRESH_TOKEN, TOKEN, account, oauth2
from tests.cli.test_oauth2 import SECRET as CLIENT
from tests.support.mailserver import MailServer, Refusals
from tests.support.nameserver import NameServer
from tests.support.proxies import ProxyServer
from tests.support.scripted import ScriptedServer, polite
from tests.support.tokenserver import TokenServer, issue, refuse
from tests.verification.domains import spf, zone

if TYPE_CHECKING:
    from pathlib import Path

    from reconciler.model.servers.terms import ProxyType
    from tests.support.certificates import TestCA

PROXY_SECRET = "canary-Proxy-77aa12"


def events(outcome: Outcome) -> list[dict[str, Any]]:
    """Return the lines of stderr, each of which must be a JSON object."""
    return [json.loads(line) for line in outcome.err.splitlines()]


def transcript(project: Project, *words: str) -> str:
    """Return the transcript that a command writes."""
    project.run(*words, "--transcript", "smtp.log")
    return (project.folder / "smtp.log").read_text(encoding="utf-8")


def spoken(text: str) -> list[str]:
    """Return the lines of a transcript without their times."""
    return [line.partition(" ")[2] for line in text.splitlines() if line[:2].isdigit()]


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN", "CRAM-MD5", "SCRAM-SHA-256"])
def test_a_transcript_has_the_whole_conversation_and_no_secret(project: Project, ca: TestCA, mechanism: str) -> None:
    """Greeting, EHLO, STARTTLS, certificate, login, envelope and message are there, in order; the password is not."""
    pem = ca.write_pem(project.folder / "ca.pem").name
    with MailServer(
        tls_context=ca.server_context("localhost"), users={USER: PASSWORD}, mechanisms=(mechanism,)
    ) as server:
        project.write_account("sales", own_account("sales", server, ca_file=pem))
        text = transcript(project, "verify", "--depth", "message")
    said = "\n".join(spoken(text))
    in_order = (
        "== connected to 127.0.0.1", "<-  220 ", "->  EHLO ", "->  STARTTLS", "<-  220 ", "==  TLS handshake, for localhost",
        "==  TLS: TLSv1.3", "==  certificate 0: ", "~>  EHLO ", f"~>  AUTH {mechanism}", "<~  235 ",
        f"~>  MAIL FROM:<{USER}>", f"~>  RCPT TO:<{OPERATOR}>", "~>  DATA", "<~  354 ", "~>  Subject: ", "~>  .",
        "<~  250 2.0.0 Ok: queued as TEST4711", "~>  QUIT", "==  closed",
    )  # fmt: skip
    at = 0
    for words in in_order:
        found = said.find(words.replace("== connected", "==  connected"), at)
        assert found >= 0, (words, said)
        at = found
    assert f"#{text.split('#', 1)[1].split()[0]} localhost:{server.port}, for sales, " in text
    assert [] == find(text.encode(), (PASSWORD,))
    assert 0o600 == stat.S_IMODE((project.folder / "smtp.log").stat().st_mode)


def test_a_refusal_is_marked_and_what_a_server_repeats_is_masked(project: Project) -> None:
    """A server that says the password again, whole and in base64, is quoted without it; a refusal has a star."""
    refusals = Refusals(login=f"535 5.7.8 wrong: {PASSWORD}")
    with MailServer(encryption="none", users={USER: PASSWORD}, refusals=refusals) as server:
        project.write_account("sales", own_account("sales", server))
        text = transcript(project, "verify")
    (refused,) = [line for line in spoken(text) if line.startswith("<*")]
    assert refused.startswith("<*  535 5.7.8 wrong: ***")
    assert [] == find(text.encode(), (PASSWORD,))


def test_the_request_for_a_token_is_part_of_the_transcript(project: Project, ca: TestCA, tmp_path: Path) -> None:
    """Endpoint, certificate, form and answer are told by field; what proves the client and what is issued is masked."""
    project.set_variable("SSL_CERT_FILE", str(ca.write_pem(tmp_path / "ca.pem")))
    project.set_variable(REFRESH, REFRESH_TOKEN)
    project.set_variable(CLIENT, CLIENT_SECRET)
    offer = polite({"EHLO": "250-test.example\r\n250 AUTH PLAIN XOAUTH2"})
    with TokenServer(ca.server_context(), issue(TOKEN)) as endpoint, ScriptedServer(offer) as mail:
        project.write_account("one", account("one", mail, oauth2(endpoint.url)))
        text = transcript(project, "verify")
    said = spoken(text)
    for words in (
        "~>  grant_type=refresh_token", "~>  client_id=anna-client", "~>  refresh_token=***", "~>  client_secret=***",
        "<~  HTTP status 200", "<~  access_token: ***", "->  AUTH XOAUTH2 ***",
    ):  # fmt: skip
        assert words in said, (words, text)
    assert all(any(line.startswith(each) for line in said) for each in ("~>  POST ", '<~  token_type: "'))
    assert [] == find(text.encode(), (TOKEN, REFRESH_TOKEN, CLIENT_SECRET))


def test_what_an_endpoint_says_against_a_token_is_told_without_the_secrets(
    project: Project, ca: TestCA, tmp_path: Path
) -> None:
    """Error and description of a refusal are shown; secrets that it repeats in them are not."""
    project.set_variable("SSL_CERT_FILE", str(ca.write_pem(tmp_path / "ca.pem")))
    project.set_variable(REFRESH, REFRESH_TOKEN)
    project.set_variable(CLIENT, CLIENT_SECRET)
    answer = refuse("invalid_grant", f"no such token {REFRESH_TOKEN}")
    offer = polite({"EHLO": "250-test.example\r\n250 AUTH PLAIN XOAUTH2"})
    with TokenServer(ca.server_context(), answer) as endpoint, ScriptedServer(offer) as mail:
        project.write_account("one", account("one", mail, oauth2(endpoint.url)))
        text = transcript(project, "verify")
    assert '<~  error: "invalid_grant"' in spoken(text)
    assert [] == find(text.encode(), (REFRESH_TOKEN, CLIENT_SECRET))


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("http", ("->  CONNECT mail.behind.example:", "->  Proxy-Authorization: Basic ***", "<-  HTTP/1.")),
        (
            "socks5",
            ("->  SOCKS5: ", "->  user name mailer, password ***", "->  CONNECT mail.behind.example ", "<-  reply 0"),
        ),
        ("socks4", ("->  SOCKS4: CONNECT mail.behind.example ", "<-  ")),
    ],
)
def test_a_proxy_is_part_of_the_transcript(
    project: Project, ca: TestCA, kind: ProxyType, words: tuple[str, ...]
) -> None:
    """What is asked of a proxy and what it answers stands before the greeting, its password masked."""
    name = "mail.behind.example"
    pem = ca.write_pem(project.folder / "ca.pem").name
    project.set_variable("SMTP_PROXY_PASSWORD", PROXY_SECRET)
    with (
        MailServer(host=name, tls_context=ca.server_context(name), users={USER: PASSWORD}) as server,
        ProxyServer(kind, users={"mailer": PROXY_SECRET}, hosts={name: "127.0.0.1"}) as proxy,
    ):
        declared = (
            f"  proxy: {{type: {kind}, host: {proxy.host}, port: {proxy.port}, username: mailer"
            f"{'' if kind == 'socks4' else ', password: {env: SMTP_PROXY_PASSWORD}'}}}\n"
        )
        project.write_account("sales", own_account("sales", server, host=name, ca_file=pem, more=declared))
        text = transcript(project, "verify")
    said = spoken(text)
    for each in words:
        assert any(line.startswith(each) for line in said), (each, text)
    assert "<~  235 " in "\n".join(said)
    assert [] == find(text.encode(), (PROXY_SECRET, PASSWORD))


def test_name_servers_are_part_of_the_transcript(project: Project, server: MailServer) -> None:
    """Each question to a name server stands there with its answer, or with what came in place of one."""
    records = zone("@ MX 10 mail.example.com.", "mail A 192.0.2.1", spf("v=DMARC1; p=reject", "_dmarc"))
    with NameServer(records) as names:
        project.write_project(f'verification: {{domainChecks: warn, nameservers: ["{names.address}"]}}\n')
        project.write_account("sales", own_account("sales", server))
        said = spoken(transcript(project, "verify"))
    told = [line.removeprefix("==  DNS: ") for line in said if line.startswith("==  DNS: ")]
    assert len(told) >= names.questions() > 0
    assert [True] == [
        line.endswith("v=DMARC1; p=reject") or "p=reject" in line
        for line in told
        if line.startswith("TXT _dmarc.example.com:")
    ]
    assert any(line.startswith("MX example.com: ") and "mail.example.com" in line for line in told)
    assert any(line.startswith("TXT example.com: ") for line in told)


def test_v_tells_the_steps_and_vv_what_is_said(project: Project, server: MailServer) -> None:
    """Results are the same on stdout; stderr has one line for each check, with -vv one for each line of the conversation."""
    project.write_account("sales", own_account("sales", server))
    quiet, steps, all_said = (project.run_well("verify", *more) for more in ((), ("-v",), ("-vv",)))
    assert "" == quiet.err
    assert "sales auth passed (" in steps.err
    checks = [line.split(" ")[2] for line in steps.err.splitlines() if line.split(" ")[1] == "sales"]
    assert sorted(set(checks)) == sorted(checks), steps.err
    assert "sales auth begins" in all_said.err
    assert "EHLO" not in steps.err
    assert "->  EHLO " in all_said.err
    assert "->  AUTH PLAIN ***" in all_said.err
    assert [] == find((steps.err + all_said.err).encode(), (PASSWORD,))


def test_a_log_for_programs_is_one_object_a_line(project: Project, server: MailServer) -> None:
    """Steps, verdicts, settled accounts, the revision and the end of the run come as they happen; remarks too."""
    project.write_account("sales", own_account("sales", server))
    applied = project.run_well("apply", "--auto-approve", "--log-format", "json")
    told = events(applied)
    names = [each["event"] for each in told]
    assert ("runBegan", "runEnded") == (names[0], names[-1])
    assert {"checkBegan", "checkEnded", "verified", "settled", "recorded"} <= {*names}
    assert {"exitCode": 0} == {key: told[-1][key] for key in ("exitCode",)}
    (login,) = [each for each in told if each["event"] == "checkEnded" and each["check"] == "auth"][:1]
    assert "passed" == login["status"]
    assert ["sales"] == login["accounts"]
    assert f"localhost:{server.port}" == login["server"]
    assert all(each["at"].endswith("Z") for each in told)
    assert "said" not in names


def test_errors_are_lines_of_the_log_too(project: Project) -> None:
    """A line that cannot be parsed, and a failure, are events with their codes: stderr never has another form."""
    misspelt = project.run("verify", "--nope", "--log-format", "json")
    assert [("diagnostic", "badUsage")] == [
        (each["event"], each["code"]) for each in events(misspelt) if each["event"] == "diagnostic"
    ]
    assert 1 == events(misspelt)[-1]["exitCode"]


@pytest.mark.parametrize(
    ("value", "expected"), [("info", "sales auth passed ("), ("debug", "->  EHLO "), ("json,debug", '"text":"EHLO ')]
)
def test_the_variable_stands_for_the_options(project: Project, server: MailServer, value: str, expected: str) -> None:
    """RECONCILER_LOG takes off, info, debug and json, several beside each other."""
    project.write_account("sales", own_account("sales", server))
    project.set_variable("RECONCILER_LOG", value)
    assert expected in project.run_well("verify").err


def test_a_word_that_the_variable_does_not_know_is_told(project: Project) -> None:
    """The words that there are stand in the message."""
    project.set_variable("RECONCILER_LOG", "verbose")
    refused = project.run("verify")
    assert 1 == refused.code
    assert "RECONCILER_LOG takes off, info, debug, json; not verbose" in " ".join(refused.err.split())


def test_a_transcript_that_cannot_be_written_stops_before_anybody_is_contacted(
    project: Project, server: MailServer
) -> None:
    """The folder is missing: transcriptNotWritten, and no connection."""
    project.write_account("sales", own_account("sales", server))
    refused = project.run("verify", "--transcript", "nowhere/smtp.log", "--format", "json")
    assert 1 == refused.code
    assert ["transcriptNotWritten"] == refused.codes
    assert 0 == server.connections


@pytest.mark.parametrize("words", [("plan",), ("verify",), ("apply", "--auto-approve")])
def test_a_transcript_on_standard_error_leaves_the_document_alone(
    project: Project, server: MailServer, words: tuple[str, ...]
) -> None:
    """With - the transcript is on stderr, and stdout is the one JSON document."""
    project.write_account("sales", own_account("sales", server))
    outcome = project.run_well(*words, "--format", "json", "--transcript", "-")
    assert outcome.document["formatVersion"]
    assert "->  AUTH PLAIN ***" in outcome.err


def test_check_and_send_have_transcripts(sending: Project, server: MailServer) -> None:
    """Settings that are nowhere saved, and messages that go out, are told of in the same way."""
    sending.set_variable(VARIABLE, PASSWORD)
    place = ("check", "--host", "localhost", "--port", str(server.port), "--encryption", "none", "--no-domain-checks")
    checked = transcript(sending, *place, "--username", USER, "--password-env", VARIABLE)
    assert "->  AUTH PLAIN ***" in spoken(checked)
    words = ("send", "sales", "--contacts", "contacts.csv", "--message", "june.eml", "--limit", "1")
    sent = transcript(sending, *words)
    assert "->  Subject: June" in spoken(sent)
    assert [] == find((checked + sent).encode(), (PASSWORD,))
