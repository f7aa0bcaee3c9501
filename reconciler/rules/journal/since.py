"""Since when accounts have the status that they have, as the journal tells. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from reconciler.model.accounts.recorded import RecordedAccount
    from reconciler.model.journal.events import JournalEvent


def status_since(
    accounts: Mapping[str, RecordedAccount],
    events: Iterable[JournalEvent],
    *,
    earlier_names: Mapping[str, Iterable[str]],
) -> Mapping[str, datetime]:
    """Return by account when its status began; ``events`` newest first, ``earlier_names`` by that of today.

    It is the last entry that changed the status to what it is, under whatever name the account had then. Where the
    journal tells of none, the status began with the last change of the account itself.
    """
    current = {name: name for name in accounts}
    current |= {earlier: name for name, names in earlier_names.items() for earlier in names}
    began: dict[str, datetime] = {}
    for event in events:
        for told in event.accounts:
            name = current.get(told.name)
            if name is None or name in began or told.before == told.after:
                continue
            if told.after == accounts[name].status:
                began[name] = event.at
    return {name: began.get(name, account.updated_at) for name, account in accounts.items()}
