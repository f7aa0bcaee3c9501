"""Verification without a plan: of accounts as the manifests have them, or as state has them.

Here their routes are judged, and what was found is put together; which accounts, and what becomes of the findings, is
the business of ``verify`` and ``recheck``. Evidence of an earlier run is never taken: whoever asks wants to know now.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reconciler.diagnostics import Diagnostic, error, grouped, sort_key
from reconciler.model.accounts.desired import DesiredAccount
from reconciler.model.accounts.kinds import kind_of
from reconciler.model.secrets.routes import with_fingerprints
from reconciler.operations.conversations.comparing import judge_compared
from reconciler.operations.conversations.run import first_use_rules, gather_evidence
from reconciler.operations.conversations.targets import Subject
from reconciler.rules.accounts.platform import PLATFORM, platform_routes, routes_needed
from reconciler.rules.secrets.grants import withheld_problem
from reconciler.rules.secrets.known import known_routes
from reconciler.rules.secrets.routes import Traveller, every_route, judge_routes
from reconciler.rules.verification.evidence import depth_needed
from reconciler.rules.verification.failures import Failure, failure, failure_problems
from reconciler.rules.verification.missing import failed_without, missing_problems, missing_secrets
from reconciler.rules.verification.settings import settings_digest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from reconciler.model.accounts.kinds import Kind
    from reconciler.model.accounts.recorded import RecordedAccount, RecordedState
    from reconciler.model.secrets.routes import SecretRoute
    from reconciler.model.verification.depths import Depth
    from reconciler.model.verification.evidence import Evidence, Verification
    from reconciler.operations.conversations.queue import Progress
    from reconciler.operations.conversations.run import SecretsAtHand
    from reconciler.operations.workspace import Workspace
    from reconciler.rules.accounts.platform import PlatformServer
    from reconciler.rules.secrets.routes import Verdict
    from reconciler.rules.verification.missing import Missing
    from reconciler.verification import TestContext

    Account = DesiredAccount | RecordedAccount


@dataclass(frozen=True, kw_only=True)
class Verified:
    """What was found, by account, and what is to be told beside it."""

    verifications: Mapping[str, Verification]
    kinds: Mapping[str, Kind]
    diagnostics: tuple[Diagnostic, ...]


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """The secrets that may not travel, by whom they belong to, and where the platform's own ones would."""

    withheld: Mapping[str, tuple[SecretRoute, ...]]
    platform_routes: tuple[SecretRoute, ...]
    problem: Diagnostic | None
    """One error for all that is withheld; None where nothing is."""
    grants_used: tuple[str, ...] = ()
    """The grants that were needed for what is not withheld."""

    def withheld_from(self, account: Account) -> tuple[SecretRoute, ...]:
        """Return what an account cannot be verified with; the platform's for a marketing account."""
        return self.withheld.get(PLATFORM if kind_of(account).sends_through_platform else account.name, ())

    def routes_needed(self, account: Account) -> tuple[SecretRoute, ...]:
        """Return the routes whose secrets the account is verified with."""
        return routes_needed(account.kind, account.secret_routes, self.platform_routes)


def judge(
    accounts: Sequence[Account],
    workspace: Workspace,
    *,
    platform: PlatformServer | None,
    recorded: RecordedState,
    secrets: SecretsAtHand,
) -> Judgement:
    """Return which of the accounts' secrets, and of the platform's, may not take their routes."""
    fingerprints = secrets.readings.fingerprints
    through_platform = platform_routes(platform, {each.kind for each in accounts}, fingerprints)
    travellers = [
        Traveller(each.name, _manifest_of(each), with_fingerprints(each.secret_routes, fingerprints))
        for each in accounts
    ]
    travellers.append(Traveller(PLATFORM, "", through_platform))
    if secrets.readings.are_withheld:
        withheld = every_route(travellers)
        problem = withheld_problem(withheld, is_project_trusted=False)
        return Judgement(withheld=withheld, platform_routes=through_platform, problem=problem)
    were_read = secrets.readings.were_read
    known = known_routes(recorded, platform.secret_routes if platform is not None else ())

    def judge_by(values: Mapping[str, str]) -> Verdict:
        return judge_routes(
            travellers,
            known,
            secrets=first_use_rules(workspace.project.secrets, secrets.readings, recorded),
            today=workspace.now().date(),
            values=values if were_read else None,
            reserved=platform.routes(values) if platform is not None else (),
        )

    verdict, not_compared = judge_compared(judge_by, secrets, workspace)
    problem = withheld_problem(verdict.withheld, expired=verdict.expired, not_compared=not_compared)
    return Judgement(
        withheld=verdict.withheld,
        platform_routes=through_platform,
        problem=problem,
        grants_used=verdict.grants_used,
    )


def _manifest_of(account: Account) -> str:
    """Return the file that grants may ask for; what is verified as recorded needs no manifest, so it has none."""
    return account.file if isinstance(account, DesiredAccount) else ""


def find_evidence(
    accounts: Iterable[Account],
    workspace: Workspace,
    judgement: Judgement,
    *,
    platform: PlatformServer | None,
    secrets: SecretsAtHand,
    depth: Depth,
    context: TestContext,
    progress: Progress,
) -> Mapping[str, Evidence]:
    """Verify the accounts, each to ``depth`` or as far as an exception of the project lets it; by name, in order."""
    today = workspace.now().date()
    subjects = [
        Subject(
            name=each.name,
            kind=each.kind,
            spec=each.spec,
            settings_digest=settings_digest(
                each.kind,
                each.spec,
                ca_digest=each.ca_digest,
                fingerprints=secrets.readings.fingerprints,
                platform=platform,
            ),
            depth=depth_needed(each.name, depth, workspace.project, today),
            withheld=judgement.withheld_from(each),
            written=each.written,
        )
        for each in accounts
    ]
    found = gather_evidence(
        subjects,
        workspace,
        platform=platform,
        secrets=secrets,
        context=context,
        progress=progress,
        reuses_evidence=False,
    ).evidence
    return {name: found[name] for name in sorted(found)}


def missing_of(
    accounts: Sequence[Account],
    workspace: Workspace,
    *,
    platform: PlatformServer | None,
    secrets: SecretsAtHand,
    depth: Depth,
) -> dict[str, tuple[Missing, ...]]:
    """Return the accounts that cannot be verified for want of a secret; one that stays offline wants none."""
    today = workspace.now().date()
    through_platform = platform_routes(platform, {each.kind for each in accounts}, {})
    unreadable = secrets.readings.unreadable
    return {
        each.name: missing
        for each in accounts
        if depth_needed(each.name, depth, workspace.project, today) != "offline"
        and (missing := missing_secrets(routes_needed(each.kind, each.secret_routes, through_platform), unreadable))
    }


def verified(
    accounts: Sequence[Account],
    evidence: Mapping[str, Evidence],
    judgement: Judgement,
    *,
    platform: PlatformServer | None,
    missing: Mapping[str, Sequence[Missing]],
    remarks: Iterable[Diagnostic],
) -> Verified:
    """Return what was found of the accounts, with an error for each cause of failure and one for all that was withheld.

    ``missing`` are those that fail for want of a secret, by name.
    """
    found_by_name = {name: found.verification for name, found in evidence.items()}
    found_by_name |= {name: failed_without(each) for name, each in missing.items()}
    verifications = {name: found_by_name[name] for name in sorted(found_by_name)}
    failures: dict[str, list[Failure]] = {"failed": [], "withheld": []}
    for each in accounts:
        found = verifications.get(each.name)
        is_told = each.name in missing or judgement.withheld_from(each)
        if found is not None and found.status in failures and not is_told:
            failures[found.status].append(failure(found, each, platform))
    problems = [
        *failure_problems(failures["failed"], lambda name, reason: error("verificationFailed", reason, subject=name)),
        *failure_problems(failures["withheld"], lambda name, reason: error("credentialWithheld", reason, subject=name)),
    ]
    told = [judgement.problem] if judgement.problem is not None else []
    return Verified(
        verifications=verifications,
        kinds={each.name: each.kind for each in accounts},
        diagnostics=grouped(sorted([*remarks, *missing_problems(missing), *told, *problems], key=sort_key)),
    )
