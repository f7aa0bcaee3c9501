"""What apply asks of the steps of a plan, and what it refuses of that before any secret is read."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING

from reconciler.classes import FrozenByName
from reconciler.diagnostics import Diagnostic, enumerated, error
from reconciler.errors import GuardRefused, InvalidInput, VerificationFailed
from reconciler.model.step import Delete
from reconciler.rules.secrets.allow import NO_LINKS, is_allowed, naming_manifests
from reconciler.rules.secrets.grants import untrusted_project
from reconciler.rules.secrets.judgement import require_state_key

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from datetime import datetime

    from reconciler.model.accounts.recorded import RecordedState
    from reconciler.model.project import Project
    from reconciler.model.secrets.routes import SecretRoute
    from reconciler.model.step import Changed, Create, Update
    from reconciler.rules.apply.admission import Admission
    from reconciler.rules.plan.policy import ApplyOrder

    Wanted = Create | Update


class Demand(FrozenByName):
    """What apply asks of the steps of a plan."""

    project: Project
    now: datetime
    overrides: Mapping[str, str]
    """Account to the reason why it is applied unverified."""
    holds_failing: bool
    is_sealed: bool
    """False for a plan whose seal cannot be checked, which is a list of wishes: its evidence is gathered anew."""
    is_project_trusted: bool
    plan_key_id: str | None
    """The id of the key of the plan's fingerprints; None for a plan that read no secret."""
    platform_routes: tuple[SecretRoute, ...]
    """Where the platform's own secrets travelled for the plan's verification."""
    places: Mapping[str, str] = field(default_factory=dict)
    """Of references that are links, the reference of the file itself."""
    unusable: Collection[str] = ()
    """References to files that nobody may name."""


def demand_of(
    admission: Admission,
    order: ApplyOrder,
    *,
    project: Project,
    now: datetime,
    is_project_trusted: bool,
    places: Mapping[str, str] = NO_LINKS,
    unusable: Collection[str] = (),
) -> Demand:
    """Return what apply asks of an admitted plan, as it is ordered and where it is run."""
    inputs = admission.plan.inputs
    return Demand(
        project=project,
        now=now,
        overrides=order.overrides,
        holds_failing=order.holds_failing,
        is_sealed=admission.is_sealed,
        is_project_trusted=is_project_trusted,
        plan_key_id=inputs.fingerprint_key_id,
        platform_routes=inputs.platform_routes,
        places=places,
        unusable=unusable,
    )


def require_demand(steps: Sequence[Changed], demand: Demand, recorded: RecordedState) -> None:
    """Refuse what may not be applied as it is asked, before any secret is read.

    Raises ``InvalidInput`` for overrides of nothing and secrets outside ``secrets.allow``, ``GuardRefused`` for a
    project file that is not trusted, ``SecretUnreadable`` for another key than state's, ``VerificationFailed`` for
    overrides of what could not be read.
    """
    wanted = [step for step in steps if not isinstance(step, Delete)]
    to_verify = [step for step in wanted if step.needs_evidence]
    invalid = _overrides_of_nothing(to_verify, demand)
    invalid = invalid or [problem for step in wanted for problem in _refused_secrets(step, demand)]
    if invalid:
        raise InvalidInput(invalid)
    with_secrets = [step.name for step in to_verify if step.routes_needed]
    if with_secrets and not demand.is_project_trusted:
        raise GuardRefused(untrusted_project(with_secrets))
    if demand.plan_key_id is None:
        return
    if any(step.after.secret_routes for step in to_verify):
        require_state_key(recorded, demand.plan_key_id)
    unread = [problem for step in to_verify for problem in _unread_override(step, demand)]
    if unread:
        raise VerificationFailed(unread)


def _overrides_of_nothing(to_verify: Iterable[Wanted], demand: Demand) -> list[Diagnostic]:
    return [
        error(
            "selectorMatchesNothing",
            f"--override-verification names {name}, which is not a change of this plan that needs verification.",
            subject=name,
        )
        for name in sorted(demand.overrides.keys() - {step.name for step in to_verify})
    ]


def _refused_secrets(step: Wanted, demand: Demand) -> list[Diagnostic]:
    """Return an error for each secret that the project file does not allow: it may have changed since, or the plan."""
    return [
        error(
            "secretNotAllowed",
            f"The plan would use {secret}, which the project file does not let its manifest name. Plan again.",
            subject=step.name,
        )
        for secret in sorted({each.secret for each in step.after.secret_routes})
        if secret in demand.unusable
        or not all(
            is_allowed(secret, file, demand.project.secrets, demand.places)
            for file in _naming_manifests(secret, step, is_sealed=demand.is_sealed)
        )
    ]


def _naming_manifests(secret: str, step: Wanted, *, is_sealed: bool) -> tuple[str, ...]:
    """Return the manifests that name a secret: the account's, and its MailServer's for what it has from there.

    A plan without a seal vouches for none: there a manifest counts only for a secret that state has from the same file.
    """
    after, before = step.after, step.before
    if is_sealed:
        return naming_manifests(secret, own=after.file, server=after.server_file, inherited=after.server_secrets)
    is_known = before is not None and any(each.secret == secret for each in before.secret_routes)
    return (step.manifest if is_known else "",)


def _unread_override(step: Wanted, demand: Demand) -> list[Diagnostic]:
    """Return an error where a secret that the plan could not read would be recorded unverified.

    Without its fingerprint nobody could tell that it is another account's secret, and its route would count as known.
    """
    routes = (*step.routes, *(demand.platform_routes if step.sends_through_platform else ()))
    unread = sorted({each.secret for each in routes if each.fingerprint is None})
    if step.name not in demand.overrides or not unread:
        return []
    detail = (
        f"--override-verification records {step.name} unverified, and {enumerated(unread)} could not be read for this "
        "plan, so nobody could tell whether state knows the value under another name, and where it may travel. "
        "Plan again where it can be read, or leave the account out:\n"
        f"    reconciler plan --exclude {step.name}"
    )
    return [error("secretMissing", detail, subject=step.name)]
