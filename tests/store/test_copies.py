"""Copies of a state, its way back, and what may not be lost on that way, whichever database it is in."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from reconciler.errors import GuardRefused, InvalidInput, JournalBroken, StateUnavailable
from reconciler.store import RestoreOrder, back_up_state, open_store, opening, restore_state
from tests.store.values import AT, LINEAGE, PROJECT, account, change, revision, route, told_by

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
    assert LINEAGE == copy.lineage
    assert 1 == copy.serial
    assert written.check_journal() == copy.journal
    with open_store("sqlite:///b.db", base=tmp_path, project=PROJECT) as opened:
        assert written.read_state() == opened.read_state()
        assert told_by(written) == told_by(opened)
        assert written.revisions() == opened.revisions()


def test_what_comes_back_is_what_was_backed_up(written: Store, url: str, tmp_path: Path) -> None:
    """The state after a restore is that of the backup, with one entry more."""
    before, entries = written.read_state(), written.journal()
    source = back_up(url, tmp_path)
    restored = restore(url, tmp_path, source)
    assert before == written.read_state()
    assert entries == written.journal()[:-1]
    assert "restore" == written.journal()[-1].event
    assert () == written.check_journal().problems
    assert 0 == restored.lost_entries


def test_a_store_that_is_open_goes_on_with_what_was_restored(written: Store, url: str, tmp_path: Path) -> None:
    """Nobody writes to what nobody reads any more: rows are replaced, and the database stays the same."""
    source = back_up(url, tmp_path)
    with written.write() as transaction:
        transaction.put_account(account("other"))
        transaction.append_journal("apply", {}, at=AT)
    restore(url, tmp_path, source, RestoreOrder(at=AT, goes_back=True))
    with written.write() as transaction:
        assert ["sales"] == list(transaction.state().accounts)
        transaction.append_journal("apply", {}, at=AT)
    assert written.check_journal().problems == ()


def test_a_restore_waits_for_a_writer_and_loses_nothing_of_it(
    written: Store, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While another writes, nothing is replaced; afterwards the backup is older and refused."""
    source = back_up(url, tmp_path)
    monkeypatch.setattr(opening, "BUSY_TIMEOUT_SECONDS", 0.05)
    with written.write() as transaction:
        with pytest.raises(StateUnavailable):
            restore(url, tmp_path, source)
        transaction.append_journal("apply", {}, at=AT)
    with pytest.raises(GuardRefused):
        restore(url, tmp_path, source)
    assert len(written.journal()) == 2


def test_an_empty_journal_is_older_than_every_other(store: Store, url: str, tmp_path: Path) -> None:
    """A backup of a state in which nothing had happened is refused once something has."""
    source = back_up(url, tmp_path)
    restore(url, tmp_path, source)
    with pytest.raises(GuardRefused, match="lose"):
        restore(url, tmp_path, source)


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


def test_a_path_stays_on_one_line(written: Store, url: str, tmp_path: Path) -> None:
    """The end of a line in a path or a project's name is shown as such, and is no end of a line in what is told."""
    odd = tmp_path / "back\nup.db"
    told: list[InvalidInput | JournalBroken] = []
    with pytest.raises(InvalidInput) as caught:
        restore(url, tmp_path, odd)
    told.append(caught.value)
    back_up_state(url, base=tmp_path, project=PROJECT, target=odd, replaces=False)
    with pytest.raises(InvalidInput) as caught:
        back_up_state(url, base=tmp_path, project=PROJECT, target=odd, replaces=False)
    told.append(caught.value)
    with closing(sqlite3.connect(odd)) as database, database:
        database.execute("UPDATE journal SET event='other' WHERE sequence=1")
    with pytest.raises(JournalBroken) as broken:
        restore(url, tmp_path, odd)
    told.append(broken.value)
    with closing(sqlite3.connect(odd)) as database, database:
        for table in ("accounts", "secret_routes", "revised_accounts", "revisions", "journal_payloads", "journal"):
            database.execute(f"DELETE FROM {table}")  # noqa: S608 - from the list above
        database.execute("UPDATE projects SET project='an\nother'")
    with pytest.raises(InvalidInput) as caught:
        restore(url, tmp_path, odd)
    told.append(caught.value)
    sentences = [each.diagnostics[0].detail for each in told]
    assert [True] * 4 == ["back\\nup.db" in sentence for sentence in sentences]
    assert [0, 1, 0, 0] == [sentence.count("\n") for sentence in sentences]  # The one is before a flag to copy.
    assert "it is of an\\nother." in sentences[-1]
