"""An account as a revision left it, as a document."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.model.formats import FORMAT_VERSION
from reconciler.render.times import instant

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reconciler.model.canonical import JsonObject
    from reconciler.rules.journal.past import PastAccount


def past_document(accounts: Iterable[PastAccount], revision: int) -> JsonObject:
    """Return accounts as a revision left them."""
    return {
        "formatVersion": FORMAT_VERSION,
        "revision": revision,
        "accounts": [
            {
                "name": account.name,
                "kind": account.kind,
                "nameToday": account.name_now,
                "metadata": account.recorded.document["metadata"],
                "spec": account.recorded.document["spec"],
                "createdAt": instant(account.created_at),
                "updatedAt": instant(account.updated_at),
                "revision": account.revision,
            }
            for account in accounts
        ],
    }
