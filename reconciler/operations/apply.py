"""``apply``: exactly the plan, checked against the state as it is, proven, and recorded in one transaction.

The order of the checks is the contract's: lineage and seal (4), staleness (5), guards (4), verification (3). All
network work comes before the transaction; staleness is looked at again inside it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from reconciler.diagnostics import CODES, Diagnostic, error
from reconciler.errors import GuardRefused, InvalidInput, PlanStale
from reconciler.operations.plan import state_files_in_git
from reconciler.operations.proving import Demand, Proofs, prove
from reconciler.operations.recording import (
    account_routes,
    applied_summary,
    approval_changes,
    journal_payload,
    make_revision,
    recorded_account,
)
from reconciler.planfile import has_valid_seal
from reconciler.planning.grants import withheld_problem
from reconciler.planning.guards import changed_kind, guard_deletes, guard_state_folder
from reconciler.planning.platform import PLATFORM
from reconciler.planning.policy import Policy
from reconciler.planning.routes import Traveller, judge_routes

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from reconciler.model.evidence import Depth
    from reconciler.model.plan import Change, SavedPlan, Summary
    from reconciler.model.recorded import Provenance, RecordedAccount, RecordedState
    from reconciler.operations.conversations import Progress
    from reconciler.operations.workspace import Workspace
    from reconciler.store import Store, Transaction


@dataclass(frozen=True, kw_only=True)
class ApplyOrder:
    """How to apply a plan."""

    provenance: Provenance
    depth: Depth | None = None
    """The depth to need; None: the plan's, else the project's."""
    overrides: Mapping[str, str] = field(default_factory=dict)
    holds_failing: bool = False
    trusts_project: bool = False
    """Whoever applies says that the project file is the protected branch's."""


@dataclass(frozen=True, kw_only=True)
class Applied:
    """What came of it."""

    status: Literal["applied", "empty"]
    revision: int | None
    summary: Summary
    diagnostics: tuple[Diagnostic, ...] = ()


def apply_plan(plan: SavedPlan, workspace: Workspace, order: ApplyOrder, *, progress: Progress) -> Applied:
    """Record the plan's changes as one revision, or nothing at all.

    Raises ``GuardRefused``, ``PlanStale``, ``VerificationFailed``, ``InvalidInput`` or ``StateError``.
    """
    with workspace.open_store() as store:
        recorded = store.read_state()
        _check_belongs(plan, recorded)
        is_sealed = _check_seal(plan, workspace)
        _check_fresh(plan, recorded, applied_as=store.revision_of_plan(plan.plan_digest))
        _check_guards(plan, recorded, workspace)
        if not any(not change.held for change in plan.changes):
            return Applied(status="empty", revision=None, summary=plan.summary, diagnostics=plan.diagnostics)
        depth = order.depth or plan.inputs.depth or workspace.project.verification.depth.apply
        demand = Demand(
            depth=depth,
            overrides=order.overrides,
            holds_failing=order.holds_failing,
            trusts_plan_evidence=is_sealed,
        )
        proofs = prove(plan, recorded, workspace, demand, progress=progress)
        return _record(plan, store, workspace, order, proofs, demand)


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
    if all(change.action == "delete" or change.name in plan.inputs.accounts for change in plan.changes):
        return
    detail = "The plan file lacks accounts that it would change. Somebody altered it. Make the plan again."
    raise GuardRefused(error("planAltered", detail))


def _check_seal(plan: SavedPlan, workspace: Workspace) -> bool:
    """Return whether the plan's evidence can be trusted; refuse a seal that does not fit its own key."""
    key = workspace.fingerprint_key(workspace.secret_reader())
    if plan.seal is None or key is None or plan.inputs.fingerprint_key_id != key.key_id:
        return False
    if not has_valid_seal(plan, key):
        detail = "The seal of the plan file does not fit its content. Somebody altered it. Make the plan again."
        raise GuardRefused(error("planAltered", detail))
    return True


def _check_fresh(plan: SavedPlan, recorded: RecordedState, *, applied_as: int | None) -> None:
    """Refuse a plan that was applied already, or whose accounts are no longer what it was made from."""
    if applied_as is not None:
        detail = f"This plan is already applied as revision {applied_as}. There is nothing left to do."
        raise PlanStale(error("planApplied", detail))
    problems = [
        problem
        for change in plan.changes
        if not change.held
        for problem in _staleness(change, recorded.accounts, plan.inputs.approvals)
    ]
    if problems:
        raise PlanStale(problems)


def _staleness(
    change: Change, accounts: Mapping[str, RecordedAccount], approvals: Mapping[str, str | None]
) -> list[Diagnostic]:
    base = change.previous_name or change.name
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
    if change.previous_name is not None and change.name in accounts:
        problems.append(
            error("planStale", f"{change.name} has been recorded since the plan was made. {again}", subject=change.name)
        )
    return problems


def _approval_text(account: RecordedAccount) -> str | None:
    approval = account.approval
    return approval.as_seen if approval is not None else None


def _check_guards(plan: SavedPlan, recorded: RecordedState, workspace: Workspace) -> None:
    """Refuse what a guard refused when the plan was made, and what one refuses now."""
    policy = Policy(
        project=workspace.project,
        today=workspace.now().date(),
        allow_deletes=plan.inputs.allow_deletes,
        tracked_state_files=state_files_in_git(workspace),
    )
    deleted = [recorded.accounts[change.name] for change in plan.changes if change.action == "delete"]
    verdict = judge_routes(
        [_traveller(change, plan) for change in plan.changes if change.action != "delete" and not change.held],
        recorded.routes,
        secrets=workspace.project.secrets,
        today=policy.today,
    )
    withheld = withheld_problem(verdict.withheld)
    kinds = [(recorded.accounts.get(change.previous_name or change.name), change) for change in plan.changes]
    refusals = [
        *(each for each in plan.diagnostics if each.severity == "error" and CODES[each.code].is_guard),
        *guard_state_folder(policy).refusals,
        *guard_deletes(deleted, len(recorded.accounts), policy).refusals,
        *(changed_kind(was.name, was.kind, change.kind) for was, change in kinds if was and was.kind != change.kind),
        *((withheld,) if withheld else ()),
    ]
    if refusals:
        raise GuardRefused(list(dict.fromkeys(refusals)))


def _traveller(change: Change, plan: SavedPlan) -> Traveller:
    prepared = plan.inputs.accounts[change.name]
    return Traveller(change.name, prepared.manifest or "", prepared.secret_routes)


def _record(
    plan: SavedPlan, store: Store, workspace: Workspace, order: ApplyOrder, proofs: Proofs, demand: Demand
) -> Applied:
    applied = [change for change in plan.changes if not change.held and change.name not in proofs.held]
    summary = applied_summary(plan, applied, proofs)
    if not applied:
        return Applied(status="empty", revision=None, summary=summary, diagnostics=tuple(proofs.held.values()))
    with store.write() as transaction:
        recorded = transaction.state()
        _check_fresh(plan, recorded, applied_as=transaction.revision_of_plan(plan.plan_digest))
        at = workspace.now()
        number = recorded.serial + 1
        revision = make_revision(plan, applied, summary, number=number, at=at, provenance=order.provenance)
        written = [
            _write_change(change, transaction, recorded, proofs, workspace, number=number, at=at)
            for change in _in_safe_order(applied)
        ]
        transaction.put_routes(PLATFORM, proofs.platform_routes)
        if proofs.fingerprint_key_id is not None and recorded.fingerprint_key_id is None:
            transaction.set_fingerprint_key_id(proofs.fingerprint_key_id)
        transaction.add_revision(revision)
        depth = demand.depth if demand.depth != workspace.project.verification.depth.apply else None
        payload = journal_payload(
            plan, revision, proofs, provenance=order.provenance, overrides=order.overrides, depth=depth
        )
        payload["trustsProject"] = order.trusts_project
        payload["approvals"] = approval_changes(
            recorded.accounts,
            [account for account in written if account is not None],
            {change.name: change.previous_name for change in applied if change.previous_name is not None},
        )
        transaction.append_journal("apply", payload, at=at)
    held = tuple(proofs.held.values())
    return Applied(status="applied", revision=number, summary=summary, diagnostics=held)


def _in_safe_order(changes: list[Change]) -> list[Change]:
    """Return deletions first, so that a name set free in a plan can be taken in it."""
    return sorted(changes, key=lambda change: (change.action != "delete", change.name))


def _write_change(
    change: Change,
    transaction: Transaction,
    recorded: RecordedState,
    proofs: Proofs,
    workspace: Workspace,
    *,
    number: int,
    at: datetime,
) -> RecordedAccount | None:
    """Write one change, and return the account as it is recorded now; None for a deletion."""
    if change.action == "delete":
        transaction.delete_account(change.name)
        return None
    proof = proofs.by_name[change.name]
    is_automatic = workspace.project.platform.approval == "automatic"
    account = recorded_account(
        change,
        proof,
        recorded.accounts.get(change.previous_name or change.name),
        revision=number,
        at=at,
        is_approved=is_automatic and not proof.prepared.awaits_approval,
        key_id=proofs.fingerprint_key_id,
    )
    transaction.put_account(account, previous_name=change.previous_name)
    transaction.put_routes(change.name, account_routes(proof))
    return account
