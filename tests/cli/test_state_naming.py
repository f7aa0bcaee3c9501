"""Which state a command means: what names it, what is said where two names differ, and one that needs no key."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.cli.project import Project, marketing_account, own_account

if TYPE_CHECKING:
    from tests.support.mailserver import MailServer

CANARY = "canary-password"
KEY = "RECONCILER_FINGERPRINT_KEY"
POSTGRES = "postgresql://127.0.0.1:1/mail?connect_timeout=2"
COMMANDS = (
    ("plan", "--depth", "offline"),
    ("apply", "--auto-approve"),
    ("verify", "--recorded"),
    ("accounts", "list"),
    ("accounts", "show", "news"),
    ("history",),
    ("journal", "check"),
    ("journal", "head"),
    ("state", "init"),
    ("state", "backup", "copy.db"),
    ("state", "migrate"),
    ("state", "rekey"),
    ("approve", "--all-pending"),
    ("suspend", "news", "--reason", "why"),
    ("resume", "news"),
    ("report", "--out", "report"),
    ("accounts", "delete", "news"),
)


@pytest.fixture
def two(bare: Project) -> Project:
    """Return a project with an account and a state elsewhere, which the variable names; its file names PostgreSQL."""
    bare.write_account("news", marketing_account("news"))
    bare.set_variable("RECONCILER_STATE", f"sqlite:///{bare.folder.parent}/elsewhere/state.db")
    bare.run_well("state", "init")
    bare.run_well("apply", "--auto-approve")
    bare.write_project(f"state: {POSTGRES}\n")
    return bare


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_command_says_that_the_variable_beats_the_project_file(two: Project, words: tuple[str, ...]) -> None:
    """Whatever reads or writes state tells once, on stderr, that it is not the state of the project file."""
    told = two.run(*words).err
    assert 1 == told.count("[stateFromVariable]")
    assert "RECONCILER_STATE names the state, a file. The project file's own, one in PostgreSQL" in " ".join(
        told.split()
    )


@pytest.mark.parametrize(
    "words", [("validate",), ("accounts", "add", "marketing", "--name", "b"), ("schema", "project")]
)
def test_a_command_that_knows_no_state_says_nothing_of_it(two: Project, words: tuple[str, ...]) -> None:
    """Where no state is read or written, which one it would be is nobody's question."""
    assert "stateFromVariable" not in two.run(*words).err


def test_a_document_stays_one(two: Project) -> None:
    """With --format json the note is on stderr, and stdout holds the document alone."""
    listed = two.run_well("accounts", "list", "--format", "json")
    assert ["news"] == [each["name"] for each in listed.document["accounts"]]
    assert "[stateFromVariable]" in listed.err


def test_the_note_shows_no_password(two: Project) -> None:
    """An address in the variable may hold a password, and nothing of it is repeated."""
    two.set_variable("RECONCILER_STATE", f"postgresql://me:{CANARY}@127.0.0.1:1/mail?connect_timeout=2")
    told = two.run("accounts", "list")
    assert "[stateFromVariable]" in told.err
    assert CANARY not in told.out + told.err


@pytest.mark.parametrize(
    ("stated", "variable", "is_told"),
    [
        ("state: sqlite:///.reconciler/state.db\n", "sqlite:///.reconciler/state.db", False),
        ("state: sqlite:///.reconciler/state.db\n", "sqlite:///./.reconciler/../.reconciler/state.db", False),
        ("state: sqlite:///.reconciler/state.db\n", "sqlite:///other.db", True),
        (f"state: {POSTGRES}\n", POSTGRES, False),
        (f"state: {POSTGRES}\n", POSTGRES.replace("mail", "other"), True),
        ("", "sqlite:///other.db", True),
        ("", "sqlite:///.reconciler/state.db", False),
    ],
)
def test_the_same_state_by_both_names_is_no_matter(
    project: Project, stated: str, variable: str, *, is_told: bool
) -> None:
    """Two spellings of one file are one state; a project file that names none has one where there is a file."""
    project.write_project(stated)
    project.set_variable("RECONCILER_STATE", variable)
    assert is_told == ("[stateFromVariable]" in project.run("history").err)


def test_without_another_state_there_is_nothing_to_say(bare: Project) -> None:
    """Where the project file names none and there is none in the usual place, the variable beats nothing."""
    bare.set_variable("RECONCILER_STATE", "sqlite:///other.db")
    assert "stateFromVariable" not in bare.run_well("state", "init").err


def test_a_flag_is_said_where_it_counts(two: Project) -> None:
    """--state stands in the command itself, so nobody is surprised by it."""
    state = f"sqlite:///{two.folder.parent}/elsewhere/state.db"
    assert "stateFromVariable" not in two.run_well("--state", state, "accounts", "list").err


# --- a state without a key


@pytest.fixture
def checked(bare: Project, server: MailServer) -> Project:
    """Return a project in a job without secrets, whose file names a database and a key, and which has accounts."""
    bare.write_project(f"state: {POSTGRES}\nsecrets: {{fingerprintKey: {{env: {KEY}}}}}\n")
    bare.write_account("sales", own_account("sales", server))
    bare.write_account("news", marketing_account("news"))
    bare.set_variable("CI", "true")
    return bare


@pytest.mark.parametrize("by", ["flag", "variable"])
def test_a_throw_away_state_needs_no_key(checked: Project, by: str) -> None:
    """Where the pipeline names a file, it is made without the key, twice with the same end, and an offline plan works."""
    state = f"sqlite:///{checked.folder.parent}/empty/state.db"
    words = ("--state", state) if by == "flag" else ()
    if by == "variable":
        checked.set_variable("RECONCILER_STATE", state)
    assert "without a key of fingerprints" in checked.run_well(*words, "state", "init").out
    assert "is there already" in checked.run_well(*words, "state", "init").out
    planned = checked.run_well(*words, "plan", "--depth", "offline", "--format", "json").document
    assert ("ready", 2) == (planned["status"], planned["summary"]["create"])


def test_a_state_without_a_key_is_keyed_by_the_first_apply_that_has_one(checked: Project) -> None:
    """If it was no throw-away state after all, nothing is lost: whoever is trusted brings the key."""
    checked.set_variable("RECONCILER_STATE", "sqlite:///elsewhere.db")
    checked.run_well("state", "init")
    assert 4 == checked.run("plan").code
    checked.set_variable(KEY, "k" * 40)
    checked.run_well("apply", "--auto-approve", "--trust-project")
    assert [] == checked.run_well("plan", "--trust-project", "--format", "json").document["changes"]
    checked.set_variable(KEY, "l" * 40)
    assert "fingerprintKeyChanged" in checked.run("plan", "--trust-project", "--format", "json").codes


def test_a_state_that_the_project_file_names_wants_its_key(checked: Project) -> None:
    """A pull request cannot have a state made without its key where the pipeline named none, file or database."""
    assert 4 == checked.run("state", "init").code
    checked.write_project(f"secrets: {{fingerprintKey: {{env: {KEY}}}}}\n")
    assert 4 == checked.run("state", "init").code
    assert not checked.state_file.exists()
    checked.set_variable("RECONCILER_STATE", POSTGRES)
    assert 0 != checked.run("state", "init").code
