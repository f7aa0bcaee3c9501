"""``verify --recorded``: verifies what is in state and records how it stands, in one journaled transaction.

The nightly look for drift. It needs no manifest: an account is verified with the settings that were applied, and its
secrets take the routes that were recorded for them. A passed check of a rotated secret records its new fingerprint.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from reconciler.diagnostics import Diagnostic, error, note, sort_key
from reconciler.errors import InvalidInput, SecretUnreadable
from reconciler.manifests import read_ca_files
from reconciler.model.route import with_fingerprints
from reconciler.operations.desired import read_platform
from reconciler.operations.plan import test_context
from reconciler.operations.standing import Recheck, record_rechecks
from reconciler.operations.targets import Subject
from reconciler.operations.verify import Verified, verification_problems
from reconciler.operations.verifying import first_use_rules, gather_evidence, read_secrets
from reconciler.planning.allowed import is_allowed_somewhere
from reconciler.planning.evidence import depth_needed
from reconciler.planning.grants import withheld_problem
from reconciler.planning.platform import PLATFORM, platform_routes
from reconciler.planning.routes import Traveller, judge_routes
from reconciler.planning.select import Selectable, is_selected, unmatched
from reconciler.planning.settings import settings_digest

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from reconciler.model.evidence import Depth
    from reconciler.model.recorded import Provenance, RecordedAccount, RecordedState
    from reconciler.operations.conversations import Progress
    from reconciler.operations.verifying import Ask, SecretsAtHand
    from reconciler.operations.workspace import Workspace


def verify_recorded(
    workspace: Workspace,
    selectors: Sequence[str],
    *,
    depth: Depth,
    provenance: Provenance,
    progress: Progress,
    ask: Ask | None = None,
) -> Verified:
    """Verify the selected accounts of state, all without selectors, and record the outcome.

    Suspended accounts are left alone. Raises ``InvalidInput`` for selectors that select nothing, ``StateMissing``
    without a state, ``SecretUnreadable`` where the key of the fingerprints is not the one that state was made with.
    """
    with workspace.open_store() as store:
        recorded = store.read_state()
    chosen, problems = _selected(recorded, selectors)
    platform, platform_problems = read_platform(workspace)
    if platform_problems:
        raise InvalidInput(platform_problems)
    wanted = {each.secret for account in chosen for each in account.secret_routes}
    allowed = {secret for secret in wanted if is_allowed_somewhere(secret, workspace.project.secrets)}
    kinds = {each.kind for each in chosen}
    platform_secrets = {each.secret for each in platform_routes(platform, kinds, {})}
    secrets = read_secrets(workspace, allowed | platform_secrets, depth=depth, ask=ask)
    _require_key(secrets, recorded, needs_key=bool(allowed | platform_secrets) and depth != "offline")
    unusable = {
        **_refused_secrets(chosen, wanted - allowed),
        **_unreadable_secrets(chosen, platform_secrets, secrets),
        **_altered_ca_files(chosen, workspace),
    }
    ready = [account for account in chosen if account.name not in unusable]
    fingerprints = secrets.readings.fingerprints
    through_platform = platform_routes(platform, {each.kind for each in ready}, fingerprints)
    withheld = judge_routes(
        [
            *(Traveller(each.name, "", with_fingerprints(each.secret_routes, fingerprints)) for each in ready),
            Traveller(PLATFORM, "", through_platform),
        ],
        recorded.routes,
        secrets=first_use_rules(workspace.project.secrets, secrets.readings, recorded),
        today=workspace.now().date(),
    ).withheld
    subjects = [
        Subject(
            name=each.name,
            kind=each.kind,
            spec=each.spec,
            settings_digest=settings_digest(
                each.kind, each.spec, ca_digest=each.ca_digest, fingerprints=fingerprints, platform=platform
            ),
            depth=depth_needed(each.name, depth, workspace.project, workspace.now().date()),
            withheld=withheld.get(PLATFORM if each.kind == "MarketingAccount" else each.name, ()),
        )
        for each in ready
    ]
    context = test_context(workspace, f"state at revision {recorded.serial}")
    evidence = gather_evidence(
        subjects,
        workspace,
        platform=platform,
        secrets=secrets,
        context=context,
        progress=progress,
        reuses_evidence=False,
    ).evidence
    rechecks = [
        Recheck(account=each, fingerprints=_fingerprints(each, secrets), evidence=evidence[each.name]) for each in ready
    ]
    verdicts = [each for each in rechecks if each.has_verdict]
    told = record_rechecks(verdicts, through_platform, workspace, provenance, depth)
    verifications = {name: evidence[name].verification for name in sorted(evidence)}
    refusal = withheld_problem(withheld)
    problems += [*unusable.values(), *((refusal,) if refusal else ()), *told]
    problems += verification_problems(verifications, explained={each.name for each in subjects if each.withheld})
    return Verified(
        verifications=verifications,
        kinds={each.name: each.kind for each in ready},
        diagnostics=tuple(sorted(problems, key=sort_key)),
    )


def _selected(recorded: RecordedState, selectors: Sequence[str]) -> tuple[list[RecordedAccount], list[Diagnostic]]:
    """Return the accounts to verify, by name, and a note for each that is left alone."""
    selectable = {
        name: Selectable((name,), (account.metadata.get("labels", {}),)) for name, account in recorded.accounts.items()
    }
    nothing = unmatched(selectors, list(selectable.values()))
    if nothing:
        raise InvalidInput(nothing)
    chosen = [recorded.accounts[name] for name in sorted(selectable) if is_selected(selectable[name], selectors, ())]
    notes = [
        note("suspendedNotVerified", f"{each.name} is suspended, so it was not contacted.", subject=each.name)
        for each in chosen
        if each.suspension is not None
    ]
    return [each for each in chosen if each.suspension is None], notes


def _require_key(secrets: SecretsAtHand, recorded: RecordedState, *, needs_key: bool) -> None:
    """Refuse to go on where a rotated value could not be told from another key."""
    if not needs_key or recorded.fingerprint_key_id in {None, secrets.readings.key_id}:
        return
    made_with = f"State was made with the fingerprint key {recorded.fingerprint_key_id}"
    if secrets.readings.key_id is None:
        detail = f"{made_with}, and there is none here. Provide the key of this state."
        raise SecretUnreadable(error("fingerprintKeyMissing", detail))
    detail = f"{made_with}; this one is {secrets.readings.key_id}. Provide the key of this state."
    raise SecretUnreadable(error("fingerprintKeyChanged", detail))


def _refused_secrets(accounts: Iterable[RecordedAccount], refused: set[str]) -> dict[str, Diagnostic]:
    """Return the accounts that name a secret which the project file no longer allows."""
    return {
        account.name: error(
            "secretNotAllowed",
            f"{secret} was allowed when {account.name} was applied, and secrets.allow in the project file does not "
            "cover it any more. Nothing was read. Have the owner of the project file allow it, or change the account.",
            subject=account.name,
        )
        for account in accounts
        for secret in sorted(each.secret for each in account.secret_routes)
        if secret in refused
    }


def _unreadable_secrets(
    accounts: Iterable[RecordedAccount], platform_secrets: set[str], secrets: SecretsAtHand
) -> dict[str, Diagnostic]:
    """Return the accounts that need a secret which cannot be read here; marketing accounts need the platform's."""
    unreadable = secrets.readings.unreadable
    problems = {}
    for account in accounts:
        own = {each.secret for each in account.secret_routes}
        for secret in sorted(own | platform_secrets if account.kind == "MarketingAccount" else own):
            if secret in unreadable:
                problems[account.name] = replace(unreadable[secret], subject=account.name)
    return problems


def _altered_ca_files(accounts: Sequence[RecordedAccount], workspace: Workspace) -> dict[str, Diagnostic]:
    """Return the accounts whose private CA is not at hand as it was applied: trust is part of a secret's route."""
    paths = {each.name: each.spec.get("smtp", {}).get("caFile") for each in accounts}
    usable, unusable = read_ca_files(sorted({path for path in paths.values() if path}), root=workspace.root)
    problems = {}
    for account in accounts:
        path = paths[account.name]
        if path in unusable:
            problems[account.name] = error("caFileUnusable", f"{path}: {unusable[path]}", subject=account.name)
        elif path is not None and usable[path].digest != account.ca_digest:
            detail = (
                f"{path} is not the certificate that {account.name} was applied with, so it was not verified. Apply "
                "the change of the file first, or bring the file back."
            )
            problems[account.name] = error("caFileUnusable", detail, subject=account.name)
    return problems


def _fingerprints(account: RecordedAccount, secrets: SecretsAtHand) -> dict[str, str]:
    """Return the fingerprints of the account's secrets as read now."""
    known = secrets.readings.fingerprints
    return {each.secret: known[each.secret] for each in account.secret_routes if each.secret in known}
