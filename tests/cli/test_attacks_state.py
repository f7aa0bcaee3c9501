"""The attacker's table, of state: rows that something other than reconciler wrote are not written over.

Each row alters the state behind the journal's back, then lets somebody write who knows nothing of it. The write is
refused with 4, says which account and what differs, and leaves every table as it is, so that the alteration stays as
visible to ``journal check`` as it was.
"""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from tests.cli.mailing import CONTACTS, EML
from tests.cli.project import PASSWORD, USER, VARIABLE, Project, marketing_account, own_account
from tests.support.earlier import without_register
from tests.support.mailserver import MailServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

STOP = '{"actor":"eve","at":"2026-01-01T00:00:00Z","reason":"x"}'
EVIDENCE = '{"settings_digest":"sha256:0","verification":{"checks":[],"depth":null,"status":"skipped"}}'
COLUMNS = {
    "document": "replace(document, 'Example', 'Evil')",
    "written": '\'{"spec.email":"eve@example.com"}\'',
    "revision": "0",
    "created_at": "'2020-01-01T00:00:00Z'",
    "updated_at": "'2020-01-01T00:00:00Z'",
    "settings_digest": "'sha256:0'",
    "ca_digest": "'0'",
    "fingerprints": "NULL",
    "fingerprint_key_id": "'0000000000000000'",
    "approval": f'\'{STOP[:-1]},"decision":"rejected","subject_digest":"sha256:0"}}\'',
    "verification": '\'{"outcome":"overridden"}\'',
    "suspension": f"'{STOP}'",
    "evidence": f"'{EVIDENCE}'",
    "manifest": "'accounts.d/other/sales.yaml'",
}
"""By column, what it is altered to."""
ALTERATIONS = {
    **{name: f"UPDATE accounts SET {name} = {value} WHERE name = 'sales'" for name, value in COLUMNS.items()},  # noqa: S608 - of this file
    "removed": "DELETE FROM accounts WHERE name = 'sales'",
    "renamed": "UPDATE accounts SET name = 'sold' WHERE name = 'sales'",
    "exchanged": "UPDATE accounts SET document = (SELECT document FROM accounts WHERE name = 'spare') WHERE name = 'sales'",
}
WRITES = {
    "suspend": ("suspend", "sales", "--reason", "Leaked."),
    "apply": ("apply", "--auto-approve"),
    "verify": ("verify", "sales", "--recorded"),
    "rekey": ("state", "rekey", "--accept-rotated"),
    "revoke": ("state", "revoke", f"env:{VARIABLE}"),
    "redact": ("journal", "redact", "spare", "--past-only"),
}
ROWS = [(alteration, write) for alteration in ALTERATIONS for write in WRITES]
OF_NEWS = {
    "approved": "UPDATE accounts SET approval = NULL WHERE name = 'news'",
    "settings": "UPDATE accounts SET document = replace(document, 'Example', 'Evil') WHERE name = 'news'",
    "stopped": f"UPDATE accounts SET suspension = '{STOP}' WHERE name = 'news'",  # noqa: S608 - of this file
}
DECISIONS = {
    "approve": ("approve", "news"),
    "reject": ("reject", "news", "--reason", "No."),
    "resume": ("resume", "news"),
    "all pending": ("approve", "--all-pending"),
}
ROWS_OF_NEWS = [
    (alteration, write)
    for alteration in OF_NEWS
    for write in DECISIONS
    if write != "all pending" or alteration == "approved"
]


@pytest.fixture(scope="module")
def running() -> Iterator[MailServer]:
    """Run the accounts' server."""
    with MailServer(encryption="none", users={USER: PASSWORD}) as server:
        yield server


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder that the settled project is kept in, once it was made."""
    return tmp_path_factory.mktemp("settled") / "mail"


@pytest.fixture
def settled(bare: Project, running: MailServer, cache: Path) -> Project:
    """Return a project with two own accounts and an approved marketing account, and a change to apply."""
    if not cache.exists():
        bare.init()
        for name in ("sales", "spare"):
            bare.write_account(name, own_account(name, running, email=f"{name}@example.com"))
        bare.write_account("news", marketing_account("news"))
        bare.run_well("apply", "--auto-approve", "--depth", "auth")
        bare.run_well("approve", "news")
        bare.write_account("sales", own_account("sales", running, metadata="title: New", email="sales@example.com"))
        shutil.copytree(bare.folder, cache)
    else:
        shutil.copytree(cache, bare.folder, dirs_exist_ok=True)
    return bare


def tables(project: Project) -> str:
    """Return all that the state holds, as SQL."""
    with closing(sqlite3.connect(project.state_file)) as connection:
        return "\n".join(connection.iterdump())


def refuse(project: Project, words: tuple[str, ...], code: str = "accountAltered") -> str:
    """Fail unless a write is refused with 4 and this code, and has written nothing; return what it says."""
    before = tables(project)
    refused = project.run(*words, "--format", "json")
    assert 4 == refused.code, refused
    assert code in refused.codes, refused
    assert before == tables(project)
    return next(str(problem["detail"]) for problem in refused.document["diagnostics"] if problem["code"] == code)


@pytest.mark.parametrize(("alteration", "write"), ROWS, ids=[f"{row[0]}, {row[1]}" for row in ROWS])
def test_no_write_goes_over_an_altered_account(settled: Project, alteration: str, write: str) -> None:
    """Whatever of an account was altered, and whoever writes: refused, and the check goes on to tell of it."""
    settled.execute_sql(ALTERATIONS[alteration])
    refuse(settled, WRITES[write])
    assert 1 == settled.run("journal", "check").code


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize(
    "column", ["document", "kind", "approval", "verification", "suspension", "evidence", "fingerprints"]
)
def test_no_write_goes_over_an_account_that_cannot_be_read(settled: Project, column: str, write: str) -> None:
    """A row that reconciler never writes is an alteration like every other: 4, whichever part of it is read."""
    settled.execute_sql(f"UPDATE accounts SET {column} = '[nonsense' WHERE name = 'sales'")  # noqa: S608 - of this file
    refuse(settled, WRITES[write])


@pytest.mark.parametrize("column", ["suspension", "evidence"])
def test_what_cannot_be_read_cannot_be_accepted(settled: Project, column: str) -> None:
    """Who has accepted a row that cannot be read is not told to accept it, again and again: the backup is the way."""
    settled.execute_sql(f"UPDATE accounts SET {column} = '[nonsense' WHERE name = 'sales'")  # noqa: S608 - of this file
    detail = refuse(settled, (*WRITES["suspend"], "--accept-altered", "sales=Mended by hand."))
    assert "    reconciler state restore FILE" in detail.splitlines()
    assert "--accept-altered" not in detail


@pytest.mark.parametrize(("alteration", "write"), ROWS_OF_NEWS, ids=[f"{row[0]}, {row[1]}" for row in ROWS_OF_NEWS])
def test_the_platform_decides_on_no_altered_account(settled: Project, alteration: str, write: str) -> None:
    """A decision on an account that was altered is refused, whether it would change anything or not."""
    settled.execute_sql(OF_NEWS[alteration])
    refuse(settled, DECISIONS[write])


def test_nothing_is_sent_through_an_altered_account(settled: Project, running: MailServer) -> None:
    """An account whose stop was taken away behind the journal's back does not send."""
    settled.run_well("suspend", "spare", "--reason", "Leaked.")
    settled.execute_sql("UPDATE accounts SET suspension = NULL WHERE name = 'spare'")
    (settled.folder / "june.eml").write_bytes(EML.encode())
    (settled.folder / "contacts.csv").write_text(CONTACTS, encoding="utf-8")
    running.messages.clear()
    refuse(settled, ("send", "spare", "--message", "june.eml", "--contacts", "contacts.csv"))
    assert [] == running.messages


@pytest.mark.parametrize("change", ["update", "delete", "rename", "create"])
def test_no_change_of_a_plan_goes_over_an_altered_account(settled: Project, running: MailServer, change: str) -> None:
    """The plan is blocked, so a pull request shows it, and a plan that was saved before is refused."""
    if change != "update":
        settled.remove_account("sales")
    if change == "rename":
        settled.write_account("shop", own_account("shop", running, metadata="previousName: sales"))
    if change == "create":
        settled.run_well("apply", "--auto-approve")
        settled.write_account("sales", own_account("sales", running))
    settled.run_well("plan", "--depth", "auth", "--out", "plan.json")
    altered = COLUMNS["document"]
    settled.execute_sql(
        "INSERT INTO accounts (project, name, kind, document, written, revision, created_at, updated_at, settings_digest, "
        "ca_digest, fingerprints, fingerprint_key_id, approval, verification, suspension, evidence, manifest, ca_pem) SELECT "
        "project, 'sales', kind, document, written, revision, created_at, updated_at, "
        "settings_digest, ca_digest, fingerprints, fingerprint_key_id, approval, verification, suspension, evidence, "
        "manifest, ca_pem FROM accounts WHERE name = 'spare'"
        if change == "create"
        else f"UPDATE accounts SET evidence = NULL, document = {altered} WHERE name = 'sales'"  # noqa: S608 - of this file
    )
    planned = settled.run("plan", "--depth", "offline", "--format", "json")
    assert (4, "blocked") == (planned.code, planned.document["status"])
    before = tables(settled)
    assert settled.run("apply", "plan.json").code in {4, 5}
    assert before == tables(settled)


@pytest.mark.parametrize(
    ("write", "words"),
    [(name, words) for name, words in WRITES.items() if name != "redact"] + [("redact", WRITES["redact"])],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_an_altered_account_can_be_accepted(settled: Project, write: str, words: tuple[str, ...]) -> None:
    """With a reason it is taken as it is; the journal and history keep the reason, and the check holds again."""
    settled.execute_sql(ALTERATIONS["created_at"])
    assert 1 == settled.run("journal", "check").code
    settled.run_well(*words, "--accept-altered", "sales=Mended by hand.")
    event, payload = settled.journal()[-1]
    assert {"sales": "Mended by hand."} == payload["acceptedAltered"], (write, event)
    assert "taken as it was altered: sales (Mended by hand.)" in settled.run_well("history").out


@pytest.mark.parametrize("write", ["suspend", "apply"])
def test_what_was_not_altered_needs_no_acceptance(settled: Project, write: str) -> None:
    """A reason for an account that is as it was recorded is a mistake, and is told as one."""
    before = tables(settled)
    refused = settled.run(*WRITES[write], "--accept-altered", "spare=Just in case.", "--format", "json")
    assert (1, ["selectorMatchesNothing"]) == (refused.code, refused.codes)
    assert before == tables(settled)


@pytest.mark.parametrize("column", ["created_at", "suspension", "approval", "document"])
def test_the_refusal_names_what_differs(settled: Project, column: str) -> None:
    """It says which account and which of its fields, and what to do."""
    words = {"created_at": "creation time", "suspension": "suspension", "approval": "approval", "document": "settings"}
    settled.execute_sql(ALTERATIONS[column])
    detail = refuse(settled, WRITES["apply"])
    assert (
        f"sales in state is not what the journal last recorded of it (entry 1). What differs: {words[column]}."
        in detail
    )
    assert "--accept-altered sales=REASON" in detail


def test_who_sends_is_told_a_command_that_takes_the_account(settled: Project) -> None:
    """Sending writes no account and has no such option, so it names the one that does; then the account sends."""
    (settled.folder / "team.csv").write_text("email\nanna@example.com\n", encoding="utf-8")
    words = ("send", "sales", "--contacts", "team.csv", "--subject", "Hello", "--body", "Text", "--yes")
    settled.execute_sql(ALTERATIONS["created_at"])
    refused = settled.run(*words)
    assert 4 == refused.code
    assert "\n        reconciler verify --recorded sales --accept-altered sales=REASON" in refused.err
    settled.run_well("verify", "--recorded", "sales", "--accept-altered", "sales=Mended.")
    settled.run_well(*words)


@pytest.mark.parametrize("reason", ["sales", "sales=", "=Because."])
def test_an_acceptance_needs_a_name_and_a_reason(settled: Project, reason: str) -> None:
    """What is not NAME=REASON is bad usage."""
    assert 1 == settled.run(*WRITES["suspend"], "--accept-altered", reason).code


def test_an_acceptance_is_for_what_is_recorded(settled: Project) -> None:
    """Verifying manifests writes nothing, so there is nothing to accept."""
    assert 1 == settled.run("verify", "--accept-altered", "sales=Mended.").code


STATE = {
    "key": "UPDATE projects SET fingerprint_key_id = '0000000000000000'",
    "no key": "UPDATE projects SET fingerprint_key_id = NULL",
    "creation": "UPDATE projects SET created_at = '2020-01-01T00:00:00Z'",
}
ADDED = (
    "INSERT INTO secret_routes SELECT project, 'sha256:1', {account}, {secret}, {fingerprint}, "
    "replace(route, 'localhost', 'evil.example') FROM secret_routes LIMIT 1"
)
OF_ROUTES = {
    "a route more of the secret, by another account": ADDED.format(
        account="'ghost'", secret="secret", fingerprint="NULL"
    ),
    "a route more of the value, by another reference": ADDED.format(
        account="'ghost'", secret="'env:SMTP_GHOST'", fingerprint="fingerprint"
    ),
    "a route more of the account, of another secret": ADDED.format(
        account="'sales'", secret="'env:SMTP_GHOST'", fingerprint="NULL"
    ),
    "digest of a route": "UPDATE secret_routes SET digest = digest || '0'",
    "a route more": "INSERT INTO secret_routes SELECT project, 'sha256:1', account, secret, fingerprint, "
    "replace(route, 'localhost', 'evil.example') FROM secret_routes LIMIT 1",
    "another route": "UPDATE secret_routes SET route = replace(route, 'localhost', 'evil.example')",
    "a value less": "UPDATE secret_routes SET fingerprint = NULL",
    "a route less": "DELETE FROM secret_routes",
}


@pytest.mark.parametrize("alteration", STATE)
def test_nothing_is_written_to_a_state_whose_own_row_was_altered(settled: Project, alteration: str) -> None:
    """Creation time and id of the key are vouched for by every entry: a write is refused, unless it accepts them."""
    settled.execute_sql(STATE[alteration])
    assert 1 == settled.run("journal", "check").code
    refuse(settled, WRITES["suspend"], "stateAltered")
    settled.run_well(*WRITES["suspend"], "--accept-altered", "@state=Moved by hand.")
    settled.run_well("journal", "check")


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize("alteration", OF_ROUTES)
def test_no_write_goes_over_altered_routes(settled: Project, alteration: str, write: str) -> None:
    """Whoever rewrites the register of routes, or what tells of it, is refused where a row of it was altered."""
    settled.execute_sql(OF_ROUTES[alteration])
    assert 1 == settled.run("journal", "check").code
    refuse(settled, WRITES[write], "stateAltered")


@pytest.mark.parametrize("write", ["plan", "apply", "apply of a plan", "verify", "verify --recorded", "send"])
@pytest.mark.parametrize("alteration", OF_ROUTES)
def test_no_login_goes_a_route_that_the_journal_does_not_vouch_for(
    settled: Project, running: MailServer, alteration: str, write: str
) -> None:
    """Whoever would send the secret is refused with 4 before anything is contacted."""
    settled.run_well("plan", "--depth", "offline", "--out", "plan.json")
    (settled.folder / "june.eml").write_bytes(EML.encode())
    (settled.folder / "contacts.csv").write_text(CONTACTS, encoding="utf-8")
    settled.execute_sql(OF_ROUTES[alteration])
    before = running.connections
    words = {
        "apply of a plan": ("apply", "plan.json"),
        "verify --recorded": ("verify", "sales", "--recorded"),
        "send": ("send", "sales", "--message", "june.eml", "--contacts", "contacts.csv"),
        "apply": WRITES["apply"],
    }.get(write, (write,))
    refuse(settled, words, "stateAltered")
    assert before == running.connections


@pytest.mark.parametrize("alteration", OF_ROUTES)
@pytest.mark.parametrize("write", WRITES)
def test_altered_routes_can_be_accepted(settled: Project, alteration: str, write: str) -> None:
    """With a reason they are taken as they are by any write; the journal keeps it, the check holds, and writes go on."""
    settled.execute_sql(OF_ROUTES[alteration])
    outcome = settled.run(*WRITES[write], "--accept-altered", "@routes=Moved by hand.")
    if write in {"apply", "verify"} and alteration == "another route":
        # Where the secret went is in the register no more, so it may not go there: the other way has to be accepted.
        assert (4, "[credentialWithheld]" in outcome.err) == (4, True), outcome
        settled.run_well("suspend", "spare", "--reason", "A test.", "--accept-altered", "@routes=Moved by hand.")
    elif write == "revoke" and alteration == "a route less":
        # Nothing is left to be revoked, and nothing is written.
        assert (1, "[selectorMatchesNothing]" in outcome.err) == (outcome.code, True), outcome
        return
    else:
        assert 0 == outcome.code, outcome
    _, payload = settled.journal()[-1]
    assert {"@routes": "Moved by hand."} == payload["acceptedAltered"]
    settled.run_well("journal", "check")
    assert "Moved by hand." in settled.run_well("history").out
    settled.run_well("suspend", "news", "--reason", "A test.")


@pytest.mark.parametrize("write", ["rekey", "revoke", "redact"])
def test_who_writes_over_all_of_state_is_told_the_way_on(settled: Project, write: str) -> None:
    """Beside a backup, routes can be accepted, and a reason for something else does not accept them."""
    settled.execute_sql(OF_ROUTES["a route more"])
    detail = refuse(settled, WRITES[write], "stateAltered")
    assert "    reconciler state restore FILE" in detail.splitlines()
    assert "    --accept-altered @routes=REASON" in detail.splitlines()
    assert "@state=REASON" not in detail
    refuse(settled, (*WRITES[write], "--accept-altered", "@state=x"), "stateAltered")


@pytest.mark.parametrize("write", ["rekey", "revoke", "redact"])
def test_an_acceptance_of_routes_accepts_nothing_else(settled: Project, write: str) -> None:
    """A revision that was altered stays refused, and no acceptance is offered for it."""
    settled.execute_sql(OF_ROUTES["a route more"])
    settled.execute_sql("UPDATE revisions SET changes = replace(changes, 'create', 'update')")
    detail = refuse(settled, (*WRITES[write], "--accept-altered", "@routes=Moved by hand."), "stateAltered")
    assert "--accept-altered" not in detail


def test_a_route_that_was_put_in_and_accepted_can_be_revoked_in_one(settled: Project) -> None:
    """Whoever takes the register as it is to clear it up takes the secret's routes away by the same command."""
    settled.execute_sql(OF_ROUTES["a route more"])
    settled.run_well(*WRITES["revoke"], "--accept-altered", "@routes=To be cleared up.")
    settled.run_well("journal", "check")
    assert "credentialWithheld" in settled.run("verify", "sales", "--recorded").err


@pytest.mark.parametrize("write", ["plan", "apply", "verify --recorded", "send"])
def test_an_accepted_register_without_the_route_lets_no_secret_travel(
    settled: Project, running: MailServer, write: str
) -> None:
    """What was accepted is what counts from then on: at a server that the altered row names no more nobody logs in."""
    (settled.folder / "june.eml").write_bytes(EML.encode())
    (settled.folder / "contacts.csv").write_text(CONTACTS, encoding="utf-8")
    settled.execute_sql(OF_ROUTES["another route"])
    settled.run_well("suspend", "spare", "--reason", "A test.", "--accept-altered", "@routes=Moved by hand.")
    before = running.login_attempts
    words = {
        "verify --recorded": ("verify", "sales", "--recorded"),
        "send": ("send", "sales", "--message", "june.eml", "--contacts", "contacts.csv"),
        "plan": ("plan", "--depth", "auth"),
        "apply": ("apply", "--auto-approve", "--depth", "auth"),
    }[write]
    refused = settled.run(*words)
    assert (4, True) == (refused.code, "[credentialWithheld]" in refused.err), refused
    assert before == running.login_attempts


def test_routes_as_they_were_recorded_need_no_acceptance(settled: Project) -> None:
    """A reason for what was not altered is a mistake."""
    refused = settled.run(*WRITES["suspend"], "--accept-altered", "@routes=x", "--format", "json")
    assert (1, ["selectorMatchesNothing"]) == (refused.code, refused.codes)


def test_a_route_of_nobodys_business_stops_nobody_and_stays_visible(settled: Project) -> None:
    """A row of another account, secret and value lets an account be stopped, and is not vouched for by that."""
    ghost = ADDED.format(account="'ghost'", secret="'env:SMTP_GHOST'", fingerprint="NULL")
    settled.execute_sql(ghost)
    settled.run_well(*WRITES["suspend"])
    assert 1 == settled.run("journal", "check").code
    settled.execute_sql("UPDATE secret_routes SET secret = 'env:SMTP_SALES_PASSWORD' WHERE account = 'ghost'")
    refuse(settled, ("resume", "sales"), "stateAltered")


def test_a_state_of_an_earlier_version_is_compared_by_what_all_its_entries_tell(settled: Project) -> None:
    """Without a digest over the register, routes count that single entries recorded, and the next entry has the digest."""
    without_register(settled.state_file)
    settled.run_well("journal", "check")
    for alteration in OF_ROUTES.values():
        kept = settled.state_file.read_bytes()
        settled.execute_sql(alteration)
        refuse(settled, WRITES["apply"], "stateAltered")
        settled.state_file.write_bytes(kept)
    settled.run_well(*WRITES["suspend"])
    assert "routeRegister" in settled.journal()[-1][1]


SERIALS = {
    "raised": ("UPDATE projects SET serial = 9",),
    "lowered": ("UPDATE projects SET serial = 0",),
    "with its revision": (
        "DELETE FROM revisions",
        "DELETE FROM revised_accounts",
        "UPDATE projects SET serial = 0",
    ),
    "a revision moved": ("UPDATE revisions SET revision = 9", "UPDATE projects SET serial = 9"),
    "a revision less": ("DELETE FROM revisions",),
    "a revision more": (
        """INSERT INTO revisions SELECT project, 2, at, actor, actor_source, "commit", reference, 'x', summary, changes
        FROM revisions""",
        "UPDATE projects SET serial = 2",
    ),
}


@pytest.mark.parametrize("alteration", SERIALS)
def test_no_plan_is_applied_on_an_altered_serial(settled: Project, alteration: str) -> None:
    """A revision beyond a gap, or under a number given before, would make the alteration look right."""
    for statement in SERIALS[alteration]:
        settled.execute_sql(statement)
    assert 1 == settled.run("journal", "check").code
    refuse(settled, WRITES["apply"], "stateAltered")
    assert 1 == settled.run("journal", "check").code


def test_an_account_removed_with_its_traces_is_not_made_anew(settled: Project) -> None:
    """Where the index of revisions no longer knows the name, the journal still does."""
    for table in ("accounts", "revised_accounts"):
        settled.execute_sql(f"DELETE FROM {table} WHERE name = 'sales'")  # noqa: S608 - of this file
    refuse(settled, WRITES["apply"])


def test_a_rewritten_payload_vouches_for_nothing(settled: Project) -> None:
    """Who alters the row and what the journal tells of it, but not the chain, is refused as well."""
    settled.execute_sql(ALTERATIONS["created_at"])
    settled.execute_sql("UPDATE journal_payloads SET payload = replace(payload, 'news', 'nova') WHERE sequence = 1")
    assert "entry 1 does not hold" in refuse(settled, WRITES["suspend"])


def test_other_accounts_are_verified_and_recorded(settled: Project) -> None:
    """The nightly check leaves an altered account alone, ends with 4, and records how the others stand."""
    settled.execute_sql(ALTERATIONS["document"])
    verified = settled.run("verify", "--recorded", "--format", "json")
    assert (4, ["accountAltered"]) == (verified.code, [code for code in verified.codes if code == "accountAltered"])
    assert ["news", "spare"] == [account["name"] for account in verified.document["accounts"]]
    with closing(sqlite3.connect(settled.state_file)) as connection:
        assert ("verify",) == connection.execute("SELECT event FROM journal ORDER BY sequence DESC").fetchone()


def test_a_failed_check_says_what_to_do(settled: Project) -> None:
    """A failed check names both ways on, beside what is wrong."""
    settled.execute_sql(ALTERATIONS["removed"])
    said = settled.run("journal", "check").out
    assert "reconciler state restore FILE" in said
    assert "--accept-altered NAME=REASON" in said


def test_the_table_is_long_enough() -> None:
    """There are at least a hundred rows of altered states."""
    assert 100 <= len(ROWS) + len(ROWS_OF_NEWS) + len(OF_ROUTES) * 3
