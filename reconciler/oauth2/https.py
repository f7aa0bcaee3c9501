"""One POST over HTTPS, with an end: the deadline holds for all of it, and the answer has a greatest size.

The connection comes from ``smtp.dial``, so that the same addresses are never contacted, and certificates are always
verified. ``http.client`` reads the answer; it knows no deadline, so what it reads from does.
"""

from __future__ import annotations

import contextlib
import io
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from reconciler.smtp.dial import DirectDialer
from reconciler.smtp.faults import SmtpFault
from reconciler.smtp.replies import clean
from reconciler.smtp.tls import reason_of, verifying_context

if TYPE_CHECKING:
    import socket

    from reconciler.oauth2.request import Endpoint
    from reconciler.smtp.deadline import Deadline
    from reconciler.smtp.lookup import Resolver

_MAX_OCTETS = 64 * 1024
"""Of the whole answer, its head included; tokens take some thousand octets."""
_LATE = "it did not finish its answer within the account's time limit"
_BROKEN_OFF = "it closed the connection before its answer was complete"
_UNREACHED = {
    "nameLookupFailed": "the name servers could not be asked about it",
    "connectionRefused": "it refused the connection",
    "unreachable": "there is no way through the network to it",
    "timedOut": "it did not take the connection within the account's time limit",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer, as it came."""

    status: int
    content: bytes
    location: str | None
    """Where a redirect leads; it is not followed."""


class _TooLong(Exception):
    """The answer is over its greatest size."""


class _Incoming(io.RawIOBase):
    """What comes over a socket, each wait bounded by the deadline and the whole by a size."""

    def __init__(self, connected: ssl.SSLSocket, deadline: Deadline) -> None:
        self._socket = connected
        self._deadline = deadline
        self._octets = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override] # what BufferedReader hands in
        self._socket.settimeout(self._deadline.remaining_seconds())
        count = self._socket.recv_into(buffer)
        self._octets += count
        if self._octets > _MAX_OCTETS:
            raise _TooLong
        return count

    def makefile(self, _mode: str) -> io.BufferedReader:
        """Return what ``http.client`` reads from; it asks a socket for it by this name."""
        return io.BufferedReader(self)


def post_form(endpoint: Endpoint, form: bytes, *, deadline: Deadline, resolver: Resolver | None = None) -> Answer:
    """Send a form and return the answer, redirects included; raise ``SmtpFault`` of step auth where none comes."""
    connected = _connect(endpoint, deadline, resolver)
    try:
        with _encrypt(connected, endpoint, deadline) as wrapped:
            _send(wrapped, _request(endpoint, form), deadline)
            return _read(wrapped, endpoint, deadline)
    except _TooLong:
        raise endpoint.fault("tokenResponseInvalid", reason="it is longer than 64 KiB") from None
    except TimeoutError:
        raise endpoint.fault("tokenEndpointUnreachable", reason=_LATE) from None
    except OSError:
        raise endpoint.fault("tokenEndpointUnreachable", reason=_BROKEN_OFF) from None


def _connect(endpoint: Endpoint, deadline: Deadline, resolver: Resolver | None) -> socket.socket:
    try:
        return DirectDialer(endpoint.host, endpoint.port, resolver=resolver).connect(deadline).socket
    except SmtpFault as fault:
        if fault.code == "hostNotFound":
            raise endpoint.fault("tokenHostNotFound") from None
        if fault.code == "forbiddenAddress":
            raise endpoint.fault("tokenHostForbidden", **fault.facts, variant="address") from None
        raise endpoint.fault("tokenEndpointUnreachable", reason=_UNREACHED[fault.code]) from None


def _encrypt(connected: socket.socket, endpoint: Endpoint, deadline: Deadline) -> ssl.SSLSocket:
    with contextlib.ExitStack() as on_failure:
        on_failure.callback(connected.close)
        try:
            wrapped = verifying_context(None).wrap_socket(
                connected, server_hostname=endpoint.host, do_handshake_on_connect=False
            )
            on_failure.callback(wrapped.close)
            wrapped.settimeout(deadline.remaining_seconds())
            wrapped.do_handshake()
        except ssl.SSLCertVerificationError as refusal:
            reason = clean(refusal.verify_message.encode())
            raise endpoint.fault("tokenCertificateInvalid", reason=reason) from None
        except (ssl.SSLEOFError, ssl.SSLZeroReturnError):
            raise ConnectionResetError from None
        except ssl.SSLError as refusal:
            raise endpoint.fault("tokenTlsFailed", reason=reason_of(refusal)) from None
        on_failure.pop_all()
        return wrapped


def _request(endpoint: Endpoint, form: bytes) -> bytes:
    head = (
        f"POST {endpoint.target} HTTP/1.1",
        f"Host: {endpoint.authority}",
        "User-Agent: reconciler",
        "Accept: application/json",
        "Accept-Encoding: identity",
        "Content-Type: application/x-www-form-urlencoded",
        f"Content-Length: {len(form)}",
        "Connection: close",
    )
    return "".join(f"{line}\r\n" for line in (*head, "")).encode("ascii") + form


def _send(wrapped: ssl.SSLSocket, octets: bytes, deadline: Deadline) -> None:
    rest = memoryview(octets)
    while rest:
        wrapped.settimeout(deadline.remaining_seconds())
        rest = rest[wrapped.send(rest) :]


def _read(wrapped: ssl.SSLSocket, endpoint: Endpoint, deadline: Deadline) -> Answer:
    import http.client

    response = http.client.HTTPResponse(cast("socket.socket", _Incoming(wrapped, deadline)), method="POST")
    try:
        response.begin()
        if response.getheader("Content-Encoding", "identity").strip().lower() != "identity":
            raise endpoint.fault("tokenResponseInvalid", reason="it is compressed, which was not asked for")
        return Answer(response.status, response.read(), response.getheader("Location"))
    except OSError:
        raise
    except http.client.IncompleteRead:
        raise endpoint.fault("tokenEndpointUnreachable", reason=_BROKEN_OFF) from None
    except (http.client.HTTPException, ValueError):
        raise endpoint.fault("tokenResponseInvalid", reason="it does not follow HTTP") from None
    finally:
        response.close()
