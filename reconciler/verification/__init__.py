"""The adapter that verifies: one conversation with a server, told as checks with a sentence each.

Not allowed here: reading secrets or state, deciding routes, running several conversations at once. ``verify`` never
raises for what a server does. The checks of the conversation are in ``conversation``, their record in ``ledger``, their
sentences in ``sentences``, what known providers mean in ``providers``, the test message in ``testmail``. ``retrying``
says what may be tried again, ``attempts`` does it. The checks that need no conversation are in ``domains``.
"""

from reconciler.verification.retries import USUAL_RETRIES, Retries
from reconciler.verification.run import verify
from reconciler.verification.target import Finding, Sender, Target

__all__ = [
    "USUAL_RETRIES",
    "Finding",
    "Retries",
    "Sender",
    "Target",
    "verify",
]
