"""Servers that cannot be reached, and hosts that are never contacted."""

from __future__ import annotations

import socket
import threading
from contextlib import ExitStack, closing
from typing import TYPE_CHECKING

import pytest

from reconciler.smtp.dial import DirectDialer
from tests.support.mailserver import MailServer
from tests.verification.cases import Case, assert_failed
from tests.verification.targets import PASSWORD, check_settings, outcome

if TYPE_CHECKING:
    from collections.abc import Callable

    from reconciler.smtp.dial import Dialer
    from tests.support.certificates import TestCA


def _gai(code: int) -> Callable[[str, int], Dialer]:
    def resolver(_host: str) -> tuple[str, ...]:
        raise socket.gaierror(code, "no")

    return lambda host, port: DirectDialer(host, port, resolver=resolver)


def _resolved(*addresses: str) -> Callable[[str, int], Dialer]:
    return lambda host, port: DirectDialer(host, port, resolver=lambda _host: addresses)


UNREACHED: tuple[tuple[str, Callable[[str, int], Dialer], Case], ...] = (
    ("mail.example", _gai(socket.EAI_NONAME), Case("hostNotFound", "dns", "permanent", words=("mail.example",))),
    ("mail.example", _gai(socket.EAI_AGAIN), Case("nameLookupFailed", "dns", "transient")),
    ("mail.example", _resolved("169.254.169.254"), Case("forbiddenAddress", "dns", "permanent", words=("169.254.",))),
    ("fe80::1", DirectDialer, Case("forbiddenAddress", "dns", "permanent")),
    ("127.0.0.1", DirectDialer, Case("connectionRefused", "connect", "transient", words=("port 1 ", "587"))),
    ("127.255.255.255", DirectDialer, Case("unreachable", "connect", "transient")),
    ("mail.example", _resolved("127.255.255.255", "127.0.0.1"), Case("connectionRefused", "connect", "transient")),
)


@pytest.mark.parametrize(("host", "make_dialer", "case"), UNREACHED, ids=lambda value: getattr(value, "code", ""))
def test_a_server_that_cannot_be_reached(host: str, make_dialer: Callable[[str, int], Dialer], case: Case) -> None:
    """Name, address and port are told apart, and what may pass from what must be mended."""
    assert_failed(check_settings(None, make_dialer=make_dialer, host=host), case)


def test_a_name_that_is_never_resolved_is_bounded() -> None:
    """The resolver cannot be interrupted, so it is left behind when the time is up."""
    answered = threading.Event()

    def resolver(_host: str) -> tuple[str, ...]:
        answered.wait(20)
        return ()

    finding = check_settings(
        None, host="mail.example", timeout_seconds=1, make_dialer=lambda h, p: DirectDialer(h, p, resolver=resolver)
    )
    answered.set()
    assert_failed(finding, Case("timedOut", "dns", "transient", words=("name servers",)))


def test_a_port_that_swallows_connections_is_bounded() -> None:
    """A connection that nobody takes ends at the limit, and port 25 is explained."""
    with closing(socket.socket()) as full, ExitStack() as waiting:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for _ in range(4):
            client = waiting.enter_context(closing(socket.socket()))
            client.setblocking(False)  # noqa: FBT003 - the socket's own signature
            client.connect_ex(full.getsockname())
        finding = check_settings(None, port=full.getsockname()[1], timeout_seconds=1)
    assert_failed(finding, Case("timedOut", "connect", "transient", words=("firewall",)))


def test_the_next_address_is_tried(ca: TestCA) -> None:
    """A name with several addresses is reached through whichever answers; link-local ones are passed over."""
    with MailServer(tls_context=ca.server_context(), users={"anna": PASSWORD}) as server:
        dialer = _resolved("169.254.169.254", "127.0.0.9", "127.0.0.1")
        finding = check_settings(server, ca_pem=ca.pem, make_dialer=dialer, depth="auth")
    assert finding.verification.status == "passed"
    assert "169.254" not in finding.verification.checks[0].message


def test_an_unlisted_host_is_not_contacted(ca: TestCA) -> None:
    """A host outside verification.servers is neither resolved nor connected to."""
    with MailServer(tls_context=ca.server_context()) as server:
        finding = check_settings(server, allowed_hosts=("*.example.com",), make_dialer=_gai(socket.EAI_FAIL))
    assert set(outcome(finding).values()) == {"unknownDestination"}
    assert (finding.verification.status, server.connections) == ("failed", 0)


@pytest.mark.parametrize(("host", "glob"), [("localhost", "LOCAL*"), ("127.0.0.1", "127.*"), ("127.0.0.1", "*")])
def test_a_listed_host_is_contacted(host: str, glob: str) -> None:
    """Globs match host names in any case, and addresses."""
    with MailServer(host=host, encryption="none") as server:
        finding = check_settings(server, encryption="none", allowed_hosts=("mail.example", glob), depth="connect")
    assert finding.verification.status == "passed"
