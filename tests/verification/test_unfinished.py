"""Replies that a server begins and does not finish: what it had said by then is told, for the reason stands there."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from reconciler.smtp.channel import Channel
from reconciler.smtp.deadline import Deadline
from reconciler.smtp.faults import SmtpFault
from tests.support.scripted import ScriptedServer
from tests.verification.cases import PLAIN, Case, assert_failed
from tests.verification.targets import PASSWORD, check_settings, failure

if TYPE_CHECKING:
    from tests.support.scripted import Script, Wire

_TAKEN = (
    b"220 hello\r\n",
    b"250-a\r\n250 AUTH PLAIN\r\n",
    b"235 ok\r\n",
    b"250 ok\r\n",
    b"250 ok\r\n",
    b"354 go on\r\n",
)


def _begins(begun: bytes, *, after: int, hangs_up: bool) -> Script:
    """Return a script that goes well for some replies, begins the next one, and hangs up or falls silent."""

    def play(wire: Wire) -> None:
        for number, reply in enumerate((*_TAKEN[:after], begun)):
            if number == len(_TAKEN):
                while wire.read_line() != b".":
                    pass
            elif number:
                wire.read_line()
            wire.send(reply)
        if not hangs_up:
            wire.wait_for_close()

    return play


@pytest.mark.parametrize(
    ("begun", "words"),
    [
        (b"554-mx.example.net\r\n554-Your access was rejected\r\n", "554 mx.example.net Your access was rejected"),
        (b"554-Your access was rejected\r\n554-by the po", "554 Your access was rejected by the po"),
        (b"554 Your access was rejected", "554 Your access was rejected"),
        (b"220 hello\r", "220 hello"),
    ],
    ids=["every line with a hyphen", "half a line", "no line end", "CR alone"],
)
@pytest.mark.parametrize("hangs_up", [True, False])
def test_what_was_said_of_a_greeting_is_told(begun: bytes, words: str, *, hangs_up: bool) -> None:
    """It did not come to its end, so it is no verdict, and it is shown."""
    with ScriptedServer(_begins(begun, after=0, hangs_up=hangs_up)) as server:
        finding = check_settings(server, **PLAIN, timeout_seconds=1)
    code = "connectionLost" if hangs_up else "timedOut"
    assert_failed(finding, Case(code, "greeting", "transient", words=(f'The server said: "{words}".',)))


def test_the_same_holds_later_and_secrets_stay_masked() -> None:
    """A password that is repeated in half a reply is no more shown than in a whole one."""
    begun = f"550-no mail from who logs in by {PASSWORD}\r\n".encode()
    with ScriptedServer(_begins(begun, after=3, hangs_up=True)) as server:
        message = failure(check_settings(server, **PLAIN)).message
    assert "550 no mail from who logs in by ***" in message
    assert PASSWORD not in message


def test_a_message_confirmed_by_half_is_in_doubt() -> None:
    """The beginning of a yes is none, and the message is not sent again."""
    with ScriptedServer(_begins(b"250-2.0.0 queued\r\n", after=6, hangs_up=True)) as server:
        finding = check_settings(server, **PLAIN)
    assert_failed(finding, Case("unknownDelivery", "message", "transient", words=("250 2.0.0 queued",)))
    assert server.received(b"DATA") == 1


@pytest.mark.parametrize("begun", [b"", b"22", b"250-one\r\n221 tw"])
def test_what_is_no_reply_of_one_code_is_left_out(begun: bytes) -> None:
    """Neither half a code nor a line of another code is taken for what the server said."""
    with ScriptedServer(_begins(begun, after=0, hangs_up=True)) as server:
        channel = Channel(socket.create_connection((server.host, server.port)), Deadline(5))
        with pytest.raises(SmtpFault) as caught:
            channel.read_reply()
        channel.close()
    assert "connectionLost" == caught.value.code
    assert ("250 one" if begun.startswith(b"250") else "None") == str(caught.value.reply)


@pytest.mark.parametrize("encryption", ["tls", "starttls"])
def test_a_server_that_hangs_up_in_the_handshake_is_told_as_that(encryption: str) -> None:
    """It has said something before STARTTLS, or nothing at all; in the handshake it said nothing."""

    def play(wire: Wire) -> None:
        if encryption == "starttls":
            for reply in ("220 hello", "250-a\r\n250 STARTTLS", "220 go"):
                wire.send(reply)
                wire.read_line()
        else:
            wire.read_octets(5)

    with ScriptedServer(play) as server:
        finding = check_settings(server, encryption=encryption)
    assert_failed(finding, Case("connectionLost", "tls", "transient", words=("in the TLS handshake",)))
