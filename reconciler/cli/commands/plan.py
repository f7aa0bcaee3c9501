"""``reconciler plan`` and ``reconciler show``."""

from __future__ import annotations

import os
import shlex
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reconciler.cli.app import CommandWithMore
from reconciler.cli.log import log_options
from reconciler.cli.named import STANDARD
from reconciler.cli.options import (
    asking,
    format_option,
    operator_option,
    plan_options,
    shard_option,
    trust_option,
    view_options,
)
from reconciler.cli.plans import FORMATS, Shown, put_for_people, put_plan

if TYPE_CHECKING:
    from reconciler.cli.options import PlanOptions, ViewOptions
    from reconciler.cli.session import GlobalOptions
    from reconciler.model.plan import SavedPlan
    from reconciler.model.verification.depths import Depth
    from reconciler.operations.drafts.request import PlanRequest
    from reconciler.operations.drafts.unchanged import Recall
    from reconciler.operations.workspace import Workspace
    from reconciler.plancache import KeptRemarks
    from reconciler.render.text.plan import View
    from reconciler.rules.plan.shards import Shard


@click.command("plan", cls=CommandWithMore)
@click.option("--out", metavar="FILE", help="Save the plan, for show and apply.")
@plan_options
@shard_option("Verify the changes of this part of the hosts alone, for plan merge; --out saves the part.")
@click.option(
    "--reference",
    metavar="URL",
    help="The pull request that the comment (--format markdown) is for: it gets a hidden line, sealed, by which apply "
    "--reviewed takes the comment in the place of the plan's file.",
)
@click.option("--detailed-exitcode", is_flag=True, help="Exit with 2 where changes are pending, or a consumer differs.")
@view_options
@log_options
@format_option(*FORMATS)
@click.pass_obj
def plan(
    options: GlobalOptions,
    /,
    out: str | None,
    detailed_exitcode: bool,  # noqa: FBT001 - click hands flags in by name
    reference: str | None,
    shard: Shard | None,
    format_: str,
    asked: PlanOptions,
    viewing: ViewOptions,
) -> int:
    """Show what apply would change, verified against the real servers. State is only read.

    \b
    Examples:
        reconciler plan --out plan.json
        reconciler plan --depth offline --target 'sales-*'
        reconciler plan --format markdown > comment.md
        reconciler plan --format markdown --reference "$PULL_REQUEST" > comment.md
        reconciler plan --shard 3/10 --out part-3.plan
    """
    if out == STANDARD and format_ != "text":
        raise click.UsageError("--out - writes the plan's file to standard output; leave --format out, or name a file.")
    if reference is not None and (format_ != "markdown" or shard is not None):
        raise click.UsageError("--reference is for the comment of a whole plan: add --format markdown, and no --shard.")
    reference = _kept_whole(reference) if reference is not None else None
    recall = _last_plan(options, asked) if (format_, out, shard) == ("text", None, None) else None
    if recall is not None and (kept := recall.remarks(os.environ)) is not None:
        _tell_again(kept, viewing, options)
        return 0
    from reconciler.cli.progress import shown_progress
    from reconciler.cli.rubbish import without_looks_for_rubbish
    from reconciler.cli.session import workspace
    from reconciler.operations.plan import plan as make_plan
    from reconciler.rules.plan.finish import exit_code_of_plan

    place = workspace(options, operator=asked.operator, trusts_project=asked.trust_project)
    request = requested(asked, asked.depth or place.project.verification.depth.plan)
    if request.depth == "offline":
        click.get_current_context().with_resource(without_looks_for_rubbish())
    with shown_progress() as progress:
        is_kept = out is not None or format_ != "text"
        made = make_plan(place, replace(request, shard=shard, is_kept=is_kept), progress=progress, recall=recall)
    if out == STANDARD:
        return _put_plan_alone(made, is_detailed=detailed_exitcode, view=viewing.view)
    review = _save(made, place, out=out, reference=reference) if made.status != "invalid" else None
    shown = Shown(view=viewing.view or "grouped", has_pager=not viewing.no_pager, planfile=out, review=review)
    put_plan(made, format_, options=options, shown=shown)
    if format_ == "text":
        _tell_next(made, asked, out=out, is_part=shard is not None)
    return exit_code_of_plan(made, is_detailed=detailed_exitcode)


def _kept_whole(reference: str) -> str:
    """Return a reference as the journal keeps it, which is how apply knows that a comment has served.

    Raises ``UsageError`` for one that is empty, or that the journal would not keep whole.
    """
    from reconciler.provenance import clean_reference

    kept = clean_reference(reference)
    if kept is None or kept != reference.strip():
        raise click.UsageError(
            "--reference takes the address of the pull request: one line of at most 200 characters that can all be seen."
        )
    return kept


def _save(made: SavedPlan, place: Workspace, *, out: str | None, reference: str | None) -> str | None:
    """Save a plan where it is to be saved; return the line by which apply takes its comment, where that is for a request."""
    if out is not None:
        from reconciler.planfile import write_plan

        write_plan(Path(out), made)
    if reference is None:
        return None
    from reconciler.operations.seals import sealed_review
    from reconciler.planfile import review_line

    return review_line(sealed_review(place, made, reference=reference))


def _last_plan(options: GlobalOptions, asked: PlanOptions) -> Recall | None:
    """Return the look at the last plan that was asked the same; None where the project has to be opened for it."""
    from reconciler.cli.session import place_at_a_glance
    from reconciler.operations.drafts.unchanged import recall_at_a_glance

    found = place_at_a_glance(options, operator=asked.operator, trusts_project=asked.trust_project)
    if found is None:
        return None
    place, depth = found
    kept_as = requested(asked, asked.depth or depth).kept_as
    return recall_at_a_glance(place, kept_as, os.environ) if kept_as is not None else None


def _tell_again(kept: KeptRemarks, viewing: ViewOptions, options: GlobalOptions) -> None:
    """Tell what the last plan told people."""
    from reconciler.cli.session import tell_place
    from reconciler.render.text.nochanges import no_changes

    tell_place(options)
    shown = Shown(view=viewing.view or "grouped", has_pager=not viewing.no_pager)
    put_for_people(f"{no_changes(kept.unchanged)}\n", kept.diagnostics, shown)


def _tell_next(made: SavedPlan, asked: PlanOptions, *, out: str | None, is_part: bool) -> None:
    """Say where a plan was saved, and which command usually comes after it."""
    from reconciler.cli.output import hint, say
    from reconciler.render.safe import safe

    if out is not None and made.status != "invalid":
        if is_part:
            how = "It is a part, for plan merge."
        elif made.status == "blocked":
            how = "It is blocked, so it can be shown but not applied."
        else:
            how = f"To apply exactly this plan:\n    reconciler apply {safe(shlex.quote(out))}"
        say(f"Saved as {safe(out)}. {how}")
    elif made.status == "ready":
        hint("To look at it again and record it:", _command("apply", asked))
    if made.status in {"blocked", "invalid"}:
        hint("Once that is mended:", _command("plan", asked, *(("--out", out) if out is not None else ())))


def _put_plan_alone(made: SavedPlan, *, is_detailed: bool, view: View | None) -> int:
    """Write the plan's file to stdout, and what there is to see of it to stderr."""
    from reconciler.cli.named import put_octets
    from reconciler.cli.output import say, tell
    from reconciler.cli.session import style_for
    from reconciler.planfile import packed
    from reconciler.render.text import plan_text
    from reconciler.rules.plan.finish import exit_code_of_plan

    if made.status != "invalid":
        put_octets(packed(made))
    say(plan_text(made, style=style_for(sys.stderr), view=view or "grouped").rstrip("\n"))
    tell(made.diagnostics)
    return exit_code_of_plan(made, is_detailed=is_detailed)


@plan.command("merge")
@click.argument("files", metavar="PART...", nargs=-1, required=True)
@click.option("--out", metavar="FILE", required=True, help="Save the whole plan, for show and apply.")
@trust_option
@operator_option
@click.option("--detailed-exitcode", is_flag=True, help="Exit with 2 where changes are pending, or a consumer differs.")
@view_options
@format_option(*FORMATS)
@click.pass_obj
def merge(
    options: GlobalOptions,
    /,
    files: tuple[str, ...],
    out: str,
    detailed_exitcode: bool,  # noqa: FBT001 - click hands flags in by name
    trust_project: bool,  # noqa: FBT001 - the same
    operator: str | None,
    format_: str,
    viewing: ViewOptions,
) -> int:
    """Make one plan of the parts that plan --shard saved. Nobody is contacted; what they verified is taken.

    Every part must be there once, sealed with the key here, and made of the same manifests, state and key by this
    version. The plan is the one that a run without parts would have made, with the same changesDigest.

    \b
    Examples:
        reconciler plan merge part-*.plan --out all.plan
    """
    from reconciler.cli.output import say
    from reconciler.cli.progress import shown_progress
    from reconciler.cli.session import workspace
    from reconciler.operations.plan import merge as merge_parts
    from reconciler.planfile import write_plan
    from reconciler.render.safe import safe
    from reconciler.rules.plan.finish import exit_code_of_plan

    if len(set(files)) != len(files):
        raise click.UsageError("A part is named twice.")
    place = workspace(options, operator=operator, trusts_project=trust_project)
    with shown_progress() as progress:
        made = merge_parts(place, files, progress=progress)
    if made.status != "invalid":
        write_plan(Path(out), made)
    put_plan(made, format_, options=options, shown=Shown(view=viewing.view or "grouped", planfile=out))
    if made.status != "invalid" and format_ == "text":
        say(f"Saved as {safe(out)}.")
    return exit_code_of_plan(made, is_detailed=detailed_exitcode)


def _command(verb: str, asked: PlanOptions, *more: str) -> str:
    """Return the command that plans again or applies, with the options that the plan was made with."""
    words = ["reconciler", verb, *more]
    for flag, selectors in (("--target", asked.targets), ("--exclude", asked.excludes)):
        words += [word for selector in selectors for word in (flag, selector)]
    if asked.allow_deletes is not None:
        words += ["--allow-deletes", str(asked.allow_deletes)]
    words += ["--hold-failing"] if asked.hold_failing else []
    words += ["--rotations"] if asked.rotations else []
    words += ["--trust-project"] if asked.trust_project else []
    return shlex.join(words)


def requested(asked: PlanOptions, depth: Depth) -> PlanRequest:
    """Return the request for a plan that verifies to a depth."""
    from reconciler.operations.drafts.request import PlanRequest

    return PlanRequest(
        depth=depth,
        targets=asked.targets,
        excludes=asked.excludes,
        allow_deletes=asked.allow_deletes,
        holds_failing=asked.hold_failing,
        reads_all_secrets=asked.rotations,
        ask=asking(asked.asks_secrets),
    )


@click.command()
@click.argument("planfile", metavar="PLANFILE")
@view_options
@format_option(*FORMATS)
@click.pass_obj
def show(options: GlobalOptions, /, planfile: str, format_: str, viewing: ViewOptions) -> int:
    """Show a saved plan: as text, as a comment for a pull request, as a page, as annotations on GitHub.

    \b
    Examples:
        reconciler show plan.json
        reconciler show plan.json --full
        reconciler show plan.json --format html > plan.html
    """
    from reconciler.cli.named import saved_plan
    from reconciler.cli.output import hint

    shown = Shown(view=viewing.view or "grouped", has_pager=not viewing.no_pager, planfile=planfile)
    made = saved_plan(planfile)
    put_plan(made, format_, options=options, shown=shown)
    if format_ == "text" and made.status == "ready" and planfile != STANDARD:
        hint("To apply exactly this plan:", shlex.join(["reconciler", "apply", planfile]))
    return 0
