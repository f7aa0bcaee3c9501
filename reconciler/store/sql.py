"""What the store asks of a driver: the standard library's ``sqlite3``, and psycopg behind ``postgres/connection``.

Premise: a statement is a constant text that both databases understand, with ``:name`` where a value goes; a value is never
part of the text. So the subset is small: no types but text and integer, no functions but ``max``, no dates, no upserts.
Rows are tuples in the order of the columns that were asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Generator, Iterable, Iterator, Mapping

    import psycopg

    Cursor = sqlite3.Cursor | psycopg.Cursor[Any]


@runtime_checkable
class LongText(Protocol):
    """A text of a row that is too long to be held as a whole; to be read as long as its connection sees the same."""

    def pieces(self) -> Iterator[str]:
        """Yield the text from its beginning, piece by piece."""
        ...

    def whole(self) -> str:
        """Return the text."""
        ...


LONG_TEXT = 1024 * 1024
"""A text of more characters is read piece by piece, also where it is handed out as a whole."""
_PIECE = 64 * 1024


def is_long(text: object) -> bool:
    """Tell whether a text is read piece by piece."""
    return isinstance(text, LongText) or (isinstance(text, str) and len(text) > LONG_TEXT)


def pieces_of(text: str | LongText) -> Iterator[str]:
    """Yield a text piece by piece.

    >>> [len(piece) for piece in pieces_of("a" * 100_000)]
    [65536, 34464]
    """
    if isinstance(text, str):
        return (text[start : start + _PIECE] for start in range(0, len(text), _PIECE))
    return text.pieces()


ROWS_AT_ONCE = 500
"""How many rows are held where a read or write goes through all of a table."""


class Connection(Protocol):
    """A connection inside of a transaction; what it raises, its database tells in a sentence."""

    has_pieces: bool
    """Whether ``text`` gives long texts piece by piece, and a row is read no slower for being asked for twice."""

    def execute(self, statement: str, values: Mapping[str, Any] = ..., /) -> Cursor:
        """Run a statement."""
        ...

    def executemany(self, statement: str, rows: Iterable[Mapping[str, Any]], /) -> object:
        """Run a statement once for each mapping of values."""
        ...

    def stream(self, statement: str, values: Mapping[str, Any], /, *, at_once: int = ...) -> Generator[tuple[Any, ...]]:
        """Yield the rows of a query, no more than ``at_once`` of them held."""
        ...

    def text(self, table: str, column: str, key: Mapping[str, Any], /) -> Any:
        """Return what a column has in the row with a key, a long text as ``LongText`` where that is possible.

        None where there is no such row.
        """
        ...


def of_row(table: str, what: str, key: Iterable[str]) -> str:
    """Return the query for columns of the row with a key, all of them names of ours.

    >>> of_row("revisions", "changes", ["project", "revision"])
    'SELECT changes FROM revisions WHERE project = :project AND revision = :revision'
    """
    return f"SELECT {what} FROM {table} WHERE {' AND '.join(f'{name} = :{name}' for name in key)}"  # noqa: S608 - constants


def first_value(connection: Connection, statement: str, values: Mapping[str, Any] | None = None) -> Any:
    """Return the first column of the first row; None where there is no row."""
    row = connection.execute(statement, values or {}).fetchone()
    return None if row is None else row[0]


def first_values(connection: Connection, statement: str, values: Mapping[str, Any] | None = None) -> list[Any]:
    """Return the first column of every row."""
    return [row[0] for row in connection.execute(statement, values or {})]


def one_of(column: str, wanted: Iterable[str]) -> tuple[str, dict[str, str]]:
    """Return one more condition, that a column is one of some values, and these as its parameters."""
    values = {f"{column}_{number}": each for number, each in enumerate(wanted)}
    return f" AND {column} IN ({', '.join(f':{name}' for name in values)})", values
