"""Copies of a SQLite file, and what can go wrong with files on the way there and back."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from reconciler.errors import StateUnavailable
from reconciler.store import RestoreOrder, create_state, open_store
from reconciler.store import copies as copying
from reconciler.store.sqlite.database import SqliteFile
from tests.store.test_copies import back_up, restore, written
from tests.store.values import AT, PROJECT

if TYPE_CHECKING:
    from pathlib import Path

    from reconciler.store import Store

__all__ = ["written"]


def test_a_file_stays_the_same_file(written: Store, url: str, tmp_path: Path) -> None:
    """A restore replaces rows inside the file, so whoever waits for its lock goes on with what was restored."""
    source = back_up(url, tmp_path)
    file = tmp_path / ".reconciler" / "state.db"
    inode = file.stat().st_ino
    restore(url, tmp_path, source)
    assert inode == file.stat().st_ino


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
