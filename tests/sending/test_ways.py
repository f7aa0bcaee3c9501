"""The ways to a server: TLS that is verified, proxies, tokens; and how much a long run holds in memory."""

from __future__ import annotations

import contextlib
import json
import tracemalloc
from typing import TYPE_CHECKING

import pytest

from reconciler.model.mail.contacts import Contact
from reconciler.model.secrets.values import SecretValue
from reconciler.model.servers.server import Proxy
from reconciler.sending import open_results, send_to_all
from tests.sending.letters import NOW, Bench, addresses, header
from tests.support.access import access_to
from tests.support.certificates import TestCA
from tests.support.mailserver import MailServer
from tests.support.proxies import ProxyServer
from tests.support.scripted import ScriptedServer, polite

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from reconciler.sending import Card
    from reconciler.smtp.deadline import Deadline

PASSWORD = "s3cret-and-long"


@pytest.fixture(scope="module")
def ca() -> TestCA:
    """Return the CA of the tests' servers."""
    return TestCA()


@pytest.mark.parametrize("encryption", ["starttls", "tls"])
def test_messages_go_over_verified_tls(tmp_path: Path, ca: TestCA, encryption: str) -> None:
    """With the private CA the login and the messages go encrypted; without it nothing does, and the run stops."""
    context = ca.server_context("localhost")
    with MailServer(encryption=encryption, tls_context=context, users={"anna": PASSWORD}) as server:  # type: ignore[arg-type]
        for pem, expected in ((ca.pem, "complete"), (None, "stopped")):
            access = access_to(
                host="localhost",
                port=server.port,
                encryption=encryption,
                ca_pem=pem,
                username="anna",
                password=SecretValue(PASSWORD),
            )
            end, _ = Bench(port=0, path=tmp_path / expected, access=access).run(addresses(3))
            assert expected == end.ending
        assert end.stopped is not None
        assert end.stopped.fault is not None
        assert "certificateUnknownIssuer" == end.stopped.fault.code
        assert 3 == len(server.messages)
        assert 1 == server.login_attempts


def test_a_plain_port_is_not_sent_through_as_if_it_were_tls(tmp_path: Path) -> None:
    """Declared TLS that is not there stops the run; there is no downgrade."""
    with MailServer(encryption="none") as server:
        for encryption, code in (("tls", "plainPort"), ("starttls", "starttlsNotOffered")):
            access = access_to(host="localhost", port=server.port, encryption=encryption)
            end, _ = Bench(port=0, path=tmp_path / code, access=access).run(addresses(1))
            assert end.stopped is not None
            assert end.stopped.fault is not None
            assert (code, []) == (end.stopped.fault.code, server.messages)


def test_messages_go_through_the_proxy_that_is_declared(tmp_path: Path) -> None:
    """The proxy is logged in at and passes all messages on; one that refuses stops the run, and nothing goes around it."""
    with MailServer(encryption="none") as server, ProxyServer("socks5", users={"mailer": PASSWORD}) as proxy:
        for password, ending in ((PASSWORD, "complete"), ("wrong", "stopped")):
            access = access_to(
                host="localhost",
                port=server.port,
                encryption="none",
                proxy=Proxy(type="socks5", host="127.0.0.1", port=proxy.port, username="mailer"),
                proxy_password=SecretValue(password),
            )
            end, _ = Bench(port=0, path=tmp_path / ending, access=access).run(addresses(2))
            assert ending == end.ending
        assert (2, 1) == (len(server.messages), server.connections)


def test_a_new_token_is_asked_for_with_each_connection(tmp_path: Path) -> None:
    """A run that outlives its token logs in with the next one when it connects again; a token masks itself in replies."""

    class Tokens:
        """Gives token after token."""

        count = 0

        def __call__(self, _deadline: Deadline, /) -> SecretValue:
            self.count += 1
            return SecretValue(f"token-{self.count}-0123456789")

        def known(self) -> SecretValue | None:
            return None

    tokens = Tokens()
    instead = {
        "EHLO": "250-test.example\r\n250 AUTH XOAUTH2",
        "MAIL": ["250 ok", "421 token-1-0123456789 ended", "250 ok"],
    }
    with ScriptedServer(polite(instead)) as server:
        access = access_to(host="localhost", port=server.port, encryption="none", username="anna", token=tokens)
        bench = Bench(port=0, path=tmp_path / "r", access=access)
        bench.run(addresses(2))
        assert {"accepted"} == set(bench.outcomes().values())
        assert 2 == tokens.count
        assert 2 == server.connections
        assert "token-1" not in bench.path.read_text(encoding="utf-8")


def test_going_on_with_many_contacts_takes_little_memory(tmp_path: Path) -> None:
    """A run that goes on after 40,000 contacts holds an octet for each, and no contact."""
    count = 40_000
    path = tmp_path / "r"
    at = NOW.isoformat().replace("+00:00", "Z")
    with path.open("w", encoding="utf-8") as file:
        file.write(header().model_dump_json(by_alias=True) + "\n")
        for line in range(2, count + 2):
            record = {"line": line, "contact": f"contact-{line}@example.net", "outcome": "accepted", "at": at}
            file.write(json.dumps(record) + "\n")

    @contextlib.contextmanager
    def cards() -> Iterator[Iterator[Card]]:
        yield (Contact(email=f"contact-{line}@example.net", line=line) for line in range(2, count + 12))

    with MailServer(encryption="none") as server:
        sending = Bench(port=server.port, path=path).sending()
        tracemalloc.start()
        with open_results(path, header()) as results:
            send_to_all(cards, results, sending)
            _, peak = tracemalloc.get_traced_memory()
            total = results.total()
        tracemalloc.stop()
        assert (10, count + 10) == (len(server.messages), total.accepted)
        assert peak < 3_000_000
