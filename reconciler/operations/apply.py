"""``apply``: exactly the plan, checked against the state as it is, proven, and recorded in one transaction.

The order of the checks is the contract's: lineage and seal (4), staleness (5), guards (4), verification (3). All
network work comes before the transaction; staleness is looked at again inside it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

from reconciler.diagnostics import error, grouped
from reconciler.errors import GuardRefused, PlanStale
from reconciler.operations.admission import Admission, admit, require_fresh
from reconciler.operations.proofs import Proofs, uncompared_secrets
from reconciler.operations.proving import Demand, prove
from reconciler.operations.recording import (
    account_routes,
    applied_summary,
    approval_changes,
    journal_payload,
    make_revision,
    recorded_account,
)
from reconciler.rules.accounts.platform import PLATFORM
from reconciler.store import THE_STATE

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from reconciler.diagnostics import Diagnostic
    from reconciler.model.accounts.recorded import RecordedAccount, RecordedState
    from reconciler.model.journal.entries import Provenance
    from reconciler.model.plan import Change, SavedPlan, Summary
    from reconciler.model.verification.depths import Depth
    from reconciler.operations.conversations.queue import Progress
    from reconciler.operations.proofs import Proof
    from reconciler.operations.workspace import Workspace
    from reconciler.store import Store, Transaction


@dataclass(frozen=True, kw_only=True)
class ApplyOrder:
    """How to apply a plan."""

    provenance: Provenance
    depth: Depth | None = None
    """The depth to need; None: the plan's, else the project's."""
    overrides: Mapping[str, str] = field(default_factory=dict)
    accepted: Mapping[str, str] = field(default_factory=dict)
    """Accounts to take as state has them although something else altered them, each with the reason."""
    holds_failing: bool = False
    trusts_project: bool = False
    """Whoever applies says that the project file is the protected branch's."""
    reviewed: SavedPlan | None = None
    """The plan that people have reviewed: nothing is applied that it did not show."""


@dataclass(frozen=True, kw_only=True)
class Applied:
    """What came of it."""

    status: Literal["applied", "empty"]
    revision: int | None
    summary: Summary
    diagnostics: tuple[Diagnostic, ...] = ()
    pending: tuple[str, ...] = ()
    """The accounts that wait for the platform's decision from now on."""


def apply_plan(plan: SavedPlan, workspace: Workspace, order: ApplyOrder, *, progress: Progress) -> Applied:
    """Record the plan's changes as one revision, or nothing at all.

    Raises ``GuardRefused``, ``PlanStale``, ``VerificationFailed``, ``InvalidInput`` or ``StateError``.
    """
    with workspace.open_store() as store:
        recorded = store.read_state()
        applied_as = store.revision_of_plan(plan.plan_digest)
        admission = admit(plan, recorded, workspace, applied_as=applied_as, reviewed=order.reviewed)
        plan = admission.plan
        _require_recorded(plan, store, order)
        if not any(not change.held for change in plan.changes):
            return Applied(status="empty", revision=None, summary=plan.summary, diagnostics=plan.diagnostics)
        depth = order.depth or plan.inputs.depth or workspace.project.verification.depth.apply
        demand = Demand(
            depth=depth,
            overrides=order.overrides,
            holds_failing=order.holds_failing,
            trusts_plan_evidence=admission.is_sealed,
        )
        proofs = prove(plan, recorded, workspace, demand, progress=progress)
        return _record(plan, store, workspace, order, proofs, demand, admission)


def _record(
    plan: SavedPlan,
    store: Store,
    workspace: Workspace,
    order: ApplyOrder,
    proofs: Proofs,
    demand: Demand,
    admission: Admission,
) -> Applied:
    applied = [change for change in plan.changes if not change.held and change.name not in proofs.held]
    summary = applied_summary(plan, applied, proofs)
    if not applied:
        return Applied(status="empty", revision=None, summary=summary, diagnostics=grouped(proofs.held.values()))
    with store.write() as transaction:
        transaction.accept_altered(order.accepted)
        recorded = transaction.state()
        require_fresh(plan, recorded, applied_as=transaction.revision_of_plan(plan.plan_digest))
        _require_key_of(recorded, proofs)
        at = workspace.now()
        number = recorded.serial + 1
        revision = make_revision(plan, applied, summary, number=number, at=at, provenance=order.provenance)
        for change in applied:
            # Every name that is given up is free before any is taken: renames may swap two names.
            if change.gives_up is not None:
                transaction.delete_account(change.gives_up)
        written = [
            _write_change(change, transaction, recorded, proofs, workspace, number=number, at=at)
            for change in applied
            if change.action != "delete"
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
        payload |= _ways_round(plan, order, proofs, admission)
        payload["approvals"] = approval_changes(
            recorded.accounts,
            written,
            {change.name: change.recorded_name for change in applied},
        )
        transaction.append_journal("apply", payload, at=at)
    told = grouped((*proofs.held.values(), *uncompared_secrets(proofs)))
    return Applied(status="applied", revision=number, summary=summary, diagnostics=told, pending=plan.would_be_pending)


def _require_recorded(plan: SavedPlan, store: Store, order: ApplyOrder) -> None:
    """Refuse accounts that are not what the journal last recorded, before anybody is contacted for them."""
    names = {name for change in plan.changes if not change.held for name in change.names} | order.accepted.keys()
    altered = store.alterations(names - {THE_STATE})
    refused = [each.problem for each in altered if each.name not in order.accepted]
    if refused:
        raise GuardRefused(refused)


def _ways_round(plan: SavedPlan, order: ApplyOrder, proofs: Proofs, admission: Admission) -> dict[str, Any]:
    """Return what the journal tells of what let this apply happen: the review, guards lifted, grants, what is open."""
    inputs = plan.inputs
    reviewed = order.reviewed
    told: dict[str, Any] = {
        "liftedGuards": [guard.model_dump(mode="json") for guard in admission.lifted_guards],
        "grantsUsed": sorted({*admission.grants_used, *proofs.grants_used}),
        "holdsFailing": order.holds_failing or inputs.holds_failing,
    }
    selectors = {"targets": inputs.targets, "excludes": inputs.excludes}
    told |= {name: list(each) for name, each in selectors.items() if each}
    if reviewed is not None:
        told["reviewed"] = {"planDigest": reviewed.plan_digest, "changesDigest": reviewed.changes_digest}
    if proofs.not_compared:
        told["secretsNotCompared"] = {name: list(secrets) for name, secrets in sorted(proofs.not_compared.items())}
    return told


def _require_key_of(recorded: RecordedState, proofs: Proofs) -> None:
    """Refuse where the key of fingerprints was changed while evidence was gathered: it is bound to the old one."""
    was_read = any(proof.evidence is not None and proof.prepared.fingerprints for proof in proofs.by_name.values())
    if was_read and not recorded.is_keyed_with(proofs.fingerprint_key_id):
        detail = "The key of fingerprints was changed while accounts were verified. Nothing was applied. Plan again."
        raise PlanStale(error("planStale", detail))


def _with_state_fingerprints(proof: Proof, before: RecordedAccount | None, *, is_same_key: bool) -> Proof:
    """Return the proof of a change that nothing was read for with the fingerprints that state has by now.

    The plan's may be older: a rotation or another key may have been recorded since, which is no change of the account.
    """
    if is_same_key and (proof.verification is not None or before is None):
        return proof
    secrets = {each.secret for each in proof.prepared.secret_routes}
    planned = proof.prepared.fingerprints if is_same_key else {}
    known = {**planned, **(before.fingerprints if before is not None else {})}
    fingerprints = {secret: known[secret] for secret in sorted(secrets & known.keys())}
    return replace(proof, prepared=proof.prepared.model_copy(update={"fingerprints": fingerprints}))


def _write_change(
    change: Change,
    transaction: Transaction,
    recorded: RecordedState,
    proofs: Proofs,
    workspace: Workspace,
    *,
    number: int,
    at: datetime,
) -> RecordedAccount:
    """Write one account that is wanted, and return it as it is recorded now; its name is free or its own."""
    before = recorded.accounts.get(change.recorded_name or "")
    is_same_key = recorded.is_keyed_with(proofs.fingerprint_key_id)
    proof = _with_state_fingerprints(proofs.by_name[change.name], before, is_same_key=is_same_key)
    is_automatic = workspace.project.platform.approval == "automatic"
    account = recorded_account(
        change,
        proof,
        before,
        revision=number,
        at=at,
        is_approved=is_automatic and not proof.prepared.awaits_approval,
        key_id=recorded.fingerprint_key_id or proofs.fingerprint_key_id,
    )
    transaction.put_account(account)
    transaction.put_routes(change.name, account_routes(proof))
    return account
