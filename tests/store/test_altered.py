"""Every store notices, before it writes over a row, that something else has altered it; and for ever after."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from reconciler.errors import GuardRefused, InvalidInput, JournalBroken, StateUnavailable
from reconciler.model.consumers.publication import Publication
from reconciler.store import transaction as module
from tests.store.values import AT, account, change, revision, route

if TYPE_CHECKING:
    from collections.abc import Callable

    from reconciler.store import Store


@pytest.fixture
def written(store: Store) -> Store:
    """Return a state with two accounts recorded, one deleted, and entries after them."""
    with store.write() as transaction:
        for name in ("sales", "spare", "old"):
            transaction.put_account(account(name))
        transaction.put_routes("sales", [route()])
        transaction.add_revision(revision(1, change("sales"), change("spare"), change("old")))
        transaction.append_journal("apply", {}, at=AT)
    with store.write() as transaction:
        transaction.delete_account("old")
        transaction.append_journal("apply", {}, at=AT)
    for _ in range(30):
        with store.write() as transaction:
            transaction.append_journal("send", {"name": "sales"}, at=AT)
    return store


def suspend(store: Store, *names: str, accepted: dict[str, str] | None = None) -> None:
    """Write over accounts."""
    with store.write() as transaction:
        transaction.accept_altered(accepted or {})
        for name in names:
            transaction.put_account(replace(account(name), suspension=None))
        transaction.append_journal("resume", {}, at=AT)


def refused(store: Store, *names: str) -> list[str]:
    """Return the details with which writing over accounts is refused."""
    with pytest.raises(GuardRefused) as caught:
        suspend(store, *names)
    assert {"accountAltered"} == {each.code for each in caught.value.diagnostics}
    return [each.detail for each in caught.value.diagnostics]


@pytest.mark.parametrize(
    ("statement", "fact"),
    [
        ("UPDATE accounts SET suspension=NULL WHERE name='sales'", "(entry 1). What differs: suspension."),
        (
            "UPDATE accounts SET kind='MarketingAccount', approval=NULL WHERE name='sales'",
            "What differs: kind, approval.",
        ),
        ("DELETE FROM accounts WHERE name='sales'", "sales is missing from state"),
        ("UPDATE accounts SET name='sold' WHERE name='sales'", "sales is missing from state"),
    ],
)
def test_an_altered_row_is_not_written_over(
    written: Store, edit: Callable[..., None], statement: str, fact: str
) -> None:
    """The refusal says which account and which of its parts; another account can be written all the same."""
    edit(statement)
    before = written.journal_head()
    assert fact in refused(written, "spare", "sales")[0]
    assert before == written.journal_head()
    suspend(written, "spare")


@pytest.mark.parametrize("name", ["old", "never"])
def test_a_row_that_nobody_recorded_is_not_written_over(written: Store, edit: Callable[..., None], name: str) -> None:
    """Neither a deleted account that is back, nor one that never was, is taken for recorded."""
    edit(f"UPDATE accounts SET name='{name}' WHERE name='spare'")  # noqa: S608 - of this file
    assert f"{name} is in state, and the journal has not recorded it" in refused(written, name)[0]
    with written.write() as transaction:
        transaction.delete_account(name)
        with pytest.raises(GuardRefused):
            transaction.append_journal("apply", {}, at=AT)
        transaction.accept_altered({name: "It was a test."})
        transaction.append_journal("apply", {}, at=AT)


def test_many_accounts_are_compared_in_one_pass(store: Store, edit: Callable[..., None]) -> None:
    """More accounts than are asked for by name are compared all the same, and all that differ are told."""
    names = [f"a{number:03}" for number in range(600)]
    with store.write() as transaction:
        for name in names:
            transaction.put_account(account(name))
        transaction.append_journal("apply", {}, at=AT)
    edit("UPDATE accounts SET created_at='2020-01-01T00:00:00Z' WHERE name IN ('a001', 'a400')")
    assert ["a001", "a400"] == [each.name for each in store.alterations(names)]
    with pytest.raises(GuardRefused) as caught:
        suspend(store, *names)
    assert [("a001", "a400")] == [each.subjects for each in caught.value.diagnostics]


def test_what_is_accepted_is_recorded_as_it_is(written: Store, edit: Callable[..., None]) -> None:
    """An accepted account is vouched for from then on, touched or not, and the check holds again."""
    edit("UPDATE accounts SET approval=NULL WHERE name='sales'", "DELETE FROM accounts WHERE name='spare'")
    suspend(written, "sales", accepted={"sales": "Mended.", "spare": "Gone."})
    assert () == written.check_journal().problems
    payload = written.journal_payload(len(written.journal())) or {}
    assert {"sales": "Mended.", "spare": "Gone."} == payload["acceptedAltered"]
    with pytest.raises(InvalidInput):
        suspend(written, "sales", accepted={"sales": "Again."})
    suspend(written, "sales")


def test_a_writer_that_does_not_ask_is_found_for_ever(
    written: Store, edit: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a row was written over although it had been altered, each later check tells the entry."""
    edit("UPDATE accounts SET approval=NULL WHERE name='sales'")
    with monkeypatch.context() as patched:
        patched.setattr(module, "find_alterations", lambda *_: ())
        suspend(written, "sales")
    suspend(written, "sales")
    (problem,) = written.check_journal().problems
    assert "Entry 33 wrote over account sales, which was not what the journal had last recorded of it" in problem
    with pytest.raises(JournalBroken), written.write() as transaction:
        transaction.require_whole()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE journal_payloads SET payload=replace(payload,'spare','spore') WHERE sequence=1",
        "UPDATE journal_payloads SET payload=payload||' ' WHERE sequence=20",
        "DELETE FROM journal_payloads WHERE sequence=20",
        "UPDATE journal SET event='sent' WHERE sequence=20",
        "UPDATE journal SET previous='sha256:0' WHERE sequence=20",
    ],
)
def test_a_journal_that_does_not_hold_vouches_for_nothing(
    written: Store, edit: Callable[..., None], statement: str
) -> None:
    """From the entry that was altered on backwards nothing is believed, so what only that told of is refused."""
    edit(statement)
    entry = 1 if "=1" in statement[-3:] else 20
    assert (
        f"The journal cannot tell what it last recorded of sales: entry {entry} does not hold."
        in refused(written, "sales")[0]
    )
    suspend(written, "sales", accepted={"sales": "The journal was restored."})


def test_a_missing_entry_is_noticed_on_the_way(written: Store, edit: Callable[..., None]) -> None:
    """An entry that was cut out of the middle of the journal is not passed over."""
    edit("DELETE FROM journal_payloads WHERE sequence=20", "DELETE FROM journal WHERE sequence=20")
    assert "entry 19 does not hold" in refused(written, "sales")[0]


def test_the_row_of_the_project_is_vouched_for(written: Store, edit: Callable[..., None]) -> None:
    """Creation time and key id are compared by each write and by the check; a new key is no alteration."""
    with written.write() as transaction:
        transaction.set_fingerprint_key_id("0123456789abcdef")
        transaction.append_journal("rekey", {}, at=AT)
    assert () == written.check_journal().problems
    edit("UPDATE projects SET fingerprint_key_id=NULL, created_at='2020-01-01T00:00:00Z'")
    assert 2 == len(written.check_journal().problems)
    with pytest.raises(GuardRefused) as caught:
        suspend(written, "sales")
    assert "The creation time and id of the key of fingerprints in state" in caught.value.diagnostics[0].detail
    suspend(written, "sales", accepted={"@state": "Moved."})
    assert () == written.check_journal().problems


def test_an_altered_key_that_a_writer_did_not_look_at_is_found(
    written: Store, edit: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The check compares each entry's key and creation time with those of the entry before."""
    edit("UPDATE projects SET created_at='2020-01-01T00:00:00Z'")
    with monkeypatch.context() as patched:
        patched.setattr(module.Transaction, "_require_project_row", lambda _: None)
        suspend(written, "sales")
    assert (
        "Before entry 33 the state's creation time or the id of its fingerprint key was altered.",
    ) == written.check_journal().problems


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE secret_routes SET digest='sha256:0'",
        "UPDATE secret_routes SET fingerprint=NULL",
        "DELETE FROM secret_routes",
        "UPDATE revisions SET actor='eve'",
        "DELETE FROM revised_accounts WHERE name='spare'",
    ],
)
def test_what_concerns_all_of_state_is_refused_for_any_alteration(
    written: Store, edit: Callable[..., None], statement: str
) -> None:
    """Whoever rewrites the register or the past looks at everything first."""
    edit(statement)
    with pytest.raises(GuardRefused) as caught, written.write() as transaction:
        transaction.require_whole()
    assert ["stateAltered"] == [each.code for each in caught.value.diagnostics]


SERIALS = {
    "raised": ("UPDATE projects SET serial=9",),
    "lowered": ("UPDATE projects SET serial=0",),
    "lowered with its revision": (
        "DELETE FROM revisions",
        "DELETE FROM revised_accounts",
        "UPDATE projects SET serial=0",
    ),
    "raised with a revision": ("UPDATE revisions SET revision=9", "UPDATE projects SET serial=9"),
}


@pytest.mark.parametrize("statements", SERIALS.values(), ids=SERIALS)
def test_no_revision_follows_an_altered_serial(
    written: Store, edit: Callable[..., None], statements: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is refused; and where a writer did not look, each later check tells that the number was no next one."""
    edit(*statements)
    number = 1 if "serial=0" in statements[-1] else 10
    with pytest.raises(GuardRefused) as caught, written.write() as transaction:
        transaction.add_revision(revision(number))
    assert ["stateAltered"] == [each.code for each in caught.value.diagnostics]
    if statements == SERIALS["lowered"]:
        return  # the number is taken, and no two rows can have it
    with monkeypatch.context() as patched:
        patched.setattr(module, "require_serial", lambda *_: None)
        with written.write() as transaction:
            transaction.add_revision(revision(number))
            transaction.append_journal("apply", {}, at=AT)
    told = " ".join(written.check_journal().problems)
    assert "recorded revision 1, which there was before" in told or "there is no revision" in told


def test_the_serial_is_that_of_the_last_revision_also_where_its_past_was_redacted(written: Store) -> None:
    """A redaction tells of revisions in place of the entries that recorded them."""
    with written.write() as transaction:
        (entry, payload), *_ = transaction.journal()
        transaction.redact_revision(transaction.revisions()[0])
        transaction.redact_payload(entry, {key: each for key, each in payload.items() if key != "revisionDigests"})
        transaction.append_journal("redact", {}, at=AT)
    with written.write() as transaction:
        transaction.add_revision(revision(2))
        transaction.append_journal("apply", {}, at=AT)
    assert () == written.check_journal().problems


@pytest.mark.parametrize(
    "alteration",
    [
        "since = '7'",
        "since = '2026-12-01'",
        "since = '2026-12-01T08:00:00'",
        "since = ''",
        "since = 'noon'",
        "attempts = -1",
    ],
)
def test_a_publication_that_is_not_as_it_is_written_is_told(
    store: Store, edit: Callable[..., None], alteration: str
) -> None:
    """No number is taken for a time, and no time for another; nothing is guessed of what a consumer was given."""
    row = Publication(consumer="app", account="sales", published="sha256:1", place="/srv/app", since=AT)
    with store.write() as transaction:
        transaction.put_publications([row])
    assert (row,) == store.publications()
    edit(f"UPDATE publications SET {alteration}")  # noqa: S608 - of this table
    with pytest.raises(StateUnavailable) as caught:
        store.publications()
    assert "The publication of sales in the state's database cannot be read" in caught.value.diagnostics[0].detail
