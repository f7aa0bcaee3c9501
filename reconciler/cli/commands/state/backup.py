"""``reconciler state backup`` and ``restore``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from reconciler.cli.named import STANDARD, input_file, output_file
from reconciler.cli.options import actor_option, format_option

if TYPE_CHECKING:
    from reconciler.cli.session import GlobalOptions
    from reconciler.store import Restored


@click.command()
@click.argument("file", metavar="FILE")
@click.option("--force", is_flag=True, help="Replace a file that is there already.")
@format_option("text", "json")
@click.pass_obj
def backup(options: GlobalOptions, file: str, *, force: bool, format_: str) -> int:
    """Write a copy of the state to a file, consistent while others write, and read it back.

    The copy is for its owner alone. The key of fingerprints is not in it; keep that apart. Where the journal in the
    copy does not hold, the copy is written all the same and the exit code is 1.

    \b
    Examples:
        reconciler state backup /srv/backups/mail-2026-09-01.db
        reconciler state backup - | age -r age1example > mail.db.age
    """
    import shlex

    from reconciler.cli.output import hint, put, put_json, say, tell
    from reconciler.cli.session import style_for, workspace
    from reconciler.diagnostics import several
    from reconciler.operations.state.backup import back_up
    from reconciler.render.text.state import care_document, sentences_text

    if file == STANDARD and format_ == "json":
        raise click.UsageError("- writes the copy to standard output; leave --format out, or name a file.")
    with output_file(file) as target:
        copy, problems = back_up(workspace(options), target, replaces=force)
    entries = several(copy.journal.entries, "entry", "entries")
    if file == STANDARD:
        say(f"The copy has revision {copy.serial}, {entries} in the journal, head {copy.journal.head}")
        tell(problems)
    elif format_ == "json":
        facts = {
            "file": str(copy.path),
            "lineage": copy.lineage,
            "revision": copy.serial,
            "entries": copy.journal.entries,
            "head": copy.journal.head,
        }
        put_json(care_document(facts, diagnostics=problems))
    else:
        said = f"Wrote {copy.path}: revision {copy.serial}, {entries} in the journal; read back."
        put(sentences_text([said, f"head  {copy.journal.head}"], style=style_for(sys.stdout)))
        tell(problems)
        hint("To put it back:", shlex.join(["reconciler", "state", "restore", file]))
    return 1 if problems else 0


@click.command()
@click.argument("file", metavar="FILE")
@click.option("--allow-older", is_flag=True, help="Go back: give up what was recorded since the backup.")
@click.option("--force", is_flag=True, help="Replace a state of another origin, or one that cannot be read.")
@actor_option("restores")
@format_option("text", "json")
@click.pass_obj
def restore(
    options: GlobalOptions,
    /,
    file: str,
    *,
    allow_older: bool,
    force: bool,
    actor: str | None,
    format_: str,
) -> int:
    """Put a backup in the place of this project's state; other projects in the database stay as they are.

    The backup must be whole, its journal must hold, and it must be of this project. What is replaced is kept beside
    the state. A backup that is older than the state, or of another origin, is refused (exit code 4) unless told. The
    journal tells of the restore, and of what it gave up.

    \b
    Examples:
        reconciler state restore /srv/backups/mail-2026-09-01.db
        reconciler state restore /srv/backups/mail-2026-09-01.db --allow-older
    """
    from reconciler.cli.output import hint, put, put_json, tell
    from reconciler.cli.session import style_for, workspace
    from reconciler.operations.state.backup import RestoreRequest
    from reconciler.operations.state.backup import restore as restore_state
    from reconciler.provenance import find_actor
    from reconciler.render.text.state import care_document, sentences_text

    place = workspace(options)
    with input_file(file, "a backup") as source:
        request = RestoreRequest(
            source=source,
            actor=find_actor(actor, environ=place.environ),
            replaces_foreign=force,
            goes_back=allow_older,
        )
        restored, remarks = restore_state(place, request)
    if format_ == "json":
        facts = {
            "lineage": restored.lineage,
            "revision": restored.serial,
            "replaced": str(restored.replaced) if restored.replaced is not None else None,
            "lostEntries": restored.lost_entries,
        }
        put_json(care_document(facts, diagnostics=remarks))
    else:
        put(sentences_text(_sentences(restored), style=style_for(sys.stdout)))
        tell(remarks)
        hint("To see what would change against it:", "reconciler plan")
    return 0


def _sentences(restored: Restored) -> list[str]:
    said = [f"Restored the state {restored.lineage} as of revision {restored.serial}."]
    if restored.lost_entries:
        count = restored.lost_entries
        said.append(
            f"{count} entr{'y' if count == 1 else 'ies'} of the journal that followed {'was' if count == 1 else 'were'} given up."
        )
    if restored.replaced is not None:
        said += ["What was replaced is kept in", f"    {restored.replaced}"]
    return said
