"""From a draft and what verification found to the plan that is shown, saved and applied."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from reconciler.classes import Frozen, replace
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
from reconciler.model.verification.evidence import Verification
from reconciler.rules.plan.announce import announcement, messages_taken, messages_to
from reconciler.rules.plan.digests import changes_digest, plan_digest
from reconciler.rules.plan.match import held_with, why_held_with
from reconciler.rules.verification.failures import failure, failure_problems, held_change
from reconciler.rules.verification.missing import MISSING_CODES, failed_without, missing_problems

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from reconciler.model.consumers.view import ConsumerView
    from reconciler.model.step import Changed, Create, Update
    from reconciler.model.verification.depths import Depth
    from reconciler.model.verification.evidence import Evidence
    from reconciler.rules.plan.make import Draft
    from reconciler.rules.plan.policy import Policy
    from reconciler.rules.verification.failures import Failure

_CODES = {"failed": "verificationFailed", "withheld": "credentialWithheld"}
_NOT_VERIFIED = Verification.of_fields(status="skipped")
FAILED_CODES = MISSING_CODES | {"verificationFailed"}
"""The errors that tell of a failed verification."""


class Making(Frozen):
    """What a plan says of its own making."""

    tool: str
    created_at: datetime
    depth: Depth | None = None
    """The depth that apply was told to need; None: the project's."""
    operator: str | None = None
    """Who receives test messages; None: nobody is named."""
    skips: frozenset[str] = frozenset()
    """Accounts that apply will not verify, because it overrides their verification."""
    reused: frozenset[str] = frozenset()
    """Accounts whose evidence an earlier run had gathered."""
    is_kept: bool = True
    """The plan is saved, applied or read by programs; one that is only looked at has no digests, and so no seal."""


def finish_plan(
    draft: Draft, evidence: Mapping[str, Evidence], making: Making, *, remarks: Iterable[Diagnostic] = ()
) -> SavedPlan:
    """Return the plan with each change's verification, what is held, the status, and its digests.

    ``remarks`` are what reading the manifests told already.
    """
    verified = [step if step.after is None else _verified(step, evidence, draft.policy) for step in draft.steps]
    # A change that needs a name which a held one would give up waits with it, however long the chain.
    waiting = held_with((step.change for step in verified), {step.name for step in verified if step.held})
    steps = [replace(step, held=True) if step.name in waiting else step for step in verified]
    changes = tuple(step.change for step in steps)
    held = frozenset(step.name for step in steps if step.held)
    # What is held keeps its approval, so nothing is said of asking for it again.
    drafted = (problem for problem in draft.problems if problem.code != "approvalReset" or problem.subject not in held)
    problems = grouped(sorted({*remarks, *drafted, *_outcomes(steps, draft.policy, waiting)}, key=sort_key))
    policy = draft.policy
    # Of what was looked at before: a plan that is only shown needs none of what reads and writes one.
    plan = SavedPlan.of_fields(
        tool=making.tool,
        created_at=making.created_at,
        project=policy.project.metadata.name,
        lineage=draft.recorded.lineage,
        serial=draft.recorded.serial,
        status=status_of_plan(changes, problems),
        changes_digest=changes_digest(changes, draft.lifted_guards) if making.is_kept or not changes else "",
        plan_digest="",
        summary=_summary(changes, draft.unchanged),
        changes=changes,
        lifted_guards=draft.lifted_guards,
        diagnostics=problems,
        apply_verifies=announcement(
            [step for step in steps if step.name not in making.skips],
            policy,
            depth=making.depth,
            operator=making.operator,
            at=making.created_at,
        ),
        messages_sent=messages_to(
            making.operator, messages_taken(found for name, found in evidence.items() if name not in making.reused)
        ),
        inputs=ApplyInputs.of_fields(
            fingerprint_key_id=policy.secrets.key_id,
            accounts={step.name: prepared(step) for step in steps if step.after is not None},
            approvals={step.before.name: step.before.approval_as_seen for step in steps if step.before is not None},
            depth=making.depth,
            allow_deletes=policy.allow_deletes,
            targets=policy.targets,
            excludes=policy.excludes,
            holds_failing=policy.holds_failing,
            grants_used=draft.judgement.grants_used,
            platform_routes=draft.judgement.platform_routes,
        ),
    )
    return _with_digest(plan) if making.is_kept else plan


def _with_digest(plan: SavedPlan) -> SavedPlan:
    return plan.model_copy(update={"plan_digest": plan_digest(plan)})


def with_consumers(plan: SavedPlan, views: tuple[ConsumerView, ...], problems: Iterable[Diagnostic]) -> SavedPlan:
    """Return the plan with the changes of consumers.

    It is blocked where a consumer cannot carry an account, or may not have its secret.
    """
    found = list(problems)
    if not views and not found:
        return plan
    told = grouped(sorted({*plan.diagnostics, *found}, key=sort_key))
    update = {"consumers": views, "diagnostics": told, "status": status_of_plan(plan.changes, told)}
    finished = plan.model_copy(update=update)
    return _with_digest(finished) if plan.plan_digest else finished


def _verified(step: Create | Update, evidence: Mapping[str, Evidence], policy: Policy) -> Create | Update:
    """Return the step with what verification found of it, and held where it failed and may be left out."""
    found, awaits_approval = evidence.get(step.name), _awaits_approval(step, policy)
    if not step.needs_evidence:
        return replace(step, evidence=found, awaits_approval=awaits_approval)
    verification = found.verification if found is not None else _NOT_VERIFIED
    if step.missing:
        verification = failed_without(step.missing)
    if step.withheld:
        verification = verification.model_copy(update={"status": "withheld"})
    may_be_held = step.cause == "rotation" or policy.holds_failing
    is_held = may_be_held and verification.status == "failed"
    return replace(step, evidence=found, awaits_approval=awaits_approval, verification=verification, held=is_held)


def _outcomes(steps: Sequence[Changed], policy: Policy, waiting: Mapping[str, str]) -> list[Diagnostic]:
    """Return an error for each cause that keeps changes from being verified, and a warning for each that has them held.

    The draft has told already of the accounts whose credential it withholds. What a secret keeps from being verified is
    told with the secret; ``waiting`` are those that are held because another one is, by name.
    """
    failures: dict[str, list[Failure]] = {"heldChange": [], "verificationFailed": [], "credentialWithheld": []}
    for step in steps:
        status = step.verification.status
        is_told = step.withheld or (step.missing and not step.held) or step.name in waiting
        if step.after is None or is_told or status not in _CODES:
            continue
        code = "heldChange" if step.held else _CODES[status]
        failures[code].append(failure(step.verification, step.after, policy.platform))
    missing = {step.name: step.missing for step in steps if not step.held}
    return [
        *(warning("heldChange", why_held_with(name, keeper), subject=name) for name, keeper in waiting.items()),
        *missing_problems(missing),
        *failure_problems(failures["heldChange"], held_change),
        *(
            problem
            for code in ("verificationFailed", "credentialWithheld")
            for problem in failure_problems(failures[code], partial(_blocked, code))
        ),
    ]


def _blocked(code: str, name: str, reason: str) -> Diagnostic:
    return error(code, reason, subject=name)


def status_of_plan(changes: Sequence[Change], problems: Iterable[Diagnostic]) -> PlanStatus:
    """Return blocked for a refusal or failure, invalid for any other error, empty where nothing would change.

    >>> gone = Change(action="delete", kind="OwnAccount", name="sales", base_revision=3)
    >>> status_of_plan([gone], []), status_of_plan([gone.model_copy(update={"held": True})], [])
    ('ready', 'empty')
    >>> status_of_plan([gone], [error("protectedAccount", "…")]), status_of_plan([gone], [error("missingField", "…")])
    ('blocked', 'invalid')
    """
    errors = [problem for problem in problems if problem.severity == "error"]
    if any(is_blocking(problem) for problem in errors):
        return "blocked"
    if errors:
        return "invalid"
    return "ready" if any(not change.held for change in changes) else "empty"


def is_blocking(problem: Diagnostic) -> bool:
    """Tell whether an error is a guard's refusal or a failed verification, not a fault of the input.

    >>> [is_blocking(error(code, "…")) for code in ("tooManyDeletes", "verificationFailed", "missingField")]
    [True, True, False]
    """
    return CODES[problem.code].is_guard or problem.code in FAILED_CODES


def exit_code_of_plan(plan: Plan, *, is_detailed: bool) -> int:
    """Return 4 for a guard or a withheld credential, 3 for failed verification, 1 for other errors, 2, or 0.

    >>> ready = Plan.model_construct(status="ready")
    >>> exit_code_of_plan(ready, is_detailed=False), exit_code_of_plan(ready, is_detailed=True)
    (0, 2)
    >>> refused = Plan.model_construct(status="blocked", diagnostics=(error("tooManyDeletes", "…"),))
    >>> exit_code_of_plan(refused, is_detailed=False)
    4
    """
    errors = [problem for problem in plan.diagnostics if problem.severity == "error"]
    if any(CODES[problem.code].is_guard for problem in errors):
        return 4
    if any(problem.code in FAILED_CODES for problem in errors):
        return 3
    if errors:
        return 1
    is_pending = plan.status == "ready" or any(each.has_drift for each in plan.consumers)
    return 2 if is_detailed and is_pending else 0


def _summary(changes: Iterable[Change], unchanged: int) -> Summary:
    counts = {"create": 0, "update": 0, "rename": 0, "delete": 0, "held": 0}
    for change in changes:
        counts["held" if change.held else change.action] += 1
    return Summary.of_fields(unchanged=unchanged, **counts)


def prepared(step: Create | Update) -> PreparedAccount:
    """Return a step as a saved plan has it; what is shown of it stands in the plan's changes."""
    after = step.after
    # Not looked at again: the document is the step's own, and a second reading of it would take as much as the first.
    made = PreparedAccount.of_fields(
        document=after.document,
        written=after.written,
        ca_digest=after.ca_digest,
        fingerprints=dict(step.fingerprints),
        settings_digest=step.settings_digest,
        needs_evidence=step.needs_evidence,
        manifest=after.file,
        server_manifest=after.server_file or None,
        server_secrets=tuple(sorted(after.server_secrets)),
        leaves_server=after.leaves_server,
        evidence=step.evidence,
        awaits_approval=step.awaits_approval,
    )
    return made.with_parts_of(after)


def _awaits_approval(step: Create | Update, policy: Policy) -> bool:
    """Tell whether apply will leave the account pending for the platform: it is new, or what was approved changes."""
    if policy.project.platform.approval == "automatic" or not kind_of(step).is_accepted_by_platform:
        return False
    if step.before is None or step.before.approval is None:
        return True
    return not step.before.approval.covers(step.after.kind, step.after.settings)
