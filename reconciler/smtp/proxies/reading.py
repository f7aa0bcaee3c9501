"""``ProxyReader``: what a proxy says, read within the deadline, kept, and never an octet beyond what it says itself.

SMTP's server speaks first, and its greeting may arrive in one segment with the proxy's reply. So a reply whose length
is told beforehand is read by count, and one that ends at a blank line is looked at before it is taken.
"""

from __future__ import annotations

import contextlib
import re
import socket
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from reconciler.smtp.deadline import Deadline

_Read = TypeVar("_Read")
HTTP = b"HTTP/"
"""What every answer of an HTTP server begins with."""
_MAX_HEAD_OCTETS = 32 * 1024
_LOOK_OCTETS = 4096
_END = re.compile(rb"\r?\n\r?\n")
_LONGEST_END = 4
_PATIENCE_SECONDS = 5.0
_QUESTION = b"OPTIONS * HTTP/1.1\r\nHost: proxy.invalid\r\nConnection: close\r\n\r\n"
_SAMPLE_OCTETS = 256


class NotThisProxy(ConnectionAbortedError):
    """What was received cannot become an answer of the proxy that was declared; the rest is not waited for."""


class EndlessHead(ConnectionAbortedError):
    """A reply's head has more octets than any proxy sends."""


class ProxyReader:
    """Reads the answers of one proxy; ``received`` is what it said so far. Every read may raise ``OSError``."""

    def __init__(
        self,
        connected: socket.socket,
        deadline: Deadline,
        *,
        begins: bytes,
        on_silence: Callable[[Deadline], bytes] | None = None,
    ) -> None:
        """Read from a socket until a deadline; ``begins`` are the first octets of every answer.

        ``on_silence`` is asked once where the proxy does not begin to answer: what it returns counts as said.
        """
        self.received = bytearray()
        self._connected = connected
        self._deadline = deadline
        self._begins = begins
        self._on_silence = on_silence

    def exactly(self, count: int) -> bytes:
        """Return the next ``count`` octets."""
        octets = bytearray()
        while len(octets) < count:
            buffer = bytearray(count - len(octets))
            taken = self.into(buffer)
            if not taken:
                raise ConnectionResetError
            octets += buffer[:taken]
        return bytes(octets)

    def into(self, buffer: Any, *arguments: int) -> int:
        """Read into a buffer, as ``socket.recv_into`` does, which PySocks calls."""
        count = self._waiting(lambda: socket.socket.recv_into(self._connected, buffer, *arguments))
        self._keep(bytes(memoryview(buffer)[:count]))
        return count

    def head(self) -> bytes:
        """Return one reply's head, blank line included, and take not one octet of what follows it."""
        self.received.clear()
        while True:
            seen = self._waiting(lambda: self._connected.recv(_LOOK_OCTETS, socket.MSG_PEEK))
            if not seen:
                raise ConnectionResetError
            known = len(self.received)
            together = bytes(self.received) + seen
            end = _END.search(together, max(0, known - _LONGEST_END))
            self._connected.recv((end.end() if end else len(together)) - known)
            self._keep(together[known : end.end() if end else None])
            if end:
                return bytes(self.received)
            if len(self.received) > _MAX_HEAD_OCTETS:
                raise EndlessHead

    def _keep(self, octets: bytes) -> None:
        self.received += octets
        if not self._begins.startswith(self.received[: len(self._begins)]):
            raise NotThisProxy

    def _waiting(self, read: Callable[[], _Read]) -> _Read:
        """Return what is read until the deadline; where nothing comes for a while, look a second time, once."""
        look, self._on_silence = self._on_silence, None
        if look is not None:
            self._connected.settimeout(min(_PATIENCE_SECONDS, self._deadline.remaining_seconds() / 3))
            with contextlib.suppress(TimeoutError):
                return read()
            self._keep(look(self._deadline))
        self._connected.settimeout(self._deadline.remaining_seconds())
        return read()


def spoken_http(address: str, port: int, deadline: Deadline) -> bytes:
    """Return how the port answers a question in HTTP, asked over another connection; nothing where it does not.

    An HTTP server waits for the end of a line, which SOCKS never sends, so it keeps silent like a dead one. The
    question holds no login and no host.
    """
    try:
        seconds = min(_PATIENCE_SECONDS, deadline.remaining_seconds() / 2)
        with socket.create_connection((address, port), timeout=seconds) as asking:
            asking.sendall(_QUESTION)
            answer = asking.recv(_SAMPLE_OCTETS)
    except OSError:
        return b""
    return answer.partition(b"\r\n")[0] if answer.startswith(HTTP) else b""
