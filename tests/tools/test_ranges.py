"""Which versions are tried on which Pythons."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from tools.ranges import found_pythons, runs_of

if TYPE_CHECKING:
    from pathlib import Path

_PYTHONS = ["3.11", "3.12", "3.14"]


@pytest.mark.parametrize(
    ("arguments", "runs"),
    [
        (["lowest@oldest", "newest@newest"], [("lowest", "3.11"), ("newest", "3.14")]),
        (["newest@3.12"], [("newest", "3.12")]),
        ([], [(versions, python) for python in _PYTHONS for versions in ("lowest", "newest")]),
    ],
)
def test_runs(arguments: list[str], runs: list[tuple[str, str]]) -> None:
    """Without a word every Python found is tried with both; the oldest and the newest found have names."""
    assert runs == runs_of(arguments, _PYTHONS)


@pytest.mark.parametrize("argument", ["lowest", "lowest@3.13", "highest@3.12", "@", ""])
def test_what_is_no_run_is_refused(argument: str) -> None:
    """A misspelt run is no run of everything; the Pythons found are named."""
    with pytest.raises(ValueError, match=r"found: 3\.11, 3\.12, 3\.14"):
        runs_of([argument], _PYTHONS)


def test_a_name_that_leads_nowhere_is_no_python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Version managers leave names on the path that cannot be run, and others' Pythons have versions of their own."""
    for name, text in (("python3.19", "#!/bin/sh\nexit 127\n"), ("python3.20", "#!/no/such/program\n")):
        (tmp_path / name).write_text(text, encoding="utf-8")
        (tmp_path / name).chmod(0o755)
    (tmp_path / "python3.21").write_text("#!/bin/sh\necho cpython False 3 21\n", encoding="utf-8")
    (tmp_path / "python3.21").chmod(0o755)
    (tmp_path / "python3.22").write_text("#!/bin/sh\necho pypy False 3 22\n", encoding="utf-8")
    (tmp_path / "python3.22").chmod(0o755)
    kept = tmp_path / "pyenv" / "versions" / "3.23.1" / "bin"
    kept.mkdir(parents=True)
    (kept / "python").write_text("#!/bin/sh\necho cpython False 3 23\n", encoding="utf-8")
    (kept / "python").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "pyenv"))
    this = f"{sys.version_info.major}.{sys.version_info.minor}"
    assert {this: sys.executable, "3.21": str(tmp_path / "python3.21"), "3.23": str(kept / "python")} == found_pythons()
