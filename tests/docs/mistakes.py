"""The page docs/mistakes.md: what newcomers get wrong, the message they get, and what mends it.

Each mistake is really made against a server, the message is what came of it, and the correction that the message
names is really tried. The page is made from that:

    python -m tests.docs.mistakes       # writes docs/mistakes.md anew
"""

from __future__ import annotations

import re
import socket
import textwrap
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reconciler.model.secrets.values import SecretValue
from reconciler.model.verification.codes import CHECK_CODES
from reconciler.model.verification.context import TestContext
from reconciler.operations.conversations.tokens import TokenAtHand
from reconciler.smtp.dial import DirectDialer
from reconciler.smtp.proxies import ProxyDialer
from reconciler.verification import Sender, Target, verify
from reconciler.verification.domains import Lookups, Question, examine
from reconciler.verification.retries import Retries
from tests.docs.classics import MISTAKES, Mistake
from tests.docs.worlds import HOST, PASSWORD, USER, World
from tests.support.access import access_to
from tests.support.certificates import TestCA
from tests.support.nameserver import NameServer

if TYPE_CHECKING:
    from reconciler.smtp.dial import Dialer
    from reconciler.verification import Finding
    from reconciler.verification.domains.sentences import Remark

__all__ = ["MISTAKES", "Mistake", "find_message", "is_mended", "make_page"]

PAGE = Path(__file__).parents[2] / "docs" / "mistakes.md"


def find_message(mistake: Mistake, ca: TestCA) -> str:
    """Make the mistake, and return what verification says of the one check that fails."""
    if mistake.zones is not None:
        ((check, found),) = _check_domain(mistake.zones[0])
        return f"{check} failed ({CHECK_CODES[found.code].failure_class}, {found.code}): {found.message}"
    finding = _check_settings(mistake, ca, is_mended=False)
    (failed,) = [check for check in finding.verification.checks if check.status == "failed"]
    return _as_elsewhere(f"{failed.check} failed ({failed.class_}, {failed.code}): {failed.message}")


def is_mended(mistake: Mistake, ca: TestCA) -> bool:
    """Tell whether the account passes once the reader has done what the message says."""
    if mistake.zones is not None:
        return _check_domain(mistake.zones[1]) == []
    return _check_settings(mistake, ca, is_mended=True).verification.status == "passed"


def make_page(ca: TestCA) -> str:
    """Return the whole page."""
    parts = [
        "# Mistakes that everybody makes once",
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
    message = re.sub(r"\b127\.0\.0\.1\b", "192.0.2.25", message)
    message = re.sub(r"\bsha256:[0-9a-f]{64}\b", f"sha256:{'5e' * 32}", message)
    return re.sub(r"trustme v[0-9.]+", "Example Private CA", message)


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
            access=access_to(
                **fields,
                ca_pem=ca.pem if trusts_own_ca else world.trusted,
                password=password,
                token=None if token is None else TokenAtHand(SecretValue(token)),
            ),
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


def _check_domain(zone: str) -> list[tuple[str, Remark]]:
    """Return what the checks of a sending domain find missing, by the check: those of its SPF record and of its MX."""
    with NameServer(zone) as server:
        found = examine(Question(domain="example.com"), Lookups([server.address]), within_seconds=10)
    remarks = ((check, each) for check in ("spf", "mx") for each in found.remarks[check])
    return [(check, each) for check, each in remarks if CHECK_CODES[each.code].kind == "failed"]


def _dialer(target: Target, *, world: World) -> Dialer:
    """Return the way to where the world has the target's server; names are looked up in the world, too."""
    server = target.server
    if server.proxy is None:
        return DirectDialer(
            server.host, world.ports.get((server.host, server.port), 1), resolver=partial(_look_up, world)
        )
    there = server.proxy.model_copy(update={"port": world.ports[server.proxy.host, server.proxy.port]})
    port = world.ports[server.host, server.port]
    return ProxyDialer(
        there, password=target.access.proxy_password, host=server.host, port=port, resolver=partial(_look_up, world)
    )


def _look_up(world: World, name: str) -> tuple[str, ...]:
    if name not in {host for host, _ in world.ports}:
        raise socket.gaierror(socket.EAI_NONAME, "no such name")
    return ("127.0.0.1",)


NO_RETRIES = Retries(attempts=1)


def main() -> None:
    """Write the page."""
    PAGE.write_text(make_page(TestCA()), encoding="utf-8")


if __name__ == "__main__":
    main()
