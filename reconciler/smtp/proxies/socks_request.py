"""SOCKS5 (RFC 1928, RFC 1929), SOCKS4 and 4a, asked by PySocks over a socket whose reads heed the deadline.

PySocks tells what went wrong as text, and a socket's timeout bounds one read only. So the socket keeps what the proxy
said, a few octets in these protocols, and the verdict is made from that.
"""

from __future__ import annotations

import contextlib
import re
import socket
from typing import TYPE_CHECKING, Any

import socks

from reconciler.smtp.proxies.passage import MAX_SOCKS5_OCTETS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reconciler.model.verification.evidence import CheckName
    from reconciler.smtp.deadline import Deadline
    from reconciler.smtp.faults import SmtpFault
    from reconciler.smtp.proxies.passage import Passage

_KINDS = {"socks5": (socks.SOCKS5, b"\x05"), "socks4": (socks.SOCKS4, b"\x00")}
"""PySocks' constant, and the octet that every answer begins with; SOCKS4 answers with version 0."""
_NO_LOGIN, _LOGIN, _NO_METHOD, _LOGIN_VERSION = 0, 2, 0xFF, 1
_REPLY, _GRANTED = 2, 0

_SOCKS5_REFUSALS = {
    1: ("proxyCannotConnect", "general failure"),
    2: ("proxyForbids", "not allowed by ruleset"),
    3: ("unreachable", "network unreachable"),
    4: ("unreachable", "host unreachable"),
    5: ("connectionRefused", "connection refused"),
    6: ("unreachable", "TTL expired"),
    7: ("proxyRequestRefused", "command not supported"),
    8: ("proxyAddressUnsupported", "address type not supported"),
}
_SOCKS4_GRANTED = 90
_SOCKS4_REFUSALS: dict[int, tuple[str, CheckName, str]] = {
    91: ("proxyCannotConnect", "connect", "request rejected or failed"),
    92: ("proxyLoginRejected", "proxy", "no identd on this machine"),
    93: ("proxyLoginRejected", "proxy", "identd tells another user"),
}


class _BoundedSocket(socks.socksocket):  # type: ignore[misc] # PySocks is published without types
    """A socket whose every read ends at the deadline; ``received`` is what the proxy said.

    Whoever begins with anything but ``version`` is no proxy of the kind, and the rest is not waited for.
    """

    def __init__(self, family: int, version: bytes, deadline: Deadline) -> None:
        super().__init__(family, socket.SOCK_STREAM)
        self.received = bytearray()
        self._version = version
        self._deadline = deadline

    def recv_into(self, buffer: Any, *arguments: int) -> int:
        """Read within the time that is left."""
        socket.socket.settimeout(self, self._deadline.remaining_seconds())
        count = socket.socket.recv_into(self, buffer, *arguments)
        self.received += memoryview(buffer)[:count]
        if count and not self.received.startswith(self._version):
            raise ConnectionAbortedError
        return count


def ask_socks(passage: Passage, address: str, seconds: float, deadline: Deadline) -> socket.socket:
    """Connect to the proxy's address and ask for the passage; as ``dialing.Asking`` says."""
    if passage.proxy.type == "socks5" and len(passage.host) > MAX_SOCKS5_OCTETS:
        raise passage.fault("proxyAddressUnsupported", variant="long")
    username, password = passage.credential() or (b"", b"")
    kind, version = _KINDS[passage.proxy.type]
    connecting = _BoundedSocket(socket.AF_INET6 if ":" in address else socket.AF_INET, version, deadline)
    with contextlib.ExitStack() as closing:
        closing.callback(connecting.close)
        connecting.settimeout(seconds)
        connecting.set_proxy(kind, address, passage.proxy.port, True, username.decode(), password.decode())  # noqa: FBT003 - PySocks' signature
        try:
            connecting.connect((passage.host, passage.port))
        except socks.ProxyConnectionError as refusal:
            raise refusal.socket_err or OSError from None
        except OSError as refusal:
            raise _verdict(passage, bytes(connecting.received), _timed_out(refusal)) from None
        closing.pop_all()
    connected = socket.socket(fileno=connecting.detach())
    connected.settimeout(seconds)
    return connected


def _timed_out(refusal: OSError) -> bool:
    return isinstance(getattr(refusal, "socket_err", None), TimeoutError)


def _verdict(passage: Passage, received: bytes, timed_out: bool) -> SmtpFault:  # noqa: FBT001 - one fact among facts
    judge = _judge_socks5 if passage.proxy.type == "socks5" else _judge_socks4
    return judge(passage, received, "proxyTimedOut" if timed_out else "proxyConnectionLost")


def _judge_socks5(passage: Passage, received: bytes, end: str) -> SmtpFault:
    """Return the fault that follows from what was received before the end: method, login, reply, in this order."""
    if received[:1] not in {b"", b"\x05"}:
        return _not_socks(passage, received)
    if len(received) < _REPLY:
        return passage.fault(end)
    method, rest = received[1], received[2:]
    if method == _NO_LOGIN:
        return _judge_reply(passage, rest, end)
    if method == _LOGIN and passage.proxy.username is not None:
        return _judge_login(passage, rest, end)
    if method in {_LOGIN, _NO_METHOD}:
        is_declared = passage.proxy.username is not None
        return passage.fault("proxyLoginUnsupported" if is_declared else "proxyLoginRequired")
    return _not_socks(passage, received)


def _judge_login(passage: Passage, answer: bytes, end: str) -> SmtpFault:
    """Return the fault of a login; to close without an answer is how some proxies refuse it (RFC 1929 section 2)."""
    if len(answer) < _REPLY and end == "proxyTimedOut":
        return passage.fault(end)
    if not answer:
        return passage.fault("proxyLoginRejected", variant="closed")
    if answer[0] != _LOGIN_VERSION:
        return _not_socks(passage, answer)
    if answer[1:2] != bytes([_GRANTED]):
        return passage.fault("proxyLoginRejected")
    return _judge_reply(passage, answer[2:], end)


def _judge_reply(passage: Passage, reply: bytes, end: str) -> SmtpFault:
    is_foreign = reply[:1] not in {b"", b"\x05"} or reply[3:4] not in {b"", b"\x01", b"\x03", b"\x04"}
    if is_foreign:
        return _not_socks(passage, reply)
    if len(reply) < _REPLY or reply[1] == _GRANTED:
        return passage.fault("noAnswerThroughProxy" if end == "proxyTimedOut" else end, "connect")
    code, meaning = _SOCKS5_REFUSALS.get(reply[1], ("proxyCannotConnect", "unknown reply"))
    return passage.fault(code, "connect", said=f"{reply[1]:02d} {meaning}", variant="proxied")


def _judge_socks4(passage: Passage, received: bytes, end: str) -> SmtpFault:
    if not received:
        if end == "proxyTimedOut":
            return passage.fault("noAnswerThroughProxy", "connect")
        return passage.fault(end)
    if received[0] != 0:
        return _not_socks(passage, received)
    if len(received) < _REPLY or received[1] == _SOCKS4_GRANTED:
        return passage.fault(end)
    if received[1] not in _SOCKS4_REFUSALS:
        return _not_socks(passage, received)
    code, step, meaning = _SOCKS4_REFUSALS[received[1]]
    is_name = re.search(r"[a-z]", passage.host) is not None
    return passage.fault(code, step, said=f"{received[1]} {meaning}", variant="socks4a" if is_name else "")


def _not_socks(passage: Passage, received: Sequence[int]) -> SmtpFault:
    octets = bytes(received)
    return passage.fault("notAProxy", said=octets, variant="http" if octets.startswith(b"HT") else "")
