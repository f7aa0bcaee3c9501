"""What is handed to a verification, and what it hands back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reconciler.model.secrets.values import SecretValue
    from reconciler.model.verification.depths import Depth
    from reconciler.model.verification.evidence import Observed, Verification
    from reconciler.smtp.login import TokenSource
    from reconciler.smtp.server import Server


@dataclass(frozen=True, kw_only=True)
class Sender:
    """One account as a sender."""

    name: str
    """The account's name."""
    kind: str
    email: str
    display_name: str
    reply_to_email: str | None = None
    reply_to_display_name: str | None = None


@dataclass(frozen=True, kw_only=True)
class TestContext:
    """What the test message says about its occasion."""

    __test__ = False  # not a test class, in spite of its name

    project: str
    commit: str | None = None
    """The git commit that the settings come from; None: unknown."""
    plan: str | None = None
    """The plan or revision that the message belongs to; None: none."""


@dataclass(frozen=True, kw_only=True)
class Target:
    """One conversation: a server, a credential, and the senders to try over it."""

    server: Server
    password: SecretValue | None = None
    token: TokenSource | None = None
    """Where the access token comes from that logs in instead of a password; None: no token is declared."""
    withheld: str | None = None
    """Why the credential must not travel, as a sentence; None: it may."""
    proxy_password: SecretValue | None = None
    proxy_withheld: str | None = None
    """Why the proxy's password must not travel, as a sentence; None: it may."""
    depth: Depth
    operator: str | None = None
    """Who receives the test message; None: nobody is named."""
    senders: tuple[Sender, ...]
    timeout_seconds: int
    """The limit of the whole conversation, whatever the server does."""
    allowed_hosts: tuple[str, ...] = ("*",)
    """Globs of the hosts that may be contacted."""
    context: TestContext

    @property
    def declares_login(self) -> bool:
        """Whether the account wants to log in; a login that is declared in part counts, so that none is forgotten."""
        parts = (self.server.mechanism, self.server.username, self.password, self.token)
        return any(part is not None for part in parts)


@dataclass(frozen=True)
class Finding:
    """What was found out about one sender."""

    verification: Verification
    observed: Observed
