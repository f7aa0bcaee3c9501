"""Backup and restore, migration, another key of fingerprints, and routes that are forgotten."""

from __future__ import annotations

import os
import shlex
import shutil
import sqlite3
import stat
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from reconciler.store.schema import SCHEMA_VERSION
from tests.cli.project import PASSWORD, USER, VARIABLE, Project, command, environment, marketing_account, own_account
from tests.kept import FIRST
from tests.support.mailserver import MailServer
from tests.support.scripted import ScriptedServer, Wire, polite

if TYPE_CHECKING:
    from tests.cli.project import Outcome

VERSION_1 = FIRST / "state-1.sql"
NEW_PASSWORD = "another-password"


@pytest.fixture
def applied(project: Project, server: MailServer) -> Project:
    """Return a project with an own account and a marketing account applied as revision 1."""
    project.write_account("sales", own_account("sales", server))
    project.write_account("news", marketing_account("news"))
    project.run_well("apply", "--auto-approve", "--actor", "anna")
    return project


def backed_up(project: Project) -> str:
    """Back the state up and return the file."""
    project.run_well("state", "backup", "backup.db")
    return "backup.db"


def head(project: Project) -> str:
    """Return the journal's head."""
    return project.run_well("journal", "head").out.strip()


def refusal(outcome: Outcome, code: int, diagnostic: str) -> str:
    """Return the detail of a refusal that must be this one."""
    assert (code, [diagnostic]) == (outcome.code, outcome.codes), outcome
    detail: str = outcome.document["diagnostics"][0]["detail"]
    return detail


# --- backup


def test_a_backup_is_whole_private_and_read_back(applied: Project) -> None:
    """The copy has mode 0600, the same lineage, revision and head, and is a state that can be used in place."""
    done = applied.run_well("state", "backup", "backup.db", "--format", "json").document
    copy = applied.folder / "backup.db"
    assert 0o600 == stat.S_IMODE(copy.stat().st_mode)
    assert 1 == done["revision"]
    assert head(applied) == done["head"]
    there = applied.run_well("--state", "sqlite:///backup.db", "journal", "check", "--format", "json").document
    assert (True, done["head"]) == (there["valid"], there["head"])
    listed = applied.run_well("--state", "sqlite:///backup.db", "accounts", "list", "--format", "json").document
    assert ["news", "sales"] == [account["name"] for account in listed["accounts"]]
    assert [] == [path.name for path in applied.folder.iterdir() if path.name.endswith(".new")]


def test_a_backup_replaces_nothing_unless_told(applied: Project) -> None:
    """A file that is there stays, also the state itself; with --force another file is replaced."""
    copy = applied.folder / "backup.db"
    copy.write_text("mine")
    detail = refusal(applied.run("state", "backup", "backup.db", "--format", "json"), 1, "backupUnusable")
    assert ("mine", True) == (copy.read_text(), "--force" in detail)
    applied.run_well("state", "backup", "backup.db", "--force")
    assert b"SQLite format 3\0" == copy.read_bytes()[:16]
    itself = str(applied.state_file)
    refusal(applied.run("state", "backup", itself, "--force", "--format", "json"), 1, "backupUnusable")


@pytest.mark.parametrize("words", [(), ("--force",)])
def test_a_folder_is_told_the_backup_to_make_in_it(applied: Project, words: tuple[str, ...]) -> None:
    """No option makes a backup of a folder; the command that is told does work."""
    (applied.folder / "my backups").mkdir()
    detail = refusal(applied.run("state", "backup", "my backups", *words, "--format", "json"), 1, "backupUnusable")
    assert "is a folder" in detail
    applied.run_well(*shlex.split(detail.splitlines()[-1])[1:])
    assert ["mail.db"] == [path.name for path in (applied.folder / "my backups").iterdir()]


def test_a_backup_does_not_wait_for_a_writer_nor_see_it(applied: Project) -> None:
    """While another process is in the middle of a write, the copy is of what was committed before."""
    with closing(sqlite3.connect(applied.state_file, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("UPDATE projects SET serial = 7")
        done = applied.run_well("state", "backup", "backup.db", "--format", "json").document
        writer.execute("ROLLBACK")
    assert 1 == done["revision"]


def test_a_backup_of_a_tampered_state_says_so(applied: Project) -> None:
    """The copy is written, because it may be all there is, and the exit code is 1."""
    applied.execute_sql("UPDATE revisions SET actor = 'ben'")
    told = applied.run("state", "backup", "backup.db", "--format", "json")
    refusal(told, 1, "backupBroken")
    assert (applied.folder / "backup.db").exists()
    assert "does not hold" in applied.run("state", "backup", "other.db").err


def test_a_backup_that_cannot_be_written_is_told(applied: Project) -> None:
    """A folder that cannot be made, and a full disk, end with 1 and leave nothing."""
    (applied.folder / "file").write_text("")
    refusal(applied.run("state", "backup", "file/backup.db", "--format", "json"), 1, "stateUnavailable")
    words = ["sh", "-c", 'ulimit -f 8; exec "$@"', "sh", *command("state", "backup", "full.db")]
    import subprocess

    # What Python compiles would be cut off there, and read by the next process.
    variables = {**environment(), "PYTHONDONTWRITEBYTECODE": "1"}
    full = subprocess.run(words, cwd=applied.folder, env=variables, capture_output=True, check=False)
    assert (1, False) == (full.returncode, (applied.folder / "full.db").exists())
    assert b"State cannot be used" in full.stderr
    assert b"full.db could not be" in full.stderr.replace(b"\n  ", b" ")
    assert [] == list(applied.folder.glob(".full.db*"))


def test_a_backup_into_a_folder_that_is_missing_is_refused(applied: Project) -> None:
    """It may be that of a disk that is not mounted: nothing is made in its place, with --force neither."""
    for more in ((), ("--force",)):
        detail = refusal(
            applied.run("state", "backup", "disk/mail/b.db", *more, "--format", "json"), 1, "backupUnusable"
        )
        assert "there is no folder disk/mail" in detail
    assert not (applied.folder / "disk").exists()
    (applied.folder / "disk" / "mail").mkdir(parents=True)
    applied.run_well("state", "backup", "disk/mail/b.db")


# --- restore


def test_a_restore_repairs_what_was_tampered_with(applied: Project) -> None:
    """The state is as the backup has it, its journal tells of the restore, and what was replaced is kept."""
    noted = head(applied)
    file = backed_up(applied)
    applied.execute_sql("UPDATE accounts SET document = replace(document, 'news@', 'thief@')")
    assert 1 == applied.run("journal", "check").code
    done = applied.run_well("state", "restore", file, "--actor", "olga", "--format", "json").document
    assert 0 == done["lostEntries"]
    applied.run_well("journal", "check", "--head", noted)
    assert b"thief@" in Path(done["replaced"]).read_bytes()
    assert 0o600 == stat.S_IMODE(Path(done["replaced"]).stat().st_mode)
    event, payload = applied.journal()[-1]
    assert "restore" == event
    assert "olga" == payload["actor"]
    assert 0 == payload["lostEntries"]
    assert "state restored as of revision 1" in applied.run_well("history").out


def test_an_older_backup_is_refused_unless_told(applied: Project, server: MailServer) -> None:
    """Going back would lose an apply, a stop and the noted head; when it is meant, all of that is told."""
    file = backed_up(applied)
    applied.write_account("more", own_account("more", server))
    applied.run_well("apply", "--auto-approve")
    applied.run_well("suspend", "sales", "--reason", "leak")
    noted = head(applied)
    before = applied.state_file.read_bytes()
    detail = refusal(applied.run("state", "restore", file, "--format", "json"), 4, "restoreRefused")
    assert ("has 2 more entries" in detail, before) == (True, applied.state_file.read_bytes())
    refusal(applied.run("state", "restore", file, "--force", "--format", "json"), 4, "restoreRefused")
    assert detail.splitlines()[-1].endswith(f"{file} --allow-older")
    out = applied.run_well(*shlex.split(detail.splitlines()[-1])[1:]).out
    assert "2 entries of the journal that followed were given up" in out
    assert {"news": "pending", "sales": "active"} == applied.statuses()
    assert 1 == applied.run("journal", "check", "--head", noted).code
    assert noted == applied.journal()[-1][1]["lostHead"]


def test_a_newer_backup_is_taken(applied: Project, server: MailServer) -> None:
    """A state that fell behind its backup gets what it lacks; nothing is lost, so nothing is asked."""
    old = applied.folder / "old.db"
    shutil.copy(applied.state_file, old)
    applied.write_account("more", own_account("more", server))
    applied.run_well("apply", "--auto-approve")
    file = backed_up(applied)
    shutil.copy(old, applied.state_file)
    applied.run_well("state", "restore", file)
    assert {"more", "news", "sales"} == set(applied.statuses())


def test_another_state_is_refused_unless_forced(applied: Project) -> None:
    """A backup of another lineage, and one that went another way since, replace nothing unless forced."""
    file = backed_up(applied)
    applied.run_well("approve", "news")
    branch = applied.folder / "branch.db"
    shutil.copy(applied.state_file, branch)
    applied.run_well("state", "restore", file, "--allow-older")
    detail = refusal(applied.run("state", "restore", "branch.db", "--format", "json"), 4, "restoreRefused")
    assert "the same origin" in detail
    applied.state_file.unlink()
    applied.run_well("state", "init")
    detail = refusal(applied.run("state", "restore", file, "--allow-older", "--format", "json"), 4, "restoreRefused")
    assert {} == applied.statuses()
    applied.run_well(*shlex.split(detail.splitlines()[-1])[1:])
    assert {"news": "pending", "sales": "active"} == applied.statuses()
    applied.run_well("journal", "check")


def test_an_absent_state_is_restored(applied: Project) -> None:
    """On a new machine the backup and the key are all that is needed; a missing key is told."""
    file = backed_up(applied)
    key = applied.key_file.read_bytes()
    shutil.rmtree(applied.folder / ".reconciler")
    told = applied.run_well("state", "restore", file, "--format", "json")
    assert (["fingerprintKeyMissing"], None) == (told.codes, told.document["replaced"])
    assert "*\n" == (applied.folder / ".reconciler" / ".gitignore").read_text()
    applied.key_file.write_bytes(key)
    assert "empty" == applied.run_well("plan", "--format", "json").document["status"]
    assert 0o600 == stat.S_IMODE(applied.state_file.stat().st_mode)
    applied.key_file.write_text("0" * 64 + "\n")
    assert ["fingerprintKeyChanged"] == applied.run_well(
        "state", "restore", file, "--allow-older", "--format", "json"
    ).codes


@pytest.mark.parametrize("damage", ["empty", "noise", "page"])
def test_a_damaged_state_is_replaced_only_when_forced(applied: Project, damage: str) -> None:
    """Whether the backup is of a state that cannot be read cannot be told; the damaged file is kept."""
    file = backed_up(applied)
    content = applied.state_file.read_bytes()
    damaged = {"empty": b"", "noise": b"\xa5" * 5000, "page": content[:4096] + b"\xa5" * (len(content) - 4096)}[damage]
    applied.state_file.write_bytes(damaged)
    assert 1 == applied.run("accounts", "list").code
    detail = refusal(applied.run("state", "restore", file, "--format", "json"), 4, "restoreRefused")
    assert ("cannot be read" in detail, damaged) == (True, applied.state_file.read_bytes())
    done = applied.run_well(*shlex.split(detail.splitlines()[-1])[1:], "--format", "json").document
    assert damaged == Path(done["replaced"]).read_bytes()
    assert {"news": "pending", "sales": "active"} == applied.statuses()


def test_a_file_that_is_no_backup_is_refused(applied: Project) -> None:
    """A missing file, noise, a foreign database, another project's state and a broken journal are all refused."""
    before = applied.state_file.read_bytes()
    for name, octets in {"noise.db": b"accounts:\n" * 1000, "empty.db": b""}.items():
        (applied.folder / name).write_bytes(octets)
    told = {
        "none.db": "There is no file",
        "noise.db": "not a SQLite",
        "empty.db": "not a SQLite",
        "accounts.d": "folder",
    }
    for name, words in told.items():
        detail = refusal(applied.run("state", "restore", name, "--format", "json"), 1, "backupUnusable")
        assert words in detail, "it is the backup that is at fault, and not the state"
    with closing(sqlite3.connect(applied.folder / "theirs.db")) as theirs:
        theirs.execute("CREATE TABLE accounts (name TEXT)")
    refusal(applied.run("state", "restore", "theirs.db", "--format", "json"), 1, "stateUnavailable")
    file = backed_up(applied)
    for statement, code in (
        ("UPDATE revisions SET actor = 'ben'", "journalBroken"),
        ("PRAGMA user_version = 99", "stateNewer"),
    ):
        shutil.copy(applied.folder / file, applied.folder / "altered.db")
        with closing(sqlite3.connect(applied.folder / "altered.db")) as altered, altered:
            altered.execute(statement)
        refused = applied.run("state", "restore", "altered.db", "--force", "--format", "json")
        assert (True, [code]) == (refused.code in {1, 4}, refused.codes)
    assert before == applied.state_file.read_bytes()
    project_file = applied.folder / "reconciler.yaml"
    project_file.write_text(project_file.read_text().replace("name: mail", "name: other"))
    detail = refusal(applied.run("state", "restore", file, "--format", "json"), 1, "backupUnusable")
    assert "it is of mail" in detail


def test_another_project_of_the_database_is_left_alone(applied: Project) -> None:
    """Restoring one project's state does not touch the other's in the same file."""
    file = backed_up(applied)
    project_file = applied.folder / "reconciler.yaml"
    first = project_file.read_text()
    project_file.write_text(first.replace("name: mail", "name: other"))
    applied.run_well("state", "init")
    applied.run_well("apply", "--auto-approve", "--target", "news")
    other = head(applied)
    project_file.write_text(first)
    applied.run_well("state", "restore", file)
    project_file.write_text(first.replace("name: mail", "name: other"))
    assert (other, {"news": "pending"}) == (head(applied), applied.statuses())
    applied.run_well("journal", "check")


def test_a_restore_that_undoes_an_erasure_says_so(applied: Project) -> None:
    """A backup older than an erasure brings the data back, and the restore names whom to erase again."""
    applied.remove_account("news")
    applied.run_well("apply", "--auto-approve")
    file = backed_up(applied)
    applied.run_well("journal", "redact", "news")
    told = applied.run_well("state", "restore", file, "--allow-older", "--format", "json")
    assert ["redactionLost"] == told.codes
    assert "journal redact news" in told.document["diagnostics"][0]["detail"]


# --- migrate


def write_version_1(project: Project) -> None:
    """Put a state in place as version 1 of the tables wrote it."""
    project.state_file.unlink(missing_ok=True)
    with closing(sqlite3.connect(project.state_file)) as database:
        database.executescript(VERSION_1.read_text(encoding="utf-8"))
    project.state_file.chmod(0o600)


def test_an_older_state_is_migrated_after_a_copy_was_kept(project: Project) -> None:
    """Every command says what to run; the migration keeps a copy, is journaled, and loses nothing."""
    write_version_1(project)
    detail = refusal(project.run("accounts", "list", "--format", "json"), 1, "stateOlder")
    assert "\n    reconciler state migrate" in detail
    before = project.state_file.read_bytes()
    assert ["stateOlder"] == project.run("state", "backup", "b.db", "--format", "json").codes
    done = project.run_well("state", "migrate", "--actor", "olga", "--format", "json").document
    assert (1, SCHEMA_VERSION) == (done["before"], done["after"])
    with closing(sqlite3.connect(done["kept"])) as kept:
        assert (1, 2) == (
            kept.execute("PRAGMA user_version").fetchone()[0],
            kept.execute("SELECT count(*) FROM accounts").fetchone()[0],
        )
    assert 0o600 == stat.S_IMODE(Path(done["kept"]).stat().st_mode)
    assert {"news": "pending", "sales": "active"} == project.statuses()
    event, payload = project.journal()[-1]
    assert "migrate" == event
    assert "olga" == payload["actor"]
    assert 1 == payload["before"]
    assert SCHEMA_VERSION == payload["after"]
    assert "is that of this version" in project.run_well("state", "migrate").out
    assert f"tables of version 1 brought to version {SCHEMA_VERSION}" in project.run_well("history").out
    assert before != project.state_file.read_bytes()


def test_a_migrated_state_is_told_where_its_copy_is(project: Project) -> None:
    """In words, the place of the copy stands on a line of its own."""
    write_version_1(project)
    out = project.run_well("state", "migrate").out
    assert "\n    " + str(project.state_file) + ".version-1-" in out


def test_an_old_backup_is_refused_until_it_is_migrated(applied: Project) -> None:
    """A backup of an earlier format is not restored as it is; migrated in place it can be."""
    own = applied.state_file.read_bytes()
    write_version_1(applied)
    old = applied.folder / "old.db"
    applied.state_file.rename(old)
    applied.state_file.write_bytes(own)
    assert ["stateOlder"] == applied.run("state", "restore", "old.db", "--force", "--format", "json").codes
    applied.run_well("--state", "sqlite:///old.db", "state", "migrate")
    applied.run_well("state", "restore", "old.db", "--force")


# --- rekey


def key_ids(project: Project) -> tuple[str, set[str]]:
    """Return the key's id of the state and of its accounts."""
    with closing(sqlite3.connect(project.state_file)) as database:
        (of_state,) = database.execute("SELECT fingerprint_key_id FROM projects").fetchone()
        of_accounts = {row[0] for row in database.execute("SELECT DISTINCT fingerprint_key_id FROM accounts") if row[0]}
    return of_state, of_accounts


def fingerprints(project: Project) -> set[str]:
    """Return every fingerprint in the register of routes."""
    with closing(sqlite3.connect(project.state_file)) as database:
        return {row[0] for row in database.execute("SELECT fingerprint FROM secret_routes") if row[0]}


def test_another_key_is_no_rotation(applied: Project, server: MailServer) -> None:
    """All fingerprints are made anew, the key file is replaced, and the next plan is empty and connects nowhere."""
    before, old = applied.key_file.read_bytes(), fingerprints(applied)
    done = applied.run_well("state", "rekey", "--actor", "olga", "--format", "json").document
    assert 1 == done["accounts"]
    assert [] == done["unread"]
    assert [] == done["accepted"]
    assert before != applied.key_file.read_bytes()
    assert 0o600 == stat.S_IMODE(applied.key_file.stat().st_mode)
    assert (done["after"], {done["after"]}) == key_ids(applied)
    assert (1, set()) == (len(fingerprints(applied)), fingerprints(applied) & old)
    logins = server.login_attempts
    planned = applied.run_well("plan", "--format", "json").document
    assert ("empty", logins) == (planned["status"], server.login_attempts)
    event, payload = applied.journal()[-1]
    assert "rekey" == event
    assert "olga" == payload["actor"]
    assert done["after"] == payload["fingerprintKeyId"]
    assert "fingerprints made with another key" in applied.run_well("history").out
    assert ["fingerprint.key", "state.db"] == sorted(
        path.name for path in applied.state_file.parent.iterdir() if path.is_file() and path.name[0] != "."
    )


def test_a_rotation_is_still_seen_and_routes_still_hold_after_rekey(applied: Project, server: MailServer) -> None:
    """Under the new key a changed value is a rotation, and a known value under another name stays bound."""
    applied.run_well("state", "rekey")
    applied.set_variable("SMTP_OTHER_PASSWORD", PASSWORD)
    with MailServer(encryption="none", users={USER: PASSWORD}) as elsewhere:
        applied.write_account("thief", own_account("thief", elsewhere, secret="{env: SMTP_OTHER_PASSWORD}"))
        assert 4 == applied.run("plan").code
        assert 0 == elsewhere.login_attempts
    applied.remove_account("thief")
    server.users[USER] = NEW_PASSWORD
    applied.set_variable(VARIABLE, NEW_PASSWORD)
    planned = applied.run_well("plan", "--format", "json").document
    assert ["rotation"] == [change["cause"] for change in planned["changes"]]


def test_a_rotation_that_was_not_applied_is_refused(applied: Project, server: MailServer) -> None:
    """Another key would hide that the value was never verified; accepted, it is told and journaled."""
    applied.set_variable(VARIABLE, NEW_PASSWORD)
    key, state = applied.key_file.read_bytes(), applied.state_file.read_bytes()
    refusal(applied.run("state", "rekey", "--format", "json"), 1, "rotationNotApplied")
    assert (key, state) == (applied.key_file.read_bytes(), applied.state_file.read_bytes())
    done = applied.run_well("state", "rekey", "--accept-rotated", "--format", "json").document
    assert [f"env:{VARIABLE}"] == done["accepted"]
    assert [f"env:{VARIABLE}"] == applied.journal()[-1][1]["acceptedRotated"]
    assert "empty" == applied.run_well("plan", "--format", "json").document["status"]
    assert "rotated and accepted" in applied.run_well("history").out
    with MailServer(encryption="none", users={USER: NEW_PASSWORD}) as elsewhere:
        applied.write_account("sales", own_account("sales", elsewhere))
        assert 4 == applied.run("plan").code


def test_a_lost_key_is_replaced_when_values_are_accepted(applied: Project) -> None:
    """Without the old key nothing can be compared, so the values must be accepted as they are."""
    applied.key_file.unlink()
    detail = refusal(applied.run("state", "rekey", "--format", "json"), 1, "rotationNotApplied")
    assert "old key is not here" in detail
    applied.run_well("state", "rekey", "--accept-rotated")
    assert "empty" == applied.run_well("plan", "--format", "json").document["status"]
    applied.run_well("journal", "check")


def test_a_secret_that_cannot_be_read_has_no_fingerprint_then(applied: Project) -> None:
    """It is told, the account stays, its secret stays known by reference, and no rotation is made up."""
    applied.unset_variable(VARIABLE)
    told = applied.run_well("state", "rekey", "--format", "json")
    assert (["fingerprintDropped"], [f"env:{VARIABLE}"]) == (told.codes, told.document["unread"])
    assert (set(), set()) == (fingerprints(applied), key_ids(applied)[1])
    applied.set_variable(VARIABLE, PASSWORD)
    assert "empty" == applied.run_well("plan", "--format", "json").document["status"]


def test_the_platform_s_secret_is_rekeyed_too(project: Project) -> None:
    """The settings digest of marketing accounts covers the platform's fingerprint, so it is made anew with it."""
    users = {"platform@example.com": "the-platform"}
    project.set_variable("SMTP_PLATFORM", "the-platform")
    with MailServer(encryption="none", users=users) as platform:
        login = "{username: platform@example.com, password: {env: SMTP_PLATFORM}}"
        smtp = f"{{host: localhost, port: {platform.port}, encryption: none, authentication: {login}}}"
        project.write_project(f"verification: {{domainChecks: off}}\nplatform: {{smtp: {smtp}}}\n")
        project.write_account("news", marketing_account("news"))
        project.run_well("apply", "--auto-approve")
        project.run_well("state", "rekey")
        project.write_account("news", marketing_account("news", metadata="labels: {team: press}"))
        change = project.run_well("plan", "--format", "json").document["changes"][0]
        assert "unchanged" == change["verification"]["status"]


def test_a_named_key_is_followed_by_a_named_key(bare: Project, server: MailServer) -> None:
    """Where the project file names the key, the next one is named too, and its value then put in the old one's place."""
    old, new = "o" * 40, "n" * 40
    bare.set_variable("RECONCILER_FINGERPRINT_KEY", old)
    bare.write_project("secrets: {fingerprintKey: {env: RECONCILER_FINGERPRINT_KEY}}\n")
    bare.init()
    bare.write_account("sales", own_account("sales", server))
    bare.run_well("apply", "--auto-approve")
    assert "--new-key" in refusal(bare.run("state", "rekey", "--format", "json"), 1, "badUsage")
    for wrong in ("env", "env:RECONCILER_FINGERPRINT_KEY", "env:no key"):
        refusal(bare.run("state", "rekey", "--new-key", wrong, "--format", "json"), 1, "badUsage")
    refusal(bare.run("state", "rekey", "--new-key", "env:RECONCILER_NEW", "--format", "json"), 1, "secretMissing")
    bare.set_variable("RECONCILER_NEW", new)
    assert (
        "Now put the value of env:RECONCILER_NEW"
        in bare.run_well("state", "rekey", "--new-key", "env:RECONCILER_NEW").out
    )
    assert 1 == bare.run("verify", "--recorded").code
    bare.set_variable("RECONCILER_FINGERPRINT_KEY", new)
    assert "empty" == bare.run_well("plan", "--format", "json").document["status"]


def test_a_key_file_is_made_anew_and_not_named(applied: Project) -> None:
    """Where the key is a file, there is nothing to name."""
    refusal(applied.run("state", "rekey", "--new-key", "env:X", "--format", "json"), 1, "badUsage")


def test_a_crash_after_the_commit_leaves_a_pair_that_is_usable(applied: Project) -> None:
    """State is made with the next key and the present one still lies there: the next command lets it follow."""
    old = applied.key_file.read_bytes()
    applied.run_well("state", "rekey")
    following = applied.key_file.with_name("fingerprint.key.next")
    applied.key_file.rename(following)
    applied.key_file.write_bytes(old)
    assert "empty" == applied.run_well("plan", "--format", "json").document["status"]
    assert (False, True) == (following.exists(), old != applied.key_file.read_bytes())


def test_a_crash_before_the_commit_leaves_the_old_pair(applied: Project) -> None:
    """A next key that state does not name is left where it is and used by nobody; the next rekey replaces it."""
    following = applied.key_file.with_name("fingerprint.key.next")
    following.write_text("ab" * 32 + "\n")
    key = applied.key_file.read_bytes()
    assert "empty" == applied.run_well("plan", "--format", "json").document["status"]
    assert (True, key) == (following.exists(), applied.key_file.read_bytes())
    following.write_text("nonsense")
    assert "empty" == applied.run_well("plan", "--format", "json").document["status"]
    applied.run_well("state", "rekey")
    assert not following.exists()


def test_in_ci_the_project_file_must_be_trusted_to_rekey(applied: Project) -> None:
    """A pull request's project file does not have secrets read."""
    applied.set_variable("CI", "true")
    assert 4 == applied.run("state", "rekey").code
    applied.run_well("state", "rekey", "--trust-project")


def test_a_plan_made_before_brings_no_fingerprints_back(applied: Project, server: MailServer) -> None:
    """A saved plan sealed with the old key counts as one without a seal: its fingerprints are those that state has."""
    applied.write_account("sales", own_account("sales", server, metadata="labels: {team: sales}"))
    applied.run_well("plan", "--out", "plan.json")
    applied.run_well("state", "rekey")
    of_state, _ = key_ids(applied)
    applied.run_well("apply", "plan.json")
    assert (of_state, {of_state}) == key_ids(applied)
    assert 1 == len(fingerprints(applied))
    assert "empty" == applied.run_well("plan", "--format", "json").document["status"]
    applied.run_well("journal", "check")


# --- revoke


def test_a_revoked_secret_needs_a_grant_again(applied: Project, server: MailServer) -> None:
    """The recorded route is withheld, and no other is free; a grant lets it travel."""
    out = applied.run_well("state", "revoke", f"env:{VARIABLE}", "--reason", "moved", "--actor", "olga").out
    assert f"env:{VARIABLE} to {USER} at localhost:{server.port}" in out
    attempts = server.login_attempts
    assert 4 == applied.run("verify", "--recorded", "sales").code
    applied.write_account("sales", own_account("sales", server, display_name="Other"))
    assert 4 == applied.run("plan").code
    with MailServer(encryption="none", users={USER: PASSWORD}) as elsewhere:
        applied.write_account("sales", own_account("sales", elsewhere))
        assert (4, 0) == (applied.run("plan").code, elsewhere.login_attempts)
    assert attempts == server.login_attempts
    event, payload = applied.journal()[-1]
    assert "revoke" == event
    assert "olga" == payload["actor"]
    assert "moved" == payload["reason"]
    assert 1 == payload["routes"]
    assert "routes forgotten: 1" in applied.run_well("history").out
    grant = f"{{secret: 'env:SMTP_*', route: {{host: localhost, port: {server.port}, encryption: none}}}}"
    applied.write_project(f"secrets: {{grants: [{grant}]}}\n")
    applied.write_account("sales", own_account("sales", server, display_name="Other"))
    applied.run_well("apply", "--auto-approve")
    applied.write_project()
    applied.run_well("verify", "--recorded", "sales")


def test_the_grants_that_verification_and_sending_need_are_journaled(applied: Project, server: MailServer) -> None:
    """After a revocation a grant lets recorded accounts be verified and sent through; the journal and history tell it."""
    applied.run_well("state", "revoke", f"env:{VARIABLE}")
    grant = f"{{secret: 'env:SMTP_*', route: {{host: localhost, port: {server.port}, encryption: none}}}}"
    applied.write_project(f"secrets: {{grants: [{grant}]}}\n")
    (applied.folder / "contacts.csv").write_text("email\none@example.net\n", encoding="utf-8")
    told = [f"env:SMTP_* to localhost:{server.port}"]
    applied.run_well("send", "sales", "--contacts", "contacts.csv", "--subject", "June", "--body", "Hello.")
    assert [("begun", told), ("complete", told)] == [
        (payload["ending"], payload["grantsUsed"]) for _, payload in applied.journal()[-2:]
    ]
    applied.run_well("verify", "--recorded", "sales")
    assert ("verify", told) == (applied.journal()[-1][0], applied.journal()[-1][1]["grantsUsed"])
    assert f"grants used: {told[0]}" in applied.run_well("history").out
    applied.run_well("verify", "--recorded", "sales")
    assert [] == applied.journal()[-1][1]["grantsUsed"]


def test_the_same_value_under_another_name_is_revoked_too(applied: Project, server: MailServer) -> None:
    """A secret is its value: its other references lose the route with it."""
    applied.set_variable("SMTP_OTHER_PASSWORD", PASSWORD)
    applied.write_account("other", own_account("other", server, secret="{env: SMTP_OTHER_PASSWORD}"))
    applied.run_well("apply", "--auto-approve")
    forgotten = applied.run_well("state", "revoke", f"env:{VARIABLE}", "--format", "json").document["forgotten"]
    assert ["env:SMTP_OTHER_PASSWORD", f"env:{VARIABLE}"] == [each["secret"] for each in forgotten]
    assert "fingerprint" not in str(forgotten)
    assert 4 == applied.run("verify", "--recorded", "other").code


def test_only_the_named_server_is_revoked(applied: Project, server: MailServer) -> None:
    """Another route of the secret stays; a route or secret that is not recorded is an error that changes nothing."""
    entries = len(applied.journal())
    for words in (("env:SMTP_*", "--route", "localhost:1"), ("env:NONE",)):
        refusal(applied.run("state", "revoke", *words, "--format", "json"), 1, "selectorMatchesNothing")
    assert entries == len(applied.journal())
    refusal(applied.run("state", "revoke", "env:SMTP_*", "--reason", "", "--format", "json"), 1, "reasonInvalid")
    applied.run_well("state", "revoke", "env:SMTP_*", "--route", f"localhost:{server.port}")
    refusal(applied.run("state", "revoke", "env:SMTP_*", "--format", "json"), 1, "selectorMatchesNothing")


def test_copies_of_one_moment_have_names_of_their_own(applied: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two restores in the same second keep both of what they replaced."""
    file = backed_up(applied)
    monkeypatch.setattr("reconciler.cli.session.utc_now", fixed_clock())
    kept = [
        applied.run_well("state", "restore", file, "--allow-older", "--format", "json").document["replaced"]
        for _ in range(3)
    ]
    assert (3, ["", "-2", "-3"]) == (len(set(kept)), [each.partition("Z")[2] for each in kept])
    assert os.path.basename(kept[0]) == "state.db.replaced-20260901T120000Z"  # noqa: PTH119


def fixed_clock() -> object:
    """Return a clock that stands still."""
    from datetime import UTC, datetime

    return lambda: datetime(2026, 9, 1, 12, tzinfo=UTC)


def test_an_offline_relabelling_keeps_what_was_recorded_meanwhile(applied: Project, server: MailServer) -> None:
    """A plan that read no secret does not bring back the fingerprint of before a rotation that verify recorded."""
    applied.write_account("sales", own_account("sales", server, metadata="labels: {team: sales}"))
    applied.run_well("plan", "--depth", "offline", "--out", "plan.json")
    server.users[USER] = NEW_PASSWORD
    applied.set_variable(VARIABLE, NEW_PASSWORD)
    applied.run_well("verify", "--recorded")
    applied.run_well("apply", "plan.json")
    assert "empty" == applied.run_well("plan", "--format", "json").document["status"]


@pytest.mark.parametrize(
    ("words", "code", "diagnostic"),
    [(("apply", "plan.json"), 5, "planStale"), (("verify", "--recorded"), 0, "changedMeanwhile")],
    ids=["apply", "verify"],
)
def test_a_key_changed_meanwhile_spoils_what_was_gathered(
    project: Project, words: tuple[str, ...], code: int, diagnostic: str
) -> None:
    """What was verified under the old key is not recorded in a state that has another one by then."""
    replies = polite({"EHLO": "250-test.example\r\n250 AUTH PLAIN"})
    is_armed: list[bool] = []

    def play(wire: Wire) -> None:
        if is_armed:
            is_armed.clear()
            changed = project.run_process("state", "rekey")
            assert 0 == changed.code, changed
        replies(wire)

    with ScriptedServer(play) as server:
        project.write_account("sales", own_account("sales", server.port))
        project.run_well("apply", "--auto-approve")
        if words[0] == "apply":
            project.write_account("sales", own_account("sales", server.port, display_name="Other"))
            project.run_well("plan", "--depth", "connect", "--out", "plan.json")
        is_armed.append(True)
        outcome = project.run(*words, "--format", "json")
    assert (code, [diagnostic]) == (outcome.code, outcome.codes)
    of_state, of_accounts = key_ids(project)
    assert {of_state} == of_accounts
    project.run_well("journal", "check")


def test_a_next_key_that_cannot_be_written_changes_nothing(applied: Project) -> None:
    """Where the next key does not get onto the disk, state and the present key stay as they are."""
    key, state = applied.key_file.read_bytes(), applied.state_file.read_bytes()
    applied.key_file.with_name("fingerprint.key.next").mkdir()
    refusal(applied.run("state", "rekey", "--format", "json"), 1, "stateUnavailable")
    assert (key, state) == (applied.key_file.read_bytes(), applied.state_file.read_bytes())
    assert "empty" == applied.run_well("plan", "--format", "json").document["status"]
