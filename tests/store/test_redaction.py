"""Redacted payloads, forgotten routes and the key's id: what the journal's check believes of them."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import pytest

from reconciler.model.canonical import canonical_json
from reconciler.store import JournalReport
from reconciler.store.journal import link_hash, payload_text_digest
from tests.store.values import AT, account, change, revision, route

if TYPE_CHECKING:
    from collections.abc import Callable

    from reconciler.model.journal.entries import JournalEntry
    from reconciler.store import Store


@pytest.fixture
def written(store: Store) -> Store:
    """Return a state with one account, applied and deleted, in two entries."""
    with store.write() as transaction:
        transaction.put_account(account("sales"))
        transaction.put_routes("sales", [route()])
        transaction.add_revision(revision(1, change("sales")))
        transaction.append_journal("apply", {"reason": "canary"}, at=AT)
    with store.write() as transaction:
        transaction.delete_account("sales")
        transaction.add_revision(revision(2, change("sales", action="delete")))
        transaction.append_journal("apply", {}, at=AT)
    return store


def redact(store: Store, *sequences: int, event: str = "redact") -> None:
    """Take the reason out of payloads, and tell it."""
    with store.write() as transaction:
        entries = {entry.sequence: (entry, payload) for entry, payload in transaction.journal()}
        for sequence in sequences:
            entry, payload = entries[sequence]
            transaction.redact_payload(entry, {key: each for key, each in payload.items() if key != "reason"})
        transaction.append_journal(event, {}, at=AT)


def payload_text(store: Store, sequence: int) -> str:
    """Return a payload as it is stored."""
    return canonical_json(store.journal_payload(sequence))


def put_payload(sequence: int, payload: str) -> str:
    """Return the statement that puts another payload in place."""
    return f"UPDATE journal_payloads SET payload = '{payload}' WHERE sequence = {sequence}"  # noqa: S608 - of this file


def test_a_redacted_payload_is_told_and_holds(written: Store) -> None:
    """The chain is as it was, the payload is gone, and the report names the entry that tells so."""
    before = written.journal()
    redact(written, 1)
    assert before == written.journal()[:2]
    assert "canary" not in payload_text(written, 1)
    report = written.check_journal(head=before[-1].hash)
    assert ((), {1: 3}) == (report.problems, report.redacted)


def test_redactions_of_redactions_hold(written: Store) -> None:
    """A payload redacted twice, and a redaction's own payload, are each vouched for by the last entry about them."""
    redact(written, 1)
    redact(written, 1, 3)
    redact(written, 4)
    assert JournalReport(5, written.journal_head(), (), {1: 4, 3: 4, 4: 5}) == written.check_journal()


def test_within_one_transaction_only_the_last_redaction_counts(written: Store) -> None:
    """A payload that one transaction redacts twice is told from what it was to what it is."""
    with written.write() as transaction:
        entry, payload = transaction.journal()[0]
        transaction.redact_payload(entry, {**payload, "reason": "first"})
        transaction.redact_payload(entry, {**payload, "reason": "second"})
        transaction.append_journal("redact", {}, at=AT)
    assert ((), {1: 3}) == ((report := written.check_journal()).problems, report.redacted)


def test_the_original_put_back_is_found(written: Store, edit: Callable[..., None]) -> None:
    """What was erased must stay so: the very payload that the chain has the digest of is a problem now."""
    original = payload_text(written, 1)
    redact(written, 1)
    edit(put_payload(1, original))
    assert "The payload of entry 1 is not as entry 3, which redacted it, left it." in written.check_journal().problems


def test_a_redaction_taken_out_is_found(written: Store, edit: Callable[..., None]) -> None:
    """Without the entry that tells of it, a redacted payload counts as altered."""
    redact(written, 1)
    edit("DELETE FROM journal_payloads WHERE sequence = 3")
    edit("DELETE FROM journal WHERE sequence = 3")
    assert "The payload of entry 1 was altered: its digest does not fit." in written.check_journal().problems


def test_a_redaction_that_was_itself_altered_vouches_for_nothing(written: Store, edit: Callable[..., None]) -> None:
    """An entry whose own payload does not fit is not believed."""
    redact(written, 1)
    edit(put_payload(3, payload_text(written, 3) + " "))
    problems = written.check_journal().problems
    assert [each for each in problems if "entry 3 was altered" in each]
    assert [each for each in problems if "entry 1 was altered" in each]


def forge(store: Store, edit: Callable[..., None], event: str, payload: dict[str, Any]) -> JournalEntry:
    """Give the last entry another event and payload, with every hash that then fits."""
    last = store.journal()[-1]
    text = canonical_json(payload)
    at = AT.isoformat().replace("+00:00", "Z")
    digest = payload_text_digest(text)
    own = link_hash(last.sequence, at, event=event, payload_digest=digest, previous=last.previous)
    edit(
        f"UPDATE journal SET event='{event}', payload_digest='{digest}', hash='{own}' WHERE sequence={last.sequence}",  # noqa: S608 - of this file
        put_payload(last.sequence, text),
    )
    return last


@pytest.mark.parametrize("event", ["apply", "redact"])
def test_only_a_redact_may_tell_of_redactions(written: Store, edit: Callable[..., None], event: str) -> None:
    """Another event's payload that claims a redaction is not believed."""
    redact(written, 1)
    steps = written.journal_payload(3)
    assert steps is not None
    forge(written, edit, event, steps)
    assert (event == "redact") is not any("entry 1" in each for each in written.check_journal().problems)


@pytest.mark.parametrize("steps", [7, {"x": {}}, {"1": 7}, {"1": {"before": "a"}}], ids=str)
def test_a_redaction_of_another_form_is_told(written: Store, edit: Callable[..., None], steps: object) -> None:
    """A redaction that reconciler cannot have written is a problem, not a crash."""
    redact(written, 1)
    forge(written, edit, "redact", {"redactedPayloads": steps})
    assert "The payload of entry 3 was not written by reconciler." in written.check_journal().problems


def test_a_redaction_that_does_not_follow_is_not_believed(written: Store, edit: Callable[..., None]) -> None:
    """Its digest before must be the one that the chain, or the redaction before it, has."""
    redact(written, 1)
    after = payload_text_digest(payload_text(written, 1))
    forge(written, edit, "redact", {"redactedPayloads": {"1": {"before": "sha256:0", "after": after}}})
    assert [each for each in written.check_journal().problems if "entry 1" in each]


def test_redactions_are_told_by_a_redact(written: Store) -> None:
    """A transaction that redacts and tells it otherwise, or not at all, is refused whole."""
    with pytest.raises(RuntimeError, match="has to be a redact"):
        redact(written, 1, event="apply")
    with pytest.raises(RuntimeError, match="append_journal"), written.write() as transaction:
        transaction.redact_payload(transaction.journal()[0][0], {})
    assert written.check_journal().problems == ()


def test_a_redacted_revision_is_vouched_for(written: Store, edit: Callable[..., None]) -> None:
    """Another content of a revision holds with the entry that tells its digest, and not without."""
    with written.write() as transaction:
        first = transaction.revisions()[-1]
        changes = ({**first.changes[0], "cause": "rotation"},)
        transaction.redact_revision(first.model_copy(update={"changes": changes}))
        transaction.append_journal("redact", {}, at=AT)
    assert written.revisions("sales")[-1].changes == changes
    assert written.check_journal().problems == ()
    edit("UPDATE revisions SET changes = replace(changes, 'rotation', 'manifest') WHERE revision = 1")
    assert [each for each in written.check_journal().problems if "Revision 1 in state differs" in each]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE revised_accounts SET name = 'other' WHERE revision = 1",
        "DELETE FROM revised_accounts WHERE revision = 2",
        "UPDATE revised_accounts SET previous_name = 'other' WHERE revision = 1",
        "INSERT INTO revised_accounts VALUES ('mail', 'other', 2, NULL)",
    ],
)
def test_an_edited_index_is_found(written: Store, edit: Callable[..., None], statement: str) -> None:
    """History by name goes by an index; hiding a revision there is found."""
    edit(statement)
    assert [each for each in written.check_journal().problems if "indexed under other names" in each]


def test_an_index_of_a_revision_that_is_gone_is_found(written: Store, edit: Callable[..., None]) -> None:
    """An index row without its revision is told, and changes that cannot be read are told by their digest alone."""
    edit("UPDATE revisions SET changes = '7' WHERE revision = 1")
    edit("DELETE FROM revisions WHERE revision = 2")
    problems = written.check_journal().problems
    assert [each for each in problems if "Revision 2 is indexed" in each]
    assert not [each for each in problems if "Revision 1 is indexed" in each]


def test_forgotten_routes_are_told(written: Store) -> None:
    """A route that was forgotten is gone and the journal holds; put again later it is known again."""
    with written.write() as transaction:
        transaction.forget_routes([row.digest for row in transaction.routes()])
        assert transaction.routes() == ()
        transaction.append_journal("revoke", {}, at=AT)
    assert (written.read_state().routes, written.check_journal().problems) == ((), ())
    with written.write() as transaction:
        transaction.put_routes("sales", [route()])
        transaction.append_journal("apply", {}, at=AT)
    assert (written.read_state().routes, written.check_journal().problems) == ((route(),), ())


def test_routes_put_and_forgotten_in_one_transaction_are_gone(store: Store) -> None:
    """Neither the register nor the journal knows of a route that did not outlive its transaction."""
    with store.write() as transaction:
        transaction.put_routes("sales", [route()])
        transaction.forget_routes([row.digest for row in transaction.routes()])
        transaction.append_journal("apply", {}, at=AT)
    assert (store.read_state().routes, store.check_journal().problems) == ((), ())


def test_forgetting_without_telling_is_refused(written: Store) -> None:
    """Routes forgotten and not journaled come back."""
    with pytest.raises(RuntimeError, match="append_journal"), written.write() as transaction:
        transaction.forget_routes([row.digest for row in transaction.routes()])
    assert written.read_state().routes == (route(),)


def test_another_key_id_is_found(written: Store, edit: Callable[..., None]) -> None:
    """The id of the key that the journal last recorded must be the one in state."""
    for key_id in ("0123456789abcdef", "fedcba9876543210"):
        with written.write() as transaction:
            transaction.set_fingerprint_key_id(key_id)
            transaction.append_journal("rekey", {}, at=AT)
    assert written.check_journal().problems == ()
    edit("UPDATE projects SET fingerprint_key_id = '0123456789abcdef'")
    assert [each for each in written.check_journal().problems if "id of the fingerprint key" in each]


def test_names_are_followed_back_and_forth(store: Store) -> None:
    """Earlier names come with the revision that renamed them away; a name that was left tells where to."""
    history = [
        revision(1, change("a")),
        revision(2, change("b", action="rename", previous="a")),
        revision(3, change("a")),
        revision(4, change("c", action="rename", previous="b")),
    ]
    with store.write() as transaction:
        for each in history:
            transaction.add_revision(each)
        transaction.append_journal("apply", {}, at=AT)
        assert {"c": None, "b": 4, "a": 2} == transaction.names_of("c")
        assert [None, "c", None, None] == [transaction.renamed_to(name) for name in ("a", "b", "c", "nobody")]
    assert {"a": None} == store.names_of("a")


def test_salts_make_equal_payloads_differ(store: Store) -> None:
    """Two entries that tell the same have different digests, by a salt that can be handed in."""
    for _ in range(2):
        with store.write() as transaction:
            transaction.append_journal("apply", {"same": 1}, at=AT)
    first, second = store.journal()
    assert first.payload_digest != second.payload_digest
    counted = itertools.count()
    store._make_salt = lambda: str(next(counted))  # noqa: SLF001 - what the constructor takes
    with store.write() as transaction:
        transaction.append_journal("apply", {"same": 1}, at=AT)
    told = store.journal_payload(3) or {}
    assert (1, "0") == (told["same"], told["salt"])
