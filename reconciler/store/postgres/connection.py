"""A connection to PostgreSQL: made as the address says, used as ``sql.Connection`` describes it."""

from __future__ import annotations

import os
import re
from contextlib import closing
from functools import lru_cache
from itertools import count
from typing import TYPE_CHECKING, Any

import psycopg

from reconciler.store.postgres.address import is_local
from reconciler.store.postgres.failures import connection_sentence
from reconciler.store.sql import ROWS_AT_ONCE, first_value, of_row

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Mapping

    from reconciler.store.postgres.address import PostgresAddress

_PARAMETER = re.compile(r"(?<![:\w]):(\w+)")


class PostgresConnection:
    """A connection of psycopg that takes the statements of the store."""

    has_pieces = False

    def __init__(self, driver: psycopg.Connection[Any]) -> None:
        """Take a connection."""
        self.driver = driver
        self.statement: str | None = None
        """The last statement: what is refused by rights is told from it."""
        self._numbers = count(1)

    def execute(self, statement: str, values: Mapping[str, Any] | None = None, /) -> psycopg.Cursor[Any]:
        """Run a statement; several with semicolons between, where they take no values."""
        self.statement = statement
        return self.driver.execute(_in_psycopgs_words(statement) if values else statement.encode(), values or None)

    def executemany(self, statement: str, rows: Iterable[Mapping[str, Any]], /) -> None:
        """Run a statement once for each mapping of values, without waiting for the server each time."""
        self.statement = statement
        self.driver.cursor().executemany(_in_psycopgs_words(statement), rows)

    def stream(
        self, statement: str, values: Mapping[str, Any], /, *, at_once: int = ROWS_AT_ONCE
    ) -> Generator[tuple[Any, ...]]:
        """Yield the rows of a query from a cursor of the server."""
        self.statement = statement
        with closing(self.driver.cursor(name=f"rows_{next(self._numbers)}")) as rows:
            rows.itersize = at_once
            rows.execute(_in_psycopgs_words(statement), values)
            yield from rows

    def text(self, table: str, column: str, key: Mapping[str, Any], /) -> Any:
        """Return what a column has in the row with a key; the server unpacks a long text anew for every piece of it."""
        return first_value(self, of_row(table, column, key), key)


@lru_cache(maxsize=256)
def _in_psycopgs_words(statement: str) -> bytes:
    """Return a statement with ``%(name)s`` for ``:name``."""
    return _PARAMETER.sub(r"%(\1)s", statement.replace("%", "%%")).encode()


def opened(address: PostgresAddress) -> psycopg.Connection[Any] | str:
    """Return a connection, or the sentence that says why there is none.

    Nothing is raised: the frames here hold the password, and an exception would carry them out.
    """
    secrets = {name: value.reveal() for name, value in address.secrets.items()}
    try:
        # Prepared statements outlive transactions, which a pool in between may not allow.
        connection = psycopg.connect("", prepare_threshold=None, **{**address.parameters, **secrets})  # type: ignore[arg-type]
    except psycopg.Error as failure:
        password = secrets.get("password") or os.environ.get("PGPASSWORD")
        return connection_sentence(failure, database=address.parameters.get("dbname"), password=password)
    if not _is_protected(connection, address):
        connection.close()
        return (
            "is at another machine and would be used without encryption. Add sslmode=verify-full to the service or "
            "the address."
        )
    return connection


def _is_protected(connection: psycopg.Connection[Any], address: PostgresAddress) -> bool:
    """Tell whether the connection may be used: encrypted, to this machine, or unencrypted by somebody's word.

    The address was looked at before, but a service file may have named another machine without TLS.
    """
    if connection.pgconn.ssl_in_use or address.is_plain_allowed:
        return True
    used = {option.keyword: option.val for option in connection.pgconn.info}
    is_said = used.get(b"sslmode") not in {None, b"prefer"}
    return is_said or is_local(connection.info.hostaddr or connection.info.host)
