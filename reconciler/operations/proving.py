"""Settles the evidence for a plan that is to be applied: what the plan brought, what is overridden, what is gathered."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from reconciler.diagnostics import Diagnostic, error, warning
from reconciler.errors import GuardRefused, InvalidInput, PlanStale, SecretUnreadable, VerificationFailed
from reconciler.model.recorded import RecordedVerification
from reconciler.model.route import with_fingerprints
from reconciler.operations.admission import vouched_manifest
from reconciler.operations.desired import require_platform
from reconciler.operations.plan import test_context
from reconciler.operations.privatecas import ca_problems
from reconciler.operations.proofs import Proof, Proofs, named_secrets
from reconciler.operations.targets import Subject
from reconciler.operations.verifying import gather_evidence, read_secrets, require_state_key
from reconciler.planning.allowed import is_allowed, naming_manifests
from reconciler.planning.evidence import depth_needed, standing_of
from reconciler.planning.finish import failure_of
from reconciler.planning.grants import untrusted_project, withheld_problem
from reconciler.planning.platform import PLATFORM, platform_routes
from reconciler.planning.routes import Traveller, judge_routes
from reconciler.planning.settings import settings_digest, settings_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from reconciler.model.evidence import Depth, Evidence
    from reconciler.model.manifest import Kind
    from reconciler.model.plan import Change, PreparedAccount, SavedPlan
    from reconciler.model.recorded import RecordedAccount, RecordedState
    from reconciler.model.route import SecretRoute
    from reconciler.model.secrets import FingerprintKey
    from reconciler.operations.conversations import Progress
    from reconciler.operations.workspace import Workspace
    from reconciler.planning.platform import PlatformServer


@dataclass(frozen=True, kw_only=True)
class _Gathered:
    """What was verified anew, where the platform's own secrets travelled for it, and the key that was used."""

    proofs: Mapping[str, Proof] = field(default_factory=dict)
    platform_routes: tuple[SecretRoute, ...] = ()
    key: FingerprintKey | None = None
    grants_used: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Demand:
    """What apply asks of evidence."""

    depth: Depth
    overrides: Mapping[str, str]
    """Account to the reason why it is applied unverified."""
    holds_failing: bool
    trusts_plan_evidence: bool
    """False for a plan whose seal cannot be checked: its evidence is gathered anew, its word on what needs none
    is compared with state."""


def prove(
    plan: SavedPlan, recorded: RecordedState, workspace: Workspace, demand: Demand, *, progress: Progress
) -> Proofs:
    """Return what every change of the plan will be recorded with.

    Raises ``VerificationFailed`` where a change fails, ``GuardRefused`` where a credential is withheld,
    ``SecretUnreadable`` where a secret that is needed is absent, ``PlanStale`` where a private CA is no longer what
    was planned, ``InvalidInput`` for a secret outside ``secrets.allow``.
    """
    _check_overrides(plan, demand)
    prepared = {
        change.name: plan.inputs.accounts[change.name]
        if demand.trusts_plan_evidence
        else _doubted(plan.inputs.accounts[change.name], recorded.accounts.get(change.previous_name or change.name))
        for change in plan.changes
        if change.action != "delete" and not change.held
    }
    manifests = {
        change.name: vouched_manifest(
            prepared[change.name],
            recorded.accounts.get(change.previous_name or change.name),
            is_sealed=demand.trusts_plan_evidence,
        )
        for change in plan.changes
        if change.name in prepared
    }
    _check_allowed(plan, prepared, recorded, workspace, is_sealed=demand.trusts_plan_evidence)
    _check_trust(plan, prepared, workspace)
    _check_plan_key(plan, prepared, recorded)
    today = workspace.now().date()
    depths = {name: depth_needed(name, demand.depth, workspace.project, today) for name in prepared}
    proofs, open_names = _settle(prepared, depths, workspace, demand)
    _judge(plan, proofs, demand)
    gathered = _gather(plan, prepared, open_names, recorded, workspace, depths, manifests, progress)
    proofs.update(gathered.proofs)
    held = _judge(plan, proofs, demand)
    kept = {name: proof for name, proof in proofs.items() if name not in held}
    return Proofs(
        by_name=kept,
        held=held,
        fingerprint_key_id=gathered.key.key_id if gathered.key else plan.inputs.fingerprint_key_id,
        platform_routes=gathered.platform_routes
        or (plan.inputs.platform_routes if demand.trusts_plan_evidence else ()),
        grants_used=gathered.grants_used,
    )


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


def _doubted(account: PreparedAccount, before: RecordedAccount | None) -> PreparedAccount:
    """Return an account of a plan without a seal: it needs evidence unless state has these very settings."""
    is_same = (
        before is not None
        and settings_of(before.spec, before.ca_digest) == settings_of(account.document["spec"], account.ca_digest)
        and before.fingerprints == account.fingerprints
    )
    known = before.fingerprints if before is not None else {}
    believed = {secret: each for secret, each in account.fingerprints.items() if known.get(secret) == each}
    is_needed = account.needs_evidence or not is_same
    return account.model_copy(update={"needs_evidence": is_needed, "fingerprints": believed})


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
    bases = {change.name: change.previous_name or change.name for change in plan.changes}
    problems = [
        error(
            "secretNotAllowed",
            f"The plan would use {secret}, which secrets.allow in the project file does not cover. Plan again.",
            subject=name,
        )
        for name, account in accounts.items()
        for secret in sorted(named_secrets(account))
        for files in (_naming_manifests(secret, account, recorded.accounts.get(bases[name]), is_sealed=is_sealed),)
        if not all(is_allowed(secret, file, workspace.project.secrets) for file in files)
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
    prepared: Mapping[str, PreparedAccount],
    depths: Mapping[str, Depth],
    workspace: Workspace,
    demand: Demand,
) -> tuple[dict[str, Proof], list[str]]:
    """Return the proofs that need no network, and the names for which evidence must be gathered."""
    proofs: dict[str, Proof] = {}
    missing: list[str] = []
    for name, account in prepared.items():
        if not account.needs_evidence:
            proofs[name] = Proof(prepared=account, verification=None, evidence=None)
        elif name in demand.overrides:
            proofs[name] = _overridden(account, demand.overrides[name])
        elif _is_settled(account, depths[name], workspace, demand):
            proofs[name] = _proven(account, account.evidence)
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


def _proven(account: PreparedAccount, evidence: Evidence | None) -> Proof:
    assert evidence is not None  # noqa: S101 - callers have it in hand
    found = evidence.verification
    outcome = found.status if found.status in {"passed", "skipped"} else "failed"
    reason = None if outcome == "passed" else failure_of(found)
    return Proof(
        prepared=account,
        verification=RecordedVerification(
            outcome=outcome, checked_at=found.checked_at, depth=found.depth, reason=reason
        ),
        evidence=evidence,
    )


def _gather(
    plan: SavedPlan,
    prepared: Mapping[str, PreparedAccount],
    open_names: Sequence[str],
    recorded: RecordedState,
    workspace: Workspace,
    depths: Mapping[str, Depth],
    manifests: Mapping[str, str],
    progress: Progress,
) -> _Gathered:
    if not open_names:
        return _Gathered()
    accounts = {name: prepared[name] for name in open_names}
    kinds = {change.name: change.kind for change in plan.changes}
    references = {name: named_secrets(account) for name, account in accounts.items()}
    to_contact = [name for name in accounts if depths[name] != "offline"]
    platform = require_platform(workspace)
    through_platform = platform_routes(platform, {kinds[name] for name in to_contact}, {})
    wanted = {secret for name in to_contact for secret in references[name]} | {each.secret for each in through_platform}
    secrets = read_secrets(workspace, wanted, depth="message")
    if secrets.readings.unreadable:
        raise SecretUnreadable(list(secrets.readings.unreadable.values()))
    _check_key(wanted, secrets.key, recorded)
    _check_ca_files(accounts, workspace)
    fresh = {
        name: _refreshed(account, kinds[name], secrets.readings.fingerprints, platform)
        for name, account in accounts.items()
    }
    through_platform = with_fingerprints(through_platform, secrets.readings.fingerprints)
    reserved = platform.routes(secrets.readings.fingerprints) if platform is not None else ()
    grants = _check_routes({**prepared, **fresh}, manifests, through_platform, recorded, workspace, reserved)
    evidence = gather_evidence(
        [_subject(name, kinds[name], fresh[name], depths[name]) for name in sorted(fresh)],
        workspace,
        platform=platform,
        secrets=secrets,
        context=test_context(workspace, plan.changes_digest),
        progress=progress,
    ).evidence
    proofs = {name: _proven(fresh[name], evidence[name]) for name in fresh}
    return _Gathered(proofs=proofs, platform_routes=through_platform, key=secrets.key, grants_used=grants)


def _check_routes(
    accounts: Mapping[str, PreparedAccount],
    manifests: Mapping[str, str],
    through_platform: tuple[SecretRoute, ...],
    recorded: RecordedState,
    workspace: Workspace,
    reserved: tuple[SecretRoute, ...],
) -> tuple[str, ...]:
    """Refuse, before anything is sent, what the values just read show to be known secrets on new routes.

    ``reserved`` are the routes that the platform's server has by the project file, taken now or not. Returns the
    grants that were needed.
    """
    travellers = [Traveller(name, manifests[name], account.secret_routes) for name, account in accounts.items()]
    travellers.append(Traveller(PLATFORM, "", through_platform))
    today = workspace.now().date()
    verdict = judge_routes(
        travellers, recorded.routes, secrets=workspace.project.secrets, today=today, reserved=reserved
    )
    problem = withheld_problem(verdict.withheld, expired=verdict.expired)
    if problem is not None:
        raise GuardRefused(problem)
    return verdict.grants_used


def _check_key(wanted: set[str], key: FingerprintKey | None, recorded: RecordedState) -> None:
    if not wanted:
        return
    if key is None:
        detail = "State keeps keyed fingerprints of secrets, and there is no key here. Provide the key of this state."
        raise SecretUnreadable(error("fingerprintKeyMissing", detail))
    require_state_key(recorded, key.key_id)


def _check_ca_files(accounts: Mapping[str, PreparedAccount], workspace: Workspace) -> None:
    trusts = {name: (account.document["spec"], account.ca_digest) for name, account in accounts.items()}
    problems = list(ca_problems(trusts, workspace, changed=_stale_ca).values())
    if any(problem.code == "planStale" for problem in problems):
        raise PlanStale(problems)
    if problems:
        raise InvalidInput(problems)


def _stale_ca(name: str, path: str) -> Diagnostic:
    return error("planStale", f"{path} has changed since the plan was made. Plan again.", subject=name)


def _refreshed(
    account: PreparedAccount,
    kind: Kind,
    fingerprints: Mapping[str, str],
    platform: PlatformServer | None,
) -> PreparedAccount:
    """Return the account with the fingerprints and the settings digest as of now."""
    references = named_secrets(account)
    current = {**account.fingerprints, **{secret: fingerprints[secret] for secret in references & fingerprints.keys()}}
    digest = settings_digest(
        kind,
        account.document["spec"],
        ca_digest=account.ca_digest,
        fingerprints={**fingerprints, **current},
        platform=platform,
    )
    return account.model_copy(update={"fingerprints": current, "settings_digest": digest})


def _subject(name: str, kind: Kind, account: PreparedAccount, depth: Depth) -> Subject:
    return Subject(
        name=name,
        kind=kind,
        spec=account.document["spec"],
        settings_digest=account.settings_digest,
        depth=depth,
        written=account.written,
    )


def _judge(plan: SavedPlan, proofs: Mapping[str, Proof], demand: Demand) -> dict[str, Diagnostic]:
    """Return the changes to hold; raise for those that fail, unless they may be held."""
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
        raise VerificationFailed([error("verificationFailed", failed[name], subject=name) for name in blocking])
    return {
        name: warning("heldChange", f"{name} is left as it is recorded: {reason}", subject=name)
        for name, reason in held.items()
    }


def _may_be_held(change: Change, demand: Demand) -> bool:
    return demand.holds_failing or change.cause == "rotation"


def _is_withheld(proof: Proof) -> bool:
    return proof.evidence is not None and proof.evidence.verification.status == "withheld"
