"""A quick look at names, for a shell that completes them."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import pytest

from reconciler.store import create_state, open_store
from reconciler.store.sqlite.names import glance_at_names
from tests.store.values import AT, PROJECT, account, bare_account

if TYPE_CHECKING:
    from pathlib import Path

    from reconciler.store import Store


def test_the_names_of_one_project_are_seen(store: Store, url: str, file: Path, tmp_path: Path) -> None:
    """Every recorded account of the project is named, and none of another in the same file."""
    create_state(url, base=tmp_path, project="other", lineage="others", fingerprint_key_id=None, at=AT)
    with store.write() as transaction:
        transaction.put_account(account("sales"))
        transaction.put_account(bare_account())
        transaction.append_journal("apply", {}, at=AT)
    with open_store(url, base=tmp_path, project="other") as other, other.write() as transaction:
        transaction.put_account(account("theirs"))
        transaction.append_journal("apply", {}, at=AT)
    assert ["newsletter", "sales"] == sorted(glance_at_names(file, PROJECT))


def test_looking_makes_no_file(tmp_path: Path) -> None:
    """Where no state is, the look fails and leaves none behind; a file that is no database fails too."""
    with pytest.raises(sqlite3.Error):
        glance_at_names(tmp_path / "state.db", PROJECT)
    assert [] == list(tmp_path.iterdir())
    (tmp_path / "state.db").write_text("no database, but long enough to be looked at as one" * 20)
    with pytest.raises(sqlite3.Error):
        glance_at_names(tmp_path / "state.db", PROJECT)
