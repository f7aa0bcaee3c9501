"""What a plan takes for each account more: allocations of fixed inputs, which no machine's speed changes."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from benchmarks.generate_accounts import VARIABLES, write_project
from reconciler.cli.edge import run
from reconciler.store import create_state, open_store
from tests.cli.project import environment
from tests.store.values import AT, LINEAGE, PROJECT, account, change, revision

if TYPE_CHECKING:
    from pathlib import Path

FEW, MANY = 100, 500
KIBIBYTE = 1024
OFFLINE = ("plan", "--depth", "offline")
_TRACED = """
import sys, tracemalloc
from reconciler.cli.edge import run
tracemalloc.start()
code = run(sys.argv[1:])
print("", tracemalloc.get_traced_memory()[1], sep="\\n", end="", file=sys.stderr)
sys.exit(code)
"""
_CHECKED = """
import sys, tracemalloc
from pathlib import Path
from reconciler.store import open_store
url, base, project = sys.argv[1:]
tracemalloc.start()
with open_store(url, base=Path(base), project=project) as store:
    assert store.check_journal().problems == ()
print(tracemalloc.get_traced_memory()[1])
"""


@pytest.fixture
def projects(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[int, Path]:
    """Return two projects of one-document files, by their number of accounts; what is read once has been read."""
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)
    folders = {count: tmp_path / str(count) for count in (FEW, MANY)}
    for count, folder in folders.items():
        write_project(folder, count, accounts_per_file=1)
        assert run(["--project-dir", str(folder), "state", "init"]) == 0
    assert run(["--project-dir", str(folders[FEW]), *OFFLINE]) == 0
    return folders


def peak(folder: Path, *words: str) -> int:
    """Return the most octets that a command holds at once, in a process of its own: another test may have filled caches."""
    command = [sys.executable, "-c", _TRACED, "--project-dir", str(folder), *words]
    done = subprocess.run(
        command, env={**environment(), **VARIABLES, "PYTHONHASHSEED": "0"}, capture_output=True, text=True, check=True
    )
    return int(done.stderr.rpartition("\n")[2])


def each(projects: dict[int, Path], *words: str) -> float:
    """Return how many KiB a command takes for each account more."""
    peaks = {count: peak(folder, *words) for count, folder in projects.items()}
    return (peaks[MANY] - peaks[FEW]) / (MANY - FEW) / KIBIBYTE


def test_a_plan_that_creates_everything_takes_so_much_for_each_account(projects: dict[int, Path]) -> None:
    """All that is known of an account while it is planned, and where the plan is saved.

    Measured are 8.2 and 8.6 KiB with Python 3.11; 8.8 and 9.0 with 3.13, where a model's fields take more.
    """
    assert each(projects, *OFFLINE) < 9.2
    assert each(projects, *OFFLINE, "--out", str(projects[MANY] / "saved.plan")) < 9.5


def test_an_apply_takes_so_much_for_each_account(projects: dict[int, Path], tmp_path: Path) -> None:
    """What the plan's file says of it, what is recorded of it, and the journal's text; measured are 23.6 KiB."""
    peaks = {}
    for count, folder in projects.items():
        saved = str(tmp_path / f"{count}.plan")
        assert run(["--project-dir", str(folder), *OFFLINE, "--out", saved]) == 0
        if count == FEW:  # what is made once is made, and nothing applied yet
            assert run(["--project-dir", str(folder), "show", saved]) == 0
        peaks[count] = peak(folder, "apply", saved, "--depth", "offline")
    assert (peaks[MANY] - peaks[FEW]) / (MANY - FEW) / KIBIBYTE < 28


def test_a_plan_that_changes_nothing_takes_next_to_nothing(projects: dict[int, Path]) -> None:
    """Where the last plan is this one too, no account is held; measured is none."""
    for folder in projects.values():
        assert run(["--project-dir", str(folder), "apply", "--auto-approve", "--depth", "offline"]) == 0
        assert run(["--project-dir", str(folder), *OFFLINE]) == 0
    assert each(projects, *OFFLINE) < 1


def test_a_search_holds_what_it_finds(projects: dict[int, Path]) -> None:
    """Rows are looked through 500 at a time and let go, where nobody asks since when; measured are 0.9 KiB up to 500."""
    for folder in projects.values():
        assert run(["--project-dir", str(folder), "apply", "--auto-approve", "--depth", "offline"]) == 0
    assert each(projects, "accounts", "list", "--search", "-00001@", "--columns", "name,email,status") < 1.1


def test_a_check_of_the_journal_holds_what_was_told_of_accounts(tmp_path: Path) -> None:
    """Of an account its name and digest are held, and no text that all accounts are in; measured are 0.46 KiB.

    0.74 where names and the list of secrets that were not compared is held for each account.
    """
    peaks = {}
    for count in (1_000, 4_000):
        url = f"sqlite:///{count}.db"
        create_state(url, base=tmp_path, project=PROJECT, lineage=LINEAGE, fingerprint_key_id=None, at=AT)
        names = [f"sales-{number:05}" for number in range(count)]
        fields = [{"path": f"spec.{number}", "before": None, "after": "x" * 20} for number in range(20)]
        changes = [{**change(name), "fields": fields} for name in names]
        with open_store(url, base=tmp_path, project=PROJECT) as store, store.write() as transaction:
            for name in names:
                transaction.put_account(account(name))
            transaction.add_revision(revision(1, *changes))
            told = {"changes": changes, "revision": 1}
            secrets = {name: ["env:SMTP_PASSWORD"] for name in names}
            transaction.append_journal("apply", {"revision": told, "secretsNotCompared": secrets}, at=AT)
        done = subprocess.run(
            [sys.executable, "-c", _CHECKED, url, str(tmp_path), PROJECT], capture_output=True, text=True, check=True
        )
        peaks[count] = int(done.stdout)
    assert (peaks[4_000] - peaks[1_000]) / 3_000 / KIBIBYTE < 0.6


def test_a_saved_plan_takes_so_much_of_the_disk_for_each_account(projects: dict[int, Path], tmp_path: Path) -> None:
    """What accounts have in common is there once; measured are 0.2 KiB."""
    sizes = {}
    for count, folder in projects.items():
        saved = tmp_path / f"{count}.plan"
        assert run(["--project-dir", str(folder), *OFFLINE, "--out", str(saved)]) == 0
        sizes[count] = saved.stat().st_size
    assert (sizes[MANY] - sizes[FEW]) / (MANY - FEW) < KIBIBYTE / 2
