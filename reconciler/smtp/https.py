"""One request over HTTPS, with an end: the deadline holds for all of it, and the answer has a greatest size.

The connection is one of ``dial``, so the same addresses are never contacted, and certificates are always verified.
``http.client`` reads the answer; it knows no deadline, so what it reads from does.
"""

from __future__ import annotations

import ssl
from contextlib import contextmanager
from typing import TYPE_CHECKING

from reconciler.classes import FrozenByName, dataclass
from reconciler.events import somebody_listens
from reconciler.smtp.bounded import Incoming, final_response, send_all
from reconciler.smtp.tls import facts_of, web_context

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from reconciler.smtp.deadline import Deadline
    from reconciler.smtp.dial import Connection

MAX_OCTETS = 64 * 1024
"""Of a whole answer, its head included."""


class NotHttp(Exception):
    """What came is no answer of HTTP."""


class Request(FrozenByName):
    """A request for one answer, after which the connection ends."""

    method: str
    host: str
    """Whose certificate is demanded."""
    target: str
    authority: str
    accept: str
    form: bytes | None = None

    @property
    def head(self) -> bytes:
        """The octets before the form."""
        lines = [
            f"{self.method} {self.target} HTTP/1.1",
            f"Host: {self.authority}",
            "User-Agent: reconciler",
            f"Accept: {self.accept}",
            "Accept-Encoding: identity",
        ]
        if self.form is not None:
            lines += ["Content-Type: application/x-www-form-urlencoded", f"Content-Length: {len(self.form)}"]
        return "".join(f"{line}\r\n" for line in (*lines, "Connection: close", "")).encode("ascii")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An HTTP answer, as it came."""

    status: int
    content: bytes
    location: str | None = None
    """Where a redirect leads; it is not followed."""
    media_type: str = ""
    encoding: str = "identity"


def ask(
    connection: Connection, request: Request, deadline: Deadline, *, shown_form: bytes, show: Callable[[Answer], bytes]
) -> Answer:
    """Send a request and return the answer; what listeners see of both is ``shown_form``, and what ``show`` returns.

    Raise ``ssl.SSLError`` where no TLS is agreed upon, ``TimeoutError``, another ``OSError`` where the connection breaks
    off, ``TooLong``, ``NotHttp``.
    """
    wire = connection.wire
    with _encrypted(connection, request.host, deadline) as encrypted:
        if somebody_listens():
            wire.agreed(*facts_of(encrypted, is_verified=True).told)
        wire.sent(request.head + shown_form)
        send_all(encrypted, request.head + (request.form or b""), deadline)
        answer = _read(encrypted, request.method, deadline)
        wire.heard(show(answer))
        return answer


@contextmanager
def _encrypted(connection: Connection, host: str, deadline: Deadline) -> Iterator[ssl.SSLSocket]:
    """Give the connection once TLS is agreed upon, and close it in the end; a server that hangs up has broken off."""
    with connection.socket as connected:
        try:
            with web_context().wrap_socket(connected, server_hostname=host, do_handshake_on_connect=False) as wrapped:
                wrapped.settimeout(deadline.remaining_seconds())
                wrapped.do_handshake()
                yield wrapped
        except (ssl.SSLEOFError, ssl.SSLZeroReturnError):
            raise ConnectionResetError from None


def _read(encrypted: ssl.SSLSocket, method: str, deadline: Deadline) -> Answer:
    import http.client

    incoming = Incoming(encrypted, deadline, max_octets=MAX_OCTETS)
    try:
        with final_response(incoming, method=method) as response:
            return Answer(
                status=response.status,
                content=response.read(),
                location=response.getheader("Location"),
                media_type=response.getheader("Content-Type", "").partition(";")[0].strip().lower(),
                encoding=response.getheader("Content-Encoding", "identity").strip().lower(),
            )
    except OSError:
        raise
    except http.client.IncompleteRead:
        raise ConnectionResetError from None
    except (http.client.HTTPException, ValueError):
        raise NotHttp from None
    finally:
        incoming.close()
