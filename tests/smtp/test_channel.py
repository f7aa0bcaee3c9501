"""One connection, its lines and its limits, over real sockets."""

from __future__ import annotations

import socket
import struct
import threading
from typing import TYPE_CHECKING

import pytest

from reconciler.smtp.channel import Channel
from reconciler.smtp.deadline import Deadline
from reconciler.smtp.dial import Connection, DirectDialer
from reconciler.smtp.faults import SmtpFault
from reconciler.smtp.session import Session
from reconciler.smtp.tls import verifying_context
from tests.support.certificates import TestCA
from tests.support.mailserver import MailServer
from tests.support.scripted import CLOSE, ScriptedServer, polite

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def ends() -> Iterator[tuple[Channel, socket.socket]]:
    """Return a channel with half a second to live, and the socket at its other end."""
    ours, theirs = socket.socketpair()
    channel = Channel(ours, Deadline(0.5))
    yield channel, theirs
    channel.close()
    theirs.close()


def test_a_reply_may_come_in_pieces(ends: tuple[Channel, socket.socket]) -> None:
    """Lines end in LF, with or without CR; all of them make one reply, and what follows stays for the next."""
    channel, server = ends
    server.sendall(b"250-first\n250 second\r\n220\r\n")
    assert channel.read_reply().lines == ("first", "second")
    assert (reply := channel.read_reply()).code == 220
    assert str(reply) == "220"


def test_last_words_are_heard(ends: tuple[Channel, socket.socket]) -> None:
    """Where the server says why and closes, the fault of the next command carries its words."""
    channel, server = ends
    server.sendall(b"421 4.4.2 too slow\r\n")
    server.close()
    with pytest.raises(SmtpFault) as caught:
        channel.send(b"NOOP\r\n")
    assert caught.value.code == "connectionLost"
    assert str(caught.value.reply) == "421 4.4.2 too slow"


def test_a_connection_closed_without_a_word_is_told_as_such(ends: tuple[Channel, socket.socket]) -> None:
    """Without last words the fault has no reply."""
    channel, server = ends
    server.close()
    with pytest.raises(SmtpFault) as caught:
        channel.ask(b"NOOP")
    assert (caught.value.code, caught.value.reply) == ("connectionLost", None)


def test_a_server_that_does_not_read_is_bounded(ends: tuple[Channel, socket.socket]) -> None:
    """Sending ends at the deadline too."""
    channel, _server = ends
    with pytest.raises(SmtpFault) as caught:
        channel.send(b"x" * 50_000_000)
    assert caught.value.code == "timedOut"


@pytest.mark.parametrize(
    "octets",
    [
        b"250-x\r\n" * 1000,
        b"220 " + b"x" * 5000 + b"\r\n",
        b"220 " + b"x" * 5000,
        (b"250-" + b"x" * 4000 + b"\r\n") * 20,
    ],
)
def test_a_reply_without_end_is_given_up(ends: tuple[Channel, socket.socket], octets: bytes) -> None:
    """Lines, replies and their number have limits."""
    channel, server = ends
    server.sendall(octets)
    with pytest.raises(SmtpFault) as caught:
        channel.read_reply()
    assert caught.value.code == "replyTooLong"


@pytest.mark.parametrize("octets", [b"hello\r\n", b"22", b"\x16\x03\x01\x02\x00", b"\n", b"2200 x\r\n", b"199 x\r\n"])
def test_what_is_no_reply_is_known_early(ends: tuple[Channel, socket.socket], octets: bytes) -> None:
    """Four octets are enough to tell, without a line's end."""
    channel, server = ends
    server.sendall(octets)
    with pytest.raises(SmtpFault) as caught:
        channel.read_reply()
    assert caught.value.code == ("timedOut" if octets == b"22" else "invalidReply")


def test_a_reset_connection_is_a_lost_one() -> None:
    """A connection that is torn down is told like one that is closed."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        channel = Channel(socket.create_connection(listening.getsockname()), Deadline(2))
        accepted, _ = listening.accept()
        accepted.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        accepted.close()
        for step in (lambda: channel.has_answer_within(1), channel.read_reply):
            with pytest.raises(SmtpFault) as caught:
                step()
            assert caught.value.code == "connectionLost"
        channel.close()


def test_loopback_is_told_from_elsewhere() -> None:
    """Only this machine's own addresses count as loopback, mapped ones included."""
    expected = {"127.0.0.1": True, "::1": True, "::ffff:127.0.0.1": True, "192.0.2.1": False, "localhost": False}
    with socket.socket() as unused:
        assert {address: Connection(unused, address).is_loopback for address in expected} == expected


def _session(server: MailServer | ScriptedServer) -> Session:
    deadline = Deadline(5)
    connection = DirectDialer(server.host, server.port).connect(deadline)
    session = Session(Channel(connection.socket, deadline), is_loopback=True)
    session.greet(None)
    return session


def test_lines_with_leading_dots_arrive_as_they_were() -> None:
    """A message is sent transparently, whatever its lines begin and end with (RFC 5321 section 4.5.2)."""
    with MailServer(encryption="none") as server:
        for message in (b".\r\n..\r\n.a\r\n", b"bare\nline\rends", b""):
            session = _session(server)
            session.mail("a@example.com")
            session.rcpt("b@example.com")
            session.send_message(message)
            session.leave()
    contents = [message.content for message in server.messages]
    assert contents == [b".\r\n..\r\n.a\r\n", b"bare\r\nline\r\nends\r\n", b"\r\n"]


def test_a_server_that_refuses_to_reset_has_ended_the_session() -> None:
    """A transaction that cannot be given up leaves nothing to go on with."""
    with ScriptedServer(polite({"RSET": "421 4.3.0 closing"})) as server:
        session = _session(server)
        with pytest.raises(SmtpFault) as caught:
            session.reset()
        session.leave()
    assert (caught.value.code, str(caught.value.reply)) == ("connectionLost", "421 4.3.0 closing")


def test_a_session_leaves_without_waiting() -> None:
    """QUIT is sent, its reply is not awaited, and leaving twice does no harm."""
    with ScriptedServer(polite({"RSET": CLOSE})) as server:
        session = _session(server)
        session.leave()
        session.leave()


def test_what_is_said_unasked_in_the_record_of_a_reply_is_found_by_tls() -> None:
    """It is decrypted with the reply and waits in the TLS library, where the socket does not tell of it."""
    ca = TestCA()
    said = b"250-" + b"x" * 3000 + b"\r\n250 " + b"y" * 3000 + b"\r\n250 unasked\r\n"
    ours, theirs = socket.socketpair()

    def serve() -> None:
        with ca.server_context().wrap_socket(theirs, server_side=True) as encrypted:
            encrypted.recv(100)
            encrypted.sendall(said)
            encrypted.recv(100)

    server = threading.Thread(target=serve)
    server.start()
    channel = Channel(ours, Deadline(5))
    channel.encrypt(verifying_context(ca.pem), "localhost")
    channel.send(b"NOOP\r\n")
    assert 250 == channel.read_reply().code
    assert b"250 unasked\r\n" == channel.unasked()
    channel.close()
    server.join()


def test_a_channel_that_is_closed_says_so(ends: tuple[Channel, socket.socket]) -> None:
    """Nothing waits for a socket that is no more: its number may be another's by now."""
    channel, _ = ends
    channel.close()
    with pytest.raises(SmtpFault) as caught:
        channel.read_reply()
    assert "connectionLost" == caught.value.code
    assert b"" == channel.unasked()
