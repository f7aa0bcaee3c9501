"""What others put into the schema of a state, so that it runs in the place of PostgreSQL's own, or stands in the way, and what hides rows."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest

from reconciler.errors import StateUnavailable
from reconciler.store import back_up_state, create_state, migrate_state, open_store
from tests.store.values import AT, LINEAGE, PROJECT, account
from tests.system.store.test_moving import MIGRATION

if TYPE_CHECKING:
    from pathlib import Path

    from reconciler.store import Store
    from tests.system.support.postgres import PostgresServer

MALLORY = "mallory_of_planting"
OWNER = "owner_of_planting"
_JSON = "CREATE FUNCTION {schema}.to_json(text) RETURNS json LANGUAGE sql AS $$ SELECT json '0' $$"
_JOIN = 'CREATE FUNCTION {schema}.joined("char", text) RETURNS text LANGUAGE sql AS $$ SELECT $2 $$'
PLANTED: dict[str, tuple[tuple[str, ...], str, str]] = {
    "a function that fits better": (
        (_JSON,), "the function to_json(text)", "DROP ROUTINE {schema}.to_json(text)",
    ),
    "one that fits a text better than a name": (
        ("CREATE FUNCTION {schema}.convert_to(text, text) RETURNS bytea LANGUAGE sql AS $$ SELECT bytea '' $$",),
        "the function convert_to(text, text)", "DROP ROUTINE {schema}.convert_to(text, text)",
    ),
    "a parameter and a type with line ends in their names": (
        (
            'CREATE TYPE {schema}."a\n    b" AS ENUM ()',
            'CREATE FUNCTION {schema}.encode("c\nd" {schema}."a\n    b") RETURNS text LANGUAGE sql AS $$ SELECT text \'\' $$',
        ),
        'the function encode("a\\n    b")', 'DROP ROUTINE {schema}.encode("a\\n    b")',
    ),
    "an operator": (
        (_JOIN, 'CREATE OPERATOR {schema}.|| (LEFTARG = "char", RIGHTARG = text, FUNCTION = {schema}.joined)'),
        'the operator ||("char", text)', 'DROP OPERATOR {schema}.||("char", text)',
    ),
    "an operator before its operand": (
        (
            "CREATE FUNCTION {schema}.turned(text) RETURNS text LANGUAGE sql AS $$ SELECT $1 $$",
            "CREATE OPERATOR {schema}.- (RIGHTARG = text, FUNCTION = {schema}.turned)",
        ),
        "the operator -(NONE, text)", "DROP OPERATOR {schema}.-(NONE, text)",
    ),
}  # fmt: skip


def plant(server: PostgresServer, schema: str, statements: tuple[str, ...]) -> None:
    """Have somebody who may create in the schema run statements, and create no more then."""
    server.make_role(MALLORY)
    server.execute(f"GRANT CREATE, USAGE ON SCHEMA {schema} TO {MALLORY}")
    for each in statements:
        server.execute(f"SET ROLE {MALLORY}; " + each.format(schema=schema))
    server.execute(f"REVOKE CREATE ON SCHEMA {schema} FROM {MALLORY}")


@pytest.mark.parametrize("way", PLANTED)
@pytest.mark.parametrize("is_made", [False, True], ids=["before it is made", "in a state"])
def test_what_would_run_for_postgresqls_own_is_refused_before_it_runs(
    server: PostgresServer, schema: str, url: str, tmp_path: Path, way: str, *, is_made: bool
) -> None:
    """No state is made where such a thing stands, nothing is written, a check tells it, and the line that is told is the cure."""
    statements, called, cure = PLANTED[way]

    def make() -> bool:
        return create_state(url, base=tmp_path, project=PROJECT, lineage=LINEAGE, fingerprint_key_id=None, at=AT)

    if is_made:
        make()
    else:
        server.execute(f"CREATE SCHEMA {schema}")
    plant(server, schema, statements)
    with pytest.raises(StateUnavailable) as caught:
        (partial(migrate_state, url, base=tmp_path, order=MIGRATION) if is_made else make)()
    called, cure = (each.format(schema=schema) for each in (called, cure))
    detail = caught.value.diagnostics[0].detail
    assert f"{called} is not reconciler's, and would run in the place of PostgreSQL's own" in detail
    assert detail.endswith(f"take it away:\n    {cure};")
    if is_made:
        with open_store(url, base=tmp_path, project=PROJECT) as store:
            with pytest.raises(StateUnavailable) as refused, store.write() as transaction:
                transaction.put_account(account("sales"))
            assert detail == refused.value.diagnostics[0].detail
            (told,) = store.check_journal().unguarded
            assert told.startswith(called.capitalize())
            assert cure in told
            assert not store.has_accounts()
    server.execute(f"SET search_path = {schema}; {cure.replace(chr(92) + 'n', chr(10))}")
    assert make() is not is_made
    with open_store(url, base=tmp_path, project=PROJECT) as store:
        assert store.check_journal().unguarded == ()


def test_what_does_not_stand_in_for_anything_is_left_alone(
    server: PostgresServer, schema: str, url: str, tmp_path: Path
) -> None:
    """A function or operator of another name may stand beside the tables."""
    server.execute(f"CREATE SCHEMA {schema}")
    plant(
        server,
        schema,
        (_JOIN, 'CREATE OPERATOR {schema}.|<>| (LEFTARG = "char", RIGHTARG = text, FUNCTION = {schema}.joined)'),
    )
    assert create_state(url, base=tmp_path, project=PROJECT, lineage=LINEAGE, fingerprint_key_id=None, at=AT)
    with open_store(url, base=tmp_path, project=PROJECT) as store:
        write(store)
        assert store.check_journal().unguarded == ()


IN_THE_WAY = {
    "CREATE TYPE {schema}.accounts AS ENUM ()": "has its name in the schema",
    "CREATE FUNCTION {schema}.check_link() RETURNS integer LANGUAGE sql AS 'SELECT 1'": "the function check_link is somebody else's",
    "CREATE FUNCTION {schema}.may_decide() RETURNS void LANGUAGE sql AS ''": "the function may_decide is somebody else's",
}


@pytest.mark.parametrize("statement", IN_THE_WAY)
def test_what_stands_in_the_way_of_making_is_told(
    server: PostgresServer, schema: str, tmp_path: Path, statement: str
) -> None:
    """A name of ours that somebody else has given is not told as an alteration of a state, which there is none of yet."""
    server.make_role(OWNER)
    server.execute(f"CREATE SCHEMA {schema} AUTHORIZATION {OWNER}")
    plant(server, schema, (statement,))
    url = f"{server.url(user=OWNER)}?schema={schema}"
    with pytest.raises(StateUnavailable) as caught:
        create_state(url, base=tmp_path, project=PROJECT, lineage=LINEAGE, fingerprint_key_id=None, at=AT)
    assert IN_THE_WAY[statement] in caught.value.diagnostics[0].detail
    assert not server.execute(f"SELECT 1 FROM pg_tables WHERE schemaname = '{schema}'")  # noqa: S608 - of a test


POLICIES = {
    "none": ((), False),
    "some rows": (("FOR ALL TO {role} USING (name = 'news')",), False),
    "all rows, for somebody else": (("TO CURRENT_USER USING (true)",), False),
    "all rows, for writing": (("FOR UPDATE TO {role} USING (true)",), False),
    "all rows": (("TO {role} USING (true)",), True),
    "all rows, for everybody": (("USING (true)", "FOR ALL TO {role} USING (name = 'news')"), True),
}


@pytest.mark.parametrize("way", POLICIES)
def test_whoever_sees_some_rows_alone_is_not_told_that_the_others_are_missing(
    server: PostgresServer, schema: str, url: str, store: Store, tmp_path: Path, way: str
) -> None:
    """Under row-level security accounts are listed as far as they are seen, and all else is refused, not done in part."""
    policies, sees_all = POLICIES[way]
    with store.write() as transaction:
        transaction.put_account(account("sales"))
        transaction.append_journal("apply", {}, at=AT)
    server.make_role(MALLORY)
    server.execute(f"GRANT USAGE ON SCHEMA {schema} TO {MALLORY}")
    server.execute(f"GRANT ALL ON ALL TABLES IN SCHEMA {schema} TO {MALLORY}")
    server.execute(f"ALTER TABLE {schema}.accounts ENABLE ROW LEVEL SECURITY")
    for number, policy in enumerate(policies):
        server.execute(f"CREATE POLICY p{number} ON {schema}.accounts {policy.format(role=MALLORY)}")
    theirs = url.replace("postgres@", f"{MALLORY}@")
    with open_store(theirs, base=tmp_path, project=PROJECT) as seen:
        assert (["sales"] if sees_all else []) == list(seen.read_accounts())
        if sees_all:
            assert seen.check_journal().problems == ()
            return
        with pytest.raises(StateUnavailable) as caught:
            seen.check_journal()
        detail = caught.value.diagnostics[0].detail
        assert "no more than some rows of the table accounts" in detail
        for refused in (seen.read_state, seen.read_vouched, seen.faults, seen.revisions, lambda: write(seen)):
            with pytest.raises(StateUnavailable) as caught:
                refused()
            assert detail == caught.value.diagnostics[0].detail
        with pytest.raises(StateUnavailable):
            back_up_state(theirs, base=tmp_path, project=PROJECT, target=tmp_path / "part.db", replaces=False)
        assert not (tmp_path / "part.db").exists()
        server.execute(detail.rpartition("\n    ")[2])
        assert seen.check_journal().problems == ()


def write(store: Store) -> None:
    """Record an account."""
    with store.write() as transaction:
        transaction.put_account(account("other"))
        transaction.append_journal("apply", {}, at=AT)


@pytest.mark.parametrize("setting", ["quote_all_identifiers = on", "search_path = pg_temp", "row_security = off"])
def test_the_guards_hold_under_any_setting_of_the_database(
    server: PostgresServer, database: str, tmp_path: Path, setting: str
) -> None:
    """What an administrator sets for everybody is not taken for an alteration."""
    server.execute(f"ALTER DATABASE {database} SET {setting}")
    url = server.url(database)
    create_state(url, base=tmp_path, project=PROJECT, lineage=LINEAGE, fingerprint_key_id=None, at=AT)
    with open_store(url, base=tmp_path, project=PROJECT) as store:
        assert store.check_journal().unguarded == ()
