"""Before a secret travels for the first time: what state knows is read, to be compared with it.

A known secret whose value was rotated at its source, or was not read when its route was recorded, is recognised under
another reference only by the value that its own reference has now. What is read for that is compared and nothing else:
it is not sent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.operations.conversations.run import read_secrets
from reconciler.rules.secrets.grants import unread_reasons

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from reconciler.operations.conversations.run import SecretsAtHand
    from reconciler.operations.workspace import Workspace
    from reconciler.rules.secrets.routes import Verdict


def judge_compared(
    judge: Callable[[Mapping[str, str]], Verdict], secrets: SecretsAtHand, workspace: Workspace
) -> tuple[Verdict, Mapping[str, str]]:
    """Return what ``judge`` makes of the fingerprints at hand and of those that it asks for, by reference.

    With it the known references that could not be read and so stand against a first use, each with the reason.
    """
    values, unreadable = dict(secrets.readings.fingerprints), dict(secrets.readings.unreadable)
    while True:
        verdict = judge(values)
        wanted = verdict.not_compared - unreadable.keys()
        if not wanted or not secrets.readings.were_read:
            return verdict, unread_reasons(verdict.not_compared, unreadable)
        found = read_secrets(workspace, wanted, depth="message").readings
        values |= found.fingerprints
        unreadable |= found.unreadable
