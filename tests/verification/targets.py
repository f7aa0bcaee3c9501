"""Targets for the tests of verification: an account of Anna's on whatever server the test runs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from reconciler.model.secrets.values import SecretValue
from reconciler.model.verification.context import TestContext
from reconciler.smtp.dial import Connection, DirectDialer
from reconciler.verification import Retries, Sender, Target, verify
from tests.support.access import FIELDS, access_to

if TYPE_CHECKING:
    from collections.abc import Callable

    from reconciler.model.verification.evidence import Check, CheckName
    from reconciler.smtp.deadline import Deadline
    from reconciler.smtp.dial import Dialer
    from reconciler.verification import Finding
    from tests.support.mailserver import MailServer
    from tests.support.scripted import ScriptedServer

PASSWORD = "correct-horse-battery"
QUICK = Retries(first_pause_seconds=0.001, least_seconds=0.1)
"""As many attempts as usual, with hardly a pause between them."""
SALES = Sender(name="sales", kind="OwnAccount", email="sales@example.com", display_name="Example Sales")


@dataclass(frozen=True)
class Token:
    """A token at hand, as a target's source of it."""

    text: str

    def __call__(self, _deadline: Deadline, /) -> SecretValue:
        """Return the token."""
        return SecretValue(self.text)

    def known(self) -> SecretValue:
        """Return the token."""
        return SecretValue(self.text)


class Elsewhere(DirectDialer):
    """A way to a server that does not look like this machine."""

    def connect(self, deadline: Deadline) -> Connection:
        """Connect, and tell another address."""
        return Connection(super().connect(deadline).socket, "192.0.2.1")


def now() -> datetime:
    """Return the time in UTC."""
    return datetime.now(UTC)


def make_target(server: MailServer | ScriptedServer | None, **changes: Any) -> Target:
    """Return a target for a running server: STARTTLS, auto, depth message; ``changes`` name fields of either kind."""
    reached: dict[str, Any] = {
        "host": server.host if server else "127.0.0.1",
        "port": server.port if server else 1,
        "encryption": "starttls",
        "mechanism": "auto",
        "username": "anna",
        "password": SecretValue(PASSWORD),
    }
    fields: dict[str, Any] = {
        "depth": "message",
        "operator": "ops@example.com",
        "senders": (SALES,),
        "timeout_seconds": 5,
        "context": TestContext(project="mail", commit="0123abc"),
    }
    for name, value in changes.items():
        (reached if name in FIELDS else fields)[name] = value
    return Target(access=access_to(**reached), **fields)


def check_settings(
    server: MailServer | ScriptedServer | None,
    *,
    make_dialer: Callable[[str, int], Dialer] | None = None,
    retries: Retries = QUICK,
    **changes: Any,
) -> Finding:
    """Verify the one sender of a target made by ``make_target``."""
    target = make_target(server, **changes)
    if make_dialer is None:
        findings = verify(target, now=now, retries=retries)
    else:
        way = make_dialer
        findings = verify(
            target, now=now, retries=retries, make_dialer=lambda each: way(each.server.host, each.server.port)
        )
    assert list(findings) == [sender.name for sender in target.senders]
    return findings[target.senders[0].name]


def outcome(finding: Finding) -> dict[CheckName, str]:
    """Return the code of every check by its name."""
    return {check.check: check.code for check in finding.verification.checks}


def failure(finding: Finding) -> Check:
    """Return the one check that failed."""
    (failed,) = [check for check in finding.verification.checks if check.status == "failed"]
    return failed
