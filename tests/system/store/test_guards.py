"""What PostgreSQL itself refuses: attacks by SQL on the journal, the serial and the platform's decisions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg import sql

from reconciler.model.journal.entries import Revision
from reconciler.store import create_state, open_store
from reconciler.store.journal import Link, link_hash, payload_text_digest
from reconciler.store.postgres.guards import REFUSED
from reconciler.store.postgres.roles import role_statements
from tests.store.values import AT, LINEAGE, PROJECT, account, bare_account, revision

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from reconciler.store import Store
    from tests.system.support.postgres import PostgresServer

DENIED = "42501"
APPLIER = "applier_of_guards"
OWNER = "owner_of_guards"


@pytest.fixture
def guarded(server: PostgresServer, database: str, tmp_path: Path) -> Iterator[Store]:
    """Return a state that a role without other rights owns, with two entries and a revision."""
    server.make_role(OWNER)
    server.execute(f"CREATE SCHEMA reconciler AUTHORIZATION {OWNER}", database=database)
    url = server.url(database, user=OWNER)
    create_state(url, base=tmp_path, project=PROJECT, lineage=LINEAGE, fingerprint_key_id="f" * 16, at=AT)
    for statement in role_statements("reconciler"):
        server.execute(statement, database=database)
    server.make_role(APPLIER, "IN ROLE reconciler_applier" if not has_role(server, APPLIER) else "")
    with open_store(url, base=tmp_path, project=PROJECT) as store:
        with store.write() as transaction:
            transaction.put_account(bare_account("news"))
            transaction.add_revision(revision(1))
            transaction.append_journal("apply", {}, at=AT)
        with store.write() as transaction:
            transaction.append_journal('ünicode "quoted" \\ /\t', {"é": "\u2028"}, at=AT)
        yield store
    server.execute(f"DROP DATABASE {database} WITH (FORCE)")


def has_role(server: PostgresServer, name: str) -> bool:
    """Tell whether the server has a role."""
    return bool(server.execute(f"SELECT 1 FROM pg_roles WHERE rolname = '{name}'"))  # noqa: S608 - of a test


def forged(store: Store, **different: object) -> str:
    """Return the statements that append an entry to the journal, but for what is different."""
    last = store.journal()[-1]
    payload = str(different.pop("payload", "{}"))
    link: dict[str, Any] = {
        "sequence": last.sequence + 1, "at": "2026-03-01T12:30:15Z", "event": "apply",
        "payload_digest": payload_text_digest("{}"), "previous": last.hash,
    } | different  # fmt: skip
    own_hash = different.get("hash") or link_hash(
        link["sequence"],
        link["at"],
        event=link["event"],
        payload_digest=link["payload_digest"],
        previous=link["previous"],
    )
    columns = {"project": PROJECT, **link, "hash": own_hash}
    assert set(Link._fields) | {"project"} == set(columns)
    values = ", ".join(repr(each) for each in columns.values())
    entry = f"INSERT INTO journal ({', '.join(columns)}) VALUES ({values})"  # noqa: S608 - of a test
    return f"{entry} ;; INSERT INTO journal_payloads VALUES ('{PROJECT}', {link['sequence']}, '{payload}')"  # noqa: S608 - of a test


_REVISION = "INSERT INTO revisions VALUES ('mail', {}, '2026', 'mallory', 'flag', NULL, NULL, 'sha256:x', '{{}}', '[]')"
ATTACKS: dict[str, tuple[str | Callable[[Store], str], str]] = {
    "an entry is altered": ("UPDATE journal SET event = 'x'", DENIED),
    "an entry is removed": ("DELETE FROM journal_payloads ;; DELETE FROM journal", DENIED),
    "the journal is emptied": ("TRUNCATE journal CASCADE", DENIED),
    "a payload is altered": ("UPDATE journal_payloads SET payload = '{}'", DENIED),
    "a payload is removed": ("DELETE FROM journal_payloads", DENIED),
    "an entry with another hash": (lambda store: forged(store, hash="sha256:" + "0" * 64), REFUSED),
    "an entry that follows another": (lambda store: forged(store, previous=store.journal()[0].hash), REFUSED),
    "an entry beyond a gap": (lambda store: forged(store, sequence=9), REFUSED),
    "an entry before the others": (lambda store: forged(store, sequence=0), REFUSED),
    "an entry in the place of another": (lambda store: forged(store, sequence=2), REFUSED),
    "an entry with another's payload": (lambda store: forged(store, payload='{"x":1}'), REFUSED),
    "an entry without a payload": (lambda store: forged(store).partition(" ;; ")[0], REFUSED),
    "a payload without an entry": ("INSERT INTO journal_payloads VALUES ('mail', 9, '{}')", REFUSED),
    "the serial goes back": ("UPDATE projects SET serial = 0", REFUSED),
    "the serial leaps": ("UPDATE projects SET serial = 7", REFUSED),
    "the serial goes up without a revision": ("UPDATE projects SET serial = 2", REFUSED),
    "a revision without the serial": (_REVISION.format(2), REFUSED),
    "a revision beyond a gap": (_REVISION.format(4), REFUSED),
    "a revision is altered": ("UPDATE revisions SET actor = 'anna'", DENIED),
    "a revision is removed": ("DELETE FROM revisions", DENIED),
    "a revision's index is added to": ("INSERT INTO revised_accounts VALUES ('mail', 'x', 1, NULL)", REFUSED),
    "the state is removed": ("DELETE FROM projects", DENIED),
    "another state is made of it": ("UPDATE projects SET lineage = 'x'", DENIED),
    "another key of fingerprints": ("UPDATE projects SET fingerprint_key_id = 'x'", REFUSED),
    "the guards are taken away": ("ALTER TABLE journal DISABLE TRIGGER ALL", DENIED),
    "the guards are switched off": ("SET session_replication_role = replica", DENIED),
    "another function in the place of a guard": (
        "CREATE OR REPLACE FUNCTION reconciler.check_link() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'", DENIED,
    ),
    "another table before the journal": (
        lambda store: "CREATE TEMPORARY TABLE journal (LIKE reconciler.journal) ;; SET search_path = pg_temp, reconciler ;; "
        + forged(store, previous="sha256:x").replace("INTO journal ", "INTO reconciler.journal "), REFUSED,
    ),
    "an approval": ("UPDATE accounts SET approval = '{\"decision\": \"approved\"}'", DENIED),
    "an account that comes with its approval": (
        "INSERT INTO accounts VALUES ('mail', 'x', 'MarketingAccount', '{}', NULL, 1, '', '', NULL, NULL, NULL, NULL, '{}')", DENIED,
    ),
    "a resumption": ("UPDATE accounts SET suspension = NULL", DENIED),
}  # fmt: skip
"""What somebody who may apply tries by SQL, and the SQLSTATE that is the answer."""


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_attack_of_the_applier_is_refused(
    guarded: Store, server: PostgresServer, database: str, attack: str
) -> None:
    """Whoever may apply cannot alter, remove, reorder or fake what was recorded, nor decide; the chain holds after it."""
    statements, code = ATTACKS[attack]
    before = guarded.journal_with_payloads(), guarded.read_state()
    assert code == refusal(
        server.url(database, user=APPLIER), statements if isinstance(statements, str) else statements(guarded)
    )
    assert before == (guarded.journal_with_payloads(), guarded.read_state())
    assert () == guarded.check_journal().problems


OF_THE_OWNER = [
    name for name, (_, code) in ATTACKS.items()
    if code == REFUSED and name != "another key of fingerprints"
] + ["an entry is altered", "an entry is removed", "the journal is emptied", "a payload is removed", "a revision is removed"]  # fmt: skip


@pytest.mark.parametrize("attack", OF_THE_OWNER)
def test_the_owner_too_has_to_lift_the_guards_first(
    guarded: Store, server: PostgresServer, database: str, attack: str
) -> None:
    """By mistake nobody rewrites the journal, also not who owns its table."""
    statements, _ = ATTACKS[attack]
    assert REFUSED == refusal(
        server.url(database, user=OWNER), statements if isinstance(statements, str) else statements(guarded)
    )


def refusal(url: str, statements: str) -> str | None:
    """Return the SQLSTATE with which statements are refused, at the latest when they are committed; None: they are not."""
    try:
        with psycopg.connect(url) as connection:
            connection.execute("SET search_path = reconciler")
            for statement in statements.split(" ;; "):
                connection.execute(sql.SQL(statement))
            connection.commit()
    except psycopg.Error as failure:
        return failure.sqlstate
    return None


def test_an_approval_ends_with_what_it_covers(guarded: Store, server: PostgresServer, database: str) -> None:
    """An approved account takes no other address from who may not approve, and anything that the platform has no say in."""
    url = server.url(database, user=APPLIER)
    server.execute("UPDATE reconciler.accounts SET approval = '{}'", database=database)
    title = """UPDATE accounts SET document = '{"metadata":{"title":"x"},"spec":{"email":"news@example.com"}}'"""
    address = title.replace("news@", "mallory@")
    assert DENIED == refusal(url, address)
    assert None is refusal(url, title)
    assert None is refusal(url, address.replace("SET", "SET approval = NULL,"))


def test_entries_of_two_projects_are_apart(
    guarded: Store, server: PostgresServer, database: str, tmp_path: Path
) -> None:
    """Each project of a schema has its own chain and serial."""
    url = server.url(database, user=OWNER)
    create_state(url, base=tmp_path, project='żółw "x"', lineage="2", fingerprint_key_id=None, at=AT)
    with open_store(url, base=tmp_path, project='żółw "x"') as store:
        with store.write() as transaction:
            transaction.put_account(account("sales"))
            transaction.add_revision(Revision(**{**vars(revision(1)), "plan_digest": "sha256:2"}))
            transaction.append_journal("apply", {}, at=AT)
        assert () == store.check_journal().problems
