"""What a database must offer so that states can be kept in it. ``sqlite`` and ``postgres`` do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from pathlib import Path

    from sqlalchemy import Connection

    from reconciler.errors import StateUnavailable


BUSY_TIMEOUT_SECONDS = 30.0
"""How long to wait for another process to finish its write."""


class Database(Protocol):
    """A place for the states of several projects. Holds no connection between uses, and so no lock.

    Whatever goes wrong leaves as ``StateError`` or ``GuardRefused``, without parameters and without a password.
    """

    @property
    def shown(self) -> str:
        """What to call it in problems."""
        ...

    @property
    def copies(self) -> Path:
        """The path that copies of it are named after, and lie beside."""
        ...

    def reading(self) -> AbstractContextManager[Connection]:
        """Hand out a connection that sees one snapshot; what is written through it is lost."""
        ...

    def writing(self) -> AbstractContextManager[Connection]:
        """Hand out a connection that holds the write lock and sees what the last writer left.

        Commits at the end, rolls back on any exception. Waits for the lock for a bounded time.
        """
        ...

    def is_there(self) -> bool:
        """Tell whether a state, or what looks like one, stands there."""
        ...

    def is_damaged(self) -> bool:
        """Tell whether what stands there is of no use but may be set aside; locked is not damaged."""
        ...

    def check_identity(self) -> None:
        """Raise unless this is a state that this version reads.

        ``StateMissing`` where there is none, ``GuardRefused`` (``stateNewer``) for a newer one, ``StateUnavailable``
        for anything else, with the code ``stateOlder`` for one to migrate.
        """
        ...

    def read_version(self) -> int:
        """Return the version of the tables; raise as ``check_identity`` does, but not for an older state."""
        ...

    def require_integrity(self, connection: Connection) -> None:
        """Raise ``StateUnavailable`` where the database itself finds damage."""
        ...

    def create(self, fill: Callable[[Connection], None]) -> bool:
        """Make the tables and what ``fill`` adds, all or nothing; False where there are some already."""
        ...

    def copy_to(self, path: Path, *, replaces: bool = False) -> None:
        """Write what is recorded now to a SQLite file, for the owner alone, whole or not at all.

        Consistent while others write. Raises ``FileExistsError`` where a file is there, unless it ``replaces`` it.
        """
        ...

    def compact(self) -> None:
        """Write the tables anew without what was deleted from them; raise ``StateUnavailable``."""
        ...

    def begin_migration(self, connection: Connection) -> None:
        """Let tables be changed in any order in this transaction."""
        ...

    def end_migration(self, connection: Connection, version: int) -> None:
        """Note the version of the tables; raise ``StateUnavailable`` where rows contradict each other."""
        ...

    def refuse(self, sentence: str) -> StateUnavailable:
        """Return the failure to raise, naming the database."""
        ...

    def close(self) -> None:
        """Let go of the database."""
        ...
