"""``reconciler plan`` and ``reconciler show``."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from reconciler.cli.options import format_option, plan_options

if TYPE_CHECKING:
    from reconciler.cli.session import GlobalOptions
    from reconciler.diagnostics import Location
    from reconciler.model.plan import SavedPlan
    from reconciler.model.verification.depths import Depth

_FORMATS = ("text", "json", "markdown", "html", "github")


@click.command()
@click.option("--out", metavar="FILE", help="Save the plan, for show and apply.")
@plan_options
@click.option("--detailed-exitcode", is_flag=True, help="Exit with 2 where changes are pending.")
@format_option(*_FORMATS)
@click.pass_obj
def plan(
    options: GlobalOptions,
    /,
    out: str | None,
    detailed_exitcode: bool,  # noqa: FBT001 - click hands flags in by name
    format_: str,
    **asked: Any,
) -> int:
    """Show what apply would change, verified against the real servers. State is only read.

    \b
    Examples:
        reconciler plan --out plan.json
        reconciler plan --depth offline --target 'sales-*'
        reconciler plan --format markdown > comment.md
    """
    from reconciler.cli.output import hint, say
    from reconciler.cli.progress import shown_progress
    from reconciler.cli.session import workspace
    from reconciler.operations.plan import PlanRequest
    from reconciler.operations.plan import plan as make_plan
    from reconciler.planfile import write_plan
    from reconciler.render.safe import safe
    from reconciler.rules.plan.finish import exit_code_of_plan

    place = workspace(options, operator=asked["operator"], trusts_project=asked["trust_project"])
    depth = cast("Depth", asked["depth"] or place.project.verification.depth.plan)
    with shown_progress() as progress:
        made = make_plan(place, PlanRequest(depth=depth, **requested(asked)), progress=progress)
    if out is not None and made.status != "invalid":
        write_plan(Path(out), made)
    put_plan(made, format_, options=options)
    if out is not None and made.status != "invalid" and format_ == "text":
        is_blocked = made.status == "blocked"
        how = "It is blocked, so it can be shown but not applied." if is_blocked else _how_to_apply(out)
        say(f"Saved as {safe(out)}. {how}")
    elif format_ == "text" and made.status == "ready":
        hint("To look at it again and record it:", _apply_command(asked))
    return exit_code_of_plan(made, is_detailed=detailed_exitcode)


def _how_to_apply(planfile: str) -> str:
    import shlex

    from reconciler.render.safe import safe

    return f"To apply exactly this plan:\n    reconciler apply {safe(shlex.quote(planfile))}"


def _apply_command(asked: dict[str, Any]) -> str:
    """Return the command that records what was planned: with the options that said what the plan covers."""
    words = ["reconciler", "apply"]
    for flag, name in (("--target", "targets"), ("--exclude", "excludes")):
        words += [word for value in asked[name] for word in (flag, value)]
    if asked["allow_deletes"] is not None:
        words += ["--allow-deletes", str(asked["allow_deletes"])]
    words += [flag for flag, name in _FLAGS_OF_BOTH if asked[name]]
    return shlex.join(words)


_FLAGS_OF_BOTH = (
    ("--hold-failing", "hold_failing"),
    ("--rotations", "rotations"),
    ("--trust-project", "trust_project"),
)


def requested(asked: dict[str, Any]) -> dict[str, Any]:
    """Return what the plan options ask for, as a plan request takes it."""
    return {
        "targets": asked["targets"],
        "excludes": asked["excludes"],
        "allow_deletes": asked["allow_deletes"],
        "holds_failing": asked["hold_failing"],
        "reads_all_secrets": asked["rotations"],
    }


@click.command()
@click.argument("planfile", metavar="PLANFILE")
@format_option(*_FORMATS)
@click.pass_obj
def show(options: GlobalOptions, planfile: str, format_: str) -> int:
    """Show a saved plan: as text, as a comment for a pull request, as a page, as annotations on GitHub.

    \b
    Examples:
        reconciler show plan.json
        reconciler show plan.json --format html > plan.html
    """
    from reconciler.planfile import read_plan

    put_plan(read_plan(Path(planfile)), format_, options=options)
    return 0


def put_plan(made: SavedPlan, format_: str, *, options: GlobalOptions | None = None, tells_errors: bool = True) -> None:
    """Write a plan to stdout and, where people read it, its problems to stderr.

    Errors are left out there where they are raised next. ``options`` say where the project is, whose manifests
    annotations point into.
    """
    from reconciler.cli.output import put, put_json, tell, tell_beside_checks
    from reconciler.render.json.documents import plan_document

    if format_ == "json":
        put_json(plan_document(made))
        return
    put(_rendered(made, format_, options))
    problems = [problem for problem in made.diagnostics if tells_errors or problem.severity != "error"]
    if format_ == "text":
        tell_beside_checks(problems)
    elif format_ != "github":
        tell(problems)


def _annotations(made: SavedPlan, options: GlobalOptions) -> str:
    from reconciler.cli.repository import folder_in_repository
    from reconciler.render.github import plan_annotations

    return plan_annotations(made, folder=folder_in_repository(options.project_dir), places=_places(options))


def _places(options: GlobalOptions) -> dict[str, Location]:
    """Return where each account is declared; nothing where a saved plan is shown away from its project."""
    from reconciler.cli.session import workspace
    from reconciler.errors import InvalidInput
    from reconciler.operations.accounts.edit import places_of_documents

    try:
        return places_of_documents(workspace(options, uses_state=False))
    except InvalidInput:
        return {}


def _rendered(made: SavedPlan, format_: str, options: GlobalOptions | None) -> str:
    import sys

    if format_ == "markdown":
        from reconciler.render.markdown import plan_comment

        return plan_comment(made)
    if format_ == "html":
        from reconciler.render.html import plan_page

        return plan_page(made)
    if format_ == "github" and options is not None:
        return _annotations(made, options)
    from reconciler.cli.session import style_for
    from reconciler.render.text import plan_text

    return plan_text(made, style=style_for(sys.stdout), pending=made.would_be_pending)
