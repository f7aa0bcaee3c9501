"""Whether a plan may be applied, before anything is verified: it belongs here, nobody altered it, no guard refuses.

The order is the contract's: format (which reading the file has checked), lineage and seal (4); what was not reviewed
and what has changed since (5); guards (4). Whether what it would record is what it shows can be told only against the
state that it was made from, so it comes after staleness.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from reconciler.classes import FrozenByName
from reconciler.diagnostics import CODES, Diagnostic, error
from reconciler.errors import GuardRefused, InvalidInput, PlanStale
from reconciler.model.accounts.desired import DesiredAccount
from reconciler.model.review import Review
from reconciler.model.step import Create, Delete, Rename, Update
from reconciler.rules.apply.review import require_same_state, require_sealed, unreviewed
from reconciler.rules.apply.shown import altered_changes
from reconciler.rules.apply.wishes import Ground, as_wishes, is_document
from reconciler.rules.plan.guards import (
    changed_kind,
    guard_declarations,
    guard_deletes,
    guard_depths,
    guard_scopes,
    guard_state_folder,
)
from reconciler.rules.plan.shards import needs_all_parts
from reconciler.rules.secrets.judgement import Law, judge
from reconciler.rules.verification.evidence import depth_needed, standing_in
from reconciler.rules.verification.failures import blocking_change, failure, failure_problems

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Container, Mapping, Sequence
    from datetime import datetime

    from reconciler.model.accounts.recorded import RecordedAccount, RecordedState
    from reconciler.model.plan import Change, LiftedGuard, PreparedAccount, SavedPlan
    from reconciler.model.step import Changed
    from reconciler.model.verification.depths import Depth
    from reconciler.rules.apply.review import Seal
    from reconciler.rules.plan.policy import Policy


class Admission(FrozenByName):
    """A plan that nothing refuses so far, and what is to be told of it."""

    plan: SavedPlan
    """The plan as far as it counts: without a seal, a list of wishes."""
    steps: tuple[Changed, ...]
    """What it would do, less what it holds, each with what is recorded of the account."""
    is_sealed: bool
    """The plan's evidence, and what else it does not show, can be trusted."""
    lifted_guards: tuple[LiftedGuard, ...]
    grants_used: frozenset[str]
    """The grants that routes needed, when the plan was made and now."""
    unusual_depth: Depth | None = None
    """The depth that is needed, where it is not the project's."""


class Submission(FrozenByName):
    """A plan as it is handed in to be applied."""

    plan: SavedPlan
    seal_of: Callable[[SavedPlan | Review], Seal]
    """Says what a plan's seal tells; asked once the plan is known to belong to this state."""
    applied_as: int | None = None
    """The revision that applied it already."""
    reviewed: SavedPlan | Review | None = None
    """The plan that people have reviewed, or what they were shown of it; None: this one."""
    depth: Depth | None = None
    """The depth that whoever applies needs; None: the plan's, else the project's."""
    now: datetime | None = None
    """When it is handed in; None where it is not to be told which of the plan's evidence is fresh, and failed."""
    overrides: Collection[str] = ()
    """The accounts that are applied unverified."""
    holds_failing: bool = False


def admit(submission: Submission, recorded: RecordedState, policy: Policy) -> Admission:
    """Return the steps of a plan that may be applied, if verification lets them.

    Raises ``InvalidInput``, ``GuardRefused``, ``PlanStale``.
    """
    plan, reviewed = submission.plan, submission.reviewed
    require_belonging(plan, recorded)
    is_sealed = _is_sealed(submission.seal_of(plan))
    if reviewed is not None:
        problems = unreviewed(plan, as_reviewed(reviewed, submission.seal_of, recorded))
        if problems:
            raise PlanStale(problems)
    require_fresh(plan, recorded, applied_as=submission.applied_as)
    _require_as_shown(plan, recorded, is_sealed=is_sealed)
    if not is_sealed:
        is_automatic = policy.project.platform.approval == "automatic"
        plan = as_wishes(plan, Ground(recorded, policy.platform, approves_automatically=is_automatic))
    # What a plan without a seal claims of its flags is gone by now, so what is left was asked for where it was made.
    policy = replace(policy, allow_deletes=plan.inputs.allow_deletes)
    depth = submission.depth or plan.inputs.depth or policy.project.verification.depth.apply
    steps = steps_of(plan, recorded, policy, depth=depth, is_sealed=is_sealed)
    try:
        admission = _guarded(plan, steps, recorded, policy, is_sealed=is_sealed)
    except GuardRefused as refused:
        # Who mends what the guards refuse is not to learn only then what else the plan shows to be wrong.
        failed = _failed_in_plan(steps, submission, policy) if is_sealed else []
        raise GuardRefused([*refused.diagnostics, *failed]) from None
    is_usual = depth == policy.project.verification.depth.apply
    return admission if is_usual else replace(admission, unusual_depth=depth)


def as_reviewed(
    reviewed: SavedPlan | Review, seal_of: Callable[[SavedPlan | Review], Seal], recorded: RecordedState
) -> SavedPlan | Review:
    """Return a reviewed plan as far as it counts; refuse one that does not belong here, and a seal that does not fit.

    That a guard was to be lifted counts as shown in a plan with a seal only; a review counts with a seal only.
    """
    if isinstance(reviewed, Review):
        require_sealed(reviewed, seal_of(reviewed), recorded)
        return reviewed
    require_belonging(reviewed, recorded)
    return reviewed if _is_sealed(seal_of(reviewed)) else reviewed.model_copy(update={"lifted_guards": ()})


def require_belonging(plan: SavedPlan, recorded: RecordedState) -> None:
    """Refuse a plan of another project or state, an invalid one, and one that is not whole."""
    if plan.status == "invalid":
        raise InvalidInput([each for each in plan.diagnostics if each.severity == "error"])
    if (problem := needs_all_parts(plan)) is not None:
        raise GuardRefused(problem)
    require_same_state(plan, recorded, what="The plan")
    _require_whole(plan)


def _require_whole(plan: SavedPlan) -> None:
    """Refuse a plan that changes an account twice, or lacks one that it would change: reconciler writes no such plan."""
    names = [change.name for change in plan.changes]
    bases = [change.recorded_name for change in plan.changes if change.recorded_name is not None]
    if len(names) != len(set(names)) or len(bases) != len(set(bases)):
        fact = "changes an account twice"
    elif not all(change.action == "delete" or change.name in plan.inputs.accounts for change in plan.changes):
        fact = "lacks accounts that it would change"
    else:
        return
    detail = f"The plan file {fact}. Somebody altered it. Make the plan again."
    raise GuardRefused(error("planAltered", detail))


def _is_sealed(seal: Seal) -> bool:
    """Return whether a plan's evidence can be trusted; refuse a seal that does not fit, and one that is lacking."""
    if seal == "required":
        detail = (
            "RECONCILER_PLAN_KEY is set, so only plans sealed with that key are applied, and this one is not: it was "
            "made where the key is not set, or is another one, or its seal was removed. Where the key is set, run\n"
            "    reconciler plan --out FILE"
        )
        raise GuardRefused(error("planUnsealed", detail))
    if seal == "broken":
        detail = "The seal of the plan file does not fit its content. Somebody altered it. Make the plan again."
        raise GuardRefused(error("planAltered", detail))
    return seal == "valid"


def require_fresh(plan: SavedPlan, recorded: RecordedState, *, applied_as: int | None) -> None:
    """Refuse a plan that was applied already, or whose accounts changed since it was made.

    >>> from reconciler.model.accounts.recorded import RecordedState
    >>> from reconciler.model.plan import ApplyInputs, Change, SavedPlan
    >>> gone = Change(action="delete", kind="OwnAccount", name="sales", base_revision=3)
    >>> plan = SavedPlan.model_construct(changes=(gone,), inputs=ApplyInputs(accounts={}))
    >>> state = RecordedState(project="mail", lineage="1", serial=4, accounts={})
    >>> require_fresh(plan, state, applied_as=None)
    Traceback (most recent call last):
        ...
    reconciler.errors.PlanStale: Plan is stale
    >>> require_fresh(plan, state, applied_as=3)
    Traceback (most recent call last):
        ...
    reconciler.errors.PlanStale: Plan is applied already
    """
    if applied_as is not None:
        detail = f"This plan is already applied as revision {applied_as}. There is nothing left to do."
        raise PlanStale(error("planApplied", detail))
    kept = [change for change in plan.changes if not change.held]
    # A name that the plan itself says is not given up is refused as a guard's, not as stale.
    refused = {each.subject for each in plan.diagnostics if each.code == "nameStillTaken" and each.severity == "error"}
    given_up = {change.gives_up for change in kept} | refused
    problems = [
        problem for change in kept for problem in _staleness(change, recorded.accounts, plan.inputs.approvals, given_up)
    ]
    if problems:
        raise PlanStale(problems)


def _staleness(
    change: Change,
    accounts: Mapping[str, RecordedAccount],
    approvals: Mapping[str, str | None],
    given_up: Container[str | None],
) -> list[Diagnostic]:
    """Return what state has otherwise than the plan was made from; ``given_up`` are names that the plan itself sets free."""
    if change.action == "create" and change.name in given_up:
        return []
    base = change.recorded_name or change.name
    current = accounts.get(base)
    found = current.revision if current is not None else None
    again = "Plan again, and have the new plan reviewed:\n    reconciler plan --out FILE"
    problems = []
    if found != change.base_revision:
        was = f"at revision {change.base_revision}" if change.base_revision is not None else "not recorded"
        now = f"at revision {found}" if found is not None else "not recorded"
        problems.append(
            error("planStale", f"{base} was {was} when the plan was made and is now {now}. {again}", subject=base)
        )
    elif current is not None and current.approval_as_seen != approvals.get(base):
        problems.append(
            error("planStale", f"The platform has decided on {base} since the plan was made. {again}", subject=base)
        )
    if change.action == "rename" and change.name in accounts and change.name not in given_up:
        problems.append(
            error("planStale", f"{change.name} has been recorded since the plan was made. {again}", subject=change.name)
        )
    return problems


def _require_as_shown(plan: SavedPlan, recorded: RecordedState, *, is_sealed: bool) -> None:
    """Refuse a plan whose documents are not what its changes show, or nothing that a manifest can say.

    Only a plan without a valid seal can be one.
    """
    accounts = plan.inputs.accounts
    foreign = [
        change.name
        for change in plan.changes
        if not (is_sealed or change.held or change.action == "delete" or is_document(change, accounts[change.name]))
    ]
    altered = sorted({*altered_changes(plan, recorded.accounts), *foreign})
    if altered:
        detail = "The plan would record something else than it shows. Somebody altered it. Make the plan again."
        raise GuardRefused([error("planAltered", detail, subject=name) for name in altered])


def steps_of(
    plan: SavedPlan, recorded: RecordedState, policy: Policy, *, depth: Depth, is_sealed: bool
) -> tuple[Changed, ...]:
    """Return the steps that a plan would do, less what it holds; the plan is known to be fresh and as it shows."""
    return tuple(
        _step(change, plan, recorded, policy, depth=depth, is_sealed=is_sealed)
        for change in plan.changes
        if not change.held
    )


def _step(
    change: Change, plan: SavedPlan, recorded: RecordedState, policy: Policy, *, depth: Depth, is_sealed: bool
) -> Changed:
    """Return the step that a change of the plan stands for, with what is recorded now."""
    before = recorded.accounts.get(change.recorded_name or "")
    if change.action == "delete":
        assert before is not None  # noqa: S101 - what is not recorded makes the plan stale
        return Delete(before=before, fields=change.fields)
    prepared = plan.inputs.accounts[change.name]
    after = _after(change, prepared)
    step: Create | Update
    if before is None:
        step = Create(after=after)
    else:
        step = (Update if before.name == change.name else Rename)(before=before, after=after, cause=change.cause)
    return replace(
        step,
        fields=change.fields,
        manifest=_vouched_manifest(prepared, before, is_sealed=is_sealed),
        platform=policy.platform if step.sends_through_platform else None,
        fingerprints=prepared.fingerprints,
        settings_digest=prepared.settings_digest,
        needs_evidence=prepared.needs_evidence,
        depth=depth_needed(change.name, depth, policy.project, policy.today),
        evidence=prepared.evidence,
        awaits_approval=prepared.awaits_approval,
    )


def _after(change: Change, prepared: PreparedAccount) -> DesiredAccount:
    """Return the account as it is to be: the saved plan has it resolved."""
    account = DesiredAccount(
        kind=change.kind,
        name=change.name,
        document=prepared.document,
        written=prepared.written,
        server=change.server,
        server_file=prepared.server_manifest or "",
        server_secrets=frozenset(prepared.server_secrets),
        leaves_server=prepared.leaves_server,
        ca_digest=prepared.ca_digest,
        file=prepared.manifest or "",
    )
    return account.with_parts_of(prepared)


def _vouched_manifest(prepared: PreparedAccount, before: RecordedAccount | None, *, is_sealed: bool) -> str:
    """Return the manifest that scoped rules may be asked about; none where it is only the claim of an unsealed plan."""
    if is_sealed or (before is not None and before.manifest == prepared.manifest):
        return prepared.manifest or ""
    return ""


def _guarded(
    plan: SavedPlan, steps: Sequence[Changed], recorded: RecordedState, policy: Policy, *, is_sealed: bool
) -> Admission:
    """Refuse the plan where a guard refused it when it was made, or refuses it now; return the guards that were lifted.

    Routes are judged by what the plan knows of the values: they were compared when it was made, and whoever reads one
    to send it judges again.
    """
    judgement = judge(
        steps, Law(recorded=recorded, rules=policy.project.secrets, today=policy.today, platform=policy.platform), None
    )
    guards = (
        guard_state_folder(policy),
        guard_deletes([step.before for step in steps if isinstance(step, Delete)], len(recorded.accounts), policy),
        guard_scopes(steps, policy),
        # A plan without a seal may call any manifest the account's own; only what state has recorded counts.
        guard_declarations(steps if is_sealed else map(_from_recorded_manifest, steps), policy),
        guard_depths([step.name for step in steps if step.needs_evidence], policy),
    )
    lifted = tuple(dict.fromkeys(guard for findings in guards for guard in findings.lifted))
    refusals = [
        # Those that the plan tells of; whether accounts were altered is looked at anew.
        *(
            each
            for each in plan.diagnostics
            if each.severity == "error" and CODES[each.code].is_guard and each.code != "accountAltered"
        ),
        *(refusal for findings in guards for refusal in findings.refusals),
        *(
            changed_kind(each.before.name, each.before.kind, each.kind)
            for each in steps
            if isinstance(each, Update) and each.before.kind != each.kind
        ),
        *((judgement.problem,) if judgement.problem is not None else ()),
        *_unshown_lifts(lifted, plan),
    ]
    if refusals:
        raise GuardRefused(list(dict.fromkeys(refusals)))
    return Admission(
        plan=plan,
        steps=tuple(steps if is_sealed else map(_from_recorded_manifest, steps)),
        is_sealed=is_sealed,
        lifted_guards=tuple(dict.fromkeys((*plan.lifted_guards, *lifted))),
        grants_used=frozenset({*judgement.grants_used, *plan.inputs.grants_used}),
    )


def _failed_in_plan(steps: Sequence[Changed], submission: Submission, policy: Policy) -> list[Diagnostic]:
    """Return what would be refused next: the failures of the plan's own fresh evidence that nothing lifts."""
    if submission.now is None or submission.holds_failing:
        return []
    failed = []
    for step in steps:
        # A rotated secret that fails is always held.
        if isinstance(step, Delete) or not step.needs_evidence or step.cause == "rotation":
            continue
        standing = standing_in(step, policy.project, depth=step.depth, now=submission.now)
        if standing == "failed" and step.evidence is not None and step.name not in submission.overrides:
            failed.append(failure(step.evidence.verification, step.after, step.platform))
    return failure_problems(failed, blocking_change)


def _from_recorded_manifest(step: Changed) -> Changed:
    """Return a wish with the manifest that state has: the one that it names itself is only a claim."""
    if isinstance(step, Delete):
        return step
    file = step.before.manifest if step.before is not None else None
    return replace(step, after=replace(step.after, file=file or ""))


def _unshown_lifts(lifted: tuple[LiftedGuard, ...], plan: SavedPlan) -> list[Diagnostic]:
    """Return a refusal for a flag that the plan carries without showing what it lifts."""
    return [
        error("planAltered", f"The plan lifts {guard.code} by {guard.by} without showing it. Make the plan again.")
        for guard in lifted
        if guard.by.startswith("--") and guard not in plan.lifted_guards
    ]
