"""What refuses an unsafe plan, and what lifts it. Every guard fails closed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from reconciler.classes import Frozen
from reconciler.diagnostics import MOST_NAMES, Diagnostic, as_one, enumerated, error, note, warning
from reconciler.model.plan import LiftedGuard
from reconciler.model.step import Delete, Update
from reconciler.model.text.globs import matches_any
from reconciler.model.verification.depths import reaches
from reconciler.rules.accounts.declarations import refused_declarations
from reconciler.rules.secrets.scopes import is_moved

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from reconciler.model.accounts.desired import DesiredAccount
    from reconciler.model.accounts.recorded import RecordedAccount
    from reconciler.model.step import Changed, Step
    from reconciler.rules.plan.policy import Policy

_PERCENT_COUNTS_FROM = 3
_MOST_TOLD_APART = 3


class GuardFindings(Frozen):
    """What refuses, and what would have refused had it not been lifted."""

    refusals: tuple[Diagnostic, ...] = ()
    lifted: tuple[LiftedGuard, ...] = ()
    remarks: tuple[Diagnostic, ...] = ()


def guard_deletes(deleted: Sequence[RecordedAccount], recorded_count: int, policy: Policy) -> GuardFindings:
    """Refuse the deletion of protected accounts, and of more accounts than ``guards.maxDeletes`` allows."""
    refusals = [
        error(
            "protectedAccount",
            f"{account.name} is recorded with preventDelete: true, and the plan would delete it. Removing the manifest "
            "does not remove the protection. If it is meant to go, first apply its manifest with\n"
            "    preventDelete: false",
            subject=account.name,
        )
        for account in deleted
        if account.metadata.prevent_delete
    ]
    lifted: list[LiftedGuard] = []
    names = [account.name for account in deleted]
    current = [exception for exception in policy.project.guards.exceptions if policy.today <= exception.until]
    counted = [name for name in names if not any(matches_any(each.delete or (), name) for each in current)]
    reason = _too_many(counted, recorded_count, policy)
    if reason is not None and policy.allow_deletes is not None and len(counted) <= policy.allow_deletes:
        lifted.append(LiftedGuard(code="tooManyDeletes", by=f"--allow-deletes {policy.allow_deletes}"))
    elif reason is not None:
        detail = (
            f"{reason} They are: {enumerated(sorted(counted))}. Often a folder was moved or a checkout is incomplete. "
            f"If all are meant to go, plan again with\n    --allow-deletes {len(counted)}"
        )
        refusals.append(error("tooManyDeletes", detail))
    if reason is None and _too_many(names, recorded_count, policy):
        lifted.extend(
            LiftedGuard(code="tooManyDeletes", by=f"guards.exceptions: {each.reason}")
            for each in current
            if any(matches_any(each.delete or (), name) for name in names)
        )
    return GuardFindings(tuple(refusals), tuple(lifted), expired_exceptions(names, policy, guard="delete"))


def guard_depths(names: Sequence[str], policy: Policy) -> GuardFindings:
    """Note the exceptions that let accounts be applied with less evidence than the project asks for."""
    wanted = policy.project.verification.depth.apply
    lifted = [
        LiftedGuard(code="verificationIncomplete", by=f"guards.exceptions: {exception.reason} (to {exception.depth})")
        for exception in policy.project.guards.exceptions
        if exception.depth is not None
        and policy.today <= exception.until
        and not reaches(exception.depth, wanted)
        and any(matches_any(exception.verification or (), name) for name in names)
    ]
    return GuardFindings(lifted=tuple(lifted), remarks=expired_exceptions(names, policy, guard="verification"))


def expired_exceptions(
    names: Sequence[str], policy: Policy, *, guard: Literal["delete", "verification", "scope"]
) -> tuple[Diagnostic, ...]:
    """Return a warning for each exception to a guard that would apply to one of the accounts, had it not expired.

    >>> from datetime import date
    >>> from reconciler.model.project import Project
    >>> from reconciler.rules.plan.policy import Policy
    >>> moved = {"delete": ["old-*"], "until": "2026-08-31", "reason": "the move"}
    >>> said = {"metadata": {"name": "mail"}, "guards": {"exceptions": [moved]}}
    >>> project = Project.model_validate({"apiVersion": "reconciler/v1", "kind": "Project", **said})
    >>> policy = Policy(project=project, today=date(2026, 9, 7))
    >>> [each.code for each in expired_exceptions(["old-sales"], policy, guard="delete")]
    ['exceptionExpired']
    >>> expired_exceptions(["sales"], policy, guard="delete")
    ()
    """
    return tuple(
        warning(
            "exceptionExpired",
            f"An exception of guards.exceptions ({exception.reason}) would apply to {enumerated(sorted(concerned))}, but it ended "
            f"on {exception.until}. Remove it, or have the owner of the project file set a new date.",
        )
        for exception in policy.project.guards.exceptions
        if exception.until < policy.today
        and (concerned := [name for name in names if matches_any(getattr(exception, guard) or (), name)])
    )


def _too_many(names: Sequence[str], recorded_count: int, policy: Policy) -> str | None:
    limit = policy.project.guards.max_deletes
    if len(names) > limit.count:
        return f"The plan would delete {_counted(len(names))}; guards.maxDeletes.count is {limit.count}."
    share = 100 * len(names) / recorded_count if recorded_count else 0
    if len(names) >= _PERCENT_COUNTS_FROM and share > limit.percent:
        return (
            f"The plan would delete {len(names)} of {recorded_count} accounts, {share:.0f} percent; "
            f"guards.maxDeletes.percent is {limit.percent}."
        )
    return None


def _counted(count: int) -> str:
    return "1 account" if count == 1 else f"{count} accounts"


def guard_manifests(desired_count: int, recorded_count: int, policy: Policy) -> GuardFindings:
    """Refuse an empty or missing manifests folder, which would read as a wish to delete everything.

    Where state records no account there is nothing that an empty folder could delete: a project begins so. A missing
    folder is a wrong path all the same.

    >>> from datetime import date
    >>> from reconciler.model.project import Project
    >>> from reconciler.rules.plan.policy import Policy
    >>> said = {"apiVersion": "reconciler/v1", "kind": "Project", "metadata": {"name": "mail"}}
    >>> policy = Policy(project=Project.model_validate(said), today=date(2026, 9, 7))
    >>> [each.code for each in guard_manifests(0, 12, policy).refusals], guard_manifests(3, 12, policy).refusals
    (['emptyManifests'], ())
    >>> [each.code for each in guard_manifests(0, 0, policy).remarks]
    ['noManifests']
    """
    if desired_count and policy.manifests_folder_exists:
        return GuardFindings()
    if policy.manifests_folder_exists and not recorded_count:
        return GuardFindings(
            remarks=(
                note(
                    "noManifests",
                    f"The manifests folder {policy.project.manifests} holds no account, and state records none. "
                    "To write the first one:\n    reconciler accounts add own",
                ),
            )
        )
    allowed = policy.allow_deletes
    if policy.manifests_folder_exists and allowed is not None and allowed >= recorded_count:
        return GuardFindings(lifted=(LiftedGuard(code="emptyManifests", by=f"--allow-deletes {allowed}"),))
    folder = policy.project.manifests
    state = "holds no account" if policy.manifests_folder_exists else "does not exist"
    detail = (
        f"The manifests folder {folder} {state}, while state records {_counted(recorded_count)}. "
        "That is more often a wrong path or an incomplete checkout than a wish to delete every account. "
        "Check manifests in the project file."
    )
    if policy.manifests_folder_exists:
        detail += f" If all accounts are meant to go, plan with\n    --allow-deletes {recorded_count}"
    return GuardFindings((error("emptyManifests", detail),))


def guard_state_folder(policy: Policy) -> GuardFindings:
    """Refuse to work while git tracks files of the state folder."""
    tracked = policy.tracked_state_files
    if not tracked:
        return GuardFindings()
    detail = (
        f"git tracks {', '.join(tracked[:MOST_NAMES])}. State and keys must not be in git: they would be "
        "published, and a pull request could replace them. Run\n    git rm -r --cached .reconciler\n"
        "and add .reconciler/ to .gitignore."
    )
    return GuardFindings((error("stateTracked", detail),))


def changed_kind(name: str, before: str, after: str) -> Diagnostic:
    """Return the refusal of another kind under a recorded name.

    >>> changed_kind("news", "OwnAccount", "MarketingAccount").detail.partition(". ")[0]
    'news is recorded as OwnAccount, and the manifest declares MarketingAccount'
    """
    return error(
        "changedKind",
        f"{name} is recorded as {before}, and the manifest declares {after}. An account does not change its kind. "
        "Remove the manifest, plan and apply, then add the other account; or give it another name.",
        subject=name,
    )


def rename_taken(previous: str, name: str) -> Diagnostic:
    """Return the refusal of a rename onto a name that is recorded already.

    >>> rename_taken("sales", "office").detail.partition(": ")[0]
    'sales cannot be renamed to office'
    """
    return error(
        "renameTaken",
        f"{previous} cannot be renamed to {name}: an account is recorded under that name already. "
        f"If {previous} is to take its place, make two plans and apply each. For the first, "
        f"which deletes {name} as it is recorded, write into the manifest\n"
        f"    name: {previous}\n"
        "without previousName. For the second write\n"
        f"    name: {name}\n    previousName: {previous}\n"
        "If they are two accounts, remove previousName and give the other its manifest.",
        subject=name,
    )


def name_still_taken(name: str) -> Diagnostic:
    """Return the refusal of a name that another account gives up in a change that is left out of the plan.

    >>> name_still_taken("sales").detail.partition(". ")[0]
    'sales is recorded, and the change that gives the name up is left out of this plan by --target or --exclude'
    """
    return error(
        "nameStillTaken",
        f"{name} is recorded, and the change that gives the name up is left out of this plan by --target or --exclude. "
        "Plan both together, or make this one in a later plan.",
        subject=name,
    )


def looks_renamed(pairs: Sequence[tuple[str, DesiredAccount]], *, is_remembered: bool) -> list[Diagnostic]:
    """Return the refusals of renames that are taken back without saying so; warnings where only the content tells.

    A pair is the name that goes and the account that comes. Of many, which somebody renamed all together, one is told.

    >>> from reconciler.model.accounts.desired import DesiredAccount
    >>> new = DesiredAccount(kind="OwnAccount", name="sales-eu", document={})
    >>> [(each.severity, each.code) for each in looks_renamed([("sales", new)], is_remembered=True)]
    [('error', 'renameReverted')]
    >>> [(each.severity, each.code) for each in looks_renamed([("sales", new)], is_remembered=False)]
    [('warning', 'looksRenamed')]
    """
    problems = [_looks_renamed(gone, new, is_remembered=is_remembered) for gone, new in pairs]
    if len(pairs) <= _MOST_TOLD_APART:
        return problems
    gone, new = pairs[0]
    why = "which were called so before" if is_remembered else "with the very same content"
    otherwise = (
        "If they are others, make two plans and apply each: one that deletes, and one that creates."
        if is_remembered
        else "If they are others, nothing needs doing."
    )
    renamed = enumerated([f"{gone} to {new.name}" for gone, new in pairs])
    detail = (
        f"The plan would delete {len(pairs):,} accounts, and create as many, {why}: approval, suspension and history would "
        f"be lost. They look renamed: {renamed}. Write under metadata of each its earlier name, as under that of "
        f"{new.name}\n    previousName: {gone}\n{otherwise}"
    )
    return [as_one(problems, detail=detail)]


def _looks_renamed(gone: str, new: DesiredAccount, *, is_remembered: bool) -> Diagnostic:
    tell = error if is_remembered else warning
    why = f"which was called {new.name} before" if is_remembered else "with the very same content"
    code = "renameReverted" if is_remembered else "looksRenamed"
    otherwise = (
        f"If they are two accounts, make two plans and apply each: one that deletes {gone}, and one that creates "
        f"{new.name}."
        if is_remembered
        else "If they are two accounts, nothing needs doing."
    )
    return tell(
        code,
        f"The plan would delete {gone}, {why}, and create {new.name}: approval, suspension and history would be lost. "
        f"These two look like one rename. Write under metadata of {new.name}\n"
        f"    previousName: {gone}\n{otherwise}",
        subject=new.name,
        location=new.location,
    )


def guard_scopes(steps: Iterable[Step], policy: Policy) -> GuardFindings:
    """Refuse each account that moves to another scope, unless an exception of the project lets it."""
    refusals, lifted = [], []
    moved = [
        step for step in steps if isinstance(step, Update) and is_moved(step.before, step.after.file, policy.project)
    ]
    for step in moved:
        reason = next(
            (
                exception.reason
                for exception in policy.project.guards.exceptions
                if policy.today <= exception.until and matches_any(exception.scope or (), step.name)
            ),
            None,
        )
        if reason is not None:
            lifted.append(LiftedGuard(code="changedScope", by=f"guards.exceptions: {reason}"))
        else:
            refusals.append(_refusal(step))
    expired = expired_exceptions([step.name for step in moved], policy, guard="scope")
    return GuardFindings(tuple(refusals), tuple(lifted), expired)


def guard_declarations(steps: Iterable[Changed], policy: Policy) -> GuardFindings:
    """Refuse each account of a saved plan that declares what a scope of the project file does not let it."""
    accounts = [step.after for step in steps if not isinstance(step, Delete)]
    return GuardFindings(tuple(refused_declarations(accounts, policy.project.scopes)))


def _refusal(step: Update) -> Diagnostic:
    before, after = step.before, step.after
    was = before.name if before.name == step.name else f"{before.name}, which becomes {step.name},"
    detail = (
        f"{was} was recorded from {before.manifest}, and {after.file} declares it now. The project file gives these "
        "places different rights (scopes, secrets.allow), so whoever writes one of them must not take over the other's accounts. If it is "
        "meant, have the owner of the project file add under guards.exceptions:\n"
        f"    - {{scope: [{step.name}], until: YYYY-MM-DD, reason: …}}"
    )
    return error("changedScope", detail, subject=step.name, location=after.location)
