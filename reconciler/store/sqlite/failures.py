"""What SQLite reports, in plain sentences that go on from "The state … ": what happened, and what to do about it.

SQLite hides a file system that cannot lock: of the errors that a system gives for a lock, "no locks available" and
"timed out" become the same code as a lock that another process holds (``sqliteErrorFromPosixError`` in os_unix.c).
So where SQLite finds a file locked, its file system is asked for a lock on another file.
"""

from __future__ import annotations

import errno
import fcntl
import os
import re
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.store.database import UNCHANGED as _UNCHANGED

if TYPE_CHECKING:
    from collections.abc import Iterable

_RESTORE = "Restore it from a backup."
_ALTERED = "It was altered by something other than reconciler."
_ELSEWHERE = "Put the file on a disk of this machine, or keep the state in PostgreSQL (docs/state.md)."

NO_LOCKS = (
    "could not be locked: its file system does not lock files as SQLite needs it, as some network file systems (NFS, "
    f"SMB) and folders shared with a container do not. {_UNCHANGED} {_ELSEWHERE}"
)
_NO_SHARED_MEMORY = (
    "is set to write-ahead logging, for which its file system lacks shared memory, as network file systems do. "
    f"{_UNCHANGED} {_ELSEWHERE}"
)
_LOCKED = f"is locked by another process that did not let go in time. {_UNCHANGED} Try again."
_NO_MEMORY = f"could not be used: this machine has no memory left. {_UNCHANGED}"
_NO_TEMPORARY = f"could not be written: there is no folder for temporary files. {_UNCHANGED} Set TMPDIR to one that may be written to."

_BY_PRIMARY = {
    sqlite3.SQLITE_BUSY: _LOCKED,
    sqlite3.SQLITE_LOCKED: _LOCKED,
    sqlite3.SQLITE_PROTOCOL: NO_LOCKS,
    sqlite3.SQLITE_READONLY: f"may only be read here. {_UNCHANGED} Give write permission on the file and on its folder, "
    "in which SQLite keeps a journal while it writes.",
    sqlite3.SQLITE_FULL: f"could not be written because the disk is full. {_UNCHANGED} Make room and try again.",
    sqlite3.SQLITE_IOERR: "could not be read or written: the system reported an input or output error, such as a disk "
    f"that fails, a quota, a limit on file size, or a network file system that went away. {_UNCHANGED}",
    sqlite3.SQLITE_CORRUPT: f"is damaged: SQLite cannot make sense of the file. {_RESTORE}",
    sqlite3.SQLITE_NOTADB: "is not a SQLite database. Check the address of the state, or restore it from a backup.",
    sqlite3.SQLITE_CANTOPEN: "cannot be opened. Check that the file exists and that it and its folder may be read "
    "and written.",
    sqlite3.SQLITE_PERM: "may not be used: the system refused access to the file, or to lock it.",
    sqlite3.SQLITE_AUTH: "may not be used: the system refused access to the file.",
    sqlite3.SQLITE_NOLFS: f"has grown beyond what its file system can hold in one file. {_UNCHANGED} {_ELSEWHERE}",
    sqlite3.SQLITE_NOMEM: _NO_MEMORY,
    sqlite3.SQLITE_TOOBIG: f"was given a value too large for SQLite. {_UNCHANGED}",
    sqlite3.SQLITE_INTERRUPT: f"could not be used: the statement was interrupted. {_UNCHANGED} Try again.",
    sqlite3.SQLITE_SCHEMA: f"was changed in its tables at the same moment. {_UNCHANGED} Try again.",
    sqlite3.SQLITE_ERROR: f"does not have the tables that its format says. {_ALTERED} {_RESTORE}",
    sqlite3.SQLITE_CONSTRAINT: f"holds rows that contradict each other. {_ALTERED} {_UNCHANGED} {_RESTORE}",
}
"""Sentences by SQLite's primary result code."""

_BY_EXTENDED = {
    **dict.fromkeys(
        (
            sqlite3.SQLITE_IOERR_LOCK,
            sqlite3.SQLITE_IOERR_RDLOCK,
            sqlite3.SQLITE_IOERR_UNLOCK,
            sqlite3.SQLITE_IOERR_CHECKRESERVEDLOCK,
            sqlite3.SQLITE_IOERR_BLOCKED,
        ),
        NO_LOCKS,
    ),
    **dict.fromkeys(
        (
            sqlite3.SQLITE_IOERR_SHMOPEN,
            sqlite3.SQLITE_IOERR_SHMSIZE,
            sqlite3.SQLITE_IOERR_SHMLOCK,
            sqlite3.SQLITE_IOERR_SHMMAP,
            sqlite3.SQLITE_READONLY_CANTINIT,
            sqlite3.SQLITE_READONLY_CANTLOCK,
        ),
        _NO_SHARED_MEMORY,
    ),
    sqlite3.SQLITE_IOERR_NOMEM: _NO_MEMORY,
    sqlite3.SQLITE_IOERR_GETTEMPPATH: _NO_TEMPORARY,
    sqlite3.SQLITE_CANTOPEN_NOTEMPDIR: _NO_TEMPORARY,
    sqlite3.SQLITE_IOERR_CORRUPTFS: "could not be read: its file system is damaged. Have the disk checked, then restore "
    "the state from a backup.",
    sqlite3.SQLITE_READONLY_DBMOVED: "was moved, replaced or deleted while it was in use. "
    f"{_UNCHANGED} See that nothing else puts files there, and try again.",
    sqlite3.SQLITE_CANTOPEN_ISDIR: "is a folder, not a file. Check the address of the state.",
}
"""Sentences by the whole result code, where that says more than the primary one."""

OF_WRITING = frozenset(
    {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_IOERR_FSYNC, sqlite3.SQLITE_IOERR_TRUNCATE}
)
"""Whole result codes of what goes wrong with a file that is written, and with none that is read."""

_OF_UNDOING = frozenset({sqlite3.SQLITE_READONLY_ROLLBACK, sqlite3.SQLITE_IOERR_DELETE, sqlite3.SQLITE_CANTOPEN})
"""Whole result codes of a broken-off write that SQLite may not undo: file, journal or folder may not be written, or the journal not read."""
_BROKEN_OFF = (
    "was being written by a process that was killed, and what that had begun has to be undone before anybody reads it, which "
    f"this user may not do. {_UNCHANGED} Run any command as a user who may write to the file and its folder; it undoes that:\n"
    "    reconciler journal check"
)

_NETWORKED = re.compile(
    r"nfs|cifs|smb|fuse|9p|afs|ceph|gluster|lustre|virtiofs|vboxsf|prl_fs|drvfs|davfs", re.IGNORECASE
)
_ESCAPED = re.compile(r"\\([0-7]{3})")
_MOUNT_FIELDS = 5


def sentence_of(failure: BaseException | None, path: Path) -> str:
    """Return the sentence for a failure of SQLite at a file."""
    code = getattr(failure, "sqlite_errorcode", None)
    if code is None:
        return f"holds something that cannot be read. {_RESTORE}"
    if code & 0xFF == sqlite3.SQLITE_BUSY:
        folder = Path(os.path.realpath(path)).parent
        try:
            mounts = Path("/proc/mounts").read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            mounts = []
        return locked_sentence(lock_fault(folder), kind_of_file_system(folder, mounts))
    if code in _OF_UNDOING and os.path.lexists(f"{os.path.realpath(path)}-journal"):
        return _BROKEN_OFF
    sentence = _BY_EXTENDED.get(code) or _BY_PRIMARY.get(code & 0xFF)
    return sentence or f"could not be used (SQLite says {getattr(failure, 'sqlite_errorname', code)})."


def is_damage(detail: str) -> bool:
    """Tell whether a problem's detail says that the file is no sound database."""
    return any(_BY_PRIMARY[code] in detail for code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB))


def damaged() -> str:
    """Return the sentence for a file that SQLite opens and finds to be damaged."""
    return _BY_PRIMARY[sqlite3.SQLITE_CORRUPT]


def altered(place: str) -> str:
    """Return the sentence for a file with a value in ``place`` (``accounts.name``) that is of another kind than its column's."""
    return f"holds in {place} what reconciler never writes there. {_ALTERED} {_UNCHANGED} {_RESTORE}"


def lock_fault(folder: Path) -> OSError | None:
    """Return the error with which the file system of a folder refuses a lock; None where it gives the lock."""
    import tempfile

    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as failure:
        return failure
    return None


def locked_sentence(fault: OSError | None, kind: str | None) -> str:
    """Return the sentence for a locked file, from the ``fault`` of its file system and the ``kind`` of that."""
    if fault is not None and fault.errno in {
        errno.ENOLCK,
        errno.EOPNOTSUPP,
        errno.ENOSYS,
        errno.ETIMEDOUT,
        errno.EINVAL,
    }:
        return NO_LOCKS
    if kind is not None and _NETWORKED.search(kind):
        return (
            f"is locked by another process that did not let go in time, or by its file system ({kind}), which may keep "
            f"the lock of one that ended elsewhere. {_UNCHANGED} Try again; if it stays, look for programs that use the "
            "file on other machines. SQLite's files belong on a disk of one machine."
        )
    return _LOCKED


def kind_of_file_system(path: Path, mounts: Iterable[str]) -> str | None:
    """Return the type of the file system of a path, from lines as in /proc/mounts; None where none of them fits."""
    deepest: tuple[int, str] | None = None
    for line in mounts:
        fields = line.split(" ", _MOUNT_FIELDS)
        if len(fields) < _MOUNT_FIELDS:
            continue
        place = Path(_ESCAPED.sub(lambda match: chr(int(match.group(1), 8)), fields[1]))
        if path.is_relative_to(place) and (deepest is None or len(place.parts) >= deepest[0]):
            deepest = (len(place.parts), fields[2])
    return deepest[1] if deepest else None
