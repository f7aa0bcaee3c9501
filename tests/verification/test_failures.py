"""Every way a check can fail: its code, its class, and a sentence that says what to do.

A case is a row of the tables below; a newcomer adds one without writing a test.
"""

from __future__ import annotations

import socket
import ssl
import threading
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from reconciler.model.check_codes import CHECK_CODES
from reconciler.model.evidence import CONVERSATION
from reconciler.model.secrets import SecretValue
from reconciler.smtp.dial import DirectDialer
from reconciler.verification import Sender, verify
from reconciler.verification.sentences import has_sentence
from tests.support.certificates import TestCA
from tests.support.mailserver import MailServer
from tests.support.scripted import CLOSE, ScriptedServer, polite
from tests.verification.targets import PASSWORD, SALES, check_settings, failure, make_target, now, outcome

if TYPE_CHECKING:
    from collections.abc import Callable

    from reconciler.model.evidence import CheckName, FailureClass
    from reconciler.smtp.dial import Dialer
    from reconciler.verification import Finding
    from tests.support.scripted import Script, Wire

_PLAIN: dict[str, Any] = {"encryption": "none"}
_STARTTLS_OFFER = "250-test.example\r\n250 STARTTLS"


@dataclass(frozen=True)
class Case:
    """What the server says instead of being polite, and what the check makes of it."""

    code: str
    check: CheckName
    failure_class: FailureClass
    instead: dict[str, str] = field(default_factory=dict)
    words: tuple[str, ...] = ()
    """What the sentence must hold."""
    changes: dict[str, Any] = field(default_factory=lambda: dict(_PLAIN))
    """What the account declares otherwise."""


_SAID = (
    Case("serverBusy", "greeting", "transient", {"GREETING": "421 4.3.2 try later"}, ("421 4.3.2 try later", "later")),
    Case("serverRefused", "greeting", "permanent", {"GREETING": "554 5.7.1 not for you"}, ("554 5.7.1 not for you",)),
    Case("notSmtp", "greeting", "permanent", {"GREETING": "HTTP/1.1 400 Bad"}, ("web server", "smtp.port")),
    Case("notSmtp", "greeting", "permanent", {"GREETING": "SSH-2.0-OpenSSH_9"}, ("SSH server", "smtp.port")),
    Case("notSmtp", "greeting", "permanent", {"GREETING": "* OK IMAP ready"}, ("not a mail server",)),
    Case("connectionLost", "greeting", "transient", {"GREETING": CLOSE}, ("closed the connection",)),
    Case("connectionLost", "greeting", "transient", {"EHLO": CLOSE}),
    Case("invalidReply", "greeting", "permanent", {"EHLO": "hello to you"}, ("hello to you",)),
    Case("invalidReply", "greeting", "permanent", {"EHLO": "250-a\r\n251 b"}),
    Case("helloRefused", "greeting", "permanent", {"EHLO": "550 5.7.1 bad helo", "HELO": "550 5.7.1 bad helo"}, ("smtp.heloName",)),
    Case("helloRefused", "greeting", "transient", {"EHLO": "421 4.7.0 wait"}, ("421 4.7.0 wait",)),
    Case("starttlsNotOffered", "tls", "permanent", {}, ("STARTTLS", "smtp.port"), {}),
    Case("starttlsRefused", "tls", "transient", {"EHLO": _STARTTLS_OFFER, "STARTTLS": "454 4.7.0 no TLS now"}, ("454",), {}),
    Case("starttlsRefused", "tls", "permanent", {"EHLO": _STARTTLS_OFFER, "STARTTLS": "502 5.5.1 no"}, ("502",), {}),
    Case("plaintextInjected", "tls", "permanent", {"EHLO": _STARTTLS_OFFER, "STARTTLS": "220 go\r\n250 AUTH PLAIN"}, ("interferes",), {}),
    Case("connectionLost", "tls", "transient", {"EHLO": _STARTTLS_OFFER, "STARTTLS": CLOSE}, (), {}),
    Case("plainPort", "tls", "permanent", {}, ("offers no STARTTLS",), {"encryption": "tls"}),
    Case("plainPort", "tls", "permanent", {"EHLO": _STARTTLS_OFFER}, ("Write encryption: starttls",), {"encryption": "tls"}),
    Case("plainPort", "tls", "permanent", {"GREETING": "HTTP/1.1 400 no"}, ("does not speak TLS",), {"encryption": "tls"}),
    Case("authNotOffered", "auth", "permanent", {"EHLO": "250 test.example"}, ("offers no login",)),
    Case("authNotOffered", "auth", "permanent", {"EHLO": "502 5.5.1 what?"}, ("offers no login",)),
    Case("mechanismNotOffered", "auth", "permanent", {"EHLO": "250-a\r\n250 AUTH GSSAPI"}, ("GSSAPI",)),
    Case("mechanismNotOffered", "auth", "permanent", {"EHLO": "250-a\r\n250 AUTH PLAIN"}, ("LOGIN", "mechanism: auto"), {**_PLAIN, "mechanism": "login"}),
    Case("mechanismUnsupported", "auth", "permanent", {}, ("OAUTHBEARER",), {**_PLAIN, "mechanism": "oauthbearer", "password": None}),
    Case("credentialMissing", "auth", "permanent", {}, ("username and password",), {**_PLAIN, "password": None}),
    Case("credentialMissing", "auth", "permanent", {}, (), {**_PLAIN, "mechanism": None, "username": None}),
    Case("credentialUnusable", "auth", "permanent", {}, (), {**_PLAIN, "password": SecretValue("a\0b")}),
    Case("credentialsRejected", "auth", "permanent", {"AUTH": "535 5.7.8 bad credentials"}, ("535 5.7.8 bad credentials", "username")),
    Case("basicAuthDisabled", "auth", "permanent", {"AUTH": "535 5.7.139 Authentication unsuccessful"}, ("xoauth2",)),
    Case("basicAuthDisabled", "auth", "permanent", {"AUTH": "550 5.7.30 Basic authentication is not supported"}),
    Case("strongerLoginRequired", "auth", "permanent", {"AUTH": "534 5.7.9 Application-specific password required"}, ("app password",)),
    Case("encryptionRequired", "auth", "permanent", {"AUTH": "538 5.7.11 encryption required"}, ("encryption: starttls",)),
    Case("authenticationRequired", "auth", "permanent", {"AUTH": "530 5.7.0 Must issue a STARTTLS command first"}, ("encryption: starttls",)),
    Case("mechanismRefused", "auth", "permanent", {"AUTH": "504 5.5.4 unknown mechanism"}, ("PLAIN",)),
    Case("authUnavailable", "auth", "transient", {"AUTH": "454 4.7.0 temporary failure"}, ("later",)),
    Case("authRefused", "auth", "permanent", {"AUTH": "550 5.0.0 no"}),
    Case("invalidReply", "auth", "permanent", {"AUTH": "334 ", "*": "334 more"}),
    Case("connectionLost", "auth", "transient", {"AUTH": CLOSE}),
    Case("authenticationRequired", "sender", "permanent", {"MAIL": "530 5.7.0 Authentication required"}, ("smtp.authentication",)),
    Case("senderRefused", "sender", "permanent", {"MAIL": "553 5.7.1 not owned by user anna"}, ("sales@example.com", "553 5.7.1")),
    Case("senderDeferred", "sender", "transient", {"MAIL": "451 4.3.0 try later"}),
    Case("connectionLost", "sender", "transient", {"MAIL": CLOSE}),
    Case("relayingDenied", "recipient", "permanent", {"RCPT": "554 5.7.1 Relay access denied"}, ("ops@example.com", "smtp.authentication")),
    Case("recipientRefused", "recipient", "permanent", {"RCPT": "550 5.1.1 no such user"}, ("operator",)),
    Case("recipientDeferred", "recipient", "transient", {"RCPT": "450 4.2.0 greylisted"}, ("greylisting", "minutes")),
    Case("connectionLost", "recipient", "transient", {"RCPT": CLOSE}),
    Case("operatorMissing", "message", "permanent", {}, ("operator: {email: you@example.com}", "--operator"), {**_PLAIN, "operator": None}),
    Case("messageTooLarge", "message", "permanent", {".": "552 5.3.4 too big"}),
    Case("messageRefused", "message", "permanent", {".": "554 5.6.0 spam"}, ("554 5.6.0 spam",)),
    Case("messageRefused", "message", "permanent", {"DATA": "554 5.5.1 no valid recipients"}),
    Case("messageDeferred", "message", "transient", {".": "451 4.3.0 later"}),
    Case("messageDeferred", "message", "transient", {"DATA": "421 4.3.0 closing"}),
    Case("invalidReply", "message", "permanent", {"DATA": "250 fine already"}),
    Case("connectionLost", "message", "transient", {"DATA": CLOSE}),
    Case("unknownDelivery", "message", "transient", {".": CLOSE}, ("may have arrived", "ops@example.com")),
    Case("unknownDelivery", "message", "transient", {".": "not a reply"}),
    Case("unknownDelivery", "message", "transient", {".": "354 go on"}),
)  # fmt: skip


@pytest.mark.parametrize("case", _SAID, ids=lambda case: f"{case.check}-{case.code}")
def test_what_a_server_says_is_understood(case: Case) -> None:
    """The code and class follow from the server's words, the sentence says what to do, later checks are skipped."""
    with ScriptedServer(polite(case.instead)) as server:
        finding = check_settings(server, **case.changes)
    assert_failed(finding, case)
    assert server.received(b"AUTH") <= 1


def assert_failed(finding: Finding, case: Case) -> None:
    """Assert that one check failed as the case says, and that those after it were not made."""
    failed = failure(finding)
    assert (failed.check, failed.code, failed.class_) == (case.check, case.code, case.failure_class)
    assert [word for word in case.words if word not in failed.message] == []
    assert "{" not in failed.message.replace("{email: you@example.com}", "")
    assert finding.verification.status == "failed"
    later = CONVERSATION[CONVERSATION.index(case.check) + 1 :]
    assert {outcome(finding)[check] for check in later} <= {"earlierFailure", "notDeclared"}


def _drip(reply: bytes, *, after: Callable[[Wire], None] = lambda _wire: None) -> Script:
    """Return a script that sends one octet every tenth of a second, over and over."""

    def play(wire: Wire) -> None:
        after(wire)
        while True:
            for octet in reply:
                wire.send(bytes([octet]))
                if wire.wait_for_stop(0.1):
                    return

    return play


def _greeted(wire: Wire) -> None:
    wire.send("220 hello")
    wire.read_line()


def _endless_ehlo(wire: Wire) -> None:
    _greeted(wire)
    while True:
        wire.send("250-EXTENSION")


def _long_line(wire: Wire) -> None:
    wire.send(b"220 ")
    for _ in range(100):
        wire.send(b"x" * 1_000_000)


def _silent_after_data(wire: Wire) -> None:
    wire.send("220 hello")
    for reply in ("250-a\r\n250 AUTH PLAIN", "235 ok", "250 ok", "250 ok"):
        wire.read_line()
        wire.send(reply)
    wire.read_line()
    wire.wait_for_close()


def _deaf_to_data(wire: Wire) -> None:
    wire.send("220 hello")
    for reply in ("250-a\r\n250 AUTH PLAIN", "235 ok", "250 ok", "250 ok", "354 go on"):
        wire.read_line()
        wire.send(reply)
    wire.wait_for_close()


def _endless_challenges(wire: Wire) -> None:
    wire.send("220 hello")
    wire.read_line()
    wire.send("250-a\r\n250 AUTH LOGIN")
    while True:
        wire.read_line()
        wire.send("334 UGFzc3dvcmQ6")


def _starttls_then_silence(wire: Wire) -> None:
    _greeted(wire)
    wire.send(_STARTTLS_OFFER)
    wire.read_line()
    wire.send("220 go ahead")
    wire.wait_for_close()


def _starttls_then_clear_text(wire: Wire) -> None:
    _greeted(wire)
    wire.send(_STARTTLS_OFFER)
    wire.read_line()
    wire.send("220 go ahead")
    wire.read_line()
    wire.send(b"250 still in clear text\r\n" * 3)


@dataclass(frozen=True)
class Hostile:
    """A script, and what verification makes of it."""

    name: str
    script: Script
    case: Case


_HOSTILE = (
    Hostile("silent", lambda wire: wire.wait_for_close(), Case("timedOut", "greeting", "transient", words=("said nothing",))),
    Hostile("drips its greeting", _drip(b"220-hello\r\n"), Case("timedOut", "greeting", "transient")),
    Hostile("drips one endless line", _drip(b"2", after=lambda wire: wire.send(b"220 ")), Case("timedOut", "greeting", "transient")),
    Hostile("drips its EHLO", _drip(b"250-X\r\n", after=_greeted), Case("timedOut", "greeting", "transient")),
    Hostile("never ends its EHLO", _endless_ehlo, Case("replyTooLong", "greeting", "permanent")),
    Hostile("sends a line of 100 MB", _long_line, Case("replyTooLong", "greeting", "permanent")),
    Hostile("greets in binary", lambda wire: wire.send(bytes(range(256)) * 40), Case("notSmtp", "greeting", "permanent")),
    Hostile("never stops asking for the password", _endless_challenges, Case("invalidReply", "auth", "permanent")),
    Hostile("goes silent at DATA", _silent_after_data, Case("timedOut", "message", "transient")),
    Hostile("goes silent after the final dot", _deaf_to_data, Case("unknownDelivery", "message", "transient")),
    Hostile("goes silent in the handshake", _starttls_then_silence, Case("timedOut", "tls", "transient", changes={})),
    Hostile("answers the handshake in clear text", _starttls_then_clear_text, Case("tlsFailed", "tls", "permanent", changes={})),
)  # fmt: skip


@pytest.mark.parametrize("hostile", _HOSTILE, ids=lambda hostile: hostile.name.replace(" ", "-"))
def test_a_hostile_server_is_bounded(hostile: Hostile) -> None:
    """Whatever a server does, the conversation ends within the account's limit, with a verdict."""
    began_at = now()
    with ScriptedServer(hostile.script) as server:
        finding = check_settings(server, **hostile.case.changes, timeout_seconds=1)
        took = now() - began_at
    assert_failed(finding, hostile.case)
    assert took < timedelta(seconds=1.8)
    assert server.received(PASSWORD.encode()) == 0


def _gai(code: int) -> Callable[[str, int], Dialer]:
    def resolver(_host: str) -> tuple[str, ...]:
        raise socket.gaierror(code, "no")

    return lambda host, port: DirectDialer(host, port, resolver=resolver)


def _resolved(*addresses: str) -> Callable[[str, int], Dialer]:
    return lambda host, port: DirectDialer(host, port, resolver=lambda _host: addresses)


_UNREACHED: tuple[tuple[str, Callable[[str, int], Dialer], Case], ...] = (
    ("mail.example", _gai(socket.EAI_NONAME), Case("hostNotFound", "dns", "permanent", words=("mail.example",))),
    ("mail.example", _gai(socket.EAI_AGAIN), Case("nameLookupFailed", "dns", "transient")),
    ("mail.example", _resolved("169.254.169.254"), Case("forbiddenAddress", "dns", "permanent", words=("169.254.",))),
    ("fe80::1", DirectDialer, Case("forbiddenAddress", "dns", "permanent")),
    ("127.0.0.1", DirectDialer, Case("connectionRefused", "connect", "transient", words=("port 1 ", "587"))),
    ("255.255.255.255", DirectDialer, Case("unreachable", "connect", "transient")),
    ("mail.example", _resolved("255.255.255.255", "127.0.0.1"), Case("connectionRefused", "connect", "transient")),
)


@pytest.mark.parametrize(("host", "make_dialer", "case"), _UNREACHED, ids=lambda value: getattr(value, "code", ""))
def test_a_server_that_cannot_be_reached(host: str, make_dialer: Callable[[str, int], Dialer], case: Case) -> None:
    """Name, address and port are told apart, and what may pass from what must be mended."""
    assert_failed(check_settings(None, make_dialer=make_dialer, host=host), case)


def test_a_name_that_is_never_resolved_is_bounded() -> None:
    """The resolver cannot be interrupted, so it is left behind when the time is up."""
    answered = threading.Event()

    def resolver(_host: str) -> tuple[str, ...]:
        answered.wait(20)
        return ()

    finding = check_settings(
        None, host="mail.example", timeout_seconds=1, make_dialer=lambda h, p: DirectDialer(h, p, resolver=resolver)
    )
    answered.set()
    assert_failed(finding, Case("timedOut", "dns", "transient", words=("name servers",)))


def test_a_port_that_swallows_connections_is_bounded() -> None:
    """A connection that nobody takes ends at the limit, and port 25 is explained."""
    with closing(socket.socket()) as full, ExitStack() as waiting:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for _ in range(4):
            client = waiting.enter_context(closing(socket.socket()))
            client.setblocking(False)  # noqa: FBT003 - the socket's own signature
            client.connect_ex(full.getsockname())
        finding = check_settings(None, port=full.getsockname()[1], timeout_seconds=1)
    assert_failed(finding, Case("timedOut", "connect", "transient", words=("firewall",)))


def test_the_next_address_is_tried(ca: TestCA) -> None:
    """A name with several addresses is reached through whichever answers; link-local ones are passed over."""
    with MailServer(tls_context=ca.server_context(), users={"anna": PASSWORD}) as server:
        dialer = _resolved("169.254.169.254", "127.0.0.9", "127.0.0.1")
        finding = check_settings(server, ca_pem=ca.pem, make_dialer=dialer, depth="auth")
    assert finding.verification.status == "passed"
    assert "169.254" not in finding.verification.checks[0].message


def test_implicit_tls_is_told_from_silence(ca: TestCA) -> None:
    """A port that waits for TLS is recognised by a second connection, and the line to write is named."""
    with MailServer(encryption="tls", tls_context=ca.server_context(), users={"anna": PASSWORD}) as server:
        finding = check_settings(server, ca_pem=ca.pem, timeout_seconds=2)
    assert_failed(finding, Case("implicitTlsPort", "greeting", "permanent", words=("Write encryption: tls.",)))
    assert server.login_attempts == 0


_CERTIFICATES: tuple[tuple[str, dict[str, Any], Case], ...] = (
    ("localhost", {"not_after": now() - timedelta(days=2)}, Case("certificateExpired", "tls", "permanent", words=("has ended on",))),
    ("localhost", {"not_before": now() + timedelta(days=2)}, Case("certificateNotYetValid", "tls", "permanent", words=("clock",))),
    ("mail.example.com", {}, Case("certificateWrongName", "tls", "permanent", words=("not for localhost but for mail.example.com",))),
)  # fmt: skip


@pytest.mark.parametrize("encryption", ["starttls", "tls"])
@pytest.mark.parametrize(("name", "dates", "case"), _CERTIFICATES, ids=lambda value: getattr(value, "code", ""))
def test_a_certificate_that_does_not_hold(
    ca: TestCA, name: str, dates: dict[str, Any], case: Case, encryption: Any
) -> None:
    """The sentence says what the certificate has: names, issuer, dates. Nothing was sent to that server."""
    with MailServer(
        encryption=encryption, tls_context=ca.server_context(name, **dates), users={"anna": PASSWORD}
    ) as server:
        finding = check_settings(server, ca_pem=ca.pem, encryption=encryption)
    failed = failure(finding)
    assert (failed.check, failed.code, failed.class_) == (case.check, case.code, case.failure_class)
    assert [word for word in (*case.words, name, "trustme") if word not in failed.message] == []
    assert server.login_attempts == 0


def test_an_unknown_issuer_is_named(ca: TestCA) -> None:
    """A private CA that is not declared leads to caFile."""
    with MailServer(tls_context=ca.server_context(), users={"anna": PASSWORD}) as server:
        finding = check_settings(server)
    words = ("caFile", "trustme", "localhost")
    assert_failed(finding, Case("certificateUnknownIssuer", "tls", "permanent", words=words))


def test_another_ca_does_not_help(ca: TestCA) -> None:
    """A caFile of another CA leaves the certificate refused."""
    with MailServer(tls_context=ca.server_context(), users={"anna": PASSWORD}) as server:
        finding = check_settings(server, ca_pem=TestCA().pem)
    assert failure(finding).code in {"certificateUnknownIssuer", "certificateInvalid"}


def test_a_certificate_of_the_wrong_kind_is_refused(ca: TestCA) -> None:
    """A certificate that is not meant for servers is no good, even from a trusted CA."""
    assert_failed(
        _against(ca.client_only_context("localhost"), ca),
        Case("certificateInvalid", "tls", "permanent", words=("purpose",)),
    )


def test_a_ca_file_without_certificate_is_named(ca: TestCA) -> None:
    """Text that is no PEM leads back to caFile."""
    with MailServer(tls_context=ca.server_context()) as server:
        finding = check_settings(server, ca_pem="-----BEGIN NOTHING-----\n")
    assert_failed(finding, Case("privateCaUnusable", "tls", "permanent", words=("smtp.caFile",)))


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def test_an_old_tls_version_is_named(ca: TestCA) -> None:
    """A server without TLS 1.2 is told as such."""
    old = ca.server_context("localhost")
    old.set_ciphers("ALL:@SECLEVEL=0")
    old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
    assert_failed(_against(old, ca), Case("tlsTooOld", "tls", "permanent"))


def _against(context: ssl.SSLContext, ca: TestCA) -> Finding:
    with ScriptedServer(polite(tls_context=context)) as server:
        return check_settings(server, host="localhost", port=server.port, ca_pem=ca.pem)


def test_a_hello_is_needed_after_tls_too(ca: TestCA) -> None:
    """What was offered in clear text is forgotten: a server that refuses EHLO after TLS has offered nothing."""

    def play(wire: Wire) -> None:
        wire.send("220 hello")
        wire.read_line()
        wire.send("250-a\r\n250-STARTTLS\r\n250 AUTH PLAIN")
        wire.read_line()
        wire.send("220 go")
        wire.start_tls(ca.server_context())
        wire.read_line()
        wire.send("250 test.example")
        wire.wait_for_close()

    with ScriptedServer(play) as server:
        finding = check_settings(server, host="localhost", ca_pem=ca.pem)
    assert_failed(finding, Case("authNotOffered", "auth", "permanent"))


def test_international_addresses_need_the_extension() -> None:
    """A local part beyond ASCII is refused where SMTPUTF8 is not offered, and sent where it is."""
    sender = Sender(name="zolw", kind="OwnAccount", email="żółw@example.com", display_name="Żółw")
    account: dict[str, Any] = {**_PLAIN, "mechanism": None, "username": None, "password": None, "senders": (sender,)}
    with ScriptedServer(polite()) as server:
        finding = check_settings(server, **account)
    assert_failed(finding, Case("internationalAddressUnsupported", "sender", "permanent"))
    with ScriptedServer(polite({"EHLO": "250-a\r\n250-8BITMIME\r\n250 SMTPUTF8"})) as server:
        finding = check_settings(server, **account)
    assert finding.verification.status == "passed"
    assert "MAIL FROM:<żółw@example.com> SMTPUTF8 BODY=8BITMIME".encode() in server.lines


def test_an_unlisted_host_is_not_contacted(ca: TestCA) -> None:
    """A host outside verification.servers is neither resolved nor connected to."""
    with MailServer(tls_context=ca.server_context()) as server:
        finding = check_settings(server, allowed_hosts=("*.example.com",), make_dialer=_gai(socket.EAI_FAIL))
    assert set(outcome(finding).values()) == {"unknownDestination"}
    assert (finding.verification.status, server.connections) == ("failed", 0)


@pytest.mark.parametrize(("host", "glob"), [("localhost", "LOCAL*"), ("127.0.0.1", "127.*"), ("127.0.0.1", "*")])
def test_a_listed_host_is_contacted(host: str, glob: str) -> None:
    """Globs match host names in any case, and addresses."""
    with MailServer(host=host, encryption="none") as server:
        finding = check_settings(server, encryption="none", allowed_hosts=("mail.example", glob), depth="connect")
    assert finding.verification.status == "passed"


def test_a_withheld_credential_stays_here(ca: TestCA) -> None:
    """Everything up to TLS is checked, then the login is withheld with the reason given, and nothing follows."""
    with MailServer(tls_context=ca.server_context(), users={"anna": PASSWORD}) as server:
        finding = check_settings(server, ca_pem=ca.pem, withheld="The route is new.")
    auth = next(check for check in finding.verification.checks if check.check == "auth")
    assert (auth.status, auth.code, auth.message) == ("skipped", "withheld", "The route is new.")
    assert outcome(finding)["tls"] == "ok"
    assert outcome(finding)["sender"] == "earlierFailure"
    assert (finding.verification.status, server.login_attempts) == ("withheld", 0)


def test_a_password_never_travels_unencrypted() -> None:
    """Without TLS, a login is withheld unless the other end is this machine."""

    class Elsewhere(DirectDialer):
        def connect(self, deadline: Any) -> Any:
            connection = super().connect(deadline)
            return type(connection)(connection.socket, "192.0.2.1")

    with ScriptedServer(polite()) as server:
        finding = check_settings(server, encryption="none", make_dialer=Elsewhere)
    assert outcome(finding)["auth"] == "withheld"
    assert finding.verification.status == "withheld"
    assert server.received(b"AUTH") == 0


def test_a_wrong_password_is_tried_once(ca: TestCA) -> None:
    """535 is never retried, not even by another mechanism."""
    with MailServer(tls_context=ca.server_context(), users={"anna": PASSWORD}) as server:
        finding = check_settings(server, ca_pem=ca.pem, password=SecretValue("wrong"))
    assert_failed(finding, Case("credentialsRejected", "auth", "permanent"))
    assert server.login_attempts == 1


def test_unknown_delivery_is_not_repeated() -> None:
    """A message whose fate is unknown is sent once."""
    with ScriptedServer(polite({".": CLOSE})) as server:
        check_settings(server, **_PLAIN)
    assert (server.connections, server.received(b"DATA")) == (1, 1)


@pytest.mark.parametrize("echo", ["AUTH", "MAIL", "RCPT", "DATA", "."])
def test_an_echoed_password_is_masked(echo: str) -> None:
    """A server that repeats the credential, as text or as base64, gets it into no message."""
    blob = "AGFubmEAY29ycmVjdC1ob3JzZS1iYXR0ZXJ5"
    said = f"550 5.7.1 no {PASSWORD} {blob} {blob.lower()[:3]} for {PASSWORD}"
    with ScriptedServer(polite({echo: said})) as server:
        finding = check_settings(server, **_PLAIN)
    assert server.received(f"AUTH PLAIN {blob}".encode()) == 1
    text = finding.verification.model_dump_json() + finding.observed.model_dump_json()
    assert (PASSWORD in text, blob in text, "***" in text) == (False, False, True)


def test_a_password_in_the_queues_words_is_masked() -> None:
    """What the server says on accepting the message is kept without the credential, and cut."""
    with ScriptedServer(polite({".": f"250 2.0.0 queued {PASSWORD} " + "x" * 3000})) as server:
        finding = check_settings(server, **_PLAIN)
    queue_id = finding.observed.queue_id or ""
    assert queue_id.startswith("2.0.0 queued *** xxx")
    assert len(queue_id) <= 300


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
        findings = verify(make_target(server, **_PLAIN, senders=senders), now=now)
    assert [finding.verification.status for finding in findings.values()] == ["failed", "failed"]
    assert failure(findings["help"]).code == "connectionLost"


_REACHED_ELSEWHERE = {
    "hostNotFound", "nameLookupFailed", "forbiddenAddress", "connectionRefused", "unreachable", "timedOut",
    "implicitTlsPort", "replyTooLong", "tlsFailed", "tlsTooOld", "certificateExpired", "certificateNotYetValid",
    "certificateWrongName", "certificateUnknownIssuer", "certificateInvalid", "privateCaUnusable",
    "internationalAddressUnsupported", "internalFault", "proxyUnsupported",
}  # fmt: skip


def test_every_failure_is_reached_here() -> None:
    """Each code of a failure has a case in this module, a sentence, a cause and a cure."""
    failures = {code.name for code in CHECK_CODES.values() if code.kind == "failed"}
    assert {case.code for case in _SAID} | _REACHED_ELSEWHERE == failures
    assert [name for name in sorted(failures) if not has_sentence(name)] == []
    assert [code.name for code in CHECK_CODES.values() if not (code.cause and code.cure)] == []


def test_every_case_stands_in_the_table() -> None:
    """A code occurs under the checks, and with the class, that the table names."""
    cases = (*_SAID, *(hostile.case for hostile in _HOSTILE), *(row[2] for row in (*_UNREACHED, *_CERTIFICATES)))
    for case in cases:
        code = CHECK_CODES[case.code]
        assert case.check in code.checks
        assert code.failure_class in {None, case.failure_class}
