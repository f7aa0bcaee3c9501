"""The public half of a state: a plan of a stranger shows what would change, and learns nothing of secrets."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from tests.cli.project import PASSWORD, Project, marketing_account, own_account

if TYPE_CHECKING:
    from tests.support.mailserver import MailServer

PUBLIC = "sqlite:///public.db"


@pytest.fixture
def applied(project: Project, server: MailServer) -> Project:
    """Return a project whose accounts are recorded, one approved and one suspended, and its public half."""
    project.write_account("sales", own_account("sales", server))
    project.write_account("news", marketing_account("news"))
    project.run_well("apply", "--auto-approve")
    project.run_well("approve", "news", "--actor", "platform-person")
    project.run_well("suspend", "sales", "--reason", "reason-of-somebody")
    project.run_well("state", "export", "--public", "public.db")
    return project


def offline(project: Project) -> list[tuple[str, str]]:
    """Return what a plan against the public half would change, as action and name."""
    plan = project.run_well("--state", PUBLIC, "plan", "--depth", "offline", "--format", "json").document
    return [(each["action"], each["name"]) for each in plan["changes"]]


def test_an_offline_plan_shows_the_changes_alone(applied: Project, server: MailServer) -> None:
    """Nothing where nothing changed; then the one account that did, and one that is gone. No key is needed."""
    applied.key_file.unlink()
    assert [] == offline(applied)
    applied.write_account("sales", own_account("sales", server, display_name="Another"))
    assert [("update", "sales")] == offline(applied)
    applied.remove_account("news")
    assert [("delete", "news"), ("update", "sales")] == offline(applied)


def test_nothing_of_secrets_and_nobodys_words_are_in_it(applied: Project) -> None:
    """No fingerprint, no route, no evidence, no past; not even in parts of the file that no row uses."""
    with closing(sqlite3.connect(applied.state_file)) as state:
        fingerprints = [
            row[0] for row in state.execute("SELECT fingerprint FROM secret_routes WHERE fingerprint NOT NULL")
        ]
    assert fingerprints
    octets = (applied.folder / "public.db").read_bytes()
    for text in (*fingerprints, PASSWORD, "reason-of-somebody", "platform-person"):
        assert text.encode() not in octets
    with closing(sqlite3.connect(applied.folder / "public.db")) as public:
        assert (0, 0) == public.execute(
            "SELECT (SELECT count(*) FROM secret_routes), (SELECT count(*) FROM revisions)"
        ).fetchone()
        assert [(None, None)] == public.execute("SELECT DISTINCT fingerprints, evidence FROM accounts").fetchall()


def test_it_is_the_same_state_at_the_same_revision(applied: Project) -> None:
    """A plan says against which revision it was made, and its journal holds."""
    plan = applied.run_well("--state", PUBLIC, "plan", "--depth", "offline", "--format", "json").document
    whole = applied.run_well("plan", "--depth", "offline", "--format", "json").document
    assert (whole["lineage"], whole["serial"]) == (plan["lineage"], plan["serial"])


def test_a_file_that_is_there_is_left_alone(applied: Project) -> None:
    """Nothing is written over, and --public says what is left out, so it is never left out itself."""
    before = (applied.folder / "public.db").read_bytes()
    refused = applied.run("state", "export", "--public", "public.db")
    assert (1, True) == (refused.code, "is there already" in refused.err)
    assert before == (applied.folder / "public.db").read_bytes()
    assert 1 == applied.run("state", "export", "other.db").code
