"""State in a database: accounts, revisions, routes of secrets, and the journal, keyed by project.

``opening`` makes and opens states; ``store`` reads and begins writes; ``transaction`` is what one write may do;
``journal`` is the hash chain and its check; ``rows`` turns values into rows and back; ``schema`` holds the tables;
``sqlite`` is the only place that knows which database it is, so that another one is a file beside it.

Not allowed here: decisions about plans, guards or evidence; the network; exceptions of SQLAlchemy or of a driver
leaving the package (they become ``StateError`` values without parameters); making a state anywhere but in
``create_state``. Importing this package does not import SQLAlchemy; opening a state does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reconciler.store.address import sqlite_path
from reconciler.store.digests import account_digest, revision_digest
from reconciler.store.journal import JournalReport, genesis_hash
from reconciler.store.opening import create_state, open_store

if TYPE_CHECKING:
    from reconciler.store.store import Store
    from reconciler.store.transaction import Transaction

__all__ = [
    "JournalReport",
    "Store",
    "Transaction",
    "account_digest",
    "create_state",
    "genesis_hash",
    "open_store",
    "revision_digest",
    "sqlite_path",
]


def __getattr__(name: str) -> Any:
    """Return ``Store`` or ``Transaction``, importing SQLAlchemy only when they are asked for."""
    if name == "Store":
        from reconciler.store.store import Store

        return Store
    if name == "Transaction":
        from reconciler.store.transaction import Transaction

        return Transaction
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
