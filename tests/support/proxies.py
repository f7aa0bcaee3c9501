"""Proxies on the loopback interface: SOCKS5, SOCKS4 and 4a, HTTP CONNECT, each with or without a login.

    with ProxyServer("socks5", users={"mailer": "s3cret"}, hosts={"mail.example.com": "127.0.0.1"}) as proxy:
        ...  # connect to proxy.host, proxy.port

``hosts`` is what the proxy knows of names that exist nowhere else. Proxies that break their protocol are scripts of
``scripted.ScriptedServer``.
"""

from __future__ import annotations

import base64
import contextlib
import ipaddress
import select
import socket
import struct
import threading
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

    from reconciler.model.servers.terms import ProxyType

_LIFETIME_SECONDS = 20.0
_SOCKS4A = 0x100
"""Addresses below this one stand for a name that follows (SOCKS4a)."""
_GRANTED: Mapping[ProxyType, bytes] = {
    "socks5": b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00",
    "socks4": b"\x00\x5a\x00\x00\x00\x00\x00\x00",
    "http": b"HTTP/1.1 200 Connection established\r\nX-Proxy: test\r\n\r\n",
}
_UNREACHED: Mapping[ProxyType, bytes] = {
    "socks5": b"\x05\x05\x00\x01\x00\x00\x00\x00\x00\x00",
    "socks4": b"\x00\x5b\x00\x00\x00\x00\x00\x00",
    "http": b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n",
}


class _Refused(Exception):
    """The client is not let in; it has been told."""


class ProxyServer:
    """A proxy on a free port of 127.0.0.1 that passes octets on, a thread for each connection.

    ``users`` are names and passwords, for socks4 user ids with any value; without them nobody logs in. ``is_hasty``
    waits for the first octets of the mail server and sends them in one segment with its own reply.
    """

    def __init__(
        self,
        kind: ProxyType,
        *,
        users: Mapping[str, str] | None = None,
        hosts: Mapping[str, str] | None = None,
        is_hasty: bool = False,
    ) -> None:
        """Keep the settings; nothing listens yet."""
        self.kind: ProxyType = kind
        self.users = dict(users or {})
        self.hosts = dict(hosts or {})
        self.host = "127.0.0.1"
        self.port = 0
        self.connections = 0
        self.requests: list[tuple[str, int]] = []
        """Host, as the client named it, and port of every request."""
        self.logins: list[tuple[str, str]] = []
        """User name and password of every login, right or wrong."""
        self._is_hasty = is_hasty
        self._listening = socket.socket()
        self._sockets: list[socket.socket] = []
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> Self:
        """Listen."""
        self._listening.bind((self.host, 0))
        self._listening.listen(64)
        self.port = self._listening.getsockname()[1]
        self._start(self._accept)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close every connection and wait for the threads to end."""
        for each in (self._listening, *self._sockets):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(_LIFETIME_SECONDS)
        for each in (self._listening, *self._sockets):
            each.close()

    def _start(self, target: object, *arguments: object) -> None:
        assert callable(target)
        thread = threading.Thread(target=target, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listening.accept()
            except OSError:
                return
            self.connections += 1
            client.settimeout(_LIFETIME_SECONDS)
            self._sockets.append(client)
            self._start(self._serve, client)

    def _serve(self, client: socket.socket) -> None:
        asked = {"socks5": self._asked_by_socks5, "socks4": self._asked_by_socks4, "http": self._asked_by_http}
        with contextlib.suppress(OSError, _Refused), client:
            host, port = asked[self.kind](client)
            self.requests.append((host, port))
            try:
                server = socket.create_connection((self.hosts.get(host, host), port), timeout=_LIFETIME_SECONDS)
            except OSError:
                client.sendall(_UNREACHED[self.kind])
                return
            self._sockets.append(server)
            with server:
                first = server.recv(4096) if self._is_hasty else b""
                client.sendall(_GRANTED[self.kind] + first)
                _relay(client, server)

    def _asked_by_socks5(self, client: socket.socket) -> tuple[str, int]:
        _, count = _exactly(client, 2)
        methods = _exactly(client, count)
        wanted = 2 if self.users else 0
        if wanted not in methods:
            raise _refused(client, b"\x05\xff")
        client.sendall(bytes([5, wanted]))
        if self.users:
            _, length = _exactly(client, 2)
            username = _exactly(client, length).decode()
            password = _exactly(client, _exactly(client, 1)[0]).decode()
            if not self._is_right(username, password):
                raise _refused(client, b"\x01\x01")
            client.sendall(b"\x01\x00")
        kind = _exactly(client, 4)[3]
        if kind == 3:
            host = _exactly(client, _exactly(client, 1)[0]).decode("ascii")
        else:
            host = str(ipaddress.ip_address(_exactly(client, 4 if kind == 1 else 16)))
        return host, int.from_bytes(_exactly(client, 2), "big")

    def _asked_by_socks4(self, client: socket.socket) -> tuple[str, int]:
        _, _, port, address = struct.unpack(">BBHI", _exactly(client, 8))
        username = _until(client, b"\0").decode()
        host = _until(client, b"\0").decode("ascii") if address < _SOCKS4A else str(ipaddress.IPv4Address(address))
        if self.users and not self._is_right(username, self.users.get(username, "")):
            raise _refused(client, b"\x00\x5d\x00\x00\x00\x00\x00\x00")
        return host, port

    def _asked_by_http(self, client: socket.socket) -> tuple[str, int]:
        request, *fields = _until(client, b"\r\n\r\n").split(b"\r\n")
        basic = [field.partition(b"Proxy-Authorization: Basic ")[2] for field in fields if b"Basic " in field]
        if self.users and not basic:
            raise _refused(client, b'HTTP/1.1 407 Login wanted\r\nProxy-Authenticate: Basic realm="mail"\r\n\r\n')
        if basic:
            username, _, password = base64.b64decode(basic[0]).decode().partition(":")
            if not self._is_right(username, password):
                raise _refused(client, b'HTTP/1.1 407 No\r\nProxy-Authenticate: Basic realm="mail"\r\n\r\n')
        host, _, port = request.split(b" ")[1].decode("ascii").rpartition(":")
        return host.strip("[]"), int(port)

    def _is_right(self, username: str, password: str) -> bool:
        self.logins.append((username, password))
        return self.users.get(username) == password


def _refused(client: socket.socket, reply: bytes) -> _Refused:
    """Say no, and wait for the client to close, so that it hears it."""
    client.sendall(reply)
    with contextlib.suppress(OSError):
        client.recv(1)
    return _Refused()


def _exactly(client: socket.socket, count: int) -> bytes:
    octets = b""
    while len(octets) < count:
        more = client.recv(count - len(octets))
        if not more:
            raise ConnectionResetError
        octets += more
    return octets


def _until(client: socket.socket, end: bytes) -> bytes:
    octets = b""
    while not octets.endswith(end):
        octets += _exactly(client, 1)
    return octets.removesuffix(end)


def _relay(client: socket.socket, server: socket.socket) -> None:
    for each in (client, server):  # or each small segment waits for the acknowledgement of the one before, 40 ms
        each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    other = {client: server, server: client}
    while True:
        readable, _, _ = select.select([client, server], [], [], _LIFETIME_SECONDS)
        for each in readable:
            octets = each.recv(65536)
            if not octets:
                return
            other[each].sendall(octets)
