"""A mail server on the loopback interface that answers at once, or after so many seconds, and keeps nothing.

    python -m benchmarks.instant_server [--delay-seconds 0.02] [--no-pipelining]

prints its port and serves until its standard input ends: each connection by a thread. What came in one go is answered
in one go, after one delay, as a distant server's answers to pipelined commands arrive together (RFC 2920).
"""

from __future__ import annotations

import argparse
import os
import socket
import sys
import threading
import time

_REPLIES = {
    b"EHLO": b"250-instant.example\r\n250-PIPELINING\r\n250-AUTH PLAIN\r\n250-SIZE 10240000\r\n250 8BITMIME\r\n",
    b"MAIL": b"250 2.1.0 ok\r\n",
    b"RCPT": b"250 2.1.5 ok\r\n",
    b"RSET": b"250 2.0.0 ok\r\n",
    b"DATA": b"354 go on\r\n",
    b"AUTH": b"235 2.7.0 welcome\r\n",
    b"QUIT": b"221 2.0.0 bye\r\n",
}
_END = b"\r\n.\r\n"
_ACCEPTED = b"250 2.0.0 Ok: queued as %08X\r\n"
"""Each message has a name of its own, as with every server: what is read of one reply says nothing of the next."""
_UNKNOWN = b"500 5.5.1 what?\r\n"
_READ_OCTETS = 1 << 16


def hold(connected: socket.socket, delay_seconds: float, replies: dict[bytes, bytes]) -> None:
    """Answer one client until it leaves."""
    accepted = 0
    received, is_message, answers = b"", False, b"220 instant.example ready\r\n"
    while True:
        if delay_seconds:
            time.sleep(delay_seconds)
        connected.sendall(answers)
        answers = b""
        while not answers:
            octets = connected.recv(_READ_OCTETS)
            if not octets:
                return
            received += octets
            while (end := received.find(_END if is_message else b"\r\n")) >= 0:
                if is_message:
                    received, is_message = received[end + len(_END) :], False
                    accepted += 1
                    answers += _ACCEPTED % accepted
                    continue
                verb, received = received[:4].upper(), received[end + 2 :]
                answers += replies.get(verb, _UNKNOWN)
                is_message = verb == b"DATA"


def _hold_and_close(connected: socket.socket, delay_seconds: float, replies: dict[bytes, bytes]) -> None:
    with connected:
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            hold(connected, delay_seconds, replies)
        except OSError:
            return  # the client has left


def main() -> int:
    """Parse the arguments and serve."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.instant_server")
    parser.add_argument("--delay-seconds", type=float, default=0.0)
    parser.add_argument("--no-pipelining", action="store_true")
    arguments = parser.parse_args()
    replies = dict(_REPLIES)
    if arguments.no_pipelining:
        replies[b"EHLO"] = replies[b"EHLO"].replace(b"250-PIPELINING\r\n", b"")
    listening = socket.create_server(("127.0.0.1", 0))
    print(listening.getsockname()[1], flush=True)

    def accept() -> None:
        while True:
            connected, _ = listening.accept()
            threading.Thread(
                target=_hold_and_close, args=(connected, arguments.delay_seconds, replies), daemon=True
            ).start()

    threading.Thread(target=accept, daemon=True).start()
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    sys.exit(main())
