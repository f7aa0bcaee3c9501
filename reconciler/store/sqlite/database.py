"""SQLite: connections, pragmas, transactions, making the file, and failures in plain sentences.

Everything that is true of SQLite alone is here. The driver's own implicit transactions, which differ between versions of
Python, are switched off (``isolation_level=None``); reads run in one deferred transaction (a snapshot), writes in one that
takes the write lock at its beginning.
"""

from __future__ import annotations

import os
import sqlite3
import stat
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from reconciler.characters import SHOWN_PATH, clip_start
from reconciler.errors import ReconcilerError, StateUnavailable
from reconciler.files import make_unfinished, refuse_device, remove_left_unfinished, sync_folder
from reconciler.store import schema
from reconciler.store.database import BUSY_TIMEOUT_SECONDS, state_missing, state_newer, state_older, state_unavailable
from reconciler.store.sql import first_value
from reconciler.store.sqlite import failures

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path

    from reconciler.store.sql import Connection

APPLICATION_ID = 0x52434E4C
"""``RCNL`` in the file's header (offset 68): what tells a state from any other SQLite file."""

QUICK_CHECK_OCTETS = 64 * 1024 * 1024
"""Files up to this size are looked through whenever they are opened, at under a millisecond a megabyte."""
_CHECK_CACHE_KIBIBYTES = -16 * 1024
"""How much of the file is held while all of it is checked; SQLite takes what is below zero for kibibytes."""
_COLUMNS = (
    "SELECT m.name, c.name, c.type FROM sqlite_master m, pragma_table_info(m.name) c"
    " WHERE m.type = 'table' AND c.type IN ('TEXT', 'INTEGER')"
    " AND (c.pk > 0 OR m.name IN ('projects', 'journal_payloads'))"
)
"""The columns that more hangs on than their row: keys, by which rows are found, the project's row, and what the journal tells."""
_FOREIGN = {"TEXT": "typeof({}) = 'blob'", "INTEGER": "typeof({}) NOT IN ('integer', 'null')"}
"""What tells, for each kind of column, that a value is of none that it may hold; numbers become text in a column of texts."""
_VIEW = "SELECT sql FROM sqlite_master WHERE type = 'view' AND name = :name"


class _Connection(sqlite3.Connection):
    """A connection as ``sql.Connection`` describes it."""

    has_pieces = True

    def stream(self, statement: str, values: Mapping[str, Any], /, *, at_once: int = 1) -> Generator[tuple[Any, ...]]:  # noqa: ARG002 - SQLite reads row by row anyway
        """Yield the rows of a query."""
        for row in self.execute(statement, values):  # noqa: UP028 - that would close the cursor, maybe after its connection
            yield row

    def text(self, table: str, column: str, key: Mapping[str, Any], /) -> Any:
        """Return what a column has in the row with a key, a long text to be read piece by piece."""
        from reconciler.store.sqlite.longtext import find_text

        return find_text(self, table, column, key=key)


class SqliteFile:
    """One SQLite file as a place for states. Holds no connection between uses."""

    def __init__(
        self, path: Path, *, busy_timeout_seconds: float = BUSY_TIMEOUT_SECONDS, known_as: Path | None = None
    ) -> None:
        """Name the file, and the path that problems show in its place (``known_as``); nothing is opened or made yet."""
        self.path = path
        self._known_as = known_as or path
        self._busy_timeout_seconds = busy_timeout_seconds

    def reading(self) -> AbstractContextManager[Connection]:
        """Hand out a connection that sees one snapshot; what is written through it is lost."""
        return self._transaction("DEFERRED")

    def reading_part(self) -> AbstractContextManager[Connection]:
        """Hand out a connection as ``reading`` does: of a file everybody sees all rows."""
        return self.reading()

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Hand out a connection that holds the write lock; commit at the end, roll back on any exception."""
        with self._transaction("IMMEDIATE") as connection:
            yield connection
            connection.execute("COMMIT")

    def migrating(self, version: int) -> AbstractContextManager[Connection]:  # noqa: ARG002 - a database has to take it
        """Hand out a connection as ``writing`` does: the lock is the file's, whatever its version."""
        return self.writing()

    @contextmanager
    def rewriting(self, connection: Connection) -> Iterator[None]:  # noqa: ARG002 - a database has to take it
        """Do nothing: whoever may write to a file may write anything."""
        yield

    def check_identity(self) -> None:
        """Raise unless the file is a state that this version reads.

        ``StateMissing`` where there is none, ``GuardRefused`` (``stateNewer``) for a newer one, ``StateUnavailable``
        for anything else, with the code ``stateOlder`` for one to migrate. A file of up to ``QUICK_CHECK_OCTETS`` is
        looked through for damage.
        """
        version = self.read_version()
        if version < schema.SCHEMA_VERSION:
            raise state_older(self.shown, version, known=schema.SCHEMA_VERSION)
        if self.path.stat().st_size <= QUICK_CHECK_OCTETS:
            with self.reading() as connection:
                self._require_sound(connection, "quick_check(1)")
                self._require_kinds(connection)

    def read_version(self) -> int:
        """Return the version of the tables of a state that this version or an earlier one wrote.

        Raises as ``check_identity`` does, but not for an older state.
        """
        try:
            status = self.path.stat()
        except (FileNotFoundError, NotADirectoryError):
            raise state_missing(f"There is no file {self.shown}.") from None
        except (OSError, ValueError) as failure:
            advice = "Check the path, and that whoever runs reconciler may enter its folder."
            raise self.refuse(f"cannot be reached: {_reason(failure)}. {advice}") from None
        if not stat.S_ISREG(status.st_mode):
            raise self.refuse("is not a file. Check the address of the state.")
        if status.st_size == 0:
            raise self.refuse("is an empty file, so what it held is lost. Restore it from a backup.")
        with self.reading() as connection:
            application_id = first_value(connection, "PRAGMA application_id")
            version: int = first_value(connection, "PRAGMA user_version")
        if application_id != APPLICATION_ID or version < 1:
            raise self.refuse("is a database, but not a state of reconciler. Check the address of the state.")
        if version > schema.SCHEMA_VERSION:
            raise state_newer(self.shown, version, known=schema.SCHEMA_VERSION)
        return version

    def require_integrity(self, connection: Connection) -> None:
        """Raise ``StateUnavailable`` where the file is damaged; every page of it is looked at."""
        # Each row is looked up in each index: where those of a large state do not fit, most pages are read twice.
        usual = first_value(connection, "PRAGMA cache_size")
        connection.execute(f"PRAGMA cache_size = {_CHECK_CACHE_KIBIBYTES}")
        self._require_sound(connection, "integrity_check(1)")
        connection.execute(f"PRAGMA cache_size = {usual}")

    @contextmanager
    def checking_integrity(self, connection: Connection) -> Iterator[None]:
        """Look for damage on another core while the block reads; raise what is found in the place of what that raised.

        The connection keeps others from writing as long as it reads, so a second one needs no lock to see the same, and
        cannot be kept waiting by a writer that waits for the first. A write-ahead log keeps nobody from writing.
        """
        first_value(connection, "SELECT count(*) FROM sqlite_master")  # begins to read
        if first_value(connection, "PRAGMA journal_mode") == "wal":
            self.require_integrity(connection)
            yield
            return
        # Nothing else needs it.
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(1) as beside:
            looking = beside.submit(self._look_for_damage)
            try:
                yield
            finally:
                looking.result()

    def _look_for_damage(self) -> None:
        with self._connected("mode=ro&immutable=1") as connection:
            self.require_integrity(connection)

    def faults(self, connection: Connection) -> tuple[str, ...]:
        """Return, as sentences, which triggers there are, since the file has none of ours, and whether the view tells what is."""
        from reconciler.store.senders import FAULT, MAKING_IN_SQLITE, VIEW

        others = connection.execute("SELECT name, tbl_name FROM sqlite_master WHERE type = 'trigger' ORDER BY 1")
        told = [
            f"The trigger {name} of {table} is not reconciler's, and can change or swallow what is written. Whoever does "
            f"not know it takes it away by DROP TRIGGER {quoted}."
            for name, table in others
            for quoted in [_quoted(name)]
        ]
        is_as_made = first_value(connection, _VIEW, {"name": VIEW}) == MAKING_IN_SQLITE
        return (*told, *(() if is_as_made else (FAULT,)))

    def is_damaged(self) -> bool:
        """Tell whether what stands here is no sound database or not a state; a locked file is not damaged."""
        if self.path.stat().st_size == 0:
            return True
        try:
            with self.reading() as connection:
                self.require_integrity(connection)
        except StateUnavailable as failure:
            return failures.is_damage(failure.diagnostics[0].detail)
        return False

    def copy_to(self, path: Path, *, replaces: bool = False) -> None:
        """Write what the file holds now to another file, for the owner alone, whole or not at all.

        The copy is consistent while others write, and holds nothing that was deleted. Raises ``FileExistsError``
        where a file is there, unless the copy ``replaces`` it; else ``StateUnavailable``.
        """
        target = SqliteFile(path)
        with target.appearing(replaces=replaces) as unfinished, self._connected() as connection:
            try:
                # VACUUM INTO, not the backup API: that would carry over the free pages with what was deleted.
                connection.execute("VACUUM INTO :path", {"path": str(unfinished)})
            except sqlite3.OperationalError as failure:
                if failure.sqlite_errorcode not in failures.OF_WRITING:
                    raise
                # The source was only read.
                raise target.refuse(failures.sentence_of(failure, path)) from None

    @contextmanager
    def appearing(self, *, replaces: bool) -> Iterator[Path]:
        """Hand out an empty file to write, which takes this one's place when the block ends without an exception.

        Raises ``FileExistsError`` where a file is there, unless the new one ``replaces`` it; else
        ``StateUnavailable``.
        """
        unfinished = self.make_unfinished()
        try:
            yield unfinished
            with unfinished.open("rb") as file:
                os.fsync(file.fileno())
            if replaces:
                refuse_device(self.path)
                unfinished.replace(self.path)
            else:
                _link(unfinished, self.path)
            sync_folder(self.path.parent)
        except FileExistsError:
            raise
        except OSError as failure:
            raise self.refuse(f"cannot be made: {_reason(failure)}.") from None
        finally:
            unfinished.unlink(missing_ok=True)

    def compact(self) -> None:
        """Write the file anew without what was deleted; raise ``StateUnavailable``."""
        remove_left_unfinished(self.path)  # what was deleted may stand there
        with self._connected() as connection:
            connection.execute("VACUUM")

    def begin_migration(self, connection: Connection) -> None:
        """Check references between rows only at the end of this transaction."""
        connection.execute("PRAGMA defer_foreign_keys = ON")

    def end_migration(self, connection: Connection, version: int) -> None:
        """Note the version of the tables, and make anew what stands beside them; see ``Database``."""
        _mark(connection, version)
        if connection.execute("PRAGMA foreign_key_check").fetchone() is not None:
            raise self.refuse("could not be migrated: its rows contradict each other. Nothing was changed.")

    def make_unfinished(self) -> Path:
        """Return a new empty file beside this one, for the owner alone, its folder made where it is missing."""
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            remove_left_unfinished(self.path)
            descriptor, unfinished = make_unfinished(self.path)
            os.close(descriptor)
        except OSError as failure:
            raise self.refuse(f"cannot be made: {_reason(failure)}.") from None
        return unfinished

    def refuse(self, sentence: str) -> StateUnavailable:
        """Return the failure to raise, naming the file."""
        return state_unavailable(self.shown, sentence)

    @property
    def shown(self) -> str:
        """The path to name the file by, its end where it is long."""
        return clip_start(str(self._known_as), SHOWN_PATH)

    @property
    def copies(self) -> Path:
        """The file itself: copies lie beside it."""
        return self.path

    def is_there(self) -> bool:
        """Tell whether something stands at the path, as far as can be seen."""
        try:
            self.path.stat()
        except (OSError, ValueError):
            return False
        return True

    def create(self, fill: Callable[[Connection], None]) -> bool:
        """Make the file with its tables and what ``fill`` adds; return False where there is a file already.

        Missing folders are made for the owner alone, and so is the file. It appears complete or not at all.
        """
        unfinished = SqliteFile(self.make_unfinished(), known_as=self.path)
        try:
            unfinished.fill(fill)
            try:
                _link(unfinished.path, self.path)
            except FileExistsError:
                return False
            except OSError as failure:
                raise self.refuse(f"cannot be made: {_reason(failure)}.") from None
            sync_folder(self.path.parent)
            return True
        finally:
            unfinished.path.unlink(missing_ok=True)

    def fill(
        self,
        fill: Callable[[Connection], None],
        *,
        tables: Iterable[schema.Table] = schema.TABLES,
        version: int = schema.SCHEMA_VERSION,
    ) -> None:
        """Give an empty file the tables of a version and what ``fill`` adds."""
        with self.writing() as connection:
            schema.make_tables(connection, tables)
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            _mark(connection, version)
            fill(connection)

    def _require_sound(self, connection: Connection, check: str) -> None:
        if first_value(connection, f"PRAGMA {check}") != "ok":
            raise self.refuse(failures.damaged())

    def _require_kinds(self, connection: Connection) -> None:
        """Raise ``StateUnavailable`` where one of ``_COLUMNS`` holds what is not of its kind: SQLite takes anything anywhere."""
        foreign: dict[str, dict[str, str]] = {}
        for table, column, kind in connection.execute(_COLUMNS):
            foreign.setdefault(table, {})[column] = _FOREIGN[kind].format(_quoted(column))
        for table, tests in foreign.items():
            told = (
                f"SELECT {', '.join(tests.values())} FROM {_quoted(table)} WHERE {' OR '.join(tests.values())} LIMIT 1"  # noqa: S608 - names of tables and columns, quoted
            )
            if found := connection.execute(told).fetchone():
                column = next(name for name, is_foreign in zip(tests, found, strict=True) if is_foreign)
                raise self.refuse(failures.altered(f"{table}.{column}"))

    @contextmanager
    def _transaction(self, mode: str) -> Iterator[Connection]:
        with self._connected() as connection:
            connection.execute(f"BEGIN {mode}")
            try:
                yield connection
            except (ReconcilerError, sqlite3.Error):
                raise
            except Exception:
                self._require_kinds(connection)  # a large file is not looked through when it is opened
                raise
            finally:
                # Also after a commit that failed, which leaves the driver inside the transaction.
                connection.rollback()

    @contextmanager
    def _connected(self, access: str = "mode=rw") -> Iterator[_Connection]:
        """Open the file, which must exist: ``mode=rw`` never makes one. What goes wrong is told in plain sentences."""
        address = f"file:{quote(str(self.path.absolute()))}?{access}"
        options: Any = {"timeout": self._busy_timeout_seconds, "isolation_level": None, "cached_statements": 64}
        try:
            with closing(sqlite3.connect(address, uri=True, factory=_Connection, **options)) as connection:
                # EXTRA is FULL and the folder's entry too: a reported commit outlives a power cut.
                for setting in ("synchronous=EXTRA", "foreign_keys=ON", "trusted_schema=OFF"):
                    connection.execute(f"PRAGMA {setting}")
                yield connection
        except sqlite3.Error as failure:
            raise self.refuse(failures.sentence_of(failure, self.path)) from None


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _mark(connection: Connection, version: int) -> None:
    """Note the version of the tables, and make anew what stands beside those of this version."""
    from reconciler.store.senders import MAKING_IN_SQLITE, VIEW

    connection.execute(f"PRAGMA user_version = {version}")
    connection.execute(f"DROP VIEW IF EXISTS {VIEW}")
    if version == schema.SCHEMA_VERSION:
        connection.execute(MAKING_IN_SQLITE)


def _link(finished: Path, path: Path) -> None:
    """Give a finished file its name, never over an existing one."""
    try:
        os.link(finished, path)
    except FileExistsError:
        raise
    except OSError:
        # Some filesystems have no links.
        if path.exists() or path.is_symlink():
            raise FileExistsError from None
        finished.rename(path)


def _reason(failure: Any) -> str:
    return getattr(failure, "strerror", None) or "the path is not valid"
