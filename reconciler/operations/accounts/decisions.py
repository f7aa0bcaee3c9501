"""The platform's decisions on marketing accounts, and the emergency stop: state only, one transaction, journaled.

No manifest, secret or network is looked at, so that an account can be stopped whatever else is broken. The accounts
are all decided or none is. A selector that may mean several, ``host:smtp.example.com`` or a glob, passes over those for
which there is nothing to decide; an account that is called by its name is an error then.
"""

from __future__ import annotations

from dataclasses import field, replace
from typing import TYPE_CHECKING, Literal

from reconciler.classes import FrozenByName
from reconciler.diagnostics import error
from reconciler.errors import InvalidInput, PlanStale
from reconciler.model.journal.payloads import AccountTold, DecisionPayload, Standing, who
from reconciler.operations.accounts.select import select_accounts
from reconciler.operations.consumers.noting import note_wanted
from reconciler.operations.workspace import refusing_altered_rows
from reconciler.rules.accounts.decisions import (
    decided,
    refuse_decision,
    refuse_reason,
    refuse_resumption,
    refuse_stale,
    refuse_suspension,
    resumed,
    suspended,
)
from reconciler.rules.accounts.select import is_pattern, is_selected, unknown_account

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from reconciler.diagnostics import Diagnostic
    from reconciler.model.accounts.recorded import RecordedAccount, RecordedState
    from reconciler.model.journal.entries import Actor
    from reconciler.operations.workspace import Workspace

Event = Literal["approve", "reject", "suspend", "resume"]


class Ruling(FrozenByName):
    """What somebody wants recorded of accounts."""

    event: Event
    actor: Actor
    reason: str | None = None
    """Why; demanded for a rejection and a suspension."""
    seen_revision: int | None = None
    """Accounts that a later revision changed are refused: they are not what was looked at."""
    accepted: Mapping[str, str] = field(default_factory=dict)
    """Accounts to take as state has them although something else altered them, each with the reason."""


def rule(workspace: Workspace, selectors: Sequence[str], ruling: Ruling) -> tuple[RecordedAccount, ...]:
    """Record the ruling for all accounts that the selectors mean, or for none, and return them as they are now, by name.

    Raises ``GuardRefused`` for accounts that are not what the journal last recorded, ``InvalidInput`` for names,
    selectors and rulings that cannot be, ``PlanStale`` where nothing but a later change stands against it,
    ``StateError``.
    """
    return _record(workspace, ruling, selectors)


def approve_all_pending(workspace: Workspace, ruling: Ruling) -> tuple[RecordedAccount, ...]:
    """Approve every account whose status is pending, and return them by name; none where none waits.

    A suspended account is not among them: it comes back to the queue when it is resumed. Raises as ``rule`` does.
    """
    return _record(workspace, ruling, None)


def words_for(workspace: Workspace, selectors: Sequence[str], stopped: Sequence[RecordedAccount]) -> tuple[str, ...]:
    """Return what to resume just these stopped accounts by: the selectors that stopped them, or all their names.

    A selector would let go also what it means and what was stopped before, or means none any more, as of a status.
    """
    names = tuple(account.name for account in stopped)
    if not any(is_pattern(selector) for selector in selectors):
        return names
    with workspace.open_store() as store:
        accounts = store.read_accounts().values()
    meant = [each.name for each in accounts if each.suspension is not None and is_selected((each,), selectors, ())]
    return tuple(selectors) if sorted(names) == sorted(meant) else names


@refusing_altered_rows
def _record(workspace: Workspace, ruling: Ruling, selectors: Sequence[str] | None) -> tuple[RecordedAccount, ...]:
    """Record the ruling for the accounts selected, or with None for all that are pending."""
    if ruling.reason is not None:
        problem = refuse_reason(ruling.reason)
        if problem is not None:
            raise InvalidInput(problem)
        ruling = replace(ruling, reason=ruling.reason.strip())
    with workspace.open_store() as store, store.write() as transaction:
        recorded = transaction.state()
        if ruling.seen_revision is not None and ruling.seen_revision > recorded.serial:
            detail = (
                f"There is no revision {ruling.seen_revision} yet: the last one is {recorded.serial}. Nobody can have "
                "looked at it, so nothing was changed."
            )
            raise InvalidInput(error("unknownRevision", detail))
        pending = sorted(name for name, account in recorded.accounts.items() if account.status == "pending")
        chosen = pending if selectors is None else _chosen(selectors, recorded, ruling)
        transaction.accept_altered(ruling.accepted)
        transaction.require_recorded(chosen)
        _check_all(chosen, recorded, ruling)
        at = workspace.now()
        before = [recorded.accounts[name] for name in chosen]
        after = [_ruled(account, ruling, at) for account in before]
        if not after:
            return ()
        for account in after:
            transaction.put_account(account)
        note_wanted(transaction, workspace)
        transaction.append_journal(ruling.event, _payload(ruling, before, after).document(), at=at)
    return tuple(after)


def _chosen(selectors: Sequence[str], recorded: RecordedState, ruling: Ruling) -> list[str]:
    """Return the names meant: those named themselves, known or not, and of what else is selected what can be ruled on.

    Raises ``InvalidInput`` for a selector that selects none, and where nothing is left to rule on.
    """
    named = {selector for selector in selectors if not is_pattern(selector)}
    patterns = [selector for selector in selectors if is_pattern(selector)]
    if not patterns:
        return sorted(named)
    found = select_accounts(patterns, recorded.accounts.values())
    open_ = {account.name for account in found if _refusal(account, ruling) is None}
    if not open_ | named:
        raise InvalidInput([refusal for account in found if (refusal := _refusal(account, ruling)) is not None])
    return sorted(open_ | named)


def _check_all(names: Iterable[str], recorded: RecordedState, ruling: Ruling) -> None:
    """Raise with every account that the ruling cannot be recorded for."""
    found = [(name, recorded.accounts.get(name)) for name in names]
    refused = [
        unknown_account(name, recorded.accounts, remark=" Nothing was changed.")
        if account is None
        else _refusal(account, ruling)
        for name, account in found
    ]
    stale = [refuse_stale(account, ruling.seen_revision) for _, account in found if account is not None]
    problems = [problem for problem in refused if problem is not None]
    outdated = [problem for problem in stale if problem is not None]
    if problems:
        raise InvalidInput([*problems, *outdated])
    if outdated:
        raise PlanStale(outdated)


def _refusal(account: RecordedAccount, ruling: Ruling) -> Diagnostic | None:
    if ruling.event == "suspend":
        return refuse_suspension(account)
    if ruling.event == "resume":
        return refuse_resumption(account)
    return refuse_decision(account, "approved" if ruling.event == "approve" else "rejected")


def _ruled(account: RecordedAccount, ruling: Ruling, at: datetime) -> RecordedAccount:
    actor, reason = ruling.actor.name, ruling.reason
    if ruling.event == "suspend":
        assert reason is not None  # noqa: S101 - the command demands one
        return suspended(account, actor=actor, at=at, reason=reason)
    if ruling.event == "resume":
        return resumed(account)
    decision: Literal["approved", "rejected"] = "approved" if ruling.event == "approve" else "rejected"
    return decided(account, decision, actor=actor, at=at, reason=reason)


def _payload(ruling: Ruling, before: Iterable[RecordedAccount], after: Iterable[RecordedAccount]) -> DecisionPayload:
    """Return the journal's record: who decided, why, and for each account what was decided on and what that changed."""
    return DecisionPayload(
        **who(ruling.actor),
        reason=ruling.reason,
        seen_revision=ruling.seen_revision,
        accounts={
            now.name: AccountTold(
                revision=now.revision,
                subject_digest=now.approval.subject_digest if now.approval is not None else None,
                before=_standing(was),
                after=_standing(now),
            )
            for was, now in zip(before, after, strict=True)
        },
    )


def _standing(account: RecordedAccount) -> Standing:
    approval, stop = account.approval, account.suspension
    return Standing(
        status=account.status,
        reason=account.status_reason,
        approval=approval.model_dump(mode="json") if approval is not None else None,
        suspension=stop.model_dump(mode="json") if stop is not None else None,
    )
