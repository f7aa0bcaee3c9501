"""Accounts behind a proxy: the whole conversation through each kind, and who refused where it fails."""

from __future__ import annotations

import base64
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from reconciler.model.secrets.values import SecretValue
from reconciler.model.servers.server import Proxy
from reconciler.model.verification.codes import CHECK_CODES
from reconciler.smtp.proxies import ProxyDialer
from reconciler.verification import verify
from tests.support.mailserver import MailServer
from tests.support.proxies import ProxyServer
from tests.support.scripted import CLOSE, ScriptedServer, polite
from tests.verification.cases import PLAIN, STARTTLS_OFFER, Case, assert_failed
from tests.verification.targets import PASSWORD, QUICK, check_settings, failure, make_target, now, outcome

if TYPE_CHECKING:
    from collections.abc import Callable

    from reconciler.model.servers.terms import ProxyType
    from reconciler.verification import Finding
    from tests.support.certificates import TestCA
    from tests.support.scripted import Script, Wire

KINDS: tuple[ProxyType, ...] = ("socks5", "socks4", "http")
NAME = "mail.behind.example"
SECRET = "proxy-canary-8d1f"
_NO_LOGIN: dict[str, Any] = {**PLAIN, "mechanism": None, "username": None, "password": None}


def _proxy(server: ProxyServer | ScriptedServer, kind: ProxyType, **parts: Any) -> Proxy:
    return Proxy(type=kind, host=server.host, port=server.port, **parts)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("encryption", ["starttls", "tls", "none"])
@pytest.mark.parametrize("is_logged_in", [False, True])
def test_a_whole_conversation(kind: ProxyType, encryption: Any, ca: TestCA, *, is_logged_in: bool) -> None:
    """Up to the message: the proxy alone knows the name, and TLS checks the declared host."""
    users = {"mailer": SECRET} if is_logged_in else {}
    mail_users = {} if encryption == "none" else {"anna": PASSWORD}
    context = None if encryption == "none" else ca.server_context(NAME)
    with (
        MailServer(host=NAME, encryption=encryption, tls_context=context, users=mail_users) as server,
        ProxyServer(kind, users=users, hosts={NAME: "127.0.0.1"}) as proxy,
    ):
        account: dict[str, Any] = {"encryption": encryption, "ca_pem": ca.pem} if mail_users else _NO_LOGIN
        finding = check_settings(
            server,
            **account,
            proxy=_proxy(proxy, kind, username="mailer" if is_logged_in else None),
            proxy_password=SecretValue(SECRET) if is_logged_in else None,
        )
    assert "passed" == finding.verification.status, finding
    codes = outcome(finding)
    assert "notDeclared" == codes["dns"]
    assert "ok" == codes["proxy"]
    assert "ok" == codes["connect"]
    assert "ok" == codes["message"]
    assert [(NAME, server.port)] == proxy.requests
    assert ([("mailer", SECRET)] if is_logged_in else []) == proxy.logins
    assert (1, 1) == (len(server.messages), server.connections)
    assert SECRET not in finding.verification.model_dump_json()


@pytest.mark.parametrize("kind", KINDS)
def test_dns_is_a_check_of_its_own_where_this_machine_does_it(kind: ProxyType) -> None:
    """With remoteDns: false the name is looked up here, and the proxy is told the address."""
    with MailServer(encryption="none") as server, ProxyServer(kind) as proxy:
        finding = check_settings(server, **_NO_LOGIN, proxy=_proxy(proxy, kind, resolves_remotely=False))
    codes = outcome(finding)
    assert "ok" == codes["dns"]
    assert "ok" == codes["proxy"]
    assert "ok" == codes["connect"]
    assert "ok" == codes["message"]
    assert "127.0.0.1" in [host for host, _ in proxy.requests]
    assert "localhost" not in [host for host, _ in proxy.requests]


@dataclass(frozen=True)
class Answer:
    """What a proxy says, whatever it is asked, and what the check makes of it."""

    kind: ProxyType
    octets: bytes
    case: Case
    is_logging_in: bool = False


def _socks5(reply: int) -> bytes:
    return bytes([5, 0, 5, reply, 0, 1, 0, 0, 0, 0, 0, 0])


def _http(status: str, *fields: str) -> bytes:
    return "\r\n".join([f"HTTP/1.1 {status}", *fields, "Content-Length: 4", "", "oops"]).encode()


ANSWERS = (
    Answer("socks5", b"\x05\xff", Case("proxyLoginRequired", "proxy", "permanent", words=("username and password under proxy",))),
    Answer("socks5", b"\x05\x02", Case("proxyLoginRequired", "proxy", "permanent")),
    Answer("socks5", b"\x05\xff", Case("proxyLoginUnsupported", "proxy", "permanent"), is_logging_in=True),
    Answer("socks5", b"\x05\x02\x01\x01", Case("proxyLoginRejected", "proxy", "permanent", words=("proxy.username",)), is_logging_in=True),
    Answer("socks5", b"\x05\x02\x05\x00", Case("notAProxy", "proxy", "permanent"), is_logging_in=True),
    Answer("socks5", b"\x05\x01", Case("notAProxy", "proxy", "permanent")),
    Answer("socks5", _socks5(1), Case("proxyCannotConnect", "connect", "transient", words=("01 general failure",))),
    Answer("socks5", _socks5(2), Case("proxyForbids", "connect", "permanent", words=("02 not allowed by ruleset", "not the mail server"))),
    Answer("socks5", _socks5(3), Case("unreachable", "connect", "transient", words=("03 network unreachable",))),
    Answer("socks5", _socks5(4), Case("unreachable", "connect", "transient", words=("04 host unreachable", "smtp.host"))),
    Answer("socks5", _socks5(5), Case("connectionRefused", "connect", "transient", words=("05 connection refused", "that refused"))),
    Answer("socks5", _socks5(6), Case("unreachable", "connect", "transient", words=("06 TTL expired",))),
    Answer("socks5", _socks5(7), Case("proxyRequestRefused", "connect", "permanent", words=("07 command not supported",))),
    Answer("socks5", _socks5(8), Case("proxyAddressUnsupported", "connect", "permanent", words=("08 address type",))),
    Answer("socks5", _socks5(99), Case("proxyCannotConnect", "connect", "transient", words=("99 unknown reply",))),
    Answer("socks5", b"\x05\x02\x01\x00" + _socks5(2)[2:], Case("proxyForbids", "connect", "permanent"), is_logging_in=True),
    Answer("socks5", b"\x05\x00\x04\x00\x00\x01", Case("notAProxy", "proxy", "permanent")),
    Answer("socks5", b"\x05\x00\x05\x00\x00\x09", Case("notAProxy", "proxy", "permanent")),
    Answer("socks5", b"HTTP/1.1 400 Bad Request\r\n\r\n", Case("notAProxy", "proxy", "permanent", words=("Write type: http",))),
    Answer("socks5", b"220 mail.example ESMTP\r\n", Case("notAProxy", "proxy", "permanent", words=("proxy.port",))),
    Answer("socks5", bytes(range(256)) * 40, Case("notAProxy", "proxy", "permanent")),
    Answer("socks4", b"\x00\x5b" + bytes(6), Case("proxyCannotConnect", "connect", "transient", words=("91 request rejected or failed", "remoteDns: false"))),
    Answer("socks4", b"\x00\x5c" + bytes(6), Case("proxyLoginRejected", "proxy", "permanent", words=("92 no identd",)), is_logging_in=True),
    Answer("socks4", b"\x00\x5d" + bytes(6), Case("proxyLoginRejected", "proxy", "permanent", words=("93 identd",)), is_logging_in=True),
    Answer("socks4", b"\x00\x99" + bytes(6), Case("notAProxy", "proxy", "permanent")),
    Answer("socks4", b"\x05\xff" + bytes(6), Case("notAProxy", "proxy", "permanent")),
    Answer("socks4", b"HTTP/1.1 400 Bad Request\r\n\r\n", Case("notAProxy", "proxy", "permanent", words=("Write type: http",))),
    Answer("http", _http("407 Login wanted"), Case("proxyLoginRequired", "proxy", "permanent", words=("407 Login wanted",))),
    Answer("http", _http("401 Unauthorized"), Case("proxyLoginRequired", "proxy", "permanent")),
    Answer("http", _http("407 No", 'Proxy-Authenticate: Digest a="b", Basic realm="x"'), Case("proxyLoginRejected", "proxy", "permanent"), is_logging_in=True),
    Answer("http", _http("401 Unauthorized"), Case("proxyLoginRejected", "proxy", "permanent"), is_logging_in=True),
    Answer("http", _http("407 No", "proxy-authenticate: Negotiate", "Proxy-Authenticate: NTLM"), Case("proxyLoginUnsupported", "proxy", "permanent", words=("Negotiate, NTLM",)), is_logging_in=True),
    Answer("http", _http("403 Filtered"), Case("proxyForbids", "connect", "permanent", words=("403 Filtered", "not the mail server"))),
    Answer("http", _http("400 Bad Request"), Case("proxyRequestRefused", "connect", "permanent", words=("400 Bad Request",))),
    Answer("http", _http("405 Method Not Allowed"), Case("proxyRequestRefused", "connect", "permanent", words=("CONNECT",))),
    Answer("http", _http("302 Found", "Location: http://login.example/"), Case("proxyRequestRefused", "connect", "permanent")),
    Answer("http", _http("429 Too Many"), Case("proxyCannotConnect", "connect", "transient")),
    Answer("http", _http("500 Unable to connect"), Case("proxyCannotConnect", "connect", "transient")),
    Answer("http", _http("502 Bad Gateway"), Case("proxyCannotConnect", "connect", "transient", words=("502 Bad Gateway",))),
    Answer("http", _http("503 Unavailable"), Case("proxyCannotConnect", "connect", "transient")),
    Answer("http", _http("504 Timeout"), Case("proxyCannotConnect", "connect", "transient", words=("smtp.host",))),
    Answer("http", _http("404 No such domain"), Case("proxyCannotConnect", "connect", "transient", words=("finds no host mail.behind.example", "404 No such domain", "smtp.host"))),
    Answer("http", _http("502 Bad Gateway", "Proxy-Status: proxy.example; error=dns_error"), Case("proxyCannotConnect", "connect", "transient", words=("finds no host",))),
    Answer("http", _http("503 Service Unavailable", "X-Squid-Error: ERR_DNS_FAIL 0"), Case("proxyCannotConnect", "connect", "transient", words=("finds no host",))),
    Answer("http", _http("502 Could not resolve host"), Case("proxyCannotConnect", "connect", "transient", words=("finds no host", "remoteDns: false"))),
    Answer("http", _http("502 getaddrinfo ENOTFOUND"), Case("proxyCannotConnect", "connect", "transient", words=("finds no host",))),
    Answer("http", _http("500 Name or service not known"), Case("proxyCannotConnect", "connect", "transient", words=("finds no host",))),
    Answer("http", _http("502 Bad Gateway", "Proxy-Status: proxy.example; error=connection_refused"), Case("connectionRefused", "connect", "transient", words=("reached the host", "smtp.port"))),
    Answer("http", _http("503 Service Unavailable", "X-Squid-Error: ERR_CONNECT_FAIL 111"), Case("connectionRefused", "connect", "transient", words=("reached the host", "503 Service"))),
    Answer("http", _http("503 Service Unavailable", "X-Squid-Error: ERR_CONNECT_FAIL 113"), Case("unreachable", "connect", "transient", words=("finds no way",))),
    Answer("http", _http("503 Service Unavailable", "X-Squid-Error: ERR_CONNECT_FAIL 110"), Case("proxyCannotConnect", "connect", "transient", words=("had no answer from",))),
    Answer("http", _http("502 Bad Gateway", "Proxy-Status: proxy.example; error=destination_ip_prohibited"), Case("proxyForbids", "connect", "permanent", words=("not the mail server",))),
    Answer("http", _http("405 Method Not Allowed", "Server: nginx"), Case("proxyRequestRefused", "connect", "permanent", words=("a web server that is no proxy", "proxy.port"))),
    Answer("http", _http("407 No", "Proxy-Authenticate: Negotiate"), Case("proxyLoginUnsupported", "proxy", "permanent", words=("Negotiate",))),
    Answer("http", b"\x15\x03\x01\x00\x02\x02\x0a", Case("notAProxy", "proxy", "permanent", words=("speaks TLS",))),
    Answer("socks5", b"\x15\x03\x01\x00\x02\x02\x0a", Case("notAProxy", "proxy", "permanent", words=("speaks TLS",))),
    Answer("socks4", b"\x15\x03\x03\x00\x02\x02\x46", Case("notAProxy", "proxy", "permanent", words=("speaks TLS",))),
    Answer("http", _http("200 OK") + b"<html><title>Log in</title>\r\n", Case("notSmtp", "greeting", "permanent", words=("a page of the http proxy",))),
    Answer("http", _http("501 Unsupported method ('CONNECT')"), Case("notAProxy", "proxy", "permanent", words=("web server", "501 Unsupported", "proxy.port"))),
    Answer("socks4", b"\x05\xff", Case("notAProxy", "proxy", "permanent", words=("speaks SOCKS5", "type: socks5"))),
    Answer("socks5", b"\x00\x5b" + bytes(6), Case("notAProxy", "proxy", "permanent", words=("speaks SOCKS4", "type: socks4"))),
    Answer("http", b"\x05\xff", Case("notAProxy", "proxy", "permanent", words=("type: socks5",))),
    Answer("http", b"220 mail.example ESMTP\r\n", Case("notAProxy", "proxy", "permanent", words=("220 mail.example ESMTP",))),
    Answer("http", b"HTTP/1.1 banana\r\n\r\n", Case("notAProxy", "proxy", "permanent")),
    Answer("http", b"HTTP/1.1 200" + b" x" * 40_000, Case("notAProxy", "proxy", "permanent", words=("longer reply",))),
    Answer("http", b"HTTP/1.1 100 Wait\r\n\r\n" * 20, Case("notAProxy", "proxy", "permanent")),
    Answer("http", bytes(range(256)) * 40, Case("notAProxy", "proxy", "permanent")),
)  # fmt: skip


@pytest.mark.parametrize("octets", [b"\x00\x99" + bytes(6), b"22"])
def test_what_tells_nobody_anything_is_not_quoted(octets: bytes) -> None:
    """Octets that are no text, or too few to read, stay out of the message."""
    with ScriptedServer(_say(octets)) as server:
        said = failure(_through(server, "socks4")).message
    assert "The proxy said" not in said, said


def _say(octets: bytes) -> Script:
    def play(wire: Wire) -> None:
        wire.send(octets)
        wire.wait_for_close()

    return play


def _through(server: ScriptedServer, kind: ProxyType, *, is_logging_in: bool = False, **changes: Any) -> Finding:
    return check_settings(
        None,
        host=NAME,
        port=587,
        **PLAIN,
        proxy=_proxy(server, kind, username="mailer" if is_logging_in else None),
        proxy_password=SecretValue(SECRET) if is_logging_in else None,
        **changes,
    )


def _assert_tells_both(finding: Finding, server: ScriptedServer, kind: ProxyType) -> None:
    message = failure(finding).message
    assert f"{kind} proxy 127.0.0.1:{server.port}" in message
    assert f"{NAME}:587" in message


@pytest.mark.parametrize("answer", ANSWERS, ids=lambda answer: f"{answer.kind}-{answer.octets[:16]!r}")
def test_what_a_proxy_says_is_understood(answer: Answer) -> None:
    """Code and class say who refused and whether it may pass; the sentence names the proxy and the mail server."""
    with ScriptedServer(_say(answer.octets)) as proxy:
        finding = _through(proxy, answer.kind, is_logging_in=answer.is_logging_in)
        _assert_tells_both(finding, proxy, answer.kind)
    assert_failed(finding, answer.case)
    if answer.case.check == "connect":
        assert "ok" == outcome(finding)["proxy"]


def _drip(beginning: bytes, octet: bytes) -> Script:
    def play(wire: Wire) -> None:
        wire.send(beginning)
        while not wire.wait_for_stop(0.1):
            wire.send(octet)

    return play


def _endless(wire: Wire) -> None:
    wire.send(b"HTTP/1.1 200 OK\r\n")
    while True:
        wire.send(b"X-More: and more\r\n" * 1000)


@dataclass(frozen=True)
class Hostile:
    """A script of a proxy, and what the check makes of it."""

    name: str
    kind: ProxyType
    script: Script
    case: Case


_SILENT: Script = lambda wire: wire.wait_for_close()  # noqa: E731 - one of many scripts
HOSTILE = (
    Hostile("socks5 silent", "socks5", _SILENT, Case("proxyTimedOut", "proxy", "transient")),
    Hostile("socks5 half a greeting", "socks5", _say(b"\x05"), Case("proxyTimedOut", "proxy", "transient")),
    Hostile("socks5 silent at the login", "socks5", _say(b"\x05\x02"), Case("proxyTimedOut", "proxy", "transient")),
    Hostile("socks5 silent at the request", "socks5", _say(b"\x05\x02\x01\x00"), Case("noAnswerThroughProxy", "connect", "transient", words=("either",))),
    Hostile("socks5 dripping", "socks5", _drip(b"\x05\x02\x01\x00\x05\x00\x00\x03\xff", b"x"), Case("noAnswerThroughProxy", "connect", "transient")),
    Hostile("socks4 silent", "socks4", _SILENT, Case("noAnswerThroughProxy", "connect", "transient")),
    Hostile("socks4 half a reply", "socks4", _say(b"\x00\x5a\x00"), Case("proxyTimedOut", "proxy", "transient")),
    Hostile("http silent", "http", _SILENT, Case("noAnswerThroughProxy", "connect", "transient", words=("either",))),
    Hostile("http dripping", "http", _drip(b"HTTP/1.1 200 OK\r\nX: ", b"x"), Case("proxyTimedOut", "proxy", "transient", words=("200 OK",))),
    Hostile("http endless", "http", _endless, Case("notAProxy", "proxy", "permanent", words=("longer reply",))),
)  # fmt: skip


@pytest.mark.parametrize("hostile", HOSTILE, ids=lambda hostile: hostile.name.replace(" ", "-"))
def test_a_hostile_proxy_is_bounded(hostile: Hostile) -> None:
    """Silent, dripping or endless: the account's time limit holds, and the message still names both."""
    with ScriptedServer(hostile.script) as proxy:
        finding = _through(proxy, hostile.kind, is_logging_in=True, timeout_seconds=1)
        _assert_tells_both(finding, proxy, hostile.kind)
    assert_failed(finding, hostile.case)


def _closes_after_the_request(wire: Wire) -> None:
    """Do as ``ssh -D`` does for a host that it cannot reach: take the method, the login, the request, and close."""
    wire.read_octets(4)
    wire.send(b"\x05\x02")
    wire.read_octets(len(b"\x01\x06mailer\x00") + len(SECRET))
    wire.send(b"\x01\x00")
    wire.read_octets(len(b"\x05\x01\x00\x03\x00\x00\x00") + len(NAME))


CLOSING = (
    Hostile("socks5 at once", "socks5", lambda _wire: None, Case("proxyConnectionLost", "proxy", "transient")),
    Hostile("socks5 at the login", "socks5", lambda wire: wire.send(b"\x05\x02"), Case("proxyLoginRejected", "proxy", "permanent", words=("closed the connection",))),
    Hostile("socks5 at the request", "socks5", lambda wire: wire.send(b"\x05\x00"), Case("proxyConnectionLost", "connect", "transient", words=("took the request", "smtp.host and smtp.port"))),
    Hostile("socks5 after the login", "socks5", _closes_after_the_request, Case("proxyConnectionLost", "connect", "transient", words=("took the request", "smtp.host and smtp.port"))),
    Hostile("socks4 at once", "socks4", lambda _wire: None, Case("proxyConnectionLost", "proxy", "transient", words=("proxy.type",))),
    Hostile("http at once", "http", lambda _wire: None, Case("proxyConnectionLost", "proxy", "transient")),
    Hostile("http in its head", "http", lambda wire: wire.send(b"HTTP/1.1 200 OK\r\nVia"), Case("proxyConnectionLost", "proxy", "transient", words=("200 OK",))),
)  # fmt: skip


@pytest.mark.parametrize("closing", CLOSING, ids=lambda closing: closing.name.replace(" ", "-"))
def test_a_proxy_that_closes(closing: Hostile) -> None:
    """The end of the connection is told as the proxy's, at the step where it came."""
    with ScriptedServer(closing.script) as proxy:
        finding = _through(proxy, closing.kind, is_logging_in="login" in closing.name)
        _assert_tells_both(finding, proxy, closing.kind)
    assert_failed(finding, closing.case)


def _waits_for_lines(wire: Wire) -> None:
    """Answer as an HTTP proxy does: nothing before the end of a line."""
    wire.read_line()
    wire.send(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")


@pytest.mark.parametrize("kind", ["socks5", "socks4"])
def test_socks_at_an_http_proxy_is_told(kind: ProxyType) -> None:
    """An HTTP proxy waits for a line that SOCKS never sends; a second look tells what it speaks."""
    with ScriptedServer(_waits_for_lines) as proxy:
        finding = _through(proxy, kind, timeout_seconds=3)
    words = ("speaks HTTP", "type: http", "400 Bad Request")
    assert_failed(finding, Case("notAProxy", "proxy", "permanent", words=words))


def _gai(code: int) -> Callable[[str], tuple[str, ...]]:
    def resolver(_host: str) -> tuple[str, ...]:
        raise socket.gaierror(code, "no")

    return resolver


UNREACHED: tuple[tuple[str, Callable[[str], tuple[str, ...]], Case], ...] = (
    ("proxy.example", _gai(socket.EAI_NONAME), Case("proxyNotFound", "proxy", "permanent", words=("proxy.host",))),
    ("proxy.example", _gai(socket.EAI_AGAIN), Case("proxyLookupFailed", "proxy", "transient")),
    ("proxy.example", lambda _name: ("fe80::1",), Case("proxyForbiddenAddress", "proxy", "permanent")),
    ("127.0.0.1", _gai(1), Case("proxyConnectionRefused", "proxy", "transient", words=("proxy.port", "127.0.0.1"))),
    ("127.255.255.255", _gai(1), Case("proxyUnreachable", "proxy", "transient", words=("127.255.255.255",))),
)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("host", "resolver", "case"), UNREACHED, ids=lambda value: getattr(value, "code", ""))
def test_a_proxy_that_cannot_be_reached(
    kind: ProxyType, host: str, resolver: Callable[[str], tuple[str, ...]], case: Case
) -> None:
    """Name, address and port of the proxy are told apart from those of the mail server."""
    proxy = Proxy(type=kind, host=host, port=1)
    target = make_target(None, host=NAME, port=587, **PLAIN, proxy=proxy)
    findings = verify(
        target,
        now=now,
        make_dialer=lambda _target: ProxyDialer(proxy, password=None, host=NAME, port=587, resolver=resolver),
        retries=QUICK,
    )
    assert_failed(findings["sales"], case)
    assert f"{kind} proxy {host}" in failure(findings["sales"]).message
    assert f"{NAME}:587" in failure(findings["sales"]).message


LOCAL: tuple[tuple[dict[str, Any], dict[str, Any], Case], ...] = (
    ({"username": "mailer"}, {}, Case("proxyCredentialMissing", "proxy", "permanent", words=("without a password",))),
    ({"username": "a:b"}, {"proxy_password": SecretValue(SECRET)}, Case("proxyCredentialUnusable", "proxy", "permanent", words=("colon",))),
    ({}, {"host": "169.254.1.1"}, Case("forbiddenAddress", "proxy", "permanent", words=("169.254.1.1",))),
    ({"type": "socks4"}, {"host": "2001:db8::1"}, Case("proxyAddressUnsupported", "proxy", "permanent", words=("IPv6",))),
)  # fmt: skip


@pytest.mark.parametrize(("parts", "changes", "case"), LOCAL, ids=lambda value: getattr(value, "code", ""))
def test_what_cannot_be_asked_of_a_proxy(parts: dict[str, Any], changes: dict[str, Any], case: Case) -> None:
    """What the declaration rules out is told before the proxy is contacted."""
    with ProxyServer("http") as proxy:
        declared = Proxy(**{"type": "http", "host": proxy.host, "port": proxy.port, **parts})
        finding = check_settings(None, **{**PLAIN, "host": NAME, **changes}, proxy=declared)
        assert 0 == proxy.connections
    assert_failed(finding, case)


@pytest.mark.parametrize("kind", KINDS)
def test_a_mail_server_that_refuses_the_proxy(kind: ProxyType) -> None:
    """A port of the mail server on which nothing listens is told as the mail server's, by whatever the proxy says."""
    with ProxyServer(kind) as proxy:
        finding = check_settings(None, **PLAIN, proxy=_proxy(proxy, kind))
    expected = "connectionRefused" if kind == "socks5" else "proxyCannotConnect"
    assert_failed(finding, Case(expected, "connect", "transient", words=("127.0.0.1:1",)))


@pytest.mark.parametrize("kind", ["socks5", "http"])
def test_a_wrong_password_is_tried_once(kind: ProxyType) -> None:
    """The proxy's own refusal of the login is permanent, and nothing reaches the mail server."""
    with MailServer(encryption="none") as server, ProxyServer(kind, users={"mailer": SECRET}) as proxy:
        declared = _proxy(proxy, kind, username="mailer")
        finding = check_settings(server, **_NO_LOGIN, proxy=declared, proxy_password=SecretValue("wrong-canary"))
    assert_failed(finding, Case("proxyLoginRejected", "proxy", "permanent"))
    assert ([("mailer", "wrong-canary")], 0) == (proxy.logins, server.connections)
    assert "wrong-canary" not in finding.verification.model_dump_json()


def test_a_withheld_proxy_password_stays_here() -> None:
    """Where the proxy's credential may not travel, the proxy is not even contacted."""
    with MailServer(encryption="none") as server, ProxyServer("socks5") as proxy:
        finding = check_settings(
            server,
            **_NO_LOGIN,
            proxy=_proxy(proxy, "socks5", username="mailer"),
            proxy_password=SecretValue(SECRET),
            proxy_withheld="The route is new.",
        )
    check = next(check for check in finding.verification.checks if check.check == "proxy")
    assert "skipped" == check.status
    assert "withheld" == check.code
    assert "The route is new." == check.message
    assert ("withheld", "earlierFailure") == (finding.verification.status, outcome(finding)["connect"])
    assert (0, 0) == (proxy.connections, server.connections)


def test_a_withheld_mail_password_does_not_stop_the_login_at_the_proxy(ca: TestCA) -> None:
    """Each credential has a verdict of its own: the way through the proxy is checked up to the mail login."""
    with (
        MailServer(tls_context=ca.server_context(), users={"anna": PASSWORD}) as server,
        ProxyServer("http", users={"mailer": SECRET}) as proxy,
    ):
        finding = check_settings(
            server,
            ca_pem=ca.pem,
            proxy=_proxy(proxy, "http", username="mailer"),
            proxy_password=SecretValue(SECRET),
            withheld="The route is new.",
        )
    codes = outcome(finding)
    assert "ok" == codes["proxy"]
    assert "ok" == codes["connect"]
    assert "ok" == codes["tls"]
    assert "withheld" == codes["auth"]
    assert (1, 0) == (len(proxy.logins), server.login_attempts)


def test_starttls_that_is_offered_and_not_declared_is_said() -> None:
    """Without encryption, and not within this machine, the greeting warns and says what to write."""
    with ScriptedServer(polite({"EHLO": STARTTLS_OFFER})) as server, ProxyServer("socks5") as proxy:
        finding = check_settings(server, **_NO_LOGIN, proxy=_proxy(proxy, "socks5"))
    (warned,) = [check for check in finding.verification.checks if check.status == "warned"]
    assert ("greeting", "starttlsUnused") == (warned.check, warned.code)
    assert "Write encryption: starttls." in warned.message
    assert "passed" == finding.verification.status


def test_within_this_machine_clear_text_is_nobody_elses() -> None:
    """A relay on this machine may offer STARTTLS and be used without."""
    with ScriptedServer(polite({"EHLO": STARTTLS_OFFER})) as server:
        finding = check_settings(server, **_NO_LOGIN)
    assert "ok" == outcome(finding)["greeting"]


def test_a_login_that_is_withheld_tells_of_an_offer() -> None:
    """Where the server offers STARTTLS, the login that stays here says that it does."""
    with ScriptedServer(polite({"EHLO": STARTTLS_OFFER})) as server, ProxyServer("socks5") as proxy:
        finding = check_settings(server, **PLAIN, proxy=_proxy(proxy, "socks5"))
    (withheld,) = [check for check in finding.verification.checks if check.code == "withheld"]
    assert "the server offers STARTTLS. Write encryption: starttls." in withheld.message


@pytest.mark.parametrize("kind", KINDS)
def test_no_clear_text_login_through_a_proxy(kind: ProxyType) -> None:
    """A mail server on loopback is not direct when a proxy stands between, so its login needs encryption."""
    with ScriptedServer(polite()) as server, ProxyServer(kind) as proxy:
        finding = check_settings(server, **PLAIN, proxy=_proxy(proxy, kind))
        assert 0 == server.received(b"AUTH")
    auth = next(check for check in finding.verification.checks if check.check == "auth")
    assert ("withheld", True) == (auth.code, f"{kind} proxy" in auth.message)


def test_probes_go_through_the_proxy_too(ca: TestCA) -> None:
    """The second look at a server takes the same way as the first."""
    hosts = {NAME: "127.0.0.1"}
    with (
        MailServer(host=NAME, encryption="tls", tls_context=ca.server_context("other.example")) as server,
        ProxyServer("http", hosts=hosts) as proxy,
    ):
        silent = check_settings(server, ca_pem=ca.pem, proxy=_proxy(proxy, "http"), timeout_seconds=2)
        named = check_settings(server, ca_pem=ca.pem, encryption="tls", proxy=_proxy(proxy, "http"))
    assert_failed(silent, Case("implicitTlsPort", "greeting", "permanent"))
    assert_failed(named, Case("certificateWrongName", "tls", "permanent", words=(NAME, "other.example")))
    assert [(NAME, server.port)] * 4 == proxy.requests
    assert 4 == server.connections


def test_a_password_that_the_proxy_says_is_masked() -> None:
    """As text and as HTTP sends it, in the proxy's own words and in what it says in the mail server's name."""
    blob = base64.b64encode(f"mailer:{SECRET}".encode()).decode()
    for status in (f"403 no {SECRET} {blob}", f"407 {blob} {SECRET}"):
        with ScriptedServer(_say(_http(status))) as proxy:
            text = _through(proxy, "http", is_logging_in=True).verification.model_dump_json()
        assert SECRET not in text
        assert blob not in text
        assert "***" in text
    with ScriptedServer(polite({"GREETING": f"554 no {SECRET}"})) as server, ProxyServer("socks5") as proxy:
        finding = check_settings(
            server,
            **PLAIN,
            proxy=_proxy(proxy, "socks5", username="mailer"),
            proxy_password=SecretValue(SECRET),
        )
    assert "serverRefused" == failure(finding).code
    assert SECRET not in finding.verification.model_dump_json()


def test_a_proxy_outside_the_allowed_hosts_is_not_contacted() -> None:
    """verification.servers holds for the proxy as for the mail server."""
    with MailServer(encryption="none") as server, ProxyServer("http") as proxy:
        for allowed in (("localhost",), ("127.0.0.1",)):
            finding = check_settings(server, **_NO_LOGIN, proxy=_proxy(proxy, "http"), allowed_hosts=allowed)
            assert {"unknownDestination"} == set(outcome(finding).values())
        assert (0, 0) == (proxy.connections, server.connections)
        both = ("localhost", "127.*")
        finding = check_settings(server, **_NO_LOGIN, proxy=_proxy(proxy, "http"), allowed_hosts=both, depth="connect")
    assert "passed" == finding.verification.status


def test_a_server_that_hangs_up_behind_the_proxy() -> None:
    """Once the proxy has connected, the conversation's own faults are the mail server's; who closed is not certain."""
    with ScriptedServer(polite({"GREETING": CLOSE})) as server, ProxyServer("socks5") as proxy:
        finding = check_settings(server, **PLAIN, proxy=_proxy(proxy, "socks5"))
    assert_failed(finding, Case("connectionLost", "greeting", "transient", words=("or the socks5 proxy",)))


PROXY_CASES = (
    *(answer.case for answer in ANSWERS),
    *(hostile.case for hostile in (*HOSTILE, *CLOSING)),
    *(row[2] for row in (*UNREACHED, *LOCAL)),
)
"""Every failure that this module reaches."""


def test_every_case_stands_in_the_table() -> None:
    """A code occurs under the checks, and with the class, that the table names."""
    for case in PROXY_CASES:
        code = CHECK_CODES[case.code]
        assert case.check in code.checks, case
        assert code.failure_class in {None, case.failure_class}, case
    about_proxies = {code for code in CHECK_CODES if "proxy" in code.lower()}
    assert about_proxies <= {case.code for case in PROXY_CASES}
