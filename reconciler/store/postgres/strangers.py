"""What others set up in the schema of a state, so that something else runs for PostgreSQL's own.

Of functions of one name PostgreSQL takes the one whose parameters fit best, wherever in the search path it stands. So
whoever may create objects in the schema can have code run by what triggers and statements call, with the rights of
whoever writes. The queries here compare values of equal types alone: of what fits exactly, PostgreSQL's own comes first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from reconciler.characters import one_line

if TYPE_CHECKING:
    from reconciler.store.sql import Connection

_FOREIGN = """
      FROM pg_catalog.{catalog} o
     WHERE o.{place} = CAST(pg_catalog.to_regnamespace(:schema) AS pg_catalog.oid)
       AND EXISTS (SELECT FROM pg_catalog.{catalog} own WHERE own.{name} = o.{name} AND own.{place} = (
                   SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = 'pg_catalog'))
       AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.objid = o.oid AND d.deptype = 'e' AND d.classid = (
                       SELECT oid FROM pg_catalog.pg_class WHERE relname = '{catalog}' AND relnamespace = (
                       SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = 'pg_catalog')))
"""
_PLANTED = f"""
    SELECT 'function', o.proname, pg_catalog.oidvectortypes(o.proargtypes), pg_catalog.quote_ident(o.proname)
    {_FOREIGN.format(catalog="pg_proc", place="pronamespace", name="proname")}
    UNION ALL
    SELECT 'operator', o.oprname, pg_catalog.concat_ws(
           ', ', coalesce(pg_catalog.format_type(nullif(o.oprleft, CAST(0 AS pg_catalog.oid)), NULL), 'NONE'),
           coalesce(pg_catalog.format_type(nullif(o.oprright, CAST(0 AS pg_catalog.oid)), NULL), 'NONE')), o.oprname
    {_FOREIGN.format(catalog="pg_operator", place="oprnamespace", name="oprname")}
    ORDER BY 1, 2, 3
"""
"""Those of an extension are not meant: who installs it may do more than any of them."""
_CREATORS = """
    SELECT g.grantee, CASE WHEN g.grantee = CAST(0 AS pg_catalog.oid) THEN 'PUBLIC' ELSE CAST(CAST(g.grantee AS pg_catalog.regrole) AS text) END
      FROM pg_catalog.pg_namespace n, LATERAL pg_catalog.aclexplode(n.nspacl) g
     WHERE n.nspname = :schema AND g.privilege_type = 'CREATE' AND g.grantee <> n.nspowner
       AND NOT EXISTS (SELECT FROM pg_catalog.pg_class c WHERE c.relnamespace = n.oid AND c.relname = 'accounts'
                       AND c.relowner = g.grantee)
     ORDER BY 2
"""


class Planted(NamedTuple):
    """A function or operator with the name of one of PostgreSQL's own."""

    called: str
    removal: str
    """The statement that takes it away."""


def planted(connection: Connection, schema_name: str) -> tuple[Planted, ...]:
    """Return what stands in the schema under a name of PostgreSQL's own, but for what an extension brought."""
    found = []
    for kind, name, types, quoted in connection.execute(_PLANTED, {"schema": schema_name}).fetchall():
        takes, word = one_line(types), "OPERATOR" if kind == "operator" else "ROUTINE"
        found.append(Planted(f"the {kind} {name}({takes})", f"DROP {word} {schema_name}.{quoted}({takes})"))
    return tuple(found)


def creators(connection: Connection, schema_name: str) -> tuple[tuple[str, str], ...]:
    """Return who may create objects in the schema beside its owner and that of the tables: in words, and as a grantee."""
    found = connection.execute(_CREATORS, {"schema": schema_name}).fetchall()
    return tuple(("Everybody" if number == 0 else f"The role {grantee}", grantee) for number, grantee in found)
