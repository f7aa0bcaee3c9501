"""``reconciler resolve``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from reconciler.cli.completion import account_names
from reconciler.cli.options import format_option

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reconciler.cli.session import GlobalOptions
    from reconciler.operations.send.resolve import Resolving


@click.command()
@click.argument("name", metavar="SEL", shell_complete=account_names)
@click.option(
    "--contacts",
    metavar="FILE",
    required=True,
    help="CSV with a header (email, name, and a column for each detail) or JSON lines; - reads standard input.",
)
@format_option("text", "json", "jsonl", "csv")
@click.pass_obj
def resolve(options: GlobalOptions, name: str, contacts: str, format_: str) -> int:
    """Show who each contact would see as From, To and Reply-To, and why.

    The account, by its name or a selector that means one, is taken as it is recorded; neither secrets nor a network are needed, and nothing is sent. A line of
    the file that cannot be read is told and does not stop the rest; the exit code is then 1. Contacts that would be
    skipped are no error.

    \b
    Examples:
        reconciler resolve newsletter --contacts contacts.csv
        reconciler resolve newsletter --contacts all.csv --format csv > who.csv
    """
    import shlex

    from reconciler.cli.output import hint, tell
    from reconciler.cli.session import workspace
    from reconciler.contacts import open_contacts
    from reconciler.operations.accounts.select import one_account
    from reconciler.operations.send.resolve import resolve_contacts

    place = workspace(options)
    name = one_account(place, name)
    file = "standard input" if contacts == "-" else contacts
    with open_contacts(contacts, stdin=sys.stdin.buffer) as entries:
        resolving = resolve_contacts(place, name, contacts=entries, file=file)
        for piece in _pieces(resolving, format_):
            sys.stdout.write(piece)
        sys.stdout.flush()
    _count(resolving, format_)
    problems = resolving.diagnostics()
    if format_ != "json":
        tell(problems)
    if format_ == "text" and contacts != "-":
        words = ["reconciler", "send", name, "--contacts", contacts, "--message", "FILE.eml", "--dry-run", "out"]
        hint("To see the messages as they would go out; nothing is sent:", shlex.join(words))
    return 1 if any(problem.severity == "error" for problem in problems) else 0


def _pieces(resolving: Resolving, format_: str) -> Iterator[str]:
    from reconciler.cli.session import style_for
    from reconciler.render import csv
    from reconciler.render.json import resolution
    from reconciler.render.text import resolutions_text

    if format_ == "json":
        return resolution.resolutions_document(
            resolving.account.name,
            resolving.resolutions,
            summary=lambda: resolving.tally.summary,
            diagnostics=resolving.diagnostics,
        )
    if format_ == "jsonl":
        return resolution.resolutions_lines(resolving.resolutions)
    if format_ == "csv":
        return csv.resolutions_csv(resolving.resolutions)
    return resolutions_text(resolving.resolutions, style=style_for(sys.stdout))


def _count(resolving: Resolving, format_: str) -> None:
    """Write the counts: after the text to stdout, beside lines for programs to stderr; a document holds them."""
    from reconciler.cli.output import put, say
    from reconciler.cli.session import style_for
    from reconciler.render.text import resolution_summary_text

    if format_ == "text":
        put(resolution_summary_text(resolving.tally.summary, style=style_for(sys.stdout)))
    elif format_ != "json":
        say(resolution_summary_text(resolving.tally.summary, style=style_for(sys.stderr)).rstrip("\n"))
