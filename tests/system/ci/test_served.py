"""What stands in for the installed command and for gh in most pipelines' tests answers as these do."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.system.support.processes import program

if TYPE_CHECKING:
    from pathlib import Path

    from tests.system.ci.site import Site

RUNS = {
    "ends well": ("validate",),
    "writes to both streams": ("plan", "--depth", "offline"),
    "refuses its words": ("no-such-verb",),
    "obeys a variable": ("accounts", "list"),
}


def ended(command: Path, folder: Path, *words: str) -> tuple[int, str, str]:
    """Run a command that finds a variable of its own; return its exit code and what it wrote to each stream."""
    finished = subprocess.run(
        [command, *words],
        cwd=folder,
        env={**os.environ, "LANG": "C.UTF-8", "RECONCILER_STATE": "sqlite:///ü/state.db"},
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=120,
    )
    return finished.returncode, finished.stdout, finished.stderr


def test_the_served_command_is_the_installed_one(github: Site, installed: Path, served: Path) -> None:
    """Exit codes and both streams are the same, in the same folder with the same variables."""
    found = [
        [ended(command / "bin" / "reconciler", github.work, *words) for words in RUNS.values()]
        for command in (installed, served)
    ]
    assert found[0] == found[1]
    assert {0, 1} == {code for code, _, _ in found[0]}
    assert "/ü/state.db" in "".join(found[0][-1][-1].split())


@pytest.mark.parametrize("host", ["github.com", "elsewhere.example.com"])
def test_git_gets_of_it_what_gh_gives(served: Path, tmp_path: Path, host: str) -> None:
    """The token for the one host, and nothing for another."""
    variables = {"GH_HOST": "github.com", "GH_TOKEN": "a token", "HOME": str(tmp_path)}
    found = []
    for gh in (program("gh"), served / "programs" / "gh"):
        finished = subprocess.run(
            [gh, "auth", "git-credential", "get"],
            env={"PATH": os.environ["PATH"], **variables},
            input=f"protocol=https\nhost={host}\n\n",
            capture_output=True,
            encoding="utf-8",
            check=False,
            timeout=60,
        )
        lines = finished.stdout.splitlines()
        found.append(
            (finished.returncode, sorted(each for each in lines if each.startswith(("username=", "password="))))
        )
    assert found[0] == found[1]
