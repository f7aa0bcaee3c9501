"""The schema in PostgreSQL: how it is made, found and refused, locked, lost from sight and cleaned."""

from __future__ import annotations

import os
import shutil
import ssl
import subprocess
import threading
import uuid
from contextlib import contextmanager
from typing import TYPE_CHECKING

import psycopg
import pytest
import trustme

from reconciler.errors import GuardRefused, StateMissing, StateUnavailable
from reconciler.store import create_state, open_store
from reconciler.store.opening import database_at
from reconciler.store.postgres import connection as postgres
from tests.store.values import AT, LINEAGE, PROJECT, account
from tests.system.support.postgres import CLEAR_USER, SCRAM_USER, SHUT_OUT_USER, Relay
from tests.system.support.processes import missing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from reconciler.store import Store
    from tests.system.support.postgres import PostgresServer

PASSWORD = "canary-password"
SMALL_DISK = "24m"


def make(url: str, base: Path, *, project: str = PROJECT) -> bool:
    """Make a state."""
    return create_state(url, base=base, project=project, lineage=LINEAGE, fingerprint_key_id=None, at=AT)


def apply(store: Store, *names: str) -> None:
    """Record accounts."""
    with store.write() as transaction:
        for name in names:
            transaction.put_account(account(name))
        transaction.append_journal("apply", {}, at=AT)


def refusal(url: str, base: Path) -> str:
    """Return the detail of the refusal to open a state, which must be ``StateUnavailable``."""
    with pytest.raises(StateUnavailable) as caught:
        open_store(url, base=base, project=PROJECT, busy_timeout_seconds=0.2)
    problem = caught.value.diagnostics[0]
    assert "stateUnavailable" == problem.code
    assert PASSWORD not in problem.detail
    return problem.detail


def refused_write(store: Store) -> str:
    """Return the detail of the refusal to write."""
    with pytest.raises(StateUnavailable) as caught:
        apply(store, "refused")
    return caught.value.diagnostics[0].detail


# --- made and found


def test_everything_is_in_a_schema_of_its_own(server: PostgresServer, database: str, tmp_path: Path) -> None:
    """The default schema is reconciler; nothing else in the database is added to or changed."""
    url = server.url(database)
    server.execute("CREATE TABLE accounts (theirs text)", database=database)
    assert make(url, tmp_path) is True
    tables = server.execute(
        "SELECT schemaname, tablename FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')",
        database=database,
    )
    assert {"public", "reconciler"} == {schema for schema, _ in tables}
    assert ["accounts"] == [table for schema, table in tables if schema == "public"]
    with open_store(url, base=tmp_path, project=PROJECT) as store:
        apply(store, "sales")
        assert ["sales"] == list(store.read_state().accounts)
    assert [] == server.execute("SELECT * FROM accounts", database=database)


def test_opening_never_makes_anything(server: PostgresServer, database: str, tmp_path: Path) -> None:
    """A database without the schema is a missing state, and so is a schema prepared for it; nothing appears."""
    url = server.url(database)
    for _ in range(2):
        with pytest.raises(StateMissing) as caught:
            open_store(url, base=tmp_path, project=PROJECT)
        assert "\n    reconciler state init" in caught.value.diagnostics[0].detail
        server.execute("CREATE SCHEMA IF NOT EXISTS reconciler", database=database)
    assert [] == server.execute("SELECT 1 FROM pg_tables WHERE schemaname = 'reconciler'", database=database)
    assert make(url, tmp_path) is True
    with pytest.raises(StateMissing):
        open_store(url, base=tmp_path, project="other")


def test_somebody_elses_schema_is_refused(server: PostgresServer, database: str, tmp_path: Path) -> None:
    """A schema with other tables is not taken for a state, and nothing is written into it."""
    server.execute("CREATE SCHEMA reconciler CREATE TABLE accounts (theirs text)", database=database)
    url = server.url(database)
    assert "something else than a state of reconciler" in refusal(url, tmp_path)
    assert "?schema=NAME" in refusal(url, tmp_path)
    with pytest.raises(StateUnavailable):
        make(url, tmp_path)
    assert [("accounts",)] == server.execute(
        "SELECT tablename FROM pg_tables WHERE schemaname = 'reconciler'", database=database
    )


@pytest.mark.parametrize("statement", ["DELETE FROM state_format", "UPDATE state_format SET application = 'other'"])
def test_a_table_that_says_something_else_is_refused(
    store: Store, edit: Callable[..., None], url: str, tmp_path: Path, statement: str
) -> None:
    """Without the row that says what it is, a schema is none of ours."""
    edit(statement)
    assert "something else than a state of reconciler" in refusal(url, tmp_path)


def test_a_newer_state_is_refused(store: Store, edit: Callable[..., None], url: str, tmp_path: Path) -> None:
    """A state of a later format is refused by a guard, by opening and by making."""
    edit("UPDATE state_format SET version = 99")
    with pytest.raises(GuardRefused) as caught:
        open_store(url, base=tmp_path, project=PROJECT)
    assert "stateNewer" == caught.value.diagnostics[0].code
    with pytest.raises(GuardRefused):
        make(url, tmp_path, project="other")


def test_a_missing_table_or_column_is_refused(store: Store, edit: Callable[..., None]) -> None:
    """A schema without one of the tables is told when it is read, and a missing column by the journal's check."""
    edit("ALTER TABLE accounts RENAME COLUMN evidence TO testimony")
    with pytest.raises(StateUnavailable) as caught:
        store.check_journal()
    assert "does not have the tables" in caught.value.diagnostics[0].detail
    edit("DROP TABLE secret_routes")
    with pytest.raises(StateUnavailable) as caught:
        store.read_state()
    assert "does not have the tables" in caught.value.diagnostics[0].detail


def test_two_who_make_it_at_once_make_one(server: PostgresServer, database: str, tmp_path: Path) -> None:
    """Of several processes that make the same state, one does, and the others find it."""
    url = server.url(database)
    results: list[bool] = []
    together = threading.Barrier(4)

    def attempt() -> None:
        together.wait()
        results.append(make(url, tmp_path))

    threads = [threading.Thread(target=attempt) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert [False, False, False, True] == sorted(results)
    with open_store(url, base=tmp_path, project=PROJECT) as store:
        assert store.check_journal().problems == ()


def test_one_that_appears_meanwhile_is_kept(store: Store, url: str, tmp_path: Path) -> None:
    """Making the tables where some have appeared says so and leaves them as they are."""
    apply(store, "sales")
    assert database_at(url, base=tmp_path).create(lambda _: None) is False
    assert ["sales"] == list(store.read_state().accounts)


def test_a_making_that_fails_leaves_nothing(server: PostgresServer, database: str, tmp_path: Path) -> None:
    """Tables, their format and the project come together or not at all."""

    def fail(_: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        database_at(server.url(database), base=tmp_path).create(fail)
    assert [] == server.execute("SELECT 1 FROM pg_namespace WHERE nspname = 'reconciler'", database=database)


def test_a_database_of_another_encoding_is_refused(server: PostgresServer, tmp_path: Path) -> None:
    """A state has names of all scripts, so the database has to keep UTF-8."""
    url = server.make_database(f"d{uuid.uuid4().hex}", encoding="LATIN1")
    with pytest.raises(StateUnavailable) as caught:
        make(url, tmp_path)
    assert "LATIN1" in caught.value.diagnostics[0].detail


# --- who may do what


@pytest.fixture
def role(server: PostgresServer) -> str:
    """Return the name of a new role that may log in and nothing else."""
    name = f"r{uuid.uuid4().hex}"
    server.execute(f"CREATE ROLE {name} LOGIN")
    return name


def test_a_role_that_may_not_make_a_schema_says_so(
    server: PostgresServer, database: str, role: str, tmp_path: Path
) -> None:
    """Without CREATE on the database the state is not made, unless somebody prepares a schema for the role."""
    url = server.url(database, user=role)
    with pytest.raises(StateUnavailable) as caught:
        make(url, tmp_path)
    assert "the privilege CREATE on the database" in caught.value.diagnostics[0].detail
    server.execute(f"CREATE SCHEMA reconciler AUTHORIZATION {role}", database=database)
    assert make(url, tmp_path) is True


def test_a_role_that_may_not_look_says_so(server: PostgresServer, database: str, role: str, tmp_path: Path) -> None:
    """Neither USAGE on the schema nor SELECT on its tables comes by itself."""
    make(server.url(database), tmp_path)
    url = server.url(database, user=role)
    assert "the privilege USAGE on the schema reconciler is missing" in refusal(url, tmp_path)
    server.execute(f"GRANT USAGE ON SCHEMA reconciler TO {role}", database=database)
    assert "the privilege SELECT on the table state_format is missing" in refusal(url, tmp_path)


def test_a_role_that_may_only_read_reads(server: PostgresServer, database: str, role: str, tmp_path: Path) -> None:
    """With SELECT alone everything can be read and checked, and a write is refused; with the rest it works."""
    make(server.url(database), tmp_path)
    server.execute(f"GRANT USAGE ON SCHEMA reconciler TO {role}", database=database)
    server.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA reconciler TO {role}", database=database)
    with open_store(server.url(database, user=role), base=tmp_path, project=PROJECT) as store:
        assert store.check_journal().problems == ()
        assert "the privilege UPDATE on the table state_lock is missing" in refused_write(store)
        rights = "INSERT, UPDATE, DELETE"
        server.execute(f"GRANT {rights} ON ALL TABLES IN SCHEMA reconciler TO {role}", database=database)
        assert "the privilege EXECUTE on the function may_decide is missing" in refused_write(store)
        server.execute(f"GRANT EXECUTE ON FUNCTION reconciler.may_decide() TO {role}", database=database)
        apply(store, "sales")
        with pytest.raises(StateUnavailable) as caught:
            store.compact()
        detail = caught.value.diagnostics[0].detail
    statement = detail.partition("\n    ")[2]
    assert "only the owner" in detail
    assert statement.startswith("VACUUM (FULL) reconciler.projects, ")
    server.execute(statement, database=database)


def test_a_read_only_database_is_told(server: PostgresServer, database: str, tmp_path: Path) -> None:
    """Where the server lets nobody write, as on a standby, reading works and a write says so."""
    url = server.url(database)
    make(url, tmp_path)
    server.execute(f"ALTER DATABASE {database} SET default_transaction_read_only = on")
    with open_store(url, base=tmp_path, project=PROJECT) as store:
        assert store.read_state().lineage == LINEAGE
        assert "may only be read here" in refused_write(store)


def test_who_is_not_let_in_is_told(server: PostgresServer, database: str, tmp_path: Path) -> None:
    """A missing database, a missing role, a host that is shut out and a full house each have their sentence."""
    assert "no database of that name" in refusal(server.url("nothing"), tmp_path)
    assert "user does not exist" in refusal(server.url(database, user="nobody_at_all"), tmp_path)
    server.make_role(SHUT_OUT_USER)
    assert "pg_hba.conf" in refusal(server.url(database, user=SHUT_OUT_USER), tmp_path)
    server.execute(f"REVOKE CONNECT ON DATABASE {database} FROM PUBLIC")
    server.execute(f"CREATE ROLE r{database} LOGIN")
    assert "Grant CONNECT" in refusal(server.url(database, user=f"r{database}"), tmp_path)
    server.execute(f"GRANT CONNECT ON DATABASE {database} TO PUBLIC")
    server.execute(f"ALTER ROLE r{database} CONNECTION LIMIT 0")
    assert "no connection left" in refusal(server.url(database, user=f"r{database}"), tmp_path)


# --- passwords and TLS


@pytest.fixture
def scram(server: PostgresServer) -> str:
    """Return a role that has to prove that it knows a password."""
    server.make_role(SCRAM_USER, f"SUPERUSER PASSWORD '{PASSWORD}'")
    return SCRAM_USER


def test_a_password_comes_from_where_the_library_takes_it(
    server: PostgresServer, database: str, scram: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The address, PGPASSWORD, a password file and a service file all work; a wrong or missing one is told."""
    url = server.url(database, user=scram)
    assert "wants a password" in refusal(url, tmp_path)
    assert "wants a password" in refusal(url.replace("@", ":wrong@"), tmp_path)
    assert make(url.replace("@", f":{PASSWORD}@"), tmp_path) is True
    passwords = tmp_path / "pgpass"
    passwords.write_text(f"127.0.0.1:*:*:{scram}:{PASSWORD}\n", encoding="utf-8")
    passwords.chmod(0o600)
    monkeypatch.setenv("PGPASSFILE", str(passwords))
    open_store(url, base=tmp_path, project=PROJECT).close()
    monkeypatch.setenv("PGPASSFILE", "/none")
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    open_store(url, base=tmp_path, project=PROJECT).close()
    monkeypatch.delenv("PGPASSWORD")
    services = tmp_path / "services"
    lines = ("[mail]", "host=127.0.0.1", f"port={server.port}", f"user={scram}", f"password={PASSWORD}")
    services.write_text("\n".join([*lines, f"dbname={database}", ""]), encoding="utf-8")
    monkeypatch.setenv("PGSERVICEFILE", str(services))
    open_store("postgresql:///?service=mail", base=tmp_path, project=PROJECT).close()
    assert "in no service file" in refusal("postgresql:///?service=other", tmp_path)


def test_a_service_may_not_name_another_machine_without_encryption(
    server: PostgresServer, database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only once connected can it be told where a service leads; there, too, less has to be asked for."""
    make(server.url(database), tmp_path)
    services = tmp_path / "services"
    text = f"[mail]\nhost=127.0.0.1\nport={server.port}\nuser=postgres\ndbname={database}\n"
    services.write_text(text, encoding="utf-8")
    monkeypatch.setenv("PGSERVICEFILE", str(services))
    monkeypatch.setattr(postgres, "is_local", lambda _: False)
    assert "without encryption" in refusal("postgresql:///?service=mail", tmp_path)
    open_store("postgresql:///?service=mail&sslmode=disable", base=tmp_path, project=PROJECT).close()
    services.write_text(text + "sslmode=disable\n", encoding="utf-8")
    open_store("postgresql:///?service=mail", base=tmp_path, project=PROJECT).close()


@pytest.fixture
def authority() -> trustme.CA:
    """Return a CA of the test's own."""
    return trustme.CA()


@pytest.fixture
def encrypted(server: PostgresServer, authority: trustme.CA) -> Iterator[Relay]:
    """Run a relay that speaks TLS with a certificate for localhost."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    relay = Relay(server.port, tls=context)
    yield relay
    relay.close()


def test_a_certificate_is_verified_where_asked(
    server: PostgresServer, database: str, encrypted: Relay, authority: trustme.CA, tmp_path: Path
) -> None:
    """verify-full takes a certificate of the named CA for the named host, and no other."""
    make(server.url(database), tmp_path)
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    trustme.CA().cert_pem.write_to_path(str(tmp_path / "other.pem"))
    url = f"postgresql://postgres@localhost:{encrypted.port}/{database}?sslmode=verify-full&hostaddr=127.0.0.1"
    with open_store(f"{url}&sslrootcert={tmp_path}/ca.pem", base=tmp_path, project=PROJECT) as store:
        assert store.read_state().lineage == LINEAGE
    assert "does not prove" in refusal(f"{url}&sslrootcert={tmp_path}/other.pem", tmp_path)
    other_host = url.replace("@localhost", "@db.example.com")
    assert "does not prove" in refusal(f"{other_host}&sslrootcert={tmp_path}/ca.pem", tmp_path)


def test_a_password_is_not_sent_in_the_clear(server: PostgresServer, database: str, tmp_path: Path) -> None:
    """Where the address rules it out, as it does for other machines, a server that asks for the password gets none."""
    server.make_role(CLEAR_USER, f"PASSWORD '{PASSWORD}'")
    url = server.url(database, user=f"{CLEAR_USER}:{PASSWORD}")
    assert "in the clear" in refusal(f"{url}?require_auth=!password", tmp_path)
    with pytest.raises(StateMissing):
        open_store(url, base=tmp_path, project=PROJECT)


# --- locks, and connections that are lost


def test_a_locked_state_says_so(store: Store, server: PostgresServer, schema: str) -> None:
    """A write that cannot get the lock in time says that another process holds it; reading still works."""
    with psycopg.connect(server.url()) as other:
        other.execute(f"LOCK TABLE {schema}.state_lock IN EXCLUSIVE MODE")
        assert "is locked by another process" in refused_write(store)
        assert store.read_state().accounts == {}
    apply(store, "sales")
    assert len(store.journal()) == 1


def test_writers_wait_and_see_what_the_last_one_left(store: Store, url: str, tmp_path: Path) -> None:
    """Who waited for the lock looks at the state anew: otherwise two would both record revision 1."""
    began = threading.Event()
    seen: list[list[str]] = []

    def second() -> None:
        with open_store(url, base=tmp_path, project=PROJECT) as other:
            began.set()
            with other.write() as transaction:
                seen.append(list(transaction.state().accounts))

    waiting = threading.Thread(target=second)
    with store.write() as transaction:
        waiting.start()
        began.wait()
        transaction.put_account(account("sales"))
        transaction.append_journal("apply", {}, at=AT)
    waiting.join()
    assert [["sales"]] == seen


def test_a_reading_sees_one_snapshot(store: Store, url: str, tmp_path: Path) -> None:
    """What is committed while somebody reads is not seen by half."""
    database = database_at(url, base=tmp_path)
    count = "SELECT count(*) FROM accounts"
    with database.reading() as connection:
        before = connection.execute(count).fetchone()
        apply(store, "sales")
        assert before == connection.execute(count).fetchone()
        with pytest.raises(StateUnavailable), database.reading() as other:
            other.execute("DELETE FROM accounts")
    assert ["sales"] == list(store.read_state().accounts)


def test_what_changes_behind_a_writer_is_told(store: Store, edit: Callable[..., None]) -> None:
    """A row that something else changed meanwhile is not overwritten unseen."""
    apply(store, "sales")
    with pytest.raises(StateUnavailable) as caught, store.write() as transaction:  # noqa: PT012 - the end raises
        assert ["sales"] == list(transaction.state().accounts)
        edit("UPDATE accounts SET document = '{}'")
        transaction.put_account(account("sales", revision=2))
        transaction.append_journal("apply", {}, at=AT)
    assert "at the same moment" in caught.value.diagnostics[0].detail


def end_others(server: PostgresServer, schema: str) -> None:
    """End every session that holds a lock in the schema."""
    of_schema = f"SELECT c.oid FROM pg_class c WHERE c.relnamespace = '{schema}'::regnamespace"  # noqa: S608 - of this test
    others = f"SELECT pid FROM pg_locks WHERE relation IN ({of_schema}) AND pid <> pg_backend_pid()"  # noqa: S608 - the same
    server.execute(f"SELECT pg_terminate_backend(pid) FROM ({others}) AS found")  # noqa: S608 - the same


def test_a_session_that_is_ended_leaves_the_old_state(store: Store, server: PostgresServer, schema: str) -> None:
    """Where the server ends the session in the middle of a write, nothing is changed, and the next write works."""
    apply(store, "sales")
    before = store.read_state()
    with pytest.raises(StateUnavailable) as caught, store.write() as transaction:  # noqa: PT012 - the end raises
        transaction.put_account(account("other"))
        assert transaction.account("other") is not None
        end_others(server, schema)
        transaction.append_journal("apply", {}, at=AT)
    assert "Nothing was changed" in caught.value.diagnostics[0].detail
    assert before == store.read_state()
    apply(store, "other")
    assert store.check_journal().problems == ()


@pytest.mark.parametrize("verdict", ["cut", "answerless"])
def test_a_commit_whose_outcome_is_unknown_says_so(
    server: PostgresServer, database: str, tmp_path: Path, verdict: str
) -> None:
    """A connection lost at the very end leaves all or nothing; the sentence says that it is not known which."""
    make(server.url(database), tmp_path)
    relay = Relay(server.port)
    with open_store(server.url(database, port=relay.port), base=tmp_path, project=PROJECT) as store:
        relay.looks = lambda octets: verdict if b"COMMIT" in octets else "pass"
        told = refused_write(store)
        relay.looks = lambda _: "pass"
        assert "is not known" in told
        assert told.endswith("\n    reconciler history")
        assert ([] if verdict == "cut" else ["refused"]) == list(store.read_state().accounts)
        assert store.check_journal().problems == ()
    relay.close()


def test_a_commit_that_is_refused_is_not_unknown(server: PostgresServer, database: str, tmp_path: Path) -> None:
    """What the server refuses at the commit was not kept, and the sentence says so."""
    url = server.url(database)
    make(url, tmp_path)
    function = "CREATE FUNCTION reconciler.refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE disk_full; END'"
    trigger = "CREATE CONSTRAINT TRIGGER refuse AFTER INSERT ON reconciler.journal DEFERRABLE INITIALLY DEFERRED"
    server.execute(function, database=database)
    server.execute(f"{trigger} FOR EACH ROW EXECUTE FUNCTION reconciler.refuse()", database=database)
    with open_store(url, base=tmp_path, project=PROJECT) as store:
        assert "disk is full. Nothing was changed." in refused_write(store)
        assert store.journal() == ()


@contextmanager
def small_disk(place: Path) -> Iterator[None]:
    """Mount a disk of a few megabytes, which the server may write; skip, or in CI fail, where that may not be done."""
    place.mkdir()
    options = f"size={SMALL_DISK},mode=0777"
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", place], capture_output=True, check=False)
    if mounted.returncode:
        missing("a file system may not be mounted here")
    try:
        inside = place / "tables"
        inside.mkdir(mode=0o700)
        if os.geteuid() == 0:
            shutil.chown(inside, user="nobody")
        yield
    finally:
        subprocess.run(["umount", "--lazy", place], check=True)


def test_a_full_disk_leaves_the_old_state(server: PostgresServer, scratch: Path, tmp_path: Path) -> None:
    """A write beyond what the server's disk takes is undone whole, is told, and works again once there is room."""
    place = scratch / f"disk-{uuid.uuid4().hex}"
    name = f"d{uuid.uuid4().hex}"
    with small_disk(place):
        server.execute(f"CREATE TABLESPACE {name} LOCATION '{place}/tables'")
        try:
            server.execute(f"CREATE DATABASE {name} TEMPLATE template0 TABLESPACE {name}")
            make(server.url(name), tmp_path)
            with open_store(server.url(name), base=tmp_path, project=PROJECT) as store:
                apply(store, "sales")
                with pytest.raises(StateUnavailable) as caught, store.write() as transaction:
                    transaction.append_journal("apply", {"filler": os.urandom(32 * 1024 * 1024).hex()}, at=AT)
                assert "disk is full. Nothing was changed." in caught.value.diagnostics[0].detail
                assert ["sales"] == list(store.read_state().accounts)
                apply(store, "other")
                assert store.check_journal().problems == ()
        finally:
            server.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
            server.execute(f"DROP TABLESPACE {name}")


# --- cleaned


def test_what_was_erased_is_not_in_the_server_s_files(
    store: Store, server: PostgresServer, schema: str, tmp_path: Path
) -> None:
    """After a compaction the tables' files hold no row that was deleted."""
    with store.write() as transaction:
        transaction.put_account(account("canary-canary"))
        transaction.append_journal("apply", {}, at=AT)
    with store.write() as transaction:
        transaction.delete_account("canary-canary")
        transaction.append_journal("apply", {}, at=AT)

    def files() -> bytes:
        server.execute("CHECKPOINT")
        query = f"SELECT pg_read_binary_file(pg_relation_filepath('{schema}.accounts'))"
        return bytes(server.execute(query)[0][0])

    assert b"canary-canary@" in files()
    store.compact()
    assert b"canary-canary@" not in files()
    apply(store, "sales")


def test_a_compaction_waits_for_readers_in_bounds(store: Store, server: PostgresServer, schema: str) -> None:
    """Somebody who reads for long keeps the tables from being written anew; that is told."""
    with psycopg.connect(server.url()) as reader:
        reader.execute(f"SELECT * FROM {schema}.accounts")  # noqa: S608 - of this test
        with pytest.raises(StateUnavailable) as caught:
            store.compact()
    assert "is locked by another process" in caught.value.diagnostics[0].detail
    store.compact()
