"""What a plan says of consumers: what publishing would change once it is applied, what they cannot carry, what is withheld."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from reconciler.consumers.folder import Unwritable
from reconciler.diagnostics import enumerated, note, warning
from reconciler.model.consumers.view import ConsumerView
from reconciler.operations.consumers.observe import (
    candidates_of,
    judge_all,
    law_of,
    observe,
    refusal_problems,
    unreadable,
    wanted_of,
)
from reconciler.operations.consumers.places import Targets, open_targets
from reconciler.operations.consumers.publish import left_behind
from reconciler.operations.conversations.trust import usable_files
from reconciler.rules.accounts.select import unmatched
from reconciler.rules.consumers.senders import planned_candidates

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from reconciler.diagnostics import Diagnostic
    from reconciler.model.accounts.platform import PlatformServer
    from reconciler.model.accounts.recorded import RecordedState
    from reconciler.model.consumers.publication import Publication
    from reconciler.model.secrets.values import FingerprintKey
    from reconciler.model.step import Changed
    from reconciler.operations.consumers.observe import Wanted
    from reconciler.operations.workspace import Workspace

_WORDS = {
    "new": "new",
    "changed": "changed",
    "removed": "removed",
    "edited": "edited by hand",
    "secret": "has another secret",
}


def consumers_of_plan(
    steps: Iterable[Changed],
    workspace: Workspace,
    *,
    recorded: RecordedState,
    platform: PlatformServer | None,
    key: FingerprintKey | None,
    looks: bool,
) -> tuple[tuple[ConsumerView, ...], list[Diagnostic]]:
    """Return what a plan with these steps says of each consumer, and what is to be told.

    By a project file that is not trusted, without the key of fingerprints, and where the plan ``looks`` at nothing
    (offline), nothing is read and no command is run.
    """
    declared = workspace.project.consumers
    if not declared:
        with workspace.open_store() as store:
            return (), left_behind(store.publications(), Targets(usable={}, problems={}))
    is_looked_at = looks and workspace.is_project_trusted and key is not None
    if not is_looked_at or key is None:
        unseen = [
            ConsumerView(name=name, type=each.type, look="notLookedAt") for name, each in sorted(declared.items())
        ]
        return tuple(unseen), [_not_looked_at(declared, workspace, looks=looks)]
    targets = open_targets(workspace)
    planned = [step for step in steps if not step.held]
    servers = (step.after.settings.smtp for step in planned if step.after is not None)
    private_cas = usable_files(servers, workspace).private_cas
    candidates = planned_candidates(
        candidates_of(recorded, platform, workspace), planned, platform=platform, private_cas=private_cas
    )
    all_wanted = [wanted_of(each, candidates, workspace) for each in targets.usable.values()]
    with workspace.open_store() as store:
        rows = store.publications()
    problems = [*targets.problems.values(), *left_behind(rows, targets)]
    accounts = [(each.account,) for each in candidates.values()]
    problems += [
        replace(problem, severity="warning", location=workspace.place_of("consumers", wanted.name, "accounts"))
        for wanted in all_wanted
        for problem in unmatched(wanted.declared.accounts, accounts)
    ]
    views: list[ConsumerView] = []
    for wanted in all_wanted:
        view, found = _looked_at(wanted, rows, key, workspace)
        views.append(view)
        problems += [*refusal_problems(wanted, workspace), *found]
    judgement = judge_all(all_wanted, law_of(recorded, platform, workspace))
    return tuple(views), [*problems, *([judgement.problem] if judgement.problem is not None else [])]


def _looked_at(
    wanted: Wanted, rows: Sequence[Publication], key: FingerprintKey, workspace: Workspace
) -> tuple[ConsumerView, list[Diagnostic]]:
    view = ConsumerView(
        name=wanted.name,
        type=wanted.target.consumer.type,
        look="unreadable",
        accounts=tuple(each.name for each in wanted.senders),
    )
    if wanted.problem is not None:
        return view, [wanted.problem]
    try:
        found = observe(wanted, rows, key, workspace)
    except Unwritable as failure:
        return view, [unreadable(wanted.name, str(failure))]
    update = {"look": "read", "differences": found.differences, "is_edited": found.seen.is_edited}
    looked = view.model_copy(update=update)
    return looked, [drift_remark(looked)] if looked.has_drift else []


def drift_remark(view: ConsumerView) -> Diagnostic:
    """Return what differs at one consumer: a warning where somebody else has changed something, else a note."""
    told = [f"{each.account} ({_WORDS[each.drift]})" for each in view.differences]
    is_foreign = view.is_edited or any(each.drift in {"edited", "secret"} for each in view.differences)
    what = f": {enumerated(told)}" if told else ""
    if is_foreign:
        detail = (
            f"What {view.name} has is not what reconciler wrote there{what}. Publishing, as apply does at its end, replaces "
            "it. To see it first:\n"
            f"    reconciler publish --check --to {view.name}"
        )
        return warning("consumerEdited", detail, subject=view.name)
    return note("consumerDrift", f"Once applied, this is published to {view.name}{what}.", subject=view.name)


def _not_looked_at(declared: Iterable[str], workspace: Workspace, *, looks: bool) -> Diagnostic:
    if not workspace.is_project_trusted:
        why = "here a project file in the checkout is not trusted, because a pull request can change it"
    elif not looks:
        why = "an offline plan reads nothing"
    else:
        why = "without the key of fingerprints nothing can be compared"
    detail = f"{enumerated(sorted(declared))}: not looked at, because {why}. So the plan says nothing of drift there."
    return note("consumersNotLookedAt", detail)
