"""A server with several addresses: the next one is asked where one does not serve. RFC 5321 section 5.1."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from reconciler.model.servers.server import Proxy
from reconciler.smtp.deadline import Deadline
from reconciler.smtp.dial import DirectDialer
from reconciler.smtp.opening import Opening
from reconciler.smtp.proxies.dialing import ProxyDialer
from tests.support.access import access_to
from tests.support.mailserver import MailServer
from tests.support.proxies import ProxyServer
from tests.support.scripted import CLOSE, SILENCE, ScriptedServer, polite
from tests.verification.targets import PASSWORD, check_settings, failure

if TYPE_CHECKING:
    from collections.abc import Callable

    from reconciler.model.servers.terms import ProxyType
    from reconciler.model.verification.evidence import Check
    from reconciler.smtp.dial import Dialer
    from reconciler.verification import Finding
    from tests.support.certificates import TestCA

NAME = "mail.example.com"
WITHOUT_LOGIN: dict[str, Any] = {"encryption": "none", "mechanism": None, "username": None, "password": None}
FIRST, SECOND = "127.0.0.2", "127.0.0.1"


def way(*addresses: str) -> Callable[[str, int], Dialer]:
    """Return what makes a way to a name with these addresses."""
    return lambda host, port: DirectDialer(host, port, resolver=lambda _name: addresses)


def through(proxy: Proxy, *addresses: str) -> Callable[[str, int], Dialer]:
    """Return what makes a way through a proxy to a name with these addresses; the proxy has its own."""
    return lambda host, port: ProxyDialer(
        proxy, password=None, host=host, port=port, resolver=lambda name: addresses if name == NAME else (name,)
    )


def connect_check(finding: Finding) -> Check:
    """Return the check of the connection."""
    return next(each for each in finding.verification.checks if each.check == "connect")


@pytest.mark.parametrize("encryption", ["starttls", "tls"])
def test_a_dead_address_beside_a_living_one_is_a_warning(ca: TestCA, encryption: Any) -> None:
    """The account passes, and what each address did stands in the check."""
    context = ca.server_context(NAME)
    with MailServer(host=NAME, encryption=encryption, tls_context=context, users={"anna": PASSWORD}) as server:
        finding = check_settings(server, ca_pem=ca.pem, encryption=encryption, make_dialer=way(FIRST, SECOND))
    check = connect_check(finding)
    assert "passed" == finding.verification.status
    assert "warned" == check.status
    assert "addressDead" == check.code
    assert f"{FIRST} refused the connection, {SECOND} took the connection" in check.message


SAID = (("421 4.3.2 busy", "answered 421"), (SILENCE, "said nothing"), (CLOSE, "closed the connection"))


@pytest.mark.parametrize(("greeting", "words"), SAID)
@pytest.mark.parametrize("encryption", ["starttls", "tls"])
def test_an_address_that_does_not_serve_is_passed_over(ca: TestCA, greeting: str, words: str, encryption: Any) -> None:
    """421, silence and a closed connection of one address lead to the next, within the limit, and to one login."""
    context = ca.server_context(NAME)
    with (
        MailServer(host=NAME, encryption=encryption, tls_context=context, users={"anna": PASSWORD}) as server,
        ScriptedServer(
            polite({"GREETING": greeting}, tls_context=context, is_implicit=encryption == "tls"),
            host=FIRST,
            port=server.port,
        ) as silent,
    ):
        finding = check_settings(
            server, ca_pem=ca.pem, encryption=encryption, make_dialer=way(FIRST, SECOND), timeout_seconds=4
        )
    assert silent.connections >= 1
    assert "passed" == finding.verification.status
    assert f"{FIRST} {words}, {SECOND} took the connection" in connect_check(finding).message
    assert 1 == server.login_attempts


@pytest.mark.parametrize(
    ("key", "reply", "words"),
    [
        ("EHLO", SILENCE, "did not answer EHLO"),
        ("EHLO", CLOSE, "closed the connection"),
        ("EHLO", "421 4.3.2 leaving", "answered 421"),
        ("GREETING", "220-mail.example.com", "did not finish its answer"),
    ],
)
def test_what_an_address_did_is_told_as_it_was(key: str, reply: str, words: str) -> None:
    """An address that greeted is not told as silent."""
    with (
        ScriptedServer(polite()) as server,
        ScriptedServer(polite({key: reply}), host=FIRST, port=server.port),
    ):
        finding = check_settings(server, host=NAME, **WITHOUT_LOGIN, make_dialer=way(FIRST, SECOND), timeout_seconds=4)
    assert "passed" == finding.verification.status
    assert f"{FIRST} {words}, {SECOND} took the connection" in connect_check(finding).message


def test_addresses_that_all_fail_are_all_told() -> None:
    """Where nobody serves, the failure names what the last address did, and what the others did before."""
    with (
        ScriptedServer(polite({"GREETING": "421 4.3.2 busy"})) as last,
        ScriptedServer(polite({"GREETING": "421 4.3.2 busy"}), host=FIRST, port=last.port),
    ):
        failed = failure(check_settings(last, host=NAME, encryption="none", make_dialer=way(FIRST, SECOND)))
    assert ("greeting", "transient") == (failed.check, failed.class_)
    assert f"Of its other addresses, {FIRST} answered 421." in failed.message


def test_a_permanent_refusal_counts_for_all_addresses() -> None:
    """A server that refuses for good is not asked again elsewhere."""
    with (
        ScriptedServer(polite()) as other,
        ScriptedServer(polite({"GREETING": "554 5.7.1 no"}), host=FIRST, port=other.port),
    ):
        failed = failure(check_settings(other, host=NAME, encryption="none", make_dialer=way(FIRST, SECOND)))
    assert ("greeting", "serverRefused") == (failed.check, failed.code)
    assert 0 == other.connections


def test_sending_goes_to_the_next_address_too() -> None:
    """The opening of a session that mail goes over passes a busy address over as verification does."""
    with (
        ScriptedServer(polite()) as server,
        ScriptedServer(polite({"GREETING": "421 4.3.2 busy"}), host=FIRST, port=server.port) as busy,
    ):
        dialer = DirectDialer(NAME, server.port, resolver=lambda _name: (FIRST, SECOND))
        opening = Opening(access_to(host=NAME, port=server.port, encryption="none"), dialer, Deadline(10))
        opening.open()
        opening.session.mail("anna@example.com")
        opening.session.leave()
    assert (1, 1) == (busy.connections, server.connections)


def test_this_machine_is_no_matter_of_the_dns() -> None:
    """That nothing listens on one of the addresses of localhost is told, and is no warning."""
    with ScriptedServer(polite()) as server:
        finding = check_settings(server, host="localhost", encryption="none", make_dialer=way(FIRST, SECOND))
    assert ("passed", "ok") == (connect_check(finding).status, connect_check(finding).code)
    assert f"{FIRST} refused the connection" in connect_check(finding).message


@pytest.mark.parametrize("kind", ["socks5", "socks4", "http"])
@pytest.mark.parametrize(("greeting", "words"), SAID)
def test_the_next_address_is_asked_for_at_a_proxy_too(kind: ProxyType, greeting: str, words: str) -> None:
    """Where this machine looks the name up, a busy address leads to the next one, through the same proxy."""
    with (
        ProxyServer(kind) as proxy_server,
        MailServer(host=NAME, encryption="none", users={}) as server,
        ScriptedServer(polite({"GREETING": greeting}), host=FIRST, port=server.port) as busy,
    ):
        proxy = Proxy(type=kind, host="127.0.0.1", port=proxy_server.port, resolves_remotely=False)
        dialer = through(proxy, FIRST, SECOND)
        finding = check_settings(server, **WITHOUT_LOGIN, proxy=proxy, make_dialer=dialer, timeout_seconds=4)
    check = connect_check(finding)
    assert busy.connections >= 1
    assert ("passed", "addressDead") == (finding.verification.status, check.code), finding.verification
    assert f"{FIRST} {words}, {SECOND} took the connection" in check.message


@pytest.mark.parametrize("kind", ["socks5", "http"])
def test_an_address_that_the_proxy_cannot_reach_is_told(kind: ProxyType) -> None:
    """A dead address beside a living one is a warning behind a proxy as well."""
    with ProxyServer(kind) as proxy_server, MailServer(host=NAME, encryption="none", users={}) as server:
        proxy = Proxy(type=kind, host="127.0.0.1", port=proxy_server.port, resolves_remotely=False)
        finding = check_settings(server, encryption="none", proxy=proxy, make_dialer=through(proxy, FIRST, SECOND))
    assert f"{FIRST} could not be reached by the proxy, {SECOND} took the connection" in connect_check(finding).message


@pytest.mark.parametrize("kind", ["socks5", "socks4", "http"])
@pytest.mark.parametrize("greeting", ["421 4.3.2 busy", SILENCE, CLOSE])
def test_what_the_proxy_chose_is_not_told_as_all_addresses(kind: ProxyType, greeting: str) -> None:
    """Where the proxy looks the name up nobody here can ask for another address, and the check says so."""
    with ProxyServer(kind) as proxy_server, ScriptedServer(polite({"GREETING": greeting})) as server:
        proxy = Proxy(type=kind, host="127.0.0.1", port=proxy_server.port)
        failed = failure(check_settings(server, host="localhost", encryption="none", proxy=proxy, timeout_seconds=4))
    assert "greeting" == failed.check
    assert "Which address of the host that was, the proxy alone knows; no other was tried." in failed.message


def test_a_refusal_that_counts_for_all_addresses_says_nothing_of_them() -> None:
    """A permanent refusal is the server's word, behind a proxy too; and an address that is declared is the only one."""
    with ProxyServer("socks5") as proxy_server, ScriptedServer(polite({"GREETING": "554 5.7.1 no"})) as server:
        proxy = Proxy(type="socks5", host="127.0.0.1", port=proxy_server.port)
        failed = failure(check_settings(server, host="localhost", encryption="none", proxy=proxy))
    assert "no other was tried" not in failed.message
    with ProxyServer("socks5") as proxy_server, ScriptedServer(polite({"GREETING": "421 4.3.2 busy"})) as server:
        proxy = Proxy(type="socks5", host="127.0.0.1", port=proxy_server.port)
        failed = failure(check_settings(server, host="127.0.0.1", encryption="none", proxy=proxy))
    assert "no other was tried" not in failed.message
