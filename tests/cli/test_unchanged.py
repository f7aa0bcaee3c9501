"""A plan that changes nothing is told again without being made, and nothing that is kept makes a plan another one."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from reconciler.secrets import load_key_file
from tests.cli.keeping import AS_TEXT, WAYS, forget, kept, kept_facts, told
from tests.cli.project import VARIABLE, Project, marketing_account, own_account

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.support.certificates import TestCA
    from tests.support.mailserver import MailServer

SHARED = "apiVersion: reconciler/v1\nkind: MailServer\nmetadata: {name: shared}\nspec: {host: relay.invalid, caFile: certs/ca.pem}\n"
THROUGH = """\
apiVersion: reconciler/v1
kind: OwnAccount
metadata: {name: through}
spec:
  email: through@example.com
  displayName: Through
  smtp: {server: shared, authentication: {username: "{email}", password: {file: secrets/through}}}
"""


@pytest.fixture
def settled(project: Project, server: MailServer, ca: TestCA) -> Project:
    """Return a project whose accounts are recorded as they are declared: of both kinds, with every kind of file."""
    (project.folder / "certs").mkdir()
    (project.folder / "secrets").mkdir(mode=0o700)
    (project.folder / "certs" / "ca.pem").write_text(ca.pem)
    (project.folder / "secrets" / "through").write_text("s3cret-of-through")
    project.write_account("shared", SHARED)
    project.write_account("through", THROUGH)
    project.write_account("sales", own_account("sales", server))
    project.write_account("news", marketing_account("news"))
    project.run_well("apply", "--auto-approve", "--depth", "offline")
    return project


def replace_text(path: Path, before: str, after: str) -> None:
    """Replace a text in a file that has it."""
    text = path.read_text(encoding="utf-8")
    assert before in text
    path.write_text(text.replace(before, after), encoding="utf-8")


def in_manifest(name: str, before: str, after: str) -> Callable[[Project], object]:
    """Return an edit of a manifest."""
    return lambda project: replace_text(project.folder / "accounts.d" / f"{name}.yaml", before, after)


def link_manifest(project: Project) -> None:
    """Put a link in the place of a manifest, to a file of the same octets outside of the project."""
    path = project.folder / "accounts.d" / "news.yaml"
    path.rename(project.folder.parent / "news.yaml")
    path.symlink_to(project.folder.parent / "news.yaml")


def link_secret(project: Project) -> None:
    """Put a link in the place of a secret's file, to the file."""
    path = project.folder / "secrets" / "through"
    path.rename(path.with_name("other")).parent.joinpath("through").symlink_to("other")


def track_state(project: Project) -> None:
    """Put the folder of the state into git."""
    subprocess.run(["git", "init", "-q"], cwd=project.folder, check=True)
    subprocess.run(["git", "add", "-f", ".reconciler/state.db"], cwd=project.folder, check=True)


CHANGES: dict[str, Callable[[Project], object]] = {
    "nothing": lambda _: None,
    "a comment": lambda project: project.write_account("through", f"# a remark\n{THROUGH}"),
    "a title": in_manifest("through", "{name: through}", "{name: through, title: Through it}"),
    "an error": in_manifest("through", "email: through", "email: [through"),
    "a new account": lambda project: project.write_account("more", THROUGH.replace("through", "more", 2)),
    "a name twice": lambda project: project.write_account("again", THROUGH),
    "an account gone": lambda project: project.remove_account("news"),
    "a file in another place": lambda project: (project.folder / "accounts.d" / "news.yaml").rename(
        project.folder / "accounts.d" / "later.yaml"
    ),
    "a hidden manifest": lambda project: (project.folder / "accounts.d" / "news.yaml").rename(
        project.folder / "accounts.d" / ".news.yaml"
    ),
    "a link": link_manifest,
    "the folder gone": lambda project: (project.folder / "accounts.d").rename(project.folder / "other"),
    "another server": in_manifest("shared", "relay.invalid", "elsewhere.invalid"),
    "an unused server": in_manifest("through", "{server: shared,", "{host: relay.invalid, caFile: certs/ca.pem,"),
    "another CA": lambda project: replace_text(project.folder / "certs" / "ca.pem", "-----END", "A-----END"),
    "a remark in the CA": lambda project: replace_text(
        project.folder / "certs" / "ca.pem", "-----BEGIN", "x\n-----BEGIN"
    ),
    "the CA gone": lambda project: (project.folder / "certs" / "ca.pem").unlink(),
    "another value of a variable": lambda project: project.set_variable(VARIABLE, "another-value"),
    "a variable gone": lambda project: project.unset_variable(VARIABLE),
    "another value of a file": lambda project: (project.folder / "secrets" / "through").write_text("another"),
    "a secret that is a link": link_secret,
    "another project file": lambda project: project.write_project("platform: {approval: automatic}\n"),
    "scopes": lambda project: project.write_project("scopes: [{folder: accounts.d, senders: ['*@example.org']}]\n"),
    "secrets that no manifest may name": lambda project: project.write_project("secrets: {allow: ['env:OTHER_*']}\n"),
    "an approval": lambda project: project.run_well("approve", "news"),
    "a suspension": lambda project: project.run_well("suspend", "sales", "--reason", "a test"),
    "an altered account": lambda project: project.execute_sql(
        "UPDATE accounts SET document = replace(document, 'Through', 'Trough') WHERE name = 'through'"
    ),
    "an altered route": lambda project: project.execute_sql("DELETE FROM secret_routes WHERE account = 'through'"),
    "a broken journal": lambda project: project.execute_sql("UPDATE journal_payloads SET payload = payload || ' '"),
    "no state": lambda project: project.state_file.unlink(),
    "no key": lambda project: project.key_file.unlink(),
    "state in git": track_state,
    "another operator": lambda project: project.set_variable("RECONCILER_OPERATOR", "anna@example.com"),
    "a CI job": lambda project: project.set_variable("CI", "true"),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("change", CHANGES)
def test_a_plan_is_the_same_with_and_without_what_is_kept(settled: Project, change: str, way: str) -> None:
    """Whatever changes after a plan was kept, the next one is what it would be had nothing been kept."""
    told(settled, way)
    assert len(kept(settled)) == 1
    CHANGES[change](settled)
    with_kept = told(settled, way)
    forget(settled)
    assert told(settled, way) == with_kept


@pytest.mark.parametrize("way", WAYS)
def test_what_is_written_beside_a_state_that_is_a_link_counts(settled: Project, way: str) -> None:
    """SQLite keeps what is not in the file yet beside the file itself, wherever the link to it lies."""
    place = settled.folder.parent / "elsewhere.db"
    settled.state_file.rename(place)
    settled.state_file.symlink_to(place)
    with closing(sqlite3.connect(place)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
    told(settled, way)
    assert kept(settled)
    with closing(sqlite3.connect(place)) as writing:
        writing.execute("UPDATE accounts SET document = replace(document, 'Through', 'Trough') WHERE name = 'through'")
        writing.commit()
        with_kept = told(settled, way)
        forget(settled)
        assert told(settled, way) == with_kept


@pytest.mark.parametrize("way", [way for way in WAYS if way not in AS_TEXT])
def test_a_plan_without_a_change_is_not_made_again(settled: Project, way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """No manifest is parsed and no row is read; the plan has its own time, and can be saved and shown."""
    first = told(settled, way)
    monkeypatch.setattr("reconciler.operations.drafts.draft.read_desired", None)
    again = settled.run_well(*WAYS[way], "--out", "x.plan", "--format", "json").document
    assert first == told(settled, way)
    assert again == settled.run_well("show", "x.plan", "--format", "json").document
    assert "empty" == settled.run_well("apply", "x.plan", "--format", "json").document["status"]


@pytest.mark.parametrize("way", AS_TEXT)
def test_people_are_told_a_plan_without_a_change_without_opening_the_project(
    project: Project, server: MailServer, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What they see is the same where secrets are variables, though the project file has no model, and no state is opened."""
    project.write_account("sales", own_account("sales", server))
    project.write_account("news", marketing_account("news"))
    project.run_well("apply", "--auto-approve", "--depth", "offline")
    first = told(project, way)
    monkeypatch.setattr("reconciler.operations.opening.read_project", None)
    assert first == told(project, way)


@pytest.mark.parametrize(
    "words",
    [("--target", "sales"), ("--exclude", "sales"), ("--depth", "connect"), ("--allow-deletes", "3")],
    ids=" ".join,
)
def test_another_question_has_another_answer(settled: Project, words: tuple[str, ...]) -> None:
    """What was kept for one request says nothing of another."""
    told(settled, "offline")
    first = settled.run("plan", "--depth", "offline", *words, "--format", "json").document["summary"]
    forget(settled)
    assert first == settled.run("plan", "--depth", "offline", *words, "--format", "json").document["summary"]


TAMPERED: dict[str, Callable[[dict[str, Any]], object]] = {
    "problems gone": lambda kept: kept["plan"].update(diagnostics=[]),
    "another ground": lambda kept: kept.update(ground="sha256:0"),
    "no secrets": lambda kept: kept.update(secrets=[]),
    "a folder as a secret": lambda kept: kept.update(secrets=["file:../../etc/passwd"]),
    "no files": lambda kept: kept.update(beside=[]),
    "files elsewhere": lambda kept: kept.update(beside=["../../etc/passwd", "/etc/passwd"]),
    "a blocked plan": lambda kept: kept["plan"].update(status="blocked"),
    "another project": lambda kept: kept.update(project="other"),
    "another format": lambda kept: kept.update(formatVersion="2.0"),
    "another key": lambda kept: kept.update(keyId="0" * 16),
    "no seal": lambda kept: kept.pop("seal"),
    "a seal that is none": lambda kept: kept.update(seal=["x"]),
    "a seal that is no text": lambda kept: kept.update(seal="\ud800"),
    "no plan": lambda kept: kept.pop("plan"),
    "more": lambda kept: kept.update(more=1),
}


@pytest.mark.parametrize("tampering", TAMPERED)
def test_what_somebody_else_wrote_does_not_count(settled: Project, tampering: str) -> None:
    """A kept plan that was altered in any part is as if it were not there, and is put right by the next plan."""
    first = told(settled, "with secrets")
    (path,) = kept(settled)
    genuine = json.loads(path.read_text(encoding="utf-8"))
    document = json.loads(json.dumps(genuine))
    TAMPERED[tampering](document)
    path.write_text(json.dumps(document), encoding="utf-8")
    assert first == told(settled, "with secrets")
    assert genuine["ground"] == json.loads(path.read_text(encoding="utf-8"))["ground"]


@pytest.mark.parametrize("octets", [b"", b"\xff", b"[]", b"null", b"[" * 100_000, b'{"seal": 1e999}'])
def test_what_is_no_kept_plan_does_not_count(settled: Project, octets: bytes) -> None:
    """Octets of any kind in its place cost the making of a plan and nothing else; so does a folder, or a link."""
    first = told(settled, "offline")
    (path,) = kept(settled)
    path.write_bytes(octets)
    assert first == told(settled, "offline")
    path.rename(path.with_suffix(".moved"))
    path.symlink_to(path.with_suffix(".moved"))
    assert first == told(settled, "offline")
    path.unlink()
    path.mkdir()
    assert first == told(settled, "offline")


def test_a_plan_that_was_kept_earlier_does_not_come_back(settled: Project) -> None:
    """Whoever puts an old file of ours back gets it for the manifests that it was made of, and for no others."""
    told(settled, "offline")
    (path,) = kept(settled)
    old = path.read_bytes()
    CHANGES["a title"](settled)
    changed = told(settled, "offline")
    path.write_bytes(old)
    assert changed == told(settled, "offline")
    settled.run_well("apply", "--auto-approve", "--depth", "offline")
    applied = told(settled, "offline")
    path.write_bytes(old)
    assert applied == told(settled, "offline")


def test_plans_of_another_project_do_not_count(settled: Project) -> None:
    """A kept plan that is genuine, and of a folder that was copied, is made anew: its files are others."""
    told(settled, "offline")
    copied = settled.folder.parent / "copied"
    shutil.copytree(settled.folder, copied)
    replace_text(copied / "accounts.d" / "through.yaml", "Through", "Otherwise")
    planned = settled.run("--project-dir", str(copied), "plan", "--depth", "offline", "--format", "json")
    assert {"update": 1} == {key: count for key, count in planned.document["summary"].items() if count == 1}


def test_what_is_kept_holds_no_secret_and_is_for_the_owner_alone(settled: Project) -> None:
    """It names references as plans do, has mode 0600, is out of git, and is sealed with the key of fingerprints."""
    settled.run_well("plan", "--depth", "offline")
    (path,) = kept(settled)
    text = path.read_text(encoding="utf-8")
    assert 0o600 == path.stat().st_mode & 0o777
    assert load_key_file(settled.key_file).key_id == json.loads(text)["keyId"]
    assert "s3cret-of-through" not in text
    assert "*\n" == (settled.folder / ".reconciler" / ".gitignore").read_text()


def test_a_plan_with_changes_is_not_kept(settled: Project) -> None:
    """What changes something, or blocks, is made each time."""
    CHANGES["a title"](settled)
    settled.run_well("plan", "--depth", "offline")
    assert [] == kept(settled)


def test_nothing_is_kept_through_a_link(settled: Project) -> None:
    """A folder that is a link may lead anywhere, so nothing is written or read through it."""
    outside = settled.folder.parent / "outside"
    outside.mkdir()
    (settled.folder / ".reconciler" / "plans").symlink_to(outside)
    settled.run_well("plan", "--depth", "offline")
    settled.run_well("plan", "--depth", "offline")
    assert [] == os.listdir(outside)  # noqa: PTH208 - names are enough


def test_a_redaction_forgets_what_is_kept(settled: Project) -> None:
    """The names that were erased may stand in it."""
    settled.run_well("plan", "--depth", "offline")
    settled.remove_account("news")
    settled.run_well("apply", "--auto-approve", "--depth", "offline", "--allow-deletes", "1")
    settled.run_well("plan", "--depth", "offline")
    assert kept_facts(settled)
    settled.run_well("journal", "redact", "news", "--reason", "asked for it")
    assert [] == kept(settled)
    assert [] == kept_facts(settled)
