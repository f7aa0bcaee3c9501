"""States to test against: every kind of store that there is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from reconciler.store import create_state, open_store
from tests.store.values import AT, LINEAGE, PROJECT, URL

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from reconciler.store import Store


@pytest.fixture(params=["sqlite"])
def url(request: pytest.FixtureRequest) -> str:
    """Return the address of a state that does not exist yet."""
    return {"sqlite": URL}[request.param]


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
