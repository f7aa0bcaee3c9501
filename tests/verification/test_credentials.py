"""Credentials: withheld where they must not travel, tried once, and never repeated to anybody."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from reconciler.model.secrets.values import SecretValue
from tests.support.mailserver import MailServer
from tests.support.scripted import ScriptedServer, polite
from tests.verification.cases import PLAIN, Case, assert_failed
from tests.verification.targets import PASSWORD, Elsewhere, check_settings, outcome

if TYPE_CHECKING:
    from tests.support.certificates import TestCA


def test_a_withheld_credential_stays_here(ca: TestCA) -> None:
    """Everything up to TLS is checked, then the login is withheld with the reason given, and nothing follows."""
    with MailServer(tls_context=ca.server_context(), users={"anna": PASSWORD}) as server:
        finding = check_settings(server, ca_pem=ca.pem, withheld="The route is new.")
    auth = next(check for check in finding.verification.checks if check.check == "auth")
    assert auth.status == "skipped"
    assert auth.code == "withheld"
    assert auth.message == "The route is new."
    assert outcome(finding)["tls"] == "ok"
    assert outcome(finding)["sender"] == "earlierFailure"
    assert (finding.verification.status, server.login_attempts) == ("withheld", 0)


def test_a_password_never_travels_unencrypted() -> None:
    """Without TLS, a login is withheld unless the other end is this machine."""
    with ScriptedServer(polite()) as server:
        finding = check_settings(server, encryption="none", make_dialer=Elsewhere)
    (auth,) = (check for check in finding.verification.checks if check.check == "auth")
    assert (auth.code, auth.message.partition(",")[0]) == ("withheld", "Neither password nor token was sent")
    assert finding.verification.status == "withheld"
    assert server.received(b"AUTH") == 0


def test_a_wrong_password_is_tried_once(ca: TestCA) -> None:
    """535 is never retried, not even by another mechanism."""
    with MailServer(tls_context=ca.server_context(), users={"anna": PASSWORD}) as server:
        finding = check_settings(server, ca_pem=ca.pem, password=SecretValue("wrong"))
    assert_failed(finding, Case("credentialsRejected", "auth", "permanent"))
    assert server.login_attempts == 1


@pytest.mark.parametrize("echo", ["AUTH", "MAIL", "RCPT", "DATA", "."])
def test_an_echoed_password_is_masked(echo: str) -> None:
    """A server that repeats the credential, as text or as base64, gets it into no message."""
    blob = "AGFubmEAY29ycmVjdC1ob3JzZS1iYXR0ZXJ5"
    said = f"550 5.7.1 no {PASSWORD} {blob} {blob.lower()[:3]} for {PASSWORD}"
    with ScriptedServer(polite({echo: said})) as server:
        finding = check_settings(server, **PLAIN)
    assert server.received(f"AUTH PLAIN {blob}".encode()) == 1
    text = finding.verification.model_dump_json() + finding.observed.model_dump_json()
    assert PASSWORD not in text
    assert blob not in text
    assert "***" in text


def test_a_password_in_the_queues_words_is_masked() -> None:
    """What the server says on accepting the message is kept without the credential, and cut."""
    with ScriptedServer(polite({".": f"250 2.0.0 queued {PASSWORD} " + "x" * 3000})) as server:
        finding = check_settings(server, **PLAIN)
    queue_id = finding.observed.queue_id or ""
    assert queue_id.startswith("2.0.0 queued *** xxx")
    assert len(queue_id) <= 300


_SAID_TOO_EARLY: tuple[dict[str, str], ...] = (
    {"GREETING": f"554 5.7.1 go away, {PASSWORD}"},
    {"GREETING": f"220-hello {PASSWORD}\r\n554 no"},
    {"GREETING": f"HTTP/1.1 400 {PASSWORD}"},
    {"GREETING": "220 hello\r\n250 AGFubmEAY29ycmVjdC1ob3JzZS1iYXR0ZXJ5"},
    {"EHLO": f"550 {PASSWORD}", "HELO": f"550 {PASSWORD}"},
    {"EHLO": f"250-a\r\n250 AUTH {PASSWORD.upper()}"},
    {"EHLO": "250-a\r\n250 STARTTLS", "STARTTLS": f"454 4.7.0 {PASSWORD}"},
    {"EHLO": "250-a\r\n250 STARTTLS", "STARTTLS": f"220 go\r\n250 {PASSWORD}"},
)


@pytest.mark.parametrize("said", _SAID_TOO_EARLY)
def test_a_password_is_masked_before_the_login_too(said: dict[str, str]) -> None:
    """A server that knows the password from an earlier login cannot have it shown by a greeting, nor by an offer."""
    with ScriptedServer(polite(said)) as server:
        finding = check_settings(server, encryption="starttls" if "STARTTLS" in said else "none")
    text = finding.verification.model_dump_json() + finding.observed.model_dump_json()
    assert finding.verification.status == "failed"
    assert [form for form in (PASSWORD, "Y29ycmVjdC1ob3JzZS1iYXR0ZXJ5") if form.lower() in text.lower()] == []
    assert server.received(b"AUTH") == 0


def test_a_password_said_in_an_attempt_that_was_given_up_is_masked() -> None:
    """What ended an attempt is told of the next one without the credential."""
    with ScriptedServer(polite({"GREETING": [f"421 busy {PASSWORD}", "220 hello"]})) as server:
        finding = check_settings(server, **PLAIN)
    text = finding.verification.model_dump_json()
    assert "serverBusy (421 busy ***)" in text
    assert PASSWORD not in text
