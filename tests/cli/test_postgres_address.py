"""Where a PostgreSQL address may come from, what it may hold, and a key that follows a key file; no server needed."""

from __future__ import annotations

import json
import socket
from typing import TYPE_CHECKING

import pytest

from tests.cli.project import Project, own_account

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.mailserver import MailServer

CANARY = "canary-password"
KEY = "RECONCILER_FINGERPRINT_KEY"


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """Listen where a PostgreSQL server might be, and never accept."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(0)
        yield listening


def url_of(listener: socket.socket, credentials: str = "") -> str:
    """Return a PostgreSQL address there that waits for no answer."""
    port = listener.getsockname()[1]
    return f"postgresql://{credentials}127.0.0.1:{port}/mail?connect_timeout=2"


def is_contacted(listener: socket.socket) -> bool:
    """Tell whether anybody connected."""
    try:
        listener.accept()[0].close()
    except BlockingIOError:
        return False
    return True


def refused(project: Project, *words: str, code: int, problem: str) -> str:
    """Return the detail of a refusal; the canary is nowhere in what was printed."""
    outcome = project.run(*words, "--format", "json")
    assert (code, [problem]) == (outcome.code, outcome.codes)
    assert CANARY not in outcome.out + outcome.err
    detail: str = outcome.document["diagnostics"][0]["detail"]
    return detail


def test_a_password_in_the_project_file_is_refused(bare: Project, listener: socket.socket) -> None:
    """The project file is in git, so a password there is told, not used and not repeated."""
    bare.write_project(f"state: {url_of(listener, f'me:{CANARY}@')}\n")
    detail = refused(bare, "accounts", "list", code=1, problem="stateUrlInvalid")
    assert "in the project file" in detail
    assert detail.endswith("\n    PGPASSWORD")
    assert not is_contacted(listener)


def test_a_password_on_the_command_line_is_refused(bare: Project, listener: socket.socket) -> None:
    """The command line can be read in the list of processes."""
    words = ("--state", url_of(listener, f"me:{CANARY}@"), "accounts", "list")
    assert "list of processes" in refused(bare, *words, code=1, problem="stateUrlInvalid")
    assert not is_contacted(listener)


def test_a_password_in_the_variable_is_used_and_not_shown(bare: Project, listener: socket.socket) -> None:
    """RECONCILER_STATE may hold one; nothing that is printed does."""
    bare.set_variable("RECONCILER_STATE", url_of(listener, f"me:{CANARY}@"))
    detail = refused(bare, "accounts", "list", code=1, problem="stateUnavailable")
    assert "did not answer in time" in detail
    assert is_contacted(listener)


@pytest.mark.parametrize(
    "words", [("plan",), ("accounts", "list"), ("history",), ("state", "backup", "copy.db"), ("journal", "check")]
)
def test_in_ci_a_pull_request_does_not_choose_the_server(
    bare: Project, listener: socket.socket, words: tuple[str, ...]
) -> None:
    """A server that the checkout's project file names is not contacted: it would be given the database's password."""
    bare.write_project(f"state: {url_of(listener)}\n")
    bare.set_variable("CI", "true")
    detail = refused(bare, *words, code=4, problem="projectNotTrusted")
    assert "RECONCILER_STATE=postgresql://" in detail
    assert not is_contacted(listener)


def test_in_ci_the_pipeline_chooses_the_server(bare: Project, listener: socket.socket) -> None:
    """The variable, the flag and --trust-project each say that the address is not a pull request's."""
    bare.write_project("state: postgresql://127.0.0.1:1/other\n")
    bare.set_variable("CI", "true")
    refused(bare, "--state", url_of(listener), "accounts", "list", code=1, problem="stateUnavailable")
    bare.set_variable("RECONCILER_STATE", url_of(listener))
    refused(bare, "accounts", "list", code=1, problem="stateUnavailable")
    assert is_contacted(listener)
    bare.unset_variable("RECONCILER_STATE")
    bare.write_project(f"state: {url_of(listener)}\n")
    assert "stateUnavailable" in bare.run("plan", "--trust-project", "--format", "json").codes


def test_validating_needs_no_state(bare: Project, listener: socket.socket) -> None:
    """In CI, a project file that names a server is validated without contacting it."""
    bare.write_project(f"state: {url_of(listener)}\n")
    bare.set_variable("CI", "true")
    bare.run_well("validate")
    assert not is_contacted(listener)


# --- a key that follows a key file


def name_a_key(project: Project) -> None:
    """Let the project file name the key of fingerprints."""
    project.set_variable(KEY, "k" * 40)
    project.write_project(f"secrets: {{fingerprintKey: {{env: {KEY}}}}}\n")


def test_a_named_key_follows_a_key_file(project: Project, server: MailServer) -> None:
    """With the old key at hand nothing looks rotated, before or after; without it every fingerprint is unknown."""
    project.write_account("sales", own_account("sales", server))
    project.run_well("apply", "--auto-approve")
    name_a_key(project)
    assert "fingerprintKeyChanged" in project.run("plan", "--format", "json").codes
    done = project.run_well("state", "rekey", "--old-key-file", str(project.key_file), "--format", "json").document
    assert 1 == done["accounts"]
    assert [] == done["unread"]
    assert [] == done["accepted"]
    project.key_file.unlink()
    planned = project.run_well("plan", "--format", "json")
    assert ("empty", []) == (planned.document["status"], planned.codes)
    assert "rekey" == project.journal()[-1][0]


def test_a_rotation_is_not_lost_on_the_way_to_a_named_key(project: Project, server: MailServer) -> None:
    """A value that is not the one verified last is refused there as with any other key."""
    project.write_account("sales", own_account("sales", server))
    project.run_well("apply", "--auto-approve")
    name_a_key(project)
    project.set_variable("SMTP_SALES_PASSWORD", "another")
    outcome = project.run("state", "rekey", "--old-key-file", str(project.key_file), "--format", "json")
    assert (1, ["rotationNotApplied"]) == (outcome.code, outcome.codes)


def test_an_old_key_file_is_for_a_named_key(project: Project) -> None:
    """Without a key that the project file names, with a new one beside, or without the file, nothing is changed."""
    words = ("state", "rekey", "--old-key-file", str(project.key_file), "--format", "json")
    assert ["badUsage"] == project.run(*words).codes
    name_a_key(project)
    assert ["badUsage"] == project.run(*words, "--new-key", "env:RECONCILER_NEW").codes
    project.key_file.unlink()
    assert ["fingerprintKeyMissing"] == project.run(*words).codes
    assert [] == json.loads(project.run_well("history", "--format", "json").out)["revisions"]
