"""SOCKS5 (RFC 1928) with or without a login (RFC 1929), asked by ourselves.

PySocks writes the length of a user name, a password or a host name wrongly from 128 octets on; the protocol has room
for 255 of each.
"""

from __future__ import annotations

import contextlib
import functools
import ipaddress
import socket
from typing import TYPE_CHECKING

from reconciler.smtp.proxies.passage import not_socks
from reconciler.smtp.proxies.reading import NotThisProxy, ProxyReader, spoken_http
from reconciler.smtp.wire import MASKED

if TYPE_CHECKING:
    from reconciler.smtp.deadline import Deadline
    from reconciler.smtp.faults import SmtpFault
    from reconciler.smtp.proxies.passage import Passage

_VERSION, _LOGIN_VERSION = b"\x05", b"\x01"
_CONNECT = b"\x05\x01\x00"
_NO_LOGIN, _LOGIN, _NO_METHOD, _GRANTED = 0, 2, 0xFF, 0
_IPV4, _NAME, _IPV6 = 1, 3, 4
_ADDRESS_OCTETS = {_IPV4: 4, _IPV6: 16}
_PORT_OCTETS = 2
_ANSWER, _REPLY_HEAD = 2, 4
"""Octets of the answers that choose a method and judge a login, and of a reply before its address."""

_REFUSALS = {
    1: ("proxyCannotConnect", "general failure"),
    2: ("proxyForbids", "not allowed by ruleset"),
    3: ("unreachable", "network unreachable"),
    4: ("unreachable", "host unreachable"),
    5: ("connectionRefused", "connection refused"),
    6: ("unreachable", "TTL expired"),
    7: ("proxyRequestRefused", "command not supported"),
    8: ("proxyAddressUnsupported", "address type not supported"),
}


def ask_socks5(passage: Passage, address: str, seconds: float, deadline: Deadline) -> socket.socket:
    """Connect to the proxy's address and ask for the passage; as ``dialing.Asking`` says."""
    credential = passage.credential()
    port = passage.proxy.port
    connected = socket.create_connection((address, port), timeout=seconds)
    look = functools.partial(spoken_http, address, port)
    reader = ProxyReader(connected, deadline, begins=_VERSION, on_silence=look)
    with contextlib.ExitStack() as closing:
        closing.callback(connected.close)
        try:
            connected.settimeout(deadline.remaining_seconds())
            _ask(connected, reader, passage, credential)
        except OSError as refusal:
            raise _judge(passage, bytes(reader.received), is_late=isinstance(refusal, TimeoutError)) from None
        closing.pop_all()
    return connected


def _ask(
    connected: socket.socket, reader: ProxyReader, passage: Passage, credential: tuple[bytes, bytes] | None
) -> None:
    """Agree on a method, log in where the proxy wants it, and ask; raise ``OSError`` as soon as an answer is no yes."""
    wire = passage.wire
    wire.sent(b"", shown=f"SOCKS5: {'no login' if credential is None else 'no login, or user name and password'}")
    connected.sendall(b"\x05\x01\x00" if credential is None else b"\x05\x02\x00\x02")
    method = reader.exactly(_ANSWER)[1]
    wire.heard(b"method %d" % method)
    if method == _LOGIN and credential is not None:
        wire.sent(b"", shown=f"user name {passage.proxy.username}, password {MASKED}")
        connected.sendall(_LOGIN_VERSION + _counted(credential[0]) + _counted(credential[1]))
        answer = reader.exactly(_ANSWER)
        wire.heard(b"login: %d" % answer[1])
        _require(answer == b"\x01\x00")
    else:
        _require(method == _NO_LOGIN)
    wire.sent(b"", shown=f"CONNECT {passage.host} {passage.port}")
    connected.sendall(_CONNECT + _place(passage.host) + passage.port.to_bytes(_PORT_OCTETS, "big"))
    version, granted, _, kind = reader.exactly(_REPLY_HEAD)
    wire.heard(b"reply %d" % granted)
    _require(bytes([version]) == _VERSION and granted == _GRANTED and kind in {_IPV4, _NAME, _IPV6})
    reader.exactly((_ADDRESS_OCTETS.get(kind) or reader.exactly(1)[0]) + _PORT_OCTETS)


def _require(answer: bool) -> None:  # noqa: FBT001 - what is required
    if not answer:
        raise NotThisProxy


def _place(host: str) -> bytes:
    """Return a host as a request has it: an address in octets, a name with its length before it."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return bytes([_NAME]) + _counted(host.encode("ascii"))
    return bytes([_IPV4 if address.version == 4 else _IPV6]) + address.packed  # noqa: PLR2004 - IPv4


def _counted(octets: bytes) -> bytes:
    return bytes([len(octets)]) + octets


def _judge(passage: Passage, received: bytes, *, is_late: bool) -> SmtpFault:
    """Return the fault that follows from what was received before the end: method, login, reply, in this order."""
    if received[:1] not in {b"", _VERSION}:
        return not_socks(passage, received)
    if len(received) < _ANSWER:
        variant = "" if received or is_late else "silent"
        return passage.fault("proxyTimedOut" if is_late else "proxyConnectionLost", variant=variant)
    method, rest = received[1], received[_ANSWER:]
    if method == _NO_LOGIN:
        return _judge_reply(passage, rest, is_late=is_late)
    if method == _LOGIN and passage.proxy.username is not None:
        return _judge_login(passage, rest, is_late=is_late)
    if method in {_LOGIN, _NO_METHOD}:
        is_declared = passage.proxy.username is not None
        return passage.fault("proxyLoginUnsupported" if is_declared else "proxyLoginRequired")
    return not_socks(passage, received)


def _judge_login(passage: Passage, answer: bytes, *, is_late: bool) -> SmtpFault:
    """Return the fault of a login; to close without an answer is how some proxies refuse it (RFC 1929 section 2)."""
    if len(answer) < _ANSWER and is_late:
        return passage.fault("proxyTimedOut")
    if not answer:
        return passage.fault("proxyLoginRejected", variant="closed")
    if not answer.startswith(_LOGIN_VERSION):
        return not_socks(passage, answer)
    if answer[1:2] != bytes([_GRANTED]):
        return passage.fault("proxyLoginRejected")
    return _judge_reply(passage, answer[_ANSWER:], is_late=is_late)


def _judge_reply(passage: Passage, reply: bytes, *, is_late: bool) -> SmtpFault:
    """Return the fault of a request that was sent; to close without a reply is how ``ssh -D`` tells of a failure."""
    is_foreign = reply[:1] not in {b"", _VERSION} or reply[3:4] not in {b"", b"\x01", b"\x03", b"\x04"}
    if is_foreign:
        return not_socks(passage, reply)
    if len(reply) < _ANSWER or reply[1] == _GRANTED:
        if is_late:
            return passage.fault("noAnswerThroughProxy", "connect")
        return passage.fault("proxyConnectionLost", "connect", variant="asked")
    code, meaning = _REFUSALS.get(reply[1], ("proxyCannotConnect", "unknown reply"))
    return passage.fault(code, "connect", said=f"{reply[1]:02d} {meaning}", variant="proxied")
