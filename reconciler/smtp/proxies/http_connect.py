"""HTTP CONNECT: RFC 9110 sections 9.3.6 and 15, RFC 9112 section 4, RFC 7617 (Basic).

SMTP's server speaks first, and its greeting may arrive in one segment with the proxy's reply. So the reply is looked
at before it is taken from the socket, and taken exactly up to its blank line.
"""

from __future__ import annotations

import contextlib
import re
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reconciler.smtp.proxies.passage import basic_credential

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reconciler.smtp.deadline import Deadline
    from reconciler.smtp.faults import SmtpFault
    from reconciler.smtp.proxies.passage import Passage

_MAX_HEAD_OCTETS = 32 * 1024
_LOOK_OCTETS = 4096
_MAX_INTERIM_REPLIES = 8
_PROTOCOL = b"HTTP/"
_END = re.compile(rb"\r?\n\r?\n")
_LONGEST_END = 4
_STATUS_LINE = re.compile(rb"HTTP/[0-9.]{1,8} ([1-9][0-9]{2})(?: (.*))?\Z")
_CHALLENGE = re.compile(rb"(?:proxy|www)-authenticate:[ \t]*(.*)", re.IGNORECASE)
_SCHEME_BASIC = re.compile(rb"(?:\A|,)[ \t]*basic\b", re.IGNORECASE)

_LOGIN_CODES = frozenset({401, 407})
"""tinyproxy says 401 where 407 is right."""
_TEMPORARY_CODES = frozenset({408, 429})
_FORBIDDEN, _SERVER_FAULTS = 403, 500


@dataclass(frozen=True, slots=True)
class _Head:
    """A reply without its body: status code, what is said beside it, and the schemes it would take a login by."""

    status: int
    words: bytes
    challenges: Sequence[bytes]

    @property
    def said(self) -> bytes:
        return f"{self.status} ".encode() + self.words


def ask_http(passage: Passage, address: str, seconds: float, deadline: Deadline) -> socket.socket:
    """Connect to the proxy's address and ask for the passage; as ``dialing.Asking`` says."""
    request = _request(passage)
    connected = socket.create_connection((address, passage.proxy.port), timeout=seconds)
    with contextlib.ExitStack() as closing:
        closing.callback(connected.close)
        head = _exchange(connected, request, passage, deadline)
        if not 200 <= head.status < 300:  # noqa: PLR2004 - the class of success
            raise _refusal(head, passage)
        closing.pop_all()
    return connected


def _request(passage: Passage) -> bytes:
    host = f"[{passage.host}]" if ":" in passage.host else passage.host
    place = f"{host}:{passage.port}".encode("ascii")
    lines = [b"CONNECT " + place + b" HTTP/1.1", b"Host: " + place]
    username = passage.proxy.username
    if username is not None and passage.password is not None:
        lines.append(b"Proxy-Authorization: Basic " + basic_credential(username, passage.password))
    return b"\r\n".join([*lines, b"", b""])


def _exchange(connected: socket.socket, request: bytes, passage: Passage, deadline: Deadline) -> _Head:
    """Send the request and return the head of the final reply; interim replies (1xx) say nothing."""
    received = bytearray()
    try:
        connected.settimeout(deadline.remaining_seconds())
        connected.sendall(request)
        for _ in range(_MAX_INTERIM_REPLIES):
            received.clear()
            head = _parsed(_read_head(connected, received, passage, deadline), passage)
            if head.status >= 200:  # noqa: PLR2004 - below are the interim ones
                return head
    except TimeoutError:
        if received:
            raise passage.fault("proxyTimedOut", said=bytes(received)) from None
        raise passage.fault("noAnswerThroughProxy", "connect") from None
    except OSError:
        raise passage.fault("proxyConnectionLost", said=bytes(received)) from None
    raise passage.fault("notAProxy", said=bytes(received))


def _read_head(connected: socket.socket, received: bytearray, passage: Passage, deadline: Deadline) -> bytes:
    """Take one reply's head from the socket, blank line included, and not one octet of what follows it.

    ``received`` is what was taken so far, for whoever must tell why there was no more.
    """
    while True:
        connected.settimeout(deadline.remaining_seconds())
        seen = connected.recv(_LOOK_OCTETS, socket.MSG_PEEK)
        if not seen:
            raise ConnectionResetError
        known = len(received)
        received += seen
        end = _END.search(received, max(0, known - _LONGEST_END))
        wanted = end.end() - known if end else len(seen)
        connected.recv(wanted)
        del received[known + wanted :]
        _refuse_early(received, passage)
        if end:
            return bytes(received)


def _refuse_early(received: bytearray, passage: Passage) -> None:
    """Give up on what can no longer become the head of a reply, rather than wait for its end."""
    if not _PROTOCOL.startswith(received[: len(_PROTOCOL)]):
        is_socks = received[0] in {0, 4, 5}
        raise passage.fault("notAProxy", said=bytes(received), variant="socks" if is_socks else "")
    if len(received) > _MAX_HEAD_OCTETS:
        raise passage.fault("notAProxy", said=bytes(received), variant="endless")


def _parsed(head: bytes, passage: Passage) -> _Head:
    status_line, *fields = re.split(rb"\r?\n", head)
    found = _STATUS_LINE.match(status_line)
    if found is None:
        raise passage.fault("notAProxy", said=status_line)
    challenges = [challenge.group(1) for field in fields if (challenge := _CHALLENGE.match(field))]
    return _Head(int(found.group(1)), found.group(2) or b"", challenges)


def _refusal(head: _Head, passage: Passage) -> SmtpFault:
    if head.status in _LOGIN_CODES:
        return _login_refusal(head, passage)
    if head.status == _FORBIDDEN:
        return passage.fault("proxyForbids", "connect", said=head.said)
    if head.status >= _SERVER_FAULTS or head.status in _TEMPORARY_CODES:
        return passage.fault("proxyCannotConnect", "connect", said=head.said)
    return passage.fault("proxyRequestRefused", "connect", said=head.said)


def _login_refusal(head: _Head, passage: Passage) -> SmtpFault:
    if passage.proxy.username is None:
        return passage.fault("proxyLoginRequired", said=head.said)
    if head.challenges and not any(_SCHEME_BASIC.search(challenge) for challenge in head.challenges):
        return passage.fault("proxyLoginUnsupported", said=b", ".join(head.challenges))
    return passage.fault("proxyLoginRejected", said=head.said)
