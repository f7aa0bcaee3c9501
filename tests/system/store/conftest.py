"""A PostgreSQL server for all tests, and for each of them a schema or a database of its own."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg import sql
from psycopg.rows import dict_row

from reconciler.store import create_state, open_store
from reconciler.store.senders import COLUMNS
from tests.store.values import AT, LINEAGE, PROJECT
from tests.system.support.postgres import PostgresServer, running_postgres

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from reconciler.store import Store


@pytest.fixture(scope="session")
def server(scratch: Path) -> Iterator[PostgresServer]:
    """Run the server."""
    folder = scratch / "store"
    folder.mkdir()
    folder.chmod(0o755)
    with running_postgres(folder) as started:
        yield started


@pytest.fixture(autouse=True)
def without_libpq_files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Keep the caller's files for PostgreSQL's client library away from the tests, as its variables are."""
    monkeypatch.setenv("PGPASSFILE", str(tmp_path / "no-pgpass"))
    monkeypatch.setenv("PGSERVICEFILE", str(tmp_path / "no-services"))


@pytest.fixture
def database(server: PostgresServer) -> str:
    """Return the name of a new, empty database."""
    name = f"d{uuid.uuid4().hex}"
    server.make_database(name)
    return name


@pytest.fixture
def schema() -> str:
    """Return the name of a schema that does not exist yet."""
    return f"s{uuid.uuid4().hex}"


@pytest.fixture
def url(server: PostgresServer, schema: str) -> str:
    """Return the address of a state that does not exist yet."""
    return f"{server.url()}?schema={schema}"


@pytest.fixture
def store(url: str, tmp_path: Path) -> Iterator[Store]:
    """Return a state that is new and open."""
    create_state(url, base=tmp_path, project=PROJECT, lineage=LINEAGE, fingerprint_key_id=None, at=AT)
    with open_store(url, base=tmp_path, project=PROJECT, busy_timeout_seconds=0.2) as opened:
        yield opened


@pytest.fixture
def edit(server: PostgresServer, schema: str) -> Callable[..., None]:
    """Return a function that alters the tables behind the store's back, without looking at references."""

    def alter(*statements: str) -> None:
        with psycopg.connect(server.url()) as connection:
            connection.execute("SET session_replication_role = replica")
            connection.execute(sql.SQL("SET search_path = {}").format(sql.Identifier(schema)))
            for statement in statements:
                connection.execute(sql.SQL(statement))

    return alter


@pytest.fixture
def senders(server: PostgresServer, schema: str) -> Callable[[], dict[str, dict[str, object]]]:
    """Return a function that looks the view senders up as another program does, and gives its rows by name."""

    def look_up() -> dict[str, dict[str, object]]:
        with psycopg.connect(server.url(), row_factory=dict_row) as connection:
            rows = connection.execute(sql.SQL("SELECT * FROM {}.senders").format(sql.Identifier(schema))).fetchall()
        assert all(COLUMNS == tuple(row) for row in rows)
        return {row["name"]: row for row in rows}

    return look_up
