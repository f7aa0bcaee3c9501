"""A secret that is itself a word of the server changes nothing in the verdict, and is not shown in the server's words."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING, Any

import pytest

from reconciler.model.secrets.values import SecretValue
from tests.support.scripted import CLOSE, ScriptedServer, polite
from tests.verification.cases import PLAIN, STARTTLS_OFFER
from tests.verification.targets import PASSWORD, Token, check_settings

if TYPE_CHECKING:
    from reconciler.verification import Finding
    from tests.support.certificates import TestCA

_TOKEN = {**PLAIN, "password": None}
_TINY = ("2", "5", "25", "a", "S")
_WORD = re.compile(r"[^\s:<>()\[\],\"]+")
_QUOTED = re.compile(r'said: "([^"]*)"|: "([^"]*)"')


@dataclass(frozen=True)
class Situation:
    """What a server says, and how the account logs in there."""

    instead: dict[str, str] = field(default_factory=dict)
    changes: dict[str, Any] = field(default_factory=lambda: dict(PLAIN))

    @property
    def secrets(self) -> list[str]:
        """Every word that the server says, and what is too short to be looked for alone."""
        said = {word for reply in self.instead.values() for word in _WORD.findall(reply)}
        parts = set(chain.from_iterable(re.split(r"[-=.]", word) for word in said)) - {""}
        return sorted({*said, *parts, *_TINY})


SITUATIONS = {
    "offers": Situation({"EHLO": "250-smtp.example.com\r\n250-SIZE 35882577\r\n250-8BITMIME\r\n250 AUTH=LOGIN PLAIN"}),
    "none of ours": Situation({"EHLO": "250-test.example\r\n250 AUTH GSSAPI NTLM"}),
    "one, of another": Situation({"EHLO": "250-test.example\r\n250 AUTH GSSAPI"}),
    "a token is wanted": Situation({"EHLO": "250-test.example\r\n250 AUTH XOAUTH2"}),
    "a password is wanted": Situation({"EHLO": "250-test.example\r\n250 AUTH CRAM-MD5"}, _TOKEN),
    "no login": Situation({"EHLO": "250 test.example"}),
    "the login behind TLS": Situation({"EHLO": STARTTLS_OFFER}),
    "STARTTLS refused": Situation(
        {"EHLO": STARTTLS_OFFER, "STARTTLS": "454 4.7.0 TLS not available"}, {"encryption": "starttls"}
    ),
    "no STARTTLS": Situation({"EHLO": "250-test.example\r\n250 SIZE 100"}, {"encryption": "starttls"}),
    "LMTP": Situation({"GREETING": "220 test.example LMTP ready", "EHLO": "500 5.5.1 what", "HELO": "500 5.5.1 what"}),
    "FTP": Situation({"GREETING": "220 FTP server", "EHLO": "500 unknown", "HELO": CLOSE}),
    "a web server": Situation({"GREETING": "HTTP/1.1 400 Bad Request"}),
    "an SSH server": Situation({"GREETING": "SSH-2.0-OpenSSH_9.6"}),
    "too many": Situation({"GREETING": "421 4.7.0 too many connections"}),
    "the mechanism refused": Situation({"AUTH": "535 5.7.8 try again", "EHLO": "250-x\r\n250 AUTH PLAIN"}),
    "the mechanism at fault": Situation({"AUTH": "550 5.5.4 mechanism", "EHLO": "250-x\r\n250 AUTH PLAIN LOGIN"}),
    "the app's password": Situation({"AUTH": "534 5.7.9 Application-specific password required - gsmtp"}),
    "basic authentication": Situation({"AUTH": "535 5.7.139 basic authentication is disabled [x.prod.outlook.com]"}),
    "words for a challenge": Situation({"AUTH": "334 please go away"}, {**PLAIN, "mechanism": "cram-md5"}),
    "another's sender": Situation({"MAIL": "550 5.7.60 SMTP; SendAsDenied; not allowed to send as this sender"}),
    "spam": Situation({"MAIL": "250 ok", "RCPT": "250 ok", ".": "550 spam message rejected"}),
    "no such user": Situation({"RCPT": "550 5.1.1 ops@example.com no such user here"}),
    "a full mailbox": Situation({"RCPT": "452 4.2.2 mailbox full"}),
    "relaying": Situation({"RCPT": "550 relaying denied"}),
    "taken": Situation({".": "250 2.0.0 Ok: queued as 4XyZ12"}),
}


def _found(situation: Situation, secret: str) -> Finding:
    logs_in_by = {"token": Token(secret)} if "password" in situation.changes else {"password": SecretValue(secret)}
    with ScriptedServer(polite(situation.instead)) as server:
        return check_settings(server, **{**situation.changes, **logs_in_by})


def _verdict(finding: Finding) -> tuple[Any, ...]:
    """Return all that is judged: what each check came to, and of which class; no words."""
    verification = finding.verification
    return verification.status, [(each.check, each.status, each.code, each.class_) for each in verification.checks]


def _shown(finding: Finding) -> str:
    """Return the server's words as they are shown."""
    quoted = [_QUOTED.findall(each.message) for each in finding.verification.checks]
    return " ".join(chain.from_iterable(chain.from_iterable(quoted))) + f" {finding.observed.queue_id}"


@pytest.mark.parametrize("name", SITUATIONS)
def test_no_secret_changes_the_verdict(name: str) -> None:
    """Whatever word of the server the secret is, the verdict is that with a secret which the server never says."""
    situation = SITUATIONS[name]
    expected = _verdict(_found(situation, PASSWORD))
    for secret in situation.secrets:
        finding = _found(situation, secret)
        # A token has characters of its own; one that has others is found to be none.
        if "credentialUnusable" not in {each.code for each in finding.verification.checks}:
            assert (secret, expected) == (secret, _verdict(finding))


@pytest.mark.parametrize("name", SITUATIONS)
def test_no_secret_is_shown_in_the_servers_words(name: str) -> None:
    """What is quoted of the server holds no word that is the secret; its enhanced status code says nothing of one."""
    situation = SITUATIONS[name]
    for secret in situation.secrets:
        if len(secret) > 3 and not re.fullmatch(r"[245]\.[0-9]+\.[0-9]+", secret):
            assert not re.search(rf"(?<!\w){re.escape(secret)}(?!\w)", _shown(_found(situation, secret)))


@pytest.mark.parametrize(
    "secret", ["STARTTLS", "AUTH", "PLAIN", "plain", "LOGIN", "SIZE", "8BITMIME", "250", "220", "2"]
)
def test_a_word_of_smtp_logs_in_over_tls(ca: TestCA, secret: str) -> None:
    """STARTTLS is found and the login passes, whatever word of the protocol the password is."""
    with ScriptedServer(polite(tls_context=ca.server_context())) as server:
        finding = check_settings(server, host="localhost", ca_pem=ca.pem, password=SecretValue(secret))
    assert finding.verification.status == "passed"
    assert finding.observed.mechanism == "PLAIN"
