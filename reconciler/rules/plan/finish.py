"""From a draft and what verification found to the plan that is shown, saved and applied."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from reconciler.diagnostics import CODES, Diagnostic, error, grouped, sort_key, warning
from reconciler.model.accounts.kinds import kind_of
from reconciler.model.plan import (
    ApplyInputs,
    Change,
    Plan,
    PlanStatus,
    PreparedAccount,
    SavedPlan,
    Summary,
)
from reconciler.model.verification.evidence import Evidence, Verification
from reconciler.rules.plan.digests import changes_digest, plan_digest
from reconciler.rules.plan.holding import held_with, why_held_with
from reconciler.rules.verification.failures import failure, failure_problems
from reconciler.rules.verification.missing import MISSING_CODES, failed_without, missing_problems

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from reconciler.model.accounts.recorded import RecordedAccount
    from reconciler.model.verification.depths import Depth
    from reconciler.rules.plan.draft import Draft, DraftChange
    from reconciler.rules.verification.failures import Failure
_CODES = {"failed": "verificationFailed", "withheld": "credentialWithheld"}
_NOT_VERIFIED = Verification(status="skipped")
FAILED_CODES = MISSING_CODES | {"verificationFailed"}
"""The errors that tell of a failed verification."""


@dataclass(frozen=True, slots=True)
class Making:
    """What a plan says of its own making."""

    tool: str
    created_at: datetime
    depth: Depth | None = None
    """The depth that apply was told to need; None: the project's."""


def finish_plan(
    draft: Draft, evidence: Mapping[str, Evidence], making: Making, *, remarks: Iterable[Diagnostic] = ()
) -> SavedPlan:
    """Return the plan with each change's verification, what is held, the status, and both digests.

    ``remarks`` are what reading the manifests told already.
    """
    verified = [_verified(each, evidence.get(each.change.name), draft) for each in draft.changes]
    waiting = held_with(verified, {change.name for change in verified if change.held})
    changes = tuple(
        change.model_copy(update={"held": True}) if change.name in waiting else change for change in verified
    )
    held = frozenset(change.name for change in changes if change.held)
    drafted = (problem for problem in draft.problems if problem.code != "approvalReset" or problem.subject not in held)
    problems = grouped(sorted({*remarks, *drafted, *_outcomes(changes, draft, waiting)}, key=sort_key))
    policy = draft.policy
    plan = SavedPlan(
        tool=making.tool,
        created_at=making.created_at,
        project=policy.project.metadata.name,
        lineage=draft.recorded.lineage,
        serial=draft.recorded.serial,
        status=status_of_plan(changes, problems),
        changes_digest=changes_digest(changes, draft.lifted_guards),
        plan_digest="",
        summary=_summary(changes, draft.unchanged),
        changes=changes,
        lifted_guards=draft.lifted_guards,
        diagnostics=problems,
        inputs=ApplyInputs(
            fingerprint_key_id=policy.secrets.key_id,
            accounts={
                each.change.name: _prepared(each, evidence.get(each.change.name), draft)
                for each in draft.changes
                if each.after is not None
            },
            approvals={each.before.name: _approval(each.before) for each in draft.changes if each.before is not None},
            depth=making.depth,
            allow_deletes=policy.allow_deletes,
            targets=policy.targets,
            excludes=policy.excludes,
            holds_failing=policy.holds_failing,
            grants_used=draft.grants_used,
            platform_routes=draft.platform_routes,
        ),
    )
    return plan.model_copy(update={"plan_digest": plan_digest(plan)})


def _verified(each: DraftChange, evidence: Evidence | None, draft: Draft) -> Change:
    if not each.needs_evidence:
        return each.change
    verification = evidence.verification if evidence is not None else _NOT_VERIFIED
    if each.missing:
        verification = failed_without(each.missing)
    if each.withheld:
        verification = verification.model_copy(update={"status": "withheld"})
    may_be_held = each.change.cause == "rotation" or draft.policy.holds_failing
    held = may_be_held and verification.status == "failed"
    return each.change.model_copy(update={"verification": verification, "held": held})


def _outcomes(changes: Sequence[Change], draft: Draft, waiting: Mapping[str, str]) -> list[Diagnostic]:
    """Return an error for what keeps changes from being verified, a warning for what has them held, of one cause one.

    The draft has told already of the accounts whose credential it withholds. What a secret keeps from being verified is
    told with the secret; ``waiting`` are those that are held because another one is, by name.
    """
    drafted = {each.change.name: each for each in draft.changes}
    failures: dict[str, list[Failure]] = {"heldChange": [], "verificationFailed": [], "credentialWithheld": []}
    for change in changes:
        each = drafted[change.name]
        is_told = (change.verification.status == "withheld" and each.withheld) or (each.missing and not change.held)
        if (
            each.after is None
            or is_told
            or change.name in waiting
            or change.verification.status not in {"failed", "withheld"}
        ):
            continue
        code = "heldChange" if change.held else _CODES[change.verification.status]
        failures[code].append(failure(change.verification, each.after, draft.policy.platform))
    missing = {each.change.name: each.missing for each in draft.changes if each.missing}
    blocking = {change.name for change in changes if not change.held}
    return [
        *(warning("heldChange", why_held_with(name, keeper), subject=name) for name, keeper in waiting.items()),
        *missing_problems({name: each for name, each in missing.items() if name in blocking}),
        *failure_problems(failures["heldChange"], held_change),
        *(
            problem
            for code in ("verificationFailed", "credentialWithheld")
            for problem in failure_problems(failures[code], partial(_blocked, code))
        ),
    ]


def held_change(name: str, reason: str) -> Diagnostic:
    """Return the warning that a change is left out because its verification failed."""
    return warning("heldChange", f"{name} is left as it is recorded: {reason}", subject=name)


def _blocked(code: str, name: str, reason: str) -> Diagnostic:
    return error(code, reason, subject=name)


def status_of_plan(changes: Sequence[Change], problems: Iterable[Diagnostic]) -> PlanStatus:
    """Return blocked for a refusal or failure, invalid for any other error, empty where nothing would change."""
    errors = [problem for problem in problems if problem.severity == "error"]
    if any(is_blocking(problem) for problem in errors):
        return "blocked"
    if errors:
        return "invalid"
    return "ready" if any(not change.held for change in changes) else "empty"


def is_blocking(problem: Diagnostic) -> bool:
    """Tell whether an error is a guard's refusal or a failed verification, not a fault of the input."""
    return CODES[problem.code].is_guard or problem.code in FAILED_CODES


def exit_code_of_plan(plan: Plan, *, is_detailed: bool) -> int:
    """Return 4 for a guard or a withheld credential, 3 for failed verification, 1 for other errors, 2, or 0."""
    errors = [problem for problem in plan.diagnostics if problem.severity == "error"]
    if any(CODES[problem.code].is_guard for problem in errors):
        return 4
    if any(problem.code in FAILED_CODES for problem in errors):
        return 3
    if errors:
        return 1
    return 2 if is_detailed and plan.status == "ready" else 0


def _summary(changes: Iterable[Change], unchanged: int) -> Summary:
    counts = {"create": 0, "update": 0, "rename": 0, "delete": 0, "held": 0}
    for change in changes:
        counts["held" if change.held else change.action] += 1
    return Summary(unchanged=unchanged, **counts)


def _prepared(each: DraftChange, evidence: Evidence | None, draft: Draft) -> PreparedAccount:
    assert each.after is not None  # noqa: S101 - deletions are not prepared
    return PreparedAccount(
        document=each.after.document,
        written=each.after.written,
        ca_digest=each.after.ca_digest,
        fingerprints=each.fingerprints,
        settings_digest=each.settings_digest,
        needs_evidence=each.needs_evidence,
        manifest=each.after.file,
        server_manifest=each.after.server_file or None,
        server_secrets=tuple(sorted(each.after.server_secrets)),
        evidence=evidence,
        awaits_approval=_awaits_approval(each, draft),
    )


def _awaits_approval(each: DraftChange, draft: Draft) -> bool:
    """Tell whether apply will leave the account pending for the platform: it is new, or what was approved changes."""
    is_automatic = draft.policy.project.platform.approval == "automatic"
    if is_automatic or not kind_of(each.change).is_accepted_by_platform:
        return False
    assert each.after is not None  # noqa: S101 - deletions are not prepared
    if each.before is None or each.before.approval is None:
        return True
    return not each.before.approval.covers(each.after.kind, each.after.spec)


def _approval(before: RecordedAccount) -> str | None:
    return before.approval.as_seen if before.approval is not None else None
