"""A quick look at the names in a SQLite state, for a shell that completes them while somebody types.

It does without the rest of the store, which takes longer to import than anybody waits for a completion, and so has a
module of its own. Nothing is checked or changed.
"""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_BUSY_SECONDS = 0.2


def glance_at_names(file: Path, project: str) -> list[str]:
    """Return the names of the accounts that a SQLite file records; raise ``sqlite3.Error`` where it cannot be read."""
    uri = f"{file.absolute().as_uri()}?mode=ro"
    with contextlib.closing(sqlite3.connect(uri, uri=True, timeout=_BUSY_SECONDS)) as connection:
        rows = connection.execute("SELECT name FROM accounts WHERE project = ?", (project,))
        return [str(name) for (name,) in rows]
