"""Verification without a plan: of accounts as the manifests have them, or as state has them.

Here they become steps of which nothing changes, and what was found is put together; which accounts, and what becomes of
the findings, is the business of ``manifests`` and ``recorded``. Evidence of an earlier run is never taken: whoever asks
wants to know now.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from reconciler.classes import FrozenByName
from reconciler.diagnostics import Diagnostic, error, grouped, sort_key
from reconciler.model.accounts.desired import DesiredAccount
from reconciler.model.step import Keep
from reconciler.operations.conversations.gather import gather_evidence
from reconciler.rules.verification.evidence import depth_needed
from reconciler.rules.verification.failures import Failure, failure, failure_problems
from reconciler.rules.verification.missing import failed_without, missing_problems, missing_secrets
from reconciler.rules.verification.settings import settings_digest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from reconciler.model.accounts.kinds import Kind
    from reconciler.model.accounts.platform import PlatformServer
    from reconciler.model.accounts.recorded import RecordedAccount
    from reconciler.model.secrets.reading import SecretsRead
    from reconciler.model.verification.context import TestContext
    from reconciler.model.verification.depths import Depth
    from reconciler.model.verification.evidence import Evidence, Verification
    from reconciler.operations.conversations.queue import Progress
    from reconciler.operations.workspace import Workspace
    from reconciler.rules.secrets.judgement import Judgement


class Verified(FrozenByName):
    """What was found, by account, and what is to be told beside it."""

    verifications: Mapping[str, Verification]
    kinds: Mapping[str, Kind]
    diagnostics: tuple[Diagnostic, ...]


def step_to_verify(
    account: DesiredAccount | RecordedAccount,
    workspace: Workspace,
    *,
    platform: PlatformServer | None,
    secrets: SecretsRead,
    depth: Depth,
) -> Keep:
    """Return the step that verifies an account as it stands, to ``depth`` or as far as an exception lets it.

    An account that is verified as it is recorded needs no manifest, so none vouches for it.
    """
    is_desired = isinstance(account, DesiredAccount)
    after = account if isinstance(account, DesiredAccount) else account.as_desired
    own = {each.secret for each in after.secret_routes}
    step = Keep(
        after=after,
        before=None if isinstance(account, DesiredAccount) else account,
        manifest=after.file if is_desired else "",
        fingerprints={secret: text for secret, text in secrets.fingerprints.items() if secret in own},
        settings_digest=settings_digest(
            after.kind, after.settings, ca_digest=after.ca_digest, fingerprints=secrets.fingerprints, platform=platform
        ),
        needs_evidence=True,
        depth=depth_needed(after.name, depth, workspace.project, workspace.now().date()),
    )
    step = replace(step, platform=platform if step.sends_through_platform else None)
    if step.depth == "offline":
        return step
    return replace(step, missing=missing_secrets(step.routes_needed, secrets.unreadable))


def find_evidence(
    steps: Iterable[Keep],
    workspace: Workspace,
    judgement: Judgement,
    *,
    platform: PlatformServer | None,
    secrets: SecretsRead,
    context: TestContext,
    progress: Progress,
) -> Mapping[str, Evidence]:
    """Verify the accounts with what may travel; evidence by name, in order."""
    found = gather_evidence(
        [replace(step, withheld=judgement.of(step)) for step in steps],
        workspace,
        platform=platform,
        secrets=secrets,
        context=context,
        progress=progress,
        reuses_evidence=False,
        messages="each",
    ).evidence
    return {name: found[name] for name in sorted(found)}


def verified(
    steps: Sequence[Keep],
    evidence: Mapping[str, Evidence],
    judgement: Judgement,
    *,
    platform: PlatformServer | None,
    remarks: Iterable[Diagnostic],
) -> Verified:
    """Return what was found of the accounts, with an error for each cause of failure and one for all that was withheld."""
    found_by_name = {name: found.verification for name, found in evidence.items()}
    found_by_name |= {step.name: failed_without(step.missing) for step in steps if step.missing}
    verifications = {name: found_by_name[name] for name in sorted(found_by_name)}
    failures: dict[str, list[Failure]] = {"failed": [], "withheld": []}
    for step in steps:
        found = verifications.get(step.name)
        is_told = step.missing or judgement.of(step)
        if found is not None and found.status in failures and not is_told:
            failures[found.status].append(failure(found, step.after, platform))
    problems = [
        *failure_problems(failures["failed"], lambda name, reason: error("verificationFailed", reason, subject=name)),
        *failure_problems(failures["withheld"], lambda name, reason: error("credentialWithheld", reason, subject=name)),
    ]
    missing = missing_problems({step.name: step.missing for step in steps if step.missing})
    told = [judgement.problem] if judgement.problem is not None else []
    return Verified(
        verifications=verifications,
        kinds={step.name: step.kind for step in steps},
        diagnostics=grouped(sorted([*remarks, *missing, *told, *problems], key=sort_key)),
    )
