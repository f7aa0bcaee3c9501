"""The SQLite file: how it is made, found and refused."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
import subprocess
import sys
import threading
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from reconciler.errors import GuardRefused, InvalidInput, ReconcilerError, StateMissing, StateUnavailable
from reconciler.model.consumers.publication import Publication
from reconciler.store import create_state, open_store, reading, sqlite_path
from reconciler.store.schema import TABLES
from reconciler.store.sqlite.database import QUICK_CHECK_OCTETS, SqliteFile
from tests.store.values import AT, LINEAGE, PROJECT, URL, account, change, revision, route
from tests.support.limits import files_limited_to

if TYPE_CHECKING:
    from reconciler.store import Store
    from reconciler.store.schema import Table
    from reconciler.store.sql import Connection


def make(base: Path, url: str = URL, *, project: str = PROJECT) -> bool:
    """Make a state."""
    return create_state(url, base=base, project=project, lineage=LINEAGE, fingerprint_key_id=None, at=AT)


def test_the_file_is_for_the_owner_alone(tmp_path: Path) -> None:
    """A new file has mode 0600 and its new folder 0700, whatever the umask, and nothing else is left beside it."""
    before = os.umask(0)
    try:
        assert make(tmp_path) is True
    finally:
        os.umask(before)
    file = tmp_path / ".reconciler" / "state.db"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert [path.name for path in file.parent.iterdir()] == ["state.db"]


def test_a_folder_that_exists_keeps_its_mode(tmp_path: Path) -> None:
    """A folder that was there is not given another mode."""
    (tmp_path / ".reconciler").mkdir(mode=0o750)
    make(tmp_path)
    assert stat.S_IMODE((tmp_path / ".reconciler").stat().st_mode) == 0o750


def test_opening_never_makes_anything(tmp_path: Path) -> None:
    """A state that is not there is an error that says how to make one, and nothing appears."""
    with pytest.raises(StateMissing) as caught:
        open_store(URL, base=tmp_path, project=PROJECT)
    assert caught.value.diagnostics[0].code == "stateMissing"
    assert "\n    reconciler state init" in caught.value.diagnostics[0].detail
    assert list(tmp_path.iterdir()) == []


def test_a_file_in_the_place_of_the_folder_is_a_missing_state(tmp_path: Path) -> None:
    """A path that leads through a file holds no state, and none can be made there."""
    (tmp_path / ".reconciler").write_text("")
    with pytest.raises(StateMissing):
        open_store(URL, base=tmp_path, project=PROJECT)
    with pytest.raises(StateUnavailable):
        make(tmp_path)


def test_a_path_too_long_is_told_clipped(tmp_path: Path) -> None:
    """A path that the system does not take is a state that cannot be used, and is not repeated in full."""
    url = f"sqlite:///{'x' * 3000}.db"
    for attempt in (lambda: open_store(url, base=tmp_path, project=PROJECT), lambda: make(tmp_path, url)):
        with pytest.raises(StateUnavailable) as caught:
            attempt()
        assert len(caught.value.diagnostics[0].detail) < 400


def test_a_filesystem_without_links_will_do(tmp_path: Path, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no links can be made, the file is renamed into place, but never over one that is there."""

    def refuse(_: object, __: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    assert make(tmp_path) is True
    before = file.read_bytes()
    assert SqliteFile(file).create(lambda _: None) is False
    assert file.read_bytes() == before
    assert list(file.parent.iterdir()) == [file]


def test_a_file_that_appears_meanwhile_is_kept(store: Store, file: Path) -> None:
    """Making a file where one has appeared says so and leaves that one as it is."""
    before = file.read_bytes()
    assert SqliteFile(file).create(lambda _: None) is False
    assert file.read_bytes() == before


def test_an_unfinished_file_that_vanishes_is_told(file: Path) -> None:
    """A new file that is removed before it gets its name is an error, not a state."""

    def sweep(_: object) -> None:
        for unfinished in file.parent.glob(".state.db.*.new"):
            unfinished.unlink()

    with pytest.raises(StateUnavailable):
        SqliteFile(file).create(sweep)
    assert not file.exists()


def test_an_error_without_a_sentence_of_its_own_is_named(store: Store, file: Path) -> None:
    """What SQLite refuses for a rare reason is told by SQLite's own name for it."""
    columns = "project, kind, document, written, revision, created_at, updated_at, settings_digest, ca_digest, "
    columns += (
        "fingerprints, fingerprint_key_id, approval, verification, suspension, evidence, manifest, server, ca_pem"
    )
    with closing(sqlite3.connect(file)) as database:
        database.execute("DROP TABLE accounts")
        database.execute(f"CREATE TABLE accounts (name INTEGER PRIMARY KEY, {columns})")
    with pytest.raises(StateUnavailable) as caught, store.write() as transaction:  # noqa: PT012 - the end raises
        transaction.put_account(account("sales"))
        transaction.append_journal("apply", {}, at=AT)
    assert "SQLITE_MISMATCH" in caught.value.diagnostics[0].detail


def test_another_project_is_a_missing_state(tmp_path: Path) -> None:
    """A database without the project is a missing state, not an empty one."""
    make(tmp_path)
    with pytest.raises(StateMissing, match="No state"):
        open_store(URL, base=tmp_path, project="other")


@pytest.mark.parametrize("name", ["a b.db", "what?.db", "no#1.db", "50%.db", "żółw.db", "%41.db", "file:x.db"])
def test_any_file_name_works(tmp_path: Path, name: str) -> None:
    """Spaces, question marks, number signs and percent signs may be part of a path."""
    encoded = name.replace("%", "%25").replace("?", "%3F").replace("#", "%23")
    base = tmp_path / name
    base.mkdir()
    make(base, f"sqlite:///{encoded}")
    assert (base / name).is_file()
    with open_store(f"sqlite:///{encoded}", base=base, project=PROJECT) as store:
        assert store.read_state().lineage == LINEAGE


def test_a_full_path_needs_no_base(tmp_path: Path) -> None:
    """Four slashes begin a full path; three a path relative to the base."""
    assert sqlite_path("sqlite:////srv/state.db", base=tmp_path) == Path("/srv/state.db")
    assert sqlite_path("SQLite:///a/b.db", base=tmp_path) == tmp_path / "a" / "b.db"


@pytest.mark.parametrize(
    "url",
    [
        "", "state.db", "sqlite:", "sqlite://", "sqlite:///", "sqlite:///:memory:", "sqlite:///folder/", "sqlite:///%20",
        "sqlite://host/canary", "sqlite:///x?canary=1", "sqlite:///x#canary", "sqlite:///a%00b", "sqlite:///a%0Ab",
        "sqlite:///%ff", "mysql://root:canary@db.example.com/x", "http://canary", "x" * 5000 + "://canary",
    ],
)  # fmt: skip
def test_an_address_that_is_none_is_refused(tmp_path: Path, url: str) -> None:
    """What names no SQLite file is refused with an address to write, without repeating what was given."""
    with pytest.raises(InvalidInput) as caught:
        sqlite_path(url, base=tmp_path)
    problem = caught.value.diagnostics[0]
    assert problem.code == "stateUrlInvalid"
    assert problem.detail.endswith("\n    state: sqlite:///.reconciler/state.db")
    assert "canary" not in problem.detail
    assert len(problem.detail) < 500


def refusal(base: Path) -> str:
    """Return the detail of the refusal to open a state, which must be ``StateUnavailable``."""
    with pytest.raises(StateUnavailable) as caught:
        open_store(URL, base=base, project=PROJECT, busy_timeout_seconds=0.05)
    assert caught.value.diagnostics[0].code == "stateUnavailable"
    return caught.value.diagnostics[0].detail


def test_an_empty_file_is_not_an_empty_state(store: Store, file: Path, tmp_path: Path) -> None:
    """A file of no bytes is refused, and making a state does not build one over it."""
    file.write_bytes(b"")
    assert "is an empty file" in refusal(tmp_path)
    with pytest.raises(StateUnavailable):
        make(tmp_path)
    assert file.stat().st_size == 0


def test_a_folder_is_not_a_state(file: Path, tmp_path: Path) -> None:
    """A folder in the place of the file is refused."""
    file.mkdir(parents=True)
    assert "is not a file" in refusal(tmp_path)


def test_a_file_that_is_no_database_is_refused(file: Path, tmp_path: Path) -> None:
    """Bytes that are no SQLite database are refused in a sentence."""
    file.parent.mkdir()
    file.write_bytes(b"accounts:\n" * 1000)
    assert "is not a SQLite database" in refusal(tmp_path)
    with pytest.raises(StateUnavailable):
        make(tmp_path)


def test_somebody_elses_database_is_refused(file: Path, tmp_path: Path) -> None:
    """A SQLite database of another program is not taken for a state, and nothing is written into it."""
    file.parent.mkdir()
    with closing(sqlite3.connect(file)) as database:
        database.execute("CREATE TABLE accounts (name TEXT)")
    before = file.read_bytes()
    assert "not a state of reconciler" in refusal(tmp_path)
    with pytest.raises(StateUnavailable):
        make(tmp_path)
    assert file.read_bytes() == before


def test_a_truncated_file_is_refused(store: Store, file: Path, tmp_path: Path) -> None:
    """A file that lost its end is told to be damaged."""
    os.truncate(file, 5000)
    assert "is damaged" in refusal(tmp_path)


def test_a_damaged_page_is_refused(store: Store, file: Path) -> None:
    """A page of noise is told when it is reached, by reading and by writing, and what was written is undone."""
    content = file.read_bytes()
    file.write_bytes(content[:4096] + b"\xa5" * (len(content) - 4096))
    with pytest.raises(StateUnavailable, match="State cannot be used"):
        store.read_state()
    with pytest.raises(StateUnavailable), store.write() as transaction:
        transaction.append_journal("apply", {}, at=AT)


def test_a_missing_table_is_refused(store: Store, file: Path) -> None:
    """A database without one of the tables is told to be altered."""
    with closing(sqlite3.connect(file)) as database:
        database.execute("DROP TABLE secret_routes")
    with pytest.raises(StateUnavailable) as caught:
        store.read_state()
    assert "does not have the tables" in caught.value.diagnostics[0].detail


@pytest.mark.parametrize(
    ("column", "content"),
    [
        ("evidence", "'{'"),
        ("approval", "'{}'"),
        ("fingerprints", "'[]'"),
        ("created_at", "'soon'"),
        ("document", "'{}'"),
        ("written", "'7'"),
    ],
)
def test_a_part_that_cannot_be_read_is_told_when_it_is_looked_at(
    store: Store, file: Path, column: str, content: str
) -> None:
    """A part of an account that was altered into nonsense stops whoever looks at it, not those who do not."""
    with store.write() as transaction:
        transaction.put_account(account("sales"))
        transaction.append_journal("apply", {}, at=AT)
    with closing(sqlite3.connect(file)) as database, database:
        database.execute(f"UPDATE accounts SET {column}={content}")  # noqa: S608 - from the list above
    read = store.read_account("sales")
    assert read is not None
    assert read.revision == 1
    with pytest.raises(StateUnavailable) as caught:
        getattr(read, column)
    assert caught.value.diagnostics[0].subject == "sales"


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE accounts SET kind='Other'",
        "UPDATE accounts SET document=CAST(x'ff' AS TEXT)",
        "UPDATE journal SET at='soon'",
        "UPDATE journal SET event=x'00'",
        "UPDATE journal SET sequence='first'",
        "UPDATE journal_payloads SET payload='7'",
        "UPDATE revisions SET summary='{'",
        "UPDATE secret_routes SET route='{}'",
        "DELETE FROM projects",
    ],
)
def test_rows_of_another_form_are_never_a_crash(store: Store, file: Path, statement: str) -> None:
    """Whatever stands in the tables, reading ends in a value or in an error of ours."""
    with store.write() as transaction:
        transaction.put_account(account("sales"))
        transaction.put_routes("sales", [route()])
        transaction.add_revision(revision(1, change("sales")))
        transaction.append_journal("apply", {}, at=AT)
    with closing(sqlite3.connect(file)) as database, database:
        database.execute(statement)
    refused = 0
    for read in (
        lambda: store.read_state().routes, store.journal, store.revisions, store.journal_head, store.check_journal,
        lambda: store.journal_payload(1),
    ):  # fmt: skip
        try:
            read()
        except (StateMissing, StateUnavailable):
            refused += 1
    assert refused > 0


_OF_ANOTHER_KIND = {"TEXT": ("x'00ff'", "CAST({} AS BLOB)"), "INTEGER": ("'first'", "x'00ff'", "1.5", "''")}
"""What SQLite takes in a column of each kind, and reconciler never writes there."""


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_a_value_of_another_kind_is_told_as_an_alteration(
    store: Store, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, table: Table
) -> None:
    """In whatever column it stands, reading ends in a value or an error of ours; in a key no state is opened on it."""
    with store.write() as transaction:
        transaction.put_account(account("sales"))
        transaction.put_account(account("news"))
        transaction.put_routes("sales", [route()])
        transaction.add_revision(revision(1, change("sales")))
        transaction.put_publications([Publication(consumer="app", account="sales", wanted="sha256:1", since=AT)])
        transaction.append_journal("apply", {}, at=AT)
    content = file.read_bytes()
    for column, declared in table.columns.items():
        for written in _OF_ANOTHER_KIND[declared.partition(" ")[0]]:
            file.write_bytes(content)
            with closing(sqlite3.connect(file)) as database, database:
                shown = f'"{column}"'
                database.execute(f"UPDATE {table.name} SET {shown}={written.format(shown)} WHERE rowid=1")  # noqa: S608 - of the schema
                (kind,) = database.execute(f"SELECT typeof({shown}) FROM {table.name} WHERE rowid=1").fetchone()  # noqa: S608 - of the schema
            for octets in (0, QUICK_CHECK_OCTETS):
                monkeypatch.setattr("reconciler.store.sqlite.database.QUICK_CHECK_OCTETS", octets)
                read_all(tmp_path)
            if kind != "null" and (column in table.key or table.name == "projects"):
                assert f"holds in {table.name}.{column} what reconciler never writes there" in refusal(tmp_path)


def read_all(base: Path) -> None:
    """Read all that there is in a state; what cannot be read raises an error of ours."""
    with suppress(ReconcilerError), open_store(URL, base=base, project=PROJECT) as opened:
        for read in (
            lambda: [(each.approval, each.evidence) for each in opened.read_state().accounts.values()],
            lambda: opened.read_state().routes, opened.journal, opened.revisions, opened.journal_head, opened.check_journal,
            lambda: opened.journal_payload(1), opened.publications,
        ):  # fmt: skip
            with suppress(ReconcilerError):
                read()


def test_octets_in_the_place_of_text_are_found(store: Store, file: Path) -> None:
    """A column that holds octets, which SQLite lets into any, differs from whatever the journal recorded."""
    with store.write() as transaction:
        transaction.put_account(account("sales"))
        transaction.append_journal("apply", {}, at=AT)
    with closing(sqlite3.connect(file)) as database, database:
        database.execute("UPDATE accounts SET document=x'ff'")
    assert [each for each in store.check_journal().problems if "Account sales in state differs" in each]


def test_a_newer_state_is_refused(store: Store, file: Path, tmp_path: Path) -> None:
    """A state of a later format is refused by a guard, by opening and by making, and is not touched."""
    with closing(sqlite3.connect(file)) as database:
        database.execute("PRAGMA user_version=99")
    before = file.read_bytes()
    with pytest.raises(GuardRefused) as caught:
        open_store(URL, base=tmp_path, project=PROJECT)
    assert caught.value.diagnostics[0].code == "stateNewer"
    with pytest.raises(GuardRefused):
        make(tmp_path, project="other")
    assert file.read_bytes() == before


def test_a_locked_state_says_so(store: Store, file: Path) -> None:
    """A write that cannot get the lock in time says that another process holds it; reading still works."""
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StateUnavailable) as caught, store.write():
            pass  # pragma: no cover - never reached
        assert store.read_state().accounts == {}
        other.execute("ROLLBACK")
    assert "is locked by another process" in caught.value.diagnostics[0].detail
    with store.write() as transaction:
        transaction.append_journal("apply", {}, at=AT)
    assert len(store.journal()) == 1


def test_a_reader_that_does_not_end_stops_the_commit(store: Store, file: Path) -> None:
    """A commit that a reader keeps waiting is undone whole, and works once the reader has gone."""
    with closing(sqlite3.connect(file, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM projects").fetchall()
        with pytest.raises(StateUnavailable) as caught, store.write() as transaction:
            transaction.append_journal("apply", {}, at=AT)
        reader.execute("COMMIT")
    assert "is locked" in caught.value.diagnostics[0].detail
    assert store.journal() == ()
    with store.write() as transaction:
        transaction.append_journal("apply", {}, at=AT)
    assert len(store.journal()) == 1


def test_a_file_that_vanished_says_so(store: Store, file: Path) -> None:
    """A state removed while it is open is not made again."""
    file.unlink()
    with pytest.raises(StateUnavailable) as caught:
        store.read_state()
    assert "cannot be opened" in caught.value.diagnostics[0].detail
    assert not file.exists()


def test_a_full_disk_leaves_the_old_state(store: Store, file: Path) -> None:
    """A write beyond what the disk takes is undone whole, and is told in a sentence."""
    with store.write() as transaction:
        transaction.put_account(account("sales"))
        transaction.append_journal("apply", {}, at=AT)
    before = store.read_state()
    with (  # noqa: PT012 - the end raises
        files_limited_to(file.stat().st_size),
        pytest.raises(StateUnavailable) as caught,
        store.write() as transaction,
    ):
        for number in range(200):
            transaction.put_account(account(f"sales-{number}"))
        transaction.append_journal("apply", {}, at=AT)
    assert "Nothing was changed." in caught.value.diagnostics[0].detail
    assert store.read_state() == before
    assert store.check_journal().problems == ()


def test_a_full_disk_leaves_no_half_made_state(tmp_path: Path) -> None:
    """Where a new state does not fit, no file is left, not even an unfinished one."""
    with files_limited_to(8192), pytest.raises(StateUnavailable) as caught:
        make(tmp_path)
    assert str(tmp_path / ".reconciler" / "state.db") in caught.value.diagnostics[0].detail
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


_READ_ONLY = """
import sys
from pathlib import Path
from reconciler.errors import StateUnavailable
from reconciler.store import open_store
with open_store(sys.argv[1], base=Path(sys.argv[2]), project=sys.argv[3]) as store:
    print(store.read_state().lineage)
    try:
        with store.write() as transaction:
            transaction.set_fingerprint_key_id("k")
    except StateUnavailable as refusal:
        print(refusal.diagnostics[0].detail)
"""


@pytest.mark.skipif(os.geteuid() == 0 and shutil.which("setpriv") is None, reason="root may write everything")
def test_a_read_only_file_can_be_read(store: Store, file: Path, tmp_path: Path) -> None:
    """A file that may only be read is read, and a write says so in a sentence."""
    file.chmod(0o400)
    drop = ["setpriv", "--inh-caps=-all", "--bounding-set=-all"] if os.geteuid() == 0 else []
    finished = subprocess.run(
        [*drop, sys.executable, "-c", _READ_ONLY, URL, str(tmp_path), PROJECT],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[3],
    )
    lineage, detail = finished.stdout.splitlines()
    assert lineage == LINEAGE
    assert "may only be read here" in detail


def test_errors_of_the_database_carry_no_parameters(store: Store, file: Path) -> None:
    """What goes wrong in the database is told without values, and without the library's exception behind it."""
    with closing(sqlite3.connect(file)) as database:
        database.execute("CREATE TRIGGER refuse BEFORE INSERT ON accounts BEGIN SELECT raise(ABORT, 'no'); END")
    with pytest.raises(ReconcilerError) as caught, store.write() as transaction:  # noqa: PT012 - the end raises
        transaction.put_account(account("canary"))
        transaction.append_journal("apply", {}, at=AT)
    assert isinstance(caught.value, StateUnavailable)
    assert "canary" not in caught.value.diagnostics[0].detail
    assert caught.value.__suppress_context__ is True


def test_a_large_file_is_looked_through_by_the_check_alone(
    store: Store, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Damage in a file beyond the limit is not found by opening it, and is by the journal's check."""
    content = file.read_bytes()
    with closing(sqlite3.connect(file)) as database:
        query = "SELECT rootpage FROM sqlite_master WHERE name = 'secret_routes'"
        end = 4096 * int(database.execute(query).fetchone()[0])
    file.write_bytes(content[: end - 4096] + b"\xa5" * 4096 + content[end:])
    assert "is damaged" in refusal(tmp_path)
    monkeypatch.setattr("reconciler.store.sqlite.database.QUICK_CHECK_OCTETS", 0)
    with open_store(URL, base=tmp_path, project=PROJECT) as opened, pytest.raises(StateUnavailable) as caught:
        opened.check_journal()
    assert "is damaged" in caught.value.diagnostics[0].detail


@pytest.mark.parametrize("mode", ["delete", "wal"])
def test_damage_is_told_whatever_else_fails(store: Store, file: Path, mode: str) -> None:
    """It is looked for beside the reading, which may stumble over it first, and takes the place of what that raised."""
    with store.write() as transaction:
        transaction.put_account(account("sales"))
        transaction.append_journal("apply", {}, at=AT)
    with closing(sqlite3.connect(file)) as database:
        database.execute(f"PRAGMA journal_mode = {mode}")
        database.execute("PRAGMA writable_schema = ON")
        index = "SELECT rootpage FROM sqlite_master WHERE name = 'sqlite_autoindex_accounts_1'"
        page = 4096 * int(database.execute(index).fetchone()[0])
    content = file.read_bytes()
    sound = SqliteFile(file)
    with pytest.raises(ZeroDivisionError), sound.reading() as connection, sound.checking_integrity(connection):
        _ = 1 / 0
    file.write_bytes(content[: page - 4096] + content[page - 4096 : page].replace(b"sales", b"soles") + content[page:])
    with pytest.raises(StateUnavailable) as caught, sound.reading() as connection, sound.checking_integrity(connection):
        _ = 1 / 0
    assert "is damaged" in caught.value.diagnostics[0].detail


def test_a_check_waits_for_no_writer_that_waits_for_it(store: Store, file: Path) -> None:
    """Who looks for damage beside a check needs no lock of its own, which a writer that waits for the check would refuse."""
    database = SqliteFile(file, busy_timeout_seconds=0)
    with closing(sqlite3.connect(file, isolation_level=None, timeout=0)) as writer, database.reading() as connection:
        connection.execute("SELECT * FROM projects").fetchall()
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("UPDATE projects SET serial = 1")
        with pytest.raises(sqlite3.OperationalError):
            writer.execute("COMMIT")
        with pytest.raises(StateUnavailable), SqliteFile(file, busy_timeout_seconds=0).reading() as another:
            another.execute("SELECT * FROM projects").fetchall()
        with database.checking_integrity(connection):
            assert store.project == PROJECT
        writer.execute("ROLLBACK")


def test_damage_is_looked_for_beside_the_reading(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """The two take as long as the longer one: they go on in threads of their own, and SQLite lets both run."""
    threads = set()
    look, read = SqliteFile.require_integrity, reading.check_journal

    def looked(self: SqliteFile, connection: Connection) -> None:
        threads.add(threading.get_ident())
        look(self, connection)

    def checked(*arguments: Any, **options: Any) -> object:
        threads.add(threading.get_ident())
        return read(*arguments, **options)

    monkeypatch.setattr(SqliteFile, "require_integrity", looked)
    monkeypatch.setattr(reading, "check_journal", checked)
    assert () == store.check_journal().problems
    assert 2 == len(threads)
