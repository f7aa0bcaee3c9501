"""Copies of a state: a backup that is consistent while others write, and its way back.

A backup is a SQLite file with the whole database and every project in it, whichever kind of database it is a copy
of; so a state can also move from one kind to another. Restoring puts one project's rows in the place of what is
recorded, in one transaction under the write lock. Replacing the file would be simpler, but whoever waits for the
lock would then write to a file that nobody reads any more. What is replaced is copied beside the state first.
"""

from __future__ import annotations

import os
import shlex
from contextlib import contextmanager
from dataclasses import field
from typing import TYPE_CHECKING

from reconciler.characters import SHOWN_PATH, one_line
from reconciler.classes import FrozenByName, dataclass
from reconciler.diagnostics import error
from reconciler.errors import GuardRefused, InvalidInput, JournalBroken
from reconciler.files import reason_of
from reconciler.model.journal.payloads import RestorePayload
from reconciler.store import reading
from reconciler.store.digests import new_salt, time_text
from reconciler.store.journal import REDACT
from reconciler.store.opening import database_at, projects_in
from reconciler.store.schema import carry_rows, remove_rows
from reconciler.store.sqlite.database import SqliteFile
from reconciler.store.transaction import Transaction

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime
    from pathlib import Path

    from reconciler.model.journal.entries import JournalEntry
    from reconciler.store.database import Database
    from reconciler.store.journal import JournalReport
    from reconciler.store.sql import Connection

_MOST_COPIES = 1000
_SQLITE = b"SQLite format 3\0"
"""How every SQLite database begins, https://www.sqlite.org/fileformat.html#magic_header_string."""


@dataclass(frozen=True, slots=True)
class Copy:
    """A copy that was written and read back."""

    path: Path
    lineage: str
    serial: int
    journal: JournalReport


class RestoreOrder(FrozenByName):
    """What a restore may replace, and what its journal entry tells."""

    replaces_foreign: bool = False
    """Whether a state of another origin, or one that cannot be read, may be replaced."""
    goes_back: bool = False
    """Whether a state that is newer than the backup may be replaced."""
    payload: RestorePayload = field(default_factory=RestorePayload)
    at: datetime
    make_salt: Callable[[], str] = new_salt


class Restored(FrozenByName):
    """What a restore has done."""

    lineage: str
    serial: int
    fingerprint_key_id: str | None
    replaced: Path | None
    """The copy of what was replaced; None where nothing was."""
    lost_entries: int
    """How many entries of the replaced journal are not in the restored one."""
    lost_redactions: tuple[str, ...]
    """The accounts whose erasure was among the lost entries: their personal data is
    back, and has to be erased again.
    """


def back_up_state(url: str, *, base: Path, project: str, target: Path, replaces: bool) -> Copy:
    """Write a copy of the whole database to a SQLite file ``target``, for the owner alone, and read it back.

    Raises ``InvalidInput`` (``backupUnusable``) where a file stands at the target, unless it ``replaces`` it, and where
    its folder is missing: it may be that of a disk that is not mounted, and a copy on the state's own disk is none. A
    journal in the copy that does not hold is told by ``Copy.journal``, and raises nothing.
    """
    database = _open(url, base, project)
    if target.exists() and database.copies.exists() and target.samefile(database.copies):
        raise InvalidInput(error("backupUnusable", f"{one_line(target)} is the state itself. Name another file."))
    if target.is_dir():
        detail = (
            f"{one_line(target)} is a folder, and nothing was written. Name a file in it:\n"
            f"    reconciler state backup {shlex.quote(str(target / project))}.db"
        )
        raise InvalidInput(error("backupUnusable", detail))
    if not os.path.lexists(target.parent):
        detail = (
            f"{one_line(target)} cannot be written: there is no folder {one_line(target.parent)}. Nothing was written. Mount the "
            "disk that it is on, or make the folder first."
        )
        raise InvalidInput(error("backupUnusable", detail))
    try:
        database.copy_to(target, replaces=replaces)
    except FileExistsError:
        detail = f"{one_line(target)} is there already, and nothing was written. Name another file, or add\n    --force"
        raise InvalidInput(error("backupUnusable", detail)) from None
    # A backup counts once it was read back.
    copy = SqliteFile(target)
    with copy.reading() as connection:
        copy.require_integrity(connection)
        _, lineage, serial, _ = reading.read_project(connection, project)
        return Copy(target, lineage, serial, reading.check_journal(connection, project, head=None))


def _open(url: str, base: Path, project: str) -> Database:
    database = database_at(url, base=base)
    database.check_identity()
    with database.reading() as connection:
        reading.read_project(connection, project)
    return database


def restore_state(url: str, *, base: Path, project: str, source: Path, order: RestoreOrder) -> Restored:
    """Put the project of a backup in the place of what is recorded of it here; other projects stay as they are.

    Raises ``InvalidInput`` for a backup of other projects, ``JournalBroken`` where its journal does not hold, and
    ``GuardRefused`` (``restoreRefused``) where something would be lost that the order does not give up.
    """
    database = database_at(url, base=base)
    with _scratch(source, database) as scratch, scratch.reading() as backup:
        _require_sound_backup(scratch, backup, project, source)
        if not database.is_there():
            return _make_anew(database, backup, project, order, kept=None)
        if database.is_damaged():
            kept = _give_up(database, order, source)
            return _make_anew(database, backup, project, order, kept=kept)
        database.check_identity()
        return _replace(database, backup, project, order, source)


@contextmanager
def _scratch(source: Path, beside: Database) -> Iterator[SqliteFile]:
    """Hand out a private copy of the backup, so that what was checked is what is restored."""
    wrong = _why_no_backup(source)
    if wrong is not None:
        raise InvalidInput(error("backupUnusable", f"{wrong} Nothing was changed."))
    original = SqliteFile(source)
    original.read_version()
    path = SqliteFile(beside.copies).make_unfinished()
    try:
        original.copy_to(path, replaces=True)
        yield SqliteFile(path, known_as=source)
    finally:
        path.unlink(missing_ok=True)


def _why_no_backup(source: Path) -> str | None:
    """Return what speaks against a file as a backup before it is opened, in a sentence; None for nothing."""
    if source.is_dir():
        return f"{one_line(source)} is a folder. Name the file of the backup in it."
    try:
        with source.open("rb") as file:
            begins = file.read(len(_SQLITE))
    except FileNotFoundError:
        return f"There is no file {one_line(source)}."
    except OSError as failure:
        return f"{one_line(source)} cannot be read: {reason_of(failure)}."
    if begins != _SQLITE:
        return f"{one_line(source)} is not a SQLite database, as what state backup writes is one. Name the file that it wrote."
    return None


def _require_sound_backup(scratch: SqliteFile, backup: Connection, project: str, source: Path) -> None:
    scratch.check_identity()
    scratch.require_integrity(backup)
    names = projects_in(backup)
    if project not in names:
        found = one_line(", ".join(map(str, names)) or "none", limit=SHOWN_PATH)
        detail = f"{one_line(source)} holds no state of the project {project}; it is of {found}."
        raise InvalidInput(error("backupUnusable", f"{detail} Nothing was changed."))
    problems = reading.check_journal(backup, project, head=None).problems
    if problems:
        detail = f"The journal in {one_line(source)} does not hold, so nothing was restored: {one_line(problems[0])}"
        raise JournalBroken(error("journalBroken", detail))


def _replace(database: Database, backup: Connection, project: str, order: RestoreOrder, source: Path) -> Restored:
    """Put the backup's rows into a sound database, in the place of the project's rows where it has some."""
    with database.writing() as connection:
        lost = _compare(connection, backup, project, order, source)
        is_there = project in projects_in(connection)
        # Before anything is written: the copy is read through another connection.
        kept = keep_copy(database, word="replaced", at=order.at) if is_there else None
        with database.rewriting(connection):
            if is_there:
                remove_rows(connection, project)
            return _fill(connection, backup, project, order, kept=kept, lost=lost)


def _again(source: Path, option: str) -> str:
    """Return the restore that was refused, with the option that lifts the refusal, on a line of its own."""
    return f"    reconciler state restore {shlex.quote(str(source))} {option}"


def _give_up(database: Database, order: RestoreOrder, source: Path) -> Path:
    """Set a damaged file aside and return its new path; raise ``GuardRefused`` unless the order allows that."""
    if order.replaces_foreign:
        return _set_aside(database, order.at)
    detail = (
        f"The state {database.shown} cannot be read, so it cannot be told whether the backup is of it. If it is, this "
        f"keeps the damaged file beside it and restores the backup:\n{_again(source, '--force')}"
    )
    raise GuardRefused(error("restoreRefused", detail))


def _make_anew(
    database: Database, backup: Connection, project: str, order: RestoreOrder, *, kept: Path | None
) -> Restored:
    """Make the database with the backup's rows; a database that appears meanwhile is left alone."""
    restored: list[Restored] = []

    def fill(connection: Connection) -> None:
        restored.append(_fill(connection, backup, project, order, kept=kept, lost=()))

    if not database.create(fill):
        raise database.refuse("appeared while it was being restored. Nothing was changed. Try again.")
    return restored[0]


def _compare(
    connection: Connection, backup: Connection, project: str, order: RestoreOrder, source: Path
) -> tuple[tuple[JournalEntry, dict[str, object]], ...]:
    """Return the entries that a restore would lose; raise ``GuardRefused`` where the order does not allow that."""
    if project not in projects_in(connection):
        return ()
    _, lineage, _, _ = reading.read_project(connection, project)
    _, its_lineage, _, _ = reading.read_project(backup, project)
    links, its_links = reading.read_links(connection, project), reading.read_links(backup, project)
    hashes, its_hashes = {link.hash for link in links}, {link.hash for link in its_links}
    # By hash, because sequences agree in any two journals. A backup that is a beginning of this journal is an older
    # one of the same state; anything else is of another origin, even with the same lineage, as after two restores.
    lost = [link for link in links if link.hash not in its_hashes]
    is_foreign = lineage != its_lineage or any(link.hash not in hashes for link in its_links[: len(links)])
    if is_foreign and not order.replaces_foreign:
        raise GuardRefused(
            error("restoreRefused", f"{_foreign_text(project, lineage, its_lineage)}\n{_again(source, '--force')}")
        )
    if lost and not is_foreign and not order.goes_back:
        raise GuardRefused(
            error(
                "restoreRefused",
                f"{_older_text(len(lost), len(its_links), lost[0].at)}\n{_again(source, '--allow-older')}",
            )
        )
    sequences = {link.sequence for link in lost}
    return tuple(each for each in reading.read_payloads(connection, project) if each[0].sequence in sequences)


def _foreign_text(project: str, lineage: str, its_lineage: str) -> str:
    other = (
        f"the backup is of the state {its_lineage}, and the one here is {lineage}"
        if lineage != its_lineage
        else "the backup and the state here have the same origin, and each has entries that the other lacks"
    )
    return (
        f"Nothing was changed in the state of {project}: {other}. If the backup is the right one all the same, this "
        "keeps a copy of what is here and replaces it:"
    )


def _older_text(lost: int, kept: int, since: str) -> str:
    return (
        f"The state here is newer than the backup: its journal has {lost} more entr{'y' if lost == 1 else 'ies'} since "
        f"{since}, after the {kept} of the backup. With them would go what was applied, decided and stopped, and a "
        "journal head that was noted since would not be found any more. Nothing was changed. If that is meant, this "
        "keeps a copy of what is here and goes back:"
    )


def _set_aside(database: Database, at: datetime) -> Path:
    for path in _names_beside(database, "damaged", at):
        if path.exists():
            continue
        try:
            for suffix in ("", "-journal", "-wal", "-shm"):
                part = database.copies.with_name(database.copies.name + suffix)
                if part.exists():
                    part.rename(path.with_name(path.name + suffix))
        except OSError as failure:
            raise database.refuse(f"cannot be moved: {failure.strerror}.") from None
        return path
    raise database.refuse("has too many copies beside it. Move them elsewhere.")


def keep_copy(database: Database, *, word: str, at: datetime) -> Path:
    """Write a copy of a database beside it, named by ``word`` and time, and return its path."""
    for path in _names_beside(database, word, at):
        try:
            database.copy_to(path)
        except FileExistsError:
            continue
        return path
    raise database.refuse("has too many copies beside it. Move them elsewhere.")


def _names_beside(database: Database, word: str, at: datetime) -> Iterator[Path]:
    moment = time_text(at.replace(microsecond=0)).replace(":", "").replace("-", "")
    first = f"{database.copies.name}.{word}-{moment}"
    yield database.copies.with_name(first)
    for number in range(2, _MOST_COPIES):
        yield database.copies.with_name(f"{first}-{number}")


def _fill(
    connection: Connection,
    backup: Connection,
    project: str,
    order: RestoreOrder,
    *,
    kept: Path | None,
    lost: tuple[tuple[JournalEntry, dict[str, object]], ...],
) -> Restored:
    """Copy the backup's rows, and append the journal's entry on the restore."""
    carry_rows(backup, connection, project=project)
    _, lineage, serial, key_id = reading.read_project(connection, project)
    transaction = Transaction(connection, project, make_salt=order.make_salt)
    lost_head = lost[-1][0].hash if lost else None
    told = {"serial": serial, "lost_entries": len(lost), "lost_head": lost_head}
    transaction.append_journal("restore", order.payload.model_copy(update=told).document(), at=order.at)
    transaction.end()
    redacted = {str(tells["name"]) for entry, tells in lost if entry.event == REDACT and "name" in tells}
    return Restored(
        lineage=lineage,
        serial=serial,
        fingerprint_key_id=key_id,
        replaced=kept,
        lost_entries=len(lost),
        lost_redactions=tuple(sorted(redacted)),
    )
