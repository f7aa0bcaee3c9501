"""Older states: a real one of version 1, and what a migration must not lose."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from reconciler.errors import GuardRefused, StateMissing, StateUnavailable
from reconciler.model.journal.payloads import MigratePayload
from reconciler.store import Migrated, MigrationOrder, create_state, migrate_state, migrations, open_store, schema
from reconciler.store.sqlite.database import SqliteFile
from tests.kept import FIRST
from tests.store.values import AT, PROJECT, URL, account

if TYPE_CHECKING:
    from pathlib import Path

    from reconciler.store import Store
    from reconciler.store.sql import Connection

VERSION_1 = FIRST / "state-1.sql"
EARLIER = FIRST / "state-2.sql"
ORDER = MigrationOrder(payload=MigratePayload(actor="olga"), at=AT)


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """Return the file of a state as version 1 wrote it."""
    file = tmp_path / ".reconciler" / "state.db"
    file.parent.mkdir(mode=0o700)
    with closing(sqlite3.connect(file)) as database:
        database.executescript(VERSION_1.read_text(encoding="utf-8"))
    return file


def version_of(file: Path) -> int:
    """Return the version that a file's header names."""
    with closing(sqlite3.connect(file)) as database:
        found: int = database.execute("PRAGMA user_version").fetchone()[0]
    return found


def test_a_state_of_version_1_is_migrated(old: Path, tmp_path: Path) -> None:
    """Every row and digest of it holds afterwards, its journal goes on, and the copy is as it was."""
    done = migrate_state(URL, base=tmp_path, order=ORDER)
    assert (1, schema.SCHEMA_VERSION) == (done.before, done.after)
    assert schema.SCHEMA_VERSION == version_of(old)
    assert done.kept is not None
    assert version_of(done.kept) == 1
    with open_store(URL, base=tmp_path, project=PROJECT) as store:
        assert store.check_journal().problems == ()
        assert ["apply", "suspend", "resume", "migrate"] == [entry.event for entry in store.journal()]
        assert {"news", "sales"} == set(store.read_state().accounts)
        with store.write() as transaction:
            transaction.put_account(account("other"))
            transaction.append_journal("apply", {}, at=AT)
        assert store.read_account("other") == account("other")


def test_migrated_tables_are_those_of_a_new_state(old: Path, tmp_path: Path) -> None:
    """A migrated state and a new one have the same tables, columns and keys."""
    migrate_state(URL, base=tmp_path, order=ORDER)
    create_state("sqlite:///new.db", base=tmp_path, project=PROJECT, lineage="1", fingerprint_key_id=None, at=AT)
    assert tables(tmp_path / "new.db") == tables(old)


def test_the_tables_of_a_format_stay_as_they_were_made(store: Store, file: Path) -> None:
    """Whatever writes the statements, those of format 4 are to the letter what its first version kept in the file."""
    with closing(sqlite3.connect(file)) as database:
        made = database.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name").fetchall()
    kept = (FIRST / "tables-4.sql").read_text(encoding="utf-8").partition("\n")[2]
    assert kept == "".join(f"{statement};\n" for (statement,) in made)


def tables(file: Path) -> dict[str, list[tuple[object, ...]]]:
    """Return the columns of each table: name, type, whether it may be null, place in the key."""
    with closing(sqlite3.connect(file)) as database:
        names = [row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY 1")]
        return {
            name: [(row[1], row[2], row[3], row[5]) for row in database.execute(f"PRAGMA table_info({name})")]
            for name in names
        }


def test_accounts_whose_private_ca_was_not_kept_are_named(old: Path, tmp_path: Path) -> None:
    """A state of an earlier version has the digest of a private CA alone: the migration says of which accounts."""
    with closing(sqlite3.connect(old)) as database, database:
        database.execute("UPDATE accounts SET ca_digest = 'sha256:1' WHERE name = 'sales'")
    assert ((PROJECT, "sales"),) == migrate_state(URL, base=tmp_path, order=ORDER).without_ca


def test_every_older_version_has_a_migration() -> None:
    """From each version there is a step to the next."""
    assert list(range(1, schema.SCHEMA_VERSION)) == sorted(migrations.MIGRATIONS)


def test_a_state_that_is_up_to_date_is_left_alone(store: Store, file: Path, tmp_path: Path) -> None:
    """No copy is made and nothing is journaled; a missing state is an error."""
    before = file.read_bytes()
    assert Migrated(schema.SCHEMA_VERSION, schema.SCHEMA_VERSION, None) == migrate_state(
        URL, base=tmp_path, order=ORDER
    )
    assert before == file.read_bytes()
    assert [file] == list(file.parent.iterdir())
    with pytest.raises(StateMissing):
        migrate_state("sqlite:///none.db", base=tmp_path, order=ORDER)


def test_a_migration_that_fails_changes_nothing(old: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All steps are one transaction: what the first did is undone when a later one fails, and the copy is kept."""

    def fail(connection: Connection) -> None:
        connection.execute("ALTER TABLE accounts DROP COLUMN evidence")
        connection.execute("ALTER TABLE nothing ADD COLUMN x TEXT")

    monkeypatch.setattr(schema, "SCHEMA_VERSION", schema.SCHEMA_VERSION + 1)
    monkeypatch.setattr(migrations, "MIGRATIONS", {**migrations.MIGRATIONS, schema.SCHEMA_VERSION - 1: fail})
    before = tables(old)
    with pytest.raises(StateUnavailable):
        migrate_state(URL, base=tmp_path, order=ORDER)
    assert (before, 1) == (tables(old), version_of(old))


def test_a_migration_that_contradicts_itself_is_undone(
    old: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows that refer to rows which are no longer there are found before the commit."""

    def orphan(connection: Connection) -> None:
        connection.execute("DELETE FROM revisions")

    monkeypatch.setattr(migrations, "MIGRATIONS", {**migrations.MIGRATIONS, 1: orphan})
    with pytest.raises(StateUnavailable) as caught:
        migrate_state(URL, base=tmp_path, order=ORDER)
    assert "contradict each other" in caught.value.diagnostics[0].detail
    assert version_of(old) == 1


def test_two_who_migrate_at_once_do_it_once(old: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever gets the lock second finds the work done."""
    versions = iter([1, schema.SCHEMA_VERSION])
    monkeypatch.setattr(SqliteFile, "read_version", lambda _: next(versions))
    assert Migrated(schema.SCHEMA_VERSION, schema.SCHEMA_VERSION, None) == migrate_state(
        URL, base=tmp_path, order=ORDER
    )
    assert version_of(old) == 1


def test_an_older_state_is_neither_opened_nor_added_to(old: Path, tmp_path: Path) -> None:
    """Opening says what to run, and so does making another project in the same file."""
    for attempt in (
        lambda: open_store(URL, base=tmp_path, project=PROJECT),
        lambda: create_state(URL, base=tmp_path, project="other", lineage="2", fingerprint_key_id=None, at=AT),
    ):
        with pytest.raises(StateUnavailable) as caught:
            attempt()
        assert caught.value.diagnostics[0].code == "stateOlder"


@pytest.fixture
def earlier(tmp_path: Path) -> Path:
    """Return the file of a state as versions wrote it whose journal did not tell what was written over."""
    file = tmp_path / ".reconciler" / "state.db"
    file.parent.mkdir(mode=0o700)
    with closing(sqlite3.connect(file)) as database:
        database.executescript(EARLIER.read_text(encoding="utf-8"))
    return file


def test_a_state_of_an_earlier_journal_is_read_checked_and_written(earlier: Path, tmp_path: Path) -> None:
    """What its journal recorded is compared, and what it never recorded is from now on."""
    migrate_state(URL, base=tmp_path, order=ORDER)
    with open_store(URL, base=tmp_path, project=PROJECT) as store:
        assert () == store.check_journal().problems
        assert () == store.alterations(["shop", "news", "old", "sales"])
        with store.write() as transaction:
            transaction.require_whole()
            transaction.put_account(account("shop", revision=2))
            transaction.delete_account("news")
            transaction.append_journal("apply", {}, at=AT)
        assert () == store.check_journal().problems
    with closing(sqlite3.connect(earlier)) as database, database:
        database.execute("UPDATE projects SET fingerprint_key_id = NULL")
    with open_store(URL, base=tmp_path, project=PROJECT) as store:
        assert 1 == len(store.check_journal().problems)


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        ("UPDATE accounts SET created_at = '2020-01-01T00:00:00Z'", "an earlier version recorded it"),
        ("UPDATE accounts SET suspension = '{}'", "an earlier version recorded it"),
        ("DELETE FROM accounts", "shop is missing from state"),
    ],
)
def test_what_was_altered_in_it_is_noticed(earlier: Path, tmp_path: Path, statement: str, problem: str) -> None:
    """Its digests are of whole rows, so a refusal tells which account it is, and not which field."""
    with closing(sqlite3.connect(earlier)) as database, database:
        database.execute(statement)
    migrate_state(URL, base=tmp_path, order=ORDER)
    with open_store(URL, base=tmp_path, project=PROJECT) as store:
        assert problem in store.alterations(["shop"])[0].problem.detail


@pytest.mark.parametrize("key", ["NULL", "'ffffffffffffffff'"])
def test_an_altered_key_id_in_it_is_noticed(earlier: Path, tmp_path: Path, key: str) -> None:
    """Where no entry told the id of the key, that of the accounts counts; a migration does not vouch for another."""
    with closing(sqlite3.connect(earlier)) as database, database:
        database.execute(f"UPDATE projects SET fingerprint_key_id = {key}")  # noqa: S608 - of this file
    with pytest.raises(GuardRefused) as caught:
        migrate_state(URL, base=tmp_path, order=ORDER)
    assert "another fingerprint key than the one whose id is in state" in caught.value.diagnostics[0].detail
    assert version_of(earlier) == 2


def test_a_migration_hides_no_alteration(old: Path, tmp_path: Path) -> None:
    """It writes over no account, so what was altered before is told after it as well."""
    with closing(sqlite3.connect(old)) as database, database:
        database.execute("UPDATE accounts SET created_at = '2020-01-01T00:00:00Z' WHERE name = 'sales'")
    migrate_state(URL, base=tmp_path, order=ORDER)
    with open_store(URL, base=tmp_path, project=PROJECT) as store:
        assert ["sales"] == list(store.check_journal().account_problems)
        assert ["sales"] == [each.name for each in store.alterations(["news", "sales"])]
