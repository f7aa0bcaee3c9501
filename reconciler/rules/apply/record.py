"""From a settled step to what state records of it: the account, its routes, the revision, the journal's payload."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING

from reconciler.classes import FrozenByName
from reconciler.diagnostics import error
from reconciler.errors import PlanStale
from reconciler.model.accounts.platform import PLATFORM
from reconciler.model.accounts.recorded import Approval, RecordedAccount, RecordedVerification, approval_digest
from reconciler.model.journal.entries import Revision
from reconciler.model.journal.payloads import (
    ApplyPayload,
    ApprovalChange,
    ApprovalTold,
    LiftedGuardTold,
    ReviewedTold,
    RevisionTold,
)
from reconciler.model.once import Once
from reconciler.model.plan import Summary
from reconciler.model.step import Delete, Rename, Update

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from reconciler.model.accounts.located import CaFile
    from reconciler.model.accounts.recorded import RecordedState
    from reconciler.model.accounts.settings import Documented
    from reconciler.model.canonical import JsonObject
    from reconciler.model.journal.entries import Provenance
    from reconciler.model.plan import SavedPlan, Scalar
    from reconciler.model.project import Project
    from reconciler.model.secrets.routes import SecretRoute
    from reconciler.model.step import Changed, Create
    from reconciler.rules.apply.admission import Admission
    from reconciler.rules.apply.settle import Settlement
    from reconciler.rules.plan.policy import ApplyOrder

AUTOMATIC = "platform: automatic"
"""The actor of an approval that ``platform.approval: automatic`` gives."""


class Records(FrozenByName):
    """What an apply writes, all of it or nothing."""

    deleted: tuple[str, ...]
    """Names whose accounts go. They go before any account comes: another may take the name."""
    renamed: Mapping[str, str]
    """Old names to new ones, to be changed together: two accounts may take each other's."""
    accounts: tuple[RecordedAccount, ...]
    routes: Mapping[str, tuple[SecretRoute, ...]]
    """Where secrets travel, by account; the platform's own under ``PLATFORM``."""
    fingerprint_key_id: str | None
    """The key that state is made with from now on; None where it was made with one before, or is with none."""
    revision: Revision
    payload: ApplyPayload


def records_of(
    settlement: Settlement,
    admission: Admission,
    order: ApplyOrder,
    recorded: RecordedState,
    *,
    project: Project,
    at: datetime,
    private_cas: Mapping[str, CaFile],
) -> Records:
    """Return what a settlement leaves, over what state has by now; the next serial is the revision's number.

    ``private_cas`` are the files of private CAs as they are now, by path as written. Raises ``PlanStale`` where the key
    of fingerprints is no longer the one that evidence was gathered with.
    """
    was_read = any(
        step.outcome is not None and step.evidence is not None and step.fingerprints for step in settlement.wanted
    )
    if was_read and not recorded.is_keyed_with(settlement.fingerprint_key_id):
        detail = "The key of fingerprints was changed while accounts were verified. Nothing was applied. Plan again."
        raise PlanStale(error("planStale", detail))
    key_id = recorded.fingerprint_key_id or settlement.fingerprint_key_id
    is_automatic = project.platform.approval == "automatic"
    number = recorded.serial + 1
    # A suspension or a verification may have been recorded since the plan was made; neither is a change of the account.
    steps = [as_of_now(step, recorded, settlement.fingerprint_key_id) for step in settlement.wanted]
    accounts = [
        recorded_account(
            step,
            revision=number,
            at=at,
            is_approved=is_automatic and not step.awaits_approval,
            key_id=key_id,
            private_cas=private_cas,
        )
        for step in steps
    ]
    approvals = approval_changes(zip(steps, accounts, strict=True))
    summary = applied_summary(settlement, admission)
    revision = make_revision(
        admission.plan, settlement.steps, summary, number=number, at=at, provenance=order.provenance
    )
    return Records(
        deleted=tuple(step.name for step in settlement.steps if isinstance(step, Delete)),
        renamed={step.before.name: step.name for step in settlement.steps if isinstance(step, Rename)},
        accounts=tuple(accounts),
        routes={**{step.name: step.routes for step in steps}, PLATFORM: settlement.platform_routes},
        fingerprint_key_id=key_id if recorded.fingerprint_key_id is None else None,
        revision=revision,
        payload=apply_payload(admission, settlement, order, revision, approvals=approvals),
    )


def as_of_now(step: Create | Update, recorded: RecordedState, key_id: str | None) -> Create | Update:
    """Return a step with what state has by now of its account, which may be more than when it was settled.

    A suspension, or a verification, may have been recorded since, which is no change of the account. Where nothing was
    verified, or where fingerprints were made with another key than state's (``key_id`` is that of the step's), those that
    state has count.
    """
    if isinstance(step, Update):
        step = replace(step, before=recorded.accounts[step.before.name])
    is_same_key = recorded.is_keyed_with(key_id)
    if is_same_key and step.outcome is not None:
        return step
    before = step.before
    secrets = {each.secret for each in step.after.secret_routes}
    known = {**(step.fingerprints if is_same_key else {}), **(before.fingerprints if before is not None else {})}
    return replace(step, fingerprints={secret: known[secret] for secret in sorted(secrets & known.keys())})


def recorded_account(
    step: Create | Update,
    *,
    revision: int,
    at: datetime,
    is_approved: bool,
    key_id: str | None,
    private_cas: Mapping[str, CaFile] = MappingProxyType({}),
) -> RecordedAccount:
    """Return the account as this revision leaves it; what the step does not touch is kept as it was.

    ``private_cas`` are the files of private CAs as they are now, by path as written.
    """
    before, after = step.before, step.after
    # What was not verified now is recorded as it was.
    verified = before if step.outcome is None else None
    return RecordedAccount(
        kind=step.kind,
        name=step.name,
        canonical=after.canonical,
        written=after.written,
        revision=revision,
        created_at=before.created_at if before else at,
        updated_at=at,
        settings_digest=verified.settings_digest if verified else step.settings_digest,
        ca_digest=after.ca_digest,
        fingerprints=dict(step.fingerprints),
        fingerprint_key_id=key_id if step.fingerprints else None,
        approval=_approval(step, at=at, is_approved=is_approved),
        verification=verified.verification if verified else step.outcome,
        suspension=before.suspension if before else None,
        evidence=verified.evidence if verified else step.evidence,
        manifest=after.file or None,
        server=after.server,
        ca_pem=kept_pem(after, before, private_cas),
    )


def kept_pem(account: Documented, before: RecordedAccount | None, private_cas: Mapping[str, CaFile]) -> str | None:
    """Return the PEM of the private CA that the account names, by its digest; None where it is not at hand as that.

    ``before`` is the account as it was recorded, whose PEM stays where the CA does.
    """
    server = account.settings.smtp
    if account.ca_digest is None or server is None or server.ca_file is None:
        return None
    found = private_cas.get(server.ca_file)
    if found is not None and found.digest == account.ca_digest:
        return found.pem
    return before.ca_pem if before is not None and before.ca_digest == account.ca_digest else None


def _approval(step: Create | Update, *, at: datetime, is_approved: bool) -> Approval | None:
    """Return the decision that still holds: an approval belongs to what was approved."""
    subject_digest = approval_digest(step.kind, step.after.settings)
    if subject_digest is None:
        return None
    before = step.before.approval if step.before is not None else None
    if before is not None and before.covers(step.kind, step.after.settings):
        return before
    if is_approved:
        return Approval(decision="approved", actor=AUTOMATIC, at=at, subject_digest=subject_digest)
    return None


def approval_changes(written: Iterable[tuple[Create | Update, RecordedAccount]]) -> dict[str, ApprovalChange]:
    """Return what an apply does to approvals, for the journal: those given automatically and those that fall."""
    told = {}
    for step, account in written:
        was = step.before.approval if step.before is not None else None
        if was != account.approval:
            told[account.name] = ApprovalChange(before=_approval_told(was), after=_approval_told(account.approval))
    return told


def _approval_told(approval: Approval | None) -> ApprovalTold | None:
    return None if approval is None else ApprovalTold.model_validate(approval.model_dump(mode="json"))


def applied_summary(settlement: Settlement, admission: Admission) -> Summary:
    """Return the counts of what is recorded: those of the plan, less the changes that are held since."""
    counts = dict.fromkeys(("create", "update", "rename", "delete"), 0)
    for step in settlement.steps:
        counts[step.action] += 1
    shown = admission.plan.summary
    return Summary(**counts, unchanged=shown.unchanged, held=shown.held + len(settlement.held))


def make_revision(
    plan: SavedPlan, applied: Sequence[Changed], summary: Summary, *, number: int, at: datetime, provenance: Provenance
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
        changes=tuple(map(change_told, applied)),
    )


def change_told(step: Changed) -> JsonObject:
    """Return what history tells of a step: ``step.change`` in JSON, without what was verified and which line said so.

    The line is no part of a change's digest: a plan file could tell of any.
    """
    before, after = step.before, step.after
    told: JsonObject = {
        "action": step.action,
        "kind": step.kind,
        "name": step.name,
        "cause": step.cause,
        "baseRevision": before.revision if before is not None else None,
        "fields": [
            {**_field_told(each.path, each.before, each.after), "rotated": True}
            if each.rotated
            else _field_told(each.path, each.before, each.after)
            for each in step.fields
        ],
    }
    if isinstance(step, Rename):
        told["previousName"] = step.before.name
    if step.held:
        told["held"] = True
    if after is not None and after.server is not None:
        told["server"] = after.server
    return told


@lru_cache(maxsize=4096, typed=True)  # typed: 1 is no True
def _field_told(path: str, before: Scalar, after: Scalar) -> JsonObject:
    """Return one field of a change: one value for all accounts that it is the same for, which nobody changes."""
    return {"path": path, "before": before, "after": after}


def apply_payload(
    admission: Admission,
    settlement: Settlement,
    order: ApplyOrder,
    revision: Revision,
    *,
    approvals: dict[str, ApprovalChange],
) -> ApplyPayload:
    """Return what the journal tells of an apply: who, from where, what, with which evidence and which ways round."""
    plan, inputs, reviewed = admission.plan, admission.plan.inputs, order.reviewed
    outcomes: Once[JsonObject] = Once()
    return ApplyPayload(
        revision=RevisionTold.model_validate(
            # The changes are JSON already, and there may be thousands: they are not copied.
            {**revision.model_dump(mode="json", exclude={"changes"}), "changes": revision.changes}
        ),
        is_dirty=order.provenance.is_dirty,
        changes_digest=plan.changes_digest,
        lifted_guards=tuple(LiftedGuardTold(code=each.code, by=each.by) for each in admission.lifted_guards),
        overrides=dict(order.overrides),
        depth=admission.unusual_depth,
        held=tuple(sorted([*settlement.held, *(change.name for change in plan.changes if change.held)])),
        verification={
            step.name: outcomes.of(step.outcome, _outcome_told)
            for step in settlement.wanted
            if step.outcome is not None
        },
        grants_used=settlement.grants_used,
        holds_failing=order.holds_failing or inputs.holds_failing,
        trusts_project=order.trusts_project,
        targets=inputs.targets,
        excludes=inputs.excludes,
        reviewed=ReviewedTold(plan_digest=reviewed.plan_digest, changes_digest=reviewed.changes_digest)
        if reviewed is not None
        else None,
        secrets_not_compared=settlement.not_compared,
        approvals=approvals,
    )


def _outcome_told(outcome: RecordedVerification) -> JsonObject:
    told: JsonObject = outcome.model_dump(mode="json")
    return told
