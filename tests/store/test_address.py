"""Addresses of states: which database they name, and that no password in them is shown."""

from __future__ import annotations

import inspect
import subprocess
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from reconciler.errors import InvalidInput, ReconcilerError
from reconciler.store import StateUrl, create_state, has_password, is_postgres, open_store, sqlite_path
from reconciler.store.database import Database
from reconciler.store.opening import database_at
from reconciler.store.postgres.address import PostgresAddress, is_local, postgres_address
from tests.store.values import AT, LINEAGE, PROJECT
from tests.support.processes import without_coverage

if TYPE_CHECKING:
    from collections.abc import Callable

CANARY = "canary"
WITH_PASSWORD = [
    f"postgresql://user:{CANARY}@db.example.com/mail",
    f"postgres://user:{CANARY}%40@[::1]:5433/mail?sslmode=require",
    f"POSTGRESQL+psycopg://:{CANARY}@/mail",
    f"postgresql://user:p?{CANARY}@db.example.com/mail",
    f"postgresql://db.example.com/mail?sslmode=require&password={CANARY}",
    f"postgresql://db.example.com/mail?pass%77ord={CANARY}",
    f"postgresql://db.example.com/mail?sslpassword={CANARY}",
    f"postgresql://db.example.com/mail?oauth_client_secret={CANARY}",
]
WITHOUT = [
    "postgresql://db.example.com/mail",
    "postgresql://user@db.example.com:5433/mail?options=a@b",
    "postgresql://[::1]:5433/mail?user=me@server&options=-c%20a:b@c",
    "postgresql://user:@db.example.com/mail",
    "postgresql:///mail?passfile=/run/pgpass",
    "sqlite:///a:b@c.db",
    "",
]


def test_a_postgresql_address_has_no_file(tmp_path: Path) -> None:
    """A PostgreSQL address is one under each of its schemes, and names no file."""
    for scheme in ("postgresql", "postgres", "PostgreSQL", "postgresql+psycopg"):
        assert sqlite_path(f"{scheme}://db.example.com/mail", base=tmp_path) is None
        assert is_postgres(f"{scheme}://db.example.com/mail")
    assert not is_postgres("sqlite:///x")


@pytest.mark.parametrize("url", WITH_PASSWORD)
def test_a_password_in_an_address_is_seen_and_not_shown(url: str) -> None:
    """An address with a password is known for one, and what represents it is without."""
    assert has_password(url)
    assert CANARY not in repr(StateUrl(url))
    assert CANARY not in repr([StateUrl(url)])
    assert url == StateUrl(url)


@pytest.mark.parametrize("url", WITHOUT)
def test_an_address_without_a_password_is_not_mistaken(url: str) -> None:
    """A user name, a port, an at sign among the options or a file are no password."""
    assert not has_password(url)


def test_what_may_be_a_password_is_not_shown() -> None:
    """An address that cannot be told apart from one with credentials is represented by its scheme alone."""
    assert has_password("postgresql://user:p/canary@db.example.com/mail")
    assert "postgresql://***" == repr(StateUrl("postgresql://user:p/canary@db.example.com/mail"))
    assert "'sqlite:///state.db'" == repr(StateUrl("sqlite:///state.db"))


@pytest.mark.parametrize("url", WITH_PASSWORD)
def test_an_address_is_taken_apart(url: str) -> None:
    """The password is wrapped, and neither the address as a value nor what it is called by shows it."""
    address = postgres_address(url)
    assert CANARY not in repr(address)
    assert CANARY not in address.shown
    (secret,) = address.secrets.values()
    assert CANARY in secret.reveal()


def test_an_address_is_called_by_host_and_database() -> None:
    """Port, service and schema belong to the name; user and other options do not."""
    shown = {
        "postgresql://me@db.example.com/mail?sslmode=verify-full": "postgresql://db.example.com/mail",
        "postgres://db.example.com:5433/mail?schema=other": "postgresql://db.example.com:5433/mail?schema=other",
        "postgresql:///?service=mail&schema=other": "postgresql:///?service=mail&schema=other",
        "postgresql://": "postgresql:///",
        "postgresql://me@[::1]:5433/mail": "postgresql://[::1]:5433/mail",
        "postgresql://[2001:db8::1]/mail": "postgresql://[2001:db8::1]/mail",
        "postgresql://a.example.com:5433,b.example.com:5434/mail": "postgresql://a.example.com:5433,b.example.com:5434/mail",
        "postgresql://a.example.com,[::1]/mail?port=5433": "postgresql://a.example.com:5433,[::1]:5433/mail",
    }
    for url, expected in shown.items():
        assert expected == postgres_address(url).shown
    assert len(postgres_address(f"postgresql://{'x' * 5000}/mail").shown) < 250


def test_the_schema_is_ours_unless_named() -> None:
    """The schema is reconciler, or what ?schema= says, which libpq is not told."""
    assert "reconciler" == postgres_address("postgresql://localhost/mail").schema
    address = postgres_address("postgresql://a@localhost/mail?sslmode=disable&schema=team_b&port=5433")
    assert ("team_b", "5433") == (address.schema, address.parameters["port"])
    assert "schema" not in address.parameters
    assert "other" == postgres_address("postgresql://u:p?w@localhost/mail?schema=other").schema


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://localhost/mail?schema=canary%22;drop", "postgresql://localhost/mail?schema=Canary",
        "postgresql://localhost/mail?schema=pg_canary", "postgresql://localhost/mail?schema=",
        "postgresql://localhost/mail?schema=a&schema=canary", "postgresql://localhost/mail?canary=1",
        "postgresql://u:pa/canary@localhost/mail", "postgresql://localhost/canary%00", "postgresql://%ff%00canary",
        "postgresql://localhost/can%0Aary", "postgresql://[canary/mail", "postgresql://localhost/mail?canary",
    ],
)  # fmt: skip
def test_an_address_that_is_none_is_refused(url: str, tmp_path: Path) -> None:
    """What PostgreSQL's library does not understand is refused with an address to write, repeating nothing of it."""
    attempts: tuple[Callable[[], object], ...] = (
        lambda: postgres_address(url),
        lambda: open_store(url, base=tmp_path, project=PROJECT),
        lambda: create_state(url, base=tmp_path, project=PROJECT, lineage=LINEAGE, fingerprint_key_id=None, at=AT),
    )
    for attempt in attempts:
        with pytest.raises(InvalidInput) as caught:
            attempt()
        problem = caught.value.diagnostics[0]
        assert "stateUrlInvalid" == problem.code
        assert problem.detail.endswith("\n    state: postgresql://db.example.com/mail")
        assert CANARY not in problem.detail.lower()


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("", True), ("localhost", True), ("LOCALHOST", True), ("127.0.0.1", True), ("127.8.9.1", True), ("::1", True),
        ("/run/postgresql", True), ("@abstract", True), ("localhost,127.0.0.1", True),
        ("db.example.com", False), ("192.0.2.1", False), ("localhost,db.example.com", False),
        ("localhost.example.com", False), ("2001:db8::1", False), ("127.0.0.1.example.com", False),
    ],
)  # fmt: skip
def test_this_machine_is_known(host: str, *, expected: bool) -> None:
    """Only loopback addresses and sockets are this machine; of several hosts each has to be."""
    assert expected is is_local(host)


def test_other_machines_are_reached_with_encryption() -> None:
    """Another machine is reached with TLS, and never given a password in the clear without a verified certificate."""
    local, remote = (
        postgres_address("postgresql://localhost/mail"),
        postgres_address("postgresql://db.example.com/mail"),
    )
    assert {"sslmode", "require_auth"}.isdisjoint(local.parameters)
    assert ("require", "!password") == (remote.parameters["sslmode"], remote.parameters["require_auth"])
    assert not remote.is_plain_allowed
    verified = postgres_address("postgresql://db.example.com/mail?sslmode=verify-full")
    assert "verify-full" == verified.parameters["sslmode"]
    assert "require_auth" not in verified.parameters


def test_an_address_may_ask_for_less() -> None:
    """Who writes sslmode or require_auth means it."""
    address = postgres_address("postgresql://db.example.com/mail?sslmode=disable&require_auth=password")
    assert ("disable", "password") == (address.parameters["sslmode"], address.parameters["require_auth"])
    assert address.is_plain_allowed


def test_the_library_s_variables_count(monkeypatch: pytest.MonkeyPatch) -> None:
    """PGSSLMODE, PGHOST, PGREQUIREAUTH and PGCONNECT_TIMEOUT are heeded as by every PostgreSQL client."""
    monkeypatch.setenv("PGHOST", "db.example.com")
    assert "require" == postgres_address("postgresql:///mail").parameters["sslmode"]
    monkeypatch.setenv("PGHOSTADDR", "127.0.0.1")
    assert "sslmode" not in postgres_address("postgresql:///mail").parameters
    monkeypatch.delenv("PGHOSTADDR")
    monkeypatch.setenv("PGSSLMODE", "disable")
    monkeypatch.setenv("PGREQUIREAUTH", "scram-sha-256")
    monkeypatch.setenv("PGCONNECT_TIMEOUT", "3")
    address = postgres_address("postgresql:///mail")
    assert {"sslmode", "require_auth", "connect_timeout"}.isdisjoint(address.parameters)
    assert address.is_plain_allowed


def test_a_service_is_left_to_say_the_rest() -> None:
    """Where the address names a service, its file says host and TLS; that is looked at once there is a connection."""
    address = postgres_address("postgresql:///?service=mail")
    assert "mail" == address.parameters["service"]
    assert "sslmode" not in address.parameters
    assert not address.is_plain_allowed


def test_connections_do_not_hang() -> None:
    """Connecting has a limit, and a server that vanished is noticed, unless the address says otherwise."""
    parameters = postgres_address("postgresql://localhost/mail?connect_timeout=3").parameters
    assert ("3", "40000") == (parameters["connect_timeout"], parameters["tcp_user_timeout"])
    assert "10" == postgres_address("postgresql://localhost/mail").parameters["connect_timeout"]


def test_older_libraries_are_not_told_what_they_do_not_know(monkeypatch: pytest.MonkeyPatch) -> None:
    """A client library that cannot rule methods out is not asked to."""
    monkeypatch.setattr("reconciler.store.postgres.address._NEGATIVE_AUTH_VERSION", 10**9)
    assert "require_auth" not in postgres_address("postgresql://db.example.com/mail").parameters


def test_a_database_does_not_show_its_password(tmp_path: Path) -> None:
    """Neither the database nor what it keeps shows the password when it is represented."""
    database = database_at(StateUrl(WITH_PASSWORD[0]), base=tmp_path)
    kept = [repr(value) for value in (database, *vars(database).values())]
    assert [] == [each for each in kept if CANARY in each]
    assert tmp_path / ".reconciler" / "postgresql.db" == database.copies
    assert isinstance(vars(database)["_address"], PostgresAddress)


@pytest.mark.parametrize("url", ["sqlite:///state.db", "postgresql://localhost/mail"])
def test_every_database_offers_what_the_store_needs(url: str, tmp_path: Path) -> None:
    """What an address chooses has every part of the protocol, of the same kind."""
    offered = database_at(url, base=tmp_path)
    for name, wanted in vars(Database).items():
        if not name.startswith("_"):
            assert isinstance(wanted, property) is isinstance(inspect.getattr_static(offered, name), property)


@pytest.mark.parametrize(
    "url",
    [
        *WITH_PASSWORD[:2], "postgresql://u:canary/x@127.0.0.1/mail", "postgresql://u:canary@127.0.0.1?schema=X",
        "postgresql://u:canary@127.0.0.1/a%0Ab", "postgresql://u:canary@127.0.0.1/?bad=1",
    ],
)  # fmt: skip
def test_no_frame_shows_a_password(url: str, tmp_path: Path) -> None:
    """Not even a traceback that tells the local variables of every frame has the password."""
    unreachable = StateUrl(url.replace("db.example.com", "127.0.0.1:1").replace("[::1]:5433", "127.0.0.1:1"))
    with pytest.raises(ReconcilerError) as caught:
        open_store(unreachable, base=tmp_path, project=PROJECT)
    own = [each for each in traceback.walk_tb(caught.tb) if each[0].f_code.co_filename != __file__]
    told = traceback.StackSummary.extract(iter(own), capture_locals=True)
    assert told
    assert CANARY not in "".join(told.format())


def test_psycopg_is_imported_only_for_postgresql() -> None:
    """Opening a SQLite state loads nothing of PostgreSQL."""
    program = (
        "import sys, pathlib; from reconciler.store.opening import database_at; "
        "database_at('sqlite:///state.db', base=pathlib.Path('.')); print('psycopg' in sys.modules)"
    )
    finished = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        check=True,
        text=True,
        cwd=Path(__file__).parents[2],
        env=without_coverage(),
    )
    assert "False\n" == finished.stdout


@pytest.mark.parametrize("url", ["mysql://db.example.com/mail", "http://db.example.com"])
def test_an_unknown_scheme_gets_an_example_of_each_kind(url: str, tmp_path: Path) -> None:
    """Who wrote a scheme that is none of ours meant a server as likely as a file."""
    with pytest.raises(InvalidInput) as caught:
        sqlite_path(url, base=tmp_path)
    examples = "\n    state: postgresql://db.example.com/mail\n    state: sqlite:///.reconciler/state.db"
    assert caught.value.diagnostics[0].detail.endswith(examples)


@pytest.mark.parametrize(
    ("failure", "told"),
    [
        ("sys.modules['psycopg'] = None", "is not installed"),
        ("sys.path.insert(0, '.')", "cannot be imported: no libpq here"),
    ],
)
def test_a_missing_driver_is_told_with_what_to_install(failure: str, told: str, tmp_path: Path) -> None:
    """Psycopg is an extra: an address of PostgreSQL without it, or with one that is broken, names the package."""
    (tmp_path / "psycopg.py").write_text("raise ImportError('no libpq here')\n", encoding="utf-8")
    program = (
        f"import sys, pathlib; {failure}; from reconciler.store.opening import database_at; "
        f"from reconciler.errors import StateUnavailable\ntry: database_at('postgresql://{CANARY}@h/d', base=pathlib.Path('.'))\n"
        "except StateUnavailable as refused: print(*(f'{each.code}: {each.detail}' for each in refused.diagnostics))"
    )
    finished = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert "stateDriverMissing" in finished.stdout
    assert told in finished.stdout
    assert "pip install 'mail-reconciler[postgres]'" in finished.stdout
    assert CANARY not in finished.stdout
