"""Every way a check can fail: its code, its class, and a sentence that says what to do.

A case is a row of the table below; a newcomer adds one without writing a test. The tables of ``test_hostile``,
``test_unreached`` and ``test_tls`` are of the same kind.
"""

from __future__ import annotations

import ast
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from reconciler.model.secrets.values import SecretValue
from reconciler.model.verification.codes import CHECK_CODES
from reconciler.model.verification.evidence import CONVERSATION
from reconciler.rules.verification.missing import MISSING_CODES
from reconciler.smtp.dial import DirectDialer
from reconciler.verification import Sender, verify
from reconciler.verification.sentences import template_of
from tests.support.scripted import CLOSE, ScriptedServer, polite
from tests.verification.cases import PLAIN, STARTTLS_OFFER, Case, assert_failed
from tests.verification.targets import PASSWORD, QUICK, SALES, check_settings, failure, make_target, now
from tests.verification.test_hostile import HOSTILE
from tests.verification.test_tls import CERTIFICATES
from tests.verification.test_unreached import UNREACHED

if TYPE_CHECKING:
    from collections.abc import Iterator

_SAID = (
    Case("serverBusy", "greeting", "transient", {"GREETING": "421 4.3.2 try later"}, ("421 4.3.2 try later", "later")),
    Case("serverRefused", "greeting", "permanent", {"GREETING": "554 5.7.1 not for you"}, ("554 5.7.1 not for you",)),
    Case("notSmtp", "greeting", "permanent", {"GREETING": "HTTP/1.1 400 Bad"}, ("web server", "smtp.port")),
    Case("notSmtp", "greeting", "permanent", {"GREETING": "SSH-2.0-OpenSSH_9"}, ("SSH server", "smtp.port")),
    Case("notSmtp", "greeting", "permanent", {"GREETING": "* OK IMAP ready"}, ("not a mail server",)),
    Case("notSmtp", "greeting", "permanent", {"GREETING": "* BYE too many connections"}, ("An IMAP server", "* BYE")),
    Case("notSmtp", "greeting", "permanent", {"GREETING": "+OK POP3 ready"}, ("A POP3 server",)),
    Case("notSmtp", "greeting", "permanent", {"GREETING": "-ERR mailbox is locked"}, ("A POP3 server",)),
    Case("notSmtp", "greeting", "permanent", {"GREETING": "200 news.example ready"}, ("A news server",)),
    Case("notSmtp", "greeting", "permanent", {"GREETING": '"IMPLEMENTATION" "sieve"'}, ("A ManageSieve server",)),
    Case("notSmtp", "greeting", "permanent", {"GREETING": "RFB 003.008"}, ("A VNC server",)),
    Case("notSmtp", "greeting", "permanent", {"GREETING": "<?xml version='1.0'?>"}, ("An XMPP server",)),
    Case("notSmtp", "greeting", "permanent", {"GREETING": "Welcome"}, ("Something else answers",)),
    Case("connectionLost", "greeting", "transient", {"GREETING": CLOSE}, ("closed the connection without having said a word",)),
    Case("connectionLost", "greeting", "transient", {"EHLO": CLOSE}, ("in the middle of the conversation",)),
    Case("invalidReply", "greeting", "permanent", {"EHLO": "hello to you"}, ("hello to you", "no SMTP reply")),
    Case("invalidReply", "greeting", "permanent", {"EHLO": "250-a\r\n251 b"}, ("one code", '"251 b"')),
    Case("invalidReply", "greeting", "permanent", {"EHLO": "220 ready"}, ('with "220 ready"', "no answer to the command")),
    Case("invalidReply", "auth", "permanent", {"AUTH": "250 ok"}, ('with "250 ok"', "no answer to the command")),
    Case("helloRefused", "greeting", "permanent", {"EHLO": "550 5.7.1 bad helo", "HELO": "550 5.7.1 bad helo"}, ("smtp.heloName",)),
    Case("helloRefused", "greeting", "permanent", {"EHLO": "550 Invalid HELO name", "HELO": CLOSE}, ("550 Invalid HELO name", "smtp.heloName")),
    Case("serverLeaving", "greeting", "transient", {"EHLO": "421 4.7.0 wait"}, ("421 4.7.0 wait",)),
    Case("serverBusy", "greeting", "transient", {"EHLO": "450 4.7.1 <here>: Helo command rejected: Host not found"}, ("for now",)),
    Case("notSmtp", "greeting", "permanent", {"EHLO": "500 5.5.1 command unrecognized", "HELO": "500 5.5.1 command unrecognized"}, ("neither EHLO nor HELO", "smtp.port")),
    Case("notSmtp", "greeting", "permanent", {"GREETING": "220 test.example LMTP ready", "EHLO": "501 no", "HELO": "501 no"}, ("An LMTP server", "smtp.port")),
    Case("notSmtp", "greeting", "permanent", {"GREETING": "220 (vsFTPd 3.0.3)", "EHLO": "530 log in", "HELO": "530 log in"}, ("An FTP server", "smtp.port")),
    Case("notSmtp", "greeting", "permanent", {"EHLO": "530 Please login with USER and PASS.", "HELO": "530 Please login with USER and PASS."}, ("An FTP server",)),
    Case("notSmtp", "greeting", "permanent", {"GREETING": "220 test.example LMTP ready", "EHLO": "500 5.5.1 use LHLO", "HELO": "500 5.5.1 use LHLO"}, ("An LMTP server",)),
    Case("starttlsNotOffered", "tls", "permanent", {}, ("STARTTLS", "smtp.port"), {}),
    Case("starttlsRefused", "tls", "transient", {"EHLO": STARTTLS_OFFER, "STARTTLS": "454 4.7.0 no TLS now"}, ("454",), {}),
    Case("starttlsRefused", "tls", "permanent", {"EHLO": STARTTLS_OFFER, "STARTTLS": "502 5.5.1 no"}, ("502",), {}),
    Case("plaintextInjected", "tls", "permanent", {"EHLO": STARTTLS_OFFER, "STARTTLS": "220 go\r\n250 AUTH PLAIN"}, ("interferes",), {}),
    Case("connectionLost", "tls", "transient", {"EHLO": STARTTLS_OFFER, "STARTTLS": CLOSE}, (), {}),
    Case("blockListed", "tls", "permanent", {"EHLO": STARTTLS_OFFER, "STARTTLS": "554 5.7.1 Client host [192.0.2.5] blocked using zen.spamhaus.org"}, ("block list",), {}),
    Case("rateLimited", "tls", "transient", {"EHLO": STARTTLS_OFFER, "STARTTLS": "454 4.7.0 Too many connections"}, ("454 4.7.0",), {}),
    Case("plainPort", "tls", "permanent", {}, ("offers no STARTTLS",), {"encryption": "tls"}),
    Case("plainPort", "tls", "permanent", {"EHLO": STARTTLS_OFFER}, ("Write encryption: starttls",), {"encryption": "tls"}),
    Case("plainPort", "tls", "permanent", {"GREETING": "HTTP/1.1 400 no"}, ("does not speak TLS",), {"encryption": "tls"}),
    Case("authNotOffered", "auth", "permanent", {"EHLO": "250 test.example"}, ("offers no login",)),
    Case("authNotOffered", "auth", "permanent", {"EHLO": "502 5.5.1 what?"}, ("offers no login",)),
    Case("authNotOffered", "auth", "permanent", {"EHLO": "550 5.7.1 Your IP is not in the access list"}, ("refused EHLO", "not in the access list", "have the machine allowed")),
    Case("starttlsNotOffered", "tls", "permanent", {"EHLO": "550 5.7.1 Your IP is not in the access list"}, ("refused EHLO", "not in the access list"), {"encryption": "starttls"}),
    Case("rateLimited", "auth", "permanent", {"AUTH": "535 5.7.8 Too many failed login attempts, locked for 30 minutes"}, ("after too many failed logins", "locked for 30 minutes")),
    Case("accountSuspended", "auth", "permanent", {"AUTH": "535 5.7.1 User disabled by administrator"}, ("the account is stopped",)),
    Case("serverRefused", "auth", "permanent", {"AUTH": "535 Geo-blocked"}, ("lets nobody log in from this machine's address",)),
    Case("authUnavailable", "auth", "transient", {"AUTH": "432 4.7.12 A password transition is needed"}, ("Write mechanism: plain",)),
    Case("unknownDelivery", "message", "transient", {".": "354 hm"}, ("neither yes nor no", "was not sent again")),
    Case("authNotOffered", "auth", "permanent", {"EHLO": "250-test.example\r\n250 STARTTLS"}, ("offers STARTTLS", "encryption: starttls")),
    Case("mechanismNotOffered", "auth", "permanent", {"EHLO": "250-a\r\n250 AUTH GSSAPI"}, ("GSSAPI",)),
    Case("mechanismNotOffered", "auth", "permanent", {"EHLO": "250-a\r\n250 AUTH PLAIN"}, ("LOGIN", "mechanism: auto"), {**PLAIN, "mechanism": "login"}),
    Case("credentialMissing", "auth", "permanent", {}, ("username and password",), {**PLAIN, "password": None}),
    Case("credentialMissing", "auth", "permanent", {}, (), {**PLAIN, "mechanism": None, "username": None}),
    Case("credentialUnusable", "auth", "permanent", {}, (), {**PLAIN, "password": SecretValue("a\0b")}),
    Case("credentialsRejected", "auth", "permanent", {"AUTH": "535 5.7.8 bad credentials"}, ("535 5.7.8 bad credentials", "username")),
    Case("basicAuthDisabled", "auth", "permanent", {"AUTH": "535 5.7.139 Authentication unsuccessful, basic authentication is disabled"}, ("xoauth2",)),
    Case("basicAuthDisabled", "auth", "permanent", {"AUTH": "550 5.7.30 Basic authentication is not supported"}),
    Case("strongerLoginRequired", "auth", "permanent", {"AUTH": "534 5.7.9 Authentication mechanism is too weak"}, ("app password",)),
    Case("appPasswordNeeded", "auth", "permanent", {"AUTH": "534 5.7.9 Application-specific password required"}, ("app password",)),
    Case("encryptionRequired", "auth", "permanent", {"AUTH": "538 5.7.11 encryption required"}, ("encryption: starttls",)),
    Case("encryptionRequired", "auth", "permanent", {"AUTH": "530 5.7.0 Must issue a STARTTLS command first"}, ("encryption: starttls",)),
    Case("mechanismRefused", "auth", "permanent", {"AUTH": "504 5.5.4 unknown mechanism"}, ("PLAIN",), {**PLAIN, "mechanism": "plain"}),
    Case("authUnavailable", "auth", "transient", {"AUTH": "454 4.7.0 temporary failure"}, ("later",)),
    Case("authRefused", "auth", "permanent", {"AUTH": "550 5.0.0 no"}),
    Case("unexpectedChallenge", "auth", "permanent", {"AUTH": "334 "}, ("PLAIN",)),
    Case("invalidReply", "auth", "permanent", {"AUTH": "354 go on"}),
    Case("connectionLost", "auth", "transient", {"AUTH": CLOSE}),
    Case("authenticationRequired", "sender", "permanent", {"MAIL": "530 5.7.0 Authentication required"}, ("smtp.authentication",)),
    Case("senderRefused", "sender", "permanent", {"MAIL": "553 5.7.1 not owned by user anna"}, ("sales@example.com", "553 5.7.1")),
    Case("senderDeferred", "sender", "transient", {"MAIL": "451 4.7.1 not now"}),
    Case("serverTrouble", "sender", "transient", {"MAIL": "451 4.3.0 try later"}, ("trouble of its own",)),
    Case("insufficientStorage", "sender", "transient", {"MAIL": "452 4.3.1 Insufficient system storage"}, ("disk",)),
    Case("rateLimited", "sender", "transient", {"MAIL": "432 4.3.2 Concurrent connections limit exceeded"}, ("verification.perServer",)),
    Case("accountSuspended", "sender", "permanent", {"MAIL": "550 5.7.1 your account has been suspended"}, ("provider's website",)),
    Case("serverLeaving", "auth", "transient", {"AUTH": "421 4.3.2 closing"}, ("421",)),
    Case("connectionLost", "sender", "transient", {"MAIL": CLOSE}),
    Case("relayingDenied", "recipient", "permanent", {"RCPT": "554 5.7.1 Relay access denied"}, ("ops@example.com", "smtp.authentication")),
    Case("recipientRefused", "recipient", "permanent", {"RCPT": "550 5.1.1 no such user"}, ("operator",)),
    Case("greylisted", "recipient", "transient", {"RCPT": "450 4.2.0 greylisted"}, ("greylisting", "minutes")),
    Case("recipientDeferred", "recipient", "transient", {"RCPT": "450 4.2.1 not now"}, ("minutes",)),
    Case("mailboxFull", "recipient", "permanent", {"RCPT": "552 5.2.2 over quota"}, ("emptied",)),
    Case("policyRefused", "recipient", "permanent", {"RCPT": "550 5.7.1 no"}, ("do not say",)),
    Case("commandRefused", "recipient", "permanent", {"RCPT": "503 5.5.1 bad sequence of commands"}, ("smtp.port",)),
    Case("encryptionRequired", "recipient", "permanent", {"RCPT": "530 5.7.0 Must issue a STARTTLS command first"}, ("encryption: starttls",)),
    Case("spfRefused", "recipient", "permanent", {"RCPT": "550 5.7.23 SPF fail - not authorized"}, ("SPF record",)),
    Case("senderRefused", "recipient", "permanent", {"RCPT": "553 5.7.1 <sales@example.com>: Sender address rejected: not owned by user anna"}, ("sales@example.com", "username")),
    Case("senderUnverifiable", "recipient", "transient", {"RCPT": "450 4.1.8 <sales@example.com>: Sender address rejected: Domain not found"}),
    Case("authenticationRequired", "recipient", "permanent", {"RCPT": "553 5.7.1 <sales@example.com>: Sender address rejected: not logged in"}, ("smtp.authentication",)),
    Case("helloRefused", "recipient", "permanent", {"RCPT": "504 5.5.2 <here>: Helo command rejected: need fully-qualified hostname"}, ("smtp.heloName",)),
    Case("blockListed", "recipient", "permanent", {"RCPT": "554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using list.example.org"}, ("this machine",)),
    Case("serverRefused", "recipient", "permanent", {"RCPT": "554 5.7.1 <unknown[192.0.2.1]>: Client host rejected: Access denied"}, ("this machine",)),
    Case("serverBusy", "recipient", "transient", {"RCPT": "450 4.7.1 <unknown[192.0.2.1]>: Client host rejected: Access denied"}, ("verification.perServer",)),
    Case("reverseDnsMissing", "recipient", "transient", {"RCPT": "450 4.7.1 <unknown[192.0.2.1]>: Client host rejected: cannot find your reverse hostname"}),
    Case("connectionLost", "recipient", "transient", {"RCPT": CLOSE}),
    Case("operatorMissing", "message", "permanent", {}, ("operator: {email: you@example.com}", "--operator"), {**PLAIN, "operator": None}),
    Case("messageTooLarge", "message", "permanent", {".": "552 5.3.4 too big"}),
    Case("messageRefused", "message", "permanent", {".": "554 5.6.0 no"}, ("554 5.6.0 no",)),
    Case("spamSuspected", "message", "permanent", {".": "554 5.6.0 spam"}, ("554 5.6.0 spam",)),
    Case("domainAuthenticationFailed", "message", "permanent", {".": "550 5.7.26 no"}, ("DKIM",)),
    Case("commandRefused", "message", "permanent", {"DATA": "554 5.5.1 no valid recipients"}),
    Case("messageDeferred", "message", "transient", {".": "451 4.7.1 later"}),
    Case("serverLeaving", "message", "transient", {"DATA": "421 4.3.0 closing"}),
    Case("invalidReply", "message", "permanent", {"DATA": "250 fine already"}),
    Case("connectionLost", "message", "transient", {"DATA": CLOSE}),
    Case("unknownDelivery", "message", "transient", {".": CLOSE}, ("may have arrived", "ops@example.com")),
    Case("unknownDelivery", "message", "transient", {".": "not a reply"}),
    Case("unknownDelivery", "message", "transient", {".": "354 go on"}),
)  # fmt: skip


@pytest.mark.parametrize("case", _SAID, ids=lambda case: f"{case.check}-{case.code}")
def test_what_a_server_says_is_understood(case: Case) -> None:
    """The code and class follow from the server's words, the sentence says what to do, later checks are skipped."""
    pauses: list[float] = []
    with ScriptedServer(polite(case.instead)) as server:
        finding = check_settings(server, **case.changes, retries=replace(QUICK, pause=pauses.append))
    assert_failed(finding, case)
    assert server.received(b"AUTH") <= 1
    assert pauses == [] or case.failure_class == "transient"


_IN_CHARSETS = (
    ("latin-1", Case("recipientRefused", "recipient", "permanent", {"RCPT": "550 Empfänger unbekannt"})),
    ("iso8859-2", Case("recipientRefused", "recipient", "permanent", {"RCPT": "550 Nie ma takiego użytkownika"})),
    ("koi8-r", Case("senderRefused", "sender", "permanent", {"MAIL": "553 Неверный адрес отправителя"})),
    ("cp1251", Case("accountSuspended", "auth", "permanent", {"AUTH": "535 Почтовый ящик заблокирован"})),
    ("gbk", Case("recipientRefused", "recipient", "permanent", {"RCPT": "550-抱歉\r\n550 收件人不存在"})),
    ("shift_jis", Case("serverTrouble", "message", "transient", {".": "451 一時的なエラーです"})),
)


@pytest.mark.parametrize(("charset", "case"), _IN_CHARSETS, ids=[charset for charset, _ in _IN_CHARSETS])
def test_words_in_other_charsets_are_shown_and_understood(charset: str, case: Case) -> None:
    """A server's words are those that it says, in whatever charset, and mean what they do in UTF-8."""
    with ScriptedServer(polite(case.instead, charset=charset)) as server:
        finding = check_settings(server, **case.changes, retries=QUICK)
    words = [line[4:] for reply in (case.instead or {}).values() for line in reply.split("\r\n")]
    assert_failed(finding, replace(case, words=tuple(words)))


def test_international_addresses_need_the_extension() -> None:
    """A local part beyond ASCII is refused where SMTPUTF8 is not offered, and sent where it is."""
    sender = Sender(name="zolw", kind="OwnAccount", email="żółw@example.com", display_name="Żółw")
    account: dict[str, Any] = {**PLAIN, "mechanism": None, "username": None, "password": None, "senders": (sender,)}
    with ScriptedServer(polite()) as server:
        finding = check_settings(server, **account)
    assert_failed(finding, Case("internationalAddressUnsupported", "sender", "permanent"))
    with ScriptedServer(polite({"EHLO": "250-a\r\n250-8BITMIME\r\n250 SMTPUTF8"})) as server:
        finding = check_settings(server, **account)
    assert finding.verification.status == "passed"
    assert "MAIL FROM:<żółw@example.com> SMTPUTF8 BODY=8BITMIME".encode() in server.lines


def test_unknown_delivery_is_not_repeated() -> None:
    """A message whose fate is unknown is sent once."""
    with ScriptedServer(polite({".": CLOSE})) as server:
        check_settings(server, **PLAIN)
    assert (server.connections, server.received(b"DATA")) == (1, 1)


def test_an_unexpected_fault_becomes_a_failed_check() -> None:
    """A fault of our own ends one account's verification, tells its type only, and leaks nothing."""

    class Broken(DirectDialer):
        def connect(self, deadline: Any) -> Any:
            raise RuntimeError(f"with {PASSWORD} until {deadline}")

    finding = check_settings(None, make_dialer=Broken)
    assert_failed(finding, Case("internalFault", "connect", "permanent", words=("RuntimeError",)))
    assert PASSWORD not in finding.verification.model_dump_json()


def test_the_senders_after_a_lost_connection_fail_too() -> None:
    """Once the server has hung up, the other senders count as failed, never as passed."""
    senders = (SALES, Sender(name="help", kind="OwnAccount", email="help@example.com", display_name="Help"))
    with ScriptedServer(polite({"RCPT": CLOSE})) as server:
        findings = verify(make_target(server, **PLAIN, senders=senders), now=now, retries=QUICK)
    assert [finding.verification.status for finding in findings.values()] == ["failed", "failed"]
    assert failure(findings["help"]).code == "connectionLost"


def _expected_texts(path: Path) -> Iterator[str]:
    """Yield the texts in a file's tables, parameters and assertions; what a test merely hands in does not count."""
    tree = ast.parse(path.read_text("utf-8"))
    tables = [node for node in tree.body if isinstance(node, ast.Assign | ast.AnnAssign)]
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    parameters = [each for function in functions for each in function.decorator_list]
    assertions = [node for node in ast.walk(tree) if isinstance(node, ast.Assert)]
    judged = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and _is_judged(node)]
    for part in (*tables, *parameters, *assertions, *judged):
        for node in ast.walk(part):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value


def _is_judged(call: ast.Call) -> bool:
    return isinstance(call.func, ast.Name) and call.func.id == "assert_failed"


_SAID_BY_RULES = {"representativeFailed"}
"""What no conversation finds: the message of another account, which was to stand for this one."""


def test_every_code_is_reached() -> None:
    """Each code has a cause and a cure; some test expects it; and a failed check of a conversation has a sentence.

    What a secret that cannot be read says of itself is its sentence.
    """
    folders = [
        Path(__file__).parents[1] / name for name in ("verification", "oauth2", "smtp", "operations", "cli", "rules")
    ]
    expected = {text for folder in folders for path in folder.rglob("test_*.py") for text in _expected_texts(path)}
    assert sorted(set(CHECK_CODES) - expected) == []
    failures = [code for code in CHECK_CODES.values() if code.kind == "failed" and {*code.checks} & {*CONVERSATION}]
    assert {code.name for code in failures if template_of(code.name) is None} == MISSING_CODES | _SAID_BY_RULES
    assert [code.name for code in CHECK_CODES.values() if not (code.cause and code.cure)] == []


def test_every_case_stands_in_the_table() -> None:
    """A code occurs under the checks, and with the class, that the table names."""
    cases = (*_SAID, *(hostile.case for hostile in HOSTILE), *(row[2] for row in (*UNREACHED, *CERTIFICATES)))
    for case in cases:
        code = CHECK_CODES[case.code]
        assert case.check in code.checks
        assert code.failure_class in {None, case.failure_class}
