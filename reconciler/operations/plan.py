"""``plan``: desired and recorded compared, secrets read, accounts verified; state is only read."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from reconciler import __version__
from reconciler.errors import GuardRefused
from reconciler.model.plan import ApplyInputs, SavedPlan, Summary
from reconciler.operations.conversations.run import (
    Gathered,
    SecretsAtHand,
    first_use_rules,
    gather_evidence,
    read_secrets,
)
from reconciler.operations.conversations.targets import Subject
from reconciler.operations.manifests import Desired, read_desired
from reconciler.planfile import seal_plan
from reconciler.provenance import find_provenance, tracked_files
from reconciler.rules.accounts.platform import routes_needed
from reconciler.rules.plan.digests import changes_digest, plan_digest
from reconciler.rules.plan.finish import Making, finish_plan
from reconciler.rules.plan.guards import guard_state_folder
from reconciler.rules.plan.make import make_plan
from reconciler.rules.plan.policy import Policy
from reconciler.rules.plan.remarks import reused_evidence, unknown_operator
from reconciler.rules.verification.evidence import depth_needed
from reconciler.verification import TestContext

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reconciler.diagnostics import Diagnostic
    from reconciler.model.accounts.recorded import RecordedState
    from reconciler.model.secrets.routes import SecretRoute
    from reconciler.model.verification.depths import Depth
    from reconciler.operations.conversations.queue import Progress
    from reconciler.operations.workspace import Workspace
    from reconciler.rules.plan.draft import Draft, DraftChange

TOOL = f"reconciler {__version__}"


@dataclass(frozen=True, kw_only=True)
class PlanRequest:
    """What a plan is asked for."""

    depth: Depth
    """How far to verify."""
    apply_depth: Depth | None = None
    """The depth that apply is to need; None: the project's."""
    targets: tuple[str, ...] = ()
    excludes: tuple[str, ...] = ()
    allow_deletes: int | None = None
    holds_failing: bool = False
    skips: frozenset[str] = frozenset()
    """Accounts that are not verified, because apply will override their verification."""
    accepts_altered: frozenset[str] = frozenset()
    """Accounts that apply will take as state has them, whatever the journal recorded of them."""
    reads_all_secrets: bool = False
    """Look for rotation also where each secret costs a command."""


def plan(workspace: Workspace, request: PlanRequest, *, progress: Progress) -> SavedPlan:
    """Return the plan, verified and sealed; ``invalid`` without looking further where manifests are wrong.

    Raises ``StateMissing`` where there is no state.
    """
    desired = read_desired(workspace)
    if not desired.is_valid:
        return _invalid_plan(workspace, desired)
    with workspace.open_store() as store:
        recorded = store.read_state()
    if state_files_in_git(workspace):
        # The guard refuses the plan anyway; whoever put state into git chose where secrets may travel, so none does.
        request = replace(request, depth="offline")
    draft, secrets = _draft(workspace, request, desired, recorded)
    gathered = _verify(draft, request, workspace, secrets, progress)
    making = Making(tool=TOOL, created_at=workspace.now(), depth=request.apply_depth)
    remarks = (
        *desired.problems,
        *reused_evidence(gathered.reused, workspace.project.verification.evidence_ttl_hours),
        *unknown_operator(_messages_to_nobody(draft, request, workspace, gathered)),
        *_altered(draft, request, workspace),
    )
    finished = finish_plan(draft, gathered.evidence, making, remarks=remarks)
    key = workspace.plan_key() or secrets.key or workspace.keyless_seal_key()
    return seal_plan(finished, key) if key is not None else finished


def _draft(
    workspace: Workspace, request: PlanRequest, desired: Desired, recorded: RecordedState
) -> tuple[Draft, SecretsAtHand]:
    """Return the draft and the secrets that it was made with: the cheap ones, and of the dear ones what changes need.

    A dear secret costs a command of its own. Each one read may show a rotation, which is a change that needs others.
    Where a secret that state has never seen would travel, all that state knows are read, to be compared with it.
    """
    everything = desired.secrets
    dear = frozenset(each for each in everything if workspace.secret_reader().is_dear(each))
    wanted = everything if request.reads_all_secrets else everything - dear
    while True:
        secrets = read_secrets(workspace, wanted, depth=request.depth, passed_over=everything - wanted)
        draft = make_plan(desired.accounts, recorded, _policy(workspace, request, desired, secrets, recorded))
        needed = {
            route.secret for each in draft.to_verify for route in _routes_needed(each, draft)
        } | draft.not_compared
        if not secrets.readings.were_read or needed <= wanted:
            return draft, secrets
        wanted |= needed


def _policy(
    workspace: Workspace, request: PlanRequest, desired: Desired, secrets: SecretsAtHand, recorded: RecordedState
) -> Policy:
    project = workspace.project
    rules = first_use_rules(project.secrets, secrets.readings, recorded)
    return Policy(
        project=project.model_copy(update={"secrets": rules}),
        today=workspace.now().date(),
        targets=request.targets,
        excludes=request.excludes,
        allow_deletes=request.allow_deletes,
        holds_failing=request.holds_failing,
        secrets=secrets.readings,
        platform=desired.platform,
        manifests_folder_exists=desired.folder_exists,
        tracked_state_files=state_files_in_git(workspace),
    )


def state_files_in_git(workspace: Workspace) -> tuple[str, ...]:
    """Return the files of the project's state folder that git tracks."""
    return tracked_files(workspace.root, workspace.root / ".reconciler")


def _verify(
    draft: Draft, request: PlanRequest, workspace: Workspace, secrets: SecretsAtHand, progress: Progress
) -> Gathered:
    """Return evidence for the changes that need it; none where a secret is missing, which is a failure without it."""
    unreadable = secrets.readings.unreadable
    subjects = [
        subject
        for each in draft.to_verify
        if each.change.name not in request.skips
        for subject in (_subject(each, request, workspace),)
        if subject.depth == "offline" or not any(way.secret in unreadable for way in _routes_needed(each, draft))
    ]
    digest = changes_digest((each.change for each in draft.changes), draft.lifted_guards)
    context = test_context(workspace, digest)
    return gather_evidence(
        subjects,
        workspace,
        platform=draft.policy.platform,
        secrets=secrets,
        context=context,
        progress=progress,
    )


def _altered(draft: Draft, request: PlanRequest, workspace: Workspace) -> list[Diagnostic]:
    """Return an error for each account of the plan that is not what the journal last recorded; apply would refuse it."""
    with workspace.open_store() as store:
        altered = store.alterations({name for each in draft.changes for name in each.change.names})
    return [each.problem for each in altered if each.name not in request.accepts_altered]


def _messages_to_nobody(draft: Draft, request: PlanRequest, workspace: Workspace, gathered: Gathered) -> Iterator[str]:
    """Yield the own accounts for which apply would still need a test message, where nobody is named to receive one."""
    if workspace.operator is not None or request.depth == "message":
        return
    wanted = request.apply_depth or workspace.project.verification.depth.apply
    for each in draft.to_verify:
        name = each.change.name
        found = gathered.evidence.get(name)
        is_sent = found is not None and found.verification.depth == "message"
        if each.sends_through_platform or name in request.skips or is_sent:
            continue
        if depth_needed(name, wanted, workspace.project, workspace.now().date()) == "message":
            yield name


def _routes_needed(each: DraftChange, draft: Draft) -> tuple[SecretRoute, ...]:
    """Return the routes whose secrets a verification of the change needs."""
    assert each.after is not None  # noqa: S101 - only accounts that are wanted are verified
    return routes_needed(each.change.kind, each.after.secret_routes, draft.platform_routes)


def _subject(each: DraftChange, request: PlanRequest, workspace: Workspace) -> Subject:
    assert each.after is not None  # noqa: S101 - only accounts that are wanted are verified
    depth = depth_needed(each.change.name, request.depth, workspace.project, workspace.now().date())
    return Subject(
        name=each.change.name,
        kind=each.after.kind,
        spec=each.after.spec,
        settings_digest=each.settings_digest,
        depth=depth,
        withheld=each.withheld,
        written=each.after.written,
    )


def require_own_state(workspace: Workspace) -> None:
    """Raise ``GuardRefused`` where git tracks the state folder: who put state into git chose where secrets may travel."""
    policy = Policy(
        project=workspace.project, today=workspace.now().date(), tracked_state_files=state_files_in_git(workspace)
    )
    refusals = guard_state_folder(policy).refusals
    if refusals:
        raise GuardRefused(list(refusals))


def test_context(workspace: Workspace, changes: str | None) -> TestContext:
    """Return what a test message tells of its origin; ``changes`` is the plan's changesDigest."""
    provenance = find_provenance(workspace.root, environ=workspace.environ, actor=None, reference=None)
    plan = f"changes {changes}" if changes is not None else None
    return TestContext(project=workspace.project.metadata.name, commit=provenance.commit, plan=plan)


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
