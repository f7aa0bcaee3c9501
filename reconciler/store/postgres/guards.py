"""What PostgreSQL itself refuses, whoever writes: triggers that hold the journal, the serial and the platform's decisions.

The journal and the revisions only grow: each entry has to follow the last one, and its hash is computed here once more.
The serial goes up by one, with its revision. A decision of the platform is recorded by those alone who may execute
``may_decide``. The owner of the tables can lift all of this, as a restore does; nobody else can. Whoever may write can
still append what is not true, under an entry of its own: it stands there for good.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.classes import dataclass
from reconciler.model.accounts.kinds import KINDS

if TYPE_CHECKING:
    from reconciler.store.sql import Connection

GUARDED = ("projects", "accounts", "revisions", "revised_accounts", "journal", "journal_payloads")
"""The tables that have such triggers."""
FORMAT_TABLE = "state_format"
"""The table whose one row tells a state from any other schema, and its version."""
LOCK_TABLE = "state_lock"
"""The empty table whose lock is the write lock: the right to write at all is that to update it."""
MAY_DECIDE = "may_decide"
"""The function that does nothing: the right to approve and reject is that to execute it."""
REFUSED = "RC001"
"""The SQLSTATE of a write that a guard refuses."""

_COVERED = sorted({part for row in KINDS.values() for part in row.approval_covers})
_DIFFERS = " OR ".join(
    f"CAST(NEW.document AS jsonb) #> '{{spec,{part}}}' IS DISTINCT FROM CAST(OLD.document AS jsonb) #> '{{spec,{part}}}'"
    for part in _COVERED
)
_OWNS = "pg_has_role(current_user, (SELECT relowner FROM pg_class WHERE oid = TG_RELID), 'USAGE')"
_DIGEST = "'sha256:' || encode(sha256(convert_to({}, 'UTF8')), 'hex')"
_LINK = _DIGEST.format(
    "'{\"at\":' || to_json(NEW.at) || ',\"event\":' || to_json(NEW.event) || ',\"payloadDigest\":' || to_json(NEW.payload_digest)"
    " || ',\"previous\":' || to_json(NEW.previous) || ',\"sequence\":' || NEW.sequence || '}'"
)
_GENESIS = _DIGEST.format(
    '\'{"genesis":"reconciler journal","lineage":\' || to_json(lineage) || \',"project":\' || to_json(project) || \'}\''
)
"""The texts that ``journal.link_hash`` and ``journal.genesis_hash`` hash: canonical JSON, its keys sorted."""

BODIES = {
    "refuse_change": f"""
BEGIN
  IF TG_OP = 'UPDATE' AND TG_TABLE_NAME IN ('journal_payloads', 'revisions') AND {_OWNS} THEN
    RETURN NEW;  -- an erasure of personal data, which the next entry tells of
  END IF;
  RAISE EXCEPTION '% only grows', TG_TABLE_NAME USING ERRCODE = '{REFUSED}';
END""",
    "check_link": f"""
DECLARE
  last record;
BEGIN
  SELECT sequence, hash INTO last FROM journal WHERE project = NEW.project ORDER BY sequence DESC LIMIT 1;
  IF NOT FOUND THEN
    SELECT 0 AS sequence, {_GENESIS} AS hash INTO last FROM projects WHERE project = NEW.project;
  END IF;
  IF last.sequence IS NULL OR NEW.sequence <> last.sequence + 1 OR NEW.previous <> last.hash THEN
    RAISE EXCEPTION 'the entry does not follow the last one' USING ERRCODE = '{REFUSED}';
  END IF;
  IF NEW.hash <> {_LINK} THEN
    RAISE EXCEPTION 'the hash does not fit the entry' USING ERRCODE = '{REFUSED}';
  END IF;
  RETURN NEW;
END""",
    "check_payload": f"""
BEGIN
  IF NOT EXISTS (SELECT FROM journal WHERE project = NEW.project AND sequence = NEW.sequence
                 AND payload_digest = {_DIGEST.format("NEW.payload")}) THEN
    RAISE EXCEPTION 'the payload is not the entry''s' USING ERRCODE = '{REFUSED}';
  END IF;
  RETURN NEW;
END""",
    "require_payload": f"""
BEGIN
  IF NOT EXISTS (SELECT FROM journal_payloads WHERE project = NEW.project AND sequence = NEW.sequence) THEN
    RAISE EXCEPTION 'the entry has no payload' USING ERRCODE = '{REFUSED}';
  END IF;
  RETURN NULL;
END""",
    "check_project": f"""
BEGIN
  IF TG_OP = 'INSERT' THEN
    IF NEW.serial <> 0 THEN
      RAISE EXCEPTION 'the serial of a new state is 0' USING ERRCODE = '{REFUSED}';
    END IF;
    RETURN NEW;
  END IF;
  IF (NEW.project, NEW.lineage, NEW.created_at) IS DISTINCT FROM (OLD.project, OLD.lineage, OLD.created_at) THEN
    RAISE EXCEPTION 'the identity of a state stays' USING ERRCODE = '{REFUSED}';
  END IF;
  IF NEW.serial <> OLD.serial AND (NEW.serial <> OLD.serial + 1 OR NOT EXISTS (
      SELECT FROM revisions WHERE project = NEW.project AND revision = NEW.serial)) THEN
    RAISE EXCEPTION 'the serial goes up by one, with its revision' USING ERRCODE = '{REFUSED}';
  END IF;
  IF OLD.fingerprint_key_id IS NOT NULL AND NEW.fingerprint_key_id IS DISTINCT FROM OLD.fingerprint_key_id
      AND NOT {_OWNS} THEN
    RAISE EXCEPTION 'another key of fingerprints is the owner''s to set' USING ERRCODE = '{REFUSED}';
  END IF;
  RETURN NEW;
END""",
    "check_revision": f"""
BEGIN
  IF NOT EXISTS (SELECT FROM projects WHERE project = NEW.project AND serial + 1 = NEW.revision) THEN
    RAISE EXCEPTION 'the revision does not follow the serial' USING ERRCODE = '{REFUSED}';
  END IF;
  RETURN NEW;
END""",
    "require_serial": f"""
BEGIN
  IF NOT EXISTS (SELECT FROM projects WHERE project = NEW.project AND serial >= NEW.revision) THEN
    RAISE EXCEPTION 'the serial does not tell of the revision' USING ERRCODE = '{REFUSED}';
  END IF;
  RETURN NULL;
END""",
    "check_decision": f"""
BEGIN
  IF NEW.approval IS NULL OR has_function_privilege(current_user, '{MAY_DECIDE}()', 'EXECUTE') THEN
    RETURN NEW;
  END IF;
  IF TG_OP = 'INSERT' OR NEW.approval IS DISTINCT FROM OLD.approval OR NEW.kind <> OLD.kind OR {_DIFFERS} THEN
    RAISE EXCEPTION 'permission denied for function {MAY_DECIDE}' USING ERRCODE = '42501';
  END IF;
  RETURN NEW;
END""",
}
"""The bodies of the trigger functions, by name."""
_APPEND_ONLY = "BEFORE DELETE OR UPDATE ON {} FOR EACH ROW EXECUTE FUNCTION refuse_change()"
_AT_THE_END = "AFTER INSERT ON {} DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION {}()"
_TRIGGERS = {
    "a_link": ("journal", "BEFORE INSERT ON {} FOR EACH ROW EXECUTE FUNCTION check_link()"),
    "a_payload": ("journal_payloads", "BEFORE INSERT ON {} FOR EACH ROW EXECUTE FUNCTION check_payload()"),
    "a_project": ("projects", "BEFORE INSERT OR UPDATE ON {} FOR EACH ROW EXECUTE FUNCTION check_project()"),
    "a_revision": ("revisions", "BEFORE INSERT ON {} FOR EACH ROW EXECUTE FUNCTION check_revision()"),
    "an_index": ("revised_accounts", "BEFORE INSERT ON {} FOR EACH ROW EXECUTE FUNCTION check_revision()"),
    "a_decision": ("accounts", "BEFORE INSERT OR UPDATE ON {} FOR EACH ROW EXECUTE FUNCTION check_decision()"),
    "has_payload": ("journal", _AT_THE_END.format("{}", "require_payload")),
    "has_serial": ("revisions", _AT_THE_END.format("{}", "require_serial")),
    "only_grows_projects": ("projects", "BEFORE DELETE ON {} FOR EACH ROW EXECUTE FUNCTION refuse_change()"),
    **{
        f"only_grows_{name}": (name, _APPEND_ONLY)
        for name in ("journal", "journal_payloads", "revisions", "revised_accounts")
    },
    **{
        f"is_kept_{name}": (name, "BEFORE TRUNCATE ON {} FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()")
        for name in GUARDED
        if name != "accounts"
    },
}
"""Table and rest of each trigger, by its name, in the words that PostgreSQL itself tells it in."""


@dataclass(frozen=True, slots=True)
class Trigger:
    """One trigger as it is made."""

    table: str
    function: str
    definition: str
    """The statement that makes it."""


def _trigger(name: str, table: str, rest: str) -> Trigger:
    kind = "CONSTRAINT TRIGGER" if "DEFERRABLE" in rest else "TRIGGER"
    function = rest.rpartition(" ")[2].removesuffix("()")
    return Trigger(table, function, f"CREATE {kind} {name} {rest.format(table)}")


TRIGGERS = {name: _trigger(name, table, rest) for name, (table, rest) in _TRIGGERS.items()}
"""By name. Another body or trigger is another format of the state: one of before would be told as altered."""


def search_path(schema: str) -> str:
    """Return where what a function names is looked for: in the schema alone, before it nobody's temporary tables."""
    return f"{schema}, pg_temp"


def make_guards(connection: Connection, schema: str) -> None:
    """Make the lock table, the functions and the triggers, or make them anew."""
    statements = [
        f"CREATE TABLE IF NOT EXISTS {LOCK_TABLE} (nothing integer)",
        f"CREATE OR REPLACE FUNCTION {MAY_DECIDE}() RETURNS void LANGUAGE sql AS ''",
        f"REVOKE EXECUTE ON FUNCTION {MAY_DECIDE}() FROM PUBLIC",
    ]
    head = f"RETURNS trigger LANGUAGE plpgsql SET search_path = {search_path(schema)}"
    statements += [f"CREATE OR REPLACE FUNCTION {name}() {head} AS $body${body}$body$" for name, body in BODIES.items()]
    for name, trigger in TRIGGERS.items():
        statements += [f"DROP TRIGGER IF EXISTS {name} ON {trigger.table}", trigger.definition]
    for statement in statements:
        connection.execute(statement)


def lift_guards(connection: Connection) -> None:
    """Let this transaction rewrite what is guarded; only the owner of the tables may."""
    for table in GUARDED:
        connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")


def set_guards(connection: Connection) -> None:
    """Have the guards watch again."""
    for table in GUARDED:
        connection.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
