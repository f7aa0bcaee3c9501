"""4,000 accounts planned in ten parts by ten processes at once: the plan of one process, and refused where a part is wrong.

``SCALE_ACCOUNTS=100000`` plans as many instead, by two processes at once: each takes some 70 seconds of a processor.
"""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from benchmarks.parts import Ran, merge, plan_parts, plan_whole, write_fleet
from tests.cli.project import alter_plan, environment

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

USUAL = 4_000
ACCOUNTS = int(os.environ.get("SCALE_ACCOUNTS", str(USUAL)))
HOSTS = ACCOUNTS // 20
PARTS = 10
AT_ONCE = PARTS if ACCOUNTS <= USUAL else 2


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a project of that many new accounts."""
    folder = tmp_path_factory.mktemp("parts") / "mail"
    write_fleet(folder, ACCOUNTS, HOSTS)
    return folder


@pytest.fixture(scope="module")
def parts(fleet: Path) -> list[Ran]:
    """Make all parts, each by a process of its own."""
    return list(plan_parts(fleet, PARTS, at_once=AT_ONCE))


@pytest.mark.skipif(AT_ONCE < PARTS, reason="so many accounts are planned by two processes at once, for want of memory")
def test_the_processes_run_at_once(parts: list[Ran]) -> None:
    """All have begun before the first has ended."""
    assert PARTS == len(parts)
    assert max(part.began for part in parts) < min(part.ended for part in parts)


def test_merged_they_are_the_plan_of_one_process(fleet: Path, parts: list[Ran]) -> None:
    """Every part comes to the same changes, and so does what is merged."""
    whole = plan_whole(fleet)
    merged = merge(fleet, PARTS)
    assert {whole.changes_digest} == {merged.changes_digest, *(part.changes_digest for part in parts)}


def missing(_fleet: Path, files: list[str]) -> None:
    """Leave a part out."""
    files.pop(6)


def doubled(fleet: Path, files: list[str]) -> None:
    """Give a part twice, in the place of another."""
    files[6] = "copy.plan"
    (fleet / files[6]).write_bytes((fleet / "part-3.plan").read_bytes())


def twice(fleet: Path, files: list[str]) -> None:
    """Give a part twice, beside all others."""
    files.append("copy.plan")
    (fleet / files[-1]).write_bytes((fleet / "part-3.plan").read_bytes())


def tampered(fleet: Path, files: list[str]) -> None:
    """Have an account of a part need no evidence, with digests that fit."""
    files[6] = "tampered.plan"
    (fleet / files[6]).write_bytes((fleet / "part-7.plan").read_bytes())

    def take_as_verified(document: dict[str, Any]) -> None:
        account = next(iter(document["inputs"]["accounts"].values()))
        account["needsEvidence"] = False

    alter_plan(fleet / files[6], take_as_verified, fits_digest=True)


def cut_off(fleet: Path, files: list[str]) -> None:
    """Hand a part over by half, as a broken transfer does."""
    files[6] = "cut.plan"
    octets = (fleet / "part-7.plan").read_bytes()
    (fleet / files[6]).write_bytes(octets[: len(octets) // 2])


@pytest.mark.parametrize(
    ("spoil", "code", "said"),
    [
        (missing, 4, "Part 7 of 10 is missing"),
        (doubled, 4, "Part 3 is there more than once"),
        (twice, 4, "Part 3 is there more than once"),
        (tampered, 4, "tampered.plan has no valid seal"),
        (cut_off, 1, "cut.plan"),
    ],
)
def test_wrong_parts_are_refused(
    fleet: Path, parts: list[Ran], spoil: Callable[[Path, list[str]], None], code: int, said: str
) -> None:
    """Nothing is merged, and what is wrong is told with the part's number or file."""
    files = [f"{part.name}.plan" for part in parts]
    spoil(fleet, files)
    refused = subprocess.run(
        [sys.executable, "-m", "reconciler", "plan", "merge", *files, "--out", "wrong.plan"],
        cwd=fleet,
        env=environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        encoding="utf-8",
    )
    assert (code, True) == (refused.returncode, said in " ".join(refused.stderr.split())), refused
    assert not (fleet / "wrong.plan").exists()
