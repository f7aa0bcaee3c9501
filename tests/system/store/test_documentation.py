"""The roles that docs/state.md tells to make can do what it says of them, and no more."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from reconciler.errors import StateUnavailable
from reconciler.store import create_state, migrate_state, open_store
from tests.cli.project import CHECKOUT
from tests.store.values import AT, LINEAGE, PROJECT, account
from tests.system.store.test_moving import MIGRATION

if TYPE_CHECKING:
    from pathlib import Path

    from tests.system.support.postgres import PostgresServer

_BLOCK = re.compile(r"^```sql\n(.*?)^```", re.MULTILINE | re.DOTALL)


def test_the_roles_of_the_page(server: PostgresServer, database: str, tmp_path: Path) -> None:
    """The owner makes the state and does everything, the reader reads, the writer applies."""
    owner, reader, writer = _BLOCK.findall((CHECKOUT / "docs" / "state.md").read_text(encoding="utf-8"))
    urls = [server.url(database, user=f"reconciler{suffix}") for suffix in ("", "_reader", "_writer")]
    try:
        server.execute(owner, database=database)
        create_state(urls[0], base=tmp_path, project=PROJECT, lineage=LINEAGE, fingerprint_key_id=None, at=AT)
        server.execute(reader, database=database)
        server.execute(writer, database=database)
        outcomes = [(may_write(url, tmp_path), may_compact(url, tmp_path)) for url in urls]
        assert [(True, True), (False, False), (True, False)] == outcomes
        server.execute("UPDATE reconciler.state_format SET version = 1", database=database)
        server.execute("ALTER TABLE reconciler.accounts DROP COLUMN manifest", database=database)
        for url in urls[1:]:
            with pytest.raises(StateUnavailable):
                migrate_state(url, base=tmp_path, order=MIGRATION)
        assert 1 == migrate_state(urls[0], base=tmp_path, order=MIGRATION).before
    finally:
        server.execute(f"DROP DATABASE {database} WITH (FORCE)")
        server.execute("DROP ROLE IF EXISTS reconciler, reconciler_reader, reconciler_writer")


def may_write(url: str, base: Path) -> bool:
    """Tell whether a role may apply; everybody may read and check."""
    with open_store(url, base=base, project=PROJECT) as store:
        assert store.check_journal().problems == ()
        try:
            with store.write() as transaction:
                transaction.put_account(account("sales"))
                transaction.append_journal("apply", {}, at=AT)
        except StateUnavailable:
            return False
    return True


def may_compact(url: str, base: Path) -> bool:
    """Tell whether a role may have the tables written anew."""
    with open_store(url, base=base, project=PROJECT) as store:
        try:
            store.compact()
        except StateUnavailable:
            return False
    return True
