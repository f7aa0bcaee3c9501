"""Servers that break the protocol on purpose: a listening socket, and a script for each connection.

    with ScriptedServer(polite({"RCPT": "450 4.2.0 greylisted"})) as server:
        ...  # connect to 127.0.0.1, server.port

Whatever a script raises because the client broke off ends that connection alone.
"""

from __future__ import annotations

import contextlib
import os
import socket
import ssl
import threading
from collections import Counter
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import TracebackType

    Script = Callable[["Wire"], None]
    """Plays one connection; the connection is closed when it returns."""

_LIFETIME_SECONDS = 20.0
CLOSE = ""
"""As a reply of ``polite``: close the connection instead."""
SILENCE = "…"
"""As a reply of ``polite``: say nothing more until the client closes."""

POLITE: Mapping[str, str] = {
    "GREETING": "220 test.example ready",
    "EHLO": "250-test.example\r\n250-8BITMIME\r\n250 AUTH PLAIN LOGIN",
    "HELO": "250 test.example",
    "STARTTLS": "220 go ahead",
    "AUTH": "235 2.7.0 welcome",
    "MAIL": "250 2.1.0 ok",
    "RCPT": "250 2.1.5 ok",
    "DATA": "354 go on",
    ".": "250 2.0.0 queued as 1234",
    "RSET": "250 2.0.0 ok",
    "QUIT": "221 2.0.0 bye",
    "RESPONSE": "334 UGFzc3dvcmQ6",
    "RESPONSE2": "235 2.7.0 welcome",
}
"""What a server that finds nothing wrong replies, by command.

"." is the reply after the final dot, RESPONSE to the answer to a challenge, CONTENT (none here) to the first line of a
message; a number after a command means the second, third … of its kind in one connection.
"""


class Wire:
    """The server's end of one connection."""

    def __init__(self, connected: socket.socket, server: ScriptedServer) -> None:
        """Take over a connection."""
        connected.settimeout(_LIFETIME_SECONDS)
        self._socket = connected
        self._server = server
        self._received = b""

    def send(self, text: str | bytes) -> None:
        """Send octets as they are, text with CR LF after it."""
        self._socket.sendall(text if isinstance(text, bytes) else text.encode() + b"\r\n")

    def read_line(self) -> bytes:
        """Return the client's next line without its end; ``ConnectionError`` once the client has closed."""
        while b"\n" not in self._received:
            octets = self._socket.recv(4096)
            if not octets:
                raise ConnectionResetError
            self._received += octets
        line, _, self._received = self._received.partition(b"\n")
        self._server.lines.append(line.rstrip(b"\r"))
        return line.rstrip(b"\r")

    @property
    def has_more(self) -> bool:
        """Whether the client has sent more than was read, as far as it has arrived together with that."""
        return bool(self._received)

    def read_octets(self, count: int) -> bytes:
        """Return the client's next octets, exactly ``count``; ``ConnectionError`` once the client has closed."""
        while len(self._received) < count:
            octets = self._socket.recv(4096)
            if not octets:
                raise ConnectionResetError
            self._received += octets
        taken, self._received = self._received[:count], self._received[count:]
        return taken

    def start_tls(self, context: ssl.SSLContext) -> None:
        """Do the server's half of the handshake and go on encrypted."""
        self._socket = context.wrap_socket(self._socket, server_side=True)

    def end_tls(self) -> None:
        """Say close_notify, which the client may answer."""
        if isinstance(self._socket, ssl.SSLSocket):
            self._socket.unwrap()

    def send_beneath_tls(self, octets: bytes) -> None:
        """Send octets past the encryption, as somebody on the way could."""
        with socket.socket(fileno=os.dup(self._socket.fileno())) as beneath:
            beneath.sendall(octets)

    def wait_for_close(self) -> None:
        """Say nothing more until the client closes or the server stops."""
        while self._socket.recv(4096):
            pass

    def wait_for_stop(self, seconds: float) -> bool:
        """Wait, and tell whether the server was stopped meanwhile: the pace of a server that drips."""
        return self._server.is_stopping.wait(seconds)

    def close(self) -> None:
        """Close the connection."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()


class ScriptedServer:
    """A server that plays a script for each connection, each in a thread of its own; on 127.0.0.1 and a free port."""

    def __init__(self, script: Script, *, host: str = "127.0.0.1", port: int = 0) -> None:
        """Keep the script; nothing listens yet."""
        self._script = script
        self._threads: list[threading.Thread] = []
        self._wires: list[Wire] = []
        self._listening = socket.socket()
        self.is_stopping = threading.Event()
        self.host = host
        self.port = port
        self.connections = 0
        self.lines: list[bytes] = []
        """Every line received, over all connections."""

    def received(self, verb: bytes) -> int:
        """Return how many lines began with a command."""
        return sum(line.upper().startswith(verb.upper()) for line in self.lines)

    def __enter__(self) -> Self:
        """Listen."""
        self._listening.bind((self.host, self.port))
        self._listening.listen(64)
        self.port = self._listening.getsockname()[1]
        self._threads.append(threading.Thread(target=self._accept, daemon=True))
        self._threads[0].start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close every connection and wait for the threads to end."""
        self.is_stopping.set()
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        for wire in self._wires:
            wire.close()
        for thread in self._threads:
            thread.join(_LIFETIME_SECONDS)

    def _accept(self) -> None:
        while not self.is_stopping.is_set():
            try:
                connected, _ = self._listening.accept()
            except OSError:
                return
            self.connections += 1
            wire = Wire(connected, self)
            self._wires.append(wire)
            thread = threading.Thread(target=self._play, args=(wire,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _play(self, wire: Wire) -> None:
        with contextlib.suppress(OSError):  # the client may break off at any moment
            self._script(wire)
        wire.close()


def polite(
    instead: Mapping[str, str | Sequence[str]] | None = None,
    *,
    tls_context: ssl.SSLContext | None = None,
    is_implicit: bool = False,
    charset: str = "utf-8",
) -> Script:
    """Return a script that replies as ``POLITE`` but for ``instead``; a reply of ``CLOSE`` closes.

    Several replies to one command are given in turn, over all connections; the last one stays. ``tls_context`` adds
    STARTTLS, or with ``is_implicit`` encrypts from the first byte. Letters that ``charset`` does not have are left out.
    """
    turns = {verb: [said] if isinstance(said, str) else list(said) for verb, said in (instead or {}).items()}
    replies = {**{verb: [said] for verb, said in POLITE.items()}, **turns}
    if tls_context is not None and not is_implicit and "EHLO" not in (instead or {}):
        replies["EHLO"] = ["250-test.example\r\n250-STARTTLS\r\n250 AUTH PLAIN LOGIN"]

    def play(wire: Wire) -> None:
        if tls_context is not None and is_implicit:
            wire.start_tls(tls_context)
        verb, counts, reply = "GREETING", Counter[str](), ""
        while verb != "QUIT" and (reply := _reply(replies, verb, counts)) not in {CLOSE, SILENCE}:
            wire.send(reply.encode(charset, "ignore") + b"\r\n")
            if verb == "STARTTLS" and tls_context is not None and reply.startswith("220"):
                wire.start_tls(tls_context)
            verb = _next_verb(wire, verb, reply, has_early_reply="CONTENT" in replies)
        if reply == SILENCE:
            wire.wait_for_close()

    return play


def _reply(replies: Mapping[str, list[str]], verb: str, counts: Counter[str]) -> str:
    counts[verb] += 1
    turns = replies.get(f"{verb}{counts[verb]}") or replies.get(verb) or ["500 5.5.1 what?"]
    return turns.pop(0) if len(turns) > 1 else turns[0]


def _next_verb(wire: Wire, verb: str, reply: str, *, has_early_reply: bool) -> str:
    if verb == "CONTENT" or (verb == "DATA" and reply.startswith("354")):
        while (line := wire.read_line()) != b".":
            if has_early_reply and verb == "DATA":
                return "CONTENT"
        return "."
    line = wire.read_line()
    if reply.startswith("334") and line != b"*":
        return "RESPONSE"
    return line.decode("ascii", "replace").partition(" ")[0].upper()
