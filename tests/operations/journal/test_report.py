"""What a report gathers: everything in its order, and each account followed through its names."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from reconciler.model.accounts.recorded import RecordedAccount, RecordedState
from reconciler.model.canonical import canonical_json
from reconciler.model.journal.entries import Revision
from reconciler.model.journal.events import EventAccount, JournalEvent
from reconciler.operations.journal.report import make_report

if TYPE_CHECKING:
    from reconciler.model.journal.report import Occurrence, Report, TimelineStep

NOON = datetime(2026, 9, 1, 12, tzinfo=UTC)


def account(name: str) -> RecordedAccount:
    """Return a recorded account."""
    document = {"metadata": {}, "spec": {"email": "a@example.com", "displayName": "A"}}
    return RecordedAccount(
        kind="OwnAccount", name=name, canonical=canonical_json(document), revision=1, created_at=NOON, updated_at=NOON
    )


def revision(number: int, *changes: dict[str, Any]) -> Revision:
    """Return an applied plan of these changes."""
    return Revision(
        revision=number, at=NOON + timedelta(hours=number), actor="anna", actor_source="login", plan_digest="sha256:0",
        summary={}, changes=changes,
    )  # fmt: skip


def change(action: str, name: str, previous: str | None = None) -> dict[str, Any]:
    """Return one change of a revision."""
    named = {} if previous is None else {"previousName": previous}
    return {"action": action, "kind": "OwnAccount", "name": name, "fields": [], **named}


def event(sequence: int, *names: str, revision: int | None = None, **details: Any) -> JournalEvent:
    """Return an entry of the journal that tells of these accounts."""
    return JournalEvent(
        sequence=sequence,
        at=NOON + timedelta(minutes=sequence),
        event="suspend" if revision is None else "apply",
        revision=revision,
        accounts=tuple(EventAccount(name=name) for name in names),
        details=details,
    )


def report(names: list[str], revisions: list[Revision], events: list[JournalEvent]) -> Report:
    """Return the report of a state with these accounts and this past."""
    recorded = RecordedState(
        project="mail", lineage="5f", serial=len(revisions), accounts={name: account(name) for name in names}
    )
    return make_report(recorded, revisions, events, head="sha256:1")


def place_of(occurrence: Occurrence) -> tuple[int, int | None]:
    """Return sequence and revision of an occurrence."""
    return occurrence.sequence, None if occurrence.revision is None else occurrence.revision.revision


def told(steps: tuple[TimelineStep, ...]) -> list[tuple[int, int | None]]:
    """Return sequence and revision of each step."""
    return [place_of(step.occurrence) for step in steps]


def test_everything_is_told_newest_first_with_each_apply_as_its_revision() -> None:
    """Revisions stand among the other entries where the journal tells of their apply."""
    made = report(
        ["a"],
        [revision(2, change("update", "a")), revision(1, change("create", "a"))],
        [event(1, revision=1), event(2, "a"), event(3, revision=2), event(4, "a")],
    )
    expected = [(4, None), (3, 2), (2, None), (1, 1)]
    assert expected == [place_of(each) for each in made.occurrences]
    assert expected == told(made.timelines["a"])
    assert NOON + timedelta(minutes=4) == made.as_of


def test_an_account_is_followed_through_its_names() -> None:
    """What happened under an earlier name belongs to the account, and is known under its present name."""
    made = report(
        ["c"],
        [revision(1, change("create", "a")), revision(2, change("rename", "b", "a")), revision(3, change("rename", "c", "b"))],
        [event(1, revision=1), event(2, "a"), event(3, revision=2), event(4, name="b"), event(5, revision=3)],
    )  # fmt: skip
    assert [(5, 3), (4, None), (3, 2), (2, None), (1, 1)] == told(made.timelines["c"])
    assert frozenset("abc") == made.earlier_names["c"]
    assert {(1, "a"): "c", (2, "a"): "c", (3, "b"): "c", (4, "b"): "c", (5, "c"): "c"} == made.present_names


def test_whoever_takes_a_name_that_became_free_begins_anew() -> None:
    """Of two accounts that had one name, each has its own past."""
    made = report(
        ["a", "b"],
        [revision(1, change("create", "a")), revision(2, change("create", "a"), change("rename", "b", "a"))],
        [event(1, revision=1), event(2, "a"), event(3, revision=2), event(4, "a")],
    )
    assert [(3, 2), (2, None), (1, 1)] == told(made.timelines["b"])
    assert [(4, None), (3, 2)] == told(made.timelines["a"])
    assert "b" == made.present_names[2, "a"]
    assert "a" == made.present_names[4, "a"]


def test_two_accounts_may_change_names_with_each_other() -> None:
    """Renames of one revision are taken at once, in whatever order they stand."""
    made = report(
        ["a", "b"],
        [
            revision(1, change("create", "a")),
            revision(2, change("create", "b")),
            revision(3, change("rename", "a", "b"), change("rename", "b", "a")),
        ],
        [event(1, revision=1), event(2, revision=2), event(3, revision=3)],
    )
    assert [(3, 3), (2, 2)] == told(made.timelines["a"])
    assert [(3, 3), (1, 1)] == told(made.timelines["b"])
    assert [(0,), (1,)] == [made.timelines[name][0].changes for name in ("a", "b")]


def test_an_account_made_again_under_its_name_goes_on_after_its_deletion() -> None:
    """Its history shows that there was one before."""
    made = report(
        ["a"],
        [revision(1, change("create", "a")), revision(2, change("delete", "a")), revision(3, change("create", "a"))],
        [event(1, revision=1), event(2, revision=2), event(3, revision=3)],
    )
    assert [(3, 3), (2, 2), (1, 1)] == told(made.timelines["a"])


def test_a_journal_that_does_not_tell_of_an_apply_hides_no_revision() -> None:
    """A revision without its entry stands after the one before it, and odd changes stop nothing."""
    odd: dict[str, Any] = {"action": 7, "name": None, "previousName": 3}
    made = report(
        ["a"],
        [revision(1, change("create", "a")), revision(2, odd, change("update", "a"))],
        [event(1, "a", revision=1)],
    )
    assert [(1, 2), (1, 1)] == told(made.timelines["a"])


def test_a_state_without_a_past_has_a_report() -> None:
    """Nothing was applied, or nothing tells of it: accounts have empty timelines."""
    made = report(["a"], [], [])
    assert () == made.timelines["a"]
    assert made.as_of is None
    assert 0 == made.serial
    assert frozenset("a") == made.earlier_names["a"]
