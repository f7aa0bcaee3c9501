"""A plan as it is put out: for people with its problems beside it, for programs in the form that was asked for."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from reconciler.classes import FrozenByName

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reconciler.cli.session import GlobalOptions
    from reconciler.diagnostics import Diagnostic, Location
    from reconciler.model.plan import SavedPlan
    from reconciler.render.links import Links
    from reconciler.render.text.plan import View

FORMATS = ("text", "json", "markdown", "html", "github", "sarif", "codequality", "junit")
"""The forms of a plan, as ``--format`` has them."""
_FOR_PROGRAMS = frozenset({"github", "sarif", "codequality", "junit"})


class Shown(FrozenByName):
    """How a plan is shown as text."""

    view: View = "grouped"
    has_pager: bool = True
    planfile: str | None = None
    """Where the plan was saved; None: nowhere."""
    review: str | None = None
    """The line by which apply takes the comment in the place of a plan file; None: it does not."""
    tells_errors: bool = True
    """Whether errors are told; otherwise they are left to the caller, who raises them next."""


def put_plan(made: SavedPlan, format_: str, *, options: GlobalOptions | None = None, shown: Shown) -> bool:
    """Write a plan to stdout and, in the forms for people, its problems to stderr; return whether a pager had both.

    ``options`` name the project, into whose manifests annotations point.
    """
    from reconciler.cli.output import put, put_json, tell

    if format_ == "json":
        from reconciler.render.json.documents import plan_document

        put_json(plan_document(made))
        return False
    text = _rendered(made, format_, options, shown)
    problems = [problem for problem in made.diagnostics if shown.tells_errors or problem.severity != "error"]
    if format_ == "text":
        return put_for_people(text, problems, shown)
    put(text)
    if format_ not in _FOR_PROGRAMS:
        tell(problems, is_full=shown.view == "full")
    return False


def put_for_people(text: str, problems: Iterable[Diagnostic], shown: Shown) -> bool:
    """Write a plan as text, and its problems beside it; return whether a pager had both.

    On a terminal nobody can tell the two streams apart, so the pager shows them together.
    """
    from reconciler.cli.output import problems_beside_checks, put, tell
    from reconciler.cli.session import somebody_looks

    beside, is_full = problems_beside_checks(problems), shown.view == "full"
    if shown.has_pager and somebody_looks():
        from reconciler.cli.pager import put_paged
        from reconciler.cli.session import style_for
        from reconciler.render.text import diagnostics_text

        return put_paged(f"{text}{diagnostics_text(beside, style=style_for(sys.stderr), is_full=is_full)}")
    put(text)
    tell(beside, is_full=is_full)
    return False


def _places(options: GlobalOptions) -> dict[str, Location]:
    """Return the place of each account's document; empty where a saved plan is shown away from its project."""
    from reconciler.cli.session import workspace
    from reconciler.errors import InvalidInput
    from reconciler.operations.accounts.edit import places_of_documents

    try:
        return places_of_documents(workspace(options, uses_state=False))
    except InvalidInput:
        return {}


def _links(options: GlobalOptions | None) -> Links:
    """Return the addresses that the CI system tells; none where there is none."""
    from reconciler.cli.session import folder_in_repository
    from reconciler.render.links import NO_LINKS, links_of

    if options is None:
        return NO_LINKS
    return links_of(os.environ, folder=folder_in_repository(options.project_dir), places=_places(options))


def _for_programs(made: SavedPlan, format_: str, options: GlobalOptions) -> str:
    """Return a plan's problems in the form of a code host or of a CI system, each at its line."""
    from reconciler.cli.session import folder_in_repository
    from reconciler.render import findings, github
    from reconciler.render.json.documents import to_json
    from reconciler.render.junit import plan_report

    folder, places = folder_in_repository(options.project_dir), _places(options)
    if format_ == "github":
        return github.plan_annotations(made, folder=folder, places=places)
    if format_ == "junit":
        return plan_report(made)
    problems = github.at_manifests(made, places)
    if format_ == "sarif":
        return to_json(findings.sarif_log(problems, folder=folder))
    return to_json(findings.code_quality_report(problems, folder=folder))


def _rendered(made: SavedPlan, format_: str, options: GlobalOptions | None, shown: Shown) -> str:
    if format_ == "markdown":
        from reconciler.render.markdown import plan_comment

        return plan_comment(made, _links(options), hidden=shown.review)
    if format_ == "html":
        from reconciler.render.html import plan_page

        return plan_page(made, _links(options))
    if format_ in _FOR_PROGRAMS and options is not None:
        return _for_programs(made, format_, options)
    from reconciler.cli.session import style_for
    from reconciler.render.text import plan_text

    return plan_text(made, style=style_for(sys.stdout), view=shown.view, planfile=shown.planfile)
