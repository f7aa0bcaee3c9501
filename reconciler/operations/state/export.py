"""``state export --public``: what was applied, for plans of those who may know nothing of secrets."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from reconciler.characters import one_line
from reconciler.diagnostics import error
from reconciler.errors import GuardRefused, InvalidInput
from reconciler.model.journal.payloads import RestorePayload, who
from reconciler.store import create_state, open_store

if TYPE_CHECKING:
    from pathlib import Path

    from reconciler.model.accounts.recorded import RecordedAccount
    from reconciler.model.journal.entries import Actor
    from reconciler.operations.workspace import Workspace


def export_public(workspace: Workspace, target: Path, actor: Actor) -> int:
    """Write the public half of a state to a new SQLite file, and return how many accounts it holds.

    It has the accounts' documents, decisions and revisions, the identity of the state, and an entry of the journal that
    vouches for them. It has no fingerprint and no route of a secret, no evidence, no past and no reasons: a plan against
    it shows what would change, and is good for nothing else. Raises ``InvalidInput`` where a file stands at the target,
    ``GuardRefused`` for accounts that something else altered.
    """
    if target.exists():
        detail = f"{one_line(target)} is there already, and nothing was written. Name another file."
        raise InvalidInput(error("backupUnusable", detail))
    with workspace.open_store() as store:
        recorded, _ = store.read_vouched()
        altered = store.alterations(recorded.accounts.keys())
    if altered:
        raise GuardRefused([each.problem_of_use for each in altered])
    url, at = f"sqlite:///{target.absolute()}", workspace.now()
    project = workspace.project.metadata.name
    base = target.absolute().parent
    create_state(url, base=base, project=project, lineage=recorded.lineage, fingerprint_key_id=None, at=at)
    with open_store(url, base=base, project=project) as public, public.write() as transaction:
        for account in recorded.accounts.values():
            transaction.put_account(_public(account))
        transaction.continue_from(recorded.serial)
        payload = RestorePayload(**who(actor), serial=recorded.serial)
        transaction.append_journal("restore", payload.document(), at=at)
    return len(recorded.accounts)


def _public(account: RecordedAccount) -> RecordedAccount:
    """Return an account without what is known of its secrets, and without what people wrote about it."""
    approval, verification = account.approval, account.verification
    return replace(
        account,
        settings_digest=None,
        fingerprints={},
        fingerprint_key_id=None,
        evidence=None,
        suspension=None,
        ca_pem=None,
        approval=approval.model_copy(update={"actor": "", "reason": None}) if approval is not None else None,
        verification=verification.model_copy(update={"reason": None}) if verification is not None else None,
    )
