"""Whether a plan may be applied, before anything is verified: it belongs here, nobody altered it, no guard refuses.

The order is the contract's: format (which reading the file has checked), lineage and seal (4); what was not reviewed
and what has changed since (5); guards (4). Whether what it would record is what it shows can be told only against the
state that it was made from, so it comes after staleness.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reconciler.diagnostics import CODES, Diagnostic, error
from reconciler.errors import GuardRefused, InvalidInput, PlanStale
from reconciler.operations.manifests import require_platform
from reconciler.operations.plan import state_files_in_git
from reconciler.planfile import has_valid_seal, is_sealed_with
from reconciler.rules.plan.guards import (
    Move,
    changed_kind,
    guard_deletes,
    guard_depths,
    guard_scopes,
    guard_state_folder,
)
from reconciler.rules.plan.policy import Policy
from reconciler.rules.plan.reviewed import unreviewed
from reconciler.rules.plan.tampering import altered_changes
from reconciler.rules.plan.wishes import Ground, as_wishes, is_document
from reconciler.rules.secrets.grants import withheld_problem
from reconciler.rules.secrets.known import known_routes
from reconciler.rules.secrets.routes import Traveller, judge_routes

if TYPE_CHECKING:
    from collections.abc import Container, Mapping, Sequence

    from reconciler.model.accounts.recorded import RecordedAccount, RecordedState
    from reconciler.model.plan import Change, LiftedGuard, PreparedAccount, SavedPlan
    from reconciler.model.secrets.values import FingerprintKey
    from reconciler.operations.workspace import Workspace
    from reconciler.rules.plan.guards import GuardFindings


@dataclass(frozen=True, kw_only=True)
class Admission:
    """A plan that nothing refuses so far, and what is to be told of it."""

    plan: SavedPlan
    """The plan as far as it counts: without a seal, a list of wishes."""
    is_sealed: bool
    """The plan's evidence, and what else it does not show, can be trusted."""
    lifted_guards: tuple[LiftedGuard, ...]
    grants_used: tuple[str, ...]


def admit(
    plan: SavedPlan,
    recorded: RecordedState,
    workspace: Workspace,
    *,
    applied_as: int | None,
    reviewed: SavedPlan | None,
) -> Admission:
    """Return what lets the plan be applied.

    ``applied_as`` is the revision that applied it already. Raises ``InvalidInput``, ``GuardRefused``, ``PlanStale``.
    """
    _check_belongs(plan, recorded)
    is_sealed = _check_seal(plan, workspace)
    if reviewed is not None:
        _check_reviewed(plan, reviewed, recorded, workspace)
    require_fresh(plan, recorded, applied_as=applied_as)
    _check_as_shown(plan, recorded, is_sealed=is_sealed)
    if not is_sealed:
        ground = Ground(
            recorded=recorded,
            platform=require_platform(workspace),
            approves_automatically=workspace.project.platform.approval == "automatic",
        )
        plan = as_wishes(plan, ground)
    return _check_guards(plan, recorded, workspace, is_sealed=is_sealed)


def _check_belongs(plan: SavedPlan, recorded: RecordedState) -> None:
    if plan.status == "invalid":
        raise InvalidInput([each for each in plan.diagnostics if each.severity == "error"])
    if plan.project == recorded.project and plan.lineage == recorded.lineage:
        _check_whole(plan)
        return
    detail = (
        f"The plan was made for project {plan.project} with the state {plan.lineage}; this is project "
        f"{recorded.project} with the state {recorded.lineage}. Name the right state with --state, or plan again."
    )
    raise GuardRefused(error("lineageMismatch", detail))


def _check_whole(plan: SavedPlan) -> None:
    """Refuse a plan that does not hold what it says it would apply; reconciler writes none such."""
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


def _check_seal(plan: SavedPlan, workspace: Workspace) -> bool:
    """Return whether the plan's evidence can be trusted; refuse a seal that does not fit its own key.

    Where ``RECONCILER_PLAN_KEY`` is set, a plan without its seal is refused, too.
    """
    key = workspace.plan_key()
    if key is not None and not is_sealed_with(plan, key):
        detail = (
            "RECONCILER_PLAN_KEY is set, so only plans sealed with that key are applied, and this one is not: it was "
            "made where the key is not set, or is another one, or its seal was removed. Where the key is set, run\n"
            "    reconciler plan --out FILE"
        )
        raise GuardRefused(error("planUnsealed", detail))
    if key is None:
        key = _fingerprint_key(workspace)
    if key is None or not is_sealed_with(plan, key):
        return False
    if not has_valid_seal(plan, key):
        detail = "The seal of the plan file does not fit its content. Somebody altered it. Make the plan again."
        raise GuardRefused(error("planAltered", detail))
    return True


def _fingerprint_key(workspace: Workspace) -> FingerprintKey | None:
    """Return the key of fingerprints; None where a project file that is not trusted says which it is."""
    if workspace.project.secrets.fingerprint_key is not None and not workspace.is_project_trusted:
        return None
    return workspace.fingerprint_key(workspace.secret_reader())


def _check_reviewed(plan: SavedPlan, reviewed: SavedPlan, recorded: RecordedState, workspace: Workspace) -> None:
    """Refuse a reviewed plan of another state or with a broken seal, and whatever it did not show.

    That a guard was to be lifted counts as shown in a plan with a seal only.
    """
    _check_belongs(reviewed, recorded)
    if not _check_seal(reviewed, workspace):
        reviewed = reviewed.model_copy(update={"lifted_guards": ()})
    problems = unreviewed(plan, reviewed)
    if problems:
        raise PlanStale(problems)


def require_fresh(plan: SavedPlan, recorded: RecordedState, *, applied_as: int | None) -> None:
    """Refuse a plan that was applied already, or whose accounts are no longer what it was made from."""
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
    again = "Plan again, and have the new plan reviewed."
    problems = []
    if found != change.base_revision:
        was = f"at revision {change.base_revision}" if change.base_revision is not None else "not recorded"
        now = f"at revision {found}" if found is not None else "not recorded"
        problems.append(
            error("planStale", f"{base} was {was} when the plan was made and is now {now}. {again}", subject=base)
        )
    elif current is not None and _approval_text(current) != approvals.get(base):
        problems.append(
            error("planStale", f"The platform has decided on {base} since the plan was made. {again}", subject=base)
        )
    if change.action == "rename" and change.name in accounts and change.name not in given_up:
        problems.append(
            error("planStale", f"{change.name} has been recorded since the plan was made. {again}", subject=change.name)
        )
    return problems


def _approval_text(account: RecordedAccount) -> str | None:
    approval = account.approval
    return approval.as_seen if approval is not None else None


def _check_as_shown(plan: SavedPlan, recorded: RecordedState, *, is_sealed: bool) -> None:
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


def _check_guards(plan: SavedPlan, recorded: RecordedState, workspace: Workspace, *, is_sealed: bool) -> Admission:
    """Refuse what a guard refused when the plan was made, and what one refuses now; return what was lifted."""
    kept = [(change, _before(change, recorded)) for change in plan.changes if not change.held]
    wanted = [(change, before) for change, before in kept if change.action != "delete"]
    verdict = judge_routes(
        [_traveller(change, before, plan, is_sealed=is_sealed) for change, before in wanted],
        known_routes(recorded),
        secrets=workspace.project.secrets,
        today=workspace.now().date(),
        values=None,  # compared when the plan was made, and by what gathers evidence before anything is sent
    )
    withheld = withheld_problem(verdict.withheld, expired=verdict.expired)
    deleted = [before for change, before in kept if change.action == "delete" and before is not None]
    guards = _findings(deleted, wanted, plan, recorded, workspace)
    lifted = tuple(dict.fromkeys(guard for findings in guards for guard in findings.lifted))
    refusals = [
        *_refused_then(plan),
        *(refusal for findings in guards for refusal in findings.refusals),
        *_changed_kinds(kept),
        *((withheld,) if withheld else ()),
        *_unshown_lifts(lifted, plan),
    ]
    if refusals:
        raise GuardRefused(list(dict.fromkeys(refusals)))
    grants = {*verdict.grants_used, *(plan.inputs.grants_used if is_sealed else ())}
    return Admission(
        plan=plan,
        is_sealed=is_sealed,
        lifted_guards=tuple(dict.fromkeys((*plan.lifted_guards, *lifted))),
        grants_used=tuple(sorted(grants)),
    )


def _findings(
    deleted: Sequence[RecordedAccount],
    wanted: Sequence[tuple[Change, RecordedAccount | None]],
    plan: SavedPlan,
    recorded: RecordedState,
    workspace: Workspace,
) -> tuple[GuardFindings, ...]:
    """Return what the guards find now of what is deleted, and of what would be recorded with what is recorded of it."""
    policy = Policy(
        project=workspace.project,
        today=workspace.now().date(),
        allow_deletes=plan.inputs.allow_deletes,
        tracked_state_files=state_files_in_git(workspace),
    )
    return (
        guard_state_folder(policy),
        guard_deletes(deleted, len(recorded.accounts), policy),
        *_guard_wanted(wanted, plan, policy),
    )


def _refused_then(plan: SavedPlan) -> list[Diagnostic]:
    """Return the guards' refusals that the plan tells of; whether accounts were altered is looked at anew."""
    return [
        each
        for each in plan.diagnostics
        if each.severity == "error" and CODES[each.code].is_guard and each.code != "accountAltered"
    ]


def _changed_kinds(kept: Sequence[tuple[Change, RecordedAccount | None]]) -> list[Diagnostic]:
    return [changed_kind(was.name, was.kind, now.kind) for now, was in kept if was and was.kind != now.kind]


def _guard_wanted(
    wanted: Sequence[tuple[Change, RecordedAccount | None]], plan: SavedPlan, policy: Policy
) -> tuple[GuardFindings, ...]:
    """Return what the guards find of the accounts that would be recorded, each with what is recorded of it."""
    accounts = plan.inputs.accounts
    moves = [Move(before, change.name, accounts[change.name].manifest) for change, before in wanted]
    to_verify = [change.name for change, _ in wanted if accounts[change.name].needs_evidence]
    return guard_scopes(moves, policy), guard_depths(to_verify, policy)


def _unshown_lifts(lifted: tuple[LiftedGuard, ...], plan: SavedPlan) -> list[Diagnostic]:
    """Return a refusal for a flag that the plan carries without showing what it lifts."""
    return [
        error("planAltered", f"The plan lifts {guard.code} by {guard.by} without showing it. Make the plan again.")
        for guard in lifted
        if guard.by.startswith("--") and guard not in plan.lifted_guards
    ]


def _before(change: Change, recorded: RecordedState) -> RecordedAccount | None:
    return recorded.accounts.get(change.recorded_name or "")


def _traveller(change: Change, before: RecordedAccount | None, plan: SavedPlan, *, is_sealed: bool) -> Traveller:
    prepared = plan.inputs.accounts[change.name]
    manifest = vouched_manifest(prepared, before, is_sealed=is_sealed)
    return Traveller(change.name, manifest, prepared.secret_routes)


def vouched_manifest(prepared: PreparedAccount, before: RecordedAccount | None, *, is_sealed: bool) -> str:
    """Return the manifest that scoped rules may be asked about; none where it is only the claim of an unsealed plan."""
    if is_sealed or (before is not None and before.manifest == prepared.manifest):
        return prepared.manifest or ""
    return ""
