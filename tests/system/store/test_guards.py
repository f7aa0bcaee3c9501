"""What PostgreSQL itself refuses: attacks by SQL on the journal, the serial and the platform's decisions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg import sql

from reconciler.model.journal.entries import Revision
from reconciler.store import create_state, migrate_state, open_store
from reconciler.store.journal import Link, link_hash, payload_text_digest
from reconciler.store.postgres.guards import REFUSED
from reconciler.store.postgres.roles import role_statements
from reconciler.store.senders import COLUMNS
from tests.store.values import AT, LINEAGE, PROJECT, account, bare_account, revision, told_by
from tests.system.store.test_moving import MIGRATION
from tests.system.support.processes import wait_for

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
    before = told_by(guarded), guarded.read_state()
    assert code == refusal(
        server.url(database, user=APPLIER), statements if isinstance(statements, str) else statements(guarded)
    )
    assert before == (told_by(guarded), guarded.read_state())
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


_REPLACED = "CREATE OR REPLACE FUNCTION {} RETURNS trigger LANGUAGE plpgsql {} AS $x${}$x$"
_SWALLOWS = _REPLACED.format("swallow()", "", "BEGIN RETURN NULL; END")
_ACTIVE = ", ".join("true AS active" if column == "active" else column for column in COLUMNS)
_OFF = "The trigger {} of the table {} is switched off."
_GONE = "The trigger {} of the table {} is missing."
_OTHER = "The trigger {} of the table {} is not as it was made."
_REWRITTEN = "The function {}, which triggers call, is not as it was made."
_VIEW = "The view senders does not give what the accounts are: programs that look senders up there send as it says."
ALTERED: dict[str, tuple[str, list[str]]] = {
    "nothing": ("SELECT 1", []),
    "one that fires always is no less": ("ALTER TABLE journal ENABLE ALWAYS TRIGGER a_link", []),
    "a trigger that only looks on afterwards": (
        _REPLACED.format("audit()", "", "BEGIN RETURN NULL; END")
        + " ;; CREATE TRIGGER audited AFTER INSERT ON journal FOR EACH ROW EXECUTE FUNCTION audit()", [],
    ),
    "one is switched off": ("ALTER TABLE journal DISABLE TRIGGER a_link", [_OFF.format("a_link", "journal")]),
    "all of a table are switched off": (
        "ALTER TABLE revisions DISABLE TRIGGER USER",
        [_OFF.format(name, "revisions") for name in ("a_revision", "has_serial", "is_kept_revisions", "only_grows_revisions")],
    ),
    "one fires for replicas alone": (
        "ALTER TABLE projects ENABLE REPLICA TRIGGER a_project", [_OFF.format("a_project", "projects")],
    ),
    "one is dropped": ("DROP TRIGGER a_decision ON accounts", [_GONE.format("a_decision", "accounts")]),
    "one asks first": (
        ("DROP TRIGGER a_link ON journal ;; CREATE TRIGGER a_link BEFORE INSERT ON journal FOR EACH ROW "
         "WHEN (NEW.event <> 'mallory') EXECUTE FUNCTION check_link()"), [_OTHER.format("a_link", "journal")],
    ),
    "one fires at less": (
        ("DROP TRIGGER a_project ON projects ;; CREATE TRIGGER a_project BEFORE INSERT ON projects FOR EACH ROW "
         "EXECUTE FUNCTION check_project()"), [_OTHER.format("a_project", "projects")],
    ),
    "one calls another function": (
        _REPLACED.format("passes()", "", "BEGIN RETURN NEW; END") + " ;; DROP TRIGGER a_link ON journal ;; "
        + "CREATE TRIGGER a_link BEFORE INSERT ON journal FOR EACH ROW EXECUTE FUNCTION passes()",
        [_OTHER.format("a_link", "journal")],
    ),
    "a function is replaced": (
        _REPLACED.format("check_link()", "SET search_path = reconciler, pg_temp", "BEGIN RETURN NEW; END"),
        [_REWRITTEN.format("check_link")],
    ),
    "a function looks elsewhere": (
        "ALTER FUNCTION check_link() SET search_path = mallory", [_REWRITTEN.format("check_link")],
    ),
    "a function has its owner's rights": (
        "ALTER FUNCTION check_decision() SECURITY DEFINER", [_REWRITTEN.format("check_decision")],
    ),
    "a function is dropped with its triggers": (
        "DROP FUNCTION check_decision() CASCADE", [_GONE.format("a_decision", "accounts")],
    ),
    "a table takes the place of another": (
        "ALTER TABLE revised_accounts RENAME TO old ;; CREATE TABLE revised_accounts AS SELECT * FROM old",
        [
            _GONE.format(name, "revised_accounts")
            for name in ("an_index", "is_kept_revised_accounts", "only_grows_revised_accounts")
        ],
    ),
    "everybody may approve": (
        "GRANT EXECUTE ON FUNCTION may_decide() TO PUBLIC", ["Everybody may execute the function may_decide, and so approve."],
    ),
    "nobody may approve": (
        "DROP FUNCTION may_decide()", ["The function may_decide, by which approvals are permitted, is missing."],
    ),
    "the view calls everybody active": (
        f"ALTER VIEW senders RENAME TO old_view ;; CREATE VIEW senders AS SELECT {_ACTIVE} FROM old_view", [_VIEW],  # noqa: S608 - of a test
    ),
    "the view lacks a column": (
        "DROP VIEW senders ;; CREATE VIEW senders AS SELECT project, name FROM accounts", [_VIEW],
    ),
    "the view is gone": ("DROP VIEW senders", [_VIEW]),
}  # fmt: skip
"""What an owner may do to the guards, and what is told of it; ``state migrate`` makes all of it as it was."""
_FOREIGN = "The {} {} of the table {} is not reconciler's, and can change or swallow what is written. Whoever does not know it takes it away by "
_REPLICA = "session_replication_role is replica for {}, so that no trigger fires. A superuser sets it right by "
_CREATES = "may create objects in the schema reconciler, and so have own code run with the rights of whoever writes. That ends by "
BEYOND: dict[str, tuple[str, str, str]] = {
    "a trigger that swallows": (
        f'{_SWALLOWS} ;; CREATE TRIGGER "Z z" BEFORE INSERT ON accounts FOR EACH ROW EXECUTE FUNCTION swallow()',
        _FOREIGN.format("trigger", '"Z z"', "accounts"), 'DROP TRIGGER "Z z" ON accounts',
    ),
    "a trigger of ours with another name": (
        "CREATE TRIGGER b BEFORE INSERT ON journal FOR EACH ROW EXECUTE FUNCTION check_link()",
        _FOREIGN.format("trigger", "b", "journal"), "DROP TRIGGER b ON journal",
    ),
    "a rule that swallows": (
        "CREATE RULE nothing AS ON UPDATE TO accounts DO INSTEAD NOTHING",
        _FOREIGN.format("rule", "nothing", "accounts"), "DROP RULE nothing ON reconciler.accounts",
    ),
    "references are not looked at": (
        "ALTER TABLE revised_accounts DISABLE TRIGGER ALL ;; ALTER TABLE revised_accounts ENABLE TRIGGER USER",
        ("The table revised_accounts refers to rows of others, or they to its own, and that is not looked at any more. A "
        "superuser sets it right by "), "ALTER TABLE revised_accounts ENABLE TRIGGER ALL",
    ),
    "one role writes as a replica": (
        f"ALTER ROLE {APPLIER} SET session_replication_role = replica",
        _REPLICA.format(f"ROLE {APPLIER}"), f"ALTER ROLE {APPLIER} RESET session_replication_role",
    ),
    "the database writes as a replica": (
        "ALTER DATABASE {database} SET session_replication_role = replica",
        _REPLICA.format("DATABASE {database}"), "ALTER DATABASE {database} RESET session_replication_role",
    ),
    "one role does in the database": (
        f"ALTER ROLE {APPLIER} IN DATABASE {{database}} SET session_replication_role = replica",
        _REPLICA.format(f"ROLE {APPLIER} IN DATABASE {{database}}"),
        f"ALTER ROLE {APPLIER} IN DATABASE {{database}} RESET session_replication_role",
    ),
    "a role may create what is called instead of PostgreSQL's own": (
        f"GRANT CREATE ON SCHEMA reconciler TO {APPLIER}",
        f"The role {APPLIER} {_CREATES}", f"REVOKE CREATE ON SCHEMA reconciler FROM {APPLIER}",
    ),
    "everybody may": (
        "GRANT CREATE ON SCHEMA reconciler TO PUBLIC", f"Everybody {_CREATES}", "REVOKE CREATE ON SCHEMA reconciler FROM PUBLIC",
    ),
}  # fmt: skip
"""What a migration leaves, what is told of it, and the statement at the end of that, which sets it right."""


def alter(url: str, statements: str) -> None:
    """Run statements in the schema."""
    with psycopg.connect(url) as connection:
        connection.execute("SET search_path = reconciler")
        for statement in statements.split(" ;; "):
            connection.execute(sql.SQL(statement))


def test_altered_guards_are_told_and_made_anew(
    guarded: Store, server: PostgresServer, database: str, tmp_path: Path
) -> None:
    """Whatever an owner did to them, a check tells it, a migration makes them as they were, and the journal tells that too."""
    owner = server.url(database, user=OWNER)
    for way, (statements, expected) in ALTERED.items():
        before = guarded.check_journal()
        assert ((), ()) == (before.problems, before.unguarded), way
        alter(owner, statements)
        report = guarded.check_journal()
        assert ((), sorted(expected)) == (report.problems, sorted(report.unguarded)), way
        assert report.unguarded == guarded.faults(), way
        done = migrate_state(owner, base=tmp_path, order=MIGRATION)
        assert (report.unguarded, ()) == (done.made_anew, done.unguarded), way
        after = guarded.check_journal()
        assert ((), ()) == (after.problems, after.unguarded), way
        assert before.entries + bool(expected) == after.entries, way
        if expected:
            (*_, (entry, told)) = told_by(guarded)
            assert ("migrate", list(done.made_anew)) == (entry.event, told["madeAnew"]), way


def test_what_a_migration_leaves_is_told_with_the_cure(
    guarded: Store, server: PostgresServer, database: str, tmp_path: Path
) -> None:
    """What is somebody else's is left alone, and the statement that is told takes it away."""
    superuser = server.url(database)
    for way, (statements, sentence, cure) in BEYOND.items():
        sets_right = cure.format(database=database)
        alter(superuser, statements.format(database=database))
        try:
            expected = (f"{sentence.format(database=database)}{sets_right}.",)
            assert expected == guarded.check_journal().unguarded, way
            entries = len(guarded.journal())
            done = migrate_state(server.url(database, user=OWNER), base=tmp_path, order=MIGRATION)
            assert () == done.made_anew, way
            assert expected == done.unguarded, way
            assert entries == len(guarded.journal()), way
        finally:
            alter(superuser, sets_right)
        assert () == guarded.check_journal().unguarded, way


def test_a_server_on_which_everybody_writes_as_a_replica_is_told(guarded: Store, server: PostgresServer) -> None:
    """A leftover of a move by logical replication, in the server's configuration."""
    server.execute("ALTER SYSTEM SET session_replication_role = replica")
    server.execute("SELECT pg_reload_conf()")
    try:
        (told,) = wait_for(lambda: guarded.check_journal().unguarded or None, "the configuration")
        assert "in the server's configuration" in told
    finally:
        server.execute("ALTER SYSTEM RESET session_replication_role")
        server.execute("SELECT pg_reload_conf()")
    wait_for(lambda: not guarded.check_journal().unguarded or None, "the configuration of before")


def test_whoever_may_read_may_look_at_the_guards(
    guarded: Store, server: PostgresServer, database: str, tmp_path: Path
) -> None:
    """A role without a right on the view is told of triggers all the same, and of the view nothing."""
    statements = (
        "DROP VIEW senders ;; CREATE VIEW senders AS SELECT 1 AS x ;; ALTER TABLE journal DISABLE TRIGGER a_link"
    )
    alter(server.url(database, user=OWNER), statements)
    with open_store(server.url(database, user=APPLIER), base=tmp_path, project=PROJECT) as store:
        assert (_OFF.format("a_link", "journal"),) == store.check_journal().unguarded


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
