"""The way through real proxies to a real mail server: what passes, and who is told to have refused what does not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from reconciler.model.secrets.values import SecretValue
from reconciler.model.servers.server import Proxy
from tests.system.accounts import check_account
from tests.system.support.processes import LOOPBACK, free_ports
from tests.system.support.proxies import PASSWORD, USERNAME
from tests.system.support.users import OPERATOR
from tests.verification.targets import failure, outcome

if TYPE_CHECKING:
    from collections.abc import Callable

    from reconciler.model.servers.terms import ProxyType
    from reconciler.verification import Finding
    from tests.system.support.keys import Keys
    from tests.system.support.postfix import Postfix
    from tests.system.support.proxies import RunningProxy

    Start = Callable[[str], RunningProxy]

_OPEN = ("microsocks", "dante", "ssh", "tinyproxy", "squid")
_WITH_USER = ("microsocksWithUser", "danteWithUser", "tinyproxyWithUser", "squidWithUser")
_WEB_ONLY = ("danteWebOnly", "tinyproxyWebOnly", "squidWebOnly")
_CONVERSATIONS = 40


def check_through(running: RunningProxy, port: int, *, password: str | None = PASSWORD, **changes: Any) -> Finding:
    """Verify an account behind a proxy; with ``password`` None nobody logs in at the proxy."""
    has_login = running.wants_user and password is not None
    kind: ProxyType = changes.pop("proxy_type", running.kind)
    is_remote: bool = changes.pop("resolves_remotely", True)
    proxy = Proxy(
        type=kind,
        host=LOOPBACK,
        port=running.port,
        username=USERNAME if has_login else None,
        resolves_remotely=is_remote,
    )
    return check_account(
        port, proxy=proxy, proxy_password=SecretValue(password) if has_login and password else None, **changes
    )


@pytest.mark.parametrize("encryption", ["starttls", "tls"])
@pytest.mark.parametrize("name", _OPEN + _WITH_USER)
def test_a_message_goes_through(proxy: Start, postfix: Postfix, keys: Keys, name: str, encryption: str) -> None:
    """Each proxy, with and without a user of its own, takes the whole conversation, and the message arrives."""
    finding = check_through(proxy(name), postfix.ports[encryption], encryption=encryption, ca_pem=keys.ca_pem)
    assert {"dns": "notDeclared"} == {check: code for check, code in outcome(finding).items() if code != "ok"}
    queue_id = (finding.observed.queue_id or "").rpartition(" ")[2]
    assert OPERATOR == postfix.message(OPERATOR, queue_id)["To"].addresses[0].addr_spec


@pytest.mark.parametrize("name", _OPEN)
def test_no_greeting_is_lost(proxy: Start, postfix: Postfix, name: str) -> None:
    """A greeting that comes at once with the proxy's own reply is read, every time."""
    codes = [
        outcome(check_through(proxy(name), postfix.ports["plain"], user=None, encryption="none", depth="connect"))
        for _ in range(_CONVERSATIONS)
    ]
    assert ["ok"] * _CONVERSATIONS == [each["greeting"] for each in codes]


@pytest.mark.parametrize("name", _OPEN)
def test_names_may_be_looked_up_here(proxy: Start, postfix: Postfix, name: str) -> None:
    """With remoteDns: false this machine looks the mail host up, and the proxy is told an address."""
    finding = check_through(proxy(name), postfix.ports["plain"], user=None, encryption="none", resolves_remotely=False)
    assert ("ok", "ok") == (outcome(finding)["dns"], outcome(finding)["message"])


def test_socks4(proxy: Start, postfix: Postfix, keys: Keys) -> None:
    """SOCKS4 with an address takes the whole conversation; dante does not know the names of SOCKS4a, and refuses."""
    port = postfix.ports["starttls"]
    by_address = check_through(proxy("dante"), port, proxy_type="socks4", resolves_remotely=False, ca_pem=keys.ca_pem)
    by_name = check_through(proxy("dante"), port, proxy_type="socks4", ca_pem=keys.ca_pem)
    assert ("passed", "proxyCannotConnect") == (by_address.verification.status, failure(by_name).code)
    assert "remoteDns: false" in failure(by_name).message


@pytest.mark.parametrize("name", _WITH_USER)
def test_a_wrong_proxy_password_is_the_proxys_refusal(proxy: Start, postfix: Postfix, name: str) -> None:
    """It fails the proxy check, permanently; the mail server is not reached."""
    connections = postfix.log.count("connect from")
    failed = failure(check_through(proxy(name), postfix.ports["starttls"], password="not-the-password"))
    assert "proxy" == failed.check
    assert "proxyLoginRejected" == failed.code
    assert "permanent" == failed.class_
    assert "proxy" in failed.message
    assert connections == postfix.log.count("connect from")


@pytest.mark.parametrize("name", _WITH_USER)
def test_a_missing_proxy_login_is_told(proxy: Start, postfix: Postfix, name: str) -> None:
    """A proxy that wants a user and is given none fails the proxy check with the fields to write."""
    failed = failure(check_through(proxy(name), postfix.ports["starttls"], password=None))
    assert "proxy" == failed.check
    assert "proxyLoginRequired" == failed.code
    assert "permanent" == failed.class_
    assert "username" in failed.message


@pytest.mark.parametrize("name", _WEB_ONLY)
def test_a_proxy_that_forbids_the_port_is_told(proxy: Start, postfix: Postfix, name: str) -> None:
    """A proxy whose rules allow port 443 only is told to be the one who refuses."""
    failed = failure(check_through(proxy(name), postfix.ports["starttls"]))
    assert "connect" == failed.check
    assert "proxyForbids" == failed.code
    assert "permanent" == failed.class_
    assert "proxy" in failed.message


def test_ssh_that_forbids_the_port_says_nothing(proxy: Start, postfix: Postfix) -> None:
    """An ssh -D closes without a word where its server forbids the port: what may be wrong is named, the log too."""
    failed = failure(check_through(proxy("sshWebOnly"), postfix.ports["starttls"]))
    assert ("connect", "proxyConnectionLost") == (failed.check, failed.code)
    assert [] == [each for each in ("smtp.host and smtp.port", "the proxy's log") if each not in failed.message]


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("microsocks", "connectionRefused"),
        ("dante", "connectionRefused"),
        ("ssh", "proxyConnectionLost"),
        ("tinyproxy", "proxyCannotConnect"),
        ("squid", "connectionRefused"),
    ],
)
def test_a_dead_mail_server_is_not_the_proxys_fault(proxy: Start, name: str, code: str) -> None:
    """Where nothing listens behind the proxy, the connect check fails, transiently, and the proxy check passes."""
    (port,) = free_ports(1)
    finding = check_through(proxy(name), port)
    failed = failure(finding)
    assert "connect" == failed.check
    assert code == failed.code
    assert "transient" == failed.class_
    assert "ok" == outcome(finding)["proxy"]
    assert str(port) in failed.message


@pytest.mark.parametrize("kind", ["socks5", "socks4", "http"])
def test_a_dead_proxy_is_told(postfix: Postfix, kind: ProxyType) -> None:
    """Where nothing listens on the proxy's port, the proxy check fails; nobody goes around it."""
    connections = postfix.log.count("connect from")
    dead = Proxy(type=kind, host=LOOPBACK, port=free_ports(1)[0])
    failed = failure(check_account(postfix.ports["starttls"], proxy=dead))
    assert "proxy" == failed.check
    assert "proxyConnectionRefused" == failed.code
    assert "transient" == failed.class_
    assert connections == postfix.log.count("connect from")


@pytest.mark.parametrize(
    ("name", "kind", "check", "codes"),
    [
        ("microsocks", "http", "proxy", {"notAProxy", "proxyConnectionLost"}),
        ("dante", "http", "proxy", {"notAProxy", "proxyConnectionLost"}),
        ("ssh", "http", "proxy", {"notAProxy", "proxyConnectionLost"}),
        ("tinyproxy", "socks5", "proxy", {"notAProxy"}),
        ("squid", "socks5", "proxy", {"notAProxy"}),
        ("squid", "socks4", "proxy", {"notAProxy"}),
    ],
)
def test_another_type_of_proxy_is_told(
    proxy: Start, postfix: Postfix, name: str, kind: ProxyType, check: str, codes: set[str]
) -> None:
    """HTTP to a SOCKS proxy is no proxy; an HTTP proxy that waits where SOCKS is spoken is found by asking it in HTTP."""
    finding = check_through(proxy(name), postfix.ports["starttls"], proxy_type=kind, timeout_seconds=3)
    failed = failure(finding)
    assert check == failed.check
    assert failed.code in codes
    assert "proxy" in failed.message


@pytest.mark.parametrize("name", _OPEN)
@pytest.mark.parametrize(
    ("listener", "encryption", "code"),
    [
        ("otherName", "starttls", "certificateWrongName"),
        ("expiredTls", "tls", "certificateExpired"),
        ("tls", "starttls", "implicitTlsPort"),
        ("starttls", "tls", "plainPort"),
    ],
)
def test_tls_is_judged_as_without_a_proxy(
    proxy: Start, postfix: Postfix, keys: Keys, name: str, listener: str, encryption: str, code: str
) -> None:
    """The declared host is what the certificate must be for, and the second looks go through the proxy too."""
    finding = check_through(
        proxy(name), postfix.ports[listener], encryption=encryption, ca_pem=keys.ca_pem, timeout_seconds=6
    )
    assert code == failure(finding).code
    if code == "certificateWrongName":
        assert "mail.example.com" in failure(finding).message


@pytest.mark.parametrize("name", _OPEN)
def test_a_wrong_password_is_the_mail_servers_refusal(proxy: Start, postfix: Postfix, keys: Keys, name: str) -> None:
    """Behind a proxy the login check tells of the mail server, once."""
    before = postfix.log.count("authentication failed")
    finding = check_through(proxy(name), postfix.ports["starttls"], ca_pem=keys.ca_pem, has_right_secret=False)
    assert ("auth", "credentialsRejected") == (failure(finding).check, failure(finding).code)
    assert 1 == postfix.log.count("authentication failed") - before
