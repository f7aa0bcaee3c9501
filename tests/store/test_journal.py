"""The journal's check finds every direct edit of the database."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from reconciler.model.canonical import canonical_json
from reconciler.store import JournalReport
from reconciler.store.journal import link_hash, payload_text_digest
from tests.store.values import AT, account, change, revision, route

if TYPE_CHECKING:
    from collections.abc import Callable

    from reconciler.store import Store

EDITS = [
    ("UPDATE journal SET event='apply ' WHERE sequence=2", "Entry 2 was altered"),
    ("UPDATE journal SET at='2026-03-01T12:30:16Z' WHERE sequence=2", "Entry 2 was altered"),
    ("UPDATE journal SET hash='sha256:0' WHERE sequence=1", "Entry 2 does not follow the entry before it"),
    ("UPDATE journal SET previous='sha256:0' WHERE sequence=1", "Entry 1 does not follow the state's lineage"),
    ("UPDATE journal SET payload_digest='sha256:0' WHERE sequence=1", "The payload of entry 1 was altered"),
    ("DELETE FROM journal WHERE sequence=1", "Before entry 2 the journal has a gap"),
    ("DELETE FROM journal WHERE sequence=3", "There is a payload of entry 3, but"),
    ("UPDATE journal SET sequence=sequence+7", "entry 1 is missing"),
    ("UPDATE journal_payloads SET payload=payload||' ' WHERE sequence=2", "The payload of entry 2 was altered"),
    ("DELETE FROM journal_payloads WHERE sequence=2", "The payload of entry 2 is missing"),
    ("UPDATE projects SET lineage='another'", "Entry 1 does not follow the state's lineage"),
    ("UPDATE projects SET serial=9", "serial is 9, but the last revision is 2"),
    ("UPDATE accounts SET document=replace(document,'smtp','evil')", "Account sales in state differs"),
    ("UPDATE accounts SET suspension=NULL", "Account sales in state differs"),
    ("UPDATE accounts SET name='sold'", "Account sold is in state, but no entry"),
    ("DELETE FROM accounts", "Account sales is missing from state"),
    ("UPDATE accounts SET name='old'", "Account old is in state, although"),
    ("UPDATE revisions SET actor='nobody' WHERE revision=1", "Revision 1 in state differs"),
    ("DELETE FROM revisions WHERE revision=1", "Revision 1 is in the journal but missing"),
    ("UPDATE revisions SET revision=5 WHERE revision=2", "Revision 5 has no entry"),
    ("UPDATE secret_routes SET route=replace(route,'smtp','evil')", "Routes of secrets are in state"),
    ("DELETE FROM secret_routes", "Routes of secrets that the journal recorded are missing"),
]


@pytest.fixture
def written(store: Store) -> Store:
    """Return a state with three journal entries, one account recorded and one deleted."""
    with store.write() as transaction:
        transaction.put_account(account("sales"))
        transaction.put_account(account("old"))
        transaction.put_routes("sales", [route()])
        transaction.add_revision(revision(1, change("sales"), change("old")))
        transaction.append_journal("apply", {}, at=AT)
    with store.write() as transaction:
        transaction.delete_account("old")
        transaction.add_revision(revision(2, change("old", action="delete")))
        transaction.append_journal("apply", {}, at=AT)
    with store.write() as transaction:
        transaction.append_journal("suspend", {"name": "sales"}, at=AT)
    return store


def test_an_untouched_journal_holds(written: Store) -> None:
    """A journal that nobody touched has no problems, and its head is the last entry's hash."""
    assert written.check_journal() == JournalReport(3, written.journal()[2].hash, ())


@pytest.mark.parametrize(("statement", "problem"), EDITS)
def test_an_edit_is_found(written: Store, edit: Callable[..., None], statement: str, problem: str) -> None:
    """Each edit of an entry, payload, account, revision, route or the project is told in a sentence."""
    edit(statement)
    problems = written.check_journal().problems
    assert [each for each in problems if problem in each] != []


def test_swapped_entries_are_found(written: Store, edit: Callable[..., None]) -> None:
    """Two entries that changed places no longer fit the chain."""
    edit(
        "UPDATE journal SET sequence=99 WHERE sequence=2",
        "UPDATE journal SET sequence=2 WHERE sequence=3",
        "UPDATE journal SET sequence=3 WHERE sequence=99",
    )
    assert "Entry 2 was altered: its hash does not fit its content." in written.check_journal().problems


def test_a_noted_head_is_looked_for(written: Store) -> None:
    """A head noted at any time before is in the chain; one that never was, is not."""
    for entry in written.journal():
        assert written.check_journal(head=entry.hash).problems == ()
    assert len(written.check_journal(head="sha256:0").problems) == 1


def test_the_head_of_an_empty_journal_stays_good(store: Store) -> None:
    """The head noted before the first entry is the lineage's and holds later too."""
    head = store.journal_head()
    assert store.check_journal(head=head) == JournalReport(0, head, ())
    with store.write() as transaction:
        transaction.append_journal("init", {}, at=AT)
    assert store.check_journal(head=head).problems == ()


def test_a_clean_truncation_is_found_by_the_noted_head(written: Store, edit: Callable[..., None]) -> None:
    """The last entry, removed with its payload, leaves a chain that holds; only the noted head tells."""
    head = written.journal_head()
    edit("DELETE FROM journal_payloads WHERE sequence=3", "DELETE FROM journal WHERE sequence=3")
    assert written.check_journal().problems == ()
    assert written.check_journal(head=head).problems == (
        "The noted head is not in the chain: the journal was cut off, rewritten, or is another one.",
    )


@pytest.mark.parametrize("payload", ["[1]", "{", '{"revisionDigests":{"x":"y"}}', '{"accountDigests":7}'])
def test_a_payload_of_another_form_is_told(written: Store, edit: Callable[..., None], payload: str) -> None:
    """A payload with the right digest that reconciler cannot have written is a problem, not a crash."""
    last = written.journal()[2]
    payload_digest = payload_text_digest(payload)
    at = AT.isoformat().replace("+00:00", "Z")
    own = link_hash(3, at, event=last.event, payload_digest=payload_digest, previous=last.previous)
    edit(
        f"UPDATE journal SET payload_digest='{payload_digest}', hash='{own}' WHERE sequence=3",  # noqa: S608 - of this file
        f"UPDATE journal_payloads SET payload='{payload}' WHERE sequence=3",  # noqa: S608 - of this file
    )
    assert written.check_journal().problems == ("The payload of entry 3 was not written by reconciler.",)


def test_the_hash_covers_what_the_design_says() -> None:
    """An entry's hash is the SHA-256 of the canonical JSON of its five parts."""
    parts = {"sequence": 1, "at": "t", "event": "e", "payloadDigest": "d", "previous": "p"}
    expected = payload_text_digest(canonical_json(parts))
    assert link_hash(1, "t", event="e", payload_digest="d", previous="p") == expected
