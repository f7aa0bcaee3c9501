"""What a conversation waits for, and what it keeps of attempts that ended otherwise than the last one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from reconciler.verification import verify
from tests.support.scripted import CLOSE, SILENCE, ScriptedServer, polite
from tests.verification.cases import NO_LOGIN, PLAIN
from tests.verification.targets import QUICK, SALES, check_settings, failure, make_target, now

if TYPE_CHECKING:
    from tests.support.scripted import Script, Wire


def _slow_to_confirm(seconds: float) -> Script:
    """Return a script that takes its time over each message."""

    def play(wire: Wire) -> None:
        wire.send("220 test.example ready")
        while line := wire.read_line():
            verb = line.decode("ascii", "replace").partition(" ")[0].upper()
            if verb == "QUIT":
                return
            if verb != "DATA":
                wire.send("250 ok")
                continue
            wire.send("354 go on")
            while wire.read_line() != b".":
                pass
            wire.wait_for_stop(seconds)
            wire.send("250 2.0.0 queued as 1234")

    return play


def test_a_message_has_a_limit_of_its_own() -> None:
    """A confirmation that takes longer than all the rest may is waited for, and the next sender has its turn after it."""
    senders = (SALES, replace(SALES, name="help", email="help@example.com"))
    with ScriptedServer(_slow_to_confirm(1.2)) as server:
        target = make_target(server, **NO_LOGIN, senders=senders, timeout_seconds=1)
        findings = verify(target, now=now, retries=QUICK)
    assert [finding.verification.status for finding in findings.values()] == ["passed", "passed"]


def test_a_confirmation_that_was_not_waited_for_is_told_as_that() -> None:
    """The sentence names the limit, what servers may take, and that the message may have arrived; it is sent once."""
    with ScriptedServer(polite({".": SILENCE})) as server:
        failed = failure(check_settings(server, **PLAIN, timeout_seconds=1))
    assert failed.check == "message"
    assert failed.code == "unknownDelivery"
    assert failed.class_ == "transient"
    assert "within 3 seconds" in failed.message
    assert "verification.timeoutSeconds" in failed.message
    assert "RFC 5321 section 4.5.3.2.6" in failed.message
    assert "closed" not in failed.message
    assert "ended" not in failed.message
    assert (server.connections, server.received(b"DATA")) == (1, 1)


def test_a_lost_connection_is_no_matter_of_time() -> None:
    """Where the server hangs up instead of confirming, no limit is blamed."""
    with ScriptedServer(polite({".": CLOSE})) as server:
        failed = failure(check_settings(server, **PLAIN))
    assert failed.code == "unknownDelivery"
    assert "timeoutSeconds" not in failed.message


def test_no_message_is_waited_for_beyond_the_run() -> None:
    """What is left of the run bounds a message too."""
    with ScriptedServer(polite({".": SILENCE})) as server:
        failed = failure(check_settings(server, **PLAIN, most_seconds=1))
    assert failed.code == "unknownDelivery"
    assert "within 1 seconds" in failed.message


@pytest.mark.parametrize(
    ("rcpt", "code"),
    [
        (["450 4.2.0 greylisted", CLOSE], "connectionLost"),
        (["450 4.2.0 greylisted", "421 4.3.2 closing"], "serverLeaving"),
        (["450 4.2.0 greylisted", "550 5.1.1 no such user"], "recipientRefused"),
        (["450 4.2.0 greylisted", "450 4.2.0 greylisted", "451 4.3.0 other trouble"], "serverTrouble"),
    ],
)
def test_what_the_server_said_first_is_kept(rcpt: list[str], code: str) -> None:
    """A retry that ends otherwise does not take the first reply away."""
    with ScriptedServer(polite({"RCPT": rcpt})) as server:
        failed = failure(check_settings(server, **PLAIN))
    assert failed.code == code
    assert f"tried {len(rcpt)} times" in failed.message
    assert "greylisted (450 4.2.0 greylisted)" in failed.message


def test_a_reply_is_kept_over_a_silence() -> None:
    """Of attempts before, the first in which the server said anything is told."""
    with ScriptedServer(polite({"EHLO": [CLOSE, "450 4.3.0 not now", CLOSE]})) as server:
        failed = failure(check_settings(server, **NO_LOGIN))
    assert failed.code == "connectionLost"
    assert "serverBusy (450 4.3.0 not now)" in failed.message


def test_what_an_attempt_before_came_to_is_kept() -> None:
    """Where the last attempt ends earlier than one before, what the server said there is told."""
    with ScriptedServer(
        polite({"MAIL": "421 4.3.2 closing", "GREETING": ["220 ready", "554 5.7.1 not you"]})
    ) as server:
        failed = failure(check_settings(server, **NO_LOGIN))
    assert (failed.check, failed.code) == ("greeting", "serverRefused")
    assert "had come to sender, which ended with serverLeaving (421 4.3.2 closing)" in failed.message
