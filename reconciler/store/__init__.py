"""State in a database: accounts, revisions, routes of secrets, and the journal, keyed by project.

``opening`` makes and opens states; ``store`` reads, also several things of one moment, and begins writes;
``transaction`` is what one write may do; ``altered`` tells which rows of accounts something else wrote, ``register``
the same of the routes of secrets; ``journal`` is the hash chain and its check; ``copies`` backs up and restores;
``migrations`` brings older states up to date; ``rows`` turns rows into values, ``stored`` into digests; ``schema`` holds the tables.
``sql`` says what is asked of a driver; every statement is a constant text that both databases understand, and a value is
never part of it. ``database`` says what a database must offer; ``sqlite/`` and ``postgres/`` are the only places that know
which one it is, and the address decides that in ``opening``.

Not allowed here: decisions about plans, guards or evidence; the network, but for the database's server; exceptions of
a driver leaving the package (they become ``StateError`` values without parameters); making a state anywhere but in
``create_state``; an address's password in any text. Importing this package imports no driver; opening a state does, and
psycopg only for a state in PostgreSQL.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from reconciler.store.address import StateUrl, has_password, is_postgres, sqlite_path

if TYPE_CHECKING:
    from reconciler.store.altered import Alteration
    from reconciler.store.copies import Copy, Restored, RestoreOrder, back_up_state, restore_state
    from reconciler.store.digests import account_digest, revision_digest
    from reconciler.store.journal import THE_ROUTES, THE_STATE, JournalReport, genesis_hash
    from reconciler.store.migrations import Migrated, MigrationOrder, migrate_state
    from reconciler.store.opening import create_state, only_project, open_store
    from reconciler.store.register import Register
    from reconciler.store.rows import Aside
    from reconciler.store.store import Snapshot, Store
    from reconciler.store.transaction import Transaction

__all__ = [
    "THE_ROUTES",
    "THE_STATE",
    "Alteration",
    "Aside",
    "Copy",
    "JournalReport",
    "Migrated",
    "MigrationOrder",
    "Register",
    "RestoreOrder",
    "Restored",
    "Snapshot",
    "StateUrl",
    "Store",
    "Transaction",
    "account_digest",
    "back_up_state",
    "create_state",
    "genesis_hash",
    "has_password",
    "is_postgres",
    "migrate_state",
    "only_project",
    "open_store",
    "restore_state",
    "revision_digest",
    "sqlite_path",
]

_WHEN_ASKED_FOR = {
    "Alteration": "altered",
    "Aside": "rows",
    "Register": "register",
    **dict.fromkeys(("Snapshot", "Store"), "store"),
    "Transaction": "transaction",
    **dict.fromkeys(("Copy", "RestoreOrder", "Restored", "back_up_state", "restore_state"), "copies"),
    **dict.fromkeys(("account_digest", "revision_digest"), "digests"),
    **dict.fromkeys(("create_state", "only_project", "open_store"), "opening"),
    **dict.fromkeys(("THE_ROUTES", "THE_STATE", "JournalReport", "genesis_hash"), "journal"),
    **dict.fromkeys(("Migrated", "MigrationOrder", "migrate_state"), "migrations"),
}


def __getattr__(name: str) -> Any:
    """Return what opens or reads a state, importing that only when it is asked for: an address needs none of it."""
    module = _WHEN_ASKED_FOR.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"reconciler.store.{module}"), name)
