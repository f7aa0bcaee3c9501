"""``reconciler accounts add own --from-csv``: an account for each line of a table."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from reconciler.cli.commands.accounts.parts import Given
    from reconciler.cli.session import GlobalOptions
    from reconciler.diagnostics import Location
    from reconciler.operations.accounts.add import NewAccount

_OF_FIELDS = {
    "host": "host", "port": "port", "encryption": "encryption", "username": "username", "email": "email",
    "display_name": "display_name", "reply_to": "reply_to", "helo": "helo_name", "name": "name",
}  # fmt: skip
"""The option of each setting that columns of other programs name."""
_OWN = (
    "name", "email", "display_name", "title", "owner", "reply_to", "reply_to_name", "preset", "region", "server", "host",
    "port", "encryption", "mechanism", "username", "password_env", "password_file", "password_from", "access_token_env",
    "helo_name", "ca_file", "shared", "labels", "annotations", "prevent_delete", "no_login",
)  # fmt: skip
"""The options that a column may be called by."""
_TICKED = frozenset({"shared", "prevent_delete", "no_login"})
_SEVERAL = frozenset({"labels", "annotations", "reply_to"})
_SHOWN = 60


def add_table(
    options: GlobalOptions,
    written: str,
    given: Given,
    format_: str,
    *,
    make: Callable[[str, Given], NewAccount],
) -> int:
    """Add an account for each line; options hold for all of them where a line says nothing, and ``make`` makes one."""
    from reconciler.adoption.sources.csv import TOO_MANY_CELLS
    from reconciler.cli.output import put, put_json, tell
    from reconciler.cli.session import style_for, workspace
    from reconciler.diagnostics import error
    from reconciler.operations.accounts.bulk import Row, add_accounts
    from reconciler.render.text.added import added_document, added_text

    shown = "standard input" if written == "-" else written
    columns, lines = _rows(written, shown)
    rows, problems = [], []
    for place, cells in lines:
        if any(cell.strip() for cell in cells[len(columns) :]):
            problems.append(error("sourceUnreadable", f"{TOO_MANY_CELLS} Nothing was written.", location=place))
            continue
        name, settings, wrong = _settings(dict(zip(columns, cells, strict=False)), given)
        try:
            rows.append(Row(account=make(name, settings), place=place))
        except click.UsageError as refused:
            wrong.append(refused.message)
        problems += [
            error("invalidValue", f"{each} Nothing was written.", subject=name, location=place) for each in wrong
        ]
    file = Path(given.file) if given.file else None
    added = add_accounts(workspace(options, uses_state=False), rows, file=file, problems=problems)
    if format_ == "json":
        put_json(added_document(added))
    else:
        put(added_text(added, style=style_for(sys.stdout)))
        tell(added.remarks)
    return 0


def _rows(written: str, shown: str) -> tuple[list[str], list[tuple[Location, list[str]]]]:
    """Return the option that each column is called by, and the cells of each line, with its place."""
    from reconciler.adoption.sources.csv import NotATable, table_rows
    from reconciler.cli.commands.import_ import text_of_stdin
    from reconciler.diagnostics import Location, error
    from reconciler.errors import InvalidInput
    from reconciler.operations.adoption.sources import read_text

    text = text_of_stdin() if written == "-" else read_text(Path(written).expanduser(), shown)
    try:
        header, rows = table_rows(text)
    except NotATable as refused:
        raise InvalidInput(error("sourceUnreadable", str(refused), location=Location(shown, refused.line))) from None
    columns, wrong = [], []
    for title in header:
        try:
            columns.append(_column(title))
        except click.UsageError as refused:
            wrong.append(refused.message)
    if not wrong and "email" not in columns:
        wrong.append(
            "No column is called email. The first line names the columns: name, email, display_name, host or server, and others."
        )
    if wrong:
        raise InvalidInput([error("sourceUnreadable", each, location=Location(shown, 1)) for each in wrong])
    return columns, [(Location(shown, line), row) for line, row in rows]


def _column(title: str) -> str:
    """Return the option that a column is called by; raise ``click.UsageError`` where it is none."""
    from reconciler.adoption.fields import field_of, normal_word
    from reconciler.characters import clip
    from reconciler.diagnostics.phrasing import did_you_mean

    word = {"label": "labels", "annotation": "annotations"}.get(normal_word(title), normal_word(title))
    if word in _OWN:
        return word
    meant = field_of(title)
    if meant in _OF_FIELDS:
        return _OF_FIELDS[meant]
    if meant == "password":
        detail = (
            "The table has a column of passwords, which a manifest never has. Leave it out and name password_env; or take the "
            "table over with its passwords:\n    reconciler import csv:FILE --secrets-to dotenv:FILE"
        )
    else:
        hint = did_you_mean(word, _OWN)
        detail = f"There is no column {clip(title, _SHOWN)}.{hint} There are {', '.join(_OWN)}."
    raise click.UsageError(detail)


def _settings(said: Mapping[str, str], given: Given) -> tuple[str, Given, list[str]]:
    """Return the name and the options of one line, with what holds for all lines where it says nothing.

    And the cells that say nothing that is known, in a sentence each: they are left out, so that all else is looked at too.
    """
    from reconciler.adoption.fields import meaningful
    from reconciler.adoption.source import port_of
    from reconciler.rules.adoption import words
    from reconciler.rules.adoption.names import slug

    settings: dict[str, Any] = {}
    wrong: list[str] = []
    for column, cell in said.items():
        text = meaningful(cell)
        if text is None:
            continue
        if column in _TICKED:
            ticked = words.flag(text)
            settings[column] = ticked is True
            if ticked is None:
                wrong.append(f"What stands for {column} is neither yes nor no. Write yes or no.")
        elif column in _SEVERAL:
            settings[column] = tuple(part.strip() for part in text.split(";") if part.strip())
        elif column == "port":
            settings[column] = port_of(text)
            if settings[column] is None:
                wrong.append("What stands for the port is no number from 1 to 65535.")
        elif column == "encryption":
            encryption, refusal = _encryption(text, port_of(said.get("port") or "") or given.port)
            settings[column] = encryption
            wrong += [refusal] if refusal else []
        else:
            settings[column] = text
    name = settings.pop("name", None)
    account = replace(given, **settings)
    email = account.email or ""
    account.display_name = account.display_name or email.rpartition("@")[0] or email or None
    account.shared = account.shared or account.owner is None
    return name or slug(email), account, wrong


def _encryption(text: str, port: int | None) -> tuple[str | None, str]:
    """Return the encryption that a word means at a port; or None, and why it means none."""
    from reconciler.model.servers.terms import ENCRYPTIONS
    from reconciler.rules.adoption import words

    if text in ENCRYPTIONS:
        return text, ""
    said = words.word(text, port)
    if said.certainty == "certain" and said.encryption is not None:
        return said.encryption, ""
    why = said.why or "the word for encryption is not known"
    return None, f"{why[:1].upper()}{why[1:]}. Write starttls, tls or none."
