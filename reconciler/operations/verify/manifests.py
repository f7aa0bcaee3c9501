"""``verify``: "check settings" of the manifests, without a plan; nothing is recorded."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from reconciler.errors import InvalidInput
from reconciler.operations.accounts.select import select_accounts
from reconciler.operations.conversations.gather import test_context
from reconciler.operations.conversations.secrets import judge_compared, read_secrets
from reconciler.operations.drafts.draft import require_own_state
from reconciler.operations.manifests import read_desired
from reconciler.operations.verify.outcome import Verified, find_evidence, step_to_verify, verified
from reconciler.rules.verification.missing import MISSING_CODES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reconciler.model.verification.depths import Depth
    from reconciler.operations.conversations.queue import Progress
    from reconciler.operations.conversations.secrets import Ask
    from reconciler.operations.workspace import Workspace


def verify_manifests(
    workspace: Workspace,
    selectors: Sequence[str],
    *,
    depth: Depth,
    progress: Progress,
    ask: Ask | None = None,
) -> Verified:
    """Return the verification of the selected accounts as the manifests have them, all without selectors.

    Raises ``GuardRefused`` where git tracks the state, ``InvalidInput`` for wrong manifests and selectors that select
    nothing, ``StateMissing`` without a state, which knows where secrets may travel. ``ask`` is asked for the secrets
    that cannot be read here.
    """
    require_own_state(workspace)
    desired = read_desired(workspace)
    if not desired.is_valid:
        raise InvalidInput([each for each in desired.problems if each.severity == "error"])
    chosen, platform = select_accounts(selectors, desired.accounts), desired.platform
    secrets = read_secrets(workspace, replace(desired, accounts=tuple(chosen)).secrets, depth=depth, ask=ask)
    with workspace.open_store() as store:
        recorded, register = store.read_vouched()
    steps = [step_to_verify(each, workspace, platform=platform, secrets=secrets, depth=depth) for each in chosen]
    judgement = judge_compared(
        steps,
        workspace,
        recorded=recorded,
        register=register,
        platform=platform,
        secrets=secrets,
        named=desired.secrets,
    )
    refused = {secret for secret, problem in secrets.unreadable.items() if problem.code not in MISSING_CODES}
    ready = [step for step in steps if not step.missing]
    evidence = find_evidence(
        [step for step in ready if not any(route.secret in refused for route in step.routes_needed)],
        workspace,
        judgement,
        platform=platform,
        secrets=secrets,
        context=test_context(workspace, None, ready),
        progress=progress,
    )
    remarks = [secrets.unreadable[each] for each in sorted(refused)]
    return verified(steps, evidence, judgement, platform=platform, remarks=remarks)
