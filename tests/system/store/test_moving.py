"""A state that moves between databases, older formats, and copies that are kept below the project folder."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from reconciler.errors import GuardRefused, InvalidInput, StateMissing, StateUnavailable
from reconciler.model.journal.payloads import MigratePayload
from reconciler.store import (
    Migrated,
    MigrationOrder,
    RestoreOrder,
    back_up_state,
    create_state,
    migrate_state,
    migrations,
    open_store,
    restore_state,
    schema,
)
from tests.store.values import AT, LINEAGE, PROJECT, URL, account, change, revision, route, told_by

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from reconciler.store import Store
    from tests.system.support.postgres import PostgresServer

ORDER = RestoreOrder(at=AT)
MIGRATION = MigrationOrder(payload=MigratePayload(actor="olga"), at=AT)


def fill(store: Store) -> None:
    """Record something of everything."""
    with store.write() as transaction:
        transaction.put_account(account("sales"))
        transaction.put_routes("sales", [route()])
        transaction.add_revision(revision(1, change("sales")))
        transaction.append_journal("apply", {"reason": "zażółć 'gęślą' \\ \u2028"}, at=AT)


def content(store: Store, entries: int | None = None) -> tuple[object, ...]:
    """Return everything that a state holds, its journal up to an entry."""
    return store.read_state(), store.revisions(), told_by(store)[:entries]


def move(source: str, target: str, base: Path) -> None:
    """Back a state up and restore it elsewhere."""
    file = base / "moving.db"
    back_up_state(source, base=base, project=PROJECT, target=file, replaces=True)
    restore_state(target, base=base, project=PROJECT, source=file, order=ORDER)


def test_a_state_moves_to_postgresql_and_back(url: str, tmp_path: Path) -> None:
    """Every row and digest survives both ways, and each move is an entry more of the same journal."""
    create_state(URL, base=tmp_path, project=PROJECT, lineage=LINEAGE, fingerprint_key_id="k", at=AT)
    with open_store(URL, base=tmp_path, project=PROJECT) as store:
        fill(store)
        before = content(store)
    move(URL, url, tmp_path)
    with open_store(url, base=tmp_path, project=PROJECT) as store:
        assert before == content(store, 1)
        assert store.check_journal().problems == ()
    move(url, "sqlite:///again.db", tmp_path)
    with open_store("sqlite:///again.db", base=tmp_path, project=PROJECT) as store:
        assert before == content(store, 1)
        assert ["apply", "restore", "restore"] == [entry.event for entry in store.journal()]
        assert store.check_journal().problems == ()


def test_a_copy_of_many_rows_is_whole(store: Store, url: str, tmp_path: Path) -> None:
    """More rows than are carried at once arrive all."""
    with store.write() as transaction:
        for number in range(1201):
            transaction.put_account(account(f"sales-{number}"))
        transaction.append_journal("apply", {}, at=AT)
    move(url, "sqlite:///again.db", tmp_path)
    with open_store("sqlite:///again.db", base=tmp_path, project=PROJECT) as copy:
        assert store.read_state() == copy.read_state()


def test_what_a_restore_replaces_is_kept(store: Store, url: str, tmp_path: Path) -> None:
    """The copy lies below the project folder, and can be restored itself."""
    backup = tmp_path / "backup.db"
    back_up_state(url, base=tmp_path, project=PROJECT, target=backup, replaces=False)
    fill(store)
    with pytest.raises(GuardRefused):
        restore_state(url, base=tmp_path, project=PROJECT, source=backup, order=ORDER)
    back = RestoreOrder(at=AT, goes_back=True)
    done = restore_state(url, base=tmp_path, project=PROJECT, source=backup, order=back)
    assert tmp_path / ".reconciler" / "postgresql.db.replaced-20260301T123015Z" == done.replaced
    assert [done.replaced.name] == [path.name for path in done.replaced.parent.iterdir()]
    assert {} == store.read_state().accounts
    with_force = RestoreOrder(at=AT, replaces_foreign=True)
    restore_state(url, base=tmp_path, project=PROJECT, source=done.replaced, order=with_force)
    assert ["sales"] == list(store.read_state().accounts)
    assert store.check_journal().problems == ()


def test_a_database_without_the_project_gets_it(store: Store, url: str, server: PostgresServer, tmp_path: Path) -> None:
    """Restoring into another project's schema adds this one's state beside it."""
    fill(store)
    backup = tmp_path / "backup.db"
    back_up_state(url, base=tmp_path, project=PROJECT, target=backup, replaces=False)
    other = f"{url}_other"
    create_state(other, base=tmp_path, project="other", lineage="others", fingerprint_key_id=None, at=AT)
    assert restore_state(other, base=tmp_path, project=PROJECT, source=backup, order=ORDER).replaced is None
    with open_store(other, base=tmp_path, project="other") as theirs:
        assert theirs.read_state().lineage == "others"
    with open_store(other, base=tmp_path, project=PROJECT) as ours:
        assert ["sales"] == list(ours.read_state().accounts)


def test_a_restore_that_fails_leaves_the_old_state(
    store: Store, url: str, edit: Callable[..., None], tmp_path: Path
) -> None:
    """Whatever goes wrong after rows were removed, all of it is undone."""
    fill(store)
    backup = tmp_path / "backup.db"
    back_up_state(url, base=tmp_path, project=PROJECT, target=backup, replaces=False)
    before = content(store)
    edit("ALTER TABLE journal_payloads ADD CONSTRAINT no_more CHECK (sequence < 2)")
    with pytest.raises(StateUnavailable, match="State cannot be used"):
        restore_state(url, base=tmp_path, project=PROJECT, source=backup, order=ORDER)
    assert before == content(store)


def test_a_state_that_appears_meanwhile_is_kept(store: Store, url: str, tmp_path: Path) -> None:
    """Where tables appeared between the look and the making, they stay and the restore says so."""
    backup = tmp_path / "backup.db"
    back_up_state(url, base=tmp_path, project=PROJECT, target=backup, replaces=False)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("reconciler.store.postgres.database.PostgresSchema.is_there", lambda _: False)
        with pytest.raises(StateUnavailable) as caught:
            restore_state(url, base=tmp_path, project=PROJECT, source=backup, order=ORDER)
    assert "appeared while" in caught.value.diagnostics[0].detail
    assert () == store.journal()


def test_a_backup_replaces_no_file_unless_told(store: Store, url: str, tmp_path: Path) -> None:
    """A file that stands at the target stays."""
    target = tmp_path / "backup.db"
    target.write_text("theirs")
    with pytest.raises(InvalidInput):
        back_up_state(url, base=tmp_path, project=PROJECT, target=target, replaces=False)
    assert "theirs" == target.read_text()
    assert LINEAGE == back_up_state(url, base=tmp_path, project=PROJECT, target=target, replaces=True).lineage


# --- earlier formats


def make_older(edit: Callable[..., None]) -> None:
    """Make the tables those of version 1."""
    later = ("manifest", "server", "ca_pem")
    dropped = [f"ALTER TABLE accounts DROP COLUMN {column}" for column in later]
    edit(*dropped, "DROP TABLE publications", "UPDATE state_format SET version = 1")


def test_an_older_state_is_migrated(store: Store, url: str, edit: Callable[..., None], tmp_path: Path) -> None:
    """An older state is refused, its migration keeps a copy in its own format, and then all of it holds."""
    fill(store)
    before = content(store)
    make_older(edit)
    with pytest.raises(StateUnavailable) as caught:
        open_store(url, base=tmp_path, project=PROJECT)
    assert "stateOlder" == caught.value.diagnostics[0].code
    done = migrate_state(url, base=tmp_path, order=MIGRATION)
    assert (1, schema.SCHEMA_VERSION) == (done.before, done.after)
    assert before == content(store, 1)
    assert store.check_journal().problems == ()
    assert done.kept is not None
    with closing(sqlite3.connect(done.kept)) as database:
        assert [(1,)] == database.execute("PRAGMA user_version").fetchall()
        assert [("sales",)] == database.execute("SELECT name FROM accounts").fetchall()
        assert "manifest" not in [row[1] for row in database.execute("PRAGMA table_info(accounts)")]
    kept = f"sqlite:////{str(done.kept).lstrip('/')}"
    migrate_state(kept, base=tmp_path, order=MIGRATION)
    with open_store(kept, base=tmp_path, project=PROJECT) as copy:
        assert before == content(copy, 1)
    assert Migrated(schema.SCHEMA_VERSION, schema.SCHEMA_VERSION, None) == migrate_state(
        url, base=tmp_path, order=MIGRATION
    )


def test_a_migration_that_fails_changes_nothing(
    store: Store, url: str, edit: Callable[..., None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All steps are one transaction: what the first did is undone when a later one fails."""
    make_older(edit)
    monkeypatch.setattr(schema, "SCHEMA_VERSION", schema.SCHEMA_VERSION + 1)
    steps = {
        **migrations.MIGRATIONS,
        schema.SCHEMA_VERSION - 1: lambda connection: connection.execute("ALTER TABLE nothing ADD x TEXT"),
    }
    monkeypatch.setattr(migrations, "MIGRATIONS", steps)
    with pytest.raises(StateUnavailable):
        migrate_state(url, base=tmp_path, order=MIGRATION)
    edit("ALTER TABLE accounts ADD COLUMN manifest TEXT")


def test_a_missing_state_is_not_migrated(url: str, tmp_path: Path) -> None:
    """There is nothing to bring up to date, and nothing is made."""
    with pytest.raises(StateMissing):
        migrate_state(url, base=tmp_path, order=MIGRATION)
    with pytest.raises(StateMissing):
        back_up_state(url, base=tmp_path, project=PROJECT, target=tmp_path / "backup.db", replaces=False)
