"""``reconciler diff``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from reconciler.cli.options import format_option

if TYPE_CHECKING:
    from reconciler.cli.session import GlobalOptions
    from reconciler.diagnostics import Diagnostic
    from reconciler.model.comparison import Leaves, Side

_DIFFER = 2


@click.command("diff")
@click.argument("first", metavar="A")
@click.argument("second", metavar="B")
@click.option("--detailed-exitcode", is_flag=True, help="Exit with 2 where something differs.")
@format_option("text", "json")
@click.pass_obj
def diff(options: GlobalOptions, /, *, first: str, second: str, detailed_exitcode: bool, format_: str) -> int:
    """Compare two saved plans, or what was recorded at two revisions.

    Of plans it tells which accounts they concern, what they do to them, and how that was verified; of revisions, named
    by their numbers, which accounts there were and what they said, 0 being before the first. What is alike is counted. A
    - reads a plan from standard input.

    \b
    Examples:
        reconciler diff reviewed.plan now.plan
        reconciler diff first.plan second.plan --format json
        reconciler diff 6 7
    """
    import sys

    from reconciler.cli.output import put, put_json, tell
    from reconciler.cli.session import style_for
    from reconciler.render.json.documents import comparison_document
    from reconciler.render.text.comparison import comparison_text
    from reconciler.rules.plan.compare import compare

    if first == second == "-":
        raise click.UsageError("Standard input is one plan; name a file for the other.")
    if _is_revision(first) != _is_revision(second):
        raise click.UsageError("A plan is compared with a plan, and a revision, named by its number, with a revision.")
    (before, had), (after, has) = _side(first, options), _side(second, options)
    compared = compare(before, after, had, has)
    notes: list[Diagnostic] = []
    if before.source == "revision":
        from reconciler.operations.journal.past import untold_differences

        notes = untold_differences(had, has)
    if format_ == "json":
        put_json(comparison_document(compared, notes))
    else:
        put(comparison_text(compared, style=style_for(sys.stdout)))
        tell(notes)
    return _DIFFER if detailed_exitcode and compared.differences else 0


def _is_revision(word: str) -> bool:
    """Tell whether a word is the number of a revision; a plan in a file of such a name is ./7."""
    return word.isascii() and word.isdecimal()


def _side(word: str, options: GlobalOptions) -> tuple[Side, dict[str, Leaves]]:
    """Return what a word of the command line names, with its accounts."""
    from reconciler.cli.named import saved_plan
    from reconciler.cli.session import workspace
    from reconciler.operations.journal.past import side_of_revision
    from reconciler.rules.plan.compare import leaves_of_plan, side_of_plan

    if _is_revision(word):
        return side_of_revision(workspace(options, needs_project=False), int(word))
    made = saved_plan(word)
    return side_of_plan(made, Path(word).name), leaves_of_plan(made)
