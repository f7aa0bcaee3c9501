"""What `journal check` finds does not hang on whether texts are read as a whole or piece by piece, nor rows once or at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.errors import StateError
from reconciler.model.canonical import canonical_json
from reconciler.rules.journal.events import events_of
from reconciler.store import JournalReport
from reconciler.store.journal import link_hash, payload_text_digest
from reconciler.store.sqlite import longtext
from reconciler.store.vouched import AccountDigest, RouteDigest, account_problems, route_problems
from tests.store.test_journal import EDITS
from tests.store.values import AT, account, change, revision, route

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from reconciler.store import Store

OTHER_EDITS = (
    "UPDATE accounts SET name='zoë'",
    "UPDATE journal_payloads SET payload=CAST(payload AS BLOB) WHERE sequence=1",
    "UPDATE journal_payloads SET payload=CAST(x'7bff7d' AS TEXT) WHERE sequence=1",
    "UPDATE revisions SET changes=replace(changes,'sales','sold') WHERE revision=1",
    "UPDATE revisions SET changes=replace(changes,':',': ') WHERE revision=1",
    "UPDATE revisions SET changes='[7]' WHERE revision=1",
    "UPDATE revisions SET changes='{}' WHERE revision=1",
    "UPDATE revisions SET changes='[' WHERE revision=1",
    "UPDATE revisions SET changes=CAST(x'5bff5d' AS TEXT) WHERE revision=1",
    "UPDATE revisions SET changes=CAST(changes AS BLOB) WHERE revision=1",
    "UPDATE revised_accounts SET previous_name='older' WHERE name='old'",
    "DELETE FROM revised_accounts WHERE revision=2",
    "UPDATE secret_routes SET digest='sha256:0'",
    "UPDATE secret_routes SET fingerprint=CAST(x'00' AS BLOB)",
)
BOTH = (
    ("'sales'", "'sold'"), ("'manifest'", "'Manifest'"), ("':'", "': '"), ("'[{'", "'[ {'"), ("'}]'", "'} ]'"), ("'}]'", "'}'"),
    ("'},{'", "'},,{'"), ("'create'", "'creat\\'"), ("'manifest'", "x'ff'"), ("'manifest'", "'\u017c'"), ("'manifest'", "x'00'"),
)  # fmt: skip
"""What is altered in a revision's changes, in those that its payload tells, or in both alike."""
CHANGES = (
    "[", "[]", "[] ", "{}", "[7]", '[{"name":"a"}]', '[ {"name":"a"}]', '[{"name":"a"}', '[{"name":"a"},{"name":"b"}]',
    '[{"name":"a"},]',
)  # fmt: skip
PAYLOADS = (
    "[1]", "{", "{}", '{"a":1,}', '{ "accountDigests":{"sales":"sha256:0"}}', '{"accountDigests":{"sales":"sha256:0"}}',
    '{"accountDigests":{"sales":null},"accountDigests":{"sales":"sha256:0"}}', '{"revisionDigests":{"x":"y"}}',
    '{"accountDigests":7}', '{"accountsBefore":{"sales":"sha256:1"}}', '{"accountParts":{"sales":{"name":tru}}}',
    '{"routeDigests":["sha256:0",{}]}', '{"revision":{"changes":[1,]}}', '{"revision":{"changes":[]},"revisionDigests":{"1":"b"}}',
)  # fmt: skip
ROUTES = st.sampled_from("abcd")


@pytest.fixture
def written(store: Store) -> Store:
    """Return a state with two revisions and three entries."""
    with store.write() as transaction:
        for name in ("sales", "old"):
            transaction.put_account(account(name))
        transaction.put_routes("sales", [route()])
        transaction.add_revision(revision(1, change("sales"), change("old")))
        changes = [change("sales"), change("old")]
        transaction.append_journal("apply", {"revision": {"changes": changes, "revision": 1}}, at=AT)
    with store.write() as transaction:
        transaction.delete_account("old")
        transaction.add_revision(revision(2, change("old", action="delete")))
        transaction.append_journal("apply", {}, at=AT)
    with store.write() as transaction:
        transaction.append_journal("suspend", {"name": "sales"}, at=AT)
    return store


def found(store: Store) -> JournalReport | str:
    """Return what a check finds, or the words with which it ends."""
    try:
        return store.check_journal()
    except StateError as refused:
        return refused.diagnostics[0].detail


def assert_alike(store: Store, *, sizes: Sequence[int] = (1, 7, 1 << 16)) -> None:
    """Compare what is found where every text is read as a whole, and where all are read in pieces of a few octets."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(longtext, "LONG_OCTETS", 1 << 30)
        whole = found(store)
        patched.setattr(longtext, "LONG_OCTETS", 0)
        for octets in sizes:
            patched.setattr(longtext, "_PIECE_OCTETS", octets)
            assert whole == found(store)


def telling(store: Store, payload: str) -> tuple[str, str]:
    """Return the statements that have the last entry tell something else, and the chain hold."""
    last = store.journal()[2]
    payload_digest = payload_text_digest(payload)
    at = AT.isoformat().replace("+00:00", "Z")
    own = link_hash(3, at, event=last.event, payload_digest=payload_digest, previous=last.previous)
    return (
        f"UPDATE journal SET payload_digest='{payload_digest}', hash='{own}' WHERE sequence=3",  # noqa: S608 - of this file
        f"UPDATE journal_payloads SET payload='{payload}' WHERE sequence=3",  # noqa: S608 - of this file
    )


def test_what_was_not_altered_holds(written: Store) -> None:
    """Neither way finds anything."""
    assert_alike(written)
    assert () == written.check_journal().problems


@pytest.mark.parametrize("statement", [*(statement for statement, _ in EDITS), *OTHER_EDITS])
def test_an_edit_is_found_either_way(written: Store, edit: Callable[..., None], statement: str) -> None:
    """Whatever was altered, the report is the same, or the refusal."""
    edit(statement)
    assert_alike(written)


@pytest.mark.parametrize(("old", "new"), BOTH)
def test_what_is_altered_in_changes_is_found_wherever_it_is(
    written: Store, edit: Callable[..., None], old: str, new: str
) -> None:
    """Changes are only compared where a payload and its revision have the same: a byte altered in either, or in both."""
    of_revision = f"UPDATE revisions SET changes=replace(changes,{old},CAST({new} AS TEXT)) WHERE revision=1"  # noqa: S608 - of this file
    of_payload = f"UPDATE journal_payloads SET payload=replace(payload,{old},CAST({new} AS TEXT)) WHERE sequence=1"  # noqa: S608 - of this file
    before = written.journal_payload(1)
    edit(of_revision)
    assert_alike(written)
    assert found(written) != JournalReport(3, written.journal_head(), ())
    edit(of_payload)
    assert_alike(written)
    assert before is not None
    text = canonical_json(before["revision"]["changes"])  # type: ignore[index]
    edit("UPDATE revisions SET changes='" + text + "' WHERE revision=1")  # noqa: S608 - of this file
    assert_alike(written)
    assert found(written) != JournalReport(3, written.journal_head(), ())


@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_payload_is_understood_either_way(written: Store, edit: Callable[..., None], payload: str) -> None:
    """Also one that somebody wrote who made its digest and the chain anew, whatever its form."""
    edit(*telling(written, payload))
    assert_alike(written)


@pytest.mark.parametrize("told", CHANGES)
def test_changes_that_a_revision_has_otherwise_are_understood_either_way(
    written: Store, edit: Callable[..., None], told: str
) -> None:
    """Also where somebody made the chain anew, and the revision's text is no JSON, another form of it, or a part of it."""
    edit(*telling(written, '{"revision":{"changes":' + told + ',"revision":3}}'))
    columns = "project,revision,at,actor,actor_source,plan_digest,summary,changes"
    for changes in CHANGES:
        edit(
            "DELETE FROM revisions WHERE revision=3",
            f"INSERT INTO revisions ({columns}) SELECT project,3,at,actor,actor_source,plan_digest,summary,'{changes}'"  # noqa: S608 - of this file
            " FROM revisions WHERE revision=1",
        )
        assert_alike(written, sizes=(7,))


def test_what_history_tells_does_not_hang_on_how_texts_are_read(written: Store) -> None:
    """Of a long payload neither changes nor the chain's digests are kept, and every event is told as it was."""
    with pytest.MonkeyPatch.context() as patched, written.snapshot() as snapshot:
        whole = events_of(snapshot.journal())
        patched.setattr(longtext, "LONG_OCTETS", 0)
        (_, first), *_ = snapshot.journal(has_changes=False)
        assert "changes" not in first["revision"]  # type: ignore[operator]
        assert whole == events_of(snapshot.journal(has_changes=False))


@settings(max_examples=100)
@given(st.sets(ROUTES), st.dictionaries(ROUTES, ROUTES | st.none()))
def test_routes_differ_as_sets_do(told: set[str], rows: dict[str, str | None]) -> None:
    """Rows that are gone through once give the numbers that sets of all of them give."""
    stored = set(rows.values())
    numbers = (len(stored - told), len(told - stored), len(rows.keys() - stored))
    problems = [*route_problems(told, [RouteDigest(digest, key) for key, digest in rows.items()])]
    assert [f"{number}." for number in numbers if number] == [each.rpartition(" ")[2] for each in problems]


@settings(max_examples=100)
@given(
    st.dictionaries(ROUTES, st.sampled_from("xy") | st.none()),
    st.dictionaries(ROUTES, st.sampled_from("xy") | st.none()),
)
def test_accounts_differ_as_mappings_do(told: dict[str, str | None], stored: dict[str, str | None]) -> None:
    """An account has a problem where its row is another one, not told of, or missing; an unreadable row always."""
    expected = sorted(
        name
        for name in told.keys() | stored.keys()
        if (name in stored) != (told.get(name) is not None) or (name in stored and told[name] != stored[name])
    )
    rows = [AccountDigest(name, digest, "key") for name, digest in stored.items()]
    problems, key_ids = account_problems(dict(told), rows)
    assert expected == [*problems]
    assert frozenset({"key"} if stored else ()) == key_ids
