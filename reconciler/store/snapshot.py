"""Several reads of one moment, also while others write."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from reconciler.store import reading

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection

    from reconciler.model.recorded import JournalEntry, RecordedState, Revision


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a project's state was when the snapshot was taken; good as long as ``Store.snapshot`` lasts."""

    _connection: Connection
    _project: str

    def state(self) -> RecordedState:
        """Return the whole state, accounts by name."""
        return reading.read_state(self._connection, self._project)

    def revisions(self) -> tuple[Revision, ...]:
        """Return the revisions, newest first."""
        return reading.read_revisions(self._connection, self._project, name=None, limit=None)

    def journal(self) -> Iterator[tuple[JournalEntry, dict[str, Any]]]:
        """Yield the journal's entries in their order, each with what it tells, one payload in memory at a time."""
        return reading.iterate_payloads(self._connection, self._project)

    def journal_head(self) -> str:
        """Return the hash of the journal's last entry; of its lineage where it has none."""
        return reading.read_head(self._connection, self._project)
