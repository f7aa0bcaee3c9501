"""``reconciler export``: the recorded accounts as manifests, as a table, or in the form of a consumer."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from reconciler.cli.completion import account_names
from reconciler.cli.options import format_option

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.cli.session import GlobalOptions
    from reconciler.operations.adoption.export import ExportForm

_FORMS = ("manifests", "csv", "msmtp", "postfix", "dotenv", "django", "nodemailer", "kubernetes")


@click.command()
@click.argument("selectors", metavar="[SEL]...", nargs=-1, shell_complete=account_names)
@click.option("--as", "form", type=click.Choice(_FORMS), default="manifests", show_default=True, help="What to write.")
@click.option(
    "--out", metavar="DIR", help="Write files into this folder, where none of them is yet; by default to stdout."
)
@format_option("text", "json")
@click.pass_obj
def export(options: GlobalOptions, selectors: tuple[str, ...], *, form: str, out: str | None, format_: str) -> int:
    """Write the recorded accounts again: as manifests, as a table, or as a program has them.

    Planning the manifests is empty: each has all that state has of its account, with the settings of its MailServer in it.
    Secrets are references there, and stand in nothing else; publish brings programs their passwords.

    \b
    Examples:
        reconciler export > accounts.yaml
        reconciler export label:team=sales --out sales
        reconciler export --as csv
        reconciler export --as msmtp
    """
    from reconciler.cli.output import put_json, tell
    from reconciler.cli.session import workspace
    from reconciler.model.formats import FORMAT_VERSION
    from reconciler.operations.adoption.export import export_accounts, write_files
    from reconciler.render.json.documents import diagnostic_documents

    files, told = export_accounts(workspace(options), selectors, cast("ExportForm", form))
    if out is not None:
        write_files(Path(out), files)
    if format_ == "json":
        diagnostics = diagnostic_documents(told)
        put_json({"formatVersion": FORMAT_VERSION, "as": form, "files": files, "diagnostics": diagnostics})
        return 0
    _put(files, form, out)
    tell(told)
    return 0


def _put(files: Mapping[str, str], form: str, out: str | None) -> None:
    from reconciler.cli.output import put
    from reconciler.cli.session import style_for
    from reconciler.diagnostics import several
    from reconciler.render.text.state import sentences_text

    if out is not None:
        sentence = f"Wrote {several(len(files), 'file')} into {out}."
        put(sentences_text([sentence], style=style_for(sys.stdout)))
    elif form == "manifests":
        put("---\n".join(files.values()))
    elif len(files) == 1:
        put(*files.values())
    else:
        raise click.UsageError(f"{form} has several files ({', '.join(files)}). Name a folder with --out DIR.")
