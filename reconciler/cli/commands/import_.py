"""``reconciler import``: settings of other programs become manifests."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from reconciler.cli.options import format_option

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reconciler.cli.session import GlobalOptions
    from reconciler.operations.adoption.imports import Imported
    from reconciler.operations.adoption.sources import AskedSource

_STDIN = "-"
STDIN_SHOWN = "standard input"


@click.command("import")
@click.argument("sources", metavar="SOURCE...", nargs=-1, required=True)
@click.option("--from", "kind", metavar="KIND", help="What kind of source it is; by default told by its content.")
@click.option(
    "--probe", "probes", is_flag=True, help="Ask servers what they speak where a source is not sure; no login."
)
@click.option(
    "--secrets-to",
    metavar="WHERE",
    help="Where the passwords go: dotenv:FILE, exec:COMMAND (on its standard input, {key} filled in), or env, the "
    "default: nowhere, and the variables to set are listed.",
)
@click.option("--secrets-source", metavar="NAME", help="The source of the project file that gives them back.")
@click.option("--map", "columns", metavar="SETTING=COLUMN,...", help="Columns of a table that are called otherwise.")
@format_option("text", "json")
@click.pass_obj
def import_(
    options: GlobalOptions,
    sources: tuple[str, ...],
    *,
    kind: str | None,
    probes: bool,
    secrets_to: str | None,
    secrets_source: str | None,
    columns: str | None,
    format_: str,
) -> int:
    """Take over accounts from the settings of other programs, as manifests; the plan and apply do the rest.

    SOURCE is a file, KIND:FILE, either with #ACCOUNT for one account of it, or - for standard input. KIND is msmtp,
    postfix, dotenv, url, django, thunderbird, autoconfig or csv. Nothing that is read is run, and no password is shown.
    What a manifest declares already is left alone: importing twice changes nothing.

    \b
    Examples:
        reconciler import ~/.msmtprc
        reconciler import postfix:/etc/postfix --secrets-to dotenv:secrets.env
        reconciler import accounts.csv --map "host=SMTP server,email=Address"
        reconciler import --from dotenv app.env --probe
    """
    from reconciler.cli.session import workspace
    from reconciler.operations.adoption.imports import import_sources
    from reconciler.operations.adoption.keeping import asked_store

    place = workspace(options, uses_state=False)
    store = asked_store(secrets_to, place, source=secrets_source)
    imported = import_sources(place, _asked(sources, kind, columns), store=store, probes=probes)
    _put(imported, format_)
    return 1 if any(each.severity == "error" for each in imported.problems) else 0


def _asked(sources: Sequence[str], kind: str | None, columns: str | None) -> list[AskedSource]:
    from dataclasses import replace
    from pathlib import Path

    from reconciler.operations.adoption.sources import AskedSource, asked_source

    mapped = _mapped(columns)
    asked = []
    for written in sources:
        if written == _STDIN:
            found = AskedSource(path=Path(), shown=STDIN_SHOWN, kind=kind, text=text_of_stdin())
        else:
            found = asked_source(written, kind=kind)
        asked.append(replace(found, columns=mapped))
    return asked


def _mapped(columns: str | None) -> dict[str, str]:
    """Return the column of each setting, from ``host=SMTP server,email=Address``."""
    from reconciler.adoption.fields import field_of

    mapped = {}
    for pair in (columns or "").split(",") if columns else ():
        setting, equals, column = pair.partition("=")
        meant = field_of(setting.strip())
        if not equals or meant is None or not column.strip():
            raise click.UsageError(
                "--map takes SETTING=COLUMN, several joined by commas; of settings there are host, port, encryption, "
                "username, password, email, display_name and reply_to."
            )
        mapped[meant] = column.strip()
    return mapped


def text_of_stdin() -> str:
    """Return what standard input says, as of a file of settings; raise ``InvalidInput`` where it is none."""
    from reconciler.operations.adoption.sources import MAX_OCTETS, text_of

    return text_of(sys.stdin.buffer.read(MAX_OCTETS + 1) if sys.stdin is not None else b"", STDIN_SHOWN)


def _put(imported: Imported, format_: str) -> None:
    from reconciler.cli.output import put, put_json, tell
    from reconciler.cli.session import style_for
    from reconciler.render.json.adoption import import_document
    from reconciler.render.text.adoption import import_text

    if format_ == "json":
        document = import_document(
            imported.adoption, imported.files, to_set=imported.to_set, diagnostics=imported.problems
        )
        put_json(document)
        return
    text = import_text(
        imported.adoption, imported.files, to_set=imported.to_set, load=imported.store.load, style=style_for(sys.stdout)
    )
    put(text)
    tell(imported.problems)
