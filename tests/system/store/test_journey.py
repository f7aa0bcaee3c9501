"""The command line on a state in PostgreSQL, from the first command to the care of the state."""

from __future__ import annotations

import shlex
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from tests.cli.mailing import EML, words
from tests.cli.project import PASSWORD, USER, VARIABLE, Project, marketing_account, own_account
from tests.support.mailserver import MailServer
from tests.system.support.postgres import SCRAM_USER

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.system.support.postgres import PostgresServer

KEY = "RECONCILER_FINGERPRINT_KEY"
DATABASE_PASSWORD = "canary-of-the-database"


@pytest.fixture
def mail() -> Iterator[MailServer]:
    """Run a mail server that encrypts nothing, on the loopback interface, where that is allowed."""
    with MailServer(encryption="none", users={USER: PASSWORD}) as running:
        yield running


@pytest.fixture
def bare(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], server: PostgresServer,
    database: str,
) -> Project:  # fmt: skip
    """Return a project whose state is to be in PostgreSQL, under a role with a password; nothing is made yet."""
    made = Project(tmp_path / "mail", monkeypatch, capsys)
    made.set_variable(VARIABLE, PASSWORD)
    server.make_role(SCRAM_USER, f"SUPERUSER PASSWORD '{DATABASE_PASSWORD}'")
    made.set_variable("PGPASSWORD", DATABASE_PASSWORD)
    made.write_project(f"state: {server.url(database, user=SCRAM_USER)}\n")
    return made


def name_the_key(project: Project, value: str = "k" * 40) -> None:
    """Let the project file name the key of fingerprints."""
    path = project.folder / "reconciler.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text + f"secrets: {{fingerprintKey: {{env: {KEY}}}}}\n", encoding="utf-8")
    project.set_variable(KEY, value)


@pytest.fixture
def project(bare: Project) -> Project:
    """Return a project with state in PostgreSQL, and without accounts."""
    name_the_key(bare)
    bare.run_well("state", "init")
    return bare


@pytest.fixture
def applied(project: Project, mail: MailServer) -> Project:
    """Return a project with one account of its own and one of the platform's."""
    project.write_account("sales", own_account("sales", mail))
    project.write_account("news", marketing_account("news"))
    project.run_well("apply", "--auto-approve", "--actor", "olga")
    return project


def events(project: Project) -> list[str]:
    """Return the events of the journal, which must hold."""
    project.run_well("journal", "check")
    told = project.run_well("history", "--format", "json").document["events"]
    return [event["event"] for event in told]


def test_the_key_has_to_be_named(bare: Project) -> None:
    """Without a file there is no place for a key of its own: init says what to write, and then works once."""
    outcome = bare.run("state", "init")
    assert 1 == outcome.code
    assert "fingerprintKey: {env: RECONCILER_FINGERPRINT_KEY}" in outcome.err
    assert "openssl rand -hex 32" in outcome.err
    assert [1, 1] == [bare.run(*words).code for words in (("accounts", "list"), ("plan",))]
    name_the_key(bare)
    assert "Made the state" in bare.run_well("state", "init").out
    assert "is there already" in bare.run_well("state", "init").out
    bare.set_variable(KEY, "l" * 40)
    assert "fingerprintKeyChanged" in bare.run("state", "init").err


def test_an_account_s_life(applied: Project, mail: MailServer) -> None:
    """Planning, applying, verifying, stopping, renaming, deleting and erasing work as they do on a file."""
    assert "empty" == applied.run_well("plan", "--format", "json").document["status"]
    assert {"sales": "active", "news": "pending"} == applied.statuses()
    applied.run_well("verify", "--recorded", "sales")
    applied.run_well("approve", "news")
    applied.run_well("suspend", "sales", "--reason", "spam")
    applied.run_well("resume", "sales")
    applied.run_well("accounts", "rename", "sales", "sales-pl")
    applied.run_well("apply", "--auto-approve")
    applied.run_well("state", "revoke", f"env:{VARIABLE}")
    applied.run_well("accounts", "delete", "sales-pl")
    applied.run_well("apply", "--auto-approve", "--allow-deletes", "1")
    applied.run_well("journal", "redact", "sales-pl", "--reason", "asked for")
    assert USER not in applied.run_well("history", "--format", "json").out
    assert {"apply", "approve", "suspend", "resume", "revoke", "redact"} <= set(events(applied))
    assert ["news"] == list(applied.statuses())
    assert not applied.state_file.exists()


def test_a_saved_plan_goes_stale(applied: Project, mail: MailServer) -> None:
    """Of two plans over one account the second exits 5; over others both apply."""
    applied.write_account("sales", own_account("sales", mail, display_name="One"))
    applied.run_well("plan", "--out", "one.plan")
    applied.run_well("plan", "--out", "again.plan", "--target", "sales")
    applied.write_account("other", own_account("other", mail, email=USER))
    applied.run_well("plan", "--out", "other.plan", "--target", "other")
    assert [0, 5, 0] == [applied.run("apply", f"{name}.plan").code for name in ("one", "again", "other")]


def test_the_key_can_be_changed(applied: Project) -> None:
    """With a new key nothing looks rotated, and the old one is then another key."""
    applied.set_variable("RECONCILER_NEW", "n" * 40)
    applied.run_well("state", "rekey", "--new-key", "env:RECONCILER_NEW")
    assert "fingerprintKeyChanged" in applied.run("plan", "--format", "json").codes
    applied.set_variable(KEY, "n" * 40)
    planned = applied.run_well("plan", "--format", "json")
    assert "empty" == planned.document["status"]
    assert {"noPlatformServer", "awaitingApproval"} == set(planned.codes)


def test_sending(applied: Project, mail: MailServer) -> None:
    """An active account sends, the journal tells it, and a suspended one does not."""
    (applied.folder / "june.eml").write_text(EML, encoding="utf-8", newline="")
    (applied.folder / "contacts.csv").write_text("email,name\none@example.net,One\n", encoding="utf-8")
    before = len(mail.messages)
    applied.run_well(*words("sales"))
    assert before + 1 == len(mail.messages)
    assert "send" in {event.partition(".")[0] for event in events(applied)}
    applied.run_well("suspend", "sales", "--reason", "spam")
    assert 4 == applied.run(*words("sales", "--results", "second.jsonl")).code


def test_backups_and_their_way_back(applied: Project, mail: MailServer) -> None:
    """A backup is a file, restoring it goes back when told, and what was replaced is kept out of git's sight."""
    applied.run_well("state", "backup", "backup.db")
    applied.write_account("other", own_account("other", mail, email=USER))
    applied.run_well("apply", "--auto-approve")
    assert 4 == applied.run("state", "restore", "backup.db").code
    restored = applied.run_well("state", "restore", "backup.db", "--allow-older", "--format", "json").document
    assert restored["replaced"].startswith(str(applied.folder / ".reconciler" / "postgresql.db.replaced-"))
    assert (applied.folder / ".reconciler" / ".gitignore").read_text() == "*\n"
    assert ["news", "sales"] == sorted(applied.statuses())
    assert "restore" in events(applied)
    assert "nothing was changed" in applied.run_well("state", "migrate").out


def test_moving_from_sqlite(bare: Project, mail: MailServer) -> None:
    """The steps of the documentation: back up, name state and key, restore, and let the named key follow the file."""
    postgres_lines = (bare.folder / "reconciler.yaml").read_text(encoding="utf-8")
    bare.write_project()
    bare.run_well("state", "init")
    bare.write_account("sales", own_account("sales", mail))
    bare.run_well("apply", "--auto-approve")
    bare.run_well("state", "backup", "moving.db")
    (bare.folder / "reconciler.yaml").write_text(postgres_lines, encoding="utf-8")
    told = bare.run_well("state", "restore", "moving.db")
    assert "--old-key-file" in told.err
    assert "fingerprintKey: {env: RECONCILER_FINGERPRINT_KEY}" in bare.run("state", "rekey").err
    name_the_key(bare)
    bare.run_well("state", "rekey", "--old-key-file", ".reconciler/fingerprint.key")
    planned = bare.run_well("plan", "--format", "json")
    assert ("empty", []) == (planned.document["status"], planned.codes)
    assert ["rekey", "restore", "apply"] == events(bare)


def test_nothing_tells_the_database_s_password(applied: Project, server: PostgresServer, database: str) -> None:
    """Neither what is printed nor what is written holds it, whatever goes wrong, and not the list of processes."""
    told = [applied.run(*shlex.split(words)) for words in ("plan", "history", "state init", "state backup copy.db")]
    server.execute(f"ALTER ROLE {SCRAM_USER} PASSWORD 'another'")
    told += [applied.run("plan"), applied.run("plan", "--format", "json")]
    applied.unset_variable("PGPASSWORD")
    applied.set_variable("RECONCILER_STATE", server.url(database, user=f"{SCRAM_USER}:{DATABASE_PASSWORD}"))
    told += [applied.run("plan"), applied.run("state", "restore", "copy.db")]
    assert ["1"] * 4 == [str(each.code) for each in told[4:]]
    assert [] == [each for each in told if DATABASE_PASSWORD in each.out + each.err]
    files = [path for path in applied.folder.rglob("*") if path.is_file()]
    assert [] == [path for path in files if DATABASE_PASSWORD.encode() in path.read_bytes()]
    with closing(sqlite3.connect(applied.folder / "copy.db")) as copy:
        assert 2 == copy.execute("SELECT count(*) FROM accounts").fetchone()[0]
