"""Settles the evidence for a plan that is to be applied: what the plan brought, what is overridden, what is gathered."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from reconciler.diagnostics import Diagnostic, enumerated, error, warning
from reconciler.errors import GuardRefused, InvalidInput, VerificationFailed
from reconciler.model.accounts.recorded import RecordedVerification
from reconciler.operations.admission import vouched_manifest
from reconciler.operations.conversations.run import require_state_key
from reconciler.operations.gathering import Candidate, gather, read_open
from reconciler.operations.manifests import require_platform
from reconciler.operations.proofs import Proof, Proofs, named_secrets, proven, unproven
from reconciler.rules.accounts.platform import platform_routes, routes_needed
from reconciler.rules.plan.holding import held_with, why_held_with
from reconciler.rules.plan.wishes import unproven_rotations
from reconciler.rules.secrets.allow import is_allowed, naming_manifests
from reconciler.rules.secrets.grants import untrusted_project
from reconciler.rules.verification.evidence import depth_needed, standing_of
from reconciler.rules.verification.missing import failed_without, missing_problems

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.model.accounts.recorded import RecordedAccount, RecordedState
    from reconciler.model.plan import Change, PreparedAccount, SavedPlan
    from reconciler.model.verification.depths import Depth
    from reconciler.operations.conversations.queue import Progress
    from reconciler.operations.workspace import Workspace
    from reconciler.rules.verification.missing import Missing


@dataclass(frozen=True, kw_only=True)
class Demand:
    """What apply asks of evidence."""

    depth: Depth
    overrides: Mapping[str, str]
    """Account to the reason why it is applied unverified."""
    holds_failing: bool
    trusts_plan_evidence: bool
    """False for a plan whose seal cannot be checked, which is a list of wishes: its evidence is gathered anew."""


def prove(
    plan: SavedPlan, recorded: RecordedState, workspace: Workspace, demand: Demand, *, progress: Progress
) -> Proofs:
    """Return what every change of the plan will be recorded with.

    Raises ``VerificationFailed`` where a change fails, also for want of a secret, ``GuardRefused`` where a credential is
    withheld, ``SecretUnreadable`` for a secret that may not be read, ``PlanStale`` where a private CA is no longer what
    was planned, ``InvalidInput`` for a secret outside ``secrets.allow``.
    """
    _check_overrides(plan, demand)
    candidates = _candidates(plan, recorded, workspace, demand)
    prepared = {name: each.prepared for name, each in candidates.items()}
    _check_allowed(plan, prepared, recorded, workspace, is_sealed=demand.trusts_plan_evidence)
    _check_trust(plan, prepared, workspace)
    _check_plan_key(plan, prepared, recorded)
    _check_unread_overrides(plan, demand)
    proofs, open_names = _settle(candidates, workspace, demand)
    _judge(plan, proofs, demand)
    at_hand = read_open(candidates, open_names, recorded, workspace)
    missing = at_hand.missing
    proofs.update({name: unproven(prepared[name], failed_without(each)) for name, each in missing.items()})
    _judge(plan, proofs, demand, missing)
    readable = [name for name in open_names if name not in missing]
    digest = plan.changes_digest
    gathered = gather(candidates, readable, at_hand, recorded, workspace, changes_digest=digest, progress=progress)
    proofs.update(gathered.proofs)
    held = _judge(plan, proofs, demand, missing)
    kept_changes = [change for change in plan.changes if not change.held]
    held |= {
        name: warning("heldChange", why_held_with(name, keeper), subject=name)
        for name, keeper in held_with(kept_changes, held).items()
    }
    kept = {name: proof for name, proof in proofs.items() if name not in held}
    if not demand.trusts_plan_evidence:
        kept = _as_found(plan, kept, recorded)
    return Proofs(
        by_name=kept,
        held=held,
        fingerprint_key_id=gathered.key.key_id if gathered.key else plan.inputs.fingerprint_key_id,
        platform_routes=gathered.platform_routes
        or (plan.inputs.platform_routes if demand.trusts_plan_evidence else ()),
        grants_used=gathered.grants_used,
    )


def _as_found(plan: SavedPlan, proofs: Mapping[str, Proof], recorded: RecordedState) -> dict[str, Proof]:
    """Return the proofs of a plan without a seal, each with the manifest that state has; refuse rotations that are none."""
    unproven = unproven_rotations(plan, {name: each.prepared.fingerprints for name, each in proofs.items()}, recorded)
    if unproven:
        detail = (
            "The plan shows a rotated secret, has no seal, and the value read now is the one that is recorded, or none was "
            "read. Make the plan again."
        )
        raise GuardRefused([error("planAltered", detail, subject=name) for name in unproven])
    bases = {change.name: recorded.accounts.get(change.recorded_name or "") for change in plan.changes}
    manifests = {name: before.manifest if before is not None else None for name, before in bases.items()}
    return {
        name: replace(proof, prepared=proof.prepared.model_copy(update={"manifest": manifests[name]}))
        for name, proof in proofs.items()
    }


def _candidates(plan: SavedPlan, recorded: RecordedState, workspace: Workspace, demand: Demand) -> dict[str, Candidate]:
    """Return the accounts that will be recorded unless they are held, by name."""
    today = workspace.now().date()
    candidates = {}
    for change in plan.changes:
        if change.action == "delete" or change.held:
            continue
        before = recorded.accounts.get(change.recorded_name or "")
        account = plan.inputs.accounts[change.name]
        candidates[change.name] = Candidate(
            kind=change.kind,
            prepared=account,
            manifest=vouched_manifest(account, before, is_sealed=demand.trusts_plan_evidence),
            depth=depth_needed(change.name, demand.depth, workspace.project, today),
        )
    return candidates


def _check_overrides(plan: SavedPlan, demand: Demand) -> None:
    needed = {name for name, prepared in plan.inputs.accounts.items() if prepared.needs_evidence}
    problems = [
        error(
            "selectorMatchesNothing",
            f"--override-verification names {name}, which is not a change of this plan that needs verification.",
            subject=name,
        )
        for name in sorted(demand.overrides.keys() - needed)
    ]
    if problems:
        raise InvalidInput(problems)


def _check_unread_overrides(plan: SavedPlan, demand: Demand) -> None:
    """Refuse to record, unverified, a secret that the plan could not read.

    Without its fingerprint nobody could tell that it is another account's secret, and its route would count as known.
    A plan at depth offline has read none, which it says.
    """
    if plan.inputs.fingerprint_key_id is None:
        return
    kinds = {change.name: change.kind for change in plan.changes}
    problems = []
    for name in sorted(demand.overrides):
        routes = routes_needed(kinds[name], plan.inputs.accounts[name].secret_routes, plan.inputs.platform_routes)
        unread = sorted({each.secret for each in routes if each.fingerprint is None})
        if unread:
            detail = (
                f"--override-verification records {name} unverified, and {enumerated(unread)} could not be read for this "
                "plan, so nobody could tell whether state knows the value under another name, and where it may travel. "
                "Plan again where it can be read, or leave the account out:\n"
                f"    reconciler plan --exclude {name}"
            )
            problems.append(error("secretMissing", detail, subject=name))
    if problems:
        raise VerificationFailed(problems)


def _check_trust(plan: SavedPlan, accounts: Mapping[str, PreparedAccount], workspace: Workspace) -> None:
    """Refuse, where the project file is not trusted, whatever would be verified or recorded with a secret by its word."""
    if workspace.is_project_trusted:
        return
    kinds = {change.name: change.kind for change in plan.changes}
    platform = require_platform(workspace)
    concerned = [
        name
        for name, account in accounts.items()
        if account.needs_evidence and (named_secrets(account) or platform_routes(platform, {kinds[name]}, {}))
    ]
    if concerned:
        raise GuardRefused(untrusted_project(concerned))


def _check_allowed(
    plan: SavedPlan,
    accounts: Mapping[str, PreparedAccount],
    recorded: RecordedState,
    workspace: Workspace,
    *,
    is_sealed: bool,
) -> None:
    """Refuse secrets that the project file does not allow: it may have changed since, or the plan."""
    bases = {change.name: change.recorded_name or "" for change in plan.changes}
    look = workspace.secret_reader().look(secret for account in accounts.values() for secret in named_secrets(account))
    problems = [
        error(
            "secretNotAllowed",
            f"The plan would use {secret}, which the project file does not let its manifest name. Plan again.",
            subject=name,
        )
        for name, account in accounts.items()
        for secret in sorted(named_secrets(account))
        for files in (_naming_manifests(secret, account, recorded.accounts.get(bases[name]), is_sealed=is_sealed),)
        if secret in look.problems
        or not all(is_allowed(secret, file, workspace.project.secrets, look.places) for file in files)
    ]
    if problems:
        raise InvalidInput(problems)


def _naming_manifests(
    secret: str, account: PreparedAccount, before: RecordedAccount | None, *, is_sealed: bool
) -> tuple[str, ...]:
    """Return the manifests that name a secret.

    An unsealed plan claims what it likes of them, so it vouches for none but where state has the secret already, from
    the same file.
    """
    if is_sealed:
        return naming_manifests(
            secret, own=account.manifest or "", server=account.server_manifest or "", inherited=account.server_secrets
        )
    is_known = before is not None and any(each.secret == secret for each in before.secret_routes)
    return (vouched_manifest(account, before, is_sealed=False) if is_known else "",)


def _check_plan_key(plan: SavedPlan, accounts: Mapping[str, PreparedAccount], recorded: RecordedState) -> None:
    """Refuse evidence of secrets that the plan fingerprinted with another key than state's."""
    verified = (account for account in accounts.values() if account.needs_evidence)
    if plan.inputs.fingerprint_key_id is not None and any(named_secrets(account) for account in verified):
        require_state_key(recorded, plan.inputs.fingerprint_key_id)


def _settle(
    candidates: Mapping[str, Candidate], workspace: Workspace, demand: Demand
) -> tuple[dict[str, Proof], list[str]]:
    """Return the proofs that need no network, and the names for which evidence must be gathered."""
    proofs: dict[str, Proof] = {}
    missing: list[str] = []
    for name, candidate in candidates.items():
        account = candidate.prepared
        if not account.needs_evidence:
            proofs[name] = Proof(prepared=account, verification=None, evidence=None)
        elif name in demand.overrides:
            proofs[name] = _overridden(account, demand.overrides[name])
        elif _is_settled(account, candidate.depth, workspace, demand):
            proofs[name] = proven(account, account.evidence)
        else:
            missing.append(name)
    return proofs, missing


def _is_settled(account: PreparedAccount, depth: Depth, workspace: Workspace, demand: Demand) -> bool:
    standing = standing_of(
        account.evidence,
        settings_digest=account.settings_digest,
        depth=depth,
        ttl_hours=workspace.project.verification.evidence_ttl_hours,
        now=workspace.now(),
    )
    return demand.trusts_plan_evidence and standing != "missing"


def _overridden(account: PreparedAccount, reason: str) -> Proof:
    verification = RecordedVerification(outcome="overridden", reason=f"applied unverified: {reason}")
    return Proof(prepared=account, verification=verification, evidence=None)


def _judge(
    plan: SavedPlan,
    proofs: Mapping[str, Proof],
    demand: Demand,
    missing: Mapping[str, tuple[Missing, ...]] | None = None,
) -> dict[str, Diagnostic]:
    """Return the changes to hold; raise for those that fail, unless they may be held.

    ``missing`` tells for which of them, by name, it is for want of a secret.
    """
    changes = {change.name: change for change in plan.changes}
    failed = {
        name: proof.verification.reason or "It was not verified."
        for name, proof in proofs.items()
        if proof.verification is not None and proof.verification.outcome == "failed"
    }
    held = {name: reason for name, reason in failed.items() if _may_be_held(changes[name], demand)}
    withheld = [name for name in sorted(failed) if _is_withheld(proofs[name])]
    if withheld:
        raise GuardRefused([error("credentialWithheld", failed[name], subject=name) for name in withheld])
    blocking = [name for name in sorted(failed) if name not in held]
    if blocking:
        wanting = {name: missing[name] for name in blocking if name in missing} if missing else {}
        others = [name for name in blocking if name not in wanting]
        told = [error("verificationFailed", failed[name], subject=name) for name in others]
        raise VerificationFailed([*missing_problems(wanting), *told])
    return {
        name: warning("heldChange", f"{name} is left as it is recorded: {reason}", subject=name)
        for name, reason in held.items()
    }


def _may_be_held(change: Change, demand: Demand) -> bool:
    return demand.holds_failing or change.cause == "rotation"


def _is_withheld(proof: Proof) -> bool:
    return proof.evidence is not None and proof.evidence.verification.status == "withheld"
