"""What is handed to a verification, and what it hands back."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from reconciler.classes import Frozen, FrozenByName

if TYPE_CHECKING:
    from reconciler.model.servers.server import Server
    from reconciler.model.verification.context import TestContext
    from reconciler.model.verification.depths import Depth
    from reconciler.model.verification.evidence import Observed, Verification
    from reconciler.smtp.access import Access


_MESSAGE_TAKES = 3
"""How many times as long as all the rest a message may take."""


class Sender(FrozenByName):
    """One account as a sender."""

    name: str
    """The account's name."""
    kind: str
    email: str
    display_name: str
    reply_to_email: str | None = None
    reply_to_display_name: str | None = None
    stands_for: tuple[str, ...] = ()
    """The other accounts that its test message stands for; none where each sends one."""
    further_replies: tuple[tuple[str, str | None], ...] = ()
    """Address and name of each further reply-to, where replies go to several."""


class Target(FrozenByName):
    """One conversation: a server with what is at hand to log in there, and the senders to try over it."""

    access: Access
    withheld: str | None = None
    """Why the credential must not travel, as a sentence; None: it may."""
    proxy_withheld: str | None = None
    """Why the proxy's password must not travel, as a sentence; None: it may."""
    certificate_withheld: str | None = None
    """Why the key of the client's certificate must not be used, as a sentence; None: it may."""
    depth: Depth
    operator: str | None = None
    """Who receives the test message; None: nobody is named."""
    senders: tuple[Sender, ...]
    timeout_seconds: int
    """The limit of the whole conversation but for its messages, whatever the server does."""
    most_seconds: float = math.inf
    """What is left of the whole run: no message is waited for beyond it."""
    allowed_hosts: tuple[str, ...] = ("*",)
    """Globs of the hosts that may be contacted."""
    context: TestContext

    @property
    def server(self) -> Server:
        """The server, without what is at hand to log in there."""
        return self.access.server

    @property
    def message_seconds(self) -> float:
        """The limit of one sender's message, from DATA to the server's word on it: servers may take minutes over that."""
        return float(_MESSAGE_TAKES * self.timeout_seconds)


class Finding(Frozen):
    """What was found out about one sender."""

    verification: Verification
    observed: Observed
