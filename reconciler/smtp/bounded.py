"""Reading and writing over TLS with an end: a deadline for each wait, and a greatest size for all that comes."""

from __future__ import annotations

import functools
import io
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    import socket
    import ssl
    from collections.abc import Iterator
    from http.client import HTTPResponse

    from reconciler.smtp.deadline import Deadline


_SWITCHING = 101
"""The interim answer after which another protocol is spoken, so that no other answer follows."""


class TooLong(Exception):
    """What comes is over its greatest size."""


class Incoming(io.RawIOBase):
    """What comes over a socket, each wait bounded by the deadline and the whole by a size."""

    def __init__(self, connected: ssl.SSLSocket, deadline: Deadline, *, max_octets: int) -> None:
        """Begin to count."""
        self._socket = connected
        self._deadline = deadline
        self._max_octets = max_octets
        self._octets = 0

    def readable(self) -> bool:
        """Tell that it is read from."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override] # what BufferedReader hands in
        """Read once; raise ``TimeoutError``, another ``OSError``, or ``TooLong``."""
        self._socket.settimeout(self._deadline.remaining_seconds())
        count = self._socket.recv_into(buffer)
        self._octets += count
        if self._octets > self._max_octets:
            raise TooLong
        return count

    @functools.cached_property
    def _buffered(self) -> io.BufferedReader:
        return io.BufferedReader(self)

    def makefile(self, _mode: str) -> io.BufferedReader:
        """Return what ``http.client`` reads from, always the same; it asks a socket for it by this name."""
        return self._buffered


@contextmanager
def final_response(incoming: Incoming, *, method: str) -> Iterator[HTTPResponse]:
    """Give the answer to a request, its head read: the first that is not an interim one, RFC 9110 section 15.2.

    Interim answers (1xx, such as 103 Early Hints, RFC 8297) come before it and say nothing of it; ``http.client`` passes
    over 100 alone. Raise ``OSError``, ``TooLong``, ``http.client.HTTPException``.
    """
    import http.client

    while True:
        response = http.client.HTTPResponse(cast("socket.socket", incoming), method=method)
        # Closed before what it reads from: its finalizer would flush that.
        with closing(response):
            response.begin()
            if not 100 <= response.status < 200 or response.status == _SWITCHING:  # noqa: PLR2004 - the class of interim answers
                yield response
                return
            response.fp = None  # type: ignore[assignment] # or it would close what the next answer is read from


def send_all(connected: ssl.SSLSocket, octets: bytes, deadline: Deadline) -> None:
    """Send everything; raise ``OSError``, and ``TimeoutError`` once the time is up."""
    rest = memoryview(octets)
    while rest:
        connected.settimeout(deadline.remaining_seconds())
        rest = rest[connected.send(rest) :]
