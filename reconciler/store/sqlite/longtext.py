"""A long text of a SQLite file, read piece by piece, where SQL would hand it out as a whole."""

from __future__ import annotations

import sqlite3
from codecs import getincrementaldecoder
from typing import TYPE_CHECKING, Any

from reconciler.store.sql import first_value, of_row

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from reconciler.store.sql import Connection

LONG_OCTETS = 1024 * 1024
"""A longer text is read piece by piece."""
_PIECE_OCTETS = 64 * 1024
"""Larger pieces are read no faster, and what is made of one no longer stays in the processor's cache."""


class StoredText:
    """The text of one row; see ``sql.LongText``."""

    def __init__(self, connection: Any, table: str, column: str, *, rowid: int) -> None:
        """Take where it stands."""
        self._connection = connection
        self._table = table
        self._column = column
        self._rowid = rowid

    def octets(self) -> int:
        """Return how long it is, in UTF-8."""
        with self._open() as blob:
            return len(blob)

    def pieces(self) -> Iterator[str]:
        """Yield the text, piece by piece; what is no UTF-8 is refused as the database refuses it."""
        decode = getincrementaldecoder("utf-8")().decode
        with self._open() as blob:
            try:
                while octets := blob.read(_PIECE_OCTETS):
                    yield decode(octets)
                decode(b"", final=True)
            except UnicodeDecodeError:
                self.whole()
                raise

    def whole(self) -> str:
        """Return the text."""
        query = of_row(self._table, self._column, ["rowid"])
        text: str = first_value(self._connection, query, {"rowid": self._rowid})
        return text

    def _open(self) -> sqlite3.Blob:
        blob: sqlite3.Blob = self._connection.blobopen(self._table, self._column, self._rowid, readonly=True)
        return blob


def find_text(connection: Connection, table: str, column: str, *, key: Mapping[str, Any]) -> Any:
    """Return what a column has in the row with a key: as ``StoredText`` where that is a long text."""
    found = _stored(connection, table, column, key=key)
    return first_value(connection, of_row(table, column, key), key) if found is None else found


def _stored(connection: Any, table: str, column: str, *, key: Mapping[str, Any]) -> StoredText | None:
    """Return the text where it is long, and stands in the file as it is read: as UTF-8, in a row of a table."""
    try:
        row = connection.execute(of_row(table, f"rowid, typeof({column})", key), key).fetchone()
        if row is None or row[1] != "text":
            return None
        text = StoredText(connection, table, column, rowid=row[0])
        is_long = text.octets() > LONG_OCTETS
        return text if is_long and first_value(connection, "PRAGMA encoding") == "UTF-8" else None
    except sqlite3.Error:  # such as of a table that somebody made anew, without numbers of rows
        return None
