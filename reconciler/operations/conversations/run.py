"""Verifies accounts: holds the conversations with their servers, and binds what was found to their settings."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from reconciler.model.verification.evidence import Evidence, Gathered
from reconciler.oauth2 import TokenCache
from reconciler.operations.conversations.cache import KeptEvidence
from reconciler.operations.conversations.domains import with_domain_checks
from reconciler.operations.conversations.messages import verify_with_few_messages
from reconciler.operations.conversations.queue import Limits, Progress, converse
from reconciler.operations.conversations.targets import Means, make_platform_targets, make_target
from reconciler.operations.conversations.trust import usable_files
from reconciler.rules.verification.unasked import without_platform

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from reconciler.model.accounts.platform import PlatformServer
    from reconciler.model.project import MessageMode
    from reconciler.model.secrets.reading import SecretsRead
    from reconciler.model.step import Wanted
    from reconciler.model.verification.context import TestContext
    from reconciler.operations.workspace import Workspace
    from reconciler.verification import Finding


def hold_conversations(
    steps: Sequence[Wanted],
    workspace: Workspace,
    *,
    platform: PlatformServer | None,
    secrets: SecretsRead,
    context: TestContext,
    progress: Progress,
    reuses_evidence: bool,
    messages: MessageMode | None,
) -> Gathered:
    """Return evidence for every step, as ``gather.gather_evidence`` is asked for it.

    A step whose very settings an earlier run has verified is not contacted again; what is found is kept for later runs
    either way. Marketing accounts are verified with the ``platform``'s server.
    ``messages`` says how many test messages are sent; None: as the project file has it.
    """
    began_at = workspace.now()
    kept = KeptEvidence(workspace, secrets.key)
    reused = {each.name: found for each in steps if reuses_evidence and (found := kept.find(each)) is not None}
    to_contact = [each for each in steps if each.name not in reused]
    servers = [platform.server if platform is not None else None, *(each.after.settings.smtp for each in to_contact)]
    means = Means(
        secrets=secrets.values,
        tokens=TokenCache(allowed_hosts=workspace.project.verification.servers),
        context=context,
        files=usable_files(servers, workspace),
    )
    mode = messages or workspace.project.verification.message

    def verify(asked: Sequence[Wanted], stands_for: Mapping[str, tuple[str, ...]]) -> dict[str, Evidence]:
        return _verify(asked, workspace, platform, replace(means, stands_for=stands_for), kept, progress)

    if mode == "each" or workspace.operator is None:
        fresh = verify(to_contact, {})
    else:
        fresh = verify_with_few_messages(to_contact, mode, verify)
        for each in to_contact:
            kept.keep(each, fresh[each.name])
    kept.forget_old()
    complete = with_domain_checks(steps, {**reused, **fresh}, workspace, since=began_at, platform=platform)
    return Gathered(evidence=complete, reused=frozenset(reused))


def _verify(
    steps: Sequence[Wanted],
    workspace: Workspace,
    platform: PlatformServer | None,
    means: Means,
    kept: KeptEvidence,
    progress: Progress,
) -> dict[str, Evidence]:
    """Return evidence for every step, by name: own accounts by a conversation each, marketing ones by one for all.

    It is kept as it comes: a run that is interrupted has not sent its messages in vain.
    """
    own = [each for each in steps if not each.sends_through_platform]
    hosted = [each for each in steps if each.sends_through_platform]
    targets = [make_target(each, workspace, means) for each in own]
    if platform is not None:
        targets += make_platform_targets(hosted, platform, workspace, means)
    policy = workspace.project.verification
    limits = Limits(
        concurrency=policy.concurrency,
        per_server=policy.per_server,
        stop_server_after=policy.stop_server_after,
        deadline_seconds=policy.deadline_seconds,
    )
    by_name = {each.name: each for each in steps}

    def keep(found: Mapping[str, Finding]) -> None:
        for name, finding in found.items():
            kept.keep(by_name[name], _evidence(by_name[name], finding))

    findings = converse(targets, limits, now=workspace.now, progress=progress, take=keep)
    at = workspace.now()
    return {
        each.name: _evidence(each, findings[each.name]) if each.name in findings else without_platform(each, at)
        for each in steps
    }


def _evidence(step: Wanted, found: Finding) -> Evidence:
    return Evidence(
        settings_digest=step.settings_digest or "", verification=found.verification, observed=found.observed
    )
