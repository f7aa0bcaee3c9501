"""What released versions wrote is read as it was meant: manifests, states, plans, and the keys of JSON documents."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from tests.cli.project import Project
from tests.kept import KEPT
from tests.kept.keep import DOCUMENTS, PASSWORD, VARIABLE

if TYPE_CHECKING:
    from pathlib import Path

VERSIONS = sorted(each.parent for each in KEPT.glob("*/state.sql"))
OF_THE_RUN = frozenset({"formatVersion", "tool", "createdAt", "planDigest", "entries", "head", "diagnostics"})
"""What tells of the run, or of a migration since, and not of what was kept; only that it is there is compared."""


@pytest.fixture(params=VERSIONS, ids=lambda folder: folder.name)
def kept(request: pytest.FixtureRequest) -> Path:
    """Return the folder of a released version."""
    folder: Path = request.param
    return folder


@pytest.fixture
def restored(
    kept: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Project:
    """Return the project of a released version with its state, and its saved plan beside it."""
    made = Project(tmp_path / "mail", monkeypatch, capsys)
    shutil.copytree(kept / "project", made.folder, dirs_exist_ok=True)
    shutil.copy(kept / "saved.plan", made.folder)
    made.state_file.parent.mkdir(mode=0o700)
    shutil.copy(kept / "fingerprint.key", made.key_file)
    made.key_file.chmod(0o600)
    made.set_variable(VARIABLE, PASSWORD)
    restore(made, kept / "state.sql")
    return made


def restore(project: Project, dump: Path) -> None:
    """Put a kept state in the place of the project's, and bring it up to date."""
    project.state_file.unlink(missing_ok=True)
    with closing(sqlite3.connect(project.state_file)) as database:
        database.executescript(dump.read_text(encoding="utf-8"))
    project.state_file.chmod(0o600)
    project.run_well("state", "migrate")


def missing(then: Any, now: Any, path: str = "") -> list[str]:
    """Return where a document lacks what an earlier one had, or has something else there; additions do not count."""
    if isinstance(then, dict) and isinstance(now, dict):
        gone = [f"{path}.{key}" for key in then if key not in now]
        both = [key for key in then if key in now and key not in OF_THE_RUN]
        return gone + [each for key in both for each in missing(then[key], now[key], f"{path}.{key}")]
    if isinstance(then, list) and isinstance(now, list) and len(then) == len(now):
        pairs = enumerate(zip(then, now, strict=True))
        return [each for number, (old, new) in pairs for each in missing(old, new, f"{path}[{number}]")]
    return [] if then == now else [f"{path}: {then!r} became {now!r}"]


def test_something_is_kept() -> None:
    """Each folder of a released version has all that the tests below read."""
    assert VERSIONS
    assert set(DOCUMENTS) == {each.stem for folder in VERSIONS for each in (folder / "documents").iterdir()}


def test_manifests_mean_what_they_meant(restored: Project) -> None:
    """They are valid, and planned against what they once came to they change nothing."""
    assert [] == restored.run_well("validate", "--format", "json").codes
    plan = restored.run_well("plan", "--depth", "offline", "--format", "json").document
    assert 0 == sum(plan["summary"].get(each, 0) for each in ("create", "update", "rename", "delete")), plan["summary"]


def test_the_state_is_whole(kept: Path, restored: Project) -> None:
    """It is read, by way of the migrations that there are since; its journal holds, and its head is in it."""
    head = json.loads((kept / "documents" / "journal-head.json").read_text(encoding="utf-8"))["head"]
    restored.run_well("journal", "check", "--head", head)


def test_a_saved_plan_is_applied(kept: Path, restored: Project) -> None:
    """To the state that it was made against it is applied, seal and all, and leaves what it left then."""
    restore(restored, kept / "state-empty.sql")
    restored.run_well("apply", "saved.plan", "--depth", "offline", "--actor", "anna@example.com")
    listed = restored.run_well("accounts", "list", "--format", "json").document["accounts"]
    then = json.loads((kept / "documents" / "accounts-list.json").read_text(encoding="utf-8"))["accounts"]
    assert [(each["name"], each["email"]) for each in then] == [(each["name"], each["email"]) for each in listed]


@pytest.mark.parametrize("name", DOCUMENTS)
def test_documents_have_what_they_had(name: str, kept: Path, restored: Project) -> None:
    """Every key that a program may read is there, with the same value; new ones may stand beside them."""
    then = json.loads((kept / "documents" / f"{name}.json").read_text(encoding="utf-8"))
    now = restored.run_well(*DOCUMENTS[name].split(), "--format", "json").document
    if name == "history":
        now["events"] = [each for each in now["events"] if each["event"] != "migrate"]
    assert then["formatVersion"].partition(".")[0] == now["formatVersion"].partition(".")[0]
    assert [] == missing(then, now)
