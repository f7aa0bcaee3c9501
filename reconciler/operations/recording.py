"""From a proven change to what state records of it: the account, its routes, the revision, the journal's payload."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reconciler.model.accounts.recorded import Approval, RecordedAccount, approval_digest
from reconciler.model.canonical import canonical_json
from reconciler.model.journal.entries import Revision
from reconciler.model.plan import Summary

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from reconciler.model.journal.entries import Provenance
    from reconciler.model.plan import Change, SavedPlan
    from reconciler.model.secrets.routes import SecretRoute
    from reconciler.operations.proofs import Proof, Proofs

AUTOMATIC = "platform: automatic"
"""The actor of an approval that ``platform.approval: automatic`` gives."""


def recorded_account(
    change: Change, proof: Proof, before: RecordedAccount | None, *, revision: int, at: datetime, is_approved: bool,
    key_id: str | None,
) -> RecordedAccount:  # fmt: skip
    """Return the account as this revision leaves it; what the change does not touch is kept from ``before``."""
    prepared = proof.prepared
    is_settled = proof.verification is None and before is not None
    return RecordedAccount(
        kind=change.kind,
        name=change.name,
        canonical=canonical_json(prepared.document),
        written=prepared.written,
        revision=revision,
        created_at=before.created_at if before else at,
        updated_at=at,
        settings_digest=before.settings_digest if is_settled and before else prepared.settings_digest,
        ca_digest=prepared.ca_digest,
        fingerprints=prepared.fingerprints,
        fingerprint_key_id=key_id if prepared.fingerprints else None,
        approval=_approval(change, prepared.document["spec"], before, at=at, is_approved=is_approved),
        verification=before.verification if is_settled and before else proof.verification,
        suspension=before.suspension if before else None,
        evidence=before.evidence if is_settled and before else proof.evidence,
        manifest=prepared.manifest,
    )


def _approval(
    change: Change, spec: dict[str, Any], before: RecordedAccount | None, *, at: datetime, is_approved: bool
) -> Approval | None:
    """Return the decision that still holds: an approval belongs to what was approved."""
    subject_digest = approval_digest(change.kind, spec)
    if subject_digest is None:
        return None
    if before is not None and before.approval is not None and before.approval.covers(change.kind, spec):
        return before.approval
    if is_approved:
        return Approval(decision="approved", actor=AUTOMATIC, at=at, subject_digest=subject_digest)
    return None


def approval_changes(
    before: Mapping[str, RecordedAccount], after: Iterable[RecordedAccount], recorded_names: Mapping[str, str | None]
) -> dict[str, Any]:
    """Return what an apply does to approvals, for the journal: those given automatically and those that fall.

    ``recorded_names`` gives the name under which state had each account; None for one that is new.
    """
    told = {}
    for account in after:
        recorded = before.get(recorded_names[account.name] or "")
        was = recorded.approval if recorded is not None else None
        if was != account.approval:
            told[account.name] = {"before": _approval_document(was), "after": _approval_document(account.approval)}
    return told


def _approval_document(approval: Approval | None) -> dict[str, Any] | None:
    return None if approval is None else approval.model_dump(mode="json")


def account_routes(proof: Proof) -> tuple[SecretRoute, ...]:
    """Return the routes that the account's secrets take from now on, with fingerprints where known."""
    return proof.prepared.secret_routes


def applied_summary(plan: SavedPlan, applied: Iterable[Change], proofs: Proofs) -> Summary:
    """Return the counts of what was recorded, which is what the plan shows less what was held since."""
    counts = dict.fromkeys(("create", "update", "rename", "delete"), 0)
    for change in applied:
        counts[change.action] += 1
    return Summary(**counts, unchanged=plan.summary.unchanged, held=plan.summary.held + len(proofs.held))


def make_revision(
    plan: SavedPlan, applied: Sequence[Change], summary: Summary, *, number: int, at: datetime, provenance: Provenance
) -> Revision:
    """Return the revision as history shows it."""
    return Revision(
        revision=number,
        at=at,
        actor=provenance.actor.name,
        actor_source=provenance.actor.source,
        commit=provenance.commit,
        reference=provenance.reference,
        plan_digest=plan.plan_digest,
        summary=summary.model_dump(),
        changes=tuple(change.model_dump(mode="json", exclude={"verification", "held"}) for change in applied),
    )


def journal_payload(
    plan: SavedPlan, revision: Revision, proofs: Proofs, *, provenance: Provenance, overrides: Mapping[str, str],
    depth: str | None,
) -> dict[str, Any]:  # fmt: skip
    """Return what the journal tells of an apply: who, from where, what, with which evidence and which ways round."""
    return {
        "revision": revision.model_dump(mode="json"),
        "isDirty": provenance.is_dirty,
        "changesDigest": plan.changes_digest,
        "liftedGuards": [guard.model_dump(mode="json") for guard in plan.lifted_guards],
        "overrides": dict(overrides),
        "depth": depth,
        "held": sorted([*proofs.held, *(change.name for change in plan.changes if change.held)]),
        "verification": {
            name: proof.verification.model_dump(mode="json")
            for name, proof in sorted(proofs.by_name.items())
            if proof.verification is not None
        },
        "grantsUsed": list(plan.inputs.grants_used),
    }
