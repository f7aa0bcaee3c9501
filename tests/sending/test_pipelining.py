"""With PIPELINING (RFC 2920) envelope and DATA go out in one go, and everything is told as without."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from reconciler.model.secrets.values import SecretValue
from reconciler.sending import Patience
from tests.sending.letters import Bench, addresses
from tests.support.access import access_to
from tests.support.certificates import TestCA
from tests.support.scripted import CLOSE, POLITE, SILENCE, ScriptedServer, Wire, polite

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

PLAIN = POLITE["EHLO"]
PIPELINED = PLAIN.replace("250-8BITMIME", "250-8BITMIME\r\n250-PIPELINING")

REFUSALS: list[Mapping[str, str | Sequence[str]]] = [
    {},
    {"MAIL": ["250 ok", "451 4.3.0 later", "250 ok"]},
    {"MAIL": ["250 ok", "550 5.7.1 not you"]},
    {"MAIL": "530 5.7.0 log in first"},
    {"RCPT": ["250 ok", "550 5.1.1 no such user", "250 ok"]},
    {"RCPT": ["250 ok", "450 4.2.0 greylisted", "250 ok"]},
    {"RCPT": ["550 5.1.1 no such user", "550 5.1.1 no such user", "250 ok"]},
    {"DATA": ["354 go", "451 4.3.0 later", "354 go"]},
    {"DATA": ["354 go", "554 5.6.0 no", "354 go"]},
    {"DATA": ["354 go", "552 5.3.4 too large", "354 go"]},
    {".": ["250 ok", "451 4.3.0 later", "250 ok"]},
    {".": ["250 ok", "554 5.7.1 spam", "250 ok"]},
    {".": ["250 ok", CLOSE, "250 ok"]},
    {"MAIL": ["250 ok", "421 4.7.0 too many", "250 ok"]},
    {"RCPT": ["250 ok", "421 4.7.0 too many", "250 ok"]},
    {"RCPT": ["250 ok", CLOSE, "250 ok"]},
    {"DATA": ["354 go", CLOSE, "354 go"]},
    {"RSET": ["500 what?"], "RCPT": ["550 5.1.1 no", "250 ok"]},
    {"RCPT": ["354 what", "250 ok"]},
    {"DATA": ["250 what", "354 go"]},
]


CONSEQUENCES: list[tuple[Mapping[str, str | Sequence[str]], Mapping[str, Sequence[str]]]] = [
    ({"RCPT": ["250 ok", "550 5.1.1 no", "250 ok"]}, {"DATA": ["354 go", "503 5.5.1 no recipients", "354 go"]}),
    ({"RCPT": ["250 ok", "450 4.2.0 later", "250 ok"]}, {"DATA": ["354 go", "554 5.5.1 no recipients", "354 go"]}),
    (
        {"MAIL": ["250 ok", "452 4.3.1 full", "250 ok"]},
        {"RCPT": ["250 ok", "503 no sender", "250 ok"], "DATA": ["354 go", "503 no sender", "354 go"]},
    ),
    ({"RCPT": ["250 ok", "550 5.1.1 no", "250 ok"]}, {".": [POLITE["."], "554 no recipients", POLITE["."]]}),
    ({"RCPT": ["250 ok", "550 5.1.1 no", "250 ok"]}, {".": [POLITE["."], CLOSE, POLITE["."]]}),
]
"""Refusals, and what the same server says to the commands that were sent after the refused one."""


@pytest.mark.parametrize(("refusal", "afterwards"), [*((each, {}) for each in REFUSALS), *CONSEQUENCES])
def test_every_reply_is_told_as_without_pipelining(
    tmp_path: Path, refusal: Mapping[str, str | Sequence[str]], afterwards: Mapping[str, Sequence[str]]
) -> None:
    """Whatever a server refuses at whichever command, ending and records are the same with pipelining and without."""
    told: list[object] = []
    for replies in ({**refusal, "EHLO": PLAIN}, {**refusal, **afterwards, "EHLO": PIPELINED}):
        path = tmp_path / str(len(told))
        with ScriptedServer(polite(replies)) as server:
            end, records = Bench(port=server.port, path=path).run(addresses(3))
        told.append((end.ending, end.stopped and str(end.stopped), records))
    assert told[0] == told[1]


def test_the_envelope_goes_out_in_one_go(tmp_path: Path) -> None:
    """MAIL, RCPT and DATA come together; after a refusal RSET comes with them; nothing else comes with anything."""
    together: list[tuple[bytes, ...]] = []

    def play(wire: Wire) -> None:
        replies = {b"MAIL": "250 ok", b"RSET": "250 ok", b"DATA": "354 go", b"EHLO": PIPELINED}
        refusals = iter(["550 5.1.1 no such user", "250 ok"])
        wire.send("220 ready")
        while True:
            lines = [wire.read_line()]
            while wire.has_more:
                lines.append(wire.read_line())
            verbs = tuple(line[:4] for line in lines)
            together.append(verbs)
            for verb in verbs:
                wire.send(next(refusals) if verb == b"RCPT" else replies.get(verb, "500 what?"))
            if verbs[-1] == b"DATA":
                line = b""
                while line != b".":
                    line = wire.read_line()
                wire.send("250 2.0.0 queued as A1B2C3")

    with ScriptedServer(play) as server:
        bench = Bench(port=server.port, path=tmp_path / "r")
        bench.run(addresses(2))
    assert ["refused", "accepted"] == list(bench.outcomes().values())
    opened = [(b"EHLO",), (b"MAIL", b"RCPT", b"DATA"), (b"RSET", b"MAIL", b"RCPT", b"DATA")]
    assert opened == together[:3]


def test_nothing_is_pipelined_before_the_session_is_open(tmp_path: Path) -> None:
    """Greeting, EHLO, STARTTLS and each line of the login are waited for, whatever the server offers."""
    ca = TestCA()
    early: list[bytes] = []

    def play(wire: Wire) -> None:
        wire.send("220 ready")
        for reply in (PIPELINED.replace("250 AUTH", "250-STARTTLS\r\n250 AUTH"), "220 go ahead"):
            line = wire.read_line()
            early.extend([line] if wire.has_more else [])
            wire.send(reply)
        wire.start_tls(ca.server_context("localhost"))
        for reply in (PIPELINED, "235 2.7.0 welcome"):
            line = wire.read_line()
            early.extend([line] if wire.has_more else [])
            wire.send(reply)
        assert wire.read_line().startswith(b"MAIL")
        early.extend([] if wire.has_more else [b"MAIL"])

    with ScriptedServer(play) as server:
        access = access_to(
            host="localhost",
            port=server.port,
            encryption="starttls",
            ca_pem=ca.pem,
            username="anna",
            mechanism="plain",
            password=SecretValue("s3cret-and-long"),
        )
        Bench(port=0, path=tmp_path / "r", access=access).run(addresses(1))
    assert [] == early


def test_a_reply_too_many_ends_the_connection(tmp_path: Path) -> None:
    """Where the server says more than it was asked, its replies could not be told apart: nothing is handed over to it."""
    with ScriptedServer(polite({"EHLO": PIPELINED, "DATA": ["354 go\r\n250 taken", "354 go"]})) as server:
        bench = Bench(port=server.port, path=tmp_path / "r")
        bench.run(addresses(2))
        assert ["deferred", "accepted", "accepted"] == [
            each["outcome"] for each in bench.records() if each["outcome"] != "attempting"
        ]


def test_silence_after_a_refusal_leaves_no_reply_behind(tmp_path: Path) -> None:
    """A server that refuses the recipient and then says nothing loses the connection: a late reply fits nothing."""
    with ScriptedServer(
        polite({"EHLO": PIPELINED, "RCPT": ["550 5.1.1 no", "250 ok"], "DATA": [SILENCE, "354 go"]})
    ) as server:
        patience = Patience(opening_seconds=5, message_seconds=0.3, answer_seconds=5)
        bench = Bench(port=server.port, path=tmp_path / "r", patience=patience)
        bench.run(addresses(2))
        assert ["refused", "accepted"] == list(bench.outcomes().values())
        assert 2 == server.connections
