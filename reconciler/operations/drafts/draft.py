"""The draft of a plan: desired and recorded compared, of all accounts or of a few that may have changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.classes import FrozenByName
from reconciler.errors import GuardRefused
from reconciler.operations.conversations.secrets import read_secrets
from reconciler.operations.drafts.unchanged import state_files_in_git
from reconciler.operations.manifests import read_desired
from reconciler.rules.plan.guards import guard_state_folder
from reconciler.rules.plan.make import make_plan
from reconciler.rules.plan.policy import Policy
from reconciler.store import Register

if TYPE_CHECKING:
    from reconciler.model.accounts.recorded import RecordedState
    from reconciler.model.secrets.reading import SecretsRead
    from reconciler.operations.drafts.request import PlanRequest
    from reconciler.operations.drafts.unchanged import Recall
    from reconciler.operations.manifests import Desired
    from reconciler.operations.workspace import Workspace
    from reconciler.rules.plan.make import Draft
    from reconciler.store import Store


class Drafted(FrozenByName):
    """A draft, and what it was made of."""

    desired: Desired
    store: Store
    """The state, open."""
    register: Register
    draft: Draft
    secrets: SecretsRead
    is_of_few: bool = False
    """Whether only accounts that may have changed were looked at."""
    vouched: frozenset[str] = frozenset()
    """Recorded accounts of which it is known already that they are as the journal last recorded them."""


def draft_of_few(workspace: Workspace, request: PlanRequest, recall: Recall) -> Drafted | None:
    """Return the draft of the accounts that may have changed since the last plan; None where all have to be looked at."""
    few = recall.find_few(workspace)
    if few is None:
        return None
    draft, secrets = _draft(workspace, request, few.desired, few.recorded, tracked=())
    if not few.suffices_for(draft.problems, secrets):
        return None
    # The register was as the journal recorded it, and no octet of the state has changed.
    register = Register(rows=(), told=frozenset())
    return Drafted(
        desired=few.desired,
        store=few.store,
        register=register,
        draft=draft,
        secrets=secrets,
        is_of_few=True,
        vouched=few.vouched,
    )


def draft_of_all(workspace: Workspace, request: PlanRequest, *, tracked: tuple[str, ...]) -> Drafted | Desired:
    """Return the draft of all accounts; what was read alone where the manifests are wrong: then no state is opened.

    ``tracked`` are the state's files that git has.
    """
    desired = read_desired(workspace)
    if not desired.is_valid:
        return desired
    store = workspace.open_store()
    recorded, register = store.read_vouched(request.accepts_altered)
    draft, secrets = _draft(workspace, request, desired, recorded, tracked=tracked)
    return Drafted(desired=desired, store=store, register=register, draft=draft, secrets=secrets)


def _draft(
    workspace: Workspace,
    request: PlanRequest,
    desired: Desired,
    recorded: RecordedState,
    *,
    tracked: tuple[str, ...],
) -> tuple[Draft, SecretsRead]:
    """Return the draft and the secrets that it was made with: all cheap ones, and those dear ones that its changes need.

    A dear secret costs a command of its own. Reading one may show a rotation, and that change may need further secrets,
    so drafting begins again until nothing is lacking.
    Where a secret that state has never seen would travel, all that state knows are read, to be compared with it.
    """
    everything = desired.secrets
    dear = frozenset(each for each in everything if workspace.secret_reader().is_dear(each))
    wanted = everything if request.reads_all_secrets else everything - dear
    asked: frozenset[str] = frozenset()
    asked_for: frozenset[str] = frozenset()
    while True:
        secrets = read_secrets(
            workspace,
            wanted,
            depth=request.depth,
            ask=request.ask,
            asked_for=asked_for,
            passed_over=everything - wanted,
        )
        policy = Policy(
            project=workspace.project,
            today=workspace.now().date(),
            targets=request.targets,
            excludes=request.excludes,
            allow_deletes=request.allow_deletes,
            holds_failing=request.holds_failing,
            secrets=secrets,
            platform=desired.platform,
            manifests_folder_exists=desired.folder_exists,
            tracked_state_files=tracked,
            rest=desired.rest,
        )
        draft = make_plan(desired.accounts, recorded, policy)
        needed = {route.secret for step in draft.to_verify for route in step.routes_needed}
        asked_for = frozenset(needed & secrets.unreadable.keys()) - asked if request.ask is not None else frozenset()
        asked |= asked_for
        needed |= draft.judgement.to_compare
        if not secrets.were_read or (needed <= wanted and not asked_for):
            return draft, secrets
        wanted |= needed


def require_own_state(workspace: Workspace) -> None:
    """Raise ``GuardRefused`` where git tracks the state folder: who put state into git chose where secrets may travel."""
    policy = Policy(
        project=workspace.project, today=workspace.now().date(), tracked_state_files=state_files_in_git(workspace.root)
    )
    refusals = guard_state_folder(policy).refusals
    if refusals:
        raise GuardRefused(list(refusals))
