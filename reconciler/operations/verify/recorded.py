"""``verify --recorded``: verifies what is in state and records how it stands, in one journaled transaction.

The nightly look for drift. It needs no manifest: an account is verified with the settings that were applied, and its
secrets take the routes that were recorded for them. A passed check of a rotated secret records its new fingerprint.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.diagnostics import Diagnostic, note
from reconciler.errors import GuardRefused
from reconciler.operations.accounts.select import select_accounts
from reconciler.operations.conversations.gather import test_context
from reconciler.operations.conversations.secrets import judge_compared, read_secrets, unusable_accounts, wanted_secrets
from reconciler.operations.drafts.draft import require_own_state
from reconciler.operations.manifests import require_platform
from reconciler.operations.verify.outcome import Verified, find_evidence, step_to_verify, verified
from reconciler.operations.verify.record import Recheck, RecheckRun, record_rechecks
from reconciler.operations.workspace import refusing_altered_rows
from reconciler.rules.plan.shards import host_of_account
from reconciler.rules.secrets.judgement import require_state_key
from reconciler.rules.verification.missing import MISSING_CODES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from reconciler.model.accounts.recorded import RecordedAccount, RecordedState
    from reconciler.model.journal.entries import Provenance
    from reconciler.model.step import Keep
    from reconciler.model.verification.depths import Depth
    from reconciler.model.verification.evidence import Evidence
    from reconciler.operations.conversations.queue import Progress
    from reconciler.operations.conversations.secrets import Ask
    from reconciler.operations.workspace import Workspace
    from reconciler.rules.plan.shards import Shard
    from reconciler.store import Register


@refusing_altered_rows
def verify_recorded(  # noqa: PLR0913 - one for each thing that a night can be asked for
    workspace: Workspace,
    selectors: Sequence[str],
    *,
    depth: Depth,
    provenance: Provenance,
    progress: Progress,
    ask: Ask | None = None,
    accepted: Mapping[str, str] | None = None,
    trusts_project: bool = False,
    shard: Shard | None = None,
) -> Verified:
    """Verify the selected accounts of state, all without selectors, and record the outcome; of a ``shard`` its own alone.

    ``trusts_project`` tells whether somebody said that the project file is the protected branch's; it is journaled.
    ``accepted`` are accounts to take as state has them although something else altered them, each with the reason; the
    others that were altered are left alone, with an error for each. So are suspended accounts, with a note. Raises
    ``GuardRefused`` where git tracks the state, ``InvalidInput`` for selectors that select nothing, ``StateMissing``
    without a state, ``SecretUnreadable`` where the key of the fingerprints is not the one that state was made with.
    """
    require_own_state(workspace)
    accepts = accepted or {}
    recorded, register, selected, left_alone = _to_verify(workspace, selectors, accepts)
    platform = require_platform(workspace)
    chosen = [account for account in selected if shard is None or shard.has(host_of_account(account, platform))]
    wanted = wanted_secrets(chosen, platform, workspace)
    secrets = read_secrets(workspace, wanted.readable, depth=depth, ask=ask)
    if wanted.readable and secrets.were_read:
        require_state_key(recorded, secrets.key_id)
    unusable = unusable_accounts(chosen, workspace, wanted, secrets)
    stopped = {name: problem for name, problem in unusable.items() if problem.code not in MISSING_CODES}
    steps = [
        step_to_verify(account, workspace, platform=platform, secrets=secrets, depth=depth)
        for account in chosen
        if account.name not in stopped
    ]
    ready = [step for step in steps if not step.missing]
    judgement = judge_compared(
        ready, workspace, recorded=recorded, register=register, platform=platform, secrets=secrets
    )
    evidence = find_evidence(
        ready,
        workspace,
        judgement,
        platform=platform,
        secrets=secrets,
        context=test_context(workspace, f"state at revision {recorded.serial}", ready),
        progress=progress,
    )
    run = RecheckRun(
        provenance=provenance,
        depth=depth,
        platform_routes=judgement.platform_routes,
        grants_used=judgement.grants_used,
        accepted=accepts,
        trusts_project=trusts_project,
    )
    remarks = [*left_alone, *stopped.values(), *record_rechecks(_verdicts(ready, evidence, recorded), workspace, run)]
    return verified(steps, evidence, judgement, platform=platform, remarks=remarks)


def _verdicts(steps: Iterable[Keep], evidence: Mapping[str, Evidence], recorded: RecordedState) -> list[Recheck]:
    """Return the outcomes by which an account's standing is judged anew; a skipped verification says nothing of it."""
    found = (
        Recheck(
            account=recorded.accounts[step.name], fingerprints=dict(step.fingerprints), evidence=evidence[step.name]
        )
        for step in steps
    )
    return [each for each in found if each.has_verdict]


def _to_verify(
    workspace: Workspace, selectors: Sequence[str], accepts: Mapping[str, str]
) -> tuple[RecordedState, Register, list[RecordedAccount], list[Diagnostic]]:
    """Return state, its register of routes, the accounts to verify, and remarks on the accounts that are left out.

    Raises ``GuardRefused`` for an account that was named and that something else took out of state.
    """
    with workspace.open_store() as store:
        recorded, register = store.read_vouched(accepts)
        gone = store.alterations({*selectors, *accepts} - recorded.accounts.keys())
        if gone:
            raise GuardRefused([each.problem_of_plan for each in gone])
        chosen = select_accounts(selectors, recorded.accounts.values())
        altered = {
            each.name: each.problem for each in store.alterations({each.name for each in chosen} - accepts.keys())
        }
    intact = [each for each in chosen if each.name not in altered]
    notes = [
        note("suspendedNotVerified", f"{each.name} is suspended, so it was not contacted.", subject=each.name)
        for each in intact
        if each.suspension is not None
    ]
    return recorded, register, [each for each in intact if each.suspension is None], [*notes, *altered.values()]
