"""The digest of a folder of manifests: any change that reading would notice makes it another one."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from reconciler.manifests import file_digests, folder_digest, octets
from reconciler.manifests.octets import MAX_FILES

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

CHANGES: dict[str, Callable[[Path], object]] = {
    "octets": lambda folder: (folder / "a.yaml").write_bytes(b"b"),
    "a long file": lambda folder: (folder / "a.yaml").write_bytes(b"a" * 200_000),
    "a new file": lambda folder: (folder / "b.yml").write_bytes(b""),
    "a new name": lambda folder: (folder / "a.yaml").rename(folder / "c.yaml"),
    "another folder": lambda folder: (folder / "inner" / "z.yaml").rename(folder / "z.yaml"),
    "a file gone": lambda folder: (folder / "a.yaml").unlink(),
}


def _copy(folder: Path, name: str) -> None:
    """Make a second folder with a manifest in it."""
    (folder / name).mkdir()
    (folder / name / "b.yaml").write_bytes(b"b")


NO_CHANGES: dict[str, Callable[[Path], object]] = {
    "nothing": lambda _: None,
    "the same octets again": lambda folder: (folder / "a.yaml").write_bytes(b"a"),
    "a hidden file": lambda folder: (folder / ".b.yaml").write_bytes(b"b"),
    "a hidden folder": lambda folder: _copy(folder, ".inner"),
    "no manifest": lambda folder: (folder / "README.md").write_bytes(b"b"),
    "an empty folder": lambda folder: (folder / "empty").mkdir(),
}
UNSURE: dict[str, Callable[[Path], object]] = {
    "a link": lambda folder: (folder / "b.yaml").symlink_to("a.yaml"),
    "a linked folder": lambda folder: (folder / "other").symlink_to("inner"),
    "a pipe": lambda folder: os.mkfifo(folder / "b.yaml"),
    "deep folders": lambda folder: folder.joinpath(*"x" * 60).mkdir(parents=True),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with two manifests."""
    made = tmp_path / "accounts.d"
    (made / "inner").mkdir(parents=True)
    (made / "a.yaml").write_bytes(b"a")
    (made / "inner" / "z.yaml").write_bytes(b"z")
    return made


@pytest.mark.parametrize("change", CHANGES)
def test_what_reading_would_notice_is_another_digest(folder: Path, change: str) -> None:
    """Octets, names and places of manifests count."""
    before = folder_digest(folder)
    CHANGES[change](folder)
    assert before is not None
    assert folder_digest(folder) not in {None, before}


@pytest.mark.parametrize("change", NO_CHANGES)
def test_what_reading_passes_over_is_none(folder: Path, change: str) -> None:
    """What is hidden, and what is no manifest, does not count."""
    before = folder_digest(folder)
    NO_CHANGES[change](folder)
    assert before == folder_digest(folder)


@pytest.mark.parametrize("change", UNSURE)
def test_what_reading_must_look_at_has_no_digest(folder: Path, change: str) -> None:
    """Links, what is no file, and more than is usual are left to reading."""
    UNSURE[change](folder)
    assert folder_digest(folder) is None


def test_a_folder_that_cannot_be_read_has_no_digest(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that is missing, and one with more entries than are looked at."""
    assert folder_digest(folder / "missing") is None
    monkeypatch.setattr(octets, "MOST_ENTRIES", 2)
    assert folder_digest(folder) is None


def test_more_files_than_reading_takes_have_no_digest(folder: Path) -> None:
    """Reading refuses them, which a plan that reads a few of them alone would not notice."""
    few = file_digests(folder)
    assert few is not None
    for number in range(MAX_FILES - len(few)):
        os.link(folder / "a.yaml", folder / f"more-{number}.yaml")
    assert folder_digest(folder) is not None
    os.link(folder / "a.yaml", folder / "one-more.yaml")
    assert folder_digest(folder) is None
