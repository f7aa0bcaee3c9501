"""What a database must offer so that states can be kept in it. ``sqlite`` and ``postgres`` do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from reconciler.diagnostics import error
from reconciler.errors import GuardRefused, StateMissing, StateUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from pathlib import Path

    from reconciler.store.sql import Connection


UNCHANGED = "Nothing was changed."
"""What a sentence of a failure says of all that was to be written with it."""
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
        """Hand out a connection that sees one snapshot, of every row; what is written through it is lost."""
        ...

    def reading_part(self) -> AbstractContextManager[Connection]:
        """Hand out a connection as ``reading`` does, also to a database user from whom rows are hidden: it sees the others."""
        ...

    def writing(self) -> AbstractContextManager[Connection]:
        """Hand out a connection that holds the write lock and sees what the last writer left.

        Commits at the end, rolls back on any exception. Waits for the lock for a bounded time.
        """
        ...

    def migrating(self, version: int) -> AbstractContextManager[Connection]:
        """Hand out a connection as ``writing`` does, to tables of an earlier version."""
        ...

    def rewriting(self, connection: Connection) -> AbstractContextManager[None]:
        """Let this transaction rewrite, while the block lasts, what the database keeps from being rewritten."""
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

    def checking_integrity(self, connection: Connection) -> AbstractContextManager[None]:
        """Look for damage as ``require_integrity`` does, maybe while the block reads through the connection.

        What is found is raised at the end of the block at the latest, in the place of what the block raised.
        """
        ...

    def faults(self, connection: Connection) -> tuple[str, ...]:
        """Return, as sentences, what stands beside the tables otherwise than it was made: guards, the view ``senders``."""
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
        """Note the version of the tables, and make anew what stands beside them, such as the view ``senders``.

        Raises ``StateUnavailable`` where rows contradict each other.
        """
        ...

    def refuse(self, sentence: str) -> StateUnavailable:
        """Return the failure to raise, naming the database."""
        ...


def state_missing(fact: str, *, subject: str | None = None) -> StateMissing:
    """Return the failure to raise where there is no state."""
    detail = (
        f"{fact} A missing state is never taken for an empty one, from which every account would be created again. "
        "If this project has a state elsewhere, name it with --state. If it was lost, put back a backup:\n"
        "    reconciler state restore FILE\n"
        "If it never had one, make it once:\n"
        "    reconciler state init"
    )
    return StateMissing(error("stateMissing", detail, subject=subject))


def state_older(shown: str, version: int, *, known: int) -> StateUnavailable:
    """Return the failure to raise for a state of an earlier format."""
    detail = (
        f"The state {shown} has the format {version}, and this version of reconciler works with format {known}. "
        "Nothing was changed. This keeps a copy and brings it up to date:\n    reconciler state migrate"
    )
    return StateUnavailable(error("stateOlder", detail))


def state_newer(shown: str, version: int, *, known: int) -> GuardRefused:
    """Return the failure to raise for a state of a later format."""
    detail = (
        f"The state {shown} has the format {version}, and this version of reconciler knows formats up to {known}. "
        "An older version would misread or damage it. Use the version of reconciler that wrote it, or a later one."
    )
    return GuardRefused(error("stateNewer", detail))


def state_not_compacted(shown: str, failure: StateUnavailable) -> StateUnavailable:
    """Return the failure to raise where what was to be erased is, and the database was not written anew without it."""
    why = failure.diagnostics[0].detail.replace(f" {UNCHANGED}", "")
    detail = (
        f"The state {shown} no longer tells what was to be erased. Parts of its files that are not used any more may hold it "
        f"still, because they were not written anew. Run the same command again once this is mended: {why}"
    )
    return StateUnavailable(error("stateUnavailable", detail))


def state_unavailable(shown: str, sentence: str) -> StateUnavailable:
    """Return the failure to raise, naming the database."""
    return StateUnavailable(error("stateUnavailable", f"The state {shown} {sentence}"))
