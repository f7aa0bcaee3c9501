"""The page docs/mistakes.md: what newcomers get wrong, the message they get, and what mends it.

Each mistake is really made against a server, the message is what came of it, and the correction that the message
names is really tried. The page is made from that:

    python -m tests.docs.mistakes       # writes docs/mistakes.md anew
"""

from __future__ import annotations

import contextlib
import re
import socket
import textwrap
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reconciler.model.secrets.values import SecretValue
from reconciler.operations.conversations.tokens import TokenAtHand
from reconciler.smtp.dial import DirectDialer
from reconciler.smtp.proxies import Proxy, ProxyDialer
from reconciler.verification import Sender, Server, Target, TestContext, verify
from reconciler.verification.retries import Retries
from tests.support.certificates import TestCA
from tests.support.mailserver import MailServer, Refusals
from tests.support.proxies import ProxyServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager

    from reconciler.smtp.dial import Dialer
    from reconciler.verification import Finding

PAGE = Path(__file__).parents[2] / "docs" / "mistakes.md"
PASSWORD = "correct-horse-battery"
HOST = "smtp.example.com"
USER = "sales@example.com"
_ENDED = datetime(2026, 10, 1)  # noqa: DTZ001 - trustme takes naive UTC


@dataclass(frozen=True, kw_only=True)
class World:
    """What listens where, by the host and port that manifests name, and whom the system trusts."""

    ports: Mapping[tuple[str, int], int]
    trusted: str | None


@dataclass(frozen=True, kw_only=True)
class Mistake:
    """One thing that people get wrong."""

    title: str
    wrong: Mapping[str, Any] = field(default_factory=dict)
    """What the account has instead of the usual, by the names in ``Server`` and ``Target``."""
    shown: str
    """The lines of the manifest that matter."""
    names: tuple[str, ...]
    """What the message must say for a reader to be able to mend it."""
    mended: Mapping[str, Any] = field(default_factory=dict)
    """What differs once the reader has done what the message says; nothing where the server's side was mended."""
    world: Callable[..., AbstractContextManager[World]]
    """Takes the CA and ``is_mended``."""


def find_message(mistake: Mistake, ca: TestCA) -> str:
    """Make the mistake, and return what verification says of the one check that fails."""
    finding = _check_settings(mistake, ca, is_mended=False)
    (failed,) = [check for check in finding.verification.checks if check.status == "failed"]
    return _as_elsewhere(f"{failed.check} failed ({failed.class_}, {failed.code}): {failed.message}")


def is_mended(mistake: Mistake, ca: TestCA) -> bool:
    """Tell whether the account passes once the reader has done what the message says."""
    return _check_settings(mistake, ca, is_mended=True).verification.status == "passed"


def make_page(ca: TestCA) -> str:
    """Return the whole page."""
    parts = [
        "# Ten mistakes that everybody makes once",
        "",
        "What `reconciler plan` and `reconciler verify` say about them. Each message below is what came of making the",
        "mistake against a real server; a test makes them all, and shows that doing what the message says mends it.",
        "",
        "*This page is made by `make generate`.*",
    ]
    for number, mistake in enumerate(MISTAKES, 1):
        parts += ["", f"## {number}. {mistake.title}", "", "```yaml", *mistake.shown.splitlines(), "```", ""]
        parts += ["```text", *_wrapped(find_message(mistake, ca)), "```"]
    return "\n".join(parts) + "\n"


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, 100, break_long_words=False, break_on_hyphens=False)


def _as_elsewhere(message: str) -> str:
    """Return a message without what differs from machine to machine."""
    return re.sub(r"trustme v[0-9.]+", "Example Private CA", re.sub(r"\b127\.0\.0\.1\b", "192.0.2.25", message))


def _check_settings(mistake: Mistake, ca: TestCA, *, is_mended: bool) -> Finding:
    fields: dict[str, Any] = {
        "host": HOST,
        "port": 587,
        "encryption": "starttls",
        "mechanism": "auto",
        "username": USER,
        "password": SecretValue(PASSWORD),
        "token": None,
        "trusts_own_ca": False,
        **mistake.wrong,
        **(mistake.mended if is_mended else {}),
    }
    password, token, trusts_own_ca = (fields.pop(name) for name in ("password", "token", "trusts_own_ca"))
    with mistake.world(ca, is_mended=is_mended) as world:
        target = Target(
            server=Server(**fields, ca_pem=ca.pem if trusts_own_ca else world.trusted),
            password=password,
            token=None if token is None else TokenAtHand(SecretValue(token)),
            depth="message",
            operator="ops@example.com",
            senders=(Sender(name="sales", kind="OwnAccount", email=USER, display_name="Example Sales"),),
            timeout_seconds=3,
            context=TestContext(project="mail"),
        )
        findings = verify(
            target,
            now=lambda: datetime.now(UTC),
            make_dialer=partial(_dialer, world=world),
            retries=NO_RETRIES,
        )
    return findings["sales"]


def _dialer(target: Target, *, world: World) -> Dialer:
    """Return the way to where the world has the target's server; names are looked up in the world, too."""
    server = target.server
    if server.proxy is None:
        return DirectDialer(
            server.host, world.ports.get((server.host, server.port), 1), resolver=partial(_look_up, world)
        )
    there = replace(server.proxy, port=world.ports[server.proxy.host, server.proxy.port])
    port = world.ports[server.host, server.port]
    return ProxyDialer(there, password=None, host=server.host, port=port, resolver=partial(_look_up, world))


def _look_up(world: World, name: str) -> tuple[str, ...]:
    if name not in {host for host, _ in world.ports}:
        raise socket.gaierror(socket.EAI_NONAME, "no such name")
    return ("127.0.0.1",)


@contextlib.contextmanager
def _provider(
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
def _expired(ca: TestCA, *, is_mended: bool) -> Iterator[World]:
    """Run a server whose certificate has ended, or has been renewed."""
    old = ca.server_context(HOST, not_before=_ENDED - timedelta(days=90), not_after=_ENDED)
    context = ca.server_context(HOST) if is_mended else old
    with MailServer(host=HOST, tls_context=context, users={USER: PASSWORD}) as server:
        yield World(ports={(HOST, 587): server.port}, trusted=ca.pem)


@contextlib.contextmanager
def _behind_proxy(ca: TestCA, *, is_mended: bool) -> Iterator[World]:
    """Run a server, and a proxy that listens only once it is mended."""
    with _provider(ca, is_mended=True) as world, ProxyServer("socks5", hosts={HOST: "127.0.0.1"}) as proxy:
        port = proxy.port if is_mended else _free_port()
        yield World(ports={**world.ports, ("proxy.example.com", 1080): port}, trusted=ca.pem)


def _free_port() -> int:
    """Return a port on which nothing listens."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port: int = unused.getsockname()[1]
    return port


NO_RETRIES = Retries(attempts=1)

MISTAKES = (
    Mistake(
        title="The wrong port for the encryption",
        wrong={"port": 465},
        shown="smtp:\n  host: smtp.example.com\n  port: 465\n  encryption: starttls",
        names=("encryption: tls",),
        mended={"encryption": "tls"},
        world=_provider,
    ),
    Mistake(
        title="A mistyped host",
        wrong={"host": "smtp.exmaple.com"},
        shown="smtp:\n  host: smtp.exmaple.com",
        names=("smtp.exmaple.com", "smtp.host"),
        mended={"host": HOST},
        world=_provider,
    ),
    Mistake(
        title="A certificate that has ended",
        shown="smtp:\n  host: smtp.example.com\n  encryption: starttls",
        names=("2026-10-01", "renewed"),
        world=_expired,
    ),
    Mistake(
        title="A private CA",
        shown="smtp:\n  host: smtp.example.com\n  encryption: starttls",
        names=("caFile",),
        mended={"trusts_own_ca": True},
        world=partial(_provider, is_public=False),
    ),
    Mistake(
        title="A wrong password",
        wrong={"password": SecretValue("correct-horse-batery")},
        shown="authentication:\n  username: sales@example.com\n  password: {env: SMTP_SALES_PASSWORD}",
        names=("username", "password", "rejects"),
        mended={"password": SecretValue(PASSWORD)},
        world=_provider,
    ),
    Mistake(
        title="The account's password where an app password is needed",
        wrong={"host": "smtp.gmail.com"},
        shown="smtp:\n  host: smtp.gmail.com\n  authentication:\n    username: sales@example.com\n    password: {env: SMTP_SALES_PASSWORD}",
        names=("app password", "App passwords"),
        world=partial(
            _provider,
            host="smtp.gmail.com",
            refusals=Refusals(
                login="534 5.7.9 Application-specific password required. For more information, go to "
                "https://support.google.com/mail/?p=InvalidSecondFactor - gsmtp"
            ),
        ),
    ),
    Mistake(
        title="A provider that no longer takes passwords",
        wrong={"host": "smtp.office365.com"},
        shown="smtp:\n  host: smtp.office365.com\n  authentication:\n    username: sales@example.com\n    password: {env: SMTP_SALES_PASSWORD}",
        names=("oauth2", "xoauth2"),
        mended={"password": None, "token": PASSWORD, "mechanism": "xoauth2"},
        world=partial(
            _provider,
            host="smtp.office365.com",
            mechanisms=("LOGIN", "XOAUTH2"),
            refusals=Refusals(login="535 5.7.139 Authentication unsuccessful, basic authentication is disabled."),
        ),
    ),
    Mistake(
        title="A sender that is not the user's",
        shown="email: sales@example.com\nsmtp:\n  authentication:\n    username: anna@example.com",
        names=("spec.email", "username", USER),
        world=partial(
            _provider,
            refusals=Refusals(
                senders={
                    USER: "553 5.7.1 <sales@example.com>: Sender address rejected: not owned by user anna@example.com"
                }
            ),
        ),
    ),
    Mistake(
        title="No login, so the server does not relay",
        wrong={"mechanism": None, "username": None, "password": None},
        shown="smtp:\n  host: smtp.example.com     # and no authentication",
        names=("smtp.authentication",),
        mended={"mechanism": "auto", "username": USER, "password": SecretValue(PASSWORD)},
        world=partial(
            _provider,
            requires_auth=False,
            refusals=Refusals(recipients={"ops@example.com": "554 5.7.1 <ops@example.com>: Relay access denied"}),
        ),
    ),
    Mistake(
        title="A proxy that is down",
        wrong={"proxy": Proxy(type="socks5", host="proxy.example.com", port=1080)},
        shown="proxy: {type: socks5, host: proxy.example.com, port: 1080}",
        names=("proxy.example.com:1080", "proxy"),
        world=_behind_proxy,
    ),
)


def main() -> None:
    """Write the page."""
    PAGE.write_text(make_page(TestCA()), encoding="utf-8")


if __name__ == "__main__":
    main()
