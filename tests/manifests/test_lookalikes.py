"""Files that hold a manifest and are not read, because of their names."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from reconciler.manifests.lookalikes import lookalikes
from tests.manifests.reading import GOOD, read_text

if TYPE_CHECKING:
    from pathlib import Path

TOLD = (
    "sales.json",
    "sales.yaml.bak",
    "sales.yml.old",
    "sales.yaml.disabled",
    "sales.yaml.txt",
    "SALES.YAML.BAK",
    "sales.yaml.j2",
)
SILENT = (
    *(".sales.yaml", ".sales.json", ".sales.yaml.swp", ".#sales.yaml", "#sales.yaml#"),  # hidden, or an editor's
    *("sales.yaml~", "sales.yml~", ".git/sales.json", "README.md", "sales", "sales.txt"),
    *("sales.yaml", "sales.yml", "SALES.YAML", "sales.YmL"),  # which are read
)  # fmt: skip


@pytest.mark.parametrize("name", TOLD)
def test_what_looks_like_a_manifest_is_told(name: str, tmp_path: Path) -> None:
    """Whoever wrote it may believe that it counts, so it is named, with the endings that do."""
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / name).write_text(GOOD, encoding="utf-8")
    (told,) = lookalikes(tmp_path, tmp_path)
    assert ("manifestNotRead", "note", f"below/{name}") == (told.code, told.severity, str(told.location))
    assert told.detail.startswith(f"below/{name} looks like a manifest and is not read: its name does not end in")


@pytest.mark.parametrize("name", SILENT)
def test_what_counts_or_is_an_editors_is_not_told(name: str, tmp_path: Path) -> None:
    """Hidden files, what editors leave beside a file, other texts, and what is read in any case of its ending."""
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text(GOOD, encoding="utf-8")
    assert [] == lookalikes(tmp_path, tmp_path)


def test_another_programs_file_is_not_told(tmp_path: Path) -> None:
    """A name alone is no sign: what holds no manifest, is a pipe or may not be read is none."""
    (tmp_path / "package.json").write_text("{}", encoding="utf-8")
    os.mkfifo(tmp_path / "pipe.json")
    (tmp_path / "link.json").symlink_to(tmp_path / "package.json")
    assert [] == lookalikes(tmp_path, tmp_path)
    assert [] == lookalikes(tmp_path / "missing", tmp_path)


def test_several_are_told_at_once(tmp_path: Path) -> None:
    """Many copies are one note, at the first of them."""
    for number in range(12):
        (tmp_path / f"{number:02}.yaml.bak").write_text(GOOD, encoding="utf-8")
    (told,) = lookalikes(tmp_path, tmp_path)
    assert "00.yaml.bak" == str(told.location)
    assert "and 2 more look like manifests and are not read: their names do not" in told.detail


def test_json_can_stand_in_a_file_of_that_name(tmp_path: Path) -> None:
    """What is advised is so: JSON is read where its file's name ends in .yaml."""
    text = (
        '{"apiVersion": "reconciler/v1", "kind": "OwnAccount", "metadata": {"name": "sales"}, "spec": {"email": '
        '"sales@example.com", "displayName": "Sales", "smtp": {"host": "smtp.example.com"}}}'
    )
    found = read_text(tmp_path, text)
    assert ((), ["sales"]) == (found.problems, [each.manifest.metadata.name for each in found.manifests])
