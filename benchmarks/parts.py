"""One plan in one process, and in parts by as many processes: digests, seconds and memory of each.

    python -m benchmarks.parts 100000 --hosts 2000 --parts 10 --at-once 2

The accounts are new and planned offline, so that what is measured is reading, comparing and judging, which each part
does for itself; what a part shares out is the conversations with servers.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.measure import MeasuredCommandFailed, run_well

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_ACCOUNTS_A_FILE = 20
_FILES_A_FOLDER = 50
_PROJECT = """\
apiVersion: reconciler/v1
kind: Project
metadata: {name: parts}
operator: {email: ops@example.com}
verification: {domainChecks: off}
"""


@dataclass(frozen=True, kw_only=True)
class Ran:
    """One process that has ended with 0."""

    name: str
    began: float
    ended: float
    """On the clock of this run, so that processes can be told to have run at once."""
    cpu_seconds: float
    peak_mebibytes: float
    file_mebibytes: float
    changes_digest: str
    """Of the plan that it wrote."""


def write_fleet(folder: Path, accounts: int, hosts: int) -> None:
    """Write a project of so many own accounts at so many hosts, and make its state."""
    folder.mkdir(parents=True)
    (folder / "reconciler.yaml").write_text(_PROJECT, encoding="utf-8")
    for index, first in enumerate(range(0, accounts, _ACCOUNTS_A_FILE)):
        path = folder / "accounts.d" / f"{index // _FILES_A_FOLDER:03}" / f"{index:05}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        numbers = range(first, min(first + _ACCOUNTS_A_FILE, accounts))
        path.write_text("---\n".join(_account(number, number % hosts) for number in numbers), encoding="utf-8")
    run_well(_command("state", "init"), folder=folder, environment={})


def _account(number: int, host: int) -> str:
    return f"""\
apiVersion: reconciler/v1
kind: OwnAccount
metadata:
  name: account-{number:06}
  owner: team-{host}@example.com
  labels: {{host: "{host}"}}
spec:
  email: account-{number:06}@example.com
  displayName: Example Account {number}
  smtp:
    host: smtp-{host:04}.example.com
    port: 587
    encryption: starttls
    authentication:
      username: account-{number:06}@example.com
      password: {{env: SMTP_HOST_{host}}}
"""


def plan_whole(folder: Path) -> Ran:
    """Plan in one process."""
    return _planned(folder, "whole", ())


def plan_parts(folder: Path, count: int, at_once: int) -> Iterator[Ran]:
    """Plan in parts, by so many processes at once."""
    jobs = [(f"part-{index}", ("--shard", f"{index}/{count}")) for index in range(1, count + 1)]
    with ThreadPoolExecutor(at_once) as pool:
        yield from pool.map(lambda job: _planned(folder, *job), jobs)


def merge(folder: Path, count: int) -> Ran:
    """Merge the parts in one process."""
    files = [f"part-{index}.plan" for index in range(1, count + 1)]
    return _ran(folder, "merged", _command("plan", "merge", *files, "--out", "merged.plan"))


def _planned(folder: Path, name: str, words: Sequence[str]) -> Ran:
    return _ran(folder, name, _command("plan", "--depth", "offline", *words, "--out", f"{name}.plan"))


def _command(*words: str) -> list[str]:
    return [sys.executable, "-m", "reconciler", *words]


def _ran(folder: Path, name: str, command: Sequence[str]) -> Ran:
    with tempfile.TemporaryFile() as told:
        began = time.perf_counter()
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=told,
        )
        _, status, used = os.wait4(process.pid, 0)  # its own peak: what RUSAGE_CHILDREN tells is that of the largest
        ended = time.perf_counter()
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            told.seek(0)
            last_words = told.read().decode("utf-8", "replace")[-2000:]
            raise MeasuredCommandFailed(f"{name} ended with {process.returncode}: {last_words}")
    plan = folder / f"{name}.plan"
    return Ran(
        name=name,
        began=began,
        ended=ended,
        cpu_seconds=used.ru_utime + used.ru_stime,
        peak_mebibytes=used.ru_maxrss / 1024,
        file_mebibytes=plan.stat().st_size / 1024 / 1024,
        changes_digest=_changes_digest(plan),
    )


def _changes_digest(plan: Path) -> str:
    """Return the digest that stands in the head of a plan file, its second line."""
    with gzip.open(plan) as lines:
        next(lines)
        digest: str = json.loads(next(lines))["changesDigest"]
    return digest


def main() -> int:
    """Measure as the command line says; print a line of JSON for each process."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.parts")
    parser.add_argument("accounts", type=int)
    parser.add_argument("--hosts", type=int, default=200)
    parser.add_argument("--parts", type=int, default=10)
    parser.add_argument("--at-once", type=int, default=10, help="how many processes run side by side")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "mail"
        write_fleet(folder, arguments.accounts, arguments.hosts)
        for ran in plan_parts(folder, arguments.parts, arguments.at_once):
            _print(ran)
        _print(merge(folder, arguments.parts))
        _print(plan_whole(folder))
    return 0


def _print(ran: Ran) -> None:
    print(json.dumps({**asdict(ran), "seconds": ran.ended - ran.began}), flush=True)


if __name__ == "__main__":
    sys.exit(main())
