"""The servers, proxies and names that the mistakes of the page are made at: as they are, and once they are mended."""

from __future__ import annotations

import contextlib
import socket
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from reconciler.model.secrets.values import SecretValue
from reconciler.smtp.clientcertificate import ClientCertificate
from tests.support.certificates import self_signed_context
from tests.support.chains import Issued
from tests.support.mailserver import MailServer, Refusals
from tests.support.proxies import ProxyServer
from tests.support.scripted import ScriptedServer, polite

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.support.certificates import TestCA

PASSWORD = "correct-horse-battery"
HOST = "smtp.example.com"
USER = "sales@example.com"
_ENDED = datetime(2026, 10, 1)  # noqa: DTZ001 - trustme takes naive UTC
_ALWAYS = (datetime(2000, 1, 1, tzinfo=UTC), datetime(3000, 1, 1, tzinfo=UTC))
_ROOT = Issued.root("Example Root", days=_ALWAYS)
_OLD_ROOT = Issued.root("Example Root", key=_ROOT.key, days=(_ALWAYS[0], _ENDED.replace(tzinfo=UTC)))
_INTERMEDIATE = _ROOT.issue("Example Intermediate", is_authority=True, days=_ALWAYS)
_CLIENTS = Issued.root("Example Clients", days=_ALWAYS)
_OWN = _CLIENTS.issue("sales.example.com", days=_ALWAYS)
CLIENT = ClientCertificate(pem=_OWN.pem, key=SecretValue(_OWN.key_pem))
"""What a server that demands a certificate of its clients takes."""


@dataclass(frozen=True, kw_only=True)
class World:
    """What listens where, by the host and port that manifests name, and whom the system trusts."""

    ports: Mapping[tuple[str, int], int]
    trusted: str | None


@contextlib.contextmanager
def provider(
    ca: TestCA, *, is_mended: bool, host: str = HOST, is_public: bool = True, always: bool = False, **options: Any
) -> Iterator[World]:
    """Run a provider's two ports: STARTTLS on 587 and implicit TLS on 465.

    What it refuses is mended on its side, unless it refuses ``always``.
    """
    refusals = options.pop("refusals", Refusals())
    common: dict[str, Any] = {
        "host": host,
        "tls_context": ca.server_context(host),
        "users": {USER: PASSWORD},
        "refusals": refusals if always or not is_mended else Refusals(),
        **options,
    }
    with MailServer(encryption="starttls", **common) as submission, MailServer(encryption="tls", **common) as implicit:
        ports = {(host, 587): submission.port, (host, 465): implicit.port}
        yield World(ports=ports, trusted=ca.pem if is_public else None)


@contextlib.contextmanager
def expired(ca: TestCA, *, is_mended: bool) -> Iterator[World]:
    """Run a server whose certificate has ended, or has been renewed."""
    old = ca.server_context(HOST, not_before=_ENDED - timedelta(days=90), not_after=_ENDED)
    context = ca.server_context(HOST) if is_mended else old
    with MailServer(host=HOST, tls_context=context, users={USER: PASSWORD}) as server:
        yield World(ports={(HOST, 587): server.port}, trusted=ca.pem)


@contextlib.contextmanager
def behind_proxy(ca: TestCA, *, is_mended: bool) -> Iterator[World]:
    """Run a server, and a proxy that listens only once it is mended."""
    with provider(ca, is_mended=True) as world, ProxyServer("socks5", hosts={HOST: "127.0.0.1"}) as proxy:
        port = proxy.port if is_mended else free_port()
        yield World(ports={**world.ports, ("proxy.example.com", 1080): port}, trusted=ca.pem)


def free_port() -> int:
    """Return a port on which nothing listens."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port: int = unused.getsockname()[1]
    return port


@contextlib.contextmanager
def in_clear_text(ca: TestCA, *, is_mended: bool) -> Iterator[World]:
    """Run a server that offers no STARTTLS on its port 25, beside a provider's two ports."""
    with provider(ca, is_mended=is_mended) as world, MailServer(host=HOST, encryption="none") as exchange:
        yield World(ports={**world.ports, (HOST, 25): exchange.port}, trusted=ca.pem)


@contextlib.contextmanager
def of_another_name(ca: TestCA, *, is_mended: bool) -> Iterator[World]:
    """Run a provider whose certificate is for one of the two names that lead to it."""
    with provider(ca, is_mended=is_mended, tls_context=ca.server_context("mail.example.net")) as world:
        others = {("mail.example.net", port): there for (_, port), there in world.ports.items()}
        yield World(ports={**world.ports, **others}, trusted=ca.pem)


@contextlib.contextmanager
def self_signed(ca: TestCA, *, is_mended: bool) -> Iterator[World]:
    """Run a provider whose certificate signs itself; once that is mended, it stands in ``caFile``."""
    context, pem = self_signed_context(HOST)
    with provider(ca, is_mended=is_mended, tls_context=context) as world:
        yield World(ports=world.ports, trusted=pem if is_mended else None)


@contextlib.contextmanager
def without_intermediate(ca: TestCA, *, is_mended: bool) -> Iterator[World]:
    """Run a provider that sends its certificate alone; once that is mended, with the intermediate behind it."""
    leaf = _INTERMEDIATE.issue(HOST, names=(HOST,), days=_ALWAYS)
    context = leaf.server_context(*((_INTERMEDIATE,) if is_mended else ()))
    with provider(ca, is_mended=is_mended, tls_context=context) as world:
        yield World(ports=world.ports, trusted=_ROOT.pem if is_mended else None)


@contextlib.contextmanager
def with_old_ca_file(ca: TestCA, *, is_mended: bool) -> Iterator[World]:
    """Run a provider with a private CA whose certificate was renewed; once that is mended, in ``caFile`` too."""
    context = _ROOT.issue(HOST, names=(HOST,), days=_ALWAYS).server_context()
    with provider(ca, is_mended=is_mended, tls_context=context) as world:
        yield World(ports=world.ports, trusted=(_ROOT if is_mended else _OLD_ROOT).pem)


@contextlib.contextmanager
def demanding(_: TestCA, *, is_mended: bool) -> Iterator[World]:
    """Run a server that demands a certificate of its clients."""
    context = _ROOT.issue(HOST, names=(HOST,), days=_ALWAYS).demanding_context(_CLIENTS)
    with ScriptedServer(polite(tls_context=context)) as server:
        yield World(ports={(HOST, 587): server.port}, trusted=_ROOT.pem)


@contextlib.contextmanager
def through_proxy(ca: TestCA, *, is_mended: bool, users: Mapping[str, str]) -> Iterator[World]:
    """Run a provider, and a proxy with users of its own on the way to it."""
    with (
        provider(ca, is_mended=is_mended) as world,
        ProxyServer("socks5", hosts={HOST: "127.0.0.1"}, users=users) as proxy,
    ):
        yield World(ports={**world.ports, ("proxy.example.com", 1080): proxy.port}, trusted=ca.pem)
