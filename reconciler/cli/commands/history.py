"""``reconciler history`` and ``reconciler journal``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from reconciler.cli.app import CommandWithMore, Group
from reconciler.cli.completion import account_names
from reconciler.cli.moments import MOMENT
from reconciler.cli.options import accept_option, actor_option, format_option

if TYPE_CHECKING:
    from reconciler.cli.moments import Moment
    from reconciler.cli.session import GlobalOptions


@click.command("history", cls=CommandWithMore)
@click.argument("selectors", metavar="[SEL]...", nargs=-1, shell_complete=account_names)
@click.option(
    "--since", type=MOMENT, help="Only from then on: 2026-11-01, 2026-11-01T08:00, or 12h, 7d, 4w ago; in UTC."
)
@click.option("--until", type=MOMENT, help="Only up to then, in the same forms; a day as a whole.")
@click.option("--actor", metavar="WHO", help="Only what this one did; a name or a glob.")
@click.option("--revision", metavar="N", type=click.IntRange(min=1), help="This revision alone, with all its changes.")
@click.option("--limit", metavar="N", type=click.IntRange(min=1), help="Only the newest so many.")
@format_option("text", "table", "json", "csv")
@click.pass_obj
def history(
    options: GlobalOptions,
    /,
    *,
    selectors: tuple[str, ...],
    since: Moment | None,
    until: Moment | None,
    actor: str | None,
    revision: int | None,
    limit: int | None,
    format_: str,
) -> int:
    """See what was applied, by whom, from which commit, and what else was done to state; newest first.

    With accounts, named or selected, it is what touched them, of each revision their changes alone. A commit with
    uncommitted changes is not all of what was applied.

    Decisions of the platform, suspensions, changes of status that verification found, sends, and care of the state
    stand among the revisions; ways round that an apply took stand with its revision. As a table, a line each; as CSV,
    the revisions alone.

    \b
    Examples:
        reconciler history
        reconciler history sales-pl
        reconciler history --since 7d --actor "*@example.com"
        reconciler history --revision 7
        reconciler history --format table
        reconciler history restore 7 --to restored
    """
    from reconciler.cli.output import hint, put, put_pieces
    from reconciler.cli.session import style_for, workspace
    from reconciler.operations.journal.history import history as read_history
    from reconciler.rules.journal.choose import Period

    place = workspace(options, needs_project=False)
    now = place.now()
    period = Period(
        since=since.begins(now) if since is not None else None,
        until=until.ends(now) if until is not None else None,
        actor=actor,
        revision=revision,
        limit=limit,
    )
    if period.since is not None and period.until is not None and period.since > period.until:
        raise click.UsageError("--since is later than --until, so nothing can lie between them. Swap the two.")
    found = read_history(
        place, selectors, period, in_short=format_ != "json", tells_changes=format_ not in {"table", "csv"}
    )
    if format_ == "json":
        from reconciler.render.json.history import history_document

        put_pieces(history_document(found.revisions, events=found.events))
    elif format_ == "csv":
        from reconciler.render.csv import history_csv

        put(history_csv(found.revisions))
    else:
        from reconciler.render.text import history_table, history_text
        from reconciler.render.text.history import NOTHING_APPLIED

        told = history_table if format_ == "table" else history_text
        # What is recorded may lie outside of what was asked for: that nothing was applied is told of all of it alone.
        nothing = NOTHING_APPLIED if period == Period() else "Nothing in the history is what these options ask for."
        put(told(found.revisions, events=found.events, style=style_for(sys.stdout), nothing=nothing))
        if not found.revisions and not selectors and period == Period():
            hint("To see what an apply would record:", "reconciler plan")
    return 0


@history.command("restore")
@click.argument("number", metavar="REVISION", type=click.IntRange(min=0))
@click.argument("selectors", metavar="[SEL]...", nargs=-1, shell_complete=account_names)
@click.option("--to", "out", metavar="DIR", required=True, help="Write the manifests into this folder, over nothing.")
@format_option("text", "json")
@click.pass_obj
def restore(options: GlobalOptions, number: int, selectors: tuple[str, ...], out: str, format_: str) -> int:
    """Write the manifests of what was recorded at a revision; state stays as it is.

    Planned against a state at that revision they change nothing. Put in the place of today's they bring back what was:
    the plan shows it, and apply records it as a new revision. Each account has its server's settings in it.

    \b
    Examples:
        reconciler history restore 7 --to restored
        reconciler history restore 7 'sales-*' --to restored
    """
    from pathlib import Path

    from reconciler.cli.output import put, put_json, tell
    from reconciler.cli.session import style_for, workspace
    from reconciler.diagnostics import several
    from reconciler.operations.adoption.export import write_files
    from reconciler.operations.journal.past import past_manifests
    from reconciler.render.text.state import care_document, sentences_text

    files, told = past_manifests(workspace(options), number, selectors)
    write_files(Path(out), files)
    if format_ == "json":
        put_json(care_document({"revision": number, "files": sorted(files)}, diagnostics=told))
    else:
        sentence = f"Wrote {several(len(files), 'file')} as of revision {number} into {out}."
        put(sentences_text([sentence], style=style_for(sys.stdout)))
        tell(told)
    return 0


@click.group(cls=Group)
def journal() -> None:
    """Check that nothing in the journal was altered; erase personal data from its past.

    \b
    Examples:
        reconciler journal head > head.txt
        reconciler journal check --head "$(cat head.txt)"
    """


def _noted(head: str) -> str:
    """Return the hash that was noted; raise ``UsageError`` for what is none, which says nothing of the journal."""
    import re

    found = re.fullmatch(r"(?:sha256:)?([0-9a-f]{64})", head.strip())
    if found is None:
        raise click.UsageError(
            f"--head takes a hash as journal head prints it, sha256: and 64 hexadecimal digits; not {head[:80]}"
        )
    return f"sha256:{found[1]}"


@journal.command("check")
@click.option("--head", metavar="HASH", help="A hash that was noted earlier; finds a journal that was cut short.")
@format_option("text", "json")
@click.pass_obj
def check(options: GlobalOptions, head: str | None, format_: str) -> int:
    """Prove the journal's chain, that state holds what the journal tells, and that the database guards it as it was made to.

    \b
    Examples:
        reconciler journal check --head "$(cat head.txt)"
    """
    from reconciler.cli.output import put, put_json, tell
    from reconciler.cli.session import style_for, workspace
    from reconciler.operations.journal.history import check_journal, guards_altered
    from reconciler.render.json.documents import journal_document
    from reconciler.render.text import journal_text

    noted = _noted(head) if head is not None else None
    report = check_journal(workspace(options, needs_project=False), head=noted)
    remark = guards_altered(report.unguarded)
    told = (remark,) if remark is not None else ()
    if format_ == "json":
        put_json(
            journal_document(
                report.entries,
                report.head,
                problems=report.problems,
                redacted=report.redacted,
                unguarded=report.unguarded,
                diagnostics=told,
            )
        )
    else:
        style = style_for(sys.stdout)
        text = journal_text(
            report.entries, report.head, problems=report.problems, redacted=report.redacted, style=style
        )
        put(text)
        tell(told)
    return 1 if report.problems or report.unguarded else 0


@journal.command("head")
@format_option("text", "json")
@click.pass_obj
def head(options: GlobalOptions, format_: str) -> int:
    """Print the hash of the journal's last entry, to be noted elsewhere.

    \b
    Examples:
        reconciler journal head > head.txt
    """
    from reconciler.cli.output import put, put_json
    from reconciler.cli.session import workspace
    from reconciler.operations.journal.history import journal_head
    from reconciler.render.safe import guard_line_starts, safe
    from reconciler.render.text.state import care_document

    found = journal_head(workspace(options, needs_project=False))
    if format_ == "json":
        put_json(care_document({"head": found}))
    else:
        put(guard_line_starts(safe(found)) + "\n")
    return 0


@journal.command("redact")
@click.argument("name")
@click.option("--reason", metavar="TEXT", help="Why; kept in the journal.")
@click.option("--past-only", is_flag=True, help="The account is still recorded and stays so; erase its past alone.")
@accept_option
@actor_option("erases")
@format_option("text", "json")
@click.pass_obj
def redact(
    options: GlobalOptions,
    /,
    name: str,
    *,
    reason: str | None,
    past_only: bool,
    accepted: dict[str, str],
    actor: str | None,
    format_: str,
) -> int:
    """Erase an account's personal data from the journal's payloads and from past revisions; the chain still holds.

    E-mail, display name, reply-to, title, owner, annotations, user names and reasons go, also of its earlier names.
    Names, servers, times, statuses and actors stay. An account that is still recorded is refused, unless only its past
    is meant. Backups made before still hold everything.

    \b
    Examples:
        reconciler journal redact sales-pl --reason "Asked for by the person."
        reconciler journal redact sales-pl --past-only
    """
    from reconciler.cli.output import put, put_json, tell
    from reconciler.cli.session import style_for, workspace
    from reconciler.diagnostics import several
    from reconciler.operations.journal.redact import RedactOrder
    from reconciler.operations.journal.redact import redact as erase
    from reconciler.provenance import find_actor
    from reconciler.render.text.state import care_document, sentences_text

    place = workspace(options)
    who = find_actor(actor, environ=place.environ)
    done = erase(place, RedactOrder(name=name, actor=who, reason=reason, past_only=past_only, accepted=accepted))
    if format_ == "json":
        facts = {
            "name": done.name,
            "names": list(done.names),
            "payloads": done.payloads,
            "revisions": done.revisions,
            "routes": done.routes,
            "entry": done.entry,
        }
        put_json(care_document(facts, diagnostics=done.diagnostics))
        return 0
    if done.entry is None:
        put(sentences_text([f"Nothing of {name} is left to erase."], style=style_for(sys.stdout)))
    else:
        said = (
            f"Erased the personal data of {name} from {several(done.payloads, 'payload')} of the journal, "
            f"{several(done.revisions, 'revision')} and {several(done.routes, 'route')}, as entry {done.entry} of the "
            "journal tells."
        )
        advice = (
            "What was written before still holds them: backups, copies that restore and migrate kept, manifests in git, saved "
            "plans and exports, results of sending, a report until it is written again, and of a database server its log, "
            "standbys and backups."
        )
        put(sentences_text([said, advice], style=style_for(sys.stdout)))
    tell(done.diagnostics)
    return 0
