"""Tables: our own columns, those of Odoo, Mautic and spreadsheets, and any other by ``--map``.

The first line that is not blank names the columns; commas, semicolons, tabs and bars separate them. A line is an account.
"""

from __future__ import annotations

import csv
import io
import re
from dataclasses import replace
from typing import TYPE_CHECKING

from reconciler.adoption.fields import field_of, found_of, meaningful
from reconciler.adoption.source import ReadsAlone, passed_over, unreadable
from reconciler.diagnostics import Diagnostic
from reconciler.model.adoption.found import FoundAccount, SourceReading
from reconciler.model.text.types import NAME

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from reconciler.adoption.source import Source

_DELIMITERS = ",;\t|"
_MOST_ROWS = 20_000
_BEFORE_TITLES = re.compile(r'(?:[ \t]*\n)*(?:"?sep=(?P<separator>[,;|\t])"?[ \t]*\n)?(?:[ \t]*\n)*', re.IGNORECASE)
_NEEDED = "host"
_NO_ROW = "The line is not one of a table; see its quotes."
TOO_MANY_CELLS = (
    "The line has more cells than there are titles, so that what it says may stand in wrong columns; see its quotes."
)


class NotATable(ValueError):
    """The text is no table; the message says why, and holds nothing of it."""

    def __init__(self, reason: str, line: int) -> None:
        """Keep the line too."""
        super().__init__(reason)
        self.line = line


def table_rows(text: str) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """Return the titles of a table's columns, and its rows that are not empty, each with its line.

    Raises ``NotATable``.
    """
    header: list[str] = []
    found: list[tuple[int, list[str]]] = []
    for number, (line, row) in enumerate(_rows(text)):
        if row is None:
            raise NotATable(_NO_ROW, line)
        if number == 0:
            header = [title.strip() for title in row]
        elif len(found) == _MOST_ROWS:
            raise NotATable(f"More than {_MOST_ROWS:,} lines are not read. Take several files.", line)
        elif any(cell.strip() for cell in row):
            found.append((line, row))
    return header, found


def _rows(text: str) -> Iterator[tuple[int, list[str] | None]]:
    """Yield each row with its last line, which is how the reader counts; None, with its first, for what is no row.

    Quotes that do not fit are no row: read on regardless, one that is not closed takes all lines below into its cell.
    """
    before, delimiter, table = _begun(text)
    rows = csv.reader(io.StringIO(table), delimiter=delimiter, strict=True)
    while True:
        begins = rows.line_num + 1
        try:
            row = next(rows)
        except StopIteration:
            return
        except csv.Error:
            yield before + begins, None
        else:
            yield before + rows.line_num, row


def _begun(text: str) -> tuple[int, str, str]:
    """Return how many lines stand before the titles, what separates columns, and the text from the titles on.

    Before them may stand blank lines, and ``sep=;``, which tells Excel what separates columns.
    """
    matched = _BEFORE_TITLES.match(text)
    before = matched[0] if matched is not None else ""
    table = text[len(before) :]
    first = table.partition("\n")[0]
    said = matched["separator"] if matched is not None else None
    return before.count("\n"), said or max(_DELIMITERS, key=first.count), table


class Csv(ReadsAlone):
    """Reads a table with a header."""

    name = "csv"

    def recognises(self, source: Source) -> bool:
        """Tell it by a first line of several columns, one of which is a server's."""
        header = _header(source.text)
        known = {field_of(title) for title in header}
        return len(header) > 1 and (_NEEDED in known or "email" in known)

    def read(self, source: Source) -> SourceReading:
        """Return an account for each line that names a server."""
        problems: list[Diagnostic] = []
        header = _header(source.text)
        columns = _columns(header, source.columns)
        again = dict(_said_again(header, columns))
        left = [(place, title) for place, title in enumerate(header, start=1) if title and title not in columns]
        unknown = [str(place) for place, _ in left if place not in again]
        if _NEEDED not in columns.values():
            detail = "No column of the table is the server's host. Name it, as in\n    --map 'host=SMTP server,email=Address'"
            return SourceReading(problems=(unreadable(source, 1, detail),))
        if unknown:
            which = (
                f"the titles of columns {', '.join(unknown[:-1])} and {unknown[-1]}, so they were"
                if len(unknown) > 1
                else f"the title of column {unknown[0]}, so it was"
            )
            detail = f"No setting is known by {which} not taken. Where one is meant, name it, as in\n    --map 'SETTING=TITLE'"
            problems.append(passed_over(source, 1, detail))
        problems += [passed_over(source, 1, detail) for detail in again.values()]
        settings = [None if place in again else columns.get(title) for place, title in enumerate(header, start=1)]
        read = list(_each_line(source, settings))
        accounts = tuple(each for each in read if isinstance(each, FoundAccount))
        problems += [each for each in read if isinstance(each, Diagnostic)]
        return SourceReading(accounts=accounts, problems=tuple(problems))


def _each_line(source: Source, settings: Sequence[str | None]) -> Iterator[FoundAccount | Diagnostic]:
    """Yield the account of each line below the titles, or what keeps a line from being one.

    ``settings`` tells what each column is; the line told is the one that the reader counts, not the row, since cells
    between quotes have line breaks.
    """
    for number, (line, row) in enumerate(_rows(source.text), start=1):
        if row is None:
            yield unreadable(source, line, _NO_ROW)
            continue
        if number == 1 or not any(cell.strip() for cell in row):
            continue
        if number > _MOST_ROWS:
            yield unreadable(source, line, f"More than {_MOST_ROWS:,} lines are not read.")
            return
        if any(cell.strip() for cell in row[len(settings) :]):
            yield passed_over(source, line, TOO_MANY_CELLS)
        said = {setting: cell for setting, cell in zip(settings, row, strict=False) if setting is not None}
        if meaningful(said.get("host")) is None:
            yield passed_over(source, line, "The line names no server.")
        else:
            yield _named(found_of(said, label=said.get("name") or f"line {line}", line=line), said)


def _named(found: FoundAccount, said: Mapping[str, str]) -> FoundAccount:
    """Return an account with what the column for its name says: its name where it can be one, else a title.

    Never the name that recipients see: in some programs it is what people call the server.
    """
    written = meaningful(said.get("name"))
    if written is None:
        return found
    if NAME.match(written):
        return replace(found, name=written)
    return replace(found, title=written)


def _header(text: str) -> Sequence[str]:
    _, delimiter, table = _begun(text)
    try:
        return [title.strip() for title in next(csv.reader(io.StringIO(table), delimiter=delimiter), [])]
    except csv.Error:
        return []


def _columns(header: Iterable[str], mapped: Mapping[str, str]) -> dict[str, str]:
    """Return the setting of each column: as it is mapped, else as its title says, each setting once."""
    columns = {title: setting for setting, title in mapped.items() if title in header}
    for title in header:
        setting = field_of(title)
        if setting is not None and title not in columns and setting not in columns.values():
            columns[title] = setting
    return columns


def _said_again(header: Sequence[str], columns: Mapping[str, str]) -> Iterator[tuple[int, str]]:
    """Yield the places of columns that say once more what another says that is taken, and what is told of each."""
    taken = set(columns.values())
    for place, title in enumerate(header, start=1):
        setting = field_of(title)
        if title in columns and title in header[: place - 1]:
            yield (
                place,
                f"Column {place} has the title of an earlier one, which was taken. Give the one that is meant another title.",
            )
        elif title and title not in columns and setting in taken:
            yield (
                place,
                (
                    f"Column {place} is a second one of the setting {setting}, so it was not taken. To take it in the place "
                    f"of the other, name it, as in\n    --map '{setting}=TITLE'"
                ),
            )


READER = Csv()
