"""``reconciler apply``."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from reconciler.classes import FrozenByName
from reconciler.cli.commands.consumers.publish import NOT_PUBLISHED, publish_recorded
from reconciler.cli.commands.plan import requested
from reconciler.cli.log import log_options
from reconciler.cli.options import (
    accept_option,
    asking,
    format_option,
    gathered,
    plan_options,
    reasons_of,
    view_options,
)
from reconciler.cli.plans import Shown, put_plan

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from reconciler.cli.options import PlanOptions, ViewOptions
    from reconciler.cli.session import GlobalOptions
    from reconciler.model.plan import Messages, SavedPlan
    from reconciler.operations.apply import Applied
    from reconciler.operations.consumers.publish import Published
    from reconciler.operations.drafts.request import PlanRequest
    from reconciler.operations.workspace import Workspace

_NOTHING_APPLIED = "Nothing was applied."


class ApplyOptions(FrozenByName):
    """What an apply goes by beside the plan."""

    auto_approve: bool
    reviewed: str | None
    overrides: tuple[str, ...]
    accepted: dict[str, str]
    actor: str | None
    reference: str | None

    @property
    def needs_no_answer(self) -> bool:
        """Whether nobody is asked."""
        return self.auto_approve or self.reviewed is not None


_apply_options = gathered(
    "order",
    ApplyOptions,
    click.option("--auto-approve", is_flag=True, help="Do not ask."),
    click.option(
        "--reviewed",
        metavar="FILE",
        help="Plan anew, and apply without a question unless there is a change that this plan did not show: a plan file, or "
        "the comment that plan --reference wrote.",
    ),
    click.option(
        "--override-verification",
        "overrides",
        metavar="NAME=REASON",
        multiple=True,
        help="Apply an account although it was not verified; it is recorded as unverified. Repeatable.",
    ),
    accept_option,
    click.option("--actor", metavar="WHO", help="Who applies; by default what CI says, then the login name."),
    click.option("--reference", metavar="URL", help="The pull request, for the journal."),
)


@click.command()
@click.argument("planfile", metavar="[PLANFILE]", required=False)
@_apply_options
@plan_options
@view_options
@log_options
@format_option("text", "json")
@click.pass_obj
def apply(
    options: GlobalOptions,
    /,
    planfile: str | None,
    format_: str,
    asked: PlanOptions,
    order: ApplyOptions,
    viewing: ViewOptions,
) -> int:
    """Record a plan: all of it in one transaction, or nothing.

    With a PLANFILE exactly that plan is applied. Without one a plan is made, shown, and applied after a question; with
    --reviewed it is applied where it holds nothing that the reviewed plan did not show. At its end what is recorded is
    published to the consumers of the project file; where that fails, it stays recorded, and the exit code is 6.

    \b
    Examples:
        reconciler apply plan.json --reference https://git.example.com/mail/pull/7
        reconciler apply --auto-approve
        reconciler apply --reviewed plan.json
        reconciler apply --reviewed comment.md --reference "$PULL_REQUEST"
    """
    from reconciler.cli.named import reviewed_plan, saved_plan
    from reconciler.cli.progress import shown_progress
    from reconciler.cli.session import workspace
    from reconciler.model.review import Review
    from reconciler.operations.apply import apply_plan
    from reconciler.operations.seals import require_current_review
    from reconciler.provenance import clean_reference, find_provenance
    from reconciler.rules.plan.policy import ApplyOrder

    _check_combination(planfile, asked, order)
    overrides = reasons_of("--override-verification", order.overrides)
    with _refusals_noted():
        made = saved_plan(planfile) if planfile is not None else None
        reviewed = reviewed_plan(order.reviewed) if order.reviewed is not None else None
        place = workspace(options, operator=asked.operator, trusts_project=asked.trust_project)
        depths = place.project.verification.depth
        if isinstance(reviewed, Review):
            require_current_review(place, reviewed, reference=clean_reference(order.reference))
        if made is None:
            request = replace(
                requested(asked, asked.depth or (depths.apply if order.needs_no_answer else depths.plan)),
                apply_depth=asked.depth,
                skips=frozenset(overrides),
                accepts_altered=frozenset(order.accepted),
                is_applied_at_once=order.needs_no_answer,
                reviewed=reviewed,
            )
            made = _plan_and_ask(place, request, viewing if format_ == "text" else None)
        provenance = find_provenance(place.root, environ=place.environ, actor=order.actor, reference=order.reference)
        meant = ApplyOrder(
            provenance=provenance,
            depth=asked.depth,
            overrides=overrides,
            accepted=order.accepted,
            holds_failing=asked.hold_failing,
            trusts_project=asked.trust_project,
            reviewed=reviewed,
        )
        with shown_progress() as progress:
            applied = apply_plan(made, place, meant, progress=progress, ask=asking(asked.asks_secrets))
    published = publish_recorded(place, provenance.actor, trusts_project=asked.trust_project)
    sent_before = () if planfile is not None else made.messages_sent
    _put_applied(applied, published, format_, sent_before=sent_before)
    return NOT_PUBLISHED if published.has_failed else 0


@contextlib.contextmanager
def _refusals_noted() -> Iterator[None]:
    """Add to a refusal that nothing was applied, unless its message says that already."""
    from reconciler.errors import GuardRefused, InvalidInput, PlanStale, VerificationFailed

    try:
        yield
    except (GuardRefused, InvalidInput, PlanStale, VerificationFailed) as refused:
        if not any(each.code == "planApplied" or _NOTHING_APPLIED in each.detail for each in refused.diagnostics):
            refused.add_note(_NOTHING_APPLIED)
        raise


def _check_combination(planfile: str | None, asked: PlanOptions, order: ApplyOptions) -> None:
    """Raise for options that would change what a saved plan says, and for a question that nobody can answer."""
    from reconciler.cli.session import is_interactive

    given = [flag for flag, said in (("--target", asked.targets), ("--exclude", asked.excludes)) if said]
    if asked.allow_deletes is not None:
        given.append("--allow-deletes")
    if planfile is not None and given:
        message = f"{', '.join(given)} would change what the saved plan says; apply runs exactly that plan. Plan again with it."
        raise click.UsageError(message)
    if planfile is not None and order.reviewed is not None:
        raise click.UsageError("PLANFILE is applied as it is; --reviewed is for a plan made anew. Give one of them.")
    if planfile is None and not order.needs_no_answer and not is_interactive():
        _decline("There is no terminal to ask on. Apply a saved plan, or add\n    --auto-approve")


def _decline(detail: str) -> None:
    from reconciler.diagnostics import error
    from reconciler.errors import Declined

    raise Declined(error("declined", detail))


def _plan_and_ask(place: Workspace, request: PlanRequest, viewing: ViewOptions | None) -> SavedPlan:
    """Make a plan and have somebody agree to it; a plan that cannot be applied is returned without a question.

    Without ``viewing`` it is not shown.
    """
    from reconciler.cli.progress import shown_progress
    from reconciler.operations.plan import plan as make_plan

    with shown_progress() as progress:
        made = make_plan(place, request, progress=progress)
    asks = not request.is_applied_at_once
    if viewing is not None:
        shown = Shown(view=viewing.view or "grouped", has_pager=not viewing.no_pager, tells_errors=False)
        if put_plan(made, "text", shown=shown) and asks:
            # The pager has scrolled the head away, and it is what the question is about.
            put_plan(made, "text", shown=Shown(view="compact", has_pager=False, tells_errors=False))
    may_be_asked = made.status == "ready" or (made.status == "blocked" and request.skips)
    if may_be_asked and asks:
        agreed = click.confirm(f"\n{_question(made)}", err=True)
        if not agreed:
            _decline(f"The question was answered with no. {_NOTHING_APPLIED}")
    return made


def _question(made: SavedPlan) -> str:
    """Return the question whether to record the changes, with the test messages that this sends before."""
    from reconciler.render.safe import safe
    from reconciler.rules.plan.announce import messages_in_words

    verifies = made.apply_verifies
    sends = messages_in_words(verifies.messages) if verifies is not None else ""
    return safe(f"Apply sends {sends} first. Record these changes?") if sends else "Record these changes?"


def _put_applied(applied: Applied, published: Published, format_: str, *, sent_before: Sequence[Messages]) -> None:
    """Write what was applied; ``sent_before`` are the test messages of the plan, where it was made for this."""
    import sys

    from reconciler.cli.output import hint, put, put_json, tell
    from reconciler.cli.session import style_for
    from reconciler.render.json.consumers import told_documents
    from reconciler.render.json.documents import apply_document
    from reconciler.render.text import apply_text
    from reconciler.render.text.consumers import published_text
    from reconciler.rules.plan.announce import added

    messages = added((*sent_before, *applied.messages))
    if format_ == "json":
        document = apply_document(
            applied.status,
            applied.revision,
            summary=applied.summary,
            messages=messages,
            diagnostics=(*applied.diagnostics, *published.diagnostics),
        )
        put_json({**document, "consumers": told_documents(published.consumers)})
        return
    if applied.status == "applied":
        style = style_for(sys.stdout)
        put(apply_text(applied.revision, applied.summary, style=style, pending=applied.pending, messages=messages))
        tell(applied.diagnostics)
    else:
        put("Nothing to apply: state is as the plan wants it.\n")
    text = published_text(published.consumers, style=style_for(sys.stdout))
    if text:
        put(text)
    tell(published.diagnostics)
    if applied.pending:
        hint("To decide in the platform's name:", "reconciler accounts list --status pending")
    else:
        hint("To see the accounts that are recorded now:", "reconciler accounts list")
