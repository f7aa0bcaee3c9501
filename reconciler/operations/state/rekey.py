"""``state rekey``: another key of fingerprints, and everything that was made with the old one made anew.

Values are read first; then one transaction gives every account, its settings digest, its evidence and the register of
routes the fingerprints of the new key, and journals it. Where a value is not the one that was recorded, another key
would hide the rotation, so that is refused unless it is accepted.
"""

from __future__ import annotations

from dataclasses import field, replace
from typing import TYPE_CHECKING

from reconciler.classes import FrozenByName
from reconciler.diagnostics import Diagnostic, error, grouped, warning
from reconciler.errors import GuardRefused, InvalidInput, PlanStale
from reconciler.model.accounts.kinds import kind_of
from reconciler.model.journal.payloads import RekeyPayload, who
from reconciler.model.secrets.references import is_key_of
from reconciler.model.secrets.spelling import spelling_problem
from reconciler.operations.conversations.secrets import read_secrets, wanted_secrets
from reconciler.operations.manifests import require_platform
from reconciler.operations.spellings import absolute_spelling
from reconciler.operations.state.init import unnamed_key
from reconciler.operations.workspace import refusing_altered_rows
from reconciler.rules.secrets.grants import untrusted_project
from reconciler.rules.verification.settings import settings_digest
from reconciler.secrets import draft_next_key, load_fingerprint_key, load_key_file, settle_next_key

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from reconciler.model.accounts.platform import PlatformServer
    from reconciler.model.accounts.recorded import RecordedAccount, RecordedState
    from reconciler.model.journal.entries import Actor
    from reconciler.model.secrets.values import FingerprintKey, SecretValue
    from reconciler.operations.workspace import Workspace
    from reconciler.store import Store, Transaction


class RekeyOrder(FrozenByName):
    """Which key follows, and what may be taken as it is."""

    actor: Actor
    new_key: str | None = None
    """The reference of the next key, where the project file names the present one; None where it is a file."""
    old_key_file: Path | None = None
    """The key file that the fingerprints are of, where the project file names the key that follows it."""
    accepts_rotated: bool = False
    accepted: Mapping[str, str] = field(default_factory=dict)
    """Accounts to take as state has them although something else altered them, each with the reason."""
    trusts_project: bool = False
    """Whether somebody said that the project file is the protected branch's; noted in the journal."""


class Rekeyed(FrozenByName):
    """What came of it."""

    before: str | None
    """The id of the old key."""
    after: str
    accounts: int
    """Accounts whose secrets have fingerprints of the new key."""
    unread: tuple[str, ...]
    """References that are kept without a fingerprint."""
    accepted: tuple[str, ...]
    """References whose rotation was accepted."""

    @property
    def diagnostics(self) -> list[Diagnostic]:
        """What to do about what has no fingerprint now."""
        dropped = [
            warning("fingerprintDropped", f"{secret} could not be read, so it has no fingerprint now.", subject=secret)
            for secret in self.unread
        ]
        return list(grouped(dropped))


class _Change(FrozenByName):
    """The values that could be read, fingerprinted with both keys; ``old`` is None where nothing can be compared."""

    values: Mapping[str, SecretValue]
    old: FingerprintKey | None
    new: FingerprintKey
    platform: PlatformServer | None

    def before(self, secret: str) -> str | None:
        """Return the fingerprint of a value as read now under the old key."""
        return self.values[secret].fingerprint(self.old) if self.old and secret in self.values else None

    def after(self, secret: str) -> str:
        """Return the fingerprint of a value that was read under the new key."""
        return self.values[secret].fingerprint(self.new)


@refusing_altered_rows
def rekey(workspace: Workspace, order: RekeyOrder) -> Rekeyed:
    """Change the key of fingerprints.

    Raises ``GuardRefused`` for a project that is not trusted with secrets, ``InvalidInput`` for a wrong new key or a
    rotation that was not applied, ``PlanStale`` where accounts were changed meanwhile.
    """
    if not workspace.is_project_trusted:
        raise GuardRefused(untrusted_project(()))
    old = (
        workspace.fingerprint_key(workspace.secret_reader())
        if order.old_key_file is None
        else load_key_file(order.old_key_file)
    )
    named = _named_key(workspace, order)
    platform = require_platform(workspace)
    with workspace.open_store() as store:
        recorded = store.read_state()
        wanted = wanted_secrets(tuple(recorded.accounts.values()), platform, workspace)
        values = read_secrets(workspace, wanted.readable, depth="envelope").values
        comparable = old if old is not None and recorded.is_keyed_with(old.key_id) else None
        with store.write() as transaction:
            transaction.accept_altered(order.accepted)
            transaction.require_whole()
            current = transaction.state()
            _require_same(recorded, current)
            new = named or _next_key(workspace)
            change = _Change(values=values, old=comparable, new=new, platform=platform)
            rekeyed = _rekey(transaction, current, change, order)
            transaction.append_journal("rekey", _payload(rekeyed, order).document(), at=workspace.now())
        _settle(workspace, store, named=named)
    return rekeyed


def _named_key(workspace: Workspace, order: RekeyOrder) -> FingerprintKey | None:
    """Return the key that the order names; None where the key is a file beside the state."""
    present = workspace.project.secrets.fingerprint_key
    if order.old_key_file is not None:
        return _key_after_a_file(workspace, order)
    if present is None:
        if order.new_key is not None:
            raise InvalidInput(error("badUsage", "The key is a file beside the state and is made anew; name none."))
        if workspace.state_file is None:
            raise InvalidInput(unnamed_key())
        return None
    if order.new_key is None:
        detail = (
            "The project file names the key, so the next one comes from you. Put it where this command can read it, "
            "and name it:\n    reconciler state rekey --new-key env:NEW_FINGERPRINT_KEY"
        )
        raise InvalidInput(error("badUsage", detail))
    source, _, key = order.new_key.partition(":")
    spelling = spelling_problem(order.new_key) if source != "env" else None
    absolute = absolute_spelling(order.new_key, workspace.root)
    if spelling is not None or absolute is not None:
        told = f"--new-key is {order.new_key}, which {spelling}." if spelling is not None else f"--new-key {absolute}"
        raise InvalidInput(error("badUsage", told))
    if not key or not is_key_of(source, key) or {source: key} == present:
        raise InvalidInput(
            error("badUsage", "--new-key takes SOURCE:KEY, such as env:NEW_FINGERPRINT_KEY, and another one than now.")
        )
    found = load_fingerprint_key(workspace.secret_reader(), {source: key}, state_file=None)
    assert found is not None  # noqa: S101 - a named key is had or raises
    return found


def _key_after_a_file(workspace: Workspace, order: RekeyOrder) -> FingerprintKey:
    """Return the key that the project file names, to follow the file that there was before it named one."""
    key = workspace.fingerprint_key(workspace.secret_reader())
    if key is None or workspace.project.secrets.fingerprint_key is None or order.new_key is not None:
        detail = (
            "--old-key-file is for a state whose key was a file and is named by the project file now. Write there, and "
            "give no --new-key:\n    secrets:\n      fingerprintKey: {env: RECONCILER_FINGERPRINT_KEY}"
        )
        raise InvalidInput(error("badUsage", detail))
    return key


def _next_key(workspace: Workspace) -> FingerprintKey:
    state_file = workspace.state_file
    assert state_file is not None  # noqa: S101 - a state without a file names its key
    return draft_next_key(state_file)


def _settle(workspace: Workspace, store: Store, *, named: FingerprintKey | None) -> None:
    state_file = workspace.state_file
    if named is None and state_file is not None:
        settle_next_key(state_file, store.read_state().fingerprint_key_id)


def _require_same(recorded: RecordedState, current: RecordedState) -> None:
    """Refuse where somebody changed accounts or the key while the secrets were read."""
    routes = [{each.secret for account in state.accounts.values() for each in account.secret_routes}
              for state in (recorded, current)]  # fmt: skip
    if recorded.fingerprint_key_id == current.fingerprint_key_id and routes[0] == routes[1]:
        return
    detail = "Accounts or the key were changed while their secrets were read. Nothing was changed. Run it again."
    raise PlanStale(error("changedMeanwhile", detail))


def _rekey(transaction: Transaction, current: RecordedState, change: _Change, order: RekeyOrder) -> Rekeyed:
    rotated = _rotated(current, change)
    if rotated and not order.accepts_rotated:
        raise InvalidInput([error("rotationNotApplied", _rotated_text(each, change), subject=each) for each in rotated])
    changed = [account for account in current.accounts.values() if account.fingerprints]
    for account in current.accounts.values():
        after = _rekeyed(account, change)
        if after != account:
            transaction.put_account(after)
    _rekey_routes(transaction, current, change)
    transaction.set_fingerprint_key_id(change.new.key_id)
    unread = {secret for account in changed for secret in account.fingerprints if secret not in change.values}
    return Rekeyed(
        before=current.fingerprint_key_id,
        after=change.new.key_id,
        accounts=len([account for account in changed if account.fingerprints.keys() & change.values.keys()]),
        unread=tuple(sorted(unread)),
        accepted=tuple(rotated),
    )


def _rotated(current: RecordedState, change: _Change) -> list[str]:
    """Return the references whose value is not the recorded one, or cannot be compared with it."""
    return sorted(
        {
            secret
            for account in current.accounts.values()
            for secret, fingerprint in account.fingerprints.items()
            if secret in change.values and change.before(secret) != fingerprint
        }
    )


def _rotated_text(secret: str, change: _Change) -> str:
    fact = (
        f"The value of {secret} is not the one that was verified."
        if change.old is not None
        else f"The value of {secret} cannot be compared with the recorded one, because the old key is not here."
    )
    return (
        f"{fact} With another key the difference would be forgotten. Nothing was changed. Apply or verify it first, or "
        "take the value as it is:\n    reconciler state rekey --accept-rotated"
    )


def _rekeyed(account: RecordedAccount, change: _Change) -> RecordedAccount:
    """Return the account with fingerprints, settings digest and evidence of the new key."""
    fingerprints = {secret: change.after(secret) for secret in account.fingerprints if secret in change.values}
    digest = _settings_digest(account, fingerprints, change)
    evidence = account.evidence
    if evidence is not None and digest is not None and evidence.settings_digest == account.settings_digest:
        evidence = evidence.model_copy(update={"settings_digest": digest})
    return replace(
        account,
        fingerprints=fingerprints,
        fingerprint_key_id=change.new.key_id if fingerprints else None,
        settings_digest=digest,
        evidence=evidence,
    )


def _settings_digest(account: RecordedAccount, fingerprints: Mapping[str, str], change: _Change) -> str | None:
    """Return the digest of the recorded settings under the new key; None where it cannot be told that it is theirs."""
    platform = {each.secret for each in change.platform.secret_routes} if change.platform is not None else set()
    known = {secret: found for secret in platform if (found := change.before(secret)) is not None}
    renewed = {secret: change.after(secret) for secret in known}
    before, after = (
        settings_digest(
            account.kind, account.settings, ca_digest=account.ca_digest, fingerprints=each, platform=change.platform
        )
        for each in ({**known, **account.fingerprints}, {**renewed, **fingerprints})
    )
    if account.settings_digest is None or account.settings_digest != before:
        uses_secrets = bool(account.secret_routes) or (kind_of(account).sends_through_platform and bool(platform))
        return None if uses_secrets else account.settings_digest
    return after


def _rekey_routes(transaction: Transaction, current: RecordedState, change: _Change) -> None:
    """Give the register's rows the new key's fingerprints; a value that is not at hand is known by reference alone."""
    by_value = {before: change.after(each) for each in change.values if (before := change.before(each)) is not None}
    for row in transaction.routes():
        known = row.known
        if known.fingerprint is None:
            continue
        account = current.accounts.get(row.account)
        after = by_value.get(known.fingerprint)
        # A row of the value that was recorded last, in whose place another one is accepted.
        if (
            after is None
            and account is not None
            and known.secret in change.values
            and account.fingerprints.get(known.secret) == known.fingerprint
        ):
            after = change.after(known.secret)
        transaction.forget_routes([row.digest])
        transaction.put_routes(row.account, [known.model_copy(update={"fingerprint": after})])


def _payload(rekeyed: Rekeyed, order: RekeyOrder) -> RekeyPayload:
    return RekeyPayload(
        **who(order.actor),
        trusts_project=order.trusts_project,
        previous_key_id=rekeyed.before,
        rekeyed=rekeyed.accounts,
        unread=rekeyed.unread,
        accepted_rotated=rekeyed.accepted,
    )
