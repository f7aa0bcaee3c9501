"""Measure and print: plans against parsing alone, start-up against bare Python, verification, the site of a report.

python -m benchmarks [--json] [--only plans|report|verification] [--accounts N]... [--runs N]
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.generate_accounts import write_project
from benchmarks.measure import Measured, Timing, measure_in_turns, run_well
from benchmarks.report import ACCOUNTS, WrittenReport, measure_report, report_table
from benchmarks.verification import Throughput, measure_verification, throughput_table

if TYPE_CHECKING:
    from collections.abc import Sequence

_COUNTS = (1_000, 10_000)
_PARSE_ALONE = """\
import pathlib, yaml
for path in sorted(pathlib.Path("accounts.d").rglob("*.yaml")):
    for document in yaml.load_all(path.read_bytes(), Loader=yaml.CSafeLoader):
        pass
"""
_VARIABLES = {"SMTP_GENERATED_PASSWORD": "not a secret", "PYTHONHASHSEED": "0"}


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """One measured thing beside the floor that it is held against."""

    subject: str
    timing: Timing
    floor: str
    floor_timing: Timing

    @property
    def ratio(self) -> float:
        """How many times the floor's wall clock."""
        return self.timing.wall_seconds / self.floor_timing.wall_seconds


def main() -> int:
    """Measure, print, and return the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description="How long plans, start-up, verification and reports take."
    )
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument(
        "--accounts", type=int, action="append", help="how many accounts (default: 1000 and 10000; of a report 10000)"
    )
    parser.add_argument("--runs", type=int, default=5, help="runs of each; medians are shown (default: 5)")
    parser.add_argument("--only", choices=("plans", "report", "verification"), help="measure one of them")
    arguments = parser.parse_args()
    comparisons: list[Comparison] = []
    if arguments.only in {None, "plans"}:
        comparisons += _start_up(max(arguments.runs, 10))
        for count in arguments.accounts or _COUNTS:
            comparisons += _plans(count, arguments.runs)
    throughputs = measure_verification() if arguments.only in {None, "verification"} else []
    reports = _reports(arguments.accounts, arguments.runs) if arguments.only in {None, "report"} else []
    if arguments.json:
        print(_as_json(comparisons, throughputs, reports))
    else:
        tables = [_as_table(comparisons)] if comparisons else []
        tables += [throughput_table(throughputs)] if throughputs else []
        print("\n\n".join([*tables, *map(report_table, reports)]))
    return 0


def _reports(counts: Sequence[int] | None, runs: int) -> list[WrittenReport]:
    return [measure_report(count, runs) for count in counts or (ACCOUNTS,)]


def _start_up(runs: int) -> list[Comparison]:
    here, python = Path.cwd(), sys.executable
    floors = {"python -c pass": "pass", "python -c 'import click'": "import click"}
    subject = "reconciler --help"
    commands = [
        Measured(name=name, command=[python, "-c", code], folder=here, environment={}) for name, code in floors.items()
    ]
    commands.append(Measured(name=subject, command=[python, "-m", "reconciler", "--help"], folder=here, environment={}))
    timings = measure_in_turns(commands, runs)
    return [
        Comparison(subject=subject, timing=timings[subject], floor=floor, floor_timing=timings[floor])
        for floor in floors
    ]


def _plans(count: int, runs: int) -> list[Comparison]:
    with tempfile.TemporaryDirectory(prefix="reconciler-bench-") as scratch:
        fresh, applied = Path(scratch) / "fresh", Path(scratch) / "applied"
        for folder in (fresh, applied):
            write_project(folder, count)
            _run(folder, "state", "init")
        _run(applied, "apply", "--auto-approve", "--depth", "offline")
        plan = [sys.executable, "-m", "reconciler", "plan", "--depth", "offline"]
        floor = f"parsing {count:,} accounts with CSafeLoader"
        parse_alone = [sys.executable, "-c", _PARSE_ALONE]
        cold, unchanged = f"plan that creates {count:,} accounts", f"plan of {count:,} accounts without a change"
        timings = measure_in_turns(
            [
                Measured(name=floor, command=parse_alone, folder=fresh, environment=_VARIABLES),
                Measured(name=cold, command=plan, folder=fresh, environment=_VARIABLES),
                Measured(name=unchanged, command=plan, folder=applied, environment=_VARIABLES),
            ],
            runs,
        )
    return [
        Comparison(subject=name, timing=timings[name], floor=floor, floor_timing=timings[floor])
        for name in (cold, unchanged)
    ]


def _run(folder: Path, *arguments: str) -> None:
    run_well([sys.executable, "-m", "reconciler", *arguments], folder=folder, environment=_VARIABLES)


def _as_table(comparisons: Sequence[Comparison]) -> str:
    rows = [("", "wall", "CPU", "against", "wall", "ratio")]
    rows += [
        (
            comparison.subject,
            f"{comparison.timing.wall_seconds:.3f} s",
            f"{comparison.timing.cpu_seconds:.3f} s",
            comparison.floor,
            f"{comparison.floor_timing.wall_seconds:.3f} s",
            f"{comparison.ratio:.2f}",
        )
        for comparison in comparisons
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return (
        "\n".join(_aligned(row, widths) for row in rows)
        + f"\n\nMedians; {platform.python_version()}, {os.cpu_count()} cores."
    )


def _aligned(row: Sequence[str], widths: Sequence[int]) -> str:
    texts = {0, 3}
    cells = (
        cell.ljust(width) if column in texts else cell.rjust(width)
        for column, (cell, width) in enumerate(zip(row, widths, strict=True))
    )
    return "  ".join(cells).rstrip()


def _as_json(
    comparisons: Sequence[Comparison], throughputs: Sequence[Throughput], reports: Sequence[WrittenReport]
) -> str:
    document = {
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "comparisons": [asdict(comparison) | {"ratio": comparison.ratio} for comparison in comparisons],
        "verification": [asdict(each) | {"shareOfBound": each.share_of_bound} for each in throughputs],
        "reports": [asdict(each) for each in reports],
    }
    return json.dumps(document, indent=2)


if __name__ == "__main__":
    sys.exit(main())
