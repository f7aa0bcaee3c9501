"""Gathers, at apply, the evidence that a saved plan lacks: secrets as they are now, along routes judged again."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from reconciler.diagnostics import Diagnostic, error
from reconciler.errors import GuardRefused, InvalidInput, PlanStale, SecretUnreadable
from reconciler.model.secrets.routes import with_fingerprints
from reconciler.operations.conversations.comparing import judge_compared
from reconciler.operations.conversations.run import (
    SecretsAtHand,
    first_use_rules,
    gather_evidence,
    read_secrets,
    require_state_key,
)
from reconciler.operations.conversations.targets import Subject
from reconciler.operations.conversations.trust import ca_problems
from reconciler.operations.manifests import require_platform
from reconciler.operations.plan import test_context
from reconciler.operations.proofs import Proof, named_secrets, proven
from reconciler.rules.accounts.platform import PLATFORM, platform_routes, routes_needed
from reconciler.rules.plan.policy import SecretReadings
from reconciler.rules.secrets.grants import withheld_problem
from reconciler.rules.secrets.known import known_routes
from reconciler.rules.secrets.routes import Traveller, judge_routes
from reconciler.rules.verification.missing import MISSING_CODES, missing_secrets
from reconciler.rules.verification.settings import settings_digest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from reconciler.model.accounts.kinds import Kind
    from reconciler.model.accounts.recorded import RecordedState
    from reconciler.model.plan import PreparedAccount
    from reconciler.model.secrets.routes import SecretRoute
    from reconciler.model.secrets.values import FingerprintKey
    from reconciler.model.verification.depths import Depth
    from reconciler.operations.conversations.queue import Progress
    from reconciler.operations.workspace import Workspace
    from reconciler.rules.accounts.platform import PlatformServer
    from reconciler.rules.secrets.routes import Verdict
    from reconciler.rules.verification.missing import Missing


@dataclass(frozen=True, kw_only=True)
class FreshProofs:
    """What was verified anew, where the platform's own secrets travelled for it, and the key that was used."""

    proofs: Mapping[str, Proof] = field(default_factory=dict)
    platform_routes: tuple[SecretRoute, ...] = ()
    key: FingerprintKey | None = None
    grants_used: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class AtHand:
    """What is at hand for verifying anew: the platform's server, the secrets, and what is missing of them."""

    secrets: SecretsAtHand
    platform: PlatformServer | None = None
    platform_routes: tuple[SecretRoute, ...] = ()
    missing: Mapping[str, tuple[Missing, ...]] = field(default_factory=dict)
    """By account, for those that cannot be verified without."""


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """One account that apply is to record."""

    kind: Kind
    prepared: PreparedAccount
    manifest: str
    """The file that vouches for it; empty where nothing does."""
    depth: Depth


def read_open(
    candidates: Mapping[str, Candidate], open_names: Sequence[str], recorded: RecordedState, workspace: Workspace
) -> AtHand:
    """Return what verifying the accounts of ``open_names`` needs, as far as it can be had here.

    Raises ``SecretUnreadable`` for a secret that may not be read, and where the key is not state's.
    """
    if not open_names:
        return AtHand(secrets=SecretsAtHand(values={}, readings=SecretReadings(were_read=False), key=None))
    contacted = {name: candidates[name] for name in open_names if candidates[name].depth != "offline"}
    platform = require_platform(workspace)
    through_platform = platform_routes(platform, {each.kind for each in contacted.values()}, {})
    ways = {
        name: routes_needed(each.kind, each.prepared.secret_routes, through_platform)
        for name, each in contacted.items()
    }
    wanted = {each.secret for routes in ways.values() for each in routes}
    secrets = read_secrets(workspace, wanted, depth="message")
    unreadable = secrets.readings.unreadable
    refused = [problem for problem in unreadable.values() if problem.code not in MISSING_CODES]
    if refused:
        raise SecretUnreadable(refused)
    _check_key(wanted, secrets.key, recorded)
    missing = {name: found for name, routes in ways.items() if (found := missing_secrets(routes, unreadable))}
    return AtHand(secrets=secrets, platform=platform, platform_routes=through_platform, missing=missing)


def gather(
    candidates: Mapping[str, Candidate],
    open_names: Sequence[str],
    at_hand: AtHand,
    recorded: RecordedState,
    workspace: Workspace,
    *,
    changes_digest: str | None,
    progress: Progress,
) -> FreshProofs:
    """Return proofs for the accounts of ``open_names``, verified anew; all candidates' routes are judged together.

    Raises ``PlanStale`` and ``InvalidInput`` for private CAs, ``GuardRefused`` for a known secret on a new route; each
    before anything is sent.
    """
    if not open_names:
        return FreshProofs()
    chosen = {name: candidates[name] for name in open_names}
    platform, secrets = at_hand.platform, at_hand.secrets
    fingerprints = secrets.readings.fingerprints
    _check_ca_files(chosen, workspace)
    fresh = {name: _refreshed(each, fingerprints, platform) for name, each in chosen.items()}
    through_platform = with_fingerprints(at_hand.platform_routes, fingerprints)
    grants = _check_routes(
        {**candidates, **fresh}, through_platform, recorded, workspace, platform=platform, secrets=secrets
    )
    evidence = gather_evidence(
        [_subject(name, fresh[name]) for name in sorted(fresh)],
        workspace,
        platform=platform,
        secrets=secrets,
        context=test_context(workspace, changes_digest),
        progress=progress,
    ).evidence
    proofs = {name: proven(each.prepared, evidence[name]) for name, each in fresh.items()}
    return FreshProofs(proofs=proofs, platform_routes=through_platform, key=secrets.key, grants_used=grants)


def _check_routes(
    candidates: Mapping[str, Candidate],
    through_platform: tuple[SecretRoute, ...],
    recorded: RecordedState,
    workspace: Workspace,
    *,
    platform: PlatformServer | None,
    secrets: SecretsAtHand,
) -> tuple[str, ...]:
    """Refuse, before anything is sent, what the values just read show to be known secrets on new routes.

    Returns the grants that were needed.
    """
    travellers = [Traveller(name, each.manifest, each.prepared.secret_routes) for name, each in candidates.items()]
    travellers.append(Traveller(PLATFORM, "", through_platform))
    known = known_routes(recorded, platform.secret_routes if platform is not None else ())

    def judge_by(values: Mapping[str, str]) -> Verdict:
        return judge_routes(
            travellers,
            known,
            secrets=first_use_rules(workspace.project.secrets, secrets.readings, recorded),
            today=workspace.now().date(),
            values=values,
            reserved=platform.routes(values) if platform is not None else (),
        )

    verdict, not_compared = judge_compared(judge_by, secrets, workspace)
    problem = withheld_problem(verdict.withheld, expired=verdict.expired, not_compared=not_compared)
    if problem is not None:
        raise GuardRefused(problem)
    return verdict.grants_used


def _check_key(wanted: set[str], key: FingerprintKey | None, recorded: RecordedState) -> None:
    if not wanted:
        return
    if key is None:
        detail = "State keeps keyed fingerprints of secrets, and there is no key here. Provide the key of this state."
        raise SecretUnreadable(error("fingerprintKeyMissing", detail))
    require_state_key(recorded, key.key_id)


def _check_ca_files(chosen: Mapping[str, Candidate], workspace: Workspace) -> None:
    accounts = {name: each.prepared for name, each in chosen.items()}
    trusts = {name: (account.document["spec"], account.ca_digest) for name, account in accounts.items()}
    problems = list(ca_problems(trusts, workspace, changed=_stale_ca).values())
    if any(problem.code == "planStale" for problem in problems):
        raise PlanStale(problems)
    if problems:
        raise InvalidInput(problems)


def _stale_ca(name: str, path: str) -> Diagnostic:
    return error("planStale", f"{path} has changed since the plan was made. Plan again.", subject=name)


def _refreshed(candidate: Candidate, fingerprints: Mapping[str, str], platform: PlatformServer | None) -> Candidate:
    """Return the candidate with the fingerprints and the settings digest as of now."""
    account = candidate.prepared
    references = named_secrets(account)
    current = {**account.fingerprints, **{secret: fingerprints[secret] for secret in references & fingerprints.keys()}}
    digest = settings_digest(
        candidate.kind,
        account.document["spec"],
        ca_digest=account.ca_digest,
        fingerprints={**fingerprints, **current},
        platform=platform,
    )
    return replace(candidate, prepared=account.model_copy(update={"fingerprints": current, "settings_digest": digest}))


def _subject(name: str, candidate: Candidate) -> Subject:
    account = candidate.prepared
    return Subject(
        name=name,
        kind=candidate.kind,
        spec=account.document["spec"],
        settings_digest=account.settings_digest,
        depth=candidate.depth,
        written=account.written,
    )
