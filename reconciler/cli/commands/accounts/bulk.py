"""``reconciler accounts add own --from-csv``: an account for each line of a table."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from reconciler.cli.commands.accounts.parts import Given
    from reconciler.cli.session import GlobalOptions
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
    from reconciler.cli.output import put, put_json, tell
    from reconciler.cli.session import style_for, workspace
    from reconciler.operations.accounts.bulk import Row, add_accounts
    from reconciler.render.text.added import added_document, added_text

    shown = "standard input" if written == "-" else written
    rows = []
    for place, said in _rows(written, shown):
        name, settings = _settings(said, given, place)
        rows.append(Row(account=make(name, settings), place=place))
    added = add_accounts(workspace(options, uses_state=False), rows, file=Path(given.file) if given.file else None)
    if format_ == "json":
        put_json(added_document(added))
    else:
        put(added_text(added, style=style_for(sys.stdout)))
        tell(added.remarks)
    return 0


def _rows(written: str, shown: str) -> Iterable[tuple[Any, dict[str, str]]]:
    from reconciler.adoption.sources.csv import NotATable, table_rows
    from reconciler.diagnostics import Location, error
    from reconciler.errors import InvalidInput
    from reconciler.operations.adoption.sources import read_text

    text = _stdin() if written == "-" else read_text(Path(written).expanduser(), shown)
    try:
        header, rows = table_rows(text)
    except NotATable as refused:
        raise InvalidInput(error("sourceUnreadable", str(refused), location=Location(shown, refused.line))) from None
    columns = [_column(title, shown) for title in header]
    if "email" not in columns:
        detail = "No column is called email. The first line names the columns: name, email, display_name, host or server, and others."
        raise InvalidInput(error("sourceUnreadable", detail, location=Location(shown, 1)))
    return [(Location(shown, line), dict(zip(columns, row, strict=False))) for line, row in rows]


def _column(title: str, shown: str) -> str:
    from reconciler.adoption.fields import field_of, normal_word
    from reconciler.characters import clip
    from reconciler.diagnostics import Location, error
    from reconciler.diagnostics.phrasing import did_you_mean
    from reconciler.errors import InvalidInput

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
    raise InvalidInput(error("sourceUnreadable", detail, location=Location(shown, 1)))


def _settings(said: Mapping[str, str], given: Given, place: Any) -> tuple[str, Given]:
    """Return the name and the options of one line, with what holds for all lines where it says nothing."""
    from reconciler.adoption.fields import meaningful
    from reconciler.rules.adoption import words
    from reconciler.rules.adoption.names import slug

    settings: dict[str, Any] = {}
    for column, cell in said.items():
        text = meaningful(cell)
        if text is None:
            continue
        if column in _TICKED:
            settings[column] = words.flag(text) is True
        elif column in _SEVERAL:
            settings[column] = tuple(part.strip() for part in text.split(";") if part.strip())
        elif column == "port":
            settings[column] = _port(text, place)
        elif column == "encryption":
            settings[column] = _encryption(text, settings.get("port") or given.port or said.get("port"), place)
        else:
            settings[column] = text
    name = settings.pop("name", None)
    account = replace(given, **settings)
    email = account.email or ""
    account.display_name = account.display_name or email.rpartition("@")[0] or None
    account.shared = account.shared or account.owner is None
    return name or slug(email), account


def _port(text: str, place: Any) -> int:
    from reconciler.adoption.source import port_of

    port = port_of(text)
    if port is None:
        raise click.UsageError(f"{place}: the port is no number from 1 to 65535.")
    return port


def _encryption(text: str, port: object, place: Any) -> str:
    from reconciler.adoption.source import port_of
    from reconciler.model.servers.terms import ENCRYPTIONS
    from reconciler.rules.adoption import words

    if text in ENCRYPTIONS:
        return text
    said = words.word(text, port_of(str(port or "")))
    if said.certainty != "certain" or said.encryption is None:
        raise click.UsageError(
            f"{place}: {said.why or 'the word for encryption is not known'}. Write starttls, tls or none."
        )
    return said.encryption


def _stdin() -> str:
    octets = sys.stdin.buffer.read(5 * 1024 * 1024) if sys.stdin is not None else b""
    try:
        return octets.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError:
        raise click.UsageError("Standard input is not UTF-8 text.") from None
