"""What makes the rows of a state others than were written is refused before anything rests on them, with what sets it right."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pytest

from reconciler.errors import StateUnavailable
from reconciler.store import open_store
from tests.store.values import AT, PROJECT, account

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from reconciler.store import Store
    from tests.system.support.postgres import PostgresServer

APPLIER = "applier_of_obstacles"
_ALL = "CREATE POLICY everybody ON accounts USING (true)"
_SECURED = "ALTER TABLE accounts ENABLE ROW LEVEL SECURITY"
_LATER = "Accounts can be listed, shown and resolved so. For anything else name a user that sees every row. "
_SWALLOW = "CREATE FUNCTION swallow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'"


class Way(NamedTuple):
    """How rows become other ones."""

    statements: tuple[str, ...]
    told: str
    """What the refusal begins with."""
    cure: str
    """The statement at its end; empty: there is none."""
    hinders_reading: bool = False
    whose: str = "postgres"
    is_cured_by_owner: bool = True


WAYS = {
    "a restrictive policy hides rows": Way(
        (_SECURED, _ALL, "CREATE POLICY \"not now\" ON accounts AS RESTRICTIVE USING (name <> 'sales')"),
        "shows this database user no more than some rows of the table accounts: row-level security is on there, and the "
        "restrictive policy not now takes rows away",
        "ALTER ROLE {applier} BYPASSRLS", hinders_reading=True, whose=APPLIER,
    ),
    "one for reading alone": Way(
        (_SECURED, _ALL, "CREATE POLICY p ON accounts AS RESTRICTIVE FOR SELECT TO {applier} USING (name <> 'sales')"),
        "shows this database user no more than some rows", "ALTER ROLE {applier} BYPASSRLS", hinders_reading=True, whose=APPLIER,
    ),
    "one keeps rows from being changed": Way(
        (_SECURED, _ALL, "CREATE POLICY p ON accounts AS RESTRICTIVE FOR UPDATE USING (name <> 'sales')"),
        "passes over some rows of the table accounts when this database user changes them: row-level security is on there, and "
        "the restrictive policy p takes rows away",
        "ALTER ROLE {applier} BYPASSRLS", whose=APPLIER,
    ),
    "no policy is for changes": Way(
        (_SECURED, "CREATE POLICY p ON accounts FOR SELECT USING (true)", "CREATE POLICY q ON accounts FOR DELETE USING (true)"),
        "passes over some rows of the table accounts when this database user changes them: row-level security is on there, and no "
        "policy FOR UPDATE with USING (true) is for the user",
        "CREATE POLICY everybody_update ON {schema}.accounts FOR UPDATE TO {applier} USING (true)", whose=APPLIER,
    ),
    "none is for deletions": Way(
        (_SECURED, "CREATE POLICY p ON accounts FOR SELECT USING (true)", "CREATE POLICY q ON accounts FOR UPDATE USING (true)"),
        "passes over some rows of the table accounts when this database user deletes them",
        "CREATE POLICY everybody_delete ON {schema}.accounts FOR DELETE TO {applier} USING (true)", whose=APPLIER,
    ),
    "the owner is held to a policy too": Way(
        ("ALTER TABLE accounts OWNER TO {applier}", _SECURED, "ALTER TABLE accounts FORCE ROW LEVEL SECURITY"),
        "shows this database user no more than some rows of the table accounts: row-level security is on there, and no policy "
        "lets the user see all",
        "CREATE POLICY everybody ON {schema}.accounts TO {applier} USING (true)", hinders_reading=True, whose=APPLIER,
    ),
    "a rule swallows": Way(
        ('CREATE RULE "no more" AS ON UPDATE TO accounts DO INSTEAD NOTHING',),
        'was not written to: the rule "no more" of the table accounts is not reconciler\'s',
        'DROP RULE "no more" ON {schema}.accounts',
    ),
    "a rule writes elsewhere": Way(
        ("CREATE RULE r AS ON INSERT TO journal DO ALSO DELETE FROM publications",),
        "was not written to: the rule r of the table journal is not reconciler's", "DROP RULE r ON {schema}.journal",
    ),
    "a trigger swallows": Way(
        (_SWALLOW, 'CREATE TRIGGER "Z z" BEFORE UPDATE ON accounts FOR EACH ROW EXECUTE FUNCTION swallow()'),
        'was not written to: the trigger "Z z" of the table accounts is not reconciler\'s',
        'DROP TRIGGER "Z z" ON {schema}.accounts',
    ),
    "a trigger of ours at another table": Way(
        ("CREATE TRIGGER a_link BEFORE INSERT ON publications FOR EACH ROW EXECUTE FUNCTION check_link()",),
        "was not written to: the trigger a_link of the table publications is not reconciler's",
        "DROP TRIGGER a_link ON {schema}.publications",
    ),
    "a table is unlogged": Way(
        ("ALTER TABLE publications SET UNLOGGED",),
        "was not written to: the table publications is unlogged, and a crash of the server would empty it",
        "ALTER TABLE {schema}.publications SET LOGGED",
    ),
    "another table inherits": Way(
        ('CREATE TABLE "More" () INHERITS (accounts)',),
        'is not as it was made: the table {schema}."More" inherits from accounts',
        'ALTER TABLE {schema}."More" NO INHERIT {schema}.accounts', hinders_reading=True,
    ),
    "a view stands in": Way(
        ("ALTER TABLE publications RENAME TO old", "CREATE VIEW publications AS SELECT * FROM old"),
        "is not as it was made: publications is a view and no table", "DROP VIEW {schema}.publications", hinders_reading=True,
        is_cured_by_owner=False,
    ),
    "a materialized view does": Way(
        ("ALTER TABLE publications RENAME TO old", "CREATE MATERIALIZED VIEW publications AS SELECT * FROM old"),
        "is not as it was made: publications is a materialized view and no table",
        "DROP MATERIALIZED VIEW {schema}.publications", hinders_reading=True, is_cured_by_owner=False,
    ),
    "a partitioned table does": Way(
        ("ALTER TABLE publications RENAME TO old", "CREATE TABLE publications (LIKE old) PARTITION BY LIST (project)"),
        "is not as it was made: the table publications is partitioned", "", hinders_reading=True, is_cured_by_owner=False,
    ),
}  # fmt: skip


def _refusal(act: Callable[[], object]) -> str:
    with pytest.raises(StateUnavailable) as caught:
        act()
    return caught.value.diagnostics[0].detail


def _write(store: Store) -> None:
    with store.write() as transaction:
        transaction.put_account(account("sales"))
        transaction.append_journal("apply", {}, at=AT)


@pytest.mark.parametrize("way", WAYS)
def test_rows_that_are_not_what_was_written_are_refused(
    server: PostgresServer, schema: str, url: str, store: Store, tmp_path: Path, way: str
) -> None:
    """Nothing is written, and where reading would not tell the truth nothing is read; what is told sets it right."""
    it = WAYS[way]
    _write(store)
    server.make_role(APPLIER)
    server.execute(f"ALTER ROLE {APPLIER} NOBYPASSRLS")
    server.execute(f"GRANT USAGE, CREATE ON SCHEMA {schema} TO {APPLIER}")
    server.execute(f"GRANT ALL ON ALL TABLES IN SCHEMA {schema} TO {APPLIER}")
    server.execute(f"GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA {schema} TO {APPLIER}")
    for statement in it.statements:
        server.execute(f"SET search_path = {schema}; {statement.format(applier=APPLIER, schema=schema)}")
    with open_store(url.replace("postgres@", f"{it.whose}@"), base=tmp_path, project=PROJECT) as theirs:
        detail = _refusal(lambda: _write(theirs))
        assert it.told.format(schema=schema) in detail
        assert "Nothing was changed." in detail
        if it.hinders_reading:
            assert detail == _refusal(theirs.read_state)
        else:
            assert list(theirs.read_state().accounts) == ["sales"]
        cure = it.cure.format(schema=schema, applier=APPLIER)
        assert detail.endswith(f":\n    {cure};" if cure else "another schema.")
        if cure:
            server.execute(cure)
        if not it.is_cured_by_owner:
            server.execute(
                f"SET search_path = {schema}; DROP TABLE IF EXISTS publications; ALTER TABLE old RENAME TO publications"
            )
        _write(theirs)


def test_what_looks_on_is_left_alone(server: PostgresServer, schema: str, store: Store) -> None:
    """A trigger that runs afterwards, one that is switched off, and a policy that hides nothing from the user hinder nobody."""
    for statement in (
        _SWALLOW,
        "CREATE TRIGGER after AFTER INSERT ON accounts FOR EACH ROW EXECUTE FUNCTION swallow()",
        "CREATE TRIGGER off BEFORE INSERT ON accounts FOR EACH ROW EXECUTE FUNCTION swallow()",
        "ALTER TABLE accounts DISABLE TRIGGER off",
        _SECURED,
        "CREATE POLICY p ON accounts AS RESTRICTIVE USING (false)",
    ):
        server.execute(f"SET search_path = {schema}; {statement}")
    _write(store)
    assert list(store.read_state().accounts) == ["sales"]


def test_an_unlogged_table_is_told_by_a_check(server: PostgresServer, schema: str, store: Store) -> None:
    """What a crash would empty is told before it has, with the statement that sets it right."""
    server.execute(f"ALTER TABLE {schema}.publications SET UNLOGGED")
    cure = f"ALTER TABLE {schema}.publications SET LOGGED"
    expected = f"The table publications is unlogged, so a crash of the server would empty it. The owner sets it right by {cure}."
    assert store.check_journal().unguarded == (expected,)
    server.execute(cure)
    assert store.check_journal().unguarded == ()


def test_a_row_that_a_policy_does_not_let_in_is_no_missing_privilege(
    server: PostgresServer, schema: str, url: str, store: Store, tmp_path: Path
) -> None:
    """The refusal tells of the policy, which no grant mends."""
    server.make_role(APPLIER)
    server.execute(f"ALTER ROLE {APPLIER} NOBYPASSRLS")
    server.execute(f"GRANT USAGE ON SCHEMA {schema} TO {APPLIER}")
    server.execute(f"GRANT ALL ON ALL TABLES IN SCHEMA {schema} TO {APPLIER}")
    server.execute(f"GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA {schema} TO {APPLIER}")
    server.execute(f"SET search_path = {schema}; {_SECURED}; {_ALL} WITH CHECK (name <> 'sales')")
    with open_store(url.replace("postgres@", f"{APPLIER}@"), base=tmp_path, project=PROJECT) as theirs:
        assert "a policy of row-level security does not let this database user write such a row" in _refusal(
            lambda: _write(theirs)
        )
