"""States to test against, in SQLite; tests/system/store has the same fixtures for PostgreSQL."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from reconciler.store import create_state, open_store
from reconciler.store.senders import COLUMNS
from tests.store.values import AT, LINEAGE, PROJECT, URL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from reconciler.store import Store


@pytest.fixture
def url() -> str:
    """Return the address of a state that does not exist yet."""
    return URL


@pytest.fixture
def store(url: str, tmp_path: Path) -> Iterator[Store]:
    """Return a state that is new and open."""
    create_state(url, base=tmp_path, project=PROJECT, lineage=LINEAGE, fingerprint_key_id=None, at=AT)
    with open_store(url, base=tmp_path, project=PROJECT, busy_timeout_seconds=0.05) as opened:
        yield opened


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return the file of a SQLite state under the test's folder."""
    return tmp_path / ".reconciler" / "state.db"


@pytest.fixture
def edit(file: Path) -> Callable[..., None]:
    """Return a function that alters the tables behind the store's back, without looking at references."""

    def alter(*statements: str) -> None:
        with closing(sqlite3.connect(file)) as database, database:
            for statement in statements:
                database.execute(statement)

    return alter


@pytest.fixture
def senders(file: Path) -> Callable[[], dict[str, dict[str, object]]]:
    """Return a function that looks the view senders up as another program does, and gives its rows by name."""

    def look_up() -> dict[str, dict[str, object]]:
        with closing(sqlite3.connect(file)) as database:
            database.row_factory = sqlite3.Row
            rows = database.execute("SELECT * FROM senders").fetchall()
        assert all(COLUMNS == tuple(row.keys()) for row in rows)
        return {row["name"]: dict(row) for row in rows}

    return look_up
