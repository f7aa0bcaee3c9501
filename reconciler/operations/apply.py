"""``apply``: exactly the plan, admitted against the state as it is, verified, settled, and recorded in one transaction.

The order of the checks is the contract's: lineage and seal (4), staleness (5), guards (4), verification (3). All
network work comes before the transaction; staleness is looked at again inside it.
"""

from __future__ import annotations

import contextlib
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Literal

from reconciler.characters import one_line
from reconciler.classes import FrozenByName
from reconciler.diagnostics import error, grouped
from reconciler.errors import GuardRefused, InvalidInput, PlanStale, VerificationFailed
from reconciler.events import tell
from reconciler.operations.consumers.noting import note_wanted
from reconciler.operations.conversations.secrets import altered_routes, read_secrets
from reconciler.operations.conversations.trust import changed_files, usable_files
from reconciler.operations.drafts.unchanged import state_files_in_git
from reconciler.operations.manifests import read_platform
from reconciler.operations.seals import seal_of
from reconciler.operations.workspace import refusing_altered_rows
from reconciler.rules.apply.admission import Submission, admit, require_fresh
from reconciler.rules.apply.demand import demand_of
from reconciler.rules.apply.record import applied_summary, records_of
from reconciler.rules.apply.settle import open_steps, settle, uncompared_secrets
from reconciler.rules.plan.announce import messages_in_words, messages_taken, messages_to
from reconciler.rules.plan.policy import ApplyOrder, Policy
from reconciler.rules.secrets.judgement import Law
from reconciler.store import THE_ROUTES, THE_STATE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from reconciler.diagnostics import Diagnostic
    from reconciler.model.accounts.platform import PlatformServer
    from reconciler.model.accounts.recorded import RecordedState
    from reconciler.model.plan import Messages, SavedPlan, Summary
    from reconciler.model.secrets.reading import SecretsRead
    from reconciler.model.step import Create, Update
    from reconciler.model.verification.evidence import Evidence
    from reconciler.operations.conversations.queue import Progress
    from reconciler.operations.conversations.secrets import Ask
    from reconciler.operations.workspace import Workspace
    from reconciler.rules.apply.admission import Admission
    from reconciler.rules.apply.demand import Demand
    from reconciler.rules.apply.settle import Settlement, Verify
    from reconciler.store import Store

    Wanted = Create | Update


class Applied(FrozenByName):
    """What came of it."""

    status: Literal["applied", "empty"]
    revision: int | None
    summary: Summary
    diagnostics: tuple[Diagnostic, ...] = ()
    pending: tuple[str, ...] = ()
    """The accounts that wait for the platform's decision from now on."""
    messages: tuple[Messages, ...] = ()
    """The test messages that apply sent."""


@refusing_altered_rows
def apply_plan(
    plan: SavedPlan, workspace: Workspace, order: ApplyOrder, *, progress: Progress, ask: Ask | None = None
) -> Applied:
    """Record the plan's changes as one revision, or nothing at all; ``ask`` is asked for what they need and cannot be read.

    Raises ``GuardRefused``, ``PlanStale``, ``VerificationFailed``, ``InvalidInput`` or ``StateError``.
    """
    with workspace.open_store() as store:
        recorded, register = store.read_vouched(order.accepted)
        platform, admission = _admitted(plan, store, recorded, workspace, order)
        _require_recorded(admission, store, order)
        rerouted = altered_routes(admission.steps, register, platform.secret_routes if platform is not None else ())
        if rerouted is not None:
            raise GuardRefused(rerouted)
        if not admission.steps:
            told = admission.plan
            return Applied(status="empty", revision=None, summary=told.summary, diagnostics=told.diagnostics)
        demand = _demand(admission, workspace, order)
        _require_same_files(open_steps(admission.steps, demand), workspace)
        sent: list[Messages] = []
        with _sent_noted(sent):
            settlement = settle(
                admission,
                demand,
                Law(
                    recorded=recorded, rules=workspace.project.secrets, today=workspace.now().date(), platform=platform
                ),
                read=partial(read_secrets, workspace, depth="message", ask=ask, asked_for=_own_secrets(admission)),
                verify=_verifier(admission, workspace, platform, progress, sent),
            )
        for step in settlement.steps:
            tell("settled", accounts=(step.name,))
        for name, problem in settlement.held.items():
            tell("held", accounts=(name,), code=problem.code, text=one_line(problem.detail))
        applied = replace(_record(settlement, admission, store, workspace, order), messages=tuple(sent))
        if applied.revision is not None:
            tell("recorded", revision=applied.revision)
        return applied


@contextlib.contextmanager
def _sent_noted(sent: Sequence[Messages]) -> Iterator[None]:
    """Add to a refusal which test messages had been sent by then."""
    try:
        yield
    except VerificationFailed as refused:
        if sent:
            refused.add_note(f"Sent before that: {messages_in_words(sent)}.")
        raise


def _admitted(
    plan: SavedPlan, store: Store, recorded: RecordedState, workspace: Workspace, order: ApplyOrder
) -> tuple[PlatformServer | None, Admission]:
    """Return the steps, where nothing refuses them so far, and the platform's server."""
    submission = Submission(
        plan=plan,
        seal_of=partial(seal_of, workspace),
        applied_as=store.revision_of_plan(plan.plan_digest),
        reviewed=order.reviewed,
        depth=order.depth,
        now=workspace.now(),
        overrides=order.overrides,
        holds_failing=order.holds_failing,
    )
    platform, problems = read_platform(workspace)
    policy = Policy(
        project=workspace.project,
        today=workspace.now().date(),
        platform=platform,
        tracked_state_files=state_files_in_git(workspace.root),
    )
    admission = admit(submission, recorded, policy)
    if problems:
        raise InvalidInput(problems)
    return platform, admission


def _require_recorded(admission: Admission, store: Store, order: ApplyOrder) -> None:
    """Refuse accounts that are not what the journal last recorded, before anybody is contacted for them."""
    names = {name for step in admission.steps for name in step.names} | order.accepted.keys()
    altered = store.alterations(names - {THE_STATE, THE_ROUTES})
    refused = [each.problem for each in altered if each.name not in order.accepted]
    if refused:
        raise GuardRefused(refused)


def _own_secrets(admission: Admission) -> frozenset[str]:
    """Return what the steps themselves need: what is read to be compared with it, nobody is asked for."""
    wanted = (step for step in admission.steps if step.after is not None)
    return frozenset(route.secret for step in wanted for route in step.routes_needed)


def _demand(admission: Admission, workspace: Workspace, order: ApplyOrder) -> Demand:
    named = {each.secret for step in admission.steps if step.after is not None for each in step.after.secret_routes}
    look = workspace.secret_reader().look(named)
    return demand_of(
        admission,
        order,
        project=workspace.project,
        now=workspace.now(),
        is_project_trusted=workspace.is_project_trusted,
        places=look.places,
        unusable=look.problems,
    )


def _verifier(
    admission: Admission,
    workspace: Workspace,
    platform: PlatformServer | None,
    progress: Progress,
    sent: list[Messages],
) -> Verify:
    """Return what verifies the steps of a plan: the only place where apply contacts anybody.

    The test messages that this sends are added to ``sent``.
    """
    from reconciler.operations.conversations.gather import gather_evidence, test_context

    def verify(steps: Sequence[Wanted], secrets: SecretsRead) -> Mapping[str, Evidence]:
        context = test_context(workspace, f"changes {admission.plan.changes_digest}", steps)
        gathered = gather_evidence(
            steps,
            workspace,
            platform=platform,
            secrets=secrets,
            context=context,
            progress=progress,
        )
        sent.extend(messages_to(workspace.operator, messages_taken(gathered.fresh)))
        return gathered.evidence

    return verify


def _require_same_files(steps: Sequence[Wanted], workspace: Workspace) -> None:
    """Refuse private CAs and client certificates that are no longer what they were when the plan was made."""
    accounts = {step.name: step.after for step in steps}
    problems = list(changed_files(accounts, workspace, changed=_stale_file).values())
    if any(problem.code == "planStale" for problem in problems):
        raise PlanStale(problems)
    if problems:
        raise InvalidInput(problems)


def _stale_file(name: str, path: str, _: str) -> Diagnostic:
    return error("planStale", f"{path} has changed since the plan was made. Plan again.", subject=name)


def _record(
    settlement: Settlement, admission: Admission, store: Store, workspace: Workspace, order: ApplyOrder
) -> Applied:
    """Write what is settled, unless state is no longer what the plan was made from."""
    plan, summary = admission.plan, applied_summary(settlement, admission)
    if not settlement.steps:
        return Applied(status="empty", revision=None, summary=summary, diagnostics=grouped(settlement.held.values()))
    private_cas = usable_files((step.after.settings.smtp for step in settlement.wanted), workspace).private_cas
    with store.write() as transaction:
        transaction.accept_altered(order.accepted)
        recorded = transaction.state()
        require_fresh(plan, recorded, applied_as=transaction.revision_of_plan(plan.plan_digest))
        at = workspace.now()
        records = records_of(
            settlement, admission, order, recorded, project=workspace.project, at=at, private_cas=private_cas
        )
        for name in records.deleted:
            transaction.delete_account(name)
        transaction.rename_accounts(records.renamed)
        for account in records.accounts:
            transaction.put_account(account)
        for name, routes in records.routes.items():
            transaction.put_routes(name, routes)
        if records.fingerprint_key_id is not None:
            transaction.set_fingerprint_key_id(records.fingerprint_key_id)
        transaction.add_revision(records.revision)
        note_wanted(transaction, workspace)
        transaction.append_journal("apply", records.payload.document(), at=at)
    return Applied(
        status="applied",
        revision=records.revision.revision,
        summary=summary,
        diagnostics=grouped((*settlement.held.values(), *uncompared_secrets(settlement))),
        pending=plan.would_be_pending,
    )
