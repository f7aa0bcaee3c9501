"""What a plan tells beside its changes: secrets, approvals, and the trouble of accounts that stay as they are."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from operator import attrgetter
from typing import TYPE_CHECKING

from reconciler.characters import one_line
from reconciler.diagnostics import MOST_NAMES, Diagnostic, enumerated, note, warning
from reconciler.model.accounts.kinds import kind_of
from reconciler.model.step import Delete, Update
from reconciler.rules.verification.missing import MISSING_CODES
from reconciler.rules.verification.settings import was_verified_with

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from reconciler.model.accounts.recorded import RecordedAccount, RecordedState
    from reconciler.model.accounts.rest import Rest
    from reconciler.model.step import Changed, Step
    from reconciler.rules.plan.policy import Policy

_AND = ", and "


def remarks(
    changing: Sequence[Changed], selected: Sequence[Step], policy: Policy, recorded: RecordedState
) -> list[Diagnostic]:
    """Return what is worth telling: unreadable secrets, approvals that will be reset, trouble already recorded."""
    changed = {step.name for step in changing}
    steady = [step for step in selected if step.name not in changed]
    unchanged = [step.before for step in steady if step.before is not None]
    return [
        *_secret_remarks(changing, steady, policy, recorded),
        *(problem for step in changing if isinstance(step, Update) for problem in _reset_approval(step, policy)),
        *_suspension_remarks(changing, [step.before for step in selected if step.before is not None]),
        *_steady_remarks(unchanged, policy.rest),
        *_platform_remarks(unchanged, policy, recorded),
    ]


def reused_evidence(names: Iterable[str], ttl_hours: int) -> list[Diagnostic]:
    """Return one note for all accounts that were not verified anew, because the same settings passed lately.

    >>> print(reused_evidence(["sales"], 24)[0].detail.partition(", so ")[0])
    These very settings were verified less than 24 hours ago
    >>> reused_evidence([], 24)
    []
    """
    listed = sorted(names)
    if not listed:
        return []
    detail = (
        f"These very settings were verified less than {ttl_hours} hours ago, so nothing was contacted again for "
        f"{enumerated(listed, before_more=_AND)}. This verifies anew:\n    reconciler verify {listed[0] if len(listed) == 1 else ''}"
    )
    return [_noted("evidenceReused", detail.rstrip(), listed)]


def unknown_operator(names: Iterable[str]) -> list[Diagnostic]:
    """Return one warning for all accounts for which apply would send a test message to nobody.

    >>> unknown_operator([]), [each.code for each in unknown_operator(["sales", "news"])]
    ([], ['operatorUnknown'])
    """
    listed = sorted(names)
    if not listed:
        return []
    detail = (
        f"Apply sends a test message before it records {enumerated(listed, before_more=_AND)}, and nobody is named "
        "to receive it, so apply would refuse. Write into the project file, with an address that you read:\n"
        "    operator: {email: you@example.com}"
    )
    return [warning("operatorUnknown", detail, subject=listed[0] if len(listed) == 1 else None)]


def _noted(code: str, detail: str, names: Sequence[str]) -> Diagnostic:
    """Return one note for all of these accounts or secrets, which can be told in one line with their number."""
    subject = names[0] if len(names) == 1 else None
    return replace(note(code, detail, subject=subject), subjects=tuple(names) if subject is None else ())


def _steady_remarks(accounts: Sequence[RecordedAccount], rest: Rest) -> list[Diagnostic]:
    remarks = [
        warning(
            "recordedFailing",
            f"{account.name} does not change here, but its last verification failed: {one_line(account.status_reason)}",
            subject=account.name,
        )
        for account in accounts
        if account.status == "failing"
    ]
    pending = [
        *((account.updated_at, account.name) for account in accounts if account.status == "pending"),
        *((datetime.fromisoformat(each.pending_since), each.name) for each in rest if each.pending_since is not None),
    ]
    return [*remarks, _awaiting(sorted(pending))] if pending else remarks


def _platform_remarks(accounts: Sequence[RecordedAccount], policy: Policy, recorded: RecordedState) -> list[Diagnostic]:
    """Return one warning for all accounts that would send, had platform.smtp not been changed since they were verified.

    Nothing of theirs changes, so the plan verifies none of them; sending refuses until somebody has.
    """
    platform = policy.platform
    if platform is None:
        return []
    secrets = {each.secret for each in platform.secret_routes}
    # The register has a route for each account, and each account is looked at: only the platform's own may count.
    known = replace(recorded, routes=tuple(each for each in recorded.routes if each.secret in secrets))
    names = [
        account.name
        for account in accounts
        if kind_of(account).sends_through_platform
        and account.status in {"active", "pending"}
        and not was_verified_with(platform, account, known)
    ]
    if not names:
        return []
    selected = [*names, "--recorded"] if len(names) <= MOST_NAMES else ["--recorded"]
    detail = (
        f"These do not change here, and were not verified with {platform.server.host}:{platform.server.port} as "
        f"platform.smtp of the project file declares it now, so nothing is sent through them: "
        f"{enumerated(names, before_more=_AND)}. Once the project file is the one that counts, this verifies them with it:\n    reconciler verify {' '.join(selected)}"
    )
    return [warning("platformChanged", detail, subject=names[0] if len(names) == 1 else None)]


def _awaiting(pending: Sequence[tuple[datetime, str]]) -> Diagnostic:
    """Return one note for all accounts that wait, the longest waiting first."""
    names = [name for _, name in pending]
    since = [f"{name} since {at:%Y-%m-%d %H:%M} UTC" for at, name in pending[:MOST_NAMES]]
    listed = enumerated([*since, *names[MOST_NAMES:]], before_more=_AND)  # of which only the number is told
    return _noted("awaitingApproval", f"These wait for the platform's decision: {listed}.", names)


def _suspension_remarks(changing: Sequence[Changed], accounts: Sequence[RecordedAccount]) -> list[Diagnostic]:
    """Return what becomes of the emergency stop: it outlives every change but the deletion of its account."""
    deleted = {step.name for step in changing if isinstance(step, Delete)}
    stopped = sorted((account for account in accounts if account.suspension is not None), key=attrgetter("name"))
    told = [
        warning(
            "suspensionEnds",
            f"{account.name} is suspended ({one_line(account.status_reason)}), and the stop goes with it: an account that is recorded "
            "under this name later is not suspended.",
            subject=account.name,
        )
        for account in stopped
        if account.name in deleted
    ]
    kept = [account.name for account in stopped if account.name not in deleted]
    if kept:
        listed = enumerated(kept, before_more=_AND)
        detail = f"These are suspended and cannot send; an apply does not change that: {listed}."
        told.append(_noted("staysSuspended", detail, kept))
    return told


def _reset_approval(step: Update, policy: Policy) -> list[Diagnostic]:
    """Return a warning where what the platform decided on is changed."""
    before = step.before.approval
    if before is None or before.covers(step.after.kind, step.after.settings):
        return []
    outcome = "after apply the account is pending until the platform decides again."
    if policy.project.platform.approval == "automatic":
        outcome = "apply approves the account as it will be, because the project file says approval: automatic."
    detail = (
        f"The platform has {before.decision} {step.name} as it is recorded ({one_line(before.actor)}, "
        f"{before.at:%Y-%m-%d %H:%M} UTC). The change alters what was decided on, so {outcome}"
    )
    return [warning("approvalReset", detail, subject=step.name)]


def _secret_remarks(
    changing: Sequence[Changed], steady: Sequence[Step], policy: Policy, recorded: RecordedState
) -> list[Diagnostic]:
    needed = {
        route.secret
        for step in changing
        if step.after is not None
        for route in (step.routes_needed if step.needs_evidence else step.after.secret_routes)
    }
    idle = {route.secret for step in steady if step.after is not None for route in step.after.secret_routes}
    idle |= policy.rest.secrets
    problems = _unreadable_secrets(changing, needed, idle, policy)
    if not (idle or needed):
        return problems
    if not policy.secrets.were_read:
        problems.append(note("secretsNotRead", "This plan read no secret, so it cannot tell whether one was rotated."))
    elif not recorded.is_keyed_with(policy.secrets.key_id):
        problems.append(_other_key(policy, recorded))
    elif passed_over := idle & policy.secrets.passed_over:
        problems.append(_passed_over(passed_over))
    return problems


def _passed_over(secrets: Collection[str]) -> Diagnostic:
    sources = ", ".join(sorted({secret.partition(":")[0] for secret in secrets}))
    count = "1 secret" if len(secrets) == 1 else f"{len(secrets)} secrets"
    detail = (
        f"{count} of accounts that do not change would each need a command of their source ({sources}), so it was not "
        "looked whether they were rotated. This looks:\n    reconciler plan --rotations"
    )
    return replace(note("secretsNotRead", detail), subjects=tuple(sorted(secrets)))


def _unreadable_secrets(
    changing: Sequence[Changed], needed: set[str], idle: set[str], policy: Policy
) -> list[Diagnostic]:
    """Return an error for each secret that a change may not read, a warning for each that nothing here needs.

    What a verification lacks is told by its failure. A source of many secrets has one problem for all of them.
    """
    unreadable = policy.secrets.unreadable
    failing = {missing.problem for step in changing for missing in step.missing}
    refused = [
        unreadable[secret]
        for secret in sorted(needed & unreadable.keys())
        if unreadable[secret].code not in MISSING_CODES
    ]
    others = [unreadable[secret] for secret in sorted((needed | idle) & unreadable.keys())]
    unneeded = [each for each in others if each not in failing and each not in refused]
    return [*dict.fromkeys(refused), *(replace(each, severity="warning") for each in dict.fromkeys(unneeded))]


def _other_key(policy: Policy, recorded: RecordedState) -> Diagnostic:
    if policy.secrets.key_id is None:
        detail = (
            f"State was made with the fingerprint key {recorded.fingerprint_key_id}, and there is none here, so it "
            "cannot be told whether a secret was rotated. Provide the key that state was made with."
        )
        return warning("fingerprintKeyMissing", detail)
    detail = (
        f"State was made with the fingerprint key {recorded.fingerprint_key_id}; the one here is "
        f"{policy.secrets.key_id}. Rotation was not checked. Provide the key that state was made with."
    )
    return warning("fingerprintKeyChanged", detail)
