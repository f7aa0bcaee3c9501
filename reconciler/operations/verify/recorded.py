"""``verify --recorded``: verifies what is in state and records how it stands, in one journaled transaction.

The nightly look for drift. It needs no manifest: an account is verified with the settings that were applied, and its
secrets take the routes that were recorded for them. A passed check of a rotated secret records its new fingerprint.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.diagnostics import Diagnostic, note
from reconciler.errors import GuardRefused, InvalidInput
from reconciler.operations.conversations.run import read_secrets, require_state_key
from reconciler.operations.conversations.secrets import unusable_accounts, wanted_secrets
from reconciler.operations.manifests import require_platform
from reconciler.operations.plan import require_own_state, test_context
from reconciler.operations.verify.outcome import Verified, find_evidence, judge, missing_of, verified
from reconciler.operations.verify.record import Recheck, RecheckRun, record_rechecks
from reconciler.rules.accounts.select import Selectable, is_selected, unmatched
from reconciler.rules.verification.missing import MISSING_CODES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from reconciler.model.accounts.recorded import RecordedAccount, RecordedState
    from reconciler.model.journal.entries import Provenance
    from reconciler.model.verification.depths import Depth
    from reconciler.operations.conversations.queue import Progress
    from reconciler.operations.conversations.run import Ask, SecretsAtHand
    from reconciler.operations.workspace import Workspace


def verify_recorded(
    workspace: Workspace,
    selectors: Sequence[str],
    *,
    depth: Depth,
    provenance: Provenance,
    progress: Progress,
    ask: Ask | None = None,
    accepted: Mapping[str, str] | None = None,
    trusts_project: bool = False,
) -> Verified:
    """Verify the selected accounts of state, all without selectors, and record the outcome.

    ``trusts_project`` tells whether somebody said that the project file is the protected branch's; it is journaled.
    ``accepted`` are accounts to take as state has them although something else altered them, each with the reason; the
    others that were altered are left alone, with an error for each. So are suspended accounts, with a note. Raises
    ``GuardRefused`` where git tracks the state, ``InvalidInput`` for selectors that select nothing, ``StateMissing``
    without a state, ``SecretUnreadable`` where the key of the fingerprints is not the one that state was made with.
    """
    require_own_state(workspace)
    accepts = accepted or {}
    recorded, chosen, left_alone = _to_verify(workspace, selectors, accepts)
    platform = require_platform(workspace)
    wanted = wanted_secrets(chosen, platform, workspace)
    secrets = read_secrets(workspace, wanted.readable, depth=depth, ask=ask)
    if wanted.readable and secrets.readings.were_read:
        require_state_key(recorded, secrets.readings.key_id)
    unusable = unusable_accounts(chosen, workspace, wanted, secrets)
    lacking = {name for name, problem in unusable.items() if problem.code in MISSING_CODES}
    usable = [account for account in chosen if account.name not in unusable or account.name in lacking]
    missing = missing_of(usable, workspace, platform=platform, secrets=secrets, depth=depth)
    ready = [account for account in usable if account.name not in missing]
    judgement = judge(ready, workspace, platform=platform, recorded=recorded, secrets=secrets)
    evidence = find_evidence(
        ready,
        workspace,
        judgement,
        platform=platform,
        secrets=secrets,
        depth=depth,
        context=test_context(workspace, f"state at revision {recorded.serial}"),
        progress=progress,
    )
    rechecks = [
        Recheck(account=each, fingerprints=_fingerprints(each, secrets), evidence=evidence[each.name]) for each in ready
    ]
    verdicts = [each for each in rechecks if each.has_verdict]
    run = RecheckRun(
        provenance=provenance,
        depth=depth,
        platform_routes=judgement.platform_routes,
        grants_used=judgement.grants_used,
        accepted=accepts,
        trusts_project=trusts_project,
    )
    told = record_rechecks(verdicts, workspace, run)
    stopped = [problem for name, problem in unusable.items() if name not in lacking]
    remarks = [*left_alone, *stopped, *told]
    return verified(usable, evidence, judgement, platform=platform, missing=missing, remarks=remarks)


def _to_verify(
    workspace: Workspace, selectors: Sequence[str], accepts: Mapping[str, str]
) -> tuple[RecordedState, list[RecordedAccount], list[Diagnostic]]:
    """Return state, the accounts to verify, and what is to be told of those that are left alone.

    Raises ``GuardRefused`` for an account that was named and that something else took out of state.
    """
    with workspace.open_store() as store:
        recorded = store.read_state()
        gone = store.alterations({*selectors, *accepts} - recorded.accounts.keys())
        if gone:
            raise GuardRefused([each.problem for each in gone])
        chosen = _selected(recorded, selectors)
        altered = {
            each.name: each.problem for each in store.alterations({each.name for each in chosen} - accepts.keys())
        }
    intact = [each for each in chosen if each.name not in altered]
    notes = [_left_alone(each) for each in intact if each.suspension is not None]
    return recorded, [each for each in intact if each.suspension is None], [*notes, *altered.values()]


def _selected(recorded: RecordedState, selectors: Sequence[str]) -> list[RecordedAccount]:
    """Return the accounts that the selectors select, by name."""
    selectable = {
        name: Selectable((name,), (account.metadata.get("labels", {}),)) for name, account in recorded.accounts.items()
    }
    nothing = unmatched(selectors, list(selectable.values()))
    if nothing:
        raise InvalidInput(nothing)
    return [recorded.accounts[name] for name in sorted(selectable) if is_selected(selectable[name], selectors, ())]


def _left_alone(account: RecordedAccount) -> Diagnostic:
    detail = f"{account.name} is suspended, so it was not contacted."
    return note("suspendedNotVerified", detail, subject=account.name)


def _fingerprints(account: RecordedAccount, secrets: SecretsAtHand) -> dict[str, str]:
    """Return the fingerprints of the account's secrets as read now."""
    known = secrets.readings.fingerprints
    return {each.secret: known[each.secret] for each in account.secret_routes if each.secret in known}
