"""What every step of an apply is recorded with: evidence that the plan brought or that was gathered, or a reason why not.

First what needs no network is settled: steps that need no evidence, those whose verification is overridden, those for
which the plan's own evidence will do. The others are *open*; what is found of them settles them. In between and at the
end a failed step refuses the apply, unless it may be held.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Literal, Protocol

from reconciler.classes import FrozenByName
from reconciler.diagnostics import Diagnostic, error, warning
from reconciler.errors import GuardRefused, SecretUnreadable, VerificationFailed
from reconciler.model.accounts.recorded import RecordedVerification
from reconciler.model.secrets.reading import SecretsRead
from reconciler.model.step import Delete
from reconciler.rules.apply.demand import require_demand
from reconciler.rules.apply.wishes import unproven_rotations
from reconciler.rules.plan.match import held_with, why_held_with
from reconciler.rules.secrets.judgement import judge_reading, require_state_key
from reconciler.rules.verification.evidence import standing_in
from reconciler.rules.verification.failures import (
    Failure,
    blocking_change,
    failure,
    failure_of,
    failure_problems,
    held_change,
)
from reconciler.rules.verification.missing import (
    MISSING_CODES,
    failed_without,
    missing_problems,
    missing_secrets,
)
from reconciler.rules.verification.settings import settings_digest

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from datetime import datetime

    from reconciler.model.accounts.recorded import RecordedState
    from reconciler.model.secrets.routes import SecretRoute
    from reconciler.model.step import Changed, Create, Update
    from reconciler.model.verification.depths import Depth
    from reconciler.model.verification.evidence import Evidence
    from reconciler.rules.apply.admission import Admission
    from reconciler.rules.apply.demand import Demand
    from reconciler.rules.secrets.judgement import Law

    Wanted = Create | Update


class Read(Protocol):
    """Reads secrets."""

    def __call__(self, references: Collection[str], /) -> SecretsRead:
        """Return what could be read of these references, and why the others could not."""
        ...


class Verify(Protocol):
    """Verifies accounts with their servers."""

    def __call__(self, steps: Sequence[Wanted], secrets: SecretsRead, /) -> Mapping[str, Evidence]:
        """Return evidence for every step, by name."""
        ...


class Settlement(FrozenByName):
    """What an apply records, and what it holds instead."""

    steps: tuple[Changed, ...]
    """The steps that are recorded, by name."""
    held: Mapping[str, Diagnostic]
    fingerprint_key_id: str | None
    platform_routes: tuple[SecretRoute, ...]
    """Where the platform's own secrets travelled."""
    grants_used: tuple[str, ...]
    """The grants that routes needed."""

    @property
    def wanted(self) -> tuple[Wanted, ...]:
        """The steps whose account is to be."""
        return tuple(step for step in self.steps if not isinstance(step, Delete))

    @property
    def not_compared(self) -> dict[str, tuple[str, ...]]:
        """The secrets, by account in order, whose values nobody has read: whether they are known otherwise is open."""
        return {
            step.name: unread
            for step in self.wanted
            if (unread := tuple(sorted({each.secret for each in step.after.secret_routes} - step.fingerprints.keys())))
        }


def settle(admission: Admission, demand: Demand, law: Law, *, read: Read, verify: Verify) -> Settlement:
    """Return what is recorded of each step, and which are held. Secrets and evidence that the plan lacks are asked for.

    Nothing is read for a plan that something refuses already, and nobody is contacted with a secret that may not travel.
    Raises ``VerificationFailed`` where a step fails, also for want of a secret, ``GuardRefused`` where a credential is
    withheld, ``SecretUnreadable`` for a secret that may not be read, and what ``require_demand`` raises.
    """
    require_demand(admission.steps, demand, law.recorded)
    # It ends as early as can be: by what the plan brings, then by what cannot be read, and only then is anybody contacted.
    done = [settled(step, demand) for step in admission.steps if not is_open(step, demand)]
    held_or_refused(done, demand)
    waiting = open_steps(admission.steps, demand)
    secrets = _read_for(waiting, law.recorded, read)
    found = lacking(waiting, secrets.unreadable)
    done += [step for step in found if step.missing]
    held_or_refused(done, demand)
    ready = [refreshed(step, secrets) for step in found if not step.missing]
    inputs = admission.plan.inputs
    key_id, platform_routes, grants = inputs.fingerprint_key_id, demand.platform_routes, admission.grants_used
    if ready:
        # All steps are judged together: a secret's first journey counts beside those of accounts that are settled.
        judgement = judge_reading([*done, *ready], law, secrets, read=read)
        if judgement.problem is not None:
            raise GuardRefused(judgement.problem)
        evidence = verify(ready, secrets)
        done += [proven(step, evidence[step.name]) for step in ready]
        grants = grants.union(judgement.grants_used)
        if any(step.platform is not None and step.depth != "offline" for step in ready):
            platform_routes = judgement.platform_routes
        key_id = secrets.key_id or key_id
    held = held_or_refused(done, demand)
    steps = tuple(sorted((step for step in done if step.name not in held), key=lambda step: step.name))
    if not admission.is_sealed:
        _require_rotations(steps)
    return Settlement(
        steps=steps,
        held=held,
        fingerprint_key_id=key_id,
        platform_routes=platform_routes,
        grants_used=tuple(sorted(grants)),
    )


def open_steps(steps: Iterable[Changed], demand: Demand) -> list[Wanted]:
    """Return the steps for which evidence must be gathered."""
    return [step for step in steps if not isinstance(step, Delete) and is_open(step, demand)]


def _read_for(steps: Sequence[Wanted], recorded: RecordedState, read: Read) -> SecretsRead:
    """Return the secrets that verifying these steps needs, as far as they can be read.

    Raises ``SecretUnreadable`` where the key is not state's.
    """
    if not steps:
        return SecretsRead()
    wanted = {route.secret for step in steps if step.depth != "offline" for route in step.routes_needed}
    secrets = read(wanted)
    if wanted and secrets.key_id is None:
        detail = "State keeps keyed fingerprints of secrets, and there is no key here. Provide the key of this state."
        raise SecretUnreadable(error("fingerprintKeyMissing", detail))
    if wanted:
        require_state_key(recorded, secrets.key_id)
    return secrets


def _require_rotations(steps: Sequence[Changed]) -> None:
    """Refuse what a plan without a seal shows as rotated and is not, by the values read now."""
    unproven = unproven_rotations(steps)
    if unproven:
        detail = (
            "The plan shows a rotated secret, has no seal, and the value read now is the one that is recorded, or none was "
            "read. Make the plan again."
        )
        raise GuardRefused([error("planAltered", detail, subject=name) for name in unproven])


def uncompared_secrets(settlement: Settlement) -> tuple[Diagnostic, ...]:
    """Return a warning for each account that is recorded with secrets whose values nobody has read."""
    return tuple(
        warning(
            "secretsNotCompared",
            f"{', '.join(secrets)} of {name} was not read, so it was not compared with the secrets that state knows. "
            "That is done when the value is first read, before it is sent anywhere.",
            subject=name,
        )
        for name, secrets in settlement.not_compared.items()
    )


def is_open(step: Changed, demand: Demand) -> bool:
    """Tell whether evidence must be gathered for a step: it needs some, and neither an override nor the plan's will do."""
    if isinstance(step, Delete) or not step.needs_evidence or step.name in demand.overrides:
        return False
    standing = standing_in(step, demand.project, depth=step.depth, now=demand.now)
    return standing == "missing" or not demand.is_sealed


def settled(step: Changed, demand: Demand) -> Changed:
    """Return a step that is not open with what it is recorded with."""
    if isinstance(step, Delete):
        return step
    if not step.needs_evidence:
        return replace(step, evidence=None)
    if step.name in demand.overrides:
        reason = f"applied unverified: {demand.overrides[step.name]}"
        return replace(step, outcome=RecordedVerification(outcome="overridden", reason=reason), evidence=None)
    assert step.evidence is not None  # noqa: S101 - what has none is open
    return proven(step, step.evidence)


def proven(step: Wanted, evidence: Evidence) -> Wanted:
    """Return a step with the evidence that settles it.

    >>> from reconciler.model.accounts.desired import DesiredAccount
    >>> from reconciler.model.step import Keep
    >>> from reconciler.model.verification.evidence import Evidence, Verification
    >>> step = Keep(after=DesiredAccount(kind="OwnAccount", name="sales", document={}))
    >>> found = (Verification(status=status) for status in ("passed", "skipped", "withheld"))
    >>> [proven(step, Evidence(settings_digest="a", verification=each)).outcome.outcome for each in found]
    ['passed', 'skipped', 'failed']
    """
    found = evidence.verification
    outcome = found.status if found.status in {"passed", "skipped"} else "failed"
    reason = None if outcome == "passed" else failure_of(found)
    return replace(step, evidence=evidence, outcome=_recorded(outcome, found.checked_at, found.depth, reason))


@lru_cache(maxsize=64)
def _recorded(
    outcome: Literal["passed", "failed", "skipped"], at: datetime | None, depth: Depth | None, reason: str | None
) -> RecordedVerification:
    """Return what is recorded of a verification: one value for all accounts of which it says the same."""
    return RecordedVerification(outcome=outcome, checked_at=at, depth=depth, reason=reason)


def lacking(steps: Sequence[Wanted], unreadable: Mapping[str, Diagnostic]) -> list[Wanted]:
    """Return the open steps; a step fails where its verification needs a secret that cannot be read.

    Raises ``SecretUnreadable`` for secrets that may not be read.
    """
    needed = {route.secret for step in steps if step.depth != "offline" for route in step.routes_needed}
    refused = [
        problem for secret, problem in unreadable.items() if secret in needed and problem.code not in MISSING_CODES
    ]
    if refused:
        raise SecretUnreadable(refused)
    return [step if step.depth == "offline" else _lacking(step, unreadable) for step in steps]


def _lacking(step: Wanted, unreadable: Mapping[str, Diagnostic]) -> Wanted:
    missing = missing_secrets(step.routes_needed, unreadable)
    if not missing:
        return step
    failed = RecordedVerification(outcome="failed", reason=failure_of(failed_without(missing)))
    return replace(step, missing=missing, evidence=None, outcome=failed)


def refreshed(step: Wanted, secrets: SecretsRead) -> Wanted:
    """Return a step with the fingerprints of the values that were read just now, and with its settings digest made anew."""
    read = secrets.fingerprints
    own = {each.secret for each in step.after.secret_routes}
    fingerprints = {**step.fingerprints, **{secret: read[secret] for secret in own & read.keys()}}
    digest = settings_digest(
        step.kind,
        step.after.settings,
        ca_digest=step.after.ca_digest,
        fingerprints={**read, **fingerprints},
        platform=step.platform,
    )
    return replace(step, fingerprints=fingerprints, settings_digest=digest)


def held_or_refused(steps: Sequence[Changed], demand: Demand) -> dict[str, Diagnostic]:
    """Return the steps to hold, by name, each with the warning that says why.

    Raises ``GuardRefused`` where a credential was withheld, ``VerificationFailed`` for what failed and may not be held.
    """
    wanted = (step for step in steps if step.after is not None)
    failed = sorted(
        (step for step in wanted if step.outcome is not None and step.outcome.outcome == "failed"),
        key=lambda step: step.name,
    )
    # A guard's matter: unlike a failure, no flag has it left out of the plan.
    withheld = [
        step for step in failed if step.evidence is not None and step.evidence.verification.status == "withheld"
    ]
    if withheld:
        raise GuardRefused([error("credentialWithheld", _reason(step), subject=step.name) for step in withheld])
    # A rotated secret that fails is always held, for nobody asked for a change of its account.
    blocking = [step for step in failed if not demand.holds_failing and step.cause != "rotation"]
    if blocking:
        missing = missing_problems({step.name: step.missing for step in blocking})
        others = failure_problems([_failure(step) for step in blocking if not step.missing], blocking_change)
        raise VerificationFailed([*missing, *others])
    held = {step.name: held_change(step.name, _reason(step)) for step in failed}
    waiting = held_with((step.change for step in steps), held)
    return held | {
        name: warning("heldChange", why_held_with(name, keeper), subject=name) for name, keeper in waiting.items()
    }


def _reason(step: Wanted) -> str:
    return (step.outcome and step.outcome.reason) or "It was not verified."


def _failure(step: Wanted) -> Failure:
    """Return the failure of a step, so that what failed by one cause is told once."""
    if step.evidence is None:
        return Failure(name=step.name, reason=_reason(step))
    return replace(failure(step.evidence.verification, step.after, step.platform), reason=_reason(step))
