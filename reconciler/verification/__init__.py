"""The adapter that verifies: one conversation with a server, told as checks with a sentence each.

Not allowed here: reading secrets or state, deciding routes, running several conversations at once. ``verify`` never
raises for what a server does; the checks of the conversation are in ``conversation``, their sentences in
``sentences``, the test message in ``testmail``. Checks that need no conversation belong beside them, each kind in a
module of its own.
"""

from reconciler.smtp.proxies import Proxy
from reconciler.verification.retrying import USUAL_RETRIES, Retries
from reconciler.verification.run import verify
from reconciler.verification.target import Finding, Sender, Server, Target, TestContext, TokenSource

__all__ = [
    "USUAL_RETRIES",
    "Finding",
    "Proxy",
    "Retries",
    "Sender",
    "Server",
    "Target",
    "TestContext",
    "TokenSource",
    "verify",
]
