"""States as earlier versions left them: their journal is written anew, so that its chain holds."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

from reconciler.model.canonical import canonical_json
from reconciler.store.digests import row_digest
from reconciler.store.journal import link_hash, payload_text_digest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def rewrite_journal(state: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Let ``change`` alter each payload of a SQLite state in place, and every hash follow."""
    query = (
        "SELECT sequence, at, event, previous, payload FROM journal JOIN journal_payloads USING (project, sequence) "
        "ORDER BY sequence"
    )
    with closing(sqlite3.connect(state)) as connection, connection:
        previous = None
        for sequence, at, event, its_previous, text in connection.execute(query).fetchall():
            payload = json.loads(text)
            change(payload)
            written = canonical_json(payload)
            previous = previous or its_previous
            digest = payload_text_digest(written)
            own = link_hash(sequence, at, event=event, payload_digest=digest, previous=previous)
            connection.execute(
                "UPDATE journal SET previous = ?, payload_digest = ?, hash = ? WHERE sequence = ?",
                (previous, digest, own, sequence),
            )
            connection.execute("UPDATE journal_payloads SET payload = ? WHERE sequence = ?", (written, sequence))
            previous = own


def without_register(state: Path) -> None:
    """Take out of the journal what versions before the digest over all routes did not write."""
    rewrite_journal(state, lambda payload: payload.pop("routeRegister"))


def without_tokens(state: Path) -> None:
    """Have the logins with tokens as they were recorded before it was told which token: as if the secret logged in."""
    became: dict[str, str] = {}
    with closing(sqlite3.connect(state)) as connection, connection:
        rows = connection.execute("SELECT digest, account, secret, fingerprint, route FROM secret_routes").fetchall()
        for digest, account, secret, fingerprint, text in rows:
            route = {name: value for name, value in json.loads(text).items() if name != "token"}
            row = {"account": account, "secret": secret, "fingerprint": fingerprint, "route": canonical_json(route)}
            became[digest] = row_digest(row)
            connection.execute(
                "UPDATE OR REPLACE secret_routes SET digest = ?, route = ? WHERE digest = ?",
                (became[digest], row["route"], digest),
            )

    def change(payload: dict[str, Any]) -> None:
        del payload["routeRegister"]
        if "routeDigests" in payload:
            payload["routeDigests"] = sorted({became[each] for each in payload["routeDigests"]})

    rewrite_journal(state, change)
