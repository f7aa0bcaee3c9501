"""All manifests together have limits: what is within those of one file cannot fill the memory by its number."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from reconciler.diagnostics.codes import CODES
from reconciler.manifests import read_manifests
from reconciler.manifests.editing import search
from reconciler.manifests.folder import FILES, MAX_OCTETS, MAX_WEIGHT, OCTETS, PROBLEMS, WEIGHT
from reconciler.manifests.octets import MAX_FILES
from reconciler.yamlsource import MAX_FILE_OCTETS, read_documents

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_ACCOUNT = """\
apiVersion: reconciler/v1
kind: OwnAccount
metadata:
  name: {name}
  title: Sales
  owner: owner@example.com
  labels: {{team: sales}}
spec:
  email: sales@example.com
  displayName: Sales
  smtp:
    host: smtp.example.com
    authentication:
      username: sales@example.com
      password: {{env: SMTP_SALES_PASSWORD}}
"""


def _aliased() -> str:
    """Return documents that are small and stand for nearly 10,000 values each."""
    document = f"a: &a [{', '.join('x' * 1_000)}]\nb: [{', '.join(['*a'] * 8)}]\n"
    return "---\n".join([document] * 20)


def _accounts() -> str:
    return "---\n".join(_ACCOUNT.format(name=f"a{number}") for number in range(500))


def _repeat(content: str, times: int, folder: Path) -> None:
    """Make files of the same content, which is on the disk once."""
    first = folder / "00000.yaml"
    first.write_text(content, encoding="utf-8")
    for number in range(1, times):
        os.link(first, folder / f"{number:05}.yaml")


_BEYOND: dict[str, tuple[str, Callable[[], str], int, str]] = {
    "files": (FILES, lambda: "", MAX_FILES + 1, "accounts.d"),
    "octets": (OCTETS, lambda: "#" * MAX_FILE_OCTETS, 40, "accounts.d/00025.yaml"),
    "values": (WEIGHT, _aliased, 40, "accounts.d/00016.yaml"),
    "problems": (PROBLEMS, lambda: "---\na: [\n" * 2_000, 40, "accounts.d/00009.yaml"),
}


@pytest.mark.parametrize("case", _BEYOND)
def test_reading_stops_beyond_a_limit(tmp_path: Path, case: str) -> None:
    """Where reading stopped is one problem, which names the limit; what comes after is not looked at."""
    limit, content, times, place = _BEYOND[case]
    folder = tmp_path / "accounts.d"
    folder.mkdir()
    _repeat(content(), times, folder)
    (folder / "99999.yaml").write_text("[", encoding="utf-8")
    for problems in (read_manifests(folder, root=tmp_path).problems, search(folder, root=tmp_path).problems):
        told = [each for each in problems if each.code == "manifestsTooLarge"]
        assert [(place, "error")] == [(str(each.location), each.severity) for each in told]
        assert f"more than {limit} together" in told[0].detail
        assert "accounts.d/99999.yaml" not in {each.location.file for each in problems if each.location}
        assert limit in CODES["manifestsTooLarge"].cause


def test_as_many_files_as_may_be_are_read(tmp_path: Path) -> None:
    """The limit of files is the last number that is read."""
    folder = tmp_path / "accounts.d"
    folder.mkdir()
    _repeat("", MAX_FILES, folder)
    found = read_manifests(folder, root=tmp_path)
    assert (MAX_FILES, ()) == (found.file_count, found.problems)


def test_names_used_again_are_listed_up_to_the_limit_of_problems(tmp_path: Path) -> None:
    """The same accounts in many files are ten thousand names and no more, told once for each file."""
    folder = tmp_path / "accounts.d"
    folder.mkdir()
    _repeat(_accounts(), 22, folder)
    problems = read_manifests(folder, root=tmp_path).problems
    codes = [each.code for each in problems]
    assert (20, 1) == (codes.count("duplicateName"), codes.count("manifestsTooLarge"))
    assert 10_000 == sum(len(each.subjects) for each in problems)


def test_a_hundred_thousand_accounts_are_within_the_limits() -> None:
    """So many accounts of fifteen lines leave a quarter of each limit free."""
    text = _ACCOUNT.format(name="sales-100000").encode()
    read = read_documents(text, file="a.yaml")
    assert 15 == len(text.splitlines())
    assert 0 < read.documents[0].weight * 100_000 < MAX_WEIGHT * 0.75
    assert len(text) * 100_000 < MAX_OCTETS * 0.75
