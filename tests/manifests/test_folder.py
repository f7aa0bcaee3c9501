"""Reading a folder of manifests: which files, in which order, and what is wrong with them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from reconciler.manifests import ManifestSet, read_manifests

if TYPE_CHECKING:
    from pathlib import Path

ACCOUNT = """\
apiVersion: reconciler/v1
kind: OwnAccount
metadata: {{name: {name}}}
spec: {{email: a@example.com, displayName: A, smtp: {{host: smtp.example.com}}}}
"""


def account(name: str) -> str:
    """Return a valid manifest."""
    return ACCOUNT.format(name=name)


def write(root: Path, **files: str) -> Path:
    """Write files below ``accounts.d`` (``__`` in a name stands for a slash) and return the folder."""
    folder = root / "accounts.d"
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        path = folder / f"{name.replace('__', '/')}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def names(found: ManifestSet) -> list[tuple[str, str]]:
    """Return file and name of each manifest."""
    return [(each.file, each.manifest.metadata.name) for each in found.manifests]


def problems(found: ManifestSet) -> list[tuple[str, str]]:
    """Return code and place of each problem."""
    return [(each.code, str(each.location)) for each in found.problems]


def test_files_of_all_folders_in_a_stable_order(tmp_path: Path) -> None:
    """Files are read by name, folders included, and named from the project folder with forward slashes."""
    folder = write(tmp_path, b=account("b1") + "---\n" + account("b2"), a__z=account("az"), c__d__e=account("cde"))
    (folder / "x.yml").write_text(account("yml"))
    (folder / "Y.YAML").write_text(account("upper"))
    (folder / "notes.txt").write_text("not: read")
    found = read_manifests(folder, root=tmp_path)
    assert found.problems == ()
    assert names(found) == [
        ("accounts.d/Y.YAML", "upper"),
        ("accounts.d/a/z.yaml", "az"),
        ("accounts.d/b.yaml", "b1"),
        ("accounts.d/b.yaml", "b2"),
        ("accounts.d/c/d/e.yaml", "cde"),
        ("accounts.d/x.yml", "yml"),
    ]
    assert (found.folder_exists, found.file_count) == (True, 5)


def test_hidden_files_and_folders_are_passed_over(tmp_path: Path) -> None:
    """Names that begin with a dot belong to editors and tools."""
    folder = write(tmp_path, a=account("a"))
    (folder / ".git").mkdir()
    (folder / ".git/x.yaml").write_text("a: [")
    (folder / ".#a.yaml").write_text("a: [")
    found = read_manifests(folder, root=tmp_path)
    assert (names(found), problems(found)) == ([("accounts.d/a.yaml", "a")], [])


def test_a_missing_folder_is_told_from_an_empty_one(tmp_path: Path) -> None:
    """A missing folder, and a file in its place, is no empty folder."""
    (tmp_path / "file").write_text("")
    (tmp_path / "empty").mkdir()
    found = [read_manifests(tmp_path / name, root=tmp_path) for name in ("missing", "file", "empty")]
    assert [(each.folder_exists, each.file_count, each.problems) for each in found] == [
        (False, 0, ()),
        (False, 0, ()),
        (True, 0, ()),
    ]


def test_a_link_inside_the_project_is_followed(tmp_path: Path) -> None:
    """A linked file inside the project folder is read."""
    folder = write(tmp_path)
    (tmp_path / "shared.yaml").write_text(account("shared"))
    (folder / "a.yaml").symlink_to("../shared.yaml")
    assert names(read_manifests(folder, root=tmp_path)) == [("accounts.d/a.yaml", "shared")]


def test_a_linked_manifest_knows_where_it_lies(tmp_path: Path) -> None:
    """A link tells the file that it leads to, and so does every file below a folder that is a link; others do not."""
    folder = write(tmp_path, b=account("b"))
    (tmp_path / "shared.yaml").write_text(account("shared"))
    (folder / "a.yaml").symlink_to("../shared.yaml")
    found = read_manifests(folder, root=tmp_path)
    assert {"accounts.d/a.yaml": "shared.yaml", "accounts.d/b.yaml": None} == {
        each.file: each.real_file for each in found.manifests
    }
    folder.rename(tmp_path / "real.d")
    folder.symlink_to("real.d")
    found = read_manifests(folder, root=tmp_path)
    assert {"accounts.d/a.yaml": "shared.yaml", "accounts.d/b.yaml": "real.d/b.yaml"} == {
        each.file: each.real_file for each in found.manifests
    }


@pytest.mark.parametrize("target", ["../../outside.yaml", "/etc/hostname", "a.yaml", "/nowhere"])
def test_a_link_out_of_the_project_in_a_circle_or_to_nothing_is_refused(tmp_path: Path, target: str) -> None:
    """A link that cannot be trusted or followed is a problem of that file."""
    (tmp_path / "outside.yaml").write_text(account("outside"))
    root = tmp_path / "project"
    root.mkdir()
    folder = write(root)
    (folder / "a.yaml").symlink_to(target)
    found = read_manifests(folder, root=root)
    assert (names(found), problems(found)) == ([], [("fileUnreadable", "accounts.d/a.yaml")])


def test_a_linked_folder_is_reported(tmp_path: Path) -> None:
    """A folder that is a link is not passed over in silence: its accounts would look deleted."""
    folder = write(tmp_path)
    write(tmp_path / "accounts.d", a=account("a"))
    (folder / "linked").symlink_to(folder / "accounts.d")
    found = read_manifests(folder, root=tmp_path)
    assert problems(found) == [("fileUnreadable", "accounts.d/linked")]


def test_a_manifests_folder_that_links_out_of_the_project_is_refused(tmp_path: Path) -> None:
    """The manifests folder itself may not lead outside."""
    outside = write(tmp_path, a=account("a"))
    root = tmp_path / "project"
    root.mkdir()
    (root / "accounts.d").symlink_to(outside)
    found = read_manifests(root / "accounts.d", root=root)
    assert (names(found), problems(found)) == ([], [("fileUnreadable", "accounts.d")])


def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    """A named pipe under a manifest's name does not hold the command."""
    folder = write(tmp_path)
    os.mkfifo(folder / "a.yaml")
    assert problems(read_manifests(folder, root=tmp_path)) == [("fileUnreadable", "accounts.d/a.yaml")]


def test_a_folder_named_like_a_manifest_is_a_folder(tmp_path: Path) -> None:
    """A folder whose name ends in .yaml is looked into."""
    folder = write(tmp_path)
    (folder / "x.yaml").mkdir()
    (folder / "x.yaml" / "y.yaml").write_text(account("y"))
    assert names(read_manifests(folder, root=tmp_path)) == [("accounts.d/x.yaml/y.yaml", "y")]


_READ = """
import sys
from pathlib import Path
from reconciler.manifests import read_manifests

root = Path(sys.argv[1])
for problem in read_manifests(root / "accounts.d", root=root).problems:
    print(problem.code, problem.location)
"""


@pytest.mark.skipif(os.geteuid() == 0 and shutil.which("setpriv") is None, reason="root may read everything")
def test_unreadable_files_and_folders_are_reported(tmp_path: Path) -> None:
    """What may not be read is a problem, not an account that is gone."""
    folder = write(tmp_path, a=account("a"), b__c=account("c"))
    (folder / "a.yaml").chmod(0)
    (folder / "b").chmod(0)
    drop = ["setpriv", "--inh-caps=-all", "--bounding-set=-all"] if os.geteuid() == 0 else []
    command = [*drop, sys.executable, "-c", _READ, str(tmp_path)]
    try:
        found = subprocess.run(command, capture_output=True, text=True, check=True)
    finally:
        (folder / "b").chmod(0o700)
    assert found.stdout.splitlines() == ["fileUnreadable accounts.d/a.yaml", "fileUnreadable accounts.d/b"]


def test_a_huge_sparse_file_is_not_read(tmp_path: Path) -> None:
    """A file of a terabyte costs no more than one just over the limit."""
    folder = write(tmp_path)
    with (folder / "a.yaml").open("wb") as file:
        file.truncate(1 << 40)
    assert problems(read_manifests(folder, root=tmp_path)) == [("fileTooLarge", "accounts.d/a.yaml")]


def test_a_file_name_that_is_not_utf8_can_be_shown(tmp_path: Path) -> None:
    """Such a name is shown with replacement characters, so that every output can be written."""
    folder = write(tmp_path)
    (folder / os.fsdecode(b"caf\xe9.yaml")).write_text("[")
    assert [each.location and each.location.file for each in read_manifests(folder, root=tmp_path).problems] == [
        "accounts.d/caf\ufffd.yaml"
    ]


def test_names_are_unique_over_all_kinds_and_files(tmp_path: Path) -> None:
    """A name used again is a problem at each later place, which names the first."""
    server = "apiVersion: reconciler/v1\nkind: MailServer\nmetadata: {name: same}\nspec: {host: smtp.example.com}\n"
    folder = write(tmp_path, a=account("same"), b=server, c=account("other") + "---\n" + account("same"))
    found = read_manifests(folder, root=tmp_path)
    assert problems(found) == [("duplicateName", "accounts.d/b.yaml:3:18"), ("duplicateName", "accounts.d/c.yaml:8:18")]
    assert "accounts.d/a.yaml:3:18" in found.problems[0].detail


def test_all_problems_of_all_files_come_at_once(tmp_path: Path) -> None:
    """Good documents are read, and every problem of every file is listed by place."""
    folder = write(
        tmp_path,
        a="a: [\n---\n" + account("good") + "---\nkind: OwnAcount\n",
        b=account("b").replace("host", "hots").replace("email", "emial"),
    )
    found = read_manifests(folder, root=tmp_path)
    assert names(found) == [("accounts.d/a.yaml", "good")]
    assert problems(found) == [
        ("yamlSyntax", "accounts.d/a.yaml:2:1"),
        ("unknownApiVersion", "accounts.d/a.yaml:8:1"),
        ("unknownKind", "accounts.d/a.yaml:8:7"),
        ("missingField", "accounts.d/b.yaml:4:1"),
        ("unknownField", "accounts.d/b.yaml:4:8"),
        ("missingField", "accounts.d/b.yaml:4:46"),
        ("unknownField", "accounts.d/b.yaml:4:53"),
    ]


def test_a_file_with_too_many_problems_lists_a_thousand(tmp_path: Path) -> None:
    """The list of one file's problems ends after a thousand and says so, however they are spread."""
    fields = "".join(f"  field{number}: 1\n" for number in range(3_000))
    one = account("one").splitlines(keepends=True)
    folder = write(tmp_path, a="".join(one[:3]) + "spec:\n" + fields, b="---\nkind: x\n" * 3_000)
    found = read_manifests(folder, root=tmp_path)
    for file in ("accounts.d/a.yaml", "accounts.d/b.yaml"):
        codes = [each.code for each in found.problems if each.location is not None and each.location.file == file]
        assert (len(codes), codes.count("tooManyProblems")) == (1_001, 1)
