"""The tests' own mail server leaves nothing behind: what it left would fail some later test, now and then."""

from __future__ import annotations

import gc
import socket
import threading
import warnings
from contextlib import ExitStack, closing, suppress
from typing import TYPE_CHECKING

import pytest

from tests.support.certificates import TestCA
from tests.support.mailserver import MailServer

if TYPE_CHECKING:
    from tests.support.mailserver import Encryption


@pytest.mark.parametrize(
    ("encryption", "read"), [("none", b""), ("none", b"220"), ("starttls", b""), ("starttls", b"220"), ("tls", b"")]
)
def test_a_server_that_stops_gives_every_socket_back(
    monkeypatch: pytest.MonkeyPatch, encryption: Encryption, read: bytes
) -> None:
    """However far a connection has come: only just taken, within a handshake, or within a conversation."""
    context = TestCA().server_context()
    left: list[object] = []
    monkeypatch.setattr("sys.unraisablehook", lambda unraisable: left.append(unraisable.exc_value))
    with warnings.catch_warnings():
        warnings.simplefilter("error", ResourceWarning)
        for _again in range(10):
            with (
                ExitStack() as clients,
                MailServer(encryption=encryption, tls_context=context) as server,
            ):
                for _client in range(3):
                    client = clients.enter_context(closing(socket.create_connection(("127.0.0.1", server.port))))
                    assert client.recv(len(read)) == read
        gc.collect()
    assert left == []


def test_what_connects_as_it_stops_is_given_back_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that goes on connecting until nobody listens."""
    left: list[object] = []
    monkeypatch.setattr("sys.unraisablehook", lambda unraisable: left.append(unraisable.exc_value))
    with warnings.catch_warnings():
        warnings.simplefilter("error", ResourceWarning)
        for _again in range(30):
            with ExitStack() as clients:
                is_knocking = threading.Event()
                with MailServer(encryption="none") as server:
                    knocking = threading.Thread(target=_knock, args=(server.port, clients, is_knocking))
                    knocking.start()
                    assert is_knocking.wait(10)
                knocking.join()
        gc.collect()
    assert left == []


def _knock(port: int, clients: ExitStack, is_knocking: threading.Event) -> None:
    with suppress(OSError):
        while True:
            clients.enter_context(closing(socket.create_connection(("127.0.0.1", port), timeout=10)))
            is_knocking.set()
