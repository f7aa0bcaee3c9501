"""``reconciler history`` and ``reconciler journal``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from reconciler.cli.options import format_option

if TYPE_CHECKING:
    from reconciler.cli.session import GlobalOptions


@click.command()
@click.argument("name", required=False)
@format_option("text", "json", "csv")
@click.pass_obj
def history(options: GlobalOptions, name: str | None, format_: str) -> int:
    """See what was applied, by whom, from which commit; newest first.

    \b
    Example:
        reconciler history sales-pl
    """
    from reconciler.cli.output import put, put_json
    from reconciler.cli.session import style_for, workspace
    from reconciler.operations.view import history as read_history

    revisions = read_history(workspace(options), name)
    if format_ == "json":
        from reconciler.render.documents import history_document

        put_json(history_document(revisions))
    elif format_ == "csv":
        from reconciler.render.table import history_csv

        put(history_csv(revisions))
    else:
        from reconciler.render.text import history_text

        put(history_text(revisions, style=style_for(sys.stdout)))
    return 0


@click.group()
def journal() -> None:
    """Check that nothing in the journal was altered."""


@journal.command("check")
@click.option("--head", metavar="HASH", help="A hash that was noted earlier; finds a journal that was cut short.")
@format_option("text", "json")
@click.pass_obj
def check(options: GlobalOptions, head: str | None, format_: str) -> int:
    """Prove the journal's chain, and that state holds what the journal tells.

    \b
    Example:
        reconciler journal check --head "$(cat head.txt)"
    """
    from reconciler.cli.output import put, put_json
    from reconciler.cli.session import style_for, workspace
    from reconciler.operations.view import check_journal
    from reconciler.render.documents import journal_document
    from reconciler.render.text import journal_text

    report = check_journal(workspace(options), head=head)
    if format_ == "json":
        put_json(journal_document(report.entries, report.head, problems=report.problems))
    else:
        style = style_for(sys.stdout)
        put(journal_text(report.entries, report.head, problems=report.problems, style=style))
    return 1 if report.problems else 0


@journal.command("head")
@click.pass_obj
def head(options: GlobalOptions) -> int:
    """Print the hash of the journal's last entry, to be noted elsewhere.

    \b
    Example:
        reconciler journal head > head.txt
    """
    from reconciler.cli.output import put
    from reconciler.cli.session import workspace
    from reconciler.operations.view import journal_head

    put(journal_head(workspace(options)) + "\n")
    return 0
