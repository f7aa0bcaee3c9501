"""What keeps a state in PostgreSQL from being what was written: rows that are hidden, what stands in the place of tables, what swallows.

None of these fails by itself: rows are passed over without a word. So it is looked for, and refused, before anything rests on it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from reconciler.characters import one_line
from reconciler.store import schema

if TYPE_CHECKING:
    from collections.abc import Collection

    from reconciler.store.sql import Connection

_IS_FOR_USER = """EXISTS (
               SELECT FROM pg_catalog.unnest(p.polroles) AS whose (role)
                WHERE role = CAST(0 AS pg_catalog.oid) OR pg_catalog.pg_has_role(role, 'USAGE'))"""
_POLICY = f"""
    SELECT pg_catalog.min(p.polname) FROM pg_catalog.pg_policy p
     WHERE p.polrelid = c.oid AND (p.polcmd = '*' OR p.polcmd = CAST(k.command AS pg_catalog."char"))
       AND {{which}} AND {_IS_FOR_USER}
"""  # noqa: S608 - of constants
_RESTRICTIVE = _POLICY.format(which="NOT p.polpermissive AND pg_catalog.pg_get_expr(p.polqual, p.polrelid) <> 'true'")
_OF_ALL = _POLICY.format(which="p.polpermissive AND pg_catalog.pg_get_expr(p.polqual, p.polrelid) = 'true'")
_HIDING = f"""
    SELECT * FROM (
        SELECT c.relname, pg_catalog.quote_ident(current_user), k.command, ({_RESTRICTIVE}) AS taking, ({_OF_ALL}) AS of_all
          FROM pg_catalog.pg_class c, pg_catalog.unnest(CAST(:commands AS text[])) AS k (command)
         WHERE c.relnamespace = CAST(pg_catalog.to_regnamespace(:schema) AS pg_catalog.oid) AND c.relname = ANY (:tables)
           AND c.relrowsecurity AND pg_catalog.row_security_active(c.oid)
           AND (k.command <> 'w' OR pg_catalog.has_any_column_privilege(c.oid, 'UPDATE'))
           AND (k.command <> 'd' OR pg_catalog.has_table_privilege(c.oid, 'DELETE'))
         ) AS found
     WHERE taking IS NOT NULL OR of_all IS NULL ORDER BY command <> 'r', relname, command LIMIT 1
"""  # noqa: S608 - of constants
"""What is neither may not be done at all, and says so; rows that a policy hides are passed over without a word."""
_READ, _CHANGED, _REMOVED = "r", "w", "d"
"""Commands as ``pg_policy.polcmd`` has them."""
_VERBS = {_CHANGED: ("changes", "UPDATE"), _REMOVED: ("deletes", "DELETE")}
_STANDING = """
    SELECT c.relname, CAST(c.relkind AS text), CAST(c.relpersistence AS text) = 'u', (
           SELECT pg_catalog.min(pg_catalog.concat(pg_catalog.quote_ident(n.nspname), '.', pg_catalog.quote_ident(child.relname)))
             FROM pg_catalog.pg_inherits i JOIN pg_catalog.pg_class child ON child.oid = i.inhrelid
             JOIN pg_catalog.pg_namespace n ON n.oid = child.relnamespace WHERE i.inhparent = c.oid)
      FROM pg_catalog.pg_class c
     WHERE c.relnamespace = CAST(pg_catalog.to_regnamespace(:schema) AS pg_catalog.oid) AND c.relname = ANY (:tables)
"""
_TABLE, _PARTITIONED = "r", "p"
_KINDS = {"v": "VIEW", "m": "MATERIALIZED VIEW", "f": "FOREIGN TABLE"}
"""What may stand in the place of a table, by ``pg_class.relkind``, as it is dropped."""
_TRIGGERS = """
    SELECT pg_catalog.quote_ident(t.tgname), c.relname FROM pg_catalog.pg_trigger t JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid
     WHERE c.relnamespace = CAST(pg_catalog.to_regnamespace(:schema) AS pg_catalog.oid) AND c.relname = ANY (:tables)
       AND NOT t.tgisinternal AND CAST(t.tgtype AS integer) & 3 = 3 AND t.tgenabled <> 'D' ORDER BY c.relname, t.tgname
"""
"""Those that run before a row is written, and so may change or swallow it."""
_RULES = """
    SELECT pg_catalog.quote_ident(r.rulename), c.relname FROM pg_catalog.pg_rewrite r JOIN pg_catalog.pg_class c ON c.oid = r.ev_class
     WHERE c.relnamespace = CAST(pg_catalog.to_regnamespace(:schema) AS pg_catalog.oid) AND c.relname = ANY (:tables)
       AND c.relkind = 'r' AND r.ev_enabled <> 'D' ORDER BY c.relname, r.rulename
"""


class Obstacle(NamedTuple):
    """What makes rows, or tables, other ones than were written."""

    told: str
    """A clause that says what it is, and one that says what comes of it; no full stop."""
    advice: str
    """What is to be done; no full stop."""
    cure: str = ""
    """The statement that does it; empty: it takes more than one."""


def hiding(connection: Connection, schema_name: str, *, writes: bool) -> Obstacle | None:
    """Return why the user does not see every row of a table, or where it ``writes``, would not reach every row; None: it does.

    Who may only read or only change some columns is asked for that alone. A row that may not be added is refused by PostgreSQL.
    """
    commands = [_READ, _CHANGED, _REMOVED] if writes else [_READ]
    names = {"schema": schema_name, "tables": _names(), "commands": commands}
    row = connection.execute(_HIDING, names).fetchone()
    if row is None:
        return None
    table, user, command, taking, _ = row
    if command == _READ:
        told, verb = (
            f"shows this database user no more than some rows of the table {table}: row-level security is on there",
            "",
        )
    else:
        does, verb = _VERBS[command]
        told, verb = (
            f"passes over some rows of the table {table} when this database user {does} them: row-level security is on there",
            f" FOR {verb}",
        )
    if taking is not None:
        told += f", and the restrictive policy {one_line(taking)} takes rows away"
        return Obstacle(
            told, "Should this one, a superuser has it pass by all policies", f"ALTER ROLE {user} BYPASSRLS"
        )
    told += (
        ", and no policy lets the user see all"
        if command == _READ
        else f", and no policy{verb} with USING (true) is for the user"
    )
    cure = f"CREATE POLICY everybody{verb and verb.replace(' FOR ', '_').lower()} ON {schema_name}.{table}{verb} TO {user} USING (true)"
    return Obstacle(told, "Should this one, the owner adds, under a name that is free", cure)


def standing_in(connection: Connection, schema_name: str) -> Obstacle | None:
    """Return what stands in the place of a table of the state, or adds its own rows to one; None: nothing does."""
    for table, kind, _, child in _standing(connection, schema_name):
        if kind == _PARTITIONED:
            return Obstacle(
                f"is not as it was made: the table {table} is partitioned, so what is read depends on its partitions",
                "Have the owner write its rows into a plain table of that name, or restore a backup into another schema",
            )
        if kind in _KINDS:
            return Obstacle(
                f"is not as it was made: {table} is a {_KINDS[kind].lower()} and no table, so what is read need not be what was written",
                "Find out who made it, take it away, and give the table its name back or restore a backup",
                f"DROP {_KINDS[kind]} {schema_name}.{table}",
            )
        if child is not None:
            return Obstacle(
                f"is not as it was made: the table {one_line(child)} inherits from {table}, so its rows are read as rows of the state",
                "Find out who made it, and have it inherit no more",
                f"ALTER TABLE {one_line(child)} NO INHERIT {schema_name}.{table}",
            )
    return None


def swallowing(connection: Connection, schema_name: str, own: Collection[tuple[str, str]]) -> Obstacle | None:
    """Return what may change, swallow or lose what is written; None: nothing does. ``own`` are tables and triggers of ours."""
    names = {"schema": schema_name, "tables": _names()}
    found = [("trigger", *row) for row in connection.execute(_TRIGGERS, names) if (row[1], row[0]) not in own]
    found += [("rule", *row) for row in connection.execute(_RULES, names)]
    for kind, name, table in found:
        return Obstacle(
            f"was not written to: the {kind} {one_line(name)} of the table {table} is not reconciler's, and can change or swallow what is "
            "written, so that the journal would tell what is not so",
            "Find out who made it, and take it away; a trigger that only looks on runs AFTER a row is written",
            f"DROP {kind.upper()} {one_line(name)} ON {schema_name}.{table}",
        )
    for table, cure in unlogged(connection, schema_name):
        return Obstacle(
            f"was not written to: the table {table} is unlogged, and a crash of the server would empty it",
            "The owner sets it right",
            cure,
        )
    return None


def unlogged(connection: Connection, schema_name: str) -> list[tuple[str, str]]:
    """Return the tables that a crash of the server would empty, each with the statement that sets it right, in that order."""
    return [
        (table, f"ALTER TABLE {schema_name}.{table} SET LOGGED")
        for table, _, is_unlogged, _ in _standing(connection, schema_name)
        if is_unlogged
    ]


def _standing(connection: Connection, schema_name: str) -> list[tuple[Any, ...]]:
    """Return what stands under the names of the tables, in their order: a table refers to those before it alone."""
    names = _names()
    found = connection.execute(_STANDING, {"schema": schema_name, "tables": names}).fetchall()
    return sorted((tuple(row) for row in found), key=lambda row: names.index(row[0]))


def _names() -> list[str]:
    return [each.name for each in schema.TABLES]
