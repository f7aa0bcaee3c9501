"""Records how accounts stand after they were verified again: one transaction, told in the journal."""

from __future__ import annotations

from dataclasses import field, replace
from typing import TYPE_CHECKING

from reconciler.classes import FrozenByName
from reconciler.diagnostics import Diagnostic, note, warning
from reconciler.model.accounts.kinds import kind_of
from reconciler.model.accounts.platform import PLATFORM
from reconciler.model.journal.payloads import AccountTold, Standing, VerifyPayload, who
from reconciler.model.secrets.routes import with_fingerprints
from reconciler.operations.consumers.noting import note_wanted
from reconciler.operations.conversations.trust import usable_files
from reconciler.rules.apply.record import kept_pem
from reconciler.rules.verification.standing import is_transient, recheck

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from reconciler.model.accounts.recorded import RecordedAccount
    from reconciler.model.journal.entries import Provenance
    from reconciler.model.secrets.routes import SecretRoute
    from reconciler.model.verification.depths import Depth
    from reconciler.model.verification.evidence import Evidence
    from reconciler.operations.workspace import Workspace
    from reconciler.store import Transaction


class Recheck(FrozenByName):
    """One account as it was recorded when the run began, and what was found of it."""

    account: RecordedAccount
    fingerprints: dict[str, str]
    """Of all its secrets, as read now."""
    evidence: Evidence

    @property
    def rotated(self) -> list[str]:
        """The references whose value is another than recorded."""
        recorded = self.account.fingerprints
        return sorted(secret for secret, now in self.fingerprints.items() if recorded.get(secret, now) != now)

    @property
    def has_verdict(self) -> bool:
        """Whether the account passed or failed; what was withheld or skipped says nothing about it.

        Nor does it when the run's time was up before its turn: others may have used that time, even on purpose.
        """
        found = self.evidence.verification
        was_tried = any(check.status == "failed" for check in found.checks)
        was_cut_off = any(check.code == "deadline" for check in found.checks) and not was_tried
        return found.status in {"passed", "failed"} and not was_cut_off


class RecheckRun(FrozenByName):
    """One run over recorded accounts: who and how deep, and by whose word secrets travelled."""

    provenance: Provenance
    depth: Depth
    platform_routes: tuple[SecretRoute, ...] = ()
    """The routes that the platform's own secrets took."""
    grants_used: tuple[str, ...] = ()
    accepted: Mapping[str, str] = field(default_factory=dict)
    """Accounts that are taken as state has them although something else altered them, each with the reason."""
    trusts_project: bool = False
    """Whether somebody said that the project file is the protected branch's."""


def record_rechecks(rechecks: Sequence[Recheck], workspace: Workspace, run: RecheckRun) -> list[Diagnostic]:
    """Record every verdict in one transaction, and return what is to be told of it."""
    if not rechecks:
        return []
    told: list[Diagnostic] = []
    journaled: dict[str, AccountTold] = {}
    fail_after = workspace.project.verification.fail_after
    private_cas = usable_files((each.account.settings.smtp for each in rechecks), workspace).private_cas
    with workspace.open_store() as store, store.write() as transaction:
        transaction.accept_altered(run.accepted)
        current = transaction.state().accounts
        for each in rechecks:
            before = current.get(each.account.name)
            if before is None or _identity(before) != _identity(each.account):
                detail = f"{each.account.name} was changed or deleted in state while it was verified, so what was found was not recorded."
                told.append(warning("changedMeanwhile", detail, subject=each.account.name))
                continue
            # Also where an earlier version kept the CA's digest alone: the one that was trusted just now is that one.
            after = replace(_rechecked(each, before, fail_after), ca_pem=kept_pem(before, before, private_cas))
            _put(each, after, transaction)
            told += _told(each, before, after, fail_after)
            if (before.status, before.status_reason) != (after.status, after.status_reason) or each.rotated:
                journaled[after.name] = _journaled(each, before, after)
        if any(kind_of(each.account).sends_through_platform for each in rechecks):
            transaction.put_routes(PLATFORM, run.platform_routes)
        note_wanted(transaction, workspace)
        payload = VerifyPayload(
            **who(run.provenance.actor),
            commit=run.provenance.commit,
            depth=run.depth,
            trusts_project=run.trusts_project,
            grants_used=run.grants_used,
            verified=len(rechecks),
            accounts=journaled,
        )
        transaction.append_journal("verify", payload.document(), at=workspace.now())
    return told


def _rechecked(each: Recheck, before: RecordedAccount, fail_after: int) -> RecordedAccount:
    verification = recheck(before.verification, each.evidence.verification, fail_after=fail_after)
    after = replace(before, verification=verification, evidence=each.evidence)
    if each.evidence.verification.status != "passed" or not each.evidence.settings_digest:
        return after
    return replace(after, fingerprints=each.fingerprints, settings_digest=each.evidence.settings_digest)


def _put(each: Recheck, after: RecordedAccount, transaction: Transaction) -> None:
    transaction.put_account(after)
    if each.evidence.verification.status == "passed" and after.fingerprints:
        transaction.put_routes(after.name, with_fingerprints(after.secret_routes, after.fingerprints))


def _told(each: Recheck, before: RecordedAccount, after: RecordedAccount, fail_after: int) -> list[Diagnostic]:
    found, name = each.evidence.verification, after.name
    told = []
    if found.status == "passed" and each.rotated:
        detail = f"The value of {', '.join(each.rotated)} has changed, and {name} passes with the new one."
        told.append(note("rotationRecorded", detail, subject=name))
    if found.status == "passed" and before.status in {"failing", "unverified"}:
        told.append(note("statusRecovered", f"{name} was {before.status} and is {after.status} again.", subject=name))
    if (
        found.status == "failed"
        and is_transient(found)
        and after.verification
        and after.verification.transient_failures
    ):
        count = after.verification.transient_failures
        detail = (
            f"The failure may pass by itself and was number {count} in a row. The account stays {after.status}; after "
            f"{fail_after} in a row (verification.failAfter) it is failing."
        )
        told.append(warning("failureNotCounted", detail, subject=name))
    if after.status == "failing" != before.status:
        told.append(warning("statusFailing", "Nothing is sent through it until a verification passes.", subject=name))
    return told


def _journaled(each: Recheck, before: RecordedAccount, after: RecordedAccount) -> AccountTold:
    return AccountTold(
        before=Standing(status=before.status, reason=before.status_reason),
        after=Standing(status=after.status, reason=after.status_reason),
        rotated=tuple(each.rotated) if each.evidence.verification.status == "passed" else (),
    )


def _identity(account: RecordedAccount) -> tuple[int, str | None]:
    """Return what tells an account as it was looked at: its revision, and the key that its secrets are known by."""
    return account.revision, account.fingerprint_key_id
