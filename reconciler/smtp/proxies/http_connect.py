"""HTTP CONNECT: RFC 9110 sections 9.3.6 and 15, RFC 9112 section 4, RFC 7617 (Basic).

Where the reply says that the proxy found no such host, that is told: by status 404, as Privoxy answers, by the error of
``Proxy-Status`` (RFC 9209 section 2.3.2) or of Squid's own field, or by the words beside the status.
"""

from __future__ import annotations

import contextlib
import re
import socket
from typing import TYPE_CHECKING

from reconciler.classes import dataclass
from reconciler.smtp.proxies.passage import basic_credential, speaks_tls
from reconciler.smtp.proxies.reading import HTTP, EndlessHead, NotThisProxy, ProxyReader

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reconciler.smtp.deadline import Deadline
    from reconciler.smtp.faults import SmtpFault
    from reconciler.smtp.proxies.passage import Passage

_MAX_INTERIM_REPLIES = 8
_STATUS_LINE = re.compile(rb"HTTP/[0-9.]{1,8} ([1-9][0-9]{2})(?: (.*))?\Z")
_CHALLENGE = re.compile(rb"(?:proxy|www)-authenticate:[ \t]*(.*)", re.IGNORECASE)
_OWN_LOGIN = re.compile(rb"(\r\nProxy-Authorization: Basic )[^\r\n]*")
_SCHEME_BASIC = re.compile(rb"(?:\A|,)[ \t]*basic\b", re.IGNORECASE)

_LOGIN_CODES = frozenset({401, 407})
"""tinyproxy says 401 where 407 is right."""
_TEMPORARY_CODES = frozenset({408, 429})
_FORBIDDEN, _NOT_FOUND, _SERVER_FAULTS, _NOT_IMPLEMENTED = 403, 404, 500, 501
_NO_SUCH_HOST = re.compile(
    rb"no such (?:domain|host)|unknown host|(?:host|domain|name|service)\b.{0,30}not (?:be )?(?:found|resolved|known)|resolv|\bdns\b|ENOTFOUND|nodename",
    re.IGNORECASE,
)
_CAUSES = (
    (
        rb"proxy-status:.*\berror=\"?connection_refused\b|x-squid-error:[ \t]*ERR_CONNECT_FAIL 111\b",
        "connectionRefused",
    ),
    (
        rb"proxy-status:.*\berror=\"?destination_ip_unroutable\b|x-squid-error:[ \t]*ERR_CONNECT_FAIL (?:101|113)\b",
        "unreachable",
    ),
    (rb"proxy-status:.*\berror=\"?destination_ip_prohibited\b|x-squid-error:[ \t]*ERR_ACCESS_DENIED\b", "proxyForbids"),
    (
        rb"proxy-status:.*\berror=\"?(?:connection_timeout|destination_unavailable)\b|x-squid-error:[ \t]*ERR_CONNECT_FAIL 110\b",
        "unanswered",
    ),
)
"""What a proxy says in a field of how it failed: RFC 9209 section 2.3; Squid adds Linux's number of the error."""
_NO_SUCH_HOST_FIELD = re.compile(
    rb"proxy-status:.*\berror=\"?dns_error\b|x-squid-error:[ \t]*ERR_DNS_FAIL", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class _Head:
    """A reply without its body: status code, what is said beside it, and the schemes it would take a login by."""

    status: int
    words: bytes
    challenges: Sequence[bytes]
    names_no_host: bool
    """Whether it says that there is no host of the name."""
    cause: str
    """What its fields say of how it failed; empty: nothing."""

    @property
    def said(self) -> bytes:
        return f"{self.status} ".encode() + self.words


def ask_http(passage: Passage, address: str, seconds: float, deadline: Deadline) -> socket.socket:
    """Connect to the proxy's address and ask for the passage; as ``dialing.Asking`` says."""
    host = f"[{passage.host}]" if ":" in passage.host else passage.host
    place = f"{host}:{passage.port}".encode("ascii")
    lines = [b"CONNECT " + place + b" HTTP/1.1", b"Host: " + place]
    username = passage.proxy.username
    if username is not None and passage.password is not None:
        lines.append(b"Proxy-Authorization: Basic " + basic_credential(username, passage.password))
    request = b"\r\n".join([*lines, b"", b""])
    connected = socket.create_connection((address, passage.proxy.port), timeout=seconds)
    with contextlib.ExitStack() as closing:
        closing.callback(connected.close)
        head = _exchange(connected, request, passage, deadline)
        if not 200 <= head.status < 300:  # noqa: PLR2004 - the class of success
            raise _refusal(head, passage)
        closing.pop_all()
    return connected


def _exchange(connected: socket.socket, request: bytes, passage: Passage, deadline: Deadline) -> _Head:
    """Send the request and return the head of the final reply; interim replies (1xx) say nothing."""
    reader = ProxyReader(connected, deadline, begins=HTTP)
    try:
        connected.settimeout(deadline.remaining_seconds())
        passage.wire.sent(_OWN_LOGIN.sub(rb"\1***", request).removesuffix(b"\r\n"))
        connected.sendall(request)
        for _ in range(_MAX_INTERIM_REPLIES):
            said = reader.head()
            passage.wire.heard(said)
            head = _parsed(said, passage)
            if head.status >= 200:  # noqa: PLR2004 - below are the interim ones
                return head
    except OSError as refusal:
        raise _broken_off(refusal, bytes(reader.received), passage) from None
    raise passage.fault("notAProxy", said=bytes(reader.received))


def _broken_off(refusal: OSError, received: bytes, passage: Passage) -> SmtpFault:
    """Return the fault of a reply that does not come to its end."""
    if isinstance(refusal, NotThisProxy):
        other = "socks" if received[0] in {0, 4, 5} else ""
        return passage.fault("notAProxy", said=received, variant="tls" if speaks_tls(received) else other)
    if isinstance(refusal, EndlessHead):
        return passage.fault("notAProxy", said=received, variant="endless")
    if not isinstance(refusal, TimeoutError):
        return passage.fault("proxyConnectionLost", said=received, variant="" if received else "silent")
    if received:
        return passage.fault("proxyTimedOut", said=received)
    return passage.fault("noAnswerThroughProxy", "connect")


def _parsed(head: bytes, passage: Passage) -> _Head:
    status_line, *fields = re.split(rb"\r?\n", head)
    found = _STATUS_LINE.match(status_line)
    if found is None:
        raise passage.fault("notAProxy", said=status_line)
    challenges = [challenge.group(1) for field in fields if (challenge := _CHALLENGE.match(field))]
    status, words = int(found.group(1)), found.group(2) or b""
    is_told = _NO_SUCH_HOST.search(words) or any(_NO_SUCH_HOST_FIELD.match(field) for field in fields)
    causes = (name for cause, name in _CAUSES if any(re.match(cause, field, re.IGNORECASE) for field in fields))
    return _Head(status, words, challenges, status == _NOT_FOUND or bool(is_told), next(causes, ""))


def _refusal(head: _Head, passage: Passage) -> SmtpFault:
    if head.status in _LOGIN_CODES:
        if head.challenges and not any(_SCHEME_BASIC.search(challenge) for challenge in head.challenges):
            return passage.fault("proxyLoginUnsupported", said=b", ".join(head.challenges))
        if passage.proxy.username is None:
            return passage.fault("proxyLoginRequired", said=head.said)
        return passage.fault("proxyLoginRejected", said=head.said)
    if head.status == _NOT_IMPLEMENTED:
        return passage.fault("notAProxy", said=head.said, variant="noConnect")
    code, variant = _meaning(head)
    return passage.fault(code, "connect", said=head.said, **({"variant": variant} if variant else {}))


def _meaning(head: _Head) -> tuple[str, str]:
    """Return the code and the sentence's variant of a passage that is refused, or that leads nowhere."""
    if head.names_no_host and head.status != _FORBIDDEN:
        return "proxyCannotConnect", "noSuchHost"
    if head.cause == "unanswered":
        return "proxyCannotConnect", "unanswered"
    if head.cause or head.status == _FORBIDDEN:
        return head.cause or "proxyForbids", "proxied"
    is_trouble = head.status >= _SERVER_FAULTS or head.status in _TEMPORARY_CODES
    return ("proxyCannotConnect" if is_trouble else "proxyRequestRefused"), ""
