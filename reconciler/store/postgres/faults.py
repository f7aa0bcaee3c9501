"""Whether what PostgreSQL refuses by itself still is refused: the guards as they stand, beside those that were made.

The owner of the tables can switch them off, drop or replace them, and has to for a while in some repairs. Nothing that
was written meanwhile was held by them, so that it is told until they stand again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import psycopg

from reconciler.characters import one_line
from reconciler.store import schema
from reconciler.store.postgres.guards import BODIES, MAY_DECIDE, TRIGGERS, search_path
from reconciler.store.postgres.obstacles import unlogged
from reconciler.store.postgres.strangers import creators
from reconciler.store.senders import COLUMNS, FAULT, QUERY_IN_POSTGRES, VIEW
from reconciler.store.sql import first_value, first_values

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from reconciler.store.postgres.strangers import Planted
    from reconciler.store.sql import Connection

_FOUND = """
    SELECT pg_catalog.quote_ident(t.tgname), c.relname, t.tgenabled::text AS enabled, t.tgisinternal AS is_internal,
           t.tgtype::int & 3 = 3 AS is_before_row, pg_catalog.pg_get_triggerdef(t.oid, true) AS definition
      FROM pg_catalog.pg_trigger t JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid
     WHERE c.relnamespace = pg_catalog.to_regnamespace(:schema) AND c.relname = ANY (:tables) ORDER BY t.tgname
"""
_RULES = """
    SELECT pg_catalog.quote_ident(r.rulename), c.relname FROM pg_catalog.pg_rewrite r JOIN pg_catalog.pg_class c ON c.oid = r.ev_class
     WHERE c.relnamespace = pg_catalog.to_regnamespace(:schema) AND c.relname = ANY (:tables) ORDER BY r.rulename
"""
_FUNCTIONS = """
    SELECT p.proname, p.prosrc, l.lanname, p.prosecdef, p.proconfig
      FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_language l ON l.oid = p.prolang
     WHERE p.pronamespace = pg_catalog.to_regnamespace(:schema) AND p.pronargs = 0
"""
_MAY_DECIDE = "SELECT pg_catalog.has_function_privilege('public', pg_catalog.to_regprocedure(:function), 'EXECUTE')"
_REPLICA = """
    SELECT CASE WHEN s.setrole = 0 THEN 'DATABASE ' || pg_catalog.quote_ident(pg_catalog.current_database())
                ELSE 'ROLE ' || s.setrole::regrole::text END
           || CASE WHEN s.setrole <> 0 AND s.setdatabase <> 0
                   THEN ' IN DATABASE ' || pg_catalog.quote_ident(pg_catalog.current_database()) ELSE '' END
      FROM pg_catalog.pg_db_role_setting s LEFT JOIN pg_catalog.pg_database d ON d.oid = s.setdatabase
     WHERE (s.setdatabase = 0 OR d.datname = pg_catalog.current_database())
       AND 'session_replication_role=replica' = ANY (s.setconfig) ORDER BY 1
"""
_SETTING = "SELECT pg_catalog.current_setting('session_replication_role')"
_VIEW = f"SELECT * FROM {VIEW}"
_AS_MADE = f"SELECT * FROM ({QUERY_IN_POSTGRES}) AS wanted"
_DIFFERING = " UNION ALL ".join(
    f"SELECT count(*) FROM ({one} EXCEPT {other}) AS differing" for one, other in ((_VIEW, _AS_MADE), (_AS_MADE, _VIEW))
)
_FIRES = {"O", "A"}
"""What PostgreSQL notes of a trigger that fires at what programs write."""


class _Found(NamedTuple):
    """A trigger as it stands."""

    name: str
    table: str
    enabled: str
    is_internal: bool
    is_before_row: bool
    definition: str


def guard_faults(connection: Connection, schema_name: str, foreign: Sequence[Planted]) -> tuple[str, ...]:
    """Return, as sentences, what of the guards is not as ``make_guards`` made it, and what else keeps them from acting.

    ``foreign`` is what stands in the schema under names of PostgreSQL's own.
    """
    tables = sorted(each.name for each in schema.TABLES)
    names: dict[str, Any] = {"schema": schema_name, "tables": tables}
    triggers = [_Found(*row) for row in connection.execute(_FOUND, names)]
    functions = {row[0]: tuple(row[1:]) for row in connection.execute(_FUNCTIONS, {"schema": schema_name})}
    faults = [
        *_own_triggers({(each.table, each.name): each for each in triggers if not each.is_internal}),
        *_functions(functions, schema_name),
        *_others(triggers),
        *(
            f"The rule {rule} of the table {table} is not reconciler's, and can change or swallow what is written. Whoever "
            f"does not know it takes it away by DROP RULE {rule} ON {schema_name}.{table}."
            for rule, table in connection.execute(_RULES, names)
        ),
        *_decisions(connection, schema_name, is_there=MAY_DECIDE in functions),
        *_replicas(connection),
        *(
            f"The table {table} is unlogged, so a crash of the server would empty it. The owner sets it right by {cure}."
            for table, cure in unlogged(connection, schema_name)
        ),
        *(
            f"{each.called.capitalize()} is not reconciler's, and runs in the place of PostgreSQL's own with the rights of "
            f"whoever writes. It goes by {each.removal}."
            for each in foreign
        ),
        *(
            f"{who} may create objects in the schema {schema_name}, and so have own code run with the rights of whoever "
            f"writes. That ends by REVOKE CREATE ON SCHEMA {schema_name} FROM {grantee}."
            for who, grantee in creators(connection, schema_name)
        ),
    ]
    return tuple(one_line(each) for each in faults)  # a name may hold anything


def _own_triggers(found: dict[tuple[str, str], _Found]) -> Iterator[str]:
    for name, trigger in sorted(TRIGGERS.items()):
        called = f"The trigger {name} of the table {trigger.table}"
        it = found.get((trigger.table, name))
        if it is None:
            yield f"{called} is missing."
        elif it.enabled not in _FIRES:
            yield f"{called} is switched off."
        elif it.definition != trigger.definition:
            yield f"{called} is not as it was made."


def _functions(found: dict[str, tuple[object, ...]], schema_name: str) -> Iterator[str]:
    for name, body in sorted(BODIES.items()):
        # One that is missing has taken its triggers with it.
        wanted = (body, "plpgsql", False, [f"search_path={search_path(schema_name)}"])
        if name in found and found[name] != wanted:
            yield f"The function {name}, which triggers call, is not as it was made."


def _others(found: list[_Found]) -> Iterator[str]:
    """Yield what is wrong with triggers that are not ours: those of references, and those that change what is written."""
    for table in sorted({each.table for each in found if each.is_internal and each.enabled not in _FIRES}):
        yield (
            f"The table {table} refers to rows of others, or they to its own, and that is not looked at any more. A "
            f"superuser sets it right by ALTER TABLE {table} ENABLE TRIGGER ALL."
        )
    ours = {(trigger.table, name) for name, trigger in TRIGGERS.items()}
    for each in found:
        if not each.is_internal and each.is_before_row and (each.table, each.name) not in ours:
            yield (
                f"The trigger {each.name} of the table {each.table} is not reconciler's, and can change or swallow what is "
                f"written. Whoever does not know it takes it away by DROP TRIGGER {each.name} ON {each.table}."
            )


def _decisions(connection: Connection, schema_name: str, *, is_there: bool) -> Iterator[str]:
    if not is_there:
        yield f"The function {MAY_DECIDE}, by which approvals are permitted, is missing."
    elif first_value(connection, _MAY_DECIDE, {"function": f"{schema_name}.{MAY_DECIDE}()"}):
        yield f"Everybody may execute the function {MAY_DECIDE}, and so approve."


def _replicas(connection: Connection) -> Iterator[str]:
    """Yield who writes as a replica does, without triggers."""
    told = first_values(connection, _REPLICA)
    for whose in told:
        yield (
            f"session_replication_role is replica for {whose}, so that no trigger fires. A superuser sets it right by "
            f"ALTER {whose} RESET session_replication_role."
        )
    if not told and first_value(connection, _SETTING) == "replica":
        yield (
            "session_replication_role is replica, in the server's configuration or for this connection (PGOPTIONS), so "
            "that no trigger fires."
        )


def view_faults(connection: Connection) -> tuple[str, ...]:
    """Return what is wrong with the view of senders, as a sentence; none where it is as it was made, or may not be read.

    PostgreSQL does not keep the text of a view but what it makes of it, so the rows are compared. What was planted in the
    schema would run for it, so nobody asks where something was.
    """
    connection.execute("SAVEPOINT looking")  # what fails here ends nothing else
    try:
        names = tuple(each[0] for each in connection.execute(f"{_VIEW} LIMIT 0").description or ())
        is_as_made = names == COLUMNS and not any(first_values(connection, _DIFFERING))
    except psycopg.Error as failure:
        connection.execute("ROLLBACK TO SAVEPOINT looking")
        is_as_made = isinstance(failure, psycopg.errors.InsufficientPrivilege)
    return () if is_as_made else (FAULT,)
