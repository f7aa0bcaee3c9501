"""``verify``: "check settings" of the manifests, without a plan; nothing is recorded."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from reconciler.diagnostics import Diagnostic, error, sort_key
from reconciler.errors import InvalidInput
from reconciler.model.route import with_fingerprints
from reconciler.operations.desired import read_desired
from reconciler.operations.plan import test_context
from reconciler.operations.targets import Subject
from reconciler.operations.verifying import first_use_rules, gather_evidence, read_secrets
from reconciler.planning.evidence import depth_needed
from reconciler.planning.finish import failure_of
from reconciler.planning.grants import withheld_problem
from reconciler.planning.platform import PLATFORM, platform_routes
from reconciler.planning.routes import Traveller, judge_routes
from reconciler.planning.select import Selectable, is_selected, unmatched
from reconciler.planning.settings import settings_digest

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from reconciler.model.desired import DesiredAccount
    from reconciler.model.evidence import Depth, Verification
    from reconciler.model.manifest import Kind
    from reconciler.model.route import SecretRoute
    from reconciler.operations.conversations import Progress
    from reconciler.operations.verifying import Ask, SecretsAtHand
    from reconciler.operations.workspace import Workspace
    from reconciler.planning.platform import PlatformServer


@dataclass(frozen=True, kw_only=True)
class Verified:
    """What was found, by account, and what is to be told beside it."""

    verifications: Mapping[str, Verification]
    kinds: Mapping[str, Kind]
    diagnostics: tuple[Diagnostic, ...]


def verify_manifests(
    workspace: Workspace,
    selectors: Sequence[str],
    *,
    depth: Depth,
    progress: Progress,
    ask: Ask | None = None,
) -> Verified:
    """Return the verification of the selected accounts as the manifests have them, all without selectors.

    Raises ``InvalidInput`` for wrong manifests and selectors that select nothing, ``StateMissing`` without a state:
    where secrets may travel is known to state. ``ask`` is asked for the secrets that cannot be read here.
    """
    desired = read_desired(workspace)
    if not desired.is_valid:
        raise InvalidInput([each for each in desired.problems if each.severity == "error"])
    selectable = {each.name: Selectable((each.name,), (each.metadata.get("labels", {}),)) for each in desired.accounts}
    nothing = unmatched(selectors, list(selectable.values()))
    if nothing:
        raise InvalidInput(nothing)
    chosen = [each for each in desired.accounts if is_selected(selectable[each.name], selectors, ())]
    secrets = read_secrets(workspace, replace(desired, accounts=tuple(chosen)).secrets, depth=depth, ask=ask)
    return _verify(chosen, desired.platform, workspace, secrets, depth=depth, progress=progress)


def _verify(
    chosen: Sequence[DesiredAccount],
    platform: PlatformServer | None,
    workspace: Workspace,
    secrets: SecretsAtHand,
    *,
    depth: Depth,
    progress: Progress,
) -> Verified:
    with workspace.open_store() as store:
        recorded = store.read_state()
    today = workspace.now().date()
    fingerprints = secrets.readings.fingerprints
    through_platform = platform_routes(platform, {each.kind for each in chosen}, fingerprints)
    verdict = judge_routes(
        [*(_traveller(each, fingerprints) for each in chosen), Traveller(PLATFORM, "", through_platform)],
        recorded.routes,
        secrets=first_use_rules(workspace.project.secrets, secrets.readings, recorded),
        today=today,
    )
    unreadable = secrets.readings.unreadable
    subjects = [
        Subject(
            name=each.name,
            kind=each.kind,
            spec=each.spec,
            settings_digest=settings_digest(
                each.kind, each.spec, ca_digest=each.ca_digest, fingerprints=fingerprints, platform=platform
            ),
            depth=depth_needed(each.name, depth, workspace.project, today),
            withheld=verdict.withheld.get(PLATFORM if each.kind == "MarketingAccount" else each.name, ()),
        )
        for each in chosen
        if not any(route.secret in unreadable for route in _routes_needed(each, through_platform))
    ]
    context = test_context(workspace, None)
    evidence = gather_evidence(
        subjects,
        workspace,
        platform=platform,
        secrets=secrets,
        context=context,
        progress=progress,
        reuses_evidence=False,
    ).evidence
    verifications = {name: evidence[name].verification for name in sorted(evidence)}
    withheld = withheld_problem(verdict.withheld)
    explained = {each.name for each in subjects if each.withheld}
    failures = verification_problems(verifications, explained=explained)
    problems = [*unreadable.values(), *((withheld,) if withheld else ()), *failures]
    return Verified(
        verifications=verifications,
        kinds={each.name: each.kind for each in chosen},
        diagnostics=tuple(sorted(problems, key=sort_key)),
    )


def _traveller(account: DesiredAccount, fingerprints: Mapping[str, str]) -> Traveller:
    return Traveller(account.name, account.file, with_fingerprints(account.secret_routes, fingerprints))


def _routes_needed(account: DesiredAccount, through_platform: tuple[SecretRoute, ...]) -> tuple[SecretRoute, ...]:
    return (*account.secret_routes, *(through_platform if account.kind == "MarketingAccount" else ()))


def verification_problems(verifications: Mapping[str, Verification], *, explained: Collection[str]) -> list[Diagnostic]:
    """Return an error for each account that failed or whose credential is withheld and not ``explained`` already."""
    codes = {"failed": "verificationFailed", "withheld": "credentialWithheld"}
    return [
        error(codes[found.status], failure_of(found), subject=name)
        for name, found in verifications.items()
        if found.status in codes and name not in explained
    ]
