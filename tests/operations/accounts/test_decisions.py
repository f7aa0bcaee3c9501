"""Rulings as transactions: whole or not at all, one after the other, told in the journal."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from reconciler.errors import InvalidInput, PlanStale, ReconcilerError
from reconciler.model.journal.entries import Actor
from reconciler.operations.accounts.decisions import Ruling, approve_all_pending, rule
from reconciler.operations.workspace import Workspace
from reconciler.store import create_state
from tests.rules.states import desired_of, project, recorded_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from reconciler.model.accounts.recorded import RecordedAccount

AT = datetime(2026, 9, 1, 12, tzinfo=UTC)
NAMES = ("letter", "news", "post")
APPROVE = Ruling(event="approve", actor=Actor(name="paula", source="flag"))


@dataclass
class Clock:
    """A clock that goes on by a second at each look, and calls what it was told to first."""

    at: datetime = AT
    before: list[Callable[[], None]] = field(default_factory=list)

    def __call__(self) -> datetime:
        """Return the time."""
        while self.before:
            self.before.pop()()
        self.at += timedelta(seconds=1)
        return self.at


@pytest.fixture
def clock() -> Clock:
    """Return the clock of the workspace."""
    return Clock()


@pytest.fixture
def workspace(tmp_path: Path, clock: Clock) -> Workspace:
    """Return a workspace whose state holds three pending accounts; there is neither a manifest nor a project file."""
    made = Workspace(
        root=tmp_path,
        project_file=tmp_path / "reconciler.yaml",
        project=project(),
        state_url="sqlite:///state.db",
        operator=None,
        environ={},
        now=clock,
    )
    create_state(made.state_url, base=tmp_path, project="mail", lineage="11111111", fingerprint_key_id=None, at=AT)
    with made.open_store() as store, store.write() as transaction:
        for name in NAMES:
            transaction.put_account(pending(name))
        transaction.append_journal("apply", {}, at=AT)
    return made


def pending(name: str) -> RecordedAccount:
    """Return a marketing account that nobody has decided on."""
    head = f"apiVersion: reconciler/v1\nkind: MarketingAccount\nmetadata: {{name: {name}}}\n"
    return recorded_of(desired_of(head + "spec: {email: a@example.com, displayName: A}\n")[0], {})


def statuses(workspace: Workspace) -> list[str]:
    """Return the statuses in the order of the names, of a state whose journal holds."""
    with workspace.open_store() as store:
        assert () == store.check_journal().problems
        accounts = store.read_state().accounts
    return [accounts[name].status for name in NAMES]


def entries(workspace: Workspace) -> int:
    """Return how many entries the journal has."""
    with workspace.open_store() as store:
        return len(store.journal())


def test_a_ruling_has_one_time_and_one_entry(workspace: Workspace) -> None:
    """All accounts of one ruling have the time of its journal entry."""
    changed = approve_all_pending(workspace, APPROVE)
    with workspace.open_store() as store:
        entry = store.journal()[-1]
    assert list(NAMES) == [account.name for account in changed]
    assert {entry.at} == {account.approval.at for account in changed if account.approval is not None}
    assert (2, ["active"] * 3) == (entries(workspace), statuses(workspace))


def test_nobody_waiting_is_no_entry(workspace: Workspace) -> None:
    """Approving all where none waits writes nothing."""
    approve_all_pending(workspace, APPROVE)
    assert () == approve_all_pending(workspace, APPROVE)
    assert 2 == entries(workspace)


def test_a_failure_in_the_middle_leaves_everything_as_it_was(workspace: Workspace, clock: Clock) -> None:
    """What interrupts a ruling undoes all of it."""

    def stop() -> None:
        raise KeyboardInterrupt

    clock.before.append(stop)
    with pytest.raises(KeyboardInterrupt):
        approve_all_pending(workspace, APPROVE)
    assert (1, ["pending"] * 3) == (entries(workspace), statuses(workspace))


def test_who_comes_during_a_ruling_sees_its_outcome(workspace: Workspace, clock: Clock) -> None:
    """A second approval begun while the first is being written waits for it, and is refused with the first's actor."""
    problems: list[ReconcilerError] = []

    def second() -> None:
        with pytest.raises(InvalidInput) as refused:
            rule(workspace, ["news"], Ruling(event="approve", actor=Actor(name="peter", source="flag")))
        problems.append(refused.value)

    thread = threading.Thread(target=second)
    clock.before.append(thread.start)
    rule(workspace, ["news"], APPROVE)
    thread.join()
    ((problem,),) = (each.diagnostics for each in problems)
    assert ("alreadyDecided", True) == (problem.code, "by paula" in problem.detail)
    assert (2, ["pending", "active", "pending"]) == (entries(workspace), statuses(workspace))


def test_every_problem_is_told_at_once(workspace: Workspace) -> None:
    """What cannot be comes with what is stale; stale accounts alone are an error of their own kind."""
    with workspace.open_store() as store, store.write() as transaction:
        transaction.delete_account("post")
        transaction.append_journal("apply", {}, at=AT)
    looked = Ruling(event="approve", actor=APPROVE.actor, seen_revision=0)
    with pytest.raises(InvalidInput) as refused:
        rule(workspace, ["post", "news"], looked)
    assert ["unknownAccount", "decisionStale"] == [each.code for each in refused.value.diagnostics]
    with pytest.raises(PlanStale) as stale:
        approve_all_pending(workspace, looked)
    assert [("letter", "news")] == [each.subjects for each in stale.value.diagnostics]
