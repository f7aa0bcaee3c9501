"""The evidence cache: what is kept is found again, and only where it is genuine."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from reconciler.evidencecache import EvidenceCache
from reconciler.model.secrets.values import FingerprintKey
from reconciler.model.verification.evidence import Check, Evidence, Observed, Verification

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

AT = datetime(2026, 11, 23, 12, tzinfo=UTC)
KEY = FingerprintKey(b"k" * 32)
DIGEST = "sha256:" + "1" * 64
RULE = "sha256:" + "2" * 64
PASSED = Evidence(
    settings_digest=DIGEST,
    verification=Verification(
        status="passed",
        depth="message",
        checked_at=AT,
        checks=(Check(check="dns", status="passed", code="ok", message="It is there.", seconds=0.1),),
    ),
    observed=Observed(tls_version="TLSv1.3", queue_id="queued as 1"),
)


def make_cache(folder: Path, **changes: Any) -> EvidenceCache:
    """Return a cache below a folder; ``changes`` name fields."""
    fields: dict[str, Any] = {"folder": folder / ".reconciler" / "evidence", "key": KEY, "project": "mail"}
    return EvidenceCache(**(fields | changes))


def the_file(folder: Path) -> Path:
    """Return the one file of the cache."""
    (path,) = (folder / ".reconciler" / "evidence").glob("*.json")
    return path


def test_what_is_kept_is_found_again(tmp_path: Path) -> None:
    """Evidence comes back whole, from another process's view too."""
    make_cache(tmp_path).keep("sales", PASSED, rule=RULE)
    assert PASSED == make_cache(tmp_path).find("sales", DIGEST, rule=RULE)


def test_files_are_for_the_owner_alone_and_out_of_git(tmp_path: Path) -> None:
    """The file has mode 0600, and git ignores the folder."""
    make_cache(tmp_path).keep("sales", PASSED, rule=RULE)
    assert 0o600 == the_file(tmp_path).stat().st_mode & 0o777
    assert "*\n" == (tmp_path / ".reconciler" / ".gitignore").read_text()


@pytest.mark.parametrize(
    ("name", "digest", "rule"),
    [("other", DIGEST, RULE), ("sales", "sha256:0", RULE), ("sales", DIGEST, "sha256:0")],
    ids=["name", "settings", "rule"],
)
def test_nothing_else_answers(tmp_path: Path, name: str, digest: str, rule: str) -> None:
    """Another account, other settings and another rule find nothing."""
    make_cache(tmp_path).keep("sales", PASSED, rule=RULE)
    assert None is make_cache(tmp_path).find(name, digest, rule=rule)


@pytest.mark.parametrize("changes", [{"key": FingerprintKey(b"x" * 32)}, {"project": "other"}], ids=["key", "project"])
def test_another_key_or_project_finds_nothing(tmp_path: Path, changes: dict[str, Any]) -> None:
    """Evidence belongs to one project under one key."""
    make_cache(tmp_path).keep("sales", PASSED, rule=RULE)
    assert None is make_cache(tmp_path, **changes).find("sales", DIGEST, rule=RULE)


def _fail(document: dict[str, Any]) -> None:
    document["evidence"]["verification"]["status"] = "skipped"


def _reseal(document: dict[str, Any]) -> None:
    document["seal"] = "hmac-sha256:" + "0" * 64


def _drop_seal(document: dict[str, Any]) -> None:
    del document["seal"]


def _other_seal_type(document: dict[str, Any]) -> None:
    document["seal"] = ["\udcff"]


@pytest.mark.parametrize("alter", [_fail, _reseal, _drop_seal, _other_seal_type])
def test_altered_evidence_counts_as_absent(tmp_path: Path, alter: Callable[[dict[str, Any]], None]) -> None:
    """What does not fit its seal is not believed."""
    cache = make_cache(tmp_path)
    cache.keep("sales", PASSED, rule=RULE)
    document = json.loads(the_file(tmp_path).read_text())
    alter(document)
    the_file(tmp_path).write_text(json.dumps(document))
    assert None is cache.find("sales", DIGEST, rule=RULE)


@pytest.mark.parametrize(
    "octets",
    [b"", b"{", b"[]", b"\xff", b"[" * 100_000, b"0" * 2_000_000],
    ids=["empty", "cut", "list", "bytes", "deep", "big"],
)
def test_damaged_files_count_as_absent(tmp_path: Path, octets: bytes) -> None:
    """Whatever stands in the file, nothing is raised."""
    cache = make_cache(tmp_path)
    cache.keep("sales", PASSED, rule=RULE)
    the_file(tmp_path).write_bytes(octets)
    assert None is cache.find("sales", DIGEST, rule=RULE)


def test_one_account_s_file_does_not_vouch_for_another(tmp_path: Path) -> None:
    """A genuine file under another's name is not believed."""
    cache = make_cache(tmp_path)
    cache.keep("sales", PASSED, rule=RULE)
    genuine = the_file(tmp_path)
    octets = genuine.read_bytes()
    genuine.unlink()
    cache.keep("other", PASSED, rule=RULE)
    the_file(tmp_path).write_bytes(octets)
    assert None is cache.find("other", DIGEST, rule=RULE)


@pytest.mark.parametrize("link", [".reconciler", ".reconciler/evidence"])
def test_a_link_out_of_the_project_is_not_followed(tmp_path: Path, link: str) -> None:
    """A pull request that brings a link has nothing written or read beyond it."""
    project, outside = tmp_path / "project", tmp_path / "outside"
    (project / link).parent.mkdir(parents=True)
    outside.mkdir()
    (project / link).symlink_to(outside)
    cache = make_cache(project)
    cache.keep("sales", PASSED, rule=RULE)
    assert [] == list(outside.iterdir())
    assert None is cache.find("sales", DIGEST, rule=RULE)
    theirs = outside / "theirs.json" if link.endswith("evidence") else outside / "evidence" / "theirs.json"
    theirs.parent.mkdir(exist_ok=True)
    theirs.write_text("{}")
    os.utime(theirs, (0, 0))
    cache.forget_before(AT)
    assert theirs.exists()


def test_a_folder_that_cannot_be_made_costs_nothing(tmp_path: Path) -> None:
    """Where a file stands in the way, keeping does nothing and finding finds nothing."""
    (tmp_path / ".reconciler").write_text("in the way")
    cache = make_cache(tmp_path)
    cache.keep("sales", PASSED, rule=RULE)
    cache.forget_before(AT)
    assert None is cache.find("sales", DIGEST, rule=RULE)


def test_old_evidence_is_removed(tmp_path: Path) -> None:
    """Files from before the moment given go, later ones stay."""
    cache = make_cache(tmp_path)
    cache.keep("sales", PASSED, rule=RULE)
    old = the_file(tmp_path)
    cache.keep("new", PASSED, rule=RULE)
    long_ago = (AT - timedelta(days=400)).timestamp()
    os.utime(old, (long_ago, long_ago))
    cache.forget_before(AT - timedelta(days=300))
    assert None is cache.find("sales", DIGEST, rule=RULE)
    assert PASSED == cache.find("new", DIGEST, rule=RULE)


def test_what_cannot_be_removed_keeps_nothing_else(tmp_path: Path) -> None:
    """A folder under the name of evidence does not let the files after it pile up."""
    cache = make_cache(tmp_path)
    cache.keep("sales", PASSED, rule=RULE)
    old = the_file(tmp_path)
    obstacle = old.parent / "0.json"
    obstacle.mkdir()
    for path in (obstacle, old):
        os.utime(path, (0, 0))
    cache.forget_before(AT)
    assert [obstacle] == list(old.parent.iterdir())
