"""SOCKS4 and 4a, asked by PySocks over a socket whose reads are those of the one reader.

PySocks tells what went wrong as text, and a socket's timeout bounds one read only. So the reader keeps what the proxy
said, a few octets in this protocol, and the verdict is made from that.
"""

from __future__ import annotations

import contextlib
import functools
import re
import socket
from typing import TYPE_CHECKING, Any

import socks

from reconciler.smtp.proxies.passage import not_socks
from reconciler.smtp.proxies.reading import ProxyReader, spoken_http

if TYPE_CHECKING:
    from reconciler.model.verification.evidence import CheckName
    from reconciler.smtp.deadline import Deadline
    from reconciler.smtp.faults import SmtpFault
    from reconciler.smtp.proxies.passage import Passage

_ANSWER = b"\0"
"""What every answer begins with: not the version of the protocol."""
_GRANTED, _LENGTH = 90, 2
_REFUSALS: dict[int, tuple[str, CheckName, str]] = {
    91: ("proxyCannotConnect", "connect", "request rejected or failed"),
    92: ("proxyLoginRejected", "proxy", "no identd on this machine"),
    93: ("proxyLoginRejected", "proxy", "identd tells another user"),
}


class _ReadByReader(socks.socksocket):  # type: ignore[misc] # PySocks is published without types
    """A socket of PySocks that leaves reading to ``reader``."""

    reader: ProxyReader

    def recv_into(self, buffer: Any, *arguments: int) -> int:
        """Read as the reader does."""
        return self.reader.into(buffer, *arguments)


def ask_socks4(passage: Passage, address: str, seconds: float, deadline: Deadline) -> socket.socket:
    """Connect to the proxy's address and ask for the passage; as ``dialing.Asking`` says."""
    username, _ = passage.credential() or (b"", b"")
    port = passage.proxy.port
    connecting = _ReadByReader(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
    look = functools.partial(spoken_http, address, port)
    connecting.reader = ProxyReader(connecting, deadline, begins=_ANSWER, on_silence=look)
    with contextlib.ExitStack() as closing:
        closing.callback(connecting.close)
        connecting.settimeout(seconds)
        connecting.set_proxy(socks.SOCKS4, address, port, True, username.decode(), None)  # noqa: FBT003 - PySocks' signature
        passage.wire.sent(b"", shown=f"SOCKS4: CONNECT {passage.host} {passage.port}")
        try:
            connecting.connect((passage.host, passage.port))
            passage.wire.heard(b"reply %d" % _GRANTED)
        except socks.ProxyConnectionError as refusal:
            raise refusal.socket_err or OSError from None
        except OSError as refusal:
            is_late = isinstance(getattr(refusal, "socket_err", None), TimeoutError)
            raise _judge(passage, bytes(connecting.reader.received), is_late=is_late) from None
        closing.pop_all()
    connected = socket.socket(fileno=connecting.detach())
    connected.settimeout(seconds)
    return connected


def _judge(passage: Passage, received: bytes, *, is_late: bool) -> SmtpFault:
    """Return the fault that follows from what was received before the end."""
    if not received:
        if is_late:
            return passage.fault("noAnswerThroughProxy", "connect")
        return passage.fault("proxyConnectionLost", variant="silent")
    if not received.startswith(_ANSWER):
        return not_socks(passage, received)
    if len(received) < _LENGTH or received[1] == _GRANTED:
        return passage.fault("proxyTimedOut" if is_late else "proxyConnectionLost")
    if received[1] not in _REFUSALS:
        return not_socks(passage, received)
    code, step, meaning = _REFUSALS[received[1]]
    is_name = re.search(r"[a-z]", passage.host) is not None
    return passage.fault(code, step, said=f"{received[1]} {meaning}", variant="socks4a" if is_name else "")
