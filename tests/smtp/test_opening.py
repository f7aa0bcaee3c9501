"""The opening of a session, which verifying and sending share: the order of its steps, and what each comes to."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest

from reconciler.model.secrets.values import SecretValue
from reconciler.model.servers.server import Proxy
from reconciler.smtp.deadline import Deadline
from reconciler.smtp.faults import SmtpFault
from reconciler.smtp.opening import Opening
from tests.support.access import access_to
from tests.support.certificates import TestCA
from tests.support.mailserver import MailServer
from tests.support.proxies import ProxyServer
from tests.support.scripted import ScriptedServer, Wire, polite

if TYPE_CHECKING:
    from reconciler.model.servers.terms import Encryption
    from reconciler.smtp.access import Access

PASSWORD = "s3cret-and-long"


@pytest.fixture(scope="module")
def ca() -> TestCA:
    """Return the CA of the tests' servers."""
    return TestCA()


def opening_of(access: Access) -> Opening:
    """Return the opening of a session, with enough time."""
    return Opening(access, access.dialer(), Deadline(10))


def fault_of(**words: Any) -> SmtpFault:
    """Return how the opening ends, which must be early."""
    opening = opening_of(access_to(host="localhost", **words))
    with pytest.raises(SmtpFault) as caught:
        opening.open()
    return caught.value


@pytest.mark.parametrize("encryption", ["starttls", "tls", "none"])
def test_a_session_is_open_once_it_is_logged_in(encryption: Encryption, ca: TestCA) -> None:
    """Whatever the encryption is, the server has seen one login, and takes a sender next."""
    context = None if encryption == "none" else ca.server_context("localhost")
    with MailServer(encryption=encryption, tls_context=context, users={"anna": PASSWORD}) as server:
        words = {"host": "localhost", "port": server.port, "encryption": encryption}
        opening = opening_of(access_to(**words, ca_pem=ca.pem, username="anna", password=SecretValue(PASSWORD)))
        opening.open()
        opening.session.mail("anna@example.com")
        opening.session.leave()
        assert 1 == server.login_attempts


@pytest.mark.parametrize(
    ("encryption", "expected"), [("tls", "encrypt greet"), ("starttls", "greet encrypt"), ("none", "greet encrypt")]
)
def test_the_order_of_greeting_and_handshake(encryption: Encryption, expected: str) -> None:
    """Implicit TLS comes before the greeting, STARTTLS after it."""
    opening = opening_of(access_to(host="localhost", port=1, encryption=encryption))
    assert expected == " ".join(opening.in_order("greet", "encrypt"))


@pytest.mark.parametrize(
    ("words", "is_asked_here"),
    [
        ({}, True),
        ({"proxy": Proxy(type="socks5", host="127.0.0.1", port=1)}, False),
        ({"proxy": Proxy(type="socks5", host="127.0.0.1", port=1, resolves_remotely=False)}, True),
    ],
    ids=["direct", "the proxy looks up", "this machine looks up"],
)
def test_who_looks_the_name_up(words: dict[str, Any], *, is_asked_here: bool) -> None:
    """Where the proxy does, no name server near this machine learns of the server."""
    opening = opening_of(access_to(host="localhost", port=1, encryption="none", **words))
    assert is_asked_here is opening.asks_for_addresses


def test_a_proxy_is_told_the_name(ca: TestCA) -> None:
    """A name that only the proxy knows is reached, and TLS checks it."""
    context = ca.server_context("mail.example.com")
    with (
        MailServer(encryption="tls", tls_context=context) as server,
        ProxyServer("socks5", hosts={"mail.example.com": "127.0.0.1"}) as proxy,
    ):
        way = Proxy(type="socks5", host="127.0.0.1", port=proxy.port)
        access = access_to(host="mail.example.com", port=server.port, encryption="tls", ca_pem=ca.pem, proxy=way)
        opening = opening_of(access)
        opening.open()
        opening.session.leave()
        assert [("mail.example.com", server.port)] == proxy.requests


def test_a_port_that_does_not_speak_tls_is_told() -> None:
    """The handshake with a server that begins in clear text is a fault with a code of its own."""
    with ScriptedServer(polite({})) as server:
        fault = fault_of(port=server.port, encryption="tls")
    assert ("plainPort", "tls") == (fault.code, fault.step)


@pytest.mark.parametrize("encryption", ["starttls", "tls"])
def test_a_certificate_that_is_not_trusted_is_told(encryption: Encryption, ca: TestCA) -> None:
    """The code says why, and nothing of a login has gone out."""
    context = ca.server_context("localhost")
    with MailServer(encryption=encryption, tls_context=context, users={"anna": PASSWORD}) as server:
        fault = fault_of(port=server.port, encryption=encryption, username="anna", password=SecretValue(PASSWORD))
        assert ("certificateUnknownIssuer", "tls") == (fault.code, fault.step)
        assert 0 == server.login_attempts
    assert "reason" in fault.facts


def test_a_server_that_repeats_the_password_is_not_repeated() -> None:
    """Even the greeting is masked: the server may know the password from an earlier login."""

    def repeat(wire: Wire) -> None:
        wire.send(f"554 no service for {PASSWORD}")
        wire.wait_for_close()

    with ScriptedServer(repeat) as server:
        words = {"port": server.port, "encryption": "none", "username": "anna"}
        fault = fault_of(**words, password=SecretValue(PASSWORD))
    assert "serverRefused" == fault.code
    assert PASSWORD not in str(fault)


def test_a_proxy_that_repeats_its_password_is_not_repeated() -> None:
    """Whoever runs the proxy could say its password in the server's name."""

    def repeat(wire: Wire) -> None:
        wire.send(f"554 no service for {PASSWORD}")
        wire.wait_for_close()

    with ScriptedServer(repeat) as server, ProxyServer("socks5", users={"mailer": PASSWORD}) as proxy:
        way = Proxy(type="socks5", host="127.0.0.1", port=proxy.port, username="mailer", resolves_remotely=False)
        fault = fault_of(port=server.port, encryption="none", proxy=way, proxy_password=SecretValue(PASSWORD))
    assert "serverRefused" == fault.code
    assert PASSWORD not in str(fault)


def test_a_login_that_is_declared_in_part_is_no_session_without_login() -> None:
    """A user name without a password is a fault, and not mail that is handed over by nobody."""
    with ScriptedServer(polite({})) as server:
        fault = fault_of(port=server.port, encryption="none", username="anna")
        assert 0 == server.received(b"AUTH")
    assert ("credentialMissing", "auth") == (fault.code, fault.step)


def test_what_fails_leaves_no_connection() -> None:
    """The server sees the end at once, not when the program ends."""
    ended = threading.Event()

    def refuse(wire: Wire) -> None:
        wire.send("220 mail.example.com ready")
        for _ in ("EHLO", "HELO"):
            wire.read_line()
            wire.send("550 no")
        try:
            wire.wait_for_close()
        finally:
            ended.set()

    with ScriptedServer(refuse) as server:
        fault = fault_of(port=server.port, encryption="none")
        assert ended.wait(10)
    assert "helloRefused" == fault.code
