"""``verify``: "check settings" of the manifests, without a plan; nothing is recorded."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from reconciler.errors import InvalidInput
from reconciler.operations.conversations.run import read_secrets
from reconciler.operations.manifests import read_desired
from reconciler.operations.plan import require_own_state, test_context
from reconciler.operations.verify.outcome import Verified, find_evidence, judge, missing_of, verified
from reconciler.rules.accounts.select import Selectable, is_selected, unmatched
from reconciler.rules.verification.missing import MISSING_CODES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reconciler.model.accounts.desired import DesiredAccount
    from reconciler.model.verification.depths import Depth
    from reconciler.operations.conversations.queue import Progress
    from reconciler.operations.conversations.run import Ask
    from reconciler.operations.manifests import Desired
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

    Raises ``GuardRefused`` where git tracks the state, ``InvalidInput`` for wrong manifests and selectors that select nothing, ``StateMissing`` without a state:
    where secrets may travel is known to state. ``ask`` is asked for the secrets that cannot be read here.
    """
    require_own_state(workspace)
    desired = read_desired(workspace)
    if not desired.is_valid:
        raise InvalidInput([each for each in desired.problems if each.severity == "error"])
    chosen, platform = _selected(desired, selectors), desired.platform
    secrets = read_secrets(workspace, replace(desired, accounts=tuple(chosen)).secrets, depth=depth, ask=ask)
    with workspace.open_store() as store:
        recorded = store.read_state()
    judgement = judge(chosen, workspace, platform=platform, recorded=recorded, secrets=secrets)
    unreadable = secrets.readings.unreadable
    missing = missing_of(chosen, workspace, platform=platform, secrets=secrets, depth=depth)
    refused = {secret for secret, problem in unreadable.items() if problem.code not in MISSING_CODES}
    ready = [each for each in chosen if each.name not in missing]
    evidence = find_evidence(
        [each for each in ready if not any(way.secret in refused for way in judgement.routes_needed(each))],
        workspace,
        judgement,
        platform=platform,
        secrets=secrets,
        depth=depth,
        context=test_context(workspace, None),
        progress=progress,
    )
    remarks = [unreadable[each] for each in sorted(refused)]
    return verified(chosen, evidence, judgement, platform=platform, missing=missing, remarks=remarks)


def _selected(desired: Desired, selectors: Sequence[str]) -> list[DesiredAccount]:
    selectable = {each.name: Selectable((each.name,), (each.metadata.get("labels", {}),)) for each in desired.accounts}
    nothing = unmatched(selectors, list(selectable.values()))
    if nothing:
        raise InvalidInput(nothing)
    return [each for each in desired.accounts if is_selected(selectable[each.name], selectors, ())]
