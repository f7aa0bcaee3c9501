"""Copies of a state, its way back, and what may not be lost on that way."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from reconciler.errors import GuardRefused, InvalidInput, StateUnavailable
from reconciler.store import RestoreOrder, back_up_state, copying, create_state, open_store, restore_state
from reconciler.store.sqlite import SqliteFile
from tests.store.values import AT, LINEAGE, PROJECT, account, change, revision, route

if TYPE_CHECKING:
    from pathlib import Path

    from reconciler.store import Restored, Store

ORDER = RestoreOrder(at=AT)


@pytest.fixture
def written(store: Store) -> Store:
    """Return a state with everything in it."""
    with store.write() as transaction:
        transaction.put_account(account("sales"))
        transaction.put_routes("sales", [route()])
        transaction.add_revision(revision(1, change("sales")))
        transaction.append_journal("apply", {}, at=AT)
    return store


def back_up(url: str, base: Path) -> Path:
    """Back the state up and return the file."""
    target = base / "backup.db"
    back_up_state(url, base=base, project=PROJECT, target=target, replaces=False)
    return target


def restore(url: str, base: Path, source: Path, order: RestoreOrder = ORDER) -> Restored:
    """Restore the state."""
    return restore_state(url, base=base, project=PROJECT, source=source, order=order)


def test_a_copy_has_everything(written: Store, url: str, tmp_path: Path) -> None:
    """Accounts, routes, revisions and the journal of a copy are those of the state, down to the digests."""
    copy = back_up_state(url, base=tmp_path, project=PROJECT, target=tmp_path / "b.db", replaces=False)
    assert (LINEAGE, 1, written.check_journal()) == (copy.lineage, copy.serial, copy.journal)
    with open_store("sqlite:///b.db", base=tmp_path, project=PROJECT) as opened:
        assert written.read_state() == opened.read_state()
        assert written.journal_with_payloads() == opened.journal_with_payloads()
        assert written.revisions() == opened.revisions()


def test_a_copy_holds_nothing_that_was_deleted(written: Store, url: str, tmp_path: Path) -> None:
    """What was deleted is not in parts of the copy that are no longer used."""
    with closing(sqlite3.connect(tmp_path / ".reconciler" / "state.db")) as database, database:
        database.execute("PRAGMA secure_delete=OFF")
        database.execute("CREATE TABLE scrap (text TEXT)")
        database.execute("INSERT INTO scrap VALUES ('canary-canary-canary')")
        database.execute("DROP TABLE scrap")
    assert b"canary-canary" not in back_up(url, tmp_path).read_bytes()
    written.compact()
    assert b"canary-canary" not in (tmp_path / ".reconciler" / "state.db").read_bytes()


def test_what_comes_back_is_what_was_backed_up(written: Store, url: str, tmp_path: Path) -> None:
    """The state after a restore is that of the backup, with one entry more."""
    before, entries = written.read_state(), written.journal()
    source = back_up(url, tmp_path)
    restored = restore(url, tmp_path, source)
    assert before == written.read_state()
    assert entries == written.journal()[:-1]
    assert ("restore", (), 0) == (written.journal()[-1].event, written.check_journal().problems, restored.lost_entries)


def test_a_store_that_is_open_goes_on_with_what_was_restored(written: Store, url: str, tmp_path: Path) -> None:
    """Nobody writes to a file that nobody reads any more: the state is replaced inside its file."""
    source = back_up(url, tmp_path)
    with written.write() as transaction:
        transaction.put_account(account("other"))
        transaction.append_journal("apply", {}, at=AT)
    file = tmp_path / ".reconciler" / "state.db"
    inode = file.stat().st_ino
    restore(url, tmp_path, source, RestoreOrder(at=AT, goes_back=True))
    assert inode == file.stat().st_ino
    with written.write() as transaction:
        assert ["sales"] == list(transaction.state().accounts)
        transaction.append_journal("apply", {}, at=AT)
    assert written.check_journal().problems == ()


def test_a_restore_waits_for_a_writer_and_loses_nothing_of_it(
    written: Store, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While another writes, nothing is replaced; afterwards the backup is older and refused."""
    source = back_up(url, tmp_path)
    monkeypatch.setattr(SqliteFile.__init__, "__kwdefaults__", {"busy_timeout_seconds": 0.05, "known_as": None})
    with written.write() as transaction:
        with pytest.raises(StateUnavailable):
            restore(url, tmp_path, source)
        transaction.append_journal("apply", {}, at=AT)
    with pytest.raises(GuardRefused):
        restore(url, tmp_path, source)
    assert len(written.journal()) == 2


def test_a_restore_that_fails_leaves_the_old_state(written: Store, url: str, tmp_path: Path) -> None:
    """Whatever goes wrong after rows were removed, all of it is undone."""
    source = back_up(url, tmp_path)
    with closing(sqlite3.connect(tmp_path / ".reconciler" / "state.db")) as database:
        database.execute("CREATE TRIGGER refuse BEFORE INSERT ON journal_payloads BEGIN SELECT raise(ABORT, 'no'); END")
    before = written.read_state()
    with pytest.raises(StateUnavailable):
        restore(url, tmp_path, source)
    assert before == written.read_state()
    assert len(written.journal()) == 1


def test_an_empty_journal_is_older_than_every_other(store: Store, url: str, tmp_path: Path) -> None:
    """A backup of a state in which nothing had happened is refused once something has."""
    source = back_up(url, tmp_path)
    restore(url, tmp_path, source)
    with pytest.raises(GuardRefused, match="lose"):
        restore(url, tmp_path, source)


def test_a_state_that_appears_meanwhile_is_kept(
    written: Store, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where another process makes the state at the same moment, that one stays and the restore says so."""
    source = back_up(url, tmp_path)
    file = tmp_path / ".reconciler" / "state.db"
    file.unlink()
    is_there = SqliteFile.is_there

    def appears(database: SqliteFile) -> bool:
        found = is_there(database)
        if not found:
            monkeypatch.undo()
            create_state(url, base=tmp_path, project=PROJECT, lineage="theirs", fingerprint_key_id=None, at=AT)
        return found

    monkeypatch.setattr(SqliteFile, "is_there", appears)
    with pytest.raises(StateUnavailable) as caught:
        restore(url, tmp_path, source)
    assert "appeared while" in caught.value.diagnostics[0].detail
    assert written.read_state().lineage == "theirs"


def test_a_database_without_the_project_gets_it(written: Store, url: str, tmp_path: Path) -> None:
    """Restoring into another project's database adds this one's state beside it."""
    source = back_up(url, tmp_path)
    (tmp_path / ".reconciler" / "state.db").unlink()
    create_state(url, base=tmp_path, project="other", lineage="others", fingerprint_key_id=None, at=AT)
    assert restore(url, tmp_path, source).replaced is None
    assert list(written.read_state().accounts) == ["sales"]
    with open_store(url, base=tmp_path, project="other") as other:
        assert other.read_state().lineage == "others"


def test_a_backup_of_no_project_says_so(written: Store, url: str, tmp_path: Path) -> None:
    """A database in which no project is left is no backup of any."""
    source = back_up(url, tmp_path)
    with closing(sqlite3.connect(source)) as database, database:
        for table in ("accounts", "secret_routes", "revised_accounts", "revisions", "journal_payloads", "journal"):
            database.execute(f"DELETE FROM {table}")  # noqa: S608 - from the list above
        database.execute("DELETE FROM projects")
    with pytest.raises(InvalidInput) as caught:
        restore(url, tmp_path, source)
    assert "it is of none" in caught.value.diagnostics[0].detail


@pytest.mark.parametrize("is_damaged", [False, True])
def test_there_is_an_end_to_copies(
    written: Store, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_damaged: bool
) -> None:
    """Where every name for a copy is taken, nothing is replaced."""
    monkeypatch.setattr(copying, "_MOST_COPIES", 2)
    source = back_up(url, tmp_path)
    file = tmp_path / ".reconciler" / "state.db"
    word = "damaged" if is_damaged else "replaced"
    file.with_name(f"state.db.{word}-20260301T123015Z").write_text("taken")
    if is_damaged:
        file.write_bytes(b"")
    content = file.read_bytes()
    with pytest.raises(StateUnavailable) as caught:
        restore(url, tmp_path, source, RestoreOrder(at=AT, replaces_foreign=True))
    assert "too many copies" in caught.value.diagnostics[0].detail
    assert content == file.read_bytes()


def test_a_damaged_file_is_set_aside_with_its_journal(written: Store, url: str, tmp_path: Path) -> None:
    """A hot journal goes with the file that it belongs to; left behind, it would be played into the new one."""
    source = back_up(url, tmp_path)
    file = tmp_path / ".reconciler" / "state.db"
    file.write_bytes(b"")
    file.with_name("state.db-journal").write_bytes(b"hot")
    restored = restore(url, tmp_path, source, RestoreOrder(at=AT, replaces_foreign=True))
    assert restored.replaced is not None
    assert b"hot" == restored.replaced.with_name(restored.replaced.name + "-journal").read_bytes()
    assert not file.with_name("state.db-journal").exists()
    assert list(written.read_state().accounts) == ["sales"]


def test_a_damaged_file_that_cannot_be_moved_is_told(
    written: Store, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the damaged file cannot be set aside, it stays and nothing is restored."""
    source = back_up(url, tmp_path)
    file = tmp_path / ".reconciler" / "state.db"
    file.write_bytes(b"")

    def refuse(_: object, __: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr("pathlib.Path.rename", refuse)
    with pytest.raises(StateUnavailable, match="State cannot be used"):
        restore(url, tmp_path, source, RestoreOrder(at=AT, replaces_foreign=True))
    assert b"" == file.read_bytes()


def test_a_copy_that_cannot_be_put_in_place_is_told(
    written: Store, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A copy whose name cannot be given to it leaves nothing behind."""

    def refuse(_: object, __: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr("os.link", refuse)
    monkeypatch.setattr("pathlib.Path.rename", refuse)
    with pytest.raises(StateUnavailable):
        back_up(url, tmp_path)
    assert [tmp_path / ".reconciler"] == list(tmp_path.iterdir())
