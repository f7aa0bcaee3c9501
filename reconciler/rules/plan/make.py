"""``make_plan``: desired, recorded and policy in, a draft plan out. Pure, and the same for the same input."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.classes import FrozenByName, replace
from reconciler.model.step import Delete, Keep
from reconciler.rules.accounts.select import is_selected, unmatched
from reconciler.rules.plan.diff import compared
from reconciler.rules.plan.guards import (
    guard_deletes,
    guard_depths,
    guard_manifests,
    guard_scopes,
    guard_state_folder,
)
from reconciler.rules.plan.match import match, refused_names, sides, unmarked_renames
from reconciler.rules.plan.remarks import remarks
from reconciler.rules.secrets.judgement import Law, judge, redundant
from reconciler.rules.verification.evidence import depth_needed
from reconciler.rules.verification.missing import missing_secrets

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reconciler.diagnostics import Diagnostic
    from reconciler.model.accounts.desired import DesiredAccount
    from reconciler.model.accounts.recorded import RecordedState
    from reconciler.model.plan import LiftedGuard
    from reconciler.model.step import Changed, Create, Step, Update
    from reconciler.model.verification.missing import Missing
    from reconciler.rules.plan.guards import GuardFindings
    from reconciler.rules.plan.policy import Policy
    from reconciler.rules.secrets.judgement import Judgement


class Draft(FrozenByName):
    """A plan before verification: the steps that change something, by name, and what refuses it already."""

    policy: Policy
    recorded: RecordedState
    steps: tuple[Changed, ...]
    unchanged: int
    """The number of accounts that stay as they are."""
    problems: tuple[Diagnostic, ...]
    judgement: Judgement
    """What may not travel, and which grants let the rest."""
    lifted_guards: tuple[LiftedGuard, ...] = ()

    @property
    def to_verify(self) -> tuple[Create | Update, ...]:
        """The steps that need evidence."""
        return tuple(step for step in self.steps if step.after is not None and step.needs_evidence)


def make_plan(desired: Sequence[DesiredAccount], recorded: RecordedState, policy: Policy) -> Draft:
    """Return what would change, what needs evidence, and what refuses; nothing of it verified yet."""
    matching = match(desired, recorded)
    selected = [step for step in matching.steps if _is_wanted(step, policy)]
    found = [compared(step, recorded, policy) for step in selected]
    changing = [step for step in found if not isinstance(step, Keep)]
    law = Law(
        recorded=recorded,
        rules=policy.project.secrets,
        today=policy.today,
        platform=policy.platform,
        named=frozenset(route.secret for account in desired for route in account.secret_routes) | policy.rest.secrets,
    )
    # All together, for two accounts may want one new value to travel to different servers.
    judgement = judge(changing, law, policy.secrets)
    steps = [step if isinstance(step, Delete) else _judged(step, judgement, policy) for step in changing]
    reverted, alike = unmarked_renames(selected, recorded)
    guards = _guard(steps, selected, desired, recorded, policy)
    problems = (
        *unmatched((*policy.targets, *policy.excludes), [sides(step) for step in matching.steps]),
        *(matching.refusals[step.name] for step in selected if step.name in matching.refusals),
        *refused_names(selected, recorded),
        *reverted,
        *(refusal for findings in guards for refusal in findings.refusals),
        *((judgement.problem,) if judgement.problem is not None else ()),
        *remarks(steps, selected, policy, recorded),
        *(remark for findings in guards for remark in findings.remarks),
        *redundant([step.after for step in matching.steps if step.after is not None], law, policy.secrets),
        *matching.remarks,
        *alike,
    )
    return Draft(
        policy=policy,
        recorded=recorded,
        steps=tuple(steps),
        unchanged=len(selected) - len(steps) + len(policy.rest),
        problems=problems,
        judgement=judgement,
        lifted_guards=tuple(dict.fromkeys(guard for findings in guards for guard in findings.lifted)),
    )


def _is_wanted(step: Step, policy: Policy) -> bool:
    if not policy.targets and not policy.excludes:
        return True
    return is_selected(sides(step), policy.targets, policy.excludes)


def _guard(
    steps: Sequence[Changed],
    selected: Sequence[Step],
    desired: Sequence[DesiredAccount],
    recorded: RecordedState,
    policy: Policy,
) -> tuple[GuardFindings, ...]:
    steady = len(policy.rest)  # each of them is desired, and recorded
    return (
        guard_state_folder(policy),
        guard_manifests(len(desired) + steady, len(recorded.accounts) + steady, policy),
        guard_deletes(
            [step.before for step in steps if isinstance(step, Delete)], len(recorded.accounts) + steady, policy
        ),
        guard_scopes(selected, policy),
        guard_depths([step.name for step in steps if step.needs_evidence], policy),
    )


def _judged(step: Create | Update, judgement: Judgement, policy: Policy) -> Create | Update:
    """Return the step with what its verification may not have, and cannot have: nothing, mostly."""
    withheld, missing = judgement.of(step), _lacking(step, policy)
    return replace(step, withheld=withheld, missing=missing) if withheld or missing else step


def _lacking(step: Create | Update, policy: Policy) -> tuple[Missing, ...]:
    """Return what a verification needs and cannot have; one that the project lets stay offline needs none."""
    if not step.needs_evidence or depth_needed(step.name, "message", policy.project, policy.today) == "offline":
        return ()
    return missing_secrets(step.routes_needed, policy.secrets.unreadable)
