"""Servers that are broken or mean harm: every conversation with them ends in time, with a verdict, leaving nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tests.support.scripted import ScriptedServer
from tests.verification.cases import STARTTLS_OFFER, Case, assert_failed
from tests.verification.targets import PASSWORD, check_settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.scripted import Script, Wire


def _drip(reply: bytes, *, after: Callable[[Wire], None] = lambda _wire: None) -> Script:
    """Return a script that sends one octet every twentieth of a second, over and over."""

    def play(wire: Wire) -> None:
        after(wire)
        while True:
            for octet in reply:
                wire.send(bytes([octet]))
                if wire.wait_for_stop(0.05):
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
    wire.send(STARTTLS_OFFER)
    wire.read_line()
    wire.send("220 go ahead")
    wire.wait_for_close()


def _starttls_then_clear_text(wire: Wire) -> None:
    _greeted(wire)
    wire.send(STARTTLS_OFFER)
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


HOSTILE = (
    Hostile("silent", lambda wire: wire.wait_for_close(), Case("timedOut", "greeting", "transient", words=("said nothing",))),
    Hostile("drips its greeting", _drip(b"220-hello\r\n"), Case("timedOut", "greeting", "transient")),
    Hostile("drips one endless line", _drip(b"2", after=lambda wire: wire.send(b"220 ")), Case("timedOut", "greeting", "transient")),
    Hostile("drips its EHLO", _drip(b"250-X\r\n", after=_greeted), Case("timedOut", "greeting", "transient")),
    Hostile("never ends its EHLO", _endless_ehlo, Case("replyTooLong", "greeting", "permanent")),
    Hostile("sends a line of 100 MB", _long_line, Case("replyTooLong", "greeting", "permanent")),
    Hostile("greets in binary", lambda wire: wire.send(bytes(range(256)) * 40), Case("notSmtp", "greeting", "permanent")),
    Hostile("never stops asking for the password", _endless_challenges, Case("unexpectedChallenge", "auth", "permanent")),
    Hostile("goes silent at DATA", _silent_after_data, Case("timedOut", "message", "transient")),
    Hostile("goes silent after the final dot", _deaf_to_data, Case("unknownDelivery", "message", "transient")),
    Hostile("goes silent in the handshake", _starttls_then_silence, Case("timedOut", "tls", "transient", changes={})),
    Hostile("answers the handshake in clear text", _starttls_then_clear_text, Case("tlsFailed", "tls", "permanent", changes={})),
)  # fmt: skip


@pytest.mark.parametrize("hostile", HOSTILE, ids=lambda hostile: hostile.name.replace(" ", "-"))
def test_a_hostile_server_is_bounded(hostile: Hostile) -> None:
    """Whatever a server does, the conversation ends within the account's limit, with a verdict."""
    with ScriptedServer(hostile.script) as server:
        finding = check_settings(server, **hostile.case.changes, timeout_seconds=0.7)
    assert_failed(finding, hostile.case)
    assert server.received(PASSWORD.encode()) == 0
