"""Whatever a checkout's tree is, reading it ends with manifests or with diagnostics."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from reconciler.manifests import read_manifests
from reconciler.manifests.ca_files import read_ca_files
from reconciler.manifests.folder import MAX_DEPTH, MAX_ENTRIES
from tests.manifests.reading import GOOD

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """Return a manifests folder with one manifest."""
    made = tmp_path / "accounts.d"
    made.mkdir()
    (made / "sales.yaml").write_text(GOOD, encoding="utf-8")
    yield made
    subprocess.run(["rm", "-rf", str(made)], check=True)  # deeper than Python can remove


def _nest(folder: Path, name: str, count: int) -> None:
    """Make folders within each other, deeper than a path can say."""
    here = os.open(folder, os.O_RDONLY)
    for _ in range(count):
        os.mkdir(name, dir_fd=here)
        inner = os.open(name, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = inner
    os.close(here)


@pytest.mark.parametrize(("name", "count"), [("d", MAX_DEPTH + 1), ("d", 1500), ("d" * 200, 30)])
def test_nested_folders_are_a_diagnostic(folder: Path, name: str, count: int) -> None:
    """Folders beyond a depth, or beyond the length of a path, are told; what is readable is read all the same."""
    _nest(folder, name, count)
    found = read_manifests(folder, root=folder.parent)
    assert ["fileUnreadable"] == [problem.code for problem in found.problems]
    assert 1 == len(found.manifests)
    assert all(len(problem.detail) + len(str(problem.location)) < 1000 for problem in found.problems)


def test_folders_up_to_the_depth_are_read(folder: Path) -> None:
    """A manifest at the greatest depth is one."""
    deep = folder.joinpath(*["d"] * MAX_DEPTH)
    deep.mkdir(parents=True)
    (deep / "second.yaml").write_text(GOOD.replace("sales", "second"), encoding="utf-8")
    found = read_manifests(folder, root=folder.parent)
    assert (2, ()) == (len(found.manifests), found.problems)


def test_links_in_a_loop_are_a_diagnostic(folder: Path) -> None:
    """A link to itself, to its own folder, and two that lead to each other end in problems, whatever their names."""
    (folder / "self.yaml").symlink_to("self.yaml")
    (folder / "around").symlink_to(".")
    (folder / "one.yaml").symlink_to("two.yaml")
    (folder / "two.yaml").symlink_to("one.yaml")
    found = read_manifests(folder, root=folder.parent)
    assert {"fileUnreadable"} == {problem.code for problem in found.problems}
    assert 4 == len(found.problems)


def test_names_that_are_not_utf8_are_shown(folder: Path) -> None:
    """Octets of a name that are no text are shown as replacement characters, for folders too."""
    (folder / "f\udcff").mkdir()
    (folder / "f\udcff" / "b\udcfe.yaml").write_text("x: [", encoding="utf-8")
    found = read_manifests(folder, root=folder.parent)
    assert {"accounts.d/f\ufffd/b\ufffd.yaml"} == {
        problem.location.file for problem in found.problems if problem.location
    }


def test_a_folder_that_goes_away_is_a_diagnostic(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder that is gone when its turn comes is told, not passed over: it would look like deleted accounts."""
    gone = folder / "gone"
    gone.mkdir()
    scan = os.scandir

    def removing(place: Path) -> object:
        if place == gone:
            gone.rmdir()
        return scan(place)

    monkeypatch.setattr(os, "scandir", removing)
    found = read_manifests(folder, root=folder.parent)
    assert ["accounts.d/gone"] == [str(problem.location) for problem in found.problems]
    assert "It went away" in found.problems[0].detail


def test_too_many_entries_are_a_diagnostic(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Looking through a folder ends at a number of entries, of whatever kind."""
    monkeypatch.setattr("reconciler.manifests.folder.MAX_ENTRIES", 20)
    for number in range(30):
        (folder / f"{number}.txt").touch()
    found = read_manifests(folder, root=folder.parent)
    assert ["manifestsTooLarge"] == [problem.code for problem in found.problems]
    assert MAX_ENTRIES == 200_000


@pytest.mark.parametrize(
    "path", ["x/" * 1500 + "ca.pem", "y" * 5000, "loop.pem", "folder", "around/" * 60 + "ca.pem", "loop.pem/ca.pem"]
)
def test_a_ca_file_anywhere_is_usable_or_not(folder: Path, path: str) -> None:
    """Paths that are too long, loop, or lead to folders give a sentence."""
    (folder.parent / "loop.pem").symlink_to("loop.pem")
    (folder.parent / "around").symlink_to(".")
    (folder.parent / "folder").mkdir()
    usable, unusable = read_ca_files([path], root=folder.parent)
    assert ({}, [path]) == (usable, list(unusable))
