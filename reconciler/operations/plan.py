"""``plan``: desired and recorded compared, secrets read, accounts verified; state is only read."""

from __future__ import annotations

import contextlib
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler import __version__
from reconciler.classes import replace
from reconciler.diagnostics import CODES
from reconciler.errors import GuardRefused, PlanStale, ReconcilerError
from reconciler.model.plan import ApplyInputs, Part, SavedPlan, Summary
from reconciler.model.step import Delete
from reconciler.model.verification.evidence import Gathered
from reconciler.operations.conversations.secrets import altered_routes
from reconciler.operations.drafts.draft import Drafted, draft_of_all, draft_of_few
from reconciler.operations.drafts.request import PlanRequest
from reconciler.operations.drafts.unchanged import Recall, state_files_in_git
from reconciler.operations.manifests import Desired
from reconciler.operations.workspace import refusing_altered_rows
from reconciler.rules.plan.digests import changes_digest, plan_digest
from reconciler.rules.plan.finish import Making, finish_plan, with_consumers
from reconciler.rules.plan.remarks import reused_evidence, unknown_operator
from reconciler.rules.verification.evidence import depth_needed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from reconciler.diagnostics import Diagnostic
    from reconciler.model.secrets.reading import SecretsRead
    from reconciler.model.step import Create, Update
    from reconciler.operations.conversations.queue import Progress
    from reconciler.operations.workspace import Workspace
    from reconciler.rules.plan.make import Draft
    from reconciler.rules.plan.shards import ReadPart, Shard

TOOL = f"reconciler {__version__}"


@refusing_altered_rows
def plan(workspace: Workspace, request: PlanRequest, *, progress: Progress, recall: Recall | None = None) -> SavedPlan:
    """Return the plan, verified, and sealed where it is kept; ``invalid`` without looking further where manifests are wrong.

    ``recall`` is the look at the last plan, where it was taken already, of a state that git does not track.

    Raises ``StateMissing`` where there is no state, and ``GuardRefused`` or ``PlanStale`` where what is to be applied at
    once is not what was reviewed: before anybody is contacted. Raises ``SecretUnreadable`` for a plan key that is weak, also
    where this plan is only shown and sealed with none: the next one is saved.
    """
    workspace.plan_key()
    tracked = state_files_in_git(workspace.root) if recall is None else ()
    recall = None if tracked else recall or _recall(workspace, request)
    if recall is not None and (again := recall.find(workspace)) is not None:
        return _sealed(workspace, *again)
    if tracked:
        # The guard refuses the plan anyway; whoever put state into git chose where secrets may travel, so none does.
        request = replace(request, depth="offline")
    drafted = (draft_of_few(workspace, request, recall) if recall is not None else None) or draft_of_all(
        workspace, request, tracked=tracked
    )
    if isinstance(drafted, Desired):
        return _invalid_plan(workspace, drafted)
    desired, draft, secrets = drafted.desired, drafted.draft, drafted.secrets
    _require_reviewed(draft, request, workspace)
    rerouted = altered_routes(draft.steps, drafted.register, draft.judgement.platform_routes)
    refusals = (*_altered(drafted, request), *((rerouted,) if rerouted is not None else ()))
    is_refused = rerouted is not None or (request.is_applied_at_once and _refuses((*refusals, *draft.problems)))
    gathered = Gathered(evidence={}) if is_refused else _evidence(draft, request, workspace, secrets, progress)
    making = Making(
        tool=TOOL,
        created_at=workspace.now(),
        depth=request.apply_depth,
        operator=workspace.operator,
        skips=request.skips,
        reused=gathered.reused,
        is_kept=request.is_kept,
    )
    remarks = (
        *desired.problems,
        *reused_evidence(gathered.reused, workspace.project.verification.evidence_ttl_hours),
        *unknown_operator(_messages_to_nobody(draft, request, workspace, gathered)),
        *refusals,
    )
    finished = finish_plan(draft, gathered.evidence, making, remarks=remarks)
    if request.shard is not None:
        return _sealed(workspace, _as_part(finished, request.shard, request), secrets)
    finished = _with_consumers(finished, drafted, request, workspace)
    if recall is not None and not drafted.is_of_few:
        recorded = None if drafted.register.is_altered else draft.recorded
        recall.keep(workspace, finished, desired, recorded, secrets, store=drafted.store)
    return _sealed(workspace, finished, secrets)


def merge(workspace: Workspace, files: Iterable[str], *, progress: Progress) -> SavedPlan:
    """Return the plan whose parts these files are: made anew, with what they verified.

    Nobody is contacted. Raises ``GuardRefused`` where a part is missing, doubled, altered or of another plan.
    """
    from reconciler.operations.seals import seal_of
    from reconciler.planfile.parts import read_part
    from reconciler.rules.plan.shards import refused_parts, sharing

    parts: dict[str, ReadPart] = {}
    unsealed: list[str] = []
    for name in files:  # one at a time
        part, is_sealed = read_part(Path(name), is_sealed=lambda plan: seal_of(workspace, plan) == "valid")
        parts[name] = sharing(part, parts.values())
        if not is_sealed:
            unsealed.append(name)
    refusals = refused_parts(parts, unsealed, tool=TOOL)
    if refusals:
        raise GuardRefused(refusals)
    first = next(iter(parts.values())).plan
    asked = first.inputs.part
    assert asked is not None  # noqa: S101 - a whole plan was refused
    request = PlanRequest(
        depth=asked.depth,
        apply_depth=first.inputs.depth,
        targets=first.inputs.targets,
        excludes=first.inputs.excludes,
        allow_deletes=first.inputs.allow_deletes,
        holds_failing=first.inputs.holds_failing,
        reads_all_secrets=asked.reads_all_secrets,
        parts=parts,
    )
    return plan(workspace, request, progress=progress)


def _as_part(finished: SavedPlan, shard: Shard, request: PlanRequest) -> SavedPlan:
    part = Part(index=shard.index, count=shard.count, depth=request.depth, reads_all_secrets=request.reads_all_secrets)
    made = finished.model_copy(update={"inputs": finished.inputs.model_copy(update={"part": part})})
    return made.model_copy(update={"plan_digest": plan_digest(made)})


def _evidence(
    draft: Draft, request: PlanRequest, workspace: Workspace, secrets: SecretsRead, progress: Progress
) -> Gathered:
    """Return the evidence of the plan's changes: verified now, or taken from the parts that ``plan merge`` was given.

    Raise ``GuardRefused`` for parts that were not made of the same changes.
    """
    if request.parts is None:
        return _verify(draft, request, workspace, secrets, progress)
    from reconciler.rules.plan.shards import evidence_of, other_changes

    digest = changes_digest((step.change for step in draft.steps), draft.lifted_guards)
    refusals = other_changes(request.parts, draft, digest=digest, key_id=secrets.key_id)
    if refusals:
        raise GuardRefused(refusals)
    return Gathered(evidence=evidence_of(tuple(request.parts.values()), draft))


def _recall(workspace: Workspace, request: PlanRequest) -> Recall | None:
    """Return the look at the last plan of this kind; None where none is kept."""
    asked = request.kept_as if not workspace.project.consumers else None
    if asked is not None:
        with contextlib.suppress(ReconcilerError):  # told by what needs the key
            key = workspace.keyless_seal_key()
            return Recall(workspace.place, asked, key) if key is not None else None
    return None


def _sealed(workspace: Workspace, finished: SavedPlan, secrets: SecretsRead) -> SavedPlan:
    if not finished.plan_digest:
        return finished
    from reconciler.planfile import seal_plan

    key = workspace.plan_key() or secrets.key or workspace.keyless_seal_key()
    return seal_plan(finished, key) if key is not None else finished


def _require_reviewed(draft: Draft, request: PlanRequest, workspace: Workspace) -> None:
    """Refuse what reviewers have not seen, before it is verified: a login or a test message cannot be taken back."""
    if request.reviewed is None:
        return
    from reconciler.operations.seals import seal_of
    from reconciler.rules.apply.admission import as_reviewed
    from reconciler.rules.apply.review import unseen

    reviewed = as_reviewed(request.reviewed, partial(seal_of, workspace), draft.recorded)
    problems = unseen([step.change for step in draft.steps], draft.lifted_guards, reviewed)
    if problems:
        raise PlanStale(problems)


def _refuses(problems: Iterable[Diagnostic]) -> bool:
    return any(problem.severity == "error" and CODES[problem.code].is_guard for problem in problems)


def _verify(
    draft: Draft, request: PlanRequest, workspace: Workspace, secrets: SecretsRead, progress: Progress
) -> Gathered:
    """Return evidence for the changes that need it. A change whose secret is missing gets none: it has failed already."""
    today = workspace.now().date()
    asked: Iterable[Create | Update] = draft.to_verify
    if request.shard is not None:
        from reconciler.rules.plan.shards import steps_of

        asked = steps_of(request.shard, asked)
    steps = [
        replace(step, depth=depth_needed(step.name, request.depth, workspace.project, today))
        for step in asked
        if step.name not in request.skips
    ]
    ready = [
        step
        for step in steps
        if step.depth == "offline" or not any(route.secret in secrets.unreadable for route in step.routes_needed)
    ]
    if not ready:
        return Gathered(evidence={})
    from reconciler.operations.conversations.gather import gather_evidence, test_context

    # Only test messages tell it, and it takes a look at every change.
    has_messages = any(step.depth == "message" for step in ready)
    digest = changes_digest((step.change for step in draft.steps), draft.lifted_guards) if has_messages else None
    return gather_evidence(
        ready,
        workspace,
        platform=draft.policy.platform,
        secrets=secrets,
        context=test_context(workspace, f"changes {digest}", ready),
        progress=progress,
    )


def _with_consumers(finished: SavedPlan, drafted: Drafted, request: PlanRequest, workspace: Workspace) -> SavedPlan:
    """Return the plan with what publishing would change, where the project file declares consumers."""
    if not workspace.project.consumers and not drafted.store.publications():
        return finished
    from reconciler.operations.consumers.planning import consumers_of_plan

    held = {change.name for change in finished.changes if change.held}
    waiting = {name for name, each in finished.inputs.accounts.items() if each.awaits_approval}
    steps = [
        step if isinstance(step, Delete) else replace(step, awaits_approval=step.name in waiting)
        for step in drafted.draft.steps
        if step.name not in held
    ]
    views, problems = consumers_of_plan(
        steps,
        workspace,
        recorded=drafted.draft.recorded,
        platform=drafted.draft.policy.platform,
        key=drafted.secrets.key,
        looks=request.depth != "offline",
    )
    return with_consumers(finished, views, problems)


def _altered(drafted: Drafted, request: PlanRequest) -> list[Diagnostic]:
    """Return an error for each account of the plan that is not what the journal last recorded; apply would refuse it."""
    names = {name for step in drafted.draft.steps for name in step.names} - drafted.vouched
    altered = drafted.store.alterations(names) if names else ()
    return [each.problem_of_plan for each in altered if each.name not in request.accepts_altered]


def _messages_to_nobody(draft: Draft, request: PlanRequest, workspace: Workspace, gathered: Gathered) -> Iterator[str]:
    """Yield the own accounts for which apply would still need a test message, where nobody is named to receive one."""
    if workspace.operator is not None or request.depth == "message":
        return
    wanted = request.apply_depth or workspace.project.verification.depth.apply
    for step in draft.to_verify:
        name = step.name
        found = gathered.evidence.get(name)
        is_sent = found is not None and found.verification.depth == "message"
        if step.sends_through_platform or name in request.skips or is_sent:
            continue
        if depth_needed(name, wanted, workspace.project, workspace.now().date()) == "message":
            yield name


def _invalid_plan(workspace: Workspace, desired: Desired) -> SavedPlan:
    made = SavedPlan(
        tool=TOOL,
        created_at=workspace.now(),
        project=workspace.project.metadata.name,
        status="invalid",
        changes_digest=changes_digest((), ()),
        plan_digest="",
        summary=Summary(),
        changes=(),
        diagnostics=desired.problems,
        inputs=ApplyInputs(accounts={}),
    )
    return made.model_copy(update={"plan_digest": plan_digest(made)})
