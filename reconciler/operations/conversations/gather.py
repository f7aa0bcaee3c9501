"""Gathers evidence: nobody is contacted for what is verified offline, for the rest ``run.py`` holds conversations."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from reconciler.model.verification.context import TestContext
from reconciler.model.verification.evidence import Gathered
from reconciler.provenance import commit_of
from reconciler.rules.verification.unasked import offline

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from reconciler.model.accounts.platform import PlatformServer
    from reconciler.model.project import MessageMode
    from reconciler.model.secrets.reading import SecretsRead
    from reconciler.model.step import Wanted
    from reconciler.operations.conversations.queue import Progress
    from reconciler.operations.workspace import Workspace


def gather_evidence(
    steps: Sequence[Wanted],
    workspace: Workspace,
    *,
    platform: PlatformServer | None,
    secrets: SecretsRead,
    context: TestContext,
    progress: Progress,
    reuses_evidence: bool = True,
    messages: MessageMode | None = None,
) -> Gathered:
    """Return evidence for every step: an earlier run's, where it verified the very same settings, else newly gathered.

    Marketing accounts are verified with the ``platform``'s server. ``messages`` says how many test messages are sent;
    None: as the project file has it.
    """
    policy, at = workspace.project.verification, workspace.now()
    unasked = {each.name: offline(each, platform, policy, at) for each in steps if each.depth == "offline"}
    to_contact = [each for each in steps if each.depth != "offline"]
    if not to_contact:
        return Gathered(evidence=unasked)
    from reconciler.operations.conversations.run import hold_conversations

    gathered = hold_conversations(
        to_contact,
        workspace,
        platform=platform,
        secrets=secrets,
        context=context,
        progress=progress,
        reuses_evidence=reuses_evidence,
        messages=messages,
    )
    return replace(gathered, evidence={**unasked, **gathered.evidence})


def test_context(workspace: Workspace, plan: str | None, steps: Iterable[Wanted]) -> TestContext:
    """Return what a test message tells of its origin; ``plan`` names the plan or the state that is verified.

    Git is asked for the commit only where one of the steps is verified by a message.
    """
    has_messages = any(step.depth == "message" for step in steps)
    commit = commit_of(workspace.root, environ=workspace.environ) if has_messages else None
    return TestContext(project=workspace.project.metadata.name, commit=commit, plan=plan)
