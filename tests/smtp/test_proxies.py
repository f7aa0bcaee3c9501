"""The ways through a proxy, over real sockets: no octet lost, no name looked up where it should not be."""

from __future__ import annotations

import socket
import threading
from typing import TYPE_CHECKING

import pytest

from reconciler.model.secrets.values import SecretValue
from reconciler.model.servers.server import Proxy
from reconciler.smtp.channel import Channel
from reconciler.smtp.deadline import Deadline
from reconciler.smtp.faults import SmtpFault
from reconciler.smtp.proxies import ProxyDialer
from reconciler.smtp.session import Session
from tests.support.mailserver import MailServer
from tests.support.proxies import ProxyServer
from tests.support.scripted import ScriptedServer, polite

if TYPE_CHECKING:
    from collections.abc import Callable

    from reconciler.model.servers.terms import ProxyType
    from tests.support.scripted import Wire

KINDS: tuple[ProxyType, ...] = ("socks5", "socks4", "http")
NAME = "mail.behind.example"


def _nowhere(name: str) -> tuple[str, ...]:
    raise socket.gaierror(socket.EAI_NONAME, name)


def _dialer(
    server: ProxyServer | ScriptedServer,
    kind: ProxyType,
    *,
    host: str = NAME,
    port: int = 25,
    login: tuple[str, str] | None = None,
    resolver: Callable[[str], tuple[str, ...]] | None = _nowhere,
    resolves_remotely: bool = True,
) -> ProxyDialer:
    username, password = login or (None, None)
    return ProxyDialer(
        Proxy(type=kind, host=server.host, port=server.port, username=username, resolves_remotely=resolves_remotely),
        password=None if password is None else SecretValue(password),
        host=host,
        port=port,
        resolver=resolver,
    )


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("is_hasty", [False, True])
def test_no_greeting_is_lost(kind: ProxyType, *, is_hasty: bool) -> None:
    """Fifty greetings of fifty arrive whole, also where they come in one segment with the proxy's own reply."""
    with (
        MailServer(encryption="none") as server,
        ProxyServer(kind, hosts={NAME: "127.0.0.1"}, is_hasty=is_hasty) as proxy,
    ):
        dialer = _dialer(proxy, kind, port=server.port)
        for _ in range(50):
            deadline = Deadline(5)
            session = Session(Channel(dialer.connect(deadline).socket, deadline), is_loopback=False)
            session.greet(None)
            session.leave()
    assert (50, 50) == (proxy.connections, server.connections)


@pytest.mark.parametrize("cut", range(1, 48))
def test_a_reply_may_be_cut_anywhere(cut: int) -> None:
    """However the proxy's head and the greeting are split, the head ends where it ends."""
    octets = b"HTTP/1.1 200 OK\r\nVia: test\r\n\r\n220 ready\r\nmore"

    def play(wire: Wire) -> None:
        wire.send(octets[:cut])
        wire.wait_for_stop(0.01)
        wire.send(octets[cut:])
        wire.wait_for_close()

    with ScriptedServer(play) as proxy, _dialer(proxy, "http").connect(Deadline(5)).socket as connected:
        received = b""
        while len(received) < len(b"220 ready\r\nmore"):
            received += connected.recv(100)
    assert b"220 ready\r\nmore" == received


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.0 200\r\n\r\n",
        b"HTTP/1.1 204 Fine\n\n",
        b"HTTP/1.1 100 Wait\r\n\r\nHTTP/1.1 200 OK\r\nA: b\r\n\r\n",
    ],
)
def test_a_head_ends_at_its_blank_line(head: bytes) -> None:
    """Bare line feeds, missing reasons and interim replies are read as RFC 9112 has it, and nothing beyond."""

    def play(wire: Wire) -> None:
        wire.send(head + b"220 ready\r\n")
        wire.wait_for_close()

    with ScriptedServer(play) as proxy, _dialer(proxy, "http").connect(Deadline(5)).socket as connected:
        assert b"220 ready\r\n" == connected.recv(100)


@pytest.mark.parametrize("kind", KINDS)
def test_the_proxy_looks_the_name_up(kind: ProxyType) -> None:
    """With remote DNS the proxy is told the name, as A-labels, and only the proxy's own host is looked up here."""
    asked = []

    def resolver(name: str) -> tuple[str, ...]:
        asked.append(name)
        return ("127.0.0.1",)

    with (
        ScriptedServer(polite()) as server,
        ProxyServer(kind, hosts={"xn--w-uga1v8h.example": "127.0.0.1"}) as proxy,
    ):
        dialer = ProxyDialer(
            Proxy(type=kind, host="proxy.example", port=proxy.port),
            password=None,
            host="żółw.example",
            port=server.port,
            resolver=resolver,
        )
        dialer.connect(Deadline(5)).socket.close()
    assert ["proxy.example"] == asked
    assert [("xn--w-uga1v8h.example", server.port)] == proxy.requests


@pytest.mark.parametrize("kind", KINDS)
def test_this_machine_looks_the_name_up(kind: ProxyType) -> None:
    """Without remote DNS the proxy is told addresses, each in turn until it reaches one; never a link-local one."""
    addresses = ("169.254.169.254", "127.0.0.9", "127.0.0.1")
    with ScriptedServer(polite()) as server, ProxyServer(kind) as proxy:
        dialer = _dialer(proxy, kind, port=server.port, resolver=lambda _name: addresses, resolves_remotely=False)
        assert ("127.0.0.9", "127.0.0.1") == dialer.resolve(Deadline(5))
        connection = dialer.connect(Deadline(5))
        connection.socket.close()
    assert [("127.0.0.9", server.port), ("127.0.0.1", server.port)] == proxy.requests
    assert (False, "127.0.0.1") == (connection.is_loopback, connection.peer_address)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("login", [("mailer", "s3cret"), ("użytkownik", "zażółć gęślą"), ("mailer", "a:b c")])
def test_a_login_at_the_proxy(kind: ProxyType, login: tuple[str, str]) -> None:
    """User name and password arrive in UTF-8 as they are; SOCKS4 sends the user id alone."""
    with ScriptedServer(polite()) as server, ProxyServer(kind, users=dict([login])) as proxy:
        dialer = _dialer(proxy, kind, host="127.0.0.1", port=server.port, login=login)
        dialer.connect(Deadline(5)).socket.close()
    assert [login] == proxy.logins


_LONG = "x" * 256


@pytest.mark.parametrize("count", [127, 128, 200, 255])
@pytest.mark.parametrize("letter", ["x", "ż"])
def test_a_socks5_login_has_room_for_255_octets(count: int, letter: str) -> None:
    """User names and passwords of up to 255 octets arrive as they are (RFC 1929), counted in octets of UTF-8."""
    text = (letter * count)[: count // len(letter.encode())]
    with ScriptedServer(polite()) as server, ProxyServer("socks5", users={text: text}) as proxy:
        _dialer(proxy, "socks5", host="127.0.0.1", port=server.port, login=(text, text)).connect(
            Deadline(5)
        ).socket.close()
    assert [(text, text)] == proxy.logins


@pytest.mark.parametrize("kind", KINDS)
def test_a_long_host_name_is_told(kind: ProxyType) -> None:
    """Names as long as the DNS allows, 253 octets, are told to every kind of proxy (RFC 1928 section 5, SOCKS4a)."""
    name = ".".join(["x" * 61, "y" * 61, "z" * 61, "w" * 56, "example"])
    with ScriptedServer(polite()) as server, ProxyServer(kind, hosts={name: "127.0.0.1"}) as proxy:
        _dialer(proxy, kind, host=name, port=server.port).connect(Deadline(5)).socket.close()
    assert [(name, server.port)] == proxy.requests


@pytest.mark.parametrize(
    ("kind", "username", "password", "code"),
    [
        ("socks5", "mailer", None, "proxyCredentialMissing"),
        ("http", "mailer", None, "proxyCredentialMissing"),
        ("http", "mail:er", "s3cret", "proxyCredentialUnusable"),
        ("socks5", _LONG, "s3cret", "proxyCredentialUnusable"),
        ("socks5", "mailer", _LONG, "proxyCredentialUnusable"),
        ("socks5", "mailer", "a\0b", "proxyCredentialUnusable"),
        ("socks4", "a\0b", None, "proxyCredentialUnusable"),
        ("http", "mailer", "\ud800", "proxyCredentialUnusable"),
    ],
)
def test_a_login_that_cannot_be_sent(kind: ProxyType, username: str, password: str | None, code: str) -> None:
    """What the protocol cannot carry is refused before anything is contacted, and the fault does not tell it."""
    with ProxyServer(kind) as proxy:
        dialer = ProxyDialer(
            Proxy(type=kind, host=proxy.host, port=proxy.port, username=username),
            password=None if password is None else SecretValue(password),
            host=NAME,
            port=25,
        )
        with pytest.raises(SmtpFault) as caught:
            dialer.connect(Deadline(5))
    assert code == caught.value.code
    assert "proxy" == caught.value.step
    assert 0 == proxy.connections
    assert password is None or password not in str(caught.value.facts)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "host",
    [
        "169.254.169.254",
        "0xa9fea9fe",
        "0xa9.0xfea9fe",
        "169.254.0xa9fe",
        "fe80::1",
        "::ffff:169.254.169.254",
        "::169.254.169.254",
        "64:ff9b:1::a9fe:a9fe",
        "168.63.129.16",
        "fd00:ec2::254",
        "224.0.0.1",
        "0.0.0.0",  # noqa: S104
        "::",
    ],
)
def test_a_link_local_address_is_not_asked_for(kind: ProxyType, host: str) -> None:
    """A proxy is not sent where this program would not go, however the address is written."""
    with ProxyServer(kind) as proxy:
        with pytest.raises(SmtpFault) as caught:
            _dialer(proxy, kind, host=host).connect(Deadline(5))
        assert ("forbiddenAddress", 0) == (caught.value.code, proxy.connections)


def test_a_proxy_on_a_link_local_address_is_not_contacted() -> None:
    """The rule holds for the proxy itself, by address and by name."""
    for host in ("169.254.1.1", "proxy.example"):
        dialer = ProxyDialer(
            Proxy(type="http", host=host, port=80),
            password=None,
            host=NAME,
            port=25,
            resolver=lambda _name: ("fe80::1",),
        )
        with pytest.raises(SmtpFault) as caught:
            dialer.connect(Deadline(5))
        assert "proxyForbiddenAddress" == caught.value.code


@pytest.mark.parametrize(
    ("kind", "host", "resolves_remotely"),
    [("socks4", "2001:db8::1", True), ("socks4", NAME, False)],
)
def test_a_host_that_the_proxy_cannot_be_told(kind: ProxyType, host: str, *, resolves_remotely: bool) -> None:
    """SOCKS4 has no room for IPv6 addresses."""
    with ProxyServer(kind) as proxy:
        dialer = _dialer(
            proxy, kind, host=host, resolver=lambda _name: ("2001:db8::1",), resolves_remotely=resolves_remotely
        )
        with pytest.raises(SmtpFault) as caught:
            dialer.connect(Deadline(5))
        assert ("proxyAddressUnsupported", 0) == (caught.value.code, proxy.connections)


@pytest.mark.parametrize("kind", ["socks5", "http"])
def test_ipv6_through_a_proxy(kind: ProxyType) -> None:
    """An IPv6 address is told as one."""
    with (
        ScriptedServer(polite()) as server,
        ProxyServer(kind, hosts={"2001:db8::1": "127.0.0.1"}) as proxy,
    ):
        _dialer(proxy, kind, host="2001:db8::1", port=server.port).connect(Deadline(5)).socket.close()
    assert [("2001:db8::1", server.port)] == proxy.requests


def test_a_proxy_on_ipv6() -> None:
    """A proxy with several addresses is reached through whichever answers."""
    with ScriptedServer(polite()) as server, ProxyServer("socks5") as proxy:
        dialer = ProxyDialer(
            Proxy(type="socks5", host="proxy.example", port=proxy.port),
            password=None,
            host="127.0.0.1",
            port=server.port,
            resolver=lambda _name: ("::1", "127.0.0.9", "127.0.0.1"),
        )
        dialer.connect(Deadline(5)).socket.close()
    assert 1 == proxy.connections


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_left_open(kind: ProxyType) -> None:
    """A refused dial closes its socket: the proxy sees the end at once."""
    ended = threading.Event()

    def play(wire: Wire) -> None:
        try:
            wire.send(b"\x16\x03\x01\x00\x00")
            wire.wait_for_close()
        finally:
            ended.set()

    with ScriptedServer(play) as proxy:
        with pytest.raises(SmtpFault):
            _dialer(proxy, kind).connect(Deadline(5))
        assert ended.wait(5)


@pytest.mark.parametrize("kind", KINDS)
def test_a_deadline_bounds_a_dial_that_never_ends(kind: ProxyType) -> None:
    """One octet now and then keeps no dial alive beyond its deadline."""
    beginnings = {"socks5": b"\x05\x00\x05\x00\x00\x03\xff", "socks4": b"", "http": b"HTTP/1.1 200 OK\r\nX: "}

    def play(wire: Wire) -> None:
        wire.send(beginnings[kind])
        while not wire.wait_for_stop(0.12):
            wire.send(b"\0" if kind == "socks4" else b"x")

    with ScriptedServer(play) as proxy, pytest.raises(SmtpFault):
        _dialer(proxy, kind).connect(Deadline(0.6))
