"""What SQLite reports is told in words that are true, and with the cure that helps."""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
import subprocess
import tempfile
from contextlib import closing
from pathlib import Path

import pytest

from reconciler.errors import StateUnavailable
from reconciler.store.sqlite.database import SqliteFile
from reconciler.store.sqlite.failures import (
    NO_LOCKS,
    is_damage,
    kind_of_file_system,
    lock_fault,
    locked_sentence,
    sentence_of,
)

_MOUNTS = (
    "proc /proc proc rw 0 0",
    "/dev/sda1 / ext4 rw 0 0",
    "server:/home /home nfs4 rw 0 0",
    "//server/share /mnt/my\\040share cifs rw 0 0",
    "tmpfs /home/anna/fast tmpfs rw 0 0",
    "broken",
)


def _failure(name: str) -> sqlite3.OperationalError:
    failure = sqlite3.OperationalError("told by SQLite")
    failure.sqlite_errorcode = getattr(sqlite3, name)
    failure.sqlite_errorname = name
    return failure


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("SQLITE_IOERR_LOCK", "network file systems"),
        ("SQLITE_IOERR_RDLOCK", "network file systems"),
        ("SQLITE_IOERR_UNLOCK", "network file systems"),
        ("SQLITE_IOERR_CHECKRESERVEDLOCK", "network file systems"),
        ("SQLITE_PROTOCOL", "network file systems"),
        ("SQLITE_IOERR_SHMMAP", "write-ahead logging"),
        ("SQLITE_IOERR_SHMOPEN", "write-ahead logging"),
        ("SQLITE_IOERR_SHMLOCK", "write-ahead logging"),
        ("SQLITE_READONLY_CANTINIT", "write-ahead logging"),
        ("SQLITE_IOERR_WRITE", "input or output error"),
        ("SQLITE_IOERR_FSYNC", "input or output error"),
        ("SQLITE_IOERR_NOMEM", "no memory left"),
        ("SQLITE_NOMEM", "no memory left"),
        ("SQLITE_IOERR_GETTEMPPATH", "Set TMPDIR"),
        ("SQLITE_IOERR_CORRUPTFS", "file system is damaged"),
        ("SQLITE_READONLY_DBMOVED", "moved, replaced or deleted"),
        ("SQLITE_READONLY_DIRECTORY", "may only be read"),
        ("SQLITE_CANTOPEN_ISDIR", "is a folder"),
        ("SQLITE_NOLFS", "in one file"),
        ("SQLITE_FULL", "disk is full"),
        ("SQLITE_LOCKED", "another process"),
        ("SQLITE_BUSY", "another process"),
        ("SQLITE_BUSY_SNAPSHOT", "another process"),
        ("SQLITE_PERM", "refused access"),
        ("SQLITE_AUTH", "refused access"),
        ("SQLITE_CORRUPT_VTAB", "is damaged"),
        ("SQLITE_MISMATCH", "SQLite says SQLITE_MISMATCH"),
    ],
)
def test_every_result_code_has_its_sentence(name: str, words: str, tmp_path: Path) -> None:
    """A code is told by what it means, the whole of it where that says more than its family."""
    assert words in sentence_of(_failure(name), tmp_path / "state.db")


def test_a_locking_fault_never_blames_another_run(tmp_path: Path) -> None:
    """Where the file system cannot lock, nobody is told to wait for another process."""
    faults = [name for name in dir(sqlite3) if name.startswith("SQLITE_IOERR") or name == "SQLITE_PROTOCOL"]
    told = [sentence_of(_failure(name), tmp_path / "state.db") for name in faults]
    assert [] == [sentence for sentence in told if "another process" in sentence]


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.EOPNOTSUPP, errno.ETIMEDOUT, errno.ENOSYS])
def test_a_file_system_that_gives_no_lock_is_told_as_such(number: int) -> None:
    """SQLite says "locked" for these too, so the file system is asked, and its answer is what is told."""
    assert NO_LOCKS == locked_sentence(OSError(number, "no"), "ext4")


@pytest.mark.parametrize("kind", ["nfs", "nfs4", "cifs", "smb3", "fuse.sshfs", "9p", "ceph", "virtiofs"])
def test_a_lock_on_a_network_file_system_is_told_with_it(kind: str) -> None:
    """There a lock may outlive its program, and the sentence says so and names the file system."""
    assert f"by its file system ({kind})" in locked_sentence(None, kind)


@pytest.mark.parametrize("kind", ["ext4", "xfs", "tmpfs", "overlay", None])
def test_a_lock_on_a_disk_is_another_process(kind: str | None) -> None:
    """On a local file system, somebody else holds the lock."""
    told = locked_sentence(OSError(errno.EAGAIN, "held"), kind)
    assert "is locked by another process that did not let go in time. Nothing was changed. Try again." == told


@pytest.mark.parametrize(
    ("path", "kind"),
    [("/home/anna/mail", "nfs4"), ("/mnt/my share/mail", "cifs"), ("/home/anna/fast/x", "tmpfs"), ("/srv", "ext4")],
)
def test_the_file_system_is_that_of_the_nearest_mount(path: str, kind: str) -> None:
    """The longest mount point that a path lies under counts, spaces in its name included."""
    assert kind == kind_of_file_system(Path(path), _MOUNTS)


def test_a_disk_gives_locks(tmp_path: Path) -> None:
    """The question itself harms nothing: here a lock is given, and nothing is left behind."""
    assert lock_fault(tmp_path) is None
    assert [] == list(tmp_path.iterdir())


def _made(tmp_path: Path) -> SqliteFile:
    path = tmp_path / "state.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE kept (value)")
    return SqliteFile(path, busy_timeout_seconds=0.05)


def test_a_real_lock_is_told_as_another_process(tmp_path: Path) -> None:
    """A connection that holds the write lock is what it is told as."""
    file = _made(tmp_path)
    with closing(sqlite3.connect(file.path)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        with pytest.raises(StateUnavailable) as caught, file.writing():
            pass
    assert "another process" in caught.value.diagnostics[0].detail


def test_a_file_that_was_replaced_is_told_as_such(tmp_path: Path) -> None:
    """Whoever puts another file in place during a write is named as the cause, not the permissions."""
    file = _made(tmp_path)
    copy = shutil.copy(file.path, tmp_path / "other.db")
    with pytest.raises(StateUnavailable) as caught, file.writing() as connection:  # noqa: PT012 - within the write
        Path(copy).replace(file.path)
        connection.execute("INSERT INTO kept VALUES (1)")
    assert "moved, replaced or deleted while it was in use" in caught.value.diagnostics[0].detail


def test_damage_is_known_by_its_sentence(tmp_path: Path) -> None:
    """A file that is cut off is damaged; one that is locked is not."""
    path = tmp_path / "state.db"
    assert [True, True, False] == [
        is_damage(sentence_of(_failure(name), path)) for name in ("SQLITE_CORRUPT", "SQLITE_NOTADB", "SQLITE_BUSY")
    ]


def broken_off(file: Path) -> Path:
    """Return a copy of a database as a killed process leaves it: changed in part, its journal beside it."""
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("CREATE TABLE notes (text TEXT)")
        connection.execute("PRAGMA cache_size = 1")
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany("INSERT INTO notes VALUES (?)", [("x" * 3000,)] * 50)
        copy = file.with_name("copy.db")
        for ending in ("", "-journal"):
            shutil.copyfile(f"{file}{ending}", f"{copy}{ending}")
    return copy


def read_as_stranger(file: Path, words: str) -> str:
    """Return what a user is told who reads the file and owns nothing, after ``words`` in a shell; the tests run as root."""
    subprocess.run(["sh", "-c", words], cwd=file.parent, check=True)
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:  # a process of its own, which never comes back here
        os.setgroups([])
        os.setresgid(65534, 65534, 65534)
        os.setresuid(65534, 65534, 65534)
        try:
            SqliteFile(file).read_version()
        except StateUnavailable as failure:
            os.write(writing, failure.diagnostics[0].detail.encode())
        finally:
            os._exit(0)
    os.close(writing)
    os.waitpid(child, 0)
    with open(reading, encoding="utf-8") as told:  # noqa: PTH123 - a descriptor, not a path
        return told.read()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
@pytest.mark.parametrize(
    "words",
    [
        "chmod 644 copy.db copy.db-journal",
        "chmod 644 copy.db; chmod 600 copy.db-journal",
        "chmod 666 copy.db; chmod 600 copy.db-journal",
        "chmod 666 copy.db copy.db-journal",
    ],
)
def test_a_write_that_was_broken_off_is_told_to_who_may_not_undo_it(words: str) -> None:
    """A reader is told what happened and who can mend it, whichever right is missing, and whoever may write just goes on."""
    with tempfile.TemporaryDirectory() as name:  # not pytest's, which nobody else may enter
        folder = Path(name)
        folder.chmod(0o755)
        file = broken_off(folder / "state.db")
        told = read_as_stranger(file, words)
        assert "was being written by a process that was killed" in told
        assert told.endswith("\n    reconciler journal check")
        with pytest.raises(StateUnavailable) as caught:
            SqliteFile(file).read_version()
        assert "is a database, but not a state of reconciler" in caught.value.diagnostics[0].detail
        assert not Path(f"{file}-journal").exists()


def test_a_file_that_may_only_be_read_is_told_as_that_without_a_journal() -> None:
    """No killed process is made up where there is none."""
    assert "cannot be opened" in sentence_of(_failure("SQLITE_CANTOPEN"), Path("/nowhere/state.db"))
