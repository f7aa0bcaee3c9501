"""The roles of a state in PostgreSQL, each with no more than its commands need, as statements to run once.

They are groups: whoever works with the state logs in by a name of its own and is made a member. The owner of the tables
is none of them: it alone makes, migrates and restores the state, changes keys, revokes routes, erases personal data.
"""

from __future__ import annotations

from reconciler.model.roles import Role
from reconciler.store import schema
from reconciler.store.postgres.guards import FORMAT_TABLE, LOCK_TABLE, MAY_DECIDE
from reconciler.store.senders import VIEW

PREFIX = "reconciler_"


def _on(privileges: str, *tables: str) -> str:
    return f"{privileges} ON {', '.join(f'{{schema}}.{table}' for table in tables)}"


_TABLES = tuple(each.name for each in schema.TABLES)
_READS = _on("SELECT", FORMAT_TABLE, *_TABLES)
_WRITES = (
    _on("UPDATE", LOCK_TABLE),
    _on("INSERT", schema.JOURNAL.name, schema.PAYLOADS.name),
)
_NOTES = _on("INSERT, UPDATE, DELETE", schema.PUBLICATIONS.name)
_BY_APPLY = ", ".join(
    f'"{column}"' for column in schema.ACCOUNTS.columns if column not in {"project", "created_at", "suspension"}
)

ROLES = (
    Role(name="planner", does="reads all of it: plans, lists, history, reports, backups", grants=(_READS,)),
    Role(
        name="applier",
        does="applies, publishes, verifies what is recorded; decides nothing and stops nothing",
        grants=(
            _READS,
            *_WRITES,
            _NOTES,
            _on("INSERT, DELETE", schema.ACCOUNTS.name),
            _on(f"UPDATE ({_BY_APPLY})", schema.ACCOUNTS.name),
            _on("INSERT", schema.ROUTES.name, schema.REVISIONS.name, schema.REVISED_ACCOUNTS.name),
            _on("UPDATE (serial, fingerprint_key_id)", schema.PROJECTS.name),
        ),
    ),
    Role(
        name="approver",
        does="approves, rejects, suspends and resumes",
        grants=(
            _READS,
            *_WRITES,
            _NOTES,
            _on("UPDATE (approval, suspension)", schema.ACCOUNTS.name),
            f"EXECUTE ON FUNCTION {{schema}}.{MAY_DECIDE}()",
        ),
    ),
    Role(name="sender", does="sends, and notes it in the journal", grants=(_READS, *_WRITES)),
    Role(name="lookup", does=f"reads the view {VIEW} and nothing else", grants=(_on("SELECT", VIEW),)),
)


def role_statements(schema_name: str, *, prefix: str = PREFIX) -> list[str]:
    """Return the statements that make the roles, or make them anew: what one was granted in the schema before goes."""
    statements = []
    for role in (each.named(prefix, schema_name) for each in ROLES):
        statements += [
            f"DO $$ BEGIN CREATE ROLE {role.name}; EXCEPTION WHEN duplicate_object THEN NULL; END $$",
            f"REVOKE ALL ON ALL TABLES IN SCHEMA {schema_name} FROM {role.name}",
            f"REVOKE ALL ON ALL FUNCTIONS IN SCHEMA {schema_name} FROM {role.name}",
            f"GRANT USAGE ON SCHEMA {schema_name} TO {role.name}",
            *(f"GRANT {grant} TO {role.name}" for grant in role.grants),
        ]
    return statements


def schema_of(url: str) -> str:
    """Return the schema that an address names; raise ``InvalidInput`` for one that is none."""
    from reconciler.store.postgres.address import postgres_address  # needs the driver, and the roles alone do not

    return postgres_address(url).schema
