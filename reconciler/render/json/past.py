"""An account as a revision left it, as a document."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.model.plan import FORMAT_VERSION
from reconciler.render.times import instant

if TYPE_CHECKING:
    from reconciler.model.canonical import JsonObject
    from reconciler.rules.journal.past import PastAccount


def past_document(account: PastAccount, revision: int) -> JsonObject:
    """Return an account as a revision left it."""
    recorded = account.recorded
    return {
        "formatVersion": FORMAT_VERSION,
        "revision": revision,
        "accounts": [
            {
                "name": account.name,
                "kind": account.kind,
                "nameToday": account.name_now,
                "metadata": recorded.document["metadata"],
                "spec": recorded.document["spec"],
                "createdAt": instant(account.created_at),
                "updatedAt": instant(account.updated_at),
                "revision": account.revision,
            }
        ],
    }
