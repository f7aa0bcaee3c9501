"""Servers that break off, refuse, fall silent or talk nonsense at any step: what each comes to, and that it ends.

A case is a row of one of the tables; ``conftest`` watches that no thread and no connection is left behind.
"""

from __future__ import annotations

import threading
import tracemalloc
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from reconciler.smtp.channel import Channel
from reconciler.smtp.deadline import Deadline
from reconciler.smtp.dial import DirectDialer
from reconciler.smtp.faults import SmtpFault
from reconciler.smtp.session import Session
from reconciler.verification import Sender, verify
from tests.support.scripted import CLOSE, SILENCE, ScriptedServer, polite
from tests.verification.cases import PLAIN, STARTTLS_OFFER, Case, assert_failed
from tests.verification.targets import QUICK, SALES, check_settings, failure, make_target, now, outcome

if TYPE_CHECKING:
    from collections.abc import Callable

    from reconciler.model.verification.evidence import CheckName
    from reconciler.verification import Finding
    from tests.support.certificates import TestCA
    from tests.support.scripted import Wire


@dataclass(frozen=True)
class Step:
    """One step of a conversation, by the key of ``polite``, and its check; codes for each thing that can befall it."""

    key: str
    check: CheckName
    closed: str = "connectionLost"
    deferred: str = ""
    refused: str = ""
    silent: str = "timedOut"


_ASKS_FOR_THE_NAME = {"AUTH": "334 VXNlcm5hbWU6"}

STEPS = (
    Step("GREETING", "greeting", deferred="serverBusy", refused="serverRefused"),
    Step("EHLO", "greeting", deferred="serverBusy", refused="helloRefused"),
    Step("STARTTLS", "tls", deferred="starttlsRefused", refused="starttlsRefused"),
    Step("EHLO2", "tls", deferred="serverBusy", refused="helloRefused"),
    Step("AUTH", "auth", deferred="authUnavailable", refused="authRefused"),
    Step("RESPONSE", "auth", deferred="authUnavailable", refused="authRefused"),
    Step("RESPONSE2", "auth", deferred="authUnavailable", refused="authRefused"),
    Step("MAIL", "sender", deferred="senderDeferred", refused="senderRefused"),
    Step("RCPT", "recipient", deferred="recipientDeferred", refused="recipientRefused"),
    Step("DATA", "message", deferred="messageDeferred", refused="messageRefused"),
    Step(".", "message", closed="unknownDelivery", deferred="messageDeferred", refused="messageRefused", silent="unknownDelivery"),
)  # fmt: skip
"""In their order, over STARTTLS, with LOGIN's two questions."""


def _befalls(step: Step, reply: str, ca: TestCA, **changes: Any) -> tuple[ScriptedServer, Finding]:
    instead = {**_ASKS_FOR_THE_NAME, **({"HELO": reply} if reply.startswith("5") else {}), step.key: reply}
    if step.key == "EHLO2":
        instead["EHLO"] = "250-test.example\r\n250-STARTTLS\r\n250 AUTH PLAIN LOGIN"
    with ScriptedServer(polite(instead, tls_context=ca.server_context())) as server:
        finding = check_settings(server, host="localhost", ca_pem=ca.pem, mechanism="login", **changes)
    return server, finding


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.key)
@pytest.mark.parametrize("status", ["450 4.0.0 not now", "550 5.0.0 never"])
def test_a_refusal_at_any_step_is_named(ca: TestCA, step: Step, status: str) -> None:
    """4xx and 5xx have a code at each step, of the class that the reply has, and one login is tried at most."""
    server, finding = _befalls(step, status, ca)
    is_transient = status.startswith("4")
    code = step.deferred if is_transient else step.refused
    assert_failed(finding, Case(code, step.check, "transient" if is_transient else "permanent", words=(status,)))
    assert server.received(b"AUTH") <= 1


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.key)
def test_a_server_that_closes_at_any_step_is_told(ca: TestCA, step: Step) -> None:
    """A connection that ends, over TLS without a close_notify, is lost; after the final dot the delivery is unknown."""
    server, finding = _befalls(step, CLOSE, ca)
    assert_failed(finding, Case(step.closed, step.check, "transient"))
    assert server.received(b"AUTH") <= 1
    assert server.received(b".") <= 1


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.key)
def test_silence_at_any_step_is_bounded(ca: TestCA, step: Step) -> None:
    """A server that keeps the connection and says nothing is waited for until the account's limit, once."""
    server, finding = _befalls(step, SILENCE, ca, timeout_seconds=2)
    assert_failed(finding, Case(step.silent, step.check, "transient"))
    assert server.received(b"AUTH") <= 1


@pytest.mark.parametrize(
    ("step", "reply", "words"),
    [
        (STEPS[0], SILENCE, "took the connection and said nothing within"),
        (STEPS[1], SILENCE, "greeted, and did not answer EHLO"),
        (STEPS[1], "250-localhost", "began an answer and did not finish it"),
        (STEPS[2], SILENCE, "offers STARTTLS, and did not answer it"),
        (STEPS[3], SILENCE, "greeted, and did not answer EHLO"),
    ],
    ids=["greeting", "ehlo", "half-ehlo", "starttls", "ehlo-after-tls"],
)
def test_what_was_waited_for_is_told(ca: TestCA, step: Step, reply: str, words: str) -> None:
    """A server that has said something is not told as silent, and a command that it left unanswered is named."""
    _, finding = _befalls(step, reply, ca, timeout_seconds=2)
    assert_failed(finding, Case("timedOut", step.check, "transient", words=(words,)))


_WRONG_CODES: tuple[tuple[str, str, CheckName, str], ...] = (
    ("GREETING", "200 news.example ready", "greeting", "notSmtp"),
    ("GREETING", "250 ok", "greeting", "notSmtp"),
    ("GREETING", "354 go on", "greeting", "notSmtp"),
    ("EHLO", "220 hello again", "greeting", "invalidReply"),
    ("EHLO", "354 go on", "greeting", "invalidReply"),
    ("STARTTLS", "250 ok", "tls", "invalidReply"),
    ("STARTTLS", "334 ", "tls", "invalidReply"),
    ("AUTH", "250 ok", "auth", "invalidReply"),
    ("AUTH", "220 hello", "auth", "invalidReply"),
    ("AUTH", "354 go on", "auth", "invalidReply"),
    ("MAIL", "354 go on", "sender", "invalidReply"),
    ("RCPT", "334 ", "recipient", "invalidReply"),
    ("DATA", "250 queued", "message", "invalidReply"),
    ("DATA", "334 go on", "message", "invalidReply"),
    (".", "354 go on", "message", "unknownDelivery"),
)


@pytest.mark.parametrize(("key", "reply", "check", "code"), _WRONG_CODES)
def test_a_reply_that_does_not_belong_to_its_command_is_no_success(
    key: str, reply: str, check: CheckName, code: str
) -> None:
    """A positive code of another command may be the answer to another one, so it counts for nothing."""
    instead = {"EHLO": STARTTLS_OFFER} if key == "STARTTLS" else {}
    with ScriptedServer(polite({**instead, key: reply})) as server:
        finding = check_settings(server, **({} if key == "STARTTLS" else PLAIN))
    assert (failure(finding).check, failure(finding).code) == (check, code)
    assert server.connections == 1


_TWO_AT_ONCE: tuple[tuple[str, str, CheckName], ...] = (
    ("GREETING", "220 hello\r\n250 AUTH PLAIN", "greeting"),
    ("EHLO", "250-a\r\n250 AUTH PLAIN\r\n235 ok", "greeting"),
    ("AUTH", "235 ok\r\n250 ok", "auth"),
    ("AUTH", "334 \r\n235 ok", "auth"),
    ("MAIL", "250 ok\r\n250 ok", "sender"),
    ("RCPT", "250 ok\r\n550 no", "recipient"),
    ("DATA", "354 go on\r\n250 queued", "message"),
    ("DATA", "550 no\r\n250 queued", "message"),
)


@pytest.mark.parametrize(("key", "replies", "check"), _TWO_AT_ONCE)
def test_replies_that_nobody_asked_for_make_no_success(key: str, replies: str, check: CheckName) -> None:
    """Two replies to one command would leave each later step with a stale one, so the conversation ends."""
    with ScriptedServer(polite({key: replies})) as server:
        finding = check_settings(server, **PLAIN, mechanism="login" if "334" in replies else "auto")
    assert_failed(finding, Case("unaskedReply", check, "permanent", words=("without being asked",)))
    assert (server.connections, server.received(b".")) == (1, 0)


def test_a_reply_that_comes_late_is_noticed_before_the_next_command() -> None:
    """What a server adds between two senders is not taken for the answer to the second one."""
    senders = (SALES, Sender(name="help", kind="OwnAccount", email="help@example.com", display_name="Help"))
    with ScriptedServer(polite({".": "250 queued\r\n250 and another thing"})) as server:
        findings = verify(make_target(server, **PLAIN, senders=senders), now=now, retries=QUICK)
    assert findings["sales"].verification.status == "passed"
    assert failure(findings["help"]).code == "unaskedReply"


def test_a_farewell_may_come_at_any_time() -> None:
    """421 without being asked is how servers leave (RFC 5321 section 3.8): it answers the next command."""
    with ScriptedServer(polite({"MAIL": "250 ok\r\n421 4.3.2 shutting down"})) as server:
        finding = check_settings(server, **PLAIN)
    assert_failed(finding, Case("serverLeaving", "recipient", "transient", words=("421 4.3.2 shutting down",)))


def test_a_message_confirmed_before_its_end_is_not_sent() -> None:
    """Success that is claimed while the message is still being sent is none, and its end is never sent."""

    def play(wire: Wire) -> None:
        wire.send("220 hello")
        for reply in ("250 a", "250 ok", "250 ok", "354 go on"):
            wire.read_line()
            wire.send(reply)
        wire.read_line()
        wire.send("250 2.0.0 queued already")
        while wire.read_line() != b".":
            pass

    with ScriptedServer(play) as server:
        connection = DirectDialer(server.host, server.port).connect(Deadline(20))
        session = Session(Channel(connection.socket, Deadline(20)), is_loopback=True)
        session.greet(None)
        session.mail("a@example.com")
        session.rcpt("b@example.com")
        with pytest.raises(SmtpFault) as caught:
            session.send_message(b"x" * 70 + b"\r\n" + (b"y" * 70 + b"\r\n") * 200_000)
        session.leave()
    assert caught.value.code == "unaskedReply"
    assert b"." not in server.lines


def test_a_message_refused_before_its_end_is_refused() -> None:
    """A server may say no as early as it likes."""
    with ScriptedServer(polite({"CONTENT": "552 5.3.4 too large"})) as server:
        finding = check_settings(server, **PLAIN)
    assert_failed(finding, Case("messageTooLarge", "message", "permanent"))
    assert server.received(b"DATA") == 1


def test_a_server_that_closes_during_the_message_has_not_taken_it() -> None:
    """The end of the message was not sent, or its fate is unknown; either way it is sent once."""
    with ScriptedServer(polite({"CONTENT": CLOSE})) as server:
        finding = check_settings(server, **PLAIN)
    assert failure(finding).code in {"connectionLost", "unknownDelivery"}
    assert (failure(finding).check, server.received(b"DATA")) == ("message", 1)


@pytest.mark.parametrize("reply", [CLOSE, SILENCE, "550 5.5.1 no", "354 what?", "nonsense"])
def test_a_server_that_will_not_reset_has_ended_the_conversation(reply: str) -> None:
    """The sender before has passed; the one after fails, within the limit."""
    senders = (SALES, Sender(name="help", kind="OwnAccount", email="help@example.com", display_name="Help"))
    with ScriptedServer(polite({"RSET": reply})) as server:
        target = make_target(server, **PLAIN, senders=senders, timeout_seconds=0.6)
        findings = verify(target, now=now, retries=QUICK)
    assert {name: finding.verification.status for name, finding in findings.items()} == {
        "sales": "passed",
        "help": "failed",
    }
    assert (failure(findings["help"]).check, server.connections) == ("sender", 1)


@pytest.mark.parametrize("reply", [CLOSE, SILENCE, "550 no", "nonsense"])
def test_what_a_server_makes_of_the_farewell_matters_to_nobody(reply: str) -> None:
    """QUIT is said and not waited for."""
    with ScriptedServer(polite({"QUIT": reply, "RSET": reply})) as server:
        finding = check_settings(server, **PLAIN)
    assert finding.verification.status == "passed"


_ODD_REPLIES = (
    ("250 2.1.0 ok\n", True, "bare LF"),
    ("250-one\r\n250-\r\n250 three\r\n", True, "an empty line"),
    ("250\r\n", True, "no text"),
    ("250 \x00\x1b[31mred\x07\x9b\r\n", True, "control characters"),
    ("250 zażółć gęślą\r\n", True, "letters beyond ASCII"),
    ("250-one\r\n251 two\r\n", False, "codes that differ"),
    ("250-one\r\nnonsense\r\n", False, "a line without a code"),
    ("250_ok\r\n", False, "a wrong mark"),
    ("\r\n", False, "an empty reply"),
    ("650 ok\r\n", False, "a code that is none"),
)


@pytest.mark.parametrize(("octets", "is_reply", "what"), _ODD_REPLIES, ids=lambda value: str(value)[:20].strip())
def test_odd_replies_are_read_or_refused(octets: str, what: str, *, is_reply: bool) -> None:
    """What is a reply by a kind reading passes; what is none is no success."""

    def play(wire: Wire) -> None:
        wire.send("220 hello")
        for reply in (b"250-a\r\n250 AUTH PLAIN\r\n", b"235 ok\r\n", octets.encode("latin-1", "replace")):
            wire.read_line()
            wire.send(reply)
        wire.read_line()
        wire.send("250 ok")
        wire.wait_for_close()

    with ScriptedServer(play) as server:
        finding = check_settings(server, **PLAIN, depth="envelope")
    assert outcome(finding)["sender"] == ("ok" if is_reply else "invalidReply"), what


def test_control_characters_reach_nobody() -> None:
    """NUL, terminal escapes, 8-bit noise and line separators are gone from what people see."""
    said = b"550 5.7.1 a\x00b\x1b[2Jc\x07\xff\xe2\x80\xa8d\xe2\x80\xaee\r\n"

    def play(wire: Wire) -> None:
        wire.send("220 hello")
        for reply in (b"250-a\r\n250 AUTH PLAIN\r\n", b"235 ok\r\n", said):
            wire.read_line()
            wire.send(reply)
        wire.wait_for_close()

    with ScriptedServer(play) as server:
        finding = check_settings(server, **PLAIN)
    message = failure(finding).message
    assert "550 5.7.1 a b" in message
    assert [character for character in "\x00\x1b\x07\u2028\u202e" if character in message] == []


@pytest.mark.parametrize(
    "disturb",
    [
        lambda wire: wire.send_beneath_tls(b"\x15\x03\x03\x00\x02\x02\x28"),
        lambda wire: wire.send_beneath_tls(b"250 in clear text\r\n"),
        lambda wire: wire.end_tls(),
        lambda wire: wire.close(),
    ],
    ids=["an alert", "clear text", "close_notify", "no close_notify"],
)
def test_tls_that_breaks_in_the_middle_is_a_lost_connection(ca: TestCA, disturb: Callable[[Wire], None]) -> None:
    """An alert, octets past the encryption and either way of closing end the conversation; nothing is taken as said."""
    context = ca.server_context()

    def play(wire: Wire) -> None:
        wire.start_tls(context)
        wire.send("220 hello")
        wire.read_line()
        wire.send("250-a\r\n250 AUTH PLAIN")
        wire.read_line()
        wire.send("235 ok")
        wire.read_line()
        disturb(wire)

    with ScriptedServer(play) as server:
        finding = check_settings(server, host="localhost", ca_pem=ca.pem, encryption="tls")
    assert_failed(finding, Case("connectionLost", "sender", "transient"))
    assert server.connections == 1


@pytest.mark.parametrize("where", ["at once", "after the ClientHello"])
def test_a_server_that_hangs_up_in_the_handshake_is_told(where: str) -> None:
    """Implicit TLS that ends before it began is a lost connection, tried again and given up."""

    def play(wire: Wire) -> None:
        if where != "at once":
            wire.read_octets(5)

    with ScriptedServer(play) as server:
        finding = check_settings(server, encryption="tls")
    assert_failed(finding, Case("connectionLost", "tls", "transient", words=("tried 3 times",)))
    assert (server.connections, server.received(b"AUTH")) == (3, 0)


def test_memory_stays_bounded(ca: TestCA) -> None:
    """A line of 100 MB is given up after some kilobytes, however willingly the server sends it."""
    sent = [0]
    over = threading.Event()

    def play(wire: Wire) -> None:
        wire.send(b"220 ")
        chunk = b"x" * 65_536
        try:
            for _ in range(1600):
                wire.send(chunk)
                sent[0] += len(chunk)
        finally:
            over.set()

    with ScriptedServer(play) as server:
        tracemalloc.start()
        finding = check_settings(server, **PLAIN)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert over.wait(10)
    assert failure(finding).code == "replyTooLong"
    assert sent[0] < 50_000_000
    assert peak < 1_000_000
